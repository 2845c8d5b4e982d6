"""FLOPs of tiny DeepSeek-V4 models against PyTorch's FlopCounterMode over transformers' own class, to the last digit.

transformers attends the window and all compressed entries by one masked matmul, so the counter sees T x (T + entries)
in prefill; and it weighs the index scores of heads elementwise, which we count as the matmul that it is. Both are put
right here from sums over tokens.
"""

import json
from functools import cache

import pytest

from paretoscope import flops

PROMPT, WINDOW = 26, 7
HEADS, HEAD_SIZE, INDEX_HEADS, INDEX_SIZE = 4, 16, 2, 8
SLIDING, SELECTED, HEAVY = "sliding_attention", "compressed_sparse_attention", "heavily_compressed_attention"
RATES = {SELECTED: 4, HEAVY: 8}
SHAPE = {
    "vocab_size": 96,
    "hidden_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": HEADS,
    "head_dim": HEAD_SIZE,
    "qk_rope_head_dim": 4,
    "q_lora_rank": 12,
    "o_groups": 2,
    "o_lora_rank": 10,
    "sliding_window": WINDOW,
    "index_n_heads": INDEX_HEADS,
    "index_head_dim": INDEX_SIZE,
    "compress_rates": RATES,
    "layer_types": [SLIDING, HEAVY, SELECTED, SELECTED],
    "hc_mult": 3,
    "num_hash_layers": 1,
    "moe_intermediate_size": 24,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "pad_token_id": 0,
}
CASES = {
    "two entries selected": {"index_topk": 2},
    "all entries selected, tied": {"index_topk": 50, "tie_word_embeddings": True},
}
every_case = pytest.mark.parametrize("name", CASES)


@cache
def measured(name):
    """Config as transformers saves it, parameters, and the counter's prefill and decode FLOPs."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model("deepseek_v4", **{**SHAPE, **CASES[name]})
    model = AutoModelForCausalLM.from_config(
        config, attn_implementation="eager", experts_implementation="batched_mm"
    ).eval()
    prompt = torch.zeros((1, PROMPT), dtype=torch.long)
    with torch.no_grad():
        with FlopCounterMode(display=False) as prefill:
            output = model(input_ids=prompt, use_cache=True, logits_to_keep=1)
        with FlopCounterMode(display=False) as decode:
            model(input_ids=prompt[:, :1], past_key_values=output.past_key_values, use_cache=True)
    # The bias that corrects expert selection is a buffer there and a weight of the checkpoint (and of our count).
    biases = [buffer for key, buffer in model.named_buffers() if key.endswith("e_score_correction_bias")]
    parameters = sum(tensor.numel() for tensor in (*model.parameters(), *biases))
    return json.loads(config.to_json_string()), parameters, prefill.get_total_flops(), decode.get_total_flops()


def attended(kind, position, topk):
    """Entries that a token attends beside its window."""
    if kind == SLIDING:
        return 0
    entries = position // RATES[kind]
    return min(entries, topk) if kind == SELECTED else entries


def entries_of(kind, tokens):
    return 0 if kind == SLIDING else tokens // RATES[kind]


PER_KEY, PER_SCORE = 4 * HEADS * HEAD_SIZE, 2 * INDEX_HEADS * INDEX_SIZE


@every_case
def test_parameters(name):
    config, parameters, _, _ = measured(name)
    assert flops.describe(config).parameters.total == parameters


@every_case
def test_prefill(name):
    config, _, counted, _ = measured(name)
    for kind in SHAPE["layer_types"]:
        for i in range(1, PROMPT + 1):
            there, seen = PROMPT + entries_of(kind, PROMPT), min(i, WINDOW) + attended(kind, i, config["index_topk"])
            counted -= PER_KEY * (there - seen)
            if kind == SELECTED:
                scored = entries_of(kind, i)
                counted -= PER_SCORE * (entries_of(kind, PROMPT) - scored) - 2 * INDEX_HEADS * scored
    prefill, _ = flops.completion_flops(flops.describe(config), PROMPT, 1)
    assert prefill == counted


@every_case
def test_one_decode_step(name):
    config, _, _, counted = measured(name)
    for kind in SHAPE["layer_types"]:
        entries = entries_of(kind, PROMPT + 1)
        counted -= PER_KEY * (entries - attended(kind, PROMPT + 1, config["index_topk"]))
        counted += 2 * INDEX_HEADS * entries * (kind == SELECTED)
    _, decode = flops.completion_flops(flops.describe(config), PROMPT, 2)
    assert decode == counted


@every_case
def test_the_released_config_means_the_same(name):
    """The release lists ratios, of one layer more; transformers saves names."""
    config = measured(name)[0]
    ratio = {SLIDING: 0, SELECTED: 4, HEAVY: 128}
    older = {key: value for key, value in config.items() if key not in ("layer_types", "mlp_layer_types")}
    released = {**older, "compress_ratios": [*(ratio[kind] for kind in SHAPE["layer_types"]), 0], "num_hash_layers": 1}
    assert flops.describe(released).layers == flops.describe(config).layers


def test_entries_stand_for_several_tokens_in_the_cache():
    architecture = flops.describe({**SHAPE, "model_type": "deepseek_v4", "index_topk": 2})
    entry, index = 2 * HEAD_SIZE, 2 * INDEX_SIZE
    tokens = 41
    windows = 4 * WINDOW * entry
    assert flops.cache_bytes(architecture, tokens) == windows + 5 * entry + 2 * 10 * (entry + index)
    assert flops.kv_bytes_per_token(architecture) == 4 * entry + entry // 8 + 2 * (entry + index) // 4
