"""FLOPs of tiny block-sparse models against PyTorch's FlopCounterMode over transformers' own class, to the last digit.

transformers selects blocks by a mask over full attention, so the counter sees all scores, T x T in prefill. What the
selection leaves out is put right here from a table of the keys that each token attends.
"""

import json
from functools import cache

import pytest

from paretoscope import flops

PROMPT = 24
HEADS, HEAD_SIZE, INDEX_HEADS, INDEX_SIZE, BLOCK = 6, 12, 2, 8, 4
SHAPE = {
    "vocab_size": 96,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 2,
    "head_dim": HEAD_SIZE,
    "rotary_dim": 4,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "dense_intermediate_size": 96,
    "shared_intermediate_size": 40,
    "index_n_heads": INDEX_HEADS,
    "index_head_dim": INDEX_SIZE,
    "index_block_size": BLOCK,
    "index_topk_blocks": 2,
    "index_local_blocks": 1,
    "layer_types": ["full_attention", "minimax_m3_sparse", "minimax_m3_sparse"],
}
CASES = {
    # id: (change, layers that select, blocks selected)
    "two of six blocks": ({}, 2, 2),
    "a selection past the prompt, a dense layer": (
        {"index_topk_blocks": 9, "mlp_layer_types": ["dense", "sparse", "sparse"]},
        2,
        9,
    ),
    "every layer selects one block, tied": (
        {"index_topk_blocks": 1, "layer_types": ["minimax_m3_sparse"] * 3, "tie_word_embeddings": True},
        3,
        1,
    ),
}
every_case = pytest.mark.parametrize("name", CASES)


@cache
def measured(name):
    """Config as transformers saves it, parameters, and the counter's prefill and decode FLOPs."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model("minimax_m3_vl_text", **{**SHAPE, **CASES[name][0]})
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


def attended(position, blocks):
    """Keys that a token attends: all, or the full blocks selected and its own block up to itself."""
    return min(position, (blocks - 1) * BLOCK + (position - 1) % BLOCK + 1)


@every_case
def test_parameters(name):
    config, parameters, _, _ = measured(name)
    assert flops.describe(config).parameters.total == parameters


@every_case
def test_prefill(name):
    config, _, counted, _ = measured(name)
    _, selecting, blocks = CASES[name]
    full = PROMPT * PROMPT
    causal = PROMPT * (PROMPT + 1) // 2
    selected = sum(attended(i, blocks) for i in range(1, PROMPT + 1))
    per_key = 4 * HEADS * HEAD_SIZE
    masked = per_key * (selecting * (full - selected) + (3 - selecting) * (full - causal))
    masked += selecting * 2 * INDEX_HEADS * INDEX_SIZE * (full - causal)
    prefill, _ = flops.completion_flops(flops.describe(config), PROMPT, 1)
    assert prefill == counted - masked


@every_case
def test_one_decode_step(name):
    config, _, _, counted = measured(name)
    _, selecting, blocks = CASES[name]
    left_out = PROMPT + 1 - attended(PROMPT + 1, blocks)
    _, decode = flops.completion_flops(flops.describe(config), PROMPT, 2)
    assert decode == counted - selecting * 4 * HEADS * HEAD_SIZE * left_out


@every_case
def test_the_released_config_means_the_same(name):
    """The release nests the index and lists layers by 0 and 1; transformers saves names and flat keys."""
    config = measured(name)[0]
    nested = {
        "sparse_attention_freq": [int(kind == "minimax_m3_sparse") for kind in config["layer_types"]],
        "sparse_num_index_heads": config["index_n_heads"],
        "sparse_index_dim": config["index_head_dim"],
        "sparse_block_size": config["index_block_size"],
        "sparse_topk_blocks": config["index_topk_blocks"],
        "sparse_local_block": config["index_local_blocks"],
    }
    flat = {key: value for key, value in config.items() if not key.startswith("index_") and key[-6:] != "_types"}
    moe = [int(kind == "sparse") for kind in config["mlp_layer_types"]]
    released = {**flat, "model_type": "minimax_m3", "sparse_attention_config": nested, "moe_layer_freq": moe}
    assert flops.describe(released).layers == flops.describe(config).layers
