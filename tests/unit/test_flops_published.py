"""Published models at full size: parameters as published, and FLOPs as counted on PyTorch's meta device."""

from functools import cache

import pytest

from paretoscope import flops

PROMPT = 1024


def shape(model_type, layers, hidden, intermediate, heads, kv_heads, vocabulary, **more):
    return {
        "model_type": model_type,
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "vocab_size": vocabulary,
        **more,
    }


def qwen3(*sizes, tied):
    return shape("qwen3", *sizes, 151936, head_dim=128, tie_word_embeddings=tied)


LLAMA_8B = shape("llama", 32, 4096, 14336, 32, 8, 128256)
QWEN3_8B = qwen3(36, 4096, 12288, 32, 8, tied=False)
QWEN3_30B_A3B = shape(
    *("qwen3_moe", 48, 2048, 6144, 32, 4, 151936),
    head_dim=128,
    num_experts=128,
    num_experts_per_tok=8,
    moe_intermediate_size=768,
    decoder_sparse_step=1,
    mlp_only_layers=[],
)
DEEPSEEK_V3 = shape(
    *("deepseek_v3", 61, 7168, 18432, 128, 128, 129280),
    first_k_dense_replace=3,
    kv_lora_rank=512,
    moe_intermediate_size=2048,
    n_routed_experts=256,
    n_shared_experts=1,
    num_experts_per_tok=8,
    q_lora_rank=1536,
    qk_nope_head_dim=128,
    qk_rope_head_dim=64,
    v_head_dim=128,
)

PUBLISHED = {
    # model: (total parameters of its checkpoint, config)
    "TinyLlama-1.1B": (1_100_048_384, shape("llama", 22, 2048, 5632, 32, 4, 32000)),
    "Llama-3.1-8B": (8_030_261_248, LLAMA_8B),
    "Mistral-7B-v0.1": (7_241_732_096, shape("mistral", 32, 4096, 14336, 32, 8, 32000, sliding_window=4096)),
    "Qwen2.5-32B": (32_763_876_352, shape("qwen2", 64, 5120, 27648, 40, 8, 152064)),
    "Qwen3-0.6B": (596_049_920, qwen3(28, 1024, 3072, 16, 8, tied=True)),
    "Qwen3-1.7B": (1_720_574_976, qwen3(28, 2048, 6144, 16, 8, tied=True)),
    "Qwen3-8B": (8_190_735_360, QWEN3_8B),
    "Qwen3-32B": (32_762_123_264, qwen3(64, 5120, 25600, 64, 8, tied=False)),
    "Qwen3-30B-A3B": (30_532_122_624, QWEN3_30B_A3B),
    "gemma-2-27b": (
        27_227_128_320,
        shape("gemma2", 46, 4608, 36864, 32, 16, 256000, head_dim=128, sliding_window=4096),
    ),
    "DeepSeek-V3 without multi-token prediction": (671_026_419_200, DEEPSEEK_V3),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_parameters_equal_the_published_count(model):
    published, config = PUBLISHED[model]
    assert flops.describe(config).parameters.total == published


@cache
def on_meta(model):
    """Parameters, prefill and decode FLOPs of transformers' model at full size, without its weights.

    Eager attention and ``batched_mm`` experts, which FlopCounterMode sees; dtype bfloat16 as in the releases.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(**PUBLISHED[model][1])
    sparse = {"experts_implementation": "batched_mm"} if "num_experts_per_tok" in PUBLISHED[model][1] else {}
    with torch.device("meta"):
        built = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.bfloat16, **sparse)
        prompt = torch.zeros((1, PROMPT), dtype=torch.long)
    with torch.no_grad():
        with FlopCounterMode(display=False) as prefill:
            output = built.eval()(input_ids=prompt, use_cache=True, logits_to_keep=1)
        with FlopCounterMode(display=False) as decode:
            built(input_ids=prompt[:, :1], past_key_values=output.past_key_values, use_cache=True)
    # The bias that corrects expert selection is a buffer there and a weight of the checkpoint (and of our count).
    biases = [buffer for key, buffer in built.named_buffers() if key.endswith("e_score_correction_bias")]
    parameters = sum(tensor.numel() for tensor in (*built.parameters(), *biases))
    return parameters, prefill.get_total_flops(), decode.get_total_flops()


@pytest.mark.parametrize("model", PUBLISHED)
def test_parameters_equal_transformers(model):
    assert on_meta(model)[0] == PUBLISHED[model][0]


def per_attended_key(config):
    """FLOPs for each attended key over all layers, keys and values expanded per head."""
    heads = config["num_attention_heads"]
    size = config.get("head_dim", config["hidden_size"] // heads)
    both = 2 * size
    if "kv_lora_rank" in config:
        both = config["qk_nope_head_dim"] + config["qk_rope_head_dim"] + config["v_head_dim"]
    return config["num_hidden_layers"] * 2 * heads * both


@pytest.mark.parametrize("model", PUBLISHED)
def test_prefill_equals_transformers_without_the_masked_scores(model):
    """FlopCounterMode counts full T x T; no window of these models is below the prompt of 1,024."""
    config = PUBLISHED[model][1]
    masked = per_attended_key(config) * (PROMPT * (PROMPT - 1) // 2)
    prefill, _ = flops.completion_flops(flops.describe(config), PROMPT, 1)
    assert prefill == on_meta(model)[1] - masked


@pytest.mark.parametrize("model", [model for model in PUBLISHED if not model.startswith("DeepSeek")])
def test_decode_equals_transformers(model):
    """DeepSeek's cached decode there isn't the absorbed form: the oracle test of tiny models settles that."""
    _, decode = flops.completion_flops(flops.describe(PUBLISHED[model][1]), PROMPT, 2)
    assert decode == on_meta(model)[2]


@pytest.mark.parametrize(
    "config, active",
    [(QWEN3_30B_A3B, 3.3e9), (DEEPSEEK_V3, 37e9)],
    ids=["Qwen3-30B-A3B", "DeepSeek-V3"],
)
def test_active_parameters_agree_with_the_figure_given(config, active):
    """The model cards round: 3.3B (arXiv 2505.09388, table 2) and 37B (arXiv 2412.19437, abstract)."""
    assert flops.describe(config).parameters.active == pytest.approx(active, rel=0.02)


REFERENCE = {
    # model: (prefill of 1,024 tokens as counted, masked scores included; decode at 1,024), to six digits
    "Qwen3-8B": ("1.48447e+13", "1.57408e+10"),
    "Qwen3-30B-A3B": ("6.4173e+12", "6.88941e+09"),
    "Llama-3.1-8B": ("1.48445e+13", "1.55467e+10"),
}


@pytest.mark.parametrize("model", REFERENCE)
def test_flops_agree_with_figures_on_record(model):
    config = PUBLISHED[model][1]
    prefill, decode = flops.completion_flops(flops.describe(config), PROMPT, 2)
    masked = per_attended_key(config) * (PROMPT * (PROMPT - 1) // 2)
    assert (f"{prefill + masked:.6g}", f"{decode:.6g}") == REFERENCE[model]
