"""Bounds of time by hand, and their table for cells that were measured."""

import math

import numpy as np
import pandas as pd
import pytest

from paretoscope import flops
from paretoscope.devices import Device
from paretoscope.roofline import ROOFLINE, Phase, cell_bounds, least_seconds, phases
from paretoscope.schema import CELLS, COMPLETIONS, names

CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "tie_word_embeddings": True,
}
ARCHITECTURE = flops.describe(CONFIG)
DEVICE = Device("gpu", "A GPU", 1, 1e9, {"bfloat16": 1e11, "float8": 2e11, "float4": None}, 100, None, ("a GPU",))


@pytest.mark.parametrize(
    ("compute", "memory", "seconds", "limit"),
    [(2.0, 1.0, 2.0, "compute"), (1.0, 2.0, 2.0, "memory"), (1.0, 1.0, 1.0, "compute"), (0.0, 0.0, 0.0, "")],
)
def test_the_slower_side_limits_a_phase(compute, memory, seconds, limit):
    phase = Phase(10.0, 5.0, compute, memory)
    assert (phase.seconds, phase.limit, phase.intensity) == (seconds, limit, 2.0)


def test_phases_may_overlap_so_their_sum_is_no_bound():
    assert least_seconds(Phase(1, 1, 3.0, 1.0), Phase(1, 1, 1.0, 4.0)) == 5.0
    assert least_seconds(Phase(1, 1, 3.0, 1.0), Phase(1, 1, 3.0, 4.0)) == 6.0


def test_phases_by_hand():
    prefill, decode = phases(
        ARCHITECTURE, CONFIG, [10, 30], [5, 7], flops_per_second=100.0, bytes_per_second=10.0, batch=2, kv_dtype_bytes=1
    )
    of_prefill, of_decode = flops.completion_flops(ARCHITECTURE, [10, 30], [5, 7])
    assert (prefill.flops, decode.flops) == (of_prefill.mean(), of_decode.mean())
    assert (prefill.compute_seconds, decode.compute_seconds) == (of_prefill.mean() / 100, of_decode.mean() / 100)
    weights, token = flops.weight_bytes(ARCHITECTURE, CONFIG), 3 * 2 * 2 * 16
    steps = [*range(11, 15), *range(31, 37)]
    assert prefill.memory_seconds == pytest.approx((weights / 2 + 20 * token) / 10)
    assert decode.memory_seconds == pytest.approx((10 * weights / 2 + token * sum(n + 1 for n in steps)) / 2 / 10)


def test_one_token_comes_from_prefill_and_decode_moves_nothing():
    _, decode = phases(ARCHITECTURE, CONFIG, 10, 1, flops_per_second=1.0, bytes_per_second=1.0)
    assert (decode.seconds, decode.limit, decode.intensity) == (0, "", None)


def test_a_larger_batch_moves_decode_from_memory_to_compute():
    limits = [
        phases(ARCHITECTURE, CONFIG, 10, 100, flops_per_second=1e11, bytes_per_second=1e10, batch=batch)[1].limit
        for batch in (1, 1000)
    ]
    assert limits == ["memory", "compute"]


# ---- measured cells ----

ENGINE = {"name": "sglang", "dtype": "bfloat16", "quantization": None, "in_force": {"speculative_algorithm": None}}


def table(columns, **values):
    types = {column.name: column.dtype for column in columns if column.name in values}
    return pd.DataFrame(values).astype(types)


def cells(**changes):
    facts = {
        **{"model": ["tiny"], "benchmark": ["sums"], "kind": ["dense"], "device": ["a GPU"], "gpus": [2]},
        **{"generation_seconds": [8.0], "gpu_seconds": [20.0], "gpu_seconds_per_completion": [4.0], "mfu": [0.25]},
        "energy_joules_per_completion": [300.0],
    }
    return table(CELLS, **{**facts, **{name: [value] for name, value in changes.items()}})


def completions(**changes):
    facts = {
        **{"prompt_tokens": [10, 10, 20, 30], "completion_tokens": [5, 5, 1, 9], "cached_tokens": [0, 9, 0, 0]},
        **{"verify_steps": [None, None, None, None]},
        **{"latency_seconds": [4.0, 4.0, 2.0, 6.0], "looping": False, "item_id": list("aabc"), "sample": [0, 1, 0, 0]},
    }
    return table(COMPLETIONS, **{**facts, **changes}).assign(model="tiny", benchmark="sums")


def bounds(cells_table, completions_table, engine=ENGINE, config=CONFIG):
    metas, configs = {("tiny", "sums"): {"engine": engine}}, {"tiny": config}
    return cell_bounds(cells_table, completions_table, metas, configs, {"a GPU": DEVICE})


def test_a_measured_cell_beside_its_bound():
    row = bounds(cells(), completions()).iloc[0]
    prefill, decode = phases(
        *(ARCHITECTURE, CONFIG, np.array([10, 10, 20, 30]), np.array([5, 5, 1, 9]), np.array([0, 9, 0, 0])),
        flops_per_second=1e11,
        bytes_per_second=1e9,
        batch=2.0,
    )
    assert row["batch_mean"] == 16 / 8
    assert row["ridge_intensity"] == 100
    assert (row["prefill_limit"], row["decode_limit"]) == (prefill.limit, decode.limit) == ("memory", "memory")
    assert (row["prefill_intensity"], row["decode_intensity"]) == (prefill.intensity, decode.intensity)
    assert row["gpu_seconds_least"] == least_seconds(prefill, decode)
    assert row["achieved"] == least_seconds(prefill, decode) / 4
    assert row["energy_joules_least_at_tdp"] == 100 * least_seconds(prefill, decode)
    assert (row["mfu"], row["energy_joules_per_completion"], row["energy_joules_most"]) == (0.25, 300, 100 * 4)
    assert pd.isna(row["note"])


def test_no_more_sequences_share_a_reading_of_the_weights_than_there_are():
    """Latencies that overlap more than the completions can (another clock, a retry): the batch is all of them."""
    row = bounds(cells(generation_seconds=0.5), completions()).iloc[0]
    as_one = bounds(cells(generation_seconds=4.0), completions()).iloc[0]
    assert (row["batch_mean"], as_one["batch_mean"]) == (32, 4)
    assert row["gpu_seconds_least"] == as_one["gpu_seconds_least"]


def test_steps_that_give_several_tokens_lower_the_bound():
    speculative = {**ENGINE, "in_force": {"speculative_algorithm": "EAGLE"}}
    one_by_one = bounds(cells(), completions())["gpu_seconds_least"][0]
    for steps, compare in (([4, 4, None, 8], float.__eq__), ([2, 2, None, 3], float.__gt__)):
        row = bounds(cells(), completions(verify_steps=steps), speculative).iloc[0]
        assert compare(float(one_by_one), float(row["gpu_seconds_least"])) and pd.isna(row["note"])


def test_a_cache_in_8_bits_moves_less():
    fp8 = {**ENGINE, "in_force": {"kv_cache_dtype": "fp8_e4m3"}}
    least = [bounds(cells(), completions(), engine)["gpu_seconds_least"][0] for engine in (ENGINE, fp8)]
    assert least[1] < least[0]


@pytest.mark.parametrize(
    ("changes", "of_completions", "engine", "note"),
    [
        ({"generation_seconds": math.nan}, {}, {}, "not timed"),
        ({"device": "AMD EPYC"}, {}, {}, "no device card reports 'AMD EPYC'"),
        ({"device": None}, {}, {}, "device not known"),
        ({"gpus": None}, {}, {}, "GPU-seconds not known"),
        ({}, {}, {"dtype": "float32"}, "peak at this dtype"),
        ({}, {}, {"quantization": "fp8"}, "the engine quantized the weights"),
        ({}, {}, {"in_force": {"speculative_algorithm": "EAGLE"}}, "speculative decoding"),
        (
            *({}, {"verify_steps": [4, None, None, 8]}),
            *({"in_force": {"speculative_algorithm": "EAGLE"}}, "speculative decoding"),
        ),
        ({}, {"latency_seconds": [1.0, None, 1.0, 1.0]}, {}, "latency_seconds not known"),
        ({}, {"prompt_tokens": [None] * 4}, {}, "prompt_tokens not known"),
    ],
)
def test_without_a_bound_there_is_a_reason(changes, of_completions, engine, note):
    row = bounds(cells(**changes), completions(**of_completions), {**ENGINE, **engine}).iloc[0]
    assert note in row["note"]
    computed = ["batch_mean", "gpu_seconds_least", "achieved", "prefill_limit", "decode_limit"]
    computed.append("energy_joules_least_at_tdp")
    assert row[computed].isna().all()


def test_controls_have_no_row():
    found = bounds(cells(kind="control"), completions())
    assert found.empty and list(found.columns) == names(ROOFLINE)
