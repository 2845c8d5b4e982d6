"""FLOPs of tiny models against PyTorch's FlopCounterMode over transformers' own classes, to the last digit.

The counter differs from our conventions in documented ways, each put right here from the numbers in the table below,
not from the code under test: it counts masked scores too (full T x T in prefill, windows ignored), transformers' cached
MLA expands all cached latents anew in each decode step instead of absorbing the up-projection, its sparse attention
expands them in prefill too and scores all tokens, also those that the indexer didn't select, and its Llama 4 computes
all experts.
Attention must be eager and experts ``batched_mm``, or the counter sees neither; recurrent layers are run one token at a
time (``recurrences.py``), as they are counted.
"""

import json
from functools import cache

import pytest

from paretoscope import flops, plugins
from paretoscope.flops import blocks

from .recurrences import token_by_token

PROMPT = 24
LATENT = {"kv_lora_rank": 20, "qk_nope_head_dim": 10, "qk_rope_head_dim": 6, "v_head_dim": 14}
SHAPE = {
    "vocab_size": 96,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}
SLIDING = {"use_sliding_window": True, "sliding_window": 7}
DEEPSEEK = {
    **{key: value for key, value in SHAPE.items() if key != "num_key_value_heads"},
    **EXPERTS,
    **LATENT,
    "num_key_value_heads": 6,
    "n_routed_experts": 8,
    "n_group": 2,
    "topk_group": 1,
    "n_shared_experts": 2,
    "first_k_dense_replace": 1,
    "q_lora_rank": 12,
}
INDEX = {"index_n_heads": 4, "index_head_dim": 8, "index_topk": 9}
GLM = {**EXPERTS, "n_routed_experts": 8, "n_shared_experts": 1, "first_k_dense_replace": 1}
SHARED = {"shared_expert_intermediate_size": 40}
GEMMA4 = {
    **{**SHAPE, "head_dim": 12, "global_head_dim": 16, "sliding_window": 7, "num_hidden_layers": 8},
    "hidden_size_per_layer_input": 0,
}
DELTA_NET = {
    **{**SHAPE, "head_dim": 12, "linear_num_key_heads": 2, "linear_key_head_dim": 10},
    "linear_num_value_heads": 6,
    "linear_value_head_dim": 14,
    "linear_conv_kernel_dim": 3,
    "layer_types": ["linear_attention", "linear_attention", "full_attention"],
}
QWEN_EXPERTS = {**EXPERTS, **SHARED, "num_experts": 8}
MAMBA = {
    **{**SHAPE, "mamba_n_heads": 6, "mamba_d_head": 16, "mamba_n_groups": 2, "mamba_d_state": 10, "mamba_d_conv": 3},
    "mamba_chunk_size": 16,
}
GRANITE = {**MAMBA, "layer_types": ["mamba", "attention", "mamba"], "shared_intermediate_size": 40}
NEMOTRON = {
    **{key: value for key, value in SHAPE.items() if key != "num_hidden_layers"},
    **{"head_dim": 12, "mamba_num_heads": 6, "mamba_head_dim": 14, "n_groups": 3, "ssm_state_size": 10},
    "conv_kernel": 3,
    "chunk_size": 16,
}
NEMOTRON_EXPERTS = {**EXPERTS, "n_routed_experts": 8, "moe_shared_expert_intermediate_size": 40}
# Asked for the last logits alone, transformers leaves out these layers for all other tokens; SGLang doesn't, nor do we.
SHARING = "num_kv_shared_layers"
ATTENDED = {7: 4 * 6 * 12, None: 4 * 6 * 16}  # Gemma 4's heads are larger where attention is full

CASES = {
    # id: (model_type, config, FLOPs per attended key and layer in prefill (by window where it differs), window of each
    # layer)
    "llama": ("llama", SHAPE, 4 * 6 * 8, [None] * 3),
    "llama, head_dim, biases, tied": (
        "llama",
        {**SHAPE, "head_dim": 12, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
        4 * 6 * 12,
        [None] * 3,
    ),
    "mistral": ("mistral", {**SHAPE, "sliding_window": 7}, 4 * 6 * 8, [7] * 3),
    "mistral, no window": ("mistral", {**SHAPE, "sliding_window": None}, 4 * 6 * 8, [None] * 3),
    "qwen2": ("qwen2", SHAPE, 4 * 6 * 8, [None] * 3),
    "qwen2, window": ("qwen2", {**SHAPE, **SLIDING, "max_window_layers": 1}, 4 * 6 * 8, [None, 7, 7]),
    "qwen3": ("qwen3", {**SHAPE, "head_dim": 12}, 4 * 6 * 12, [None] * 3),
    "qwen3, window, biases, tied": (
        "qwen3",
        {
            **SHAPE,
            **SLIDING,
            "head_dim": 12,
            "max_window_layers": 2,
            "attention_bias": True,
            "tie_word_embeddings": True,
        },
        4 * 6 * 12,
        [None, None, 7],
    ),
    "qwen3_moe": ("qwen3_moe", {**SHAPE, **EXPERTS, "head_dim": 12, "num_experts": 8}, 4 * 6 * 12, [None] * 3),
    "qwen3_moe, dense layers": (
        "qwen3_moe",
        {
            **SHAPE,
            **EXPERTS,
            "num_experts": 8,
            "decoder_sparse_step": 2,
            "num_hidden_layers": 4,
            "mlp_only_layers": [1],
        },
        4 * 6 * 8,
        [None] * 4,
    ),
    "gemma2": ("gemma2", {**SHAPE, "head_dim": 12, "sliding_window": 7}, 4 * 6 * 12, [7, None, 7]),
    "gemma2, window past the prompt": (
        "gemma2",
        {**SHAPE, "head_dim": 12, "sliding_window": 100},
        4 * 6 * 12,
        [100, None, 100],
    ),
    "deepseek_v3": ("deepseek_v3", DEEPSEEK, 2 * 6 * (10 + 6 + 14), [None] * 3),
    "deepseek_v3, direct queries, biases": (
        "deepseek_v3",
        {**DEEPSEEK, "q_lora_rank": None, "attention_bias": True},
        2 * 6 * (10 + 6 + 14),
        [None] * 3,
    ),
    "deepseek_v2": ("deepseek_v2", {**DEEPSEEK, "topk_method": "greedy"}, 2 * 6 * (10 + 6 + 14), [None] * 3),
    "deepseek_v2, direct queries": (
        "deepseek_v2",
        {**DEEPSEEK, "q_lora_rank": None, "topk_method": "group_limited_greedy"},
        2 * 6 * (10 + 6 + 14),
        [None] * 3,
    ),
    "deepseek_v32": ("deepseek_v32", {**DEEPSEEK, **INDEX}, 2 * 6 * (10 + 6 + 14), [9] * 3),
    "deepseek_v32, selection past the prompt": (
        "deepseek_v32",
        {**DEEPSEEK, **INDEX, "index_topk": 100},
        2 * 6 * (10 + 6 + 14),
        [100] * 3,
    ),
    "glm_moe_dsa": ("glm_moe_dsa", {**DEEPSEEK, **INDEX}, 2 * 6 * (10 + 6 + 14), [9] * 3),
    "glm_moe_dsa, shared selection": (
        "glm_moe_dsa",
        {**DEEPSEEK, **INDEX, "indexer_types": ["full", "shared", "full"]},
        2 * 6 * (10 + 6 + 14),
        [9] * 3,
    ),
    "gpt_oss": (
        "gpt_oss",
        {**SHAPE, "head_dim": 12, "sliding_window": 7, "num_local_experts": 8, "num_experts_per_tok": 2},
        4 * 6 * 12,
        [7, None, 7],
    ),
    "gemma3_text": (
        "gemma3_text",
        {**SHAPE, "head_dim": 12, "sliding_window": 7, "num_hidden_layers": 7},
        4 * 6 * 12,
        [7, 7, 7, 7, 7, None, 7],
    ),
    "phi3": ("phi3", SHAPE, 4 * 6 * 8, [None] * 3),
    "phi3, window, partial rotary, tied": (
        "phi3",
        {
            **SHAPE,
            "sliding_window": 7,
            "tie_word_embeddings": True,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5},
        },
        4 * 6 * 8,
        [7] * 3,
    ),
    "ministral3": ("ministral3", {**SHAPE, "head_dim": 12, "tie_word_embeddings": True}, 4 * 6 * 12, [None] * 3),
    "smollm3": ("smollm3", {**SHAPE, "num_hidden_layers": 4}, 4 * 6 * 8, [None] * 4),
    "smollm3, window, biases": (
        "smollm3",
        {**SHAPE, **SLIDING, "num_hidden_layers": 4, "attention_bias": True, "mlp_bias": True},
        4 * 6 * 8,
        [None, None, None, 7],
    ),
    "olmo2": ("olmo2", SHAPE, 4 * 6 * 8, [None] * 3),
    "olmo3": ("olmo3", {**SHAPE, "sliding_window": 7, "num_hidden_layers": 5}, 4 * 6 * 8, [7, 7, 7, None, 7]),
    "mixtral": ("mixtral", {**SHAPE, "num_local_experts": 8, "num_experts_per_tok": 2}, 4 * 6 * 8, [None] * 3),
    "glm4_moe": ("glm4_moe", {**SHAPE, **GLM, "head_dim": 12}, 4 * 6 * 12, [None] * 3),
    "glm4_moe, norms of queries and keys, biases": (
        "glm4_moe",
        {**SHAPE, **GLM, "head_dim": 12, "use_qk_norm": True, "attention_bias": True, "n_shared_experts": 2},
        4 * 6 * 12,
        [None] * 3,
    ),
    "granite": ("granite", SHAPE, 4 * 6 * 8, [None] * 3),
    "granitemoe": ("granitemoe", {**SHAPE, "num_local_experts": 8, "num_experts_per_tok": 2}, 4 * 6 * 8, [None] * 3),
    "minimax_m2": (
        "minimax_m2",
        {**SHAPE, "num_local_experts": 8, "num_experts_per_tok": 2, "head_dim": 12},
        4 * 6 * 12,
        [None] * 3,
    ),
    "qwen2_moe": ("qwen2_moe", {**SHAPE, **EXPERTS, **SHARED, "num_experts": 8}, 4 * 6 * 8, [None] * 3),
    "qwen2_moe, windows, a dense layer, no biases": (
        "qwen2_moe",
        {
            **{**SHAPE, **EXPERTS, **SHARED, **SLIDING, "num_experts": 8},
            "num_hidden_layers": 4,
            "max_window_layers": 3,
            "mlp_only_layers": [1],
            "qkv_bias": False,
        },
        4 * 6 * 8,
        [7, None, 7, None],
    ),
    "gemma4_text": (
        "gemma4_text",
        {**GEMMA4, "num_global_key_value_heads": 1},
        ATTENDED,
        [7, 7, 7, 7, 7, None, 7, None],
    ),
    "gemma4_text, experts, values as keys": (
        "gemma4_text",
        {
            **{**GEMMA4, **EXPERTS, "num_experts": 8, "top_k_experts": 2, "enable_moe_block": True},
            "attention_k_eq_v": True,
            "num_global_key_value_heads": 1,
        },
        ATTENDED,
        [7, 7, 7, 7, 7, None, 7, None],
    ),
    "gemma4_text, inputs per layer, shared keys and values": (
        "gemma4_text",
        {
            **{**GEMMA4, "hidden_size_per_layer_input": 4, "vocab_size_per_layer_input": 64},
            "num_kv_shared_layers": 2,
            "use_double_wide_mlp": True,
            "attention_bias": True,
        },
        ATTENDED,
        [7, 7, 7, 7, 7, None, 7, None],
    ),
    "gemma4_text, more than ten layers, whose indices transformers pads with zeros": (
        "gemma4_text",
        {**GEMMA4, "num_hidden_layers": 12, "attention_k_eq_v": True, "num_global_key_value_heads": 1},
        ATTENDED,
        [7, 7, 7, 7, 7, None] * 2,
    ),
    "mimo_v2_flash": (
        "mimo_v2_flash",
        {
            **{**SHAPE, **EXPERTS, "n_routed_experts": 8, "sliding_window": 7, "num_hidden_layers": 4},
            "num_key_value_heads": 1,
            "head_dim": 12,
            "v_head_dim": 10,
        },
        2 * 6 * (12 + 10),
        [None, 7, 7, 7],
    ),
    "llama4_text": (
        "llama4_text",
        {
            **{**SHAPE, "num_local_experts": 8, "num_experts_per_tok": 2, "num_hidden_layers": 4},
            "intermediate_size_mlp": 96,
            "attention_chunk_size": 100,
            "interleave_moe_layer_step": 2,
            "head_dim": 12,
        },
        4 * 6 * 12,
        [100, 100, 100, None],
    ),
    "qwen3_next": ("qwen3_next", {**DELTA_NET, **QWEN_EXPERTS}, 4 * 6 * 12, [None]),
    "qwen3_next, dense layers, biases, spaced by default": (
        "qwen3_next",
        {
            **{**DELTA_NET, **QWEN_EXPERTS, "layer_types": None, "num_hidden_layers": 5},
            "mlp_only_layers": [0],
            "decoder_sparse_step": 2,
            "attention_bias": True,
        },
        4 * 6 * 12,
        [None],
    ),
    "qwen3_5_text": ("qwen3_5_text", DELTA_NET, 4 * 6 * 12, [None]),
    "qwen3_5_text, biases, tied": (
        "qwen3_5_text",
        {**DELTA_NET, "attention_bias": True, "tie_word_embeddings": True},
        4 * 6 * 12,
        [None],
    ),
    "qwen3_5_moe_text": ("qwen3_5_moe_text", {**DELTA_NET, **QWEN_EXPERTS}, 4 * 6 * 12, [None]),
    "granitemoehybrid": (
        "granitemoehybrid",
        {**GRANITE, "num_local_experts": 8, "num_experts_per_tok": 2},
        4 * 6 * 8,
        [None],
    ),
    "granitemoehybrid, no experts, biases, tied": (
        "granitemoehybrid",
        {
            **{**GRANITE, "num_local_experts": 0, "tie_word_embeddings": True},
            "attention_bias": True,
            "mamba_proj_bias": True,
            "mamba_conv_bias": False,
        },
        4 * 6 * 8,
        [None],
    ),
    "falcon_h1": ("falcon_h1", {**MAMBA, "mamba_d_ssm": 96}, 4 * 6 * 8, [None] * 3),
    "falcon_h1, width from the hidden size, norm, biases": (
        "falcon_h1",
        {
            **{**MAMBA, "mamba_d_ssm": None, "mamba_expand": 4, "mamba_d_head": 32, "head_dim": 12},
            "mamba_rms_norm": True,
            "mamba_conv_bias": False,
            "mamba_proj_bias": True,
            "projectors_bias": True,
            "attention_bias": True,
            "mlp_bias": True,
        },
        4 * 6 * 12,
        [None] * 3,
    ),
    "nemotron_h": ("nemotron_h", {**NEMOTRON, "hybrid_override_pattern": "M-M*-M-"}, 4 * 6 * 12, [None]),
    "nemotron_h, biases": (
        "nemotron_h",
        {
            **{**NEMOTRON, "layers_block_type": ["attention", "mamba", "mlp", "attention"]},
            "use_bias": True,
            "use_conv_bias": False,
            "mlp_bias": True,
        },
        4 * 6 * 12,
        [None] * 2,
    ),
    "nemotron_h, experts": (
        "nemotron_h",
        {**NEMOTRON, **NEMOTRON_EXPERTS, "hybrid_override_pattern": "MEM*E"},
        4 * 6 * 12,
        [None],
    ),
    "nemotron_h, latent experts, biases": (
        "nemotron_h",
        {**NEMOTRON, **NEMOTRON_EXPERTS, "hybrid_override_pattern": "MEM*E", "moe_latent_size": 20, "mlp_bias": True},
        4 * 6 * 12,
        [None],
    ),
}
LINEAR = ["linear_attention", "full_attention", "linear_attention", "full_attention"]
KIMI = {
    **{key: value for key, value in DEEPSEEK.items() if key not in ("n_routed_experts", "first_k_dense_replace")},
    **{"num_local_experts": 8, "n_group": 1, "layer_types": LINEAR, "num_hidden_layers": 4},
    **{"linear_head_dim": 10, "linear_num_heads": 4, "linear_conv_kernel_dim": 3},
    "mlp_layer_types": ["dense", "sparse", "sparse", "sparse"],
}
CASES["kimi_linear"] = ("kimi_linear", KIMI, 2 * 6 * (10 + 6 + 14), [None] * 2)
CASES["kimi_linear, full attention first"] = (
    "kimi_linear",
    {**KIMI, "linear_num_heads": 3, "layer_types": LINEAR[::-1], "n_shared_experts": 1},
    2 * 6 * (10 + 6 + 14),
    [None] * 2,
)
SEARCHED = {"attention": {"n_heads_in_group": 3}, "ffn": {"ffn_mult": 8}}
TWINS = {
    # model type without a class in transformers of its own, or none for text alone: (config, the type it computes as)
    "mimo": (SHAPE, "qwen2"),
    "kimi_k2": (DEEPSEEK, "deepseek_v3"),
    "nemotron_nas": ({**SHAPE, "intermediate_size": 8 * 48 * 2 // 3, "block_configs": [SEARCHED] * 3}, "llama"),
    "qwen3_vl_text": ({**SHAPE, "head_dim": 12}, "qwen3"),
    "qwen3_vl_moe_text": ({**SHAPE, **EXPERTS, "head_dim": 12, "num_experts": 8}, "qwen3_moe"),
}
MEASURED_ELSEWHERE = {"minimax_m3", "minimax_m3_vl_text", "deepseek_v4", "step3p5"}
"""In test_flops_block_sparse.py, test_flops_compressed.py and test_flops_step.py."""
every_case = pytest.mark.parametrize("name", CASES)


@cache
def measured(name):
    """Config as transformers saves it, parameters, and the counter's prefill and decode FLOPs, of a tiny model."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    model_type, values, _, _ = CASES[name]
    config = AutoConfig.for_model(model_type, **values)
    sparse = {"experts_implementation": "batched_mm"} if "num_experts_per_tok" in values else {}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", **sparse).eval()
        prompt = torch.zeros((1, PROMPT), dtype=torch.long)
    with torch.no_grad(), token_by_token(model):
        with FlopCounterMode(display=False) as prefill:
            output = model(input_ids=prompt, use_cache=True, logits_to_keep=0 if values.get(SHARING) else 1)
        with FlopCounterMode(display=False) as decode:
            model(input_ids=prompt[:, :1], past_key_values=output.past_key_values, use_cache=True)
    # What corrects expert selection, or scales a layer, is a buffer there and a weight of the checkpoint, and here.
    weights_too = ("e_score_correction_bias", "layer_scalar")
    buffers = [buffer for key, buffer in model.named_buffers() if key.endswith(weights_too)]
    parameters = sum(tensor.numel() for tensor in (*model.parameters(), *buffers))
    saved = json.loads(config.to_json_string(use_diff=True))
    heads_too_many = (PROMPT - 1) * 2 * SHAPE["hidden_size"] * SHAPE["vocab_size"] * bool(values.get(SHARING))
    return saved, parameters, prefill.get_total_flops() - heads_too_many, decode.get_total_flops()


@every_case
def test_parameters(name):
    config, parameters, _, _ = measured(name)
    assert flops.describe(config).parameters.total == parameters


LISTED = {"kimi_linear", "qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "granitemoehybrid"}
"""Model types whose layers stand in ``layer_types`` alone."""


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][0] not in LISTED])
def test_configs_saved_before_layer_types_existed_mean_the_same(name):
    config = measured(name)[0]
    older = {key: value for key, value in config.items() if key != "layer_types"}
    assert flops.describe(older) == flops.describe(config)


def absorbed_per_key():
    """FLOPs of a decoded token per attended key in MLA over cached latents."""
    return 2 * SHAPE["num_attention_heads"] * (2 * LATENT["kv_lora_rank"] + LATENT["qk_rope_head_dim"])


def unmasked_index_scores(config):
    """FLOPs that the indexers spend in prefill on scores of later tokens, which the mask then takes out."""
    indexers = config.get("indexer_types", ["full"] * config["num_hidden_layers"]).count("full")
    later = PROMPT * (PROMPT - 1) // 2
    return indexers * 2 * INDEX["index_n_heads"] * (INDEX["index_head_dim"] + 1) * later


def experts_not_routed_to(config):
    """FLOPs per token of the experts that transformers' Llama 4 computes and then weights with zero: the other 6 of 8.

    Two of its four layers have experts.
    """
    return 2 * 6 * 6 * SHAPE["hidden_size"] * SHAPE["intermediate_size"] * (config["model_type"] == "llama4_text")


@every_case
def test_prefill(name):
    config, _, counted, _ = measured(name)
    _, _, per_key, windows = CASES[name]
    attended = [sum(min(i, window or i) for i in range(1, PROMPT + 1)) for window in windows]
    costs = [per_key[window] if isinstance(per_key, dict) else per_key for window in windows]
    masked = sum(cost * (PROMPT * PROMPT - keys) for cost, keys in zip(costs, attended, strict=True))
    if "index_topk" in config:
        masked += unmasked_index_scores(config) - (absorbed_per_key() - per_key) * sum(attended)
    prefill, _ = flops.completion_flops(flops.describe(config), PROMPT, 1)
    assert prefill == counted - masked - PROMPT * experts_not_routed_to(config)


@every_case
def test_one_decode_step(name):
    config, _, _, counted = measured(name)
    if "kv_lora_rank" in config:
        # Kimi Linear's other layers have no latents, and its cached ones are expanded anew like DeepSeek's.
        layers = len(CASES[name][3])
        context, heads = PROMPT + 1, config["num_attention_heads"]
        rank, nope, rope, value = LATENT.values()
        expansion_of_the_cache = 2 * PROMPT * rank * heads * (nope + value)
        expanded = 2 * heads * (nope + rope + value) * context
        kept = min(context, config.get("index_topk", context))
        absorbed = absorbed_per_key() * kept
        counted += layers * (absorbed - expanded - expansion_of_the_cache)
    _, decode = flops.completion_flops(flops.describe(config), PROMPT, 2)
    assert decode == counted - experts_not_routed_to(config)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][0] in {*LISTED, "falcon_h1", "nemotron_h"}])
def test_recurrent_layers_token_by_token_are_the_same_function(name):
    """Logits of a prompt and of two tokens after it, with transformers' own chunks and with what is counted."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(CASES[name][0], **CASES[name][1])).eval()
    tokens = torch.randint(3, SHAPE["vocab_size"], (1, PROMPT + 2))

    def logits():
        output = model(input_ids=tokens[:, :PROMPT], use_cache=True)
        parts = [output.logits]
        for i in range(PROMPT, PROMPT + 2):
            parts.append(model(input_ids=tokens[:, i : i + 1], past_key_values=output.past_key_values).logits)
        return torch.cat(parts, dim=1)

    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(std=0.3)
        expected = logits()
        with token_by_token(model):
            torch.testing.assert_close(logits(), expected, rtol=1e-3, atol=1e-3 * expected.std().item())


def test_every_architecture_is_measured():
    measured_or_twins = {case[0] for case in CASES.values()} | TWINS.keys() | MEASURED_ELSEWHERE
    assert measured_or_twins == set(plugins.available("flops/architectures"))


@pytest.mark.parametrize("model_type", TWINS)
def test_twins_are_counted_alike(model_type):
    config, measured_type = TWINS[model_type]
    twin, other = (flops.describe({**config, "model_type": name}) for name in (model_type, measured_type))
    assert flops.breakdown(twin, PROMPT, 9) == flops.breakdown(other, PROMPT, 9)
    assert flops.cache_bytes(twin, PROMPT) == flops.cache_bytes(other, PROMPT)


def test_absorbed_latent_attention_is_the_same_function_at_the_counted_cost():
    """One decode step of MLA written out as matmuls over the cached latents.

    Its output equals the module's expanded form, so it computes the right thing, and its FLOPs equal our count.
    """
    import torch
    from torch.nn.functional import linear
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig
    from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3Attention

    config = AutoConfig.for_model("deepseek_v3", **DEEPSEEK)
    config._attn_implementation = "eager"
    torch.manual_seed(0)
    module = DeepseekV3Attention(config, layer_idx=0).double().eval()
    heads, (rank, nope, rope, value) = config.num_attention_heads, LATENT.values()
    context = 9
    hidden = torch.randn(1, context, config.hidden_size, dtype=torch.double)
    unrotated = (torch.ones(1, context, rope, dtype=torch.double), torch.zeros(1, context, rope, dtype=torch.double))
    mask = torch.full((context, context), float("-inf"), dtype=torch.double).triu(1)[None, None]
    with torch.no_grad():
        expected = module(hidden, unrotated, mask)[0][0, -1]
        cached = module.kv_a_proj_with_mqa(hidden[0, :-1])
        up = module.kv_b_proj.weight.view(heads, nope + value, rank)
        with FlopCounterMode(display=False) as counter:
            new = hidden[0, -1:]
            query = module.q_b_proj(module.q_a_layernorm(module.q_a_proj(new))).view(heads, 1, nope + rope)
            latents = torch.cat([cached, module.kv_a_proj_with_mqa(new)])
            keys = module.kv_a_layernorm(latents[:, :rank])
            in_latent_space = torch.bmm(query[..., :nope], up[:, :nope])
            scores = linear(in_latent_space, keys) + linear(query[..., nope:], latents[:, rank:])
            weights = torch.softmax(scores * module.scaling, dim=-1)
            values = torch.bmm(torch.matmul(weights, keys), up[:, nope:].transpose(1, 2))
            output = module.o_proj(values.reshape(1, -1))
    torch.testing.assert_close(output[0], expected)
    sizes = {"kv_rank": rank, "nope_size": nope, "rope_size": rope, "value_size": value}
    projections = blocks.latent_projections(config.hidden_size, heads, query_rank=config.q_lora_rank, **sizes)
    attention = blocks.latent_attention(heads, **sizes)
    assert counter.get_total_flops() == projections.decode.token + attention.decode.key * context
