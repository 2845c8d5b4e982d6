"""FLOPs and parameters: the closed form, the reading of configs, the command line, the folder of architectures."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import flops, plugins
from paretoscope.errors import InputError
from paretoscope.flops import blocks, masks
from paretoscope.flops.config import Config

ROOT = Path(__file__).parents[2]
REAL_CONFIGS = ROOT / "../shared/data/model-configs"

LLAMA = {
    "model_type": "llama",
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_attention_heads": 6,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "vocab_size": 100,
}
MISTRAL = {**LLAMA, "model_type": "mistral", "sliding_window": 5}
QWEN2 = {**LLAMA, "model_type": "qwen2"}
QWEN3 = {**LLAMA, "model_type": "qwen3", "head_dim": 16}
MOE = {**QWEN3, "model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
GEMMA2 = {**QWEN3, "model_type": "gemma2", "sliding_window": 5}
DEEPSEEK = {
    **{key: LLAMA[key] for key in ("hidden_size", "intermediate_size", "num_attention_heads", "vocab_size")},
    "model_type": "deepseek_v3",
    "num_hidden_layers": 4,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 20,
    "moe_intermediate_size": 24,
    "n_routed_experts": 8,
    "n_shared_experts": 2,
    "num_experts_per_tok": 3,
    "q_lora_rank": 12,
    "qk_nope_head_dim": 10,
    "qk_rope_head_dim": 6,
    "v_head_dim": 14,
}
V32 = {**DEEPSEEK, "model_type": "deepseek_v32", "index_head_dim": 8, "index_n_heads": 2, "index_topk": 5}
GLM = {
    **QWEN3,
    **{key: DEEPSEEK[key] for key in ("first_k_dense_replace", "moe_intermediate_size", "n_routed_experts")},
    "model_type": "glm4_moe",
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
}
MIXTRAL = {**LLAMA, "model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2}
GPT_OSS = {**MIXTRAL, "model_type": "gpt_oss", "head_dim": 16, "sliding_window": 5}
LLAMA4 = {**MIXTRAL, "model_type": "llama4_text", "attention_chunk_size": 5, "intermediate_size_mlp": 160}
GEMMA4 = {**GEMMA2, "model_type": "gemma4_text", "hidden_size_per_layer_input": 0}
MIMO_V2 = {
    **{key: value for key, value in GLM.items() if key != "first_k_dense_replace"},
    "model_type": "mimo_v2_flash",
    "num_key_value_heads": 1,
    "sliding_window": 5,
    "v_head_dim": 10,
}
NEMOTRON_NAS = {
    **{key: LLAMA[key] for key in ("hidden_size", "num_attention_heads", "num_hidden_layers", "vocab_size")},
    "model_type": "nemotron-nas",
    "block_configs": [
        {"attention": {"n_heads_in_group": 3}, "ffn": {"ffn_mult": 2.625}},
        {"attention": {"no_op": True}, "ffn": {"ffn_mult": 1}},
        {"attention": {"n_heads_in_group": 6}, "ffn": {"no_op": True}},
    ],
}
GEMMA3 = {**GEMMA2, "model_type": "gemma3_text", "num_attention_heads": 8, "num_key_value_heads": 4}
MINIMAX = {**MIXTRAL, "model_type": "minimax_m2", "head_dim": 16}
MINIMAX_M3 = {
    **{**MINIMAX, "model_type": "minimax_m3", "dense_intermediate_size": 160, "shared_intermediate_size": 40},
    "sparse_attention_config": {
        "sparse_attention_freq": [0, 1, 1],
        "sparse_num_index_heads": 2,
        "sparse_index_dim": 8,
        "sparse_block_size": 4,
        "sparse_topk_blocks": 2,
        "sparse_local_block": 1,
    },
}
M3_SAVED = "minimax_m3_vl_text"
FLAT_INDEX = {
    "layer_types": ["full_attention", "minimax_m3_sparse", "minimax_m3_sparse"],
    **{"index_n_heads": 2, "index_head_dim": 8, "index_block_size": 4, "index_topk_blocks": 2, "index_local_blocks": 1},
}
DEEPSEEK_V4 = {
    **{key: value for key, value in GLM.items() if key not in ("first_k_dense_replace", "intermediate_size")},
    **{"model_type": "deepseek_v4", "num_key_value_heads": 1, "q_lora_rank": 12, "o_groups": 2, "o_lora_rank": 10},
    **{"index_head_dim": 8, "index_n_heads": 2, "index_topk": 3, "sliding_window": 5},
    **{"compress_ratios": [0, 128, 4, 0], "hc_mult": 3, "num_hash_layers": 1},
}
PHI3 = {**LLAMA, "model_type": "phi3"}
SMOLLM3 = {**LLAMA, "model_type": "smollm3"}
QWEN3_5 = {
    **{**QWEN3, "model_type": "qwen3_5_text", "full_attention_interval": 2, "linear_conv_kernel_dim": 3},
    **{"linear_num_key_heads": 2, "linear_key_head_dim": 10, "linear_num_value_heads": 6, "linear_value_head_dim": 14},
}
QWEN3_NEXT = {**MOE, **QWEN3_5, "model_type": "qwen3_next", "shared_expert_intermediate_size": 40}
QWEN3_5_MOE = {key: value for key, value in QWEN3_NEXT.items() if key != "intermediate_size"}
QWEN3_5_MOE["model_type"] = "qwen3_5_moe_text"
GRANITE_HYBRID = {
    **{**MIXTRAL, "model_type": "granitemoehybrid", "layer_types": ["mamba", "attention", "mamba"]},
    **{"mamba_expand": 2, "mamba_n_heads": 6, "mamba_d_state": 10, "mamba_d_conv": 3, "shared_intermediate_size": 40},
}
FALCON_H1 = {
    **{**LLAMA, "model_type": "falcon_h1", "mamba_d_ssm": 96, "mamba_n_heads": 6},
    **{"mamba_d_state": 10, "mamba_d_conv": 3},
}
NEMOTRON_H = {
    **{**QWEN3, "model_type": "nemotron_h", "num_hidden_layers": 5, "hybrid_override_pattern": "M-ME*"},
    **{"mamba_num_heads": 6, "mamba_head_dim": 14, "n_groups": 3, "ssm_state_size": 10, "conv_kernel": 3},
    **{"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 24},
    "moe_shared_expert_intermediate_size": 40,
}
KIMI_LINEAR = {
    **{key: value for key, value in DEEPSEEK.items() if key not in ("n_routed_experts", "n_shared_experts")},
    **{"model_type": "kimi_linear", "num_experts": 8, "num_shared_experts": 2, "num_hidden_layers": 3},
    "linear_attn_config": {
        **{"kda_layers": [1, 3], "full_attn_layers": [2]},
        **{"num_heads": 4, "head_dim": 10, "short_conv_kernel_size": 3},
    },
}
K3 = {
    **{**KIMI_LINEAR, "attn_res_block_size": 2, "mla_use_output_gate": True, "routed_expert_hidden_size": 20},
    **{
        "latent_moe_use_norm": True,
        "linear_attn_config": {**KIMI_LINEAR["linear_attn_config"], "use_full_rank_gate": True},
    },
}
STEP = {
    **{**GLM, "model_type": "step3p5", "sliding_window": 5, "num_sliding_attention_heads": 4, "share_expert_dim": 40},
    **{"layer_types": ["full_attention", "sliding_attention", "sliding_attention"], "moe_layers_enum": "1,2"},
}
STEP = {key: value for key, value in STEP.items() if key not in ("first_k_dense_replace", "n_shared_experts")}
KINDS = ["linear_attention", "full_attention", "linear_attention"]
NEMOTRON_KINDS = ["mamba", "mlp", "mamba", "moe", "attention"]
CONFIGS = [
    LLAMA,
    MISTRAL,
    QWEN2,
    QWEN3,
    MOE,
    GEMMA2,
    DEEPSEEK,
    DEEPSEEK_V4,
    V32,
    GLM,
    MIXTRAL,
    GPT_OSS,
    {**DEEPSEEK, "model_type": "deepseek_v2"},
    {**DEEPSEEK, "model_type": "kimi_k2"},
    {**V32, "model_type": "glm_moe_dsa"},
    KIMI_LINEAR,
    STEP,
    GEMMA3,
    PHI3,
    {**LLAMA, "model_type": "ministral3"},
    SMOLLM3,
    {**LLAMA, "model_type": "olmo2"},
    {**LLAMA, "model_type": "olmo3", "sliding_window": 5},
    {**LLAMA, "model_type": "mimo"},
    {**LLAMA, "model_type": "granite"},
    {**MIXTRAL, "model_type": "granitemoe"},
    MINIMAX,
    MINIMAX_M3,
    {**{key: MINIMAX_M3[key] for key in MINIMAX_M3 if key[:6] != "sparse"}, **FLAT_INDEX, "model_type": M3_SAVED},
    {**MOE, "model_type": "qwen2_moe", "head_dim": 16, "shared_expert_intermediate_size": 40},
    LLAMA4,
    GEMMA4,
    MIMO_V2,
    NEMOTRON_NAS,
    QWEN3_NEXT,
    QWEN3_5,
    QWEN3_5_MOE,
    GRANITE_HYBRID,
    FALCON_H1,
    NEMOTRON_H,
    {**QWEN3, "model_type": "qwen3_vl_text"},
    {**MOE, "model_type": "qwen3_vl_moe_text"},
]
every_config = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config["model_type"])


# ---- the closed form ------------------------------------------------------------------------------------------------


def keys(mask, position):
    """Keys that one token attends."""
    match mask:
        case masks.SlidingWindow(size):
            return min(position, size)
        case masks.Chunks(size):
            return (position - 1) % size + 1
        case masks.Selected(size, block):
            return min(position, (size - 1) * block + (position - 1) % block + 1)
        case masks.Compressed(rate, selected):
            return min(position // rate, position if selected is None else selected)
    return position


def summed(architecture, prompt, completion):
    """Prefill and decode FLOPs, one token after the other, in Python's integers."""

    def token(block, phase, position):
        work = getattr(block, phase)
        return work.token + work.key * keys(work.mask, position)

    layers = [block for count, blocks in architecture.layers for _ in range(count) for block in blocks]
    layers.append(architecture.embedding)
    prefill = sum(token(block, "prefill", i) for i in range(1, prompt + 1) for block in layers)
    prefill += architecture.head.prefill.token
    fed = range(prompt + 1, prompt + completion)
    decode = sum(token(block, "decode", i) for i in fed for block in (*layers, architecture.head))
    return prefill, decode


@every_config
@given(prompt=st.integers(1, 30), completion=st.integers(0, 30), window=st.integers(1, 40))
def test_closed_form_equals_a_sum_over_tokens(config, prompt, completion, window):
    for key in ("sliding_window", "attention_chunk_size", "index_topk"):
        config = {**config, key: window} if key in config else config
    architecture = flops.describe(config)
    assert flops.completion_flops(architecture, prompt, completion) == summed(architecture, prompt, completion)


@given(tokens=st.integers(0, 200), size=st.integers(1, 200), block=st.integers(1, 30))
def test_attended_keys_equal_a_sum_over_tokens(tokens, size, block):
    selections = [masks.Selected(size, block), masks.Compressed(block), masks.Compressed(block, size)]
    for mask in (masks.Causal(), masks.SlidingWindow(size), masks.Chunks(size), *selections):
        assert mask.attended_keys(tokens) == sum(keys(mask, i) for i in range(1, tokens + 1))


@every_config
def test_arrays_equal_one_by_one_and_broadcast(config):
    architecture = flops.describe(config)
    prompts, completions = np.array([1, 7, 40, 5]), np.array([0, 1, 2, 33])
    prefill, decode = flops.completion_flops(architecture, prompts, completions)
    assert prefill.dtype == decode.dtype == np.float64
    for index in range(4):
        assert (prefill[index], decode[index]) == summed(architecture, int(prompts[index]), int(completions[index]))
    prefill, decode = flops.completion_flops(architecture, 7, [[1, 2, 3]])
    assert prefill.shape == decode.shape == (1, 3)
    assert prefill[0, 0] == prefill[0, 2]


@every_config
@pytest.mark.parametrize("completion", [0, 1])
def test_nothing_is_decoded_for_at_most_one_token(config, completion):
    assert flops.completion_flops(flops.describe(config), 9, completion)[1] == 0


def test_more_completions_than_are_computed_in_one_go():
    architecture = flops.describe(GEMMA2)
    prompts = np.arange(1, 2 * flops._AT_ONCE + 4)
    prefill, decode = flops.completion_flops(architecture, prompts, prompts % 7)
    for index in (0, flops._AT_ONCE - 1, flops._AT_ONCE, 2 * flops._AT_ONCE, 2 * flops._AT_ONCE + 2):
        one = flops.completion_flops(architecture, int(prompts[index]), int(prompts[index]) % 7)
        assert (prefill[index], decode[index]) == one


def test_no_completions_give_empty_arrays():
    prefill, decode = flops.completion_flops(flops.describe(LLAMA), [], [])
    assert prefill.shape == decode.shape == (0,)


def attended_by_hand(first, last, window):
    """Keys that tokens ``first`` to ``last`` attend: an arithmetic series until the window is full, then the window."""
    full_from = max(first, min(window, last) + 1)
    growing = (first + full_from - 1) * (full_from - first) // 2
    return growing + (last - full_from + 1) * window


@pytest.mark.parametrize("prompt, completion", [(10**6, 10**6), (10**12, 3), (3, 10**15), (10**9, 10**9)])
def test_extreme_lengths_are_exact_integers_rounded_once(prompt, completion):
    """Past int64 the sums go on in Python's integers; a count that wrapped around would be far off, or negative."""
    architecture = flops.describe(GEMMA2)
    ends = {"prefill": (1, prompt), "decode": (prompt + 1, prompt + completion - 1)}
    expected = {"prefill": architecture.head.prefill.token, "decode": (completion - 1) * architecture.head.decode.token}
    for phase, (first, last) in ends.items():
        for count, layer in architecture.layers:
            for work in (getattr(block, phase) for block in layer):
                keys = attended_by_hand(first, last, getattr(work.mask, "size", last))
                expected[phase] += count * (work.token * (last - first + 1) + work.key * keys)
    expected = tuple(map(float, expected.values()))
    assert flops.completion_flops(architecture, prompt, completion) == expected
    assert tuple(array[0] for array in flops.completion_flops(architecture, [prompt, 1], [completion, 0])) == expected


@every_config
def test_breakdown_adds_up(config):
    architecture = flops.describe(config)
    rows = flops.breakdown(architecture, 11, 9)
    totals = {key: sum(row[key] for row in rows.values()) for key in ("parameters", "active", "prefill", "decode")}
    assert (totals["prefill"], totals["decode"]) == flops.completion_flops(architecture, 11, 9)
    assert totals["parameters"] == architecture.parameters.total
    assert totals["active"] == architecture.parameters.active


def test_prefill_computes_the_head_for_one_position():
    architecture = flops.describe(LLAMA)
    head = 2 * LLAMA["hidden_size"] * LLAMA["vocab_size"]
    rows = flops.breakdown(architecture, 11, 9)["vocabulary head"]
    assert (rows["prefill"], rows["decode"]) == (head, 8 * head)


@pytest.mark.parametrize(
    "prompt, completion, message",
    [
        (-1, 5, "prompt_tokens must be at least 1, not -1"),
        (0, 5, "prompt_tokens must be at least 1, not 0"),
        ([3, 4], [5, -2], "completion_tokens must be at least 0, not -2"),
        (3.0, 5, "prompt_tokens must be integers"),
        (3, [5, None], "completion_tokens must be integers"),
        (3, float("nan"), "completion_tokens must be integers"),
        (True, 5, "prompt_tokens must be integers"),
        (10**30, 5, f"prompt_tokens must be from 1 to 9007199254740992, not {10**30}"),
        (2**63, 5, "prompt_tokens must be at most 9007199254740992, not 9223372036854775808"),
        (3, 2**53 + 1, "completion_tokens must be at most 9007199254740992, not 9007199254740993"),
    ],
)
def test_wrong_token_counts_are_refused(prompt, completion, message):
    with pytest.raises(InputError, match=message):
        flops.completion_flops(flops.describe(LLAMA), prompt, completion)


# ---- what a config means --------------------------------------------------------------------------------------------


def test_layers_of_one_shape_are_grouped():
    assert [count for count, _ in flops.describe({**GEMMA2, "num_hidden_layers": 7}).layers] == [4, 3]
    assert [count for count, _ in flops.describe(DEEPSEEK).layers] == [1, 3]


def total(config):
    return flops.describe(config).parameters.total


def decode(config):
    return flops.completion_flops(flops.describe(config), 50, 10)[1]


SLIDING = {"sliding_window": 4, "use_sliding_window": True}
V4_NAMES = {
    "layer_types": ["sliding_attention", "heavily_compressed_attention", "compressed_sparse_attention"],
    "mlp_layer_types": ["hash_moe", "moe", "moe"],
}
SAME = [
    ("head_dim absent is hidden / heads", LLAMA, {"head_dim": 8}),
    ("null is absent", LLAMA, {"head_dim": None, "attention_bias": None}),
    ("untied unless said", LLAMA, {"tie_word_embeddings": False}),
    ("gemma2 is tied unless said", GEMMA2, {"tie_word_embeddings": True}),
    ("a window that isn't used means nothing", QWEN2, {"sliding_window": 4, "use_sliding_window": False}),
    ("layers before max_window_layers don't slide", QWEN2, {**SLIDING, "max_window_layers": 3}),
    ("the pattern written out", GEMMA2, {"layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}),
    (
        "each fourth layer of olmo3 is full",
        {**LLAMA, "model_type": "olmo3", "sliding_window": 5, "num_hidden_layers": 9},
        {"layer_types": [("full" if index in (3, 7) else "sliding") + "_attention" for index in range(9)]},
    ),
    (
        "each second layer of llama4 has experts, from the second on",
        {**LLAMA4, "num_hidden_layers": 5, "interleave_moe_layer_step": 2},
        {"moe_layers": [1, 3]},
    ),
    ("another name of num_experts", MOE, {"num_experts": None, "num_local_experts": 8}),
    ("another name of n_routed_experts", DEEPSEEK, {"num_local_experts": 8}),
    ("MLA has no use for head_dim", DEEPSEEK, {"head_dim": 6, "num_key_value_heads": 1}),
    ("no multi-token prediction", DEEPSEEK, {"num_nextn_predict_layers": 1}),
    ("the same, per layer", DEEPSEEK, {"mlp_layer_types": ["dense", "sparse", "sparse", "sparse"]}),
    ("every layer has an indexer unless said", V32, {"indexer_types": ["full"] * 4}),
    ("another name of the experts per token", GPT_OSS, {"experts_per_token": 2}),
    ("gemma3 is what its releases leave out", GEMMA3, {"num_key_value_heads": 4, "sliding_window_pattern": 6}),
    ("phi3 has no window unless said", PHI3, {"sliding_window": None}),
    ("rotary embedding is no matmul", SMOLLM3, {"no_rope_layers": [1, 1, 0], "use_sliding_window": False}),
    ("chunks are for layers with rotary embedding", LLAMA4, {"no_rope_layers": [1, 1, 1], "moe_layers": [0, 1, 2]}),
    ("chunks by name", LLAMA4, {"layer_types": ["chunked_attention"] * 3}),
    ("gemma4's full heads, as older and newer releases say it", GEMMA4, {"global_head_dim": 512}),
    ("gemma4's full heads, by layer", GEMMA4, {"per_layer_config": {"2": {"head_dim": 512}}}),
    ("deepseek_v4's layers by name", DEEPSEEK_V4, V4_NAMES),
    ("deepseek_v4's rates", DEEPSEEK_V4, {"compress_rates": {"compressed_sparse_attention": 4}}),
    ("minimax's index, flat", MINIMAX_M3, {**FLAT_INDEX, "sparse_attention_config": None}),
    ("minimax has experts in every layer unless said", MINIMAX_M3, {"moe_layer_freq": [1, 1, 1]}),
    ("mimo's patterns", MIMO_V2, {"hybrid_layer_pattern": [0, 1, 1], "moe_layer_freq": [0, 1, 1]}),
    ("mimo's sliding layers", MIMO_V2, {"swa_num_key_value_heads": 2, "swa_head_dim": 16, "swa_v_head_dim": 10}),
    ("qwen3.5's spacing written out", QWEN3_5, {"layer_types": KINDS}),
    ("qwen3.5's layers without spacing", QWEN3_5, {"layer_types": KINDS, "full_attention_interval": None}),
    ("qwen3.5's attention has a gate unless said", QWEN3_5, {"attn_output_gate": True}),
    ("qwen3.5 has no dense layers", QWEN3_5_MOE, {"mlp_only_layers": [], "intermediate_size": 80}),
    ("qwen3-next is sparse unless said", QWEN3_NEXT, {"mlp_only_layers": [], "decoder_sparse_step": 1}),
    ("granite's newer names", GRANITE_HYBRID, {"layer_types": KINDS}),
    (
        "granite's other key",
        GRANITE_HYBRID,
        {"layer_types": None, "layers_block_type": ["mamba", "attention", "mamba"]},
    ),
    ("head size absent is width / heads", GRANITE_HYBRID, {"mamba_d_head": 16, "mamba_n_groups": 1}),
    ("null width is a multiple of the hidden size", FALCON_H1, {"mamba_d_ssm": None, "mamba_expand": 2}),
    ("nemotron's names", NEMOTRON_H, {"hybrid_override_pattern": None, "layers_block_type": NEMOTRON_KINDS}),
    ("nemotron's letters and names", NEMOTRON_H, {"layers_block_type": NEMOTRON_KINDS, "num_hidden_layers": None}),
    (
        "nemotron's width isn't expand's",
        NEMOTRON_H,
        {"expand": 7, "n_shared_experts": 1, "mtp_layers_block_type": ["moe"]},
    ),
    ("nemotron's older name of head_dim", NEMOTRON_H, {"head_dim": None, "attention_head_dim": 16}),
]


@pytest.mark.parametrize("config, change", [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_equivalent_configs(config, change):
    assert flops.describe({**config, **change}) == flops.describe(config)


ALL_HEADS = {"llama", "granite", "granitemoe", "granitemoehybrid", "phi3", "olmo2", "olmo3"}
"""Families where transformers takes an absent ``num_key_value_heads`` for as many as heads."""


@pytest.mark.parametrize("model_type", sorted(ALL_HEADS))
def test_kv_heads_absent_are_as_many_as_heads_where_transformers_has_it_so(model_type):
    config = next(config for config in CONFIGS if config["model_type"] == model_type)
    absent = {key: value for key, value in config.items() if key != "num_key_value_heads"}
    assert flops.describe(absent) == flops.describe({**config, "num_key_value_heads": config["num_attention_heads"]})


def test_layers_shapes_are_found_by_index_whatever_the_padding():
    shape = {"head_dim": 8, "num_key_value_heads": 1}
    wide = {**GEMMA4, "attention_k_eq_v": True, "global_head_dim": 8, "num_global_key_value_heads": 1}
    saved = {key: wide[key] for key in wide if key not in ("global_head_dim", "num_global_key_value_heads")}
    for key in ("2", "02", "002"):
        assert flops.describe({**saved, "per_layer_config": {key: shape}}) == flops.describe(wide)


@pytest.mark.parametrize(
    "said",
    [
        {"indexer_types": ["full", "full", "shared", "full"]},
        {"index_topk_pattern": "FFSF"},
        {"index_topk_freq": 2, "index_skip_topk_offset": 2},
        {"index_topk_freq": 2, "index_skip_topk_offset": 2, "index_topk_pattern": "FFSF"},
    ],
    ids=str,
)
def test_layers_that_select_for_others_may_be_said_in_three_ways(said):
    config = {**V32, "model_type": "glm_moe_dsa"}
    indexer = flops.breakdown(flops.describe(config), 9, 9)["indexer"]["parameters"]
    assert flops.breakdown(flops.describe({**config, **said}), 9, 9)["indexer"]["parameters"] == indexer * 3 / 4
    with pytest.raises(InputError, match="'index_skip_topk_offset' is missing"):
        flops.describe({**config, "index_topk_freq": 2})


@pytest.mark.parametrize("none", [None, 0])
def test_no_shared_experts_is_said(none):
    assert total({**DEEPSEEK, "n_shared_experts": none}) < total(DEEPSEEK)
    assert total({**KIMI_LINEAR, "num_shared_experts": none}) < total(KIMI_LINEAR)


@pytest.mark.parametrize("saved", [5, 6], ids=["released", "saved by transformers"])
def test_mimo_attends_as_many_tokens_as_are_served(saved):
    config = {**MIMO_V2, "sliding_window": saved, "sliding_window_size": 5}
    assert flops.describe(config) == flops.describe({**MIMO_V2, "sliding_window": 6})


M3_BLOCKS = {"sparse_attention_config": {**MINIMAX_M3["sparse_attention_config"], "sparse_block_size": 8}}
DIFFERENT = [
    ("a window where it is used", QWEN2, {**SLIDING, "max_window_layers": 1}),
    ("null window", MISTRAL, {"sliding_window": None}),
    ("layer_types", GEMMA2, {"layer_types": ["full_attention"] * 3}),
    ("head size", QWEN3, {"head_dim": 8}),
    ("a dense layer", MOE, {"mlp_only_layers": [1]}),
    ("every second layer sparse", MOE, {"decoder_sparse_step": 2}),
    ("moe_layer_freq", DEEPSEEK, {"moe_layer_freq": 2}),
    ("more experts per token", DEEPSEEK, {"num_experts_per_tok": 4}),
    ("no bottleneck for queries", DEEPSEEK, {"q_lora_rank": None}),
    ("fewer indexers", V32, {"indexer_types": ["full", "shared", "shared", "full"]}),
    ("fewer tokens selected", V32, {"index_topk": 4}),
    ("full attention each second layer", GEMMA3, {"sliding_window_pattern": 2}),
    ("fewer layers that select", MINIMAX_M3, {"layer_types": ["full_attention"] * 2 + ["minimax_m3_sparse"]}),
    ("another rate", DEEPSEEK_V4, {"compress_rates": {"compressed_sparse_attention": 2}}),
    ("more residual streams", DEEPSEEK_V4, {"hc_mult": 4}),
    ("larger blocks", MINIMAX_M3, M3_BLOCKS),
    ("no sparse attention", MINIMAX_M3, {"sparse_attention_config": {"use_sparse_attention": False}}),
    ("dense layers", MINIMAX_M3, {"moe_layer_freq": [0, 1, 1]}),
    ("larger chunks", LLAMA4, {"attention_chunk_size": 40}),
    ("experts in each second layer", LLAMA4, {"interleave_moe_layer_step": 2}),
    ("larger full heads", GEMMA4, {"global_head_dim": 1024}),
    ("values as keys", GEMMA4, {"attention_k_eq_v": True, "num_global_key_value_heads": 2}),
    ("keys and values shared by the last layer", GEMMA4, {"num_kv_shared_layers": 1}),
    ("inputs per layer", GEMMA4, {"hidden_size_per_layer_input": 4, "vocab_size_per_layer_input": 50}),
    ("larger values", MIMO_V2, {"swa_v_head_dim": 12}),
    ("experts in the first layer too", MIMO_V2, {"mlp_layer_types": ["sparse"] * 3}),
    ("no gate of attention", QWEN3_5, {"attn_output_gate": False}),
    ("more attention", QWEN3_5, {"full_attention_interval": 1}),
    ("a larger state", QWEN3_5, {"linear_value_head_dim": 16}),
    ("a wider convolution", QWEN3_5, {"linear_conv_kernel_dim": 4}),
    ("one dense layer", QWEN3_NEXT, {"mlp_only_layers": [1]}),
    ("less attention", GRANITE_HYBRID, {"layer_types": ["mamba"] * 3}),
    ("no routed experts", GRANITE_HYBRID, {"num_local_experts": 0}),
    ("groups", FALCON_H1, {"mamba_n_groups": 2}),
    ("a state per head", FALCON_H1, {"mamba_d_state": 12}),
    ("other layers", NEMOTRON_H, {"hybrid_override_pattern": "M-M**"}),
    ("latent experts", NEMOTRON_H, {"moe_latent_size": 18}),
]


@pytest.mark.parametrize("config, change", [row[1:] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_keys_that_change_the_flops(config, change):
    assert decode({**config, **change}) != decode(config)


def test_tying_saves_parameters_and_no_flops():
    tied, untied = (flops.describe({**LLAMA, "tie_word_embeddings": tie}) for tie in (True, False))
    table = LLAMA["hidden_size"] * LLAMA["vocab_size"]
    assert untied.parameters.total - tied.parameters.total == table
    assert (tied.parameters.embedding, untied.parameters.embedding) == (table, 2 * table)
    assert flops.completion_flops(tied, 5, 5) == flops.completion_flops(untied, 5, 5)


def test_active_parameters_leave_out_experts_not_used():
    parameters = flops.describe(MOE).parameters
    expert = 3 * MOE["hidden_size"] * MOE["moe_intermediate_size"]
    assert parameters.total - parameters.active == 3 * (8 - 2) * expert
    assert flops.describe(LLAMA).parameters.active == flops.describe(LLAMA).parameters.total


def test_a_multimodal_config_gives_its_language_model():
    wrapped = {"model_type": "mistral3", "text_config": MISTRAL, "vision_config": {}, "tie_word_embeddings": False}
    assert flops.describe(wrapped) == flops.describe(MISTRAL)


@pytest.mark.parametrize(
    "model_type, text, tied", [("gemma3", GEMMA3, True), ("llama4", LLAMA4, False), ("mistral3", MISTRAL, False)]
)
def test_multimodal_releases_that_do_not_say_whether_they_are_tied(model_type, text, tied):
    wrapped = {"model_type": model_type, "text_config": text}
    assert flops.describe(wrapped) == flops.describe({**text, "tie_word_embeddings": tied})


def test_layers_that_share_keys_and_values_cache_none():
    alone, shared = (flops.describe({**GEMMA4, "num_kv_shared_layers": layers}) for layers in (0, 1))
    assert flops.kv_bytes_per_token(alone) - flops.kv_bytes_per_token(shared) == 2 * 2 * 2 * 512  # the full layer


def test_sparse_attention_caches_all_tokens():
    """It attends 5 of them, but selects anew each time: latent, rotary key and the indexer's key are kept."""
    assert flops.cache_bytes(flops.describe(V32), 1000) == 1000 * 2 * 4 * (20 + 6 + 8)


def nas(**halves):
    return {**NEMOTRON_NAS, "block_configs": [halves] * 3}


NO_INDEX = {"sparse_attention_config": None}
MOE_KEY = "config.json of model_type 'qwen3_moe': "
WRONG = [
    ([], "must hold an object"),
    ({}, "'model_type' is missing"),
    ({"model_type": ["llama"]}, "'model_type' must be a string"),
    ({**LLAMA, "model_type": "qwen4"}, "unknown model_type 'qwen4'. Nearest of its family: 'qwen3' .others: qwen2, "),
    ({**LLAMA, "model_type": 3}, "'model_type' must be a string, not 3; it names the architecture"),
    ({**LLAMA, "model_type": "Qwen3"}, "Nearest of its family: 'qwen3' "),
    ({**LLAMA, "model_type": "gemma3"}, "Nearest of its family: 'gemma3_text'"),
    ({**LLAMA, "model_type": "qwen3_5"}, "Nearest of its family: 'qwen3_5_text'"),
    ({**LLAMA, "model_type": "gpt2"}, "No model of its family is known"),
    ({**LLAMA, "model_type": "gpt_oss_2"}, "Nearest of its family: 'gpt_oss'.$"),
    ({**LLAMA, "model_type": "phimoe"}, "Nearest of its family: 'phi3'.$"),
    ({**LLAMA, "model_type": "granitemoeshared"}, "Nearest of its family: 'granitemoe' .others: granite"),
    ({**LLAMA, "model_type": "kimi_k3"}, "Its language model is a 'kimi_linear'"),
    ({"text_config": {}}, "'text_config' has no 'model_type'"),
    ({"one": LLAMA, "other": QWEN3}, "config.json holds 2 configs by name .'one, other'."),
    ({**LLAMA, "model_type": "bert"}, "No model of its family is known; known: deepseek_v2, "),
    ({**LLAMA, "model_type": ""}, "No model of its family is known"),
    ({**LLAMA, "text_config": []}, "'text_config' must be an object, not .."),
    ({**LLAMA, "hidden_size": 10**400}, r"'hidden_size' must be an integer .*, not 10{59}\.\.\.$"),
    ({**LLAMA, "num_hidden_layers": 2**31 - 1}, "'num_hidden_layers' must be an integer from 1 to 100000, not 214"),
    ({**QWEN2, "sliding_window": -1}, "'sliding_window' must be an integer from 0"),
    ({**QWEN2, "layer_types": "full_attention"}, "'layer_types' has 'f'"),
    (
        {**QWEN3, "layer_types": ["full_attention", "full_attention", "sliding_attention"]},
        "'layer_types' and 'use_sliding_window' .false, also where absent. contradict each other",
    ),
    ({**LLAMA, "model_type": "../blocks"}, "unknown model_type"),
    ({**LLAMA, "model_type": "__init__"}, "unknown model_type"),
    ({**LLAMA, "vocab_size": None}, "model_type 'llama': key 'vocab_size' is missing"),
    ({**LLAMA, "hidden_size": 48.0}, "'hidden_size' must be an integer from 1 to 2147483647, not 48.0"),
    ({**LLAMA, "hidden_size": -48}, "'hidden_size' must be an integer"),
    ({**LLAMA, "num_hidden_layers": 0}, "'num_hidden_layers' must be an integer"),
    ({**LLAMA, "num_hidden_layers": True}, "'num_hidden_layers' must be an integer"),
    ({**LLAMA, "vocab_size": "100"}, "'vocab_size' must be an integer"),
    ({**LLAMA, "vocab_size": 10**30}, "'vocab_size' must be an integer"),
    ({**LLAMA, "num_key_value_heads": 4}, "num_attention_heads .6. is not a multiple of num_key_value_heads .4."),
    ({**LLAMA, "hidden_size": 50}, "hidden_size is not a multiple of num_attention_heads"),
    ({**LLAMA, "tie_word_embeddings": "no"}, "'tie_word_embeddings' must be true or false"),
    ({**QWEN3, "head_dim": None}, "key 'head_dim' is missing"),
    ({**QWEN3, "use_sliding_window": True, "max_window_layers": 0}, "key 'sliding_window' is missing"),
    ({key: MISTRAL[key] for key in LLAMA}, "key 'sliding_window' is missing; an integer or null"),
    ({**MOE, "num_experts_per_tok": 9}, "9 experts per token of 8 experts"),
    ({**MOE, "num_local_experts": 4}, "contradict each other: num_experts = 8, num_local_experts = 4"),
    ({**MOE, "mlp_only_layers": [-1]}, "'mlp_only_layers' must be a list of layer indices"),
    ({**MOE, "mlp_only_layers": 1}, "'mlp_only_layers' must be a list of layer indices"),
    ({**GEMMA2, "layer_types": ["full_attention"]}, "'layer_types' must have one entry per layer .3., not 1"),
    ({**GEMMA2, "layer_types": ["full_attention", "mamba", "full_attention"]}, "'layer_types' has 'mamba'"),
    ({**GEMMA2, "sliding_window": None}, "key 'sliding_window' is missing"),
    (
        {"model_type": "step3p7"},
        "'step3p7' is not supported, because its sliding-window layers have heads of their own",
    ),
    ({**DEEPSEEK_V4, "compress_ratios": [0, 4]}, "'compress_ratios' must be a list of .0, 4, 128. for each layer .3."),
    ({**DEEPSEEK_V4, "compress_ratios": [0, 4, 8]}, "'compress_ratios' must be a list of .0, 4, 128."),
    ({**DEEPSEEK_V4, "o_groups": 5}, "6 heads of 16 channels can't be shared out among 5 groups"),
    ({**V32, "indexer_types": ["full"] * 3}, "'indexer_types' must have one entry per layer .4., not 3"),
    ({**V32, "indexer_types": ["full"] * 3 + ["half"]}, "'indexer_types' has 'half'"),
    ({**LLAMA4, "no_rope_layers": [1]}, "'no_rope_layers' must be a list of 0 and 1 for num_hidden_layers .3."),
    ({**LLAMA4, "no_rope_layers": [1, 2, 1]}, "'no_rope_layers' must be a list of 0 and 1"),
    ({**GEMMA4, "per_layer_config": {"0": {"head_dim": 8}}}, "'head_dim' is not supported, because only full layers"),
    ({**GEMMA4, "per_layer_config": {"2": 8}}, "'2' must be an object"),
    ({**GEMMA4, "per_layer_config": {"3": {}}}, "'per_layer_config' has '3', which must name one of 3 layers"),
    ({**GEMMA4, "per_layer_config": {"last": {}}}, "'per_layer_config' has 'last'"),
    ({**GEMMA4, "per_layer_config": {"2": {}, "02": {}}}, "'per_layer_config' has '0?2'"),
    ({**GEMMA4, "attention_k_eq_v": True}, "key 'num_global_key_value_heads' is missing"),
    ({**GEMMA4, "num_experts": 8}, "key 'enable_moe_block' is missing"),
    ({**MIMO_V2, "sliding_window_size": 7}, "'sliding_window' must be 'sliding_window_size' .7., or one more"),
    ({**DEEPSEEK, "first_k_dense_replace": 5}, "'first_k_dense_replace' .5. is more than num_hidden_layers .4."),
    ({**MOE, "mlp_only_layers": [1, 3]}, "'mlp_only_layers' names layer 3, but there are 3 layers"),
    ({**LLAMA4, "moe_layers": [0, 4]}, "'moe_layers' names layer 4"),
    ({**QWEN3, "num_experts": 128}, "'num_experts' is 128, but this family has no routed experts"),
    ({**QWEN3, "kv_lora_rank": 512}, "'kv_lora_rank' is 512, but this family has no latent attention"),
    ({**MOE, "kv_lora_rank": 512}, "'kv_lora_rank' is 512"),
    ({**MIXTRAL, "n_shared_experts": 1}, "'n_shared_experts' is 1, but this family has no shared experts"),
    ({**DEEPSEEK, "index_topk": 5}, "'index_topk' is 5, but this family has no sparse attention"),
    ({**LLAMA, "mamba_d_state": 16}, "'mamba_d_state' is 16, but this family has no state-space layers"),
    ({**GEMMA4, "attention_k_eq_v": True, "num_global_key_value_heads": 4}, "multiple of num_global_key_value_heads"),
    ({**MINIMAX, "attn_type_list": [1, 0, 1]}, "'attn_type_list' has a 0"),
    ({**MINIMAX, "shared_intermediate_size": 8}, "'shared_intermediate_size' is not supported"),
    ({**MINIMAX_M3, "attention_output_gate": True}, "'attention_output_gate' is not supported"),
    ({**MINIMAX_M3, "layer_types": ["minimax_m3_sparse"] * 3, **NO_INDEX}, "key 'index_n_heads' is missing"),
    ({**MINIMAX_M3, "sparse_attention_config": [1]}, "'sparse_attention_config' must be an object"),
    (
        {**MINIMAX_M3, **NO_INDEX, **FLAT_INDEX, "index_local_blocks": 0},
        "'index_local_blocks' must be an integer from 1",
    ),
    ({**NEMOTRON_NAS, "num_hidden_layers": 4}, "'block_configs' must have one entry per layer .4., not 3"),
    ({**NEMOTRON_NAS, "block_configs": [3] * 3}, "'block_configs' must be a list of objects"),
    ({**NEMOTRON_NAS, "block_configs": [{"attention": {"n_heads_in_group": 4}}] * 3}, "multiple of n_heads_in_group"),
    ({**NEMOTRON_NAS, "block_configs": [{"ffn": {"ffn_mult": 1}}] * 3}, "key 'n_heads_in_group' is missing"),
    (nas(attention={"replace_with_linear": True}), "'replace_with_linear' is not supported"),
    (nas(attention={"no_op": True}, ffn={"ffn_mult": "2"}), "'ffn_mult' must be a positive number, not '2'"),
    (nas(attention={"no_op": True}, ffn={"ffn_mult": float("nan")}), "'ffn_mult' must be a positive number, not nan"),
    ({key: DEEPSEEK[key] for key in DEEPSEEK if key != "q_lora_rank"}, "key 'q_lora_rank' is missing"),
    ({"model_type": "qwen3_vl", "text_config": QWEN3}, "'tie_word_embeddings' must be stated"),
    ({"text_config": {"model_type": ["mistral"]}, "tie_word_embeddings": False}, "'model_type' must be a string"),
    ({"text_config": {"model_type": ["mistral"]}}, "'tie_word_embeddings' must be stated"),
    (
        {"text_config": {**MISTRAL, "tie_word_embeddings": True}, "tie_word_embeddings": False},
        "'tie_word_embeddings' must be stated .* not differ",
    ),
    ({**QWEN3_5, "layer_types": KINDS[:2]}, "'layer_types' must have one entry per layer .3., not 2"),
    ({**QWEN3_5, "layer_types": KINDS[::2] + KINDS[1:2]}, "'layer_types' and 'full_attention_interval' .2. contradict"),
    ({**QWEN3_5, "layer_types": ["mamba"] * 3}, "'layer_types' has 'mamba'; known: 'linear_attention'"),
    ({**QWEN3_5, "layer_types": 3}, "'layer_types' must list the kinds of the layers, not 3"),
    ({**QWEN3_5, "layer_types": [["full_attention"]]}, r"'layer_types' has \['full_attention'\]"),
    ({**QWEN3_5, "linear_num_key_heads": 4}, "6 value heads can't share 4 key heads evenly"),
    ({**QWEN3_5_MOE, "mlp_only_layers": [0]}, "'mlp_only_layers' must be empty"),
    (
        {**GRANITE_HYBRID, "layers_block_type": ["mamba"] * 3},
        "contradict each other: layer_types, layers_block_type",
    ),
    ({**GRANITE_HYBRID, "mamba_d_head": 8}, "mamba_n_heads .6. heads of mamba_d_head don't make up the 96"),
    ({**GRANITE_HYBRID, "mamba_n_heads": 7}, "mamba_n_heads .7. heads of mamba_d_head don't make up the 96"),
    ({**GRANITE_HYBRID, "mamba_n_groups": 4}, "6 state-space heads can't share 4 groups of B and C evenly"),
    ({**GRANITE_HYBRID, "mamba_d_head": "auto"}, "'mamba_d_head' must be an integer"),
    ({**NEMOTRON_H, "num_hidden_layers": 4}, "'hybrid_override_pattern' must have one entry per layer .4., not 5"),
    ({**NEMOTRON_H, "hybrid_override_pattern": "M-ME|"}, "'hybrid_override_pattern' has '.'"),
    ({**NEMOTRON_H, "hybrid_override_pattern": ""}, "'hybrid_override_pattern' must have one entry per layer"),
    (
        {**NEMOTRON_H, "layers_block_type": NEMOTRON_KINDS[::-1]},
        "contradict each other: hybrid_override_pattern, layers_block_type",
    ),
    ({**NEMOTRON_H, "attention_head_dim": 8}, "contradict each other: head_dim = 16, attention_head_dim = 8"),
    ({**NEMOTRON_H, "num_experts_per_tok": 9}, "num_experts_per_tok .9. is more than n_routed_experts .8."),
    ({**NEMOTRON_H, "n_shared_experts": 2}, "'n_shared_experts' must be 1"),
]


@pytest.mark.parametrize("config, message", WRONG)
def test_wrong_configs_are_refused(config, message):
    with pytest.raises(InputError, match=message):
        flops.describe(config)


DEFAULTS = {
    "qwen3_moe": {"head_dim"},
    "qwen3_vl_moe_text": {"head_dim"},
    "deepseek_v4": {"num_key_value_heads"},  # one, whatever it says
    "mimo_v2_flash": {"n_shared_experts"},
    "gemma3_text": {"head_dim", "num_key_value_heads", "num_attention_heads", "vocab_size"},
    "qwen2_moe": {"head_dim"},
    "granitemoehybrid": {"num_hidden_layers"},
    "nemotron_h": {"num_hidden_layers"},
}


@every_config
def test_every_missing_key_is_named_or_has_a_documented_default(config):
    model_type = config["model_type"]
    defaults = DEFAULTS.get(model_type, set()) | ({"num_key_value_heads"} if model_type in ALL_HEADS else set())
    for key in config.keys() - defaults:
        with pytest.raises(InputError, match=f"'{key}' is missing"):
            flops.describe({other: value for other, value in config.items() if other != key})


NOT_SUPPORTED = {"step3p7"}


@pytest.mark.skipif(not REAL_CONFIGS.is_dir(), reason="the collection of real configs is not on this machine")
def test_real_configs_are_read_or_refused_by_name():
    read = 0
    for path in REAL_CONFIGS.glob("*_config.json"):
        config = json.loads(path.read_text(encoding="utf-8"))
        if config["model_type"] in NOT_SUPPORTED:
            with pytest.raises(InputError, match="is not supported, because"):
                flops.describe(config)
        else:
            architecture = flops.describe(config)
            assert 5e8 < architecture.parameters.active <= architecture.parameters.total
            assert flops.weight_bytes(architecture, config) > architecture.parameters.total / 2
            read += 1
    assert read >= 40


# ---- the folder of architectures ------------------------------------------------------------------------------------

FOLDER = Path(flops.__file__).parent / "architectures"


@pytest.mark.parametrize("name", plugins.available("flops/architectures"))
def test_each_architecture_has_the_same_interface_and_docstring(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    docstring = ast.get_docstring(tree)
    assert re.search(r"Source: (arXiv|https://)", docstring) and "Left out: " in docstring
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    assert [node.name for node in functions] == ["describe"]
    assert [argument.arg for argument in functions[0].args.args] == ["config"]
    assert ast.get_docstring(functions[0]).startswith("Return the architecture of a ``Config``")
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    known = {"blocks", "families", "hybrids", "masks", "math", "recurrent", "sparse"}
    assert {getattr(node, "module", None) for node in imports} <= known


def test_each_architecture_has_a_config_here():
    here = {config["model_type"].replace("-", "_") for config in CONFIGS}
    assert here == set(plugins.available("flops/architectures"))


@every_config
def test_describe_returns_an_architecture(config):
    architecture = plugins.load("flops/architectures", config["model_type"].replace("-", "_")).describe(Config(config))
    assert isinstance(architecture, blocks.Architecture)
    assert architecture.model_type == config["model_type"]
    assert sum(count for count, _ in architecture.layers) == config["num_hidden_layers"]


def test_import_stays_light():
    code = "import sys, paretoscope.flops; print([m for m in ('torch', 'transformers', 'pandas') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
