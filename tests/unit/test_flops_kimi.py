"""What Kimi K3 has beside Kimi Linear, against matmuls of one token that are counted by PyTorch's FlopCounterMode."""

import json
from pathlib import Path

import pytest

from paretoscope import flops
from paretoscope.errors import InputError

from .test_flops import K3, KIMI_LINEAR

FOLDER = Path(__file__).parents[2] / "../shared/data/model-configs"
HIDDEN, LATENT, EXPERT, LAYERS, PERIOD = 48, 20, 24, 3, 2


def counted(*products):
    """FLOPs of vectors of size d by matrices of (d, n)."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        for size, width in products:
            torch.ones(1, size) @ torch.ones(size, width)
    return counter.get_total_flops()


def rows_attended():
    """Rows of the residual stream that one token attends, by following what is written as the layers go."""
    banked, rows = 0, 0
    for layer in range(LAYERS):
        rows += banked + 1 if banked else 0  # before attention; with nothing banked there is nothing to choose from
        banked += layer % PERIOD == 0
        rows += banked + 1  # before the FFN
    return rows + banked + 1  # before the head


def difference(key):
    """Component -> what one decoded token, or the weights, take in K3 and not in Kimi Linear."""
    base, k3 = (flops.breakdown(flops.describe(config), 1, 2) for config in (KIMI_LINEAR, K3))
    rows = {name: k3[name][key] - base.get(name, {}).get(key, 0) for name in k3}
    return {name: row for name, row in rows.items() if row}


def test_what_one_token_takes():
    attention_width, delta_width, size = 6 * 14, 40, 10
    low_rank = [(HIDDEN, size), (size, delta_width)]
    expected = {
        # two layers of delta attention whose gate has full rank, one of latent attention with a gate
        "attention projections": counted(*[(HIDDEN, delta_width)] * 2, (HIDDEN, attention_width))
        - counted(*low_rank * 2),
        # two sparse layers: three experts each of three matrices, from 20 channels instead of 48
        "experts": 2 * 3 * (counted(*[(LATENT, EXPERT)] * 3) - counted(*[(HIDDEN, EXPERT)] * 3)),
        "expert projections": 2 * counted((HIDDEN, LATENT), (LATENT, HIDDEN)),
        # a score and a weighted row for each
        "residual attention": rows_attended() * counted((HIDDEN, 1), (1, HIDDEN)),
    }
    assert difference("decode") == expected


def test_weights():
    expected = {
        "norms": 2 * LATENT,
        "attention projections": 2 * (HIDDEN * 40 - 10 * (HIDDEN + 40)) + HIDDEN * 6 * 14,
        "experts": 2 * 8 * 3 * EXPERT * (LATENT - HIDDEN),
        "expert projections": 2 * 2 * HIDDEN * LATENT,
        "residual attention": (2 * LAYERS + 1) * 2 * HIDDEN,
    }
    assert difference("parameters") == expected


def test_the_first_layers_share_a_row_count_with_none_that_follow():
    assert rows_attended() == 0 + 2 + 2 + 2 + 2 + 3 + 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kda_layers": [1, 2], "full_attn_layers": [2]}, "must name each of num_hidden_layers .3. once"),
        ({"kda_layers": [0, 2], "full_attn_layers": [1]}, "must name each of num_hidden_layers .3. once"),
        ({"kda_layers": None}, "'linear_attn_config' has no 'kda_layers'"),
        ({"num_heads": 0}, "'num_heads' must be an integer from 1"),
        ({"num_heads": None}, "'linear_num_heads' is missing"),
    ],
)
def test_layers_that_cannot_be_are_refused(changes, message):
    nested = {**KIMI_LINEAR["linear_attn_config"], **changes}
    with pytest.raises(InputError, match=message):
        flops.describe({**KIMI_LINEAR, "linear_attn_config": nested})


def test_kinds_listed_twice_must_agree():
    kinds = ["linear_attention", "full_attention", "linear_attention"]
    assert flops.describe({**KIMI_LINEAR, "layer_types": kinds}) == flops.describe(KIMI_LINEAR)
    with pytest.raises(InputError, match="'layer_types' and 'linear_attn_config' contradict each other"):
        flops.describe({**KIMI_LINEAR, "layer_types": kinds[::-1][:1] * 3})


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the collection of real configs is not on this machine")
def test_kimi_k3_has_the_parameters_given():
    """2.8T in all, 104.2B of them activated, without the table that is looked up (arXiv 2607.24653)."""
    config = json.loads((FOLDER / "moonshotai--Kimi-K3_config.json").read_text(encoding="utf-8"))
    architecture = flops.describe(config)
    parameters, table = architecture.parameters, architecture.embedding.parameters
    assert (round(parameters.total / 1e12, 1), round((parameters.active - table) / 1e9, 1)) == (2.8, 104.2)
    # The checkpoint has 1,560.9 GB, with the vision tower's, some 0.4B parameters in 16 bits.
    assert 1_560.9e9 - flops.weight_bytes(architecture, config) == pytest.approx(0.9e9, abs=0.2e9)
