"""Memory: cache of a sequence, and weights by dtype and quantisation scheme, against arithmetic done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import flops
from paretoscope.errors import InputError
from paretoscope.flops import blocks

LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "attention_bias": True,
}
GEMMA = {**LLAMA, "model_type": "gemma2", "head_dim": 16, "sliding_window": 5, "attention_bias": False}
DEEPSEEK = {
    **LLAMA,
    "model_type": "deepseek_v3",
    "attention_bias": False,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 20,
    "moe_intermediate_size": 32,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "q_lora_rank": 12,
    "qk_nope_head_dim": 10,
    "qk_rope_head_dim": 6,
    "v_head_dim": 14,
}

# ---- cache ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config, elements",
    [(LLAMA, 3 * 2 * 2 * 16), (GEMMA, 3 * 2 * 2 * 16), (DEEPSEEK, 3 * (20 + 6))],
    ids=lambda value: value["model_type"] if isinstance(value, dict) else "",
)
def test_cache_grows_by_keys_and_values_or_the_latent(config, elements):
    architecture = flops.describe(config)
    assert flops.kv_bytes_per_token(architecture) == 2 * elements
    assert flops.kv_bytes_per_token(architecture, dtype_bytes=1) == elements
    assert flops.cache_bytes(architecture, 4) == 4 * 2 * elements


def test_known_caches():
    """Llama-3.1-8B caches 128 KiB per token (32 layers, 8 heads of 128); DeepSeek-V3 61 x 576 x 2 bytes = 70,272."""
    llama = {**LLAMA, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8, "num_hidden_layers": 32}
    assert flops.kv_bytes_per_token(flops.describe(llama)) == 128 * 1024
    deepseek = {**DEEPSEEK, "num_hidden_layers": 61, "kv_lora_rank": 512, "qk_rope_head_dim": 64}
    assert flops.kv_bytes_per_token(flops.describe(deepseek)) == 70_272


@given(tokens=st.integers(0, 40))
def test_windows_bound_the_cache(tokens):
    """Layers 0 and 2 of 3 slide over 5 tokens."""
    per_layer = 2 * 2 * 2 * 16
    expected = per_layer * (tokens + 2 * min(tokens, 5))
    assert flops.cache_bytes(flops.describe(GEMMA), tokens) == expected


def test_a_recurrent_state_does_not_grow():
    state = blocks.Block("recurrence", 0, 0, blocks.Work(), blocks.Work(), cache=blocks.Cache(state_bytes=1000))
    architecture = blocks.decoder("nameless", [(state,)] * 3, hidden=8, vocabulary=10, tied=True)
    assert [flops.cache_bytes(architecture, tokens) for tokens in (0, 1, 99)] == [3000] * 3
    assert flops.kv_bytes_per_token(architecture) == 0


def test_a_negative_length_is_refused():
    with pytest.raises(InputError, match="tokens must be at least 0, not -1"):
        flops.cache_bytes(flops.describe(LLAMA), -1)


# ---- weights --------------------------------------------------------------------------------------------------------


def weight_bytes(config, **more):
    return flops.weight_bytes(flops.describe(config), {**config, **more})


ATTENTION, FFN = 2 * 64 * 64 + 2 * 64 * 32, 3 * 64 * 128  # weights of a layer of LLAMA
REST = 2 * 100 * 64 + 7 * 64 + 3 * (64 + 2 * 32 + 64)  # embedding and head, norms, biases


@pytest.mark.parametrize(
    "keys, size",
    [
        ({"dtype": "bfloat16"}, 2),
        ({"torch_dtype": "float32"}, 4),
        ({"dtype": "float16", "torch_dtype": "float16"}, 2),
        ({}, 2),
        ({"dtype": None}, 2),
    ],
)
def test_bytes_follow_the_dtype(keys, size):
    assert weight_bytes(LLAMA, **keys) == size * (3 * (ATTENTION + FFN) + REST)


def test_the_dtype_may_stand_in_the_language_models_part():
    wrapped = {"model_type": "any", "text_config": {**LLAMA, "dtype": "float32"}, "tie_word_embeddings": False}
    assert weight_bytes(wrapped) == weight_bytes(LLAMA, dtype="float32")


FP8 = {"quant_method": "fp8", "weight_block_size": [128, 128]}
INT4 = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": 32}
FLOAT4 = {"num_bits": 4, "type": "float", "symmetric": True, "strategy": "group", "group_size": 32}
FLOAT8 = {"num_bits": 8, "type": "float", "symmetric": True, "strategy": "channel", "group_size": None}


NVFP4 = {"num_bits": 4, "type": "float", "symmetric": True, "strategy": "tensor_group", "group_size": 16}


def grouped(**targets):
    """Compressed tensors in groups: bits of the weights by what the group's targets name."""
    weights = {"type": "float", "symmetric": True, "strategy": "channel"}
    groups = {t: {"targets": [t], "weights": {**weights, "num_bits": bits}} for t, bits in targets.items()}
    return {"quant_method": "compressed-tensors", "format": "mixed-precision", "config_groups": groups}


def packed(weights, ignore=()):
    groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
    return {"quant_method": "compressed-tensors", "config_groups": groups, "ignore": ["lm_head", *ignore]}


@pytest.mark.parametrize(
    "scheme, attention_bits, ffn_bits",
    [
        (FP8, 8 + 32 / 128**2, 8 + 32 / 128**2),
        ({"quant_method": "fp8"}, 8, 8),
        (
            {**FP8, "modules_to_not_convert": ["model.multi_modal_projector", "model.vision_tower"]},
            *[8 + 32 / 128**2] * 2,
        ),
        ({**FP8, "modules_to_not_convert": ["lm_head", "gate"]}, 8 + 32 / 128**2, 8 + 32 / 128**2),
        ({**FP8, "modules_to_not_convert": ["model.layers.*.self_attn"]}, 16, 8 + 32 / 128**2),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 4 + 20 / 128, 4 + 20 / 128),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, 8, 8),
        (packed(INT4), 4.5, 4.5),
        (packed({**INT4, "symmetric": False}), 4 + 20 / 32, 4 + 20 / 32),
        (packed(INT4, ["re:.*self_attn.*"]), 16, 4.5),
        (packed(INT4, [r"re:.*mlp\.(gate|up|gate_up|down)_proj.*"]), 4.5, 16),
        (packed(INT4, ["model.layers.0.mlp.gate", "model.layers.0.self_attn.q_norm", "re:.*mm_projector.*"]), 4.5, 4.5),
        (packed(FLOAT4), 4.25, 4.25),
        (packed(FLOAT8), 8, 8),
        (packed(NVFP4), 4.5, 4.5),
        (grouped(Linear=8), 8, 8),
        (grouped(Linear=4, self_attn=8), 8, 4),
        (grouped(self_attn=8, Linear=4), 8, 4),
        (grouped(mlp=4, self_attn=8), 8, 4),
        (grouped(mlp=4), 16, 4),
        ({**grouped(mlp=4, self_attn=8), "ignore": ["re:.*self_attn.*"]}, 16, 4),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["lm_head"]}, 4.5, 4.5),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "exclude_modules": ["*self_attn*"]}, 16, 8),
    ],
)
def test_bytes_follow_the_scheme(scheme, attention_bits, ffn_bits):
    bits = 3 * (ATTENTION * attention_bits + FFN * ffn_bits) + 16 * REST
    assert weight_bytes(LLAMA, quantization_config=scheme) == -(-bits // 8)


def test_mxfp4_is_for_experts_alone():
    experts = 2 * 8 * 3 * 64 * 32
    saved = weight_bytes(DEEPSEEK) - weight_bytes(DEEPSEEK, quantization_config={"quant_method": "mxfp4"})
    assert saved == experts * (16 - 4.25) / 8


def test_experts_may_have_a_precision_of_their_own():
    experts = 2 * 8 * 3 * 64 * 32
    saved = weight_bytes(DEEPSEEK, quantization_config=FP8) - weight_bytes(
        DEEPSEEK, quantization_config=FP8, expert_dtype="fp4"
    )
    assert saved == pytest.approx(experts * (8 + 32 / 128**2 - 4.25) / 8, abs=1)
    with pytest.raises(InputError, match="'expert_dtype' is 'fp3'"):
        weight_bytes(DEEPSEEK, expert_dtype="fp3")


@pytest.mark.parametrize(
    "ignored, experts, shared", [(["re:.*shared_experts.*"], 4.5, 16), (["re:.*mlp.experts.*"], 16, 4.5)]
)
def test_exceptions_tell_experts_from_shared_ones(ignored, experts, shared):
    saved = weight_bytes(DEEPSEEK, quantization_config=packed(INT4)) - weight_bytes(
        DEEPSEEK, quantization_config=packed(INT4, ignored)
    )
    one = 2 * 3 * 64 * 32
    assert saved == -(8 * one * (experts - 4.5) + one * (shared - 4.5)) / 8


@pytest.mark.parametrize(
    "keys, message",
    [
        ({"dtype": "int3"}, "'dtype' is 'int3'; known: float64"),
        ({"dtype": ["bfloat16"]}, "'dtype' is"),
        ({"dtype": "float16", "torch_dtype": "bfloat16"}, "'dtype' and 'torch_dtype' contradict"),
        ({"quantization_config": []}, "'quantization_config' must be an object"),
        ({"quantization_config": {"quant_method": "quip"}}, "'quant_method' is 'quip'; known: mxfp4"),
        ({"quantization_config": {"quant_method": ["fp8"]}}, "'quant_method' is"),
        ({"quantization_config": {}}, "'quant_method' is None"),
        ({"quantization_config": {**FP8, "weight_block_size": [128]}}, "'weight_block_size' must be two integers"),
        ({"quantization_config": {**FP8, "weight_block_size": [128, 0]}}, "'weight_block_size' must be a positive"),
        ({"quantization_config": {"quant_method": "awq", "group_size": 128}}, "'bits' must be a positive integer"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "'group_size' must be a positive integer"),
        ({"quantization_config": {**packed(INT4), "config_groups": {}}}, "'config_groups' must be an object of groups"),
        ({"quantization_config": {**packed(INT4), "config_groups": {"a": []}}}, "'config_groups' must have 'weights'"),
        ({"quantization_config": grouped(self_attn=8, attn=4)}, "'targets' name 'attn' in groups that differ"),
        ({"quantization_config": {**grouped(a=8), "config_groups": {"a": {"weights": {}}}}}, "'num_bits' must be"),
        ({"quantization_config": grouped(Linea=8)}, "'targets' names 'Linea'"),
        ({"quantization_config": {"quant_method": "modelopt"}}, "'quant_algo' is None; known: FP8, NVFP4"),
        ({"quantization_config": packed(INT4, ["re:.*q_a_proj$"])}, "'ignore' names 're:"),
        ({"quantization_config": packed(INT4, ["re:.*self_attn.o_proj"])}, "'ignore' names 're:"),
        ({"quantization_config": packed(INT4, ["re:.*mixer.in_proj"])}, "'ignore' names 're:"),
        ({"quantization_config": {**FP8, "modules_to_not_convert": "lm_head"}}, "must be a list of module names"),
        ({"quantization_config": {**FP8, "modules_to_not_convert": ["model.layers.0.self_attn"]}}, "of all layers"),
        ({"quantization_config": packed(INT4, ["model.layers.0.mlp.gate_proj"])}, "'ignore' names 'model.layers.0.mlp"),
        ({"quantization_config": packed(INT4, ["re:(a+)+$"])}, "'ignore' names 're:"),
    ],
)
def test_unclear_schemes_are_refused(keys, message):
    with pytest.raises(InputError, match=message):
        weight_bytes(LLAMA, **keys)


HYBRID = {
    **{
        **LLAMA,
        "model_type": "qwen3_5_text",
        "attention_bias": False,
        "head_dim": 16,
        "full_attention_interval": 3,
        "linear_conv_kernel_dim": 3,
    },
    **{"linear_num_key_heads": 2, "linear_key_head_dim": 10, "linear_num_value_heads": 6, "linear_value_head_dim": 14},
}


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("re:.*linear_attn.*", "recurrent projections"),
        ("model.layers.*.linear_attn", "recurrent projections"),
        ("re:.*mamba.*", "recurrent projections"),
        ("re:.*self_attn.*", "attention projections"),
        ("model.layers.0.linear_attn.conv1d", None),
    ],
)
def test_exceptions_tell_recurrent_layers_from_attention(name, component):
    rows = flops.breakdown(flops.describe(HYBRID), 1, 1)
    saved = weight_bytes(HYBRID, quantization_config=packed(FLOAT8, [name])) - weight_bytes(
        HYBRID, quantization_config=packed(FLOAT8)
    )
    assert saved == (rows[component]["parameters"] if component else 0)
