import math

import pandas as pd
import pytest

from paretoscope import flops
from paretoscope.costs import completion_costs
from paretoscope.errors import InputError
from paretoscope.files import read_jsonl, read_table, write_jsonl, write_table
from paretoscope.schema import ABSENT_CELLS, CELLS, COMPLETIONS, VERDICTS, Judgement, names
from paretoscope.summarize import absent_cells, cells_table, completions_table, with_judgements

CONFIG = {
    "model_type": "qwen3",
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
    "vocab_size": 32,
    "tie_word_embeddings": False,
}
SPEC = {
    "models": {
        "tiny": {"name": "Tiny", "family": "Test", "kind": "dense", "type": "instruct", "release_date": "2025-01-31"},
        "oracle": {"name": "Oracle", "family": "Control", "kind": "control", "type": "control", "release_date": None},
    },
    "benchmarks": {"sums": "Sums"},
    "cells": [],
    "absent": [],
    "devices": {
        "a GPU": {
            "id": "gpu",
            "name": "A GPU",
            "memory_bytes": 1,
            "bandwidth_bytes_per_second": 1.0,
            "flops_per_second": {"bfloat16": 500.0, "float8": 1000.0, "float4": None},
            "tdp_watts": 700,
            "price_usd_per_gpu_hour": 3.6,
            "reported_names": ("a GPU",),
        }
    },
}
META = {
    "generation_seconds": 8.0,
    "load_seconds": 2.0,
    "warmup_seconds": 0.5,
    "completion_tokens": 120,
    "gpus": 2,
    "gpu_seconds": 21.0,
    "energy_joules": 3000.0,
    "load_energy_joules": 700.0,
    "peak_memory_bytes": 1000,
    "weights_bytes": 400,
    "kv_cache_bytes": 500,
    "engine": {
        "name": "transformers",
        "version": "5.0",
        "device": "a GPU",
        "dtype": "bfloat16",
        "quantization": "fp8",
        "attention_backend": "fa3",
    },
    "revision": "0" * 40,
}
# item, sample, verdict, prompt tokens, completion tokens, prefill FLOPs, decode FLOPs
ROWS = [
    ("a", 0, "correct", 10, 10, 100.0, 10.0),
    ("a", 1, "correct", 10, 30, 100.0, 30.0),
    ("b", 0, "correct", 20, 20, 200.0, 20.0),
    ("b", 1, "wrong", 20, 40, 200.0, 40.0),
    ("c", 0, "truncated", 30, 10, 300.0, 10.0),
    ("c", 1, "no_answer", 30, 10, 300.0, 10.0),
]
# reasoning tokens, cached tokens, latency, seconds to the first token; whether it loops; the second grader's verdict
MEASURED = {
    "reasoning_tokens": [5, 20, 10, 30, 10, 9],
    "cached_tokens": [0, 10, 0, 10, 0, 10],
    "latency_seconds": [1.0, 3.0, 2.0, 4.0, 1.0, 1.0],
    "first_token_seconds": [0.1, 0.1, 0.1, 0.1, 0.1, 0.7],
    "verify_steps": [5, 10, 8, 20, 5, 9],
    "drafted_tokens": [15, 30, 24, 60, 15, 27],
    "accepted_tokens": [4, 19, 11, 19, 4, 0],
    "looping": [False, False, False, True, True, False],
    "crosscheck": ["correct", "correct", "wrong", "wrong", "undecided", "undecided"],
}
NOT_MEASURED = {**dict.fromkeys(MEASURED), "looping": False, "crosscheck": "undecided"}


def completions(rows=ROWS, model="tiny", **measured) -> pd.DataFrame:
    keys = ["item_id", "sample", "verdict", "prompt_tokens", "completion_tokens", "prefill_flops", "decode_flops"]
    table = pd.DataFrame(rows, columns=keys).assign(model=model, benchmark="sums")
    table = table.assign(**{**(MEASURED if len(rows) == len(ROWS) else NOT_MEASURED), **measured})
    return table[names(COMPLETIONS)].astype({column.name: column.dtype for column in COMPLETIONS})


def cell_of(table: pd.DataFrame, meta: dict):
    model = table["model"].iloc[0]
    cells = cells_table(SPEC, table, {(model, "sums"): meta}, {"tiny": CONFIG} if model == "tiny" else {})
    assert len(cells) == 1
    return cells.iloc[0]


def cell(rows=ROWS, model="tiny", **meta):
    return cell_of(completions(rows, model), {**META, **meta})


# By hand. Shares of correct samples per item: 1, 1/2, 0; mean 1/2, sample standard deviation 1/2.
ACCURACY_SE = 0.5 / math.sqrt(3)
# Wilson at the effective size n = p(1-p)/se^2 = 0.25/(0.25/3) = 3, with z = 1.959964.
WILSON_HALF = 1.959964 / (3 + 1.959964**2) * math.sqrt(3 * 0.25 + 1.959964**2 / 4)
# Total FLOPs: 110, 130 | 220, 240 | 310, 310; item means 120, 230, 310.
TOTALS_SE = math.sqrt(((120 - 220) ** 2 + (230 - 220) ** 2 + (310 - 220) ** 2) / 2 / 3)
# Per prompt token: 2 layers of 576 weights in matmuls, and 32 FLOPs per key attended; the head once. Each item's second
# sample finds its prompt, or 10 tokens of it, in the cache; the last token is computed for all that.
KEYS = [10 * 11 / 2, 10, 20 * 21 / 2, 20 * 21 / 2 - 10 * 11 / 2, 30 * 31 / 2, 30 * 31 / 2 - 10 * 11 / 2]
EXECUTED = (2 * 2 * 576 * (10 + 1 + 20 + 10 + 30 + 20) + 2 * 32 * sum(KEYS) + 6 * 2 * 8 * 32) * 1.0
# A decoded token takes as much, the head too, over the keys before it; one that was rejected what the others take on
# average.
DECODED = [(10, 9, 11), (10, 29, 11), (20, 19, 13), (20, 39, 41), (30, 9, 11), (30, 9, 27)]  # prompt, fed, rejected
EXECUTED_DECODE = sum(
    (fed * (2 * 2 * 576 + 2 * 8 * 32) + 2 * 32 * sum(range(prompt + 1, prompt + 1 + fed))) * (fed + rejected) / fed
    for prompt, fed, rejected in DECODED
)
EXPECTED = {
    "model": "tiny",
    "model_name": "Tiny",
    "family": "Test",
    "kind": "dense",
    "type": "instruct",
    "release_date": "2025-01-31",
    # Two layers of q 8x8, k and v 8x4, o 8x8, three 8x16 matrices, norms 4 + 4 + 8 + 8; a norm; embedding and head.
    "total_parameters": 2 * (64 + 32 + 32 + 64 + 3 * 128 + 24) + 8 + 2 * 32 * 8,
    "active_parameters": None,  # compared below
    "benchmark": "sums",
    "benchmark_name": "Sums",
    "n_items": 3,
    "n_samples": 2,
    "accuracy": 0.5,
    "accuracy_se": ACCURACY_SE,
    "accuracy_low": 0.5 - WILSON_HALF,
    "accuracy_high": 0.5 + WILSON_HALF,
    "accuracy_if_undecided_wrong": 1 / 3,
    "accuracy_if_undecided_right": 0.5,
    "crosschecked_rate": 4 / 6,
    "disagreement_rate": 1 / 4,
    "wrong_rate": 1 / 6,
    "no_answer_rate": 1 / 6,
    "unparsed_rate": 0.0,
    "truncated_rate": 1 / 6,
    "timeout_rate": 0.0,
    "crashed_rate": 0.0,
    "looping_rate": 2 / 6,
    "truncated_looping_rate": 1 / 6,
    "prompt_tokens_mean": 20.0,
    "prompt_tokens_p50": 20.0,
    "prompt_tokens_p95": 30.0,
    "completion_tokens_mean": 20.0,
    "completion_tokens_p50": 15.0,
    "completion_tokens_p95": 37.5,
    "reasoning_tokens_mean": 14.0,
    "cached_tokens_mean": 5.0,
    "prefill_flops_mean": 200.0,
    "decode_flops_mean": 20.0,
    "total_flops_mean": 220.0,
    "total_flops_se": TOTALS_SE,
    "total_flops_correct_mean": (110 + 130 + 220) / 3,
    "total_flops_incorrect_mean": (240 + 310 + 310) / 3,
    "load_seconds": 2.0,
    "warmup_seconds": 0.5,
    "generation_seconds": 8.0,
    "wall_seconds": 10.5,
    "tokens_per_second": 15.0,
    "latency_seconds_p50": 1.5,
    "latency_seconds_p95": 3.75,
    "first_token_seconds_p50": 0.1,
    "first_token_seconds_p95": 0.55,
    "gpus": 2,
    "gpu_seconds": 21.0,
    "energy_joules": 3000.0,
    "load_energy_joules": 700.0,
    "peak_memory_bytes": 1000,
    "weights_bytes": 400,
    "kv_cache_bytes": 500,
    "executed_prefill_flops_mean": EXECUTED / 6,
    "tokens_per_step_mean": 1 + 57 / 57,
    "executed_decode_flops_mean": EXECUTED_DECODE / 6,
    "seconds_per_completion": 8 / 6,
    "gpu_seconds_per_completion": 16 / 6,
    "energy_joules_per_completion": 500.0,
    "usd_per_completion": 16 / 6 * 0.001,
    "mfu": (EXECUTED + 120) / (16 * 1000),
    "engine": "transformers",
    "engine_version": "5.0",
    "device": "a GPU",
    "dtype": "bfloat16",
    "quantization": "fp8",
    "attention_backend": "fa3",
    "revision": "0" * 40,
}


def test_every_column_is_in_the_example():
    assert list(EXPECTED) == [name for name in names(CELLS) if name not in JUDGED]


@pytest.mark.parametrize("column", [name for name in EXPECTED if name != "active_parameters"])
def test_columns_by_hand(column):
    assert cell()[column] == (
        pytest.approx(EXPECTED[column], rel=1e-6) if isinstance(EXPECTED[column], float) else EXPECTED[column]
    )


def test_active_parameters_are_those_of_the_architecture():
    assert cell()["active_parameters"] == flops.describe(CONFIG).parameters.active


def test_rates_and_accuracy_add_up_to_one():
    row = cell()
    rates = [row[f"{verdict}_rate"] for verdict in VERDICTS if verdict != "correct"]
    assert sum(rates) + row["accuracy"] == pytest.approx(1)


def test_tables_have_their_declared_types():
    table = cells_table(SPEC, completions(), {("tiny", "sums"): META}, {"tiny": CONFIG})
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {c.name: c.dtype for c in CELLS}


def without_tokens(name, which):
    position = ["item_id", "sample", "verdict", "prompt_tokens", "completion_tokens"].index(name)
    unknown = {position: None, 5: math.nan, 6: math.nan}
    return [
        tuple(unknown.get(i, value) for i, value in enumerate(row)) if index in which else row
        for index, row in enumerate(ROWS)
    ]


@pytest.mark.parametrize("which", [{0}, {3}, set(range(6))])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_what_is_unknown_is_empty_and_never_0(name, which):
    row = cell(without_tokens(name, which))
    flops_columns = [column for column in EXPECTED if "flops" in column and not column.startswith("executed")]
    partly = {"total_flops_correct_mean": which & {0, 1, 2}, "total_flops_incorrect_mean": which & {3, 4, 5}}
    for column in [f"{name}_mean", f"{name}_p50", f"{name}_p95", *flops_columns]:
        assert pd.isna(row[column]) == bool(partly.get(column, True)), column
    other = "completion_tokens" if name == "prompt_tokens" else "prompt_tokens"
    assert row[f"{other}_mean"] == EXPECTED[f"{other}_mean"]
    assert row["accuracy"] == 0.5


ON_GPUS = {"gpu_seconds_per_completion", "usd_per_completion", "mfu"}
TIMED = {"seconds_per_completion", *ON_GPUS}


@pytest.mark.parametrize(
    ("meta", "empty"),
    [
        ({"generation_seconds": None}, {"generation_seconds", "wall_seconds", "tokens_per_second", *TIMED}),
        ({"load_seconds": None}, {"load_seconds", "wall_seconds"}),
        ({"warmup_seconds": None}, {"warmup_seconds"}),
        ({"completion_tokens": None}, {"tokens_per_second"}),
        ({"generation_seconds": 0.0}, {"tokens_per_second", "usd_per_completion", "mfu"}),
        ({"gpus": None}, {"gpus", *ON_GPUS}),
        ({"energy_joules": None}, {"energy_joules", "energy_joules_per_completion"}),
        ({"load_energy_joules": None}, {"load_energy_joules"}),
        *[({name: None}, {name}) for name in ("peak_memory_bytes", "gpu_seconds")],
        *[({name: None}, {name}) for name in ("weights_bytes", "kv_cache_bytes", "revision")],
        ({"engine": {**META["engine"], "quantization": None}}, {"quantization"}),
        (
            {"engine": {**META["engine"], "version": None, "device": None}},
            {"engine_version", "device", "usd_per_completion", "mfu"},
        ),
        ({"engine": {**META["engine"], "dtype": "float32"}}, {"mfu"}),
        ({"engine": {**META["engine"], "quantization": "a new one"}}, {"mfu"}),
        (
            {"engine": {"name": "recorded"}},
            {"engine_version", "device", "dtype", "quantization", "attention_backend", "usd_per_completion", "mfu"},
        ),
    ],
)
def test_what_was_not_measured_is_empty(meta, empty):
    row = cell(**meta)
    assert {name for name in EXPECTED if pd.isna(row[name])} == empty


def test_a_meta_file_need_not_know_of_gpus():
    energy = {"energy_joules", "load_energy_joules"}
    new = {"warmup_seconds", "gpus", "gpu_seconds", *energy, "weights_bytes", "kv_cache_bytes"}
    row = cell_of(completions(), {key: value for key, value in META.items() if key not in new})
    assert {name for name in EXPECTED if pd.isna(row[name])} == new | ON_GPUS | {"energy_joules_per_completion"}
    assert row["wall_seconds"] == 10


@pytest.mark.parametrize("missing", [[None] * 6, [1, 2, 3, 4, 5, None]])
@pytest.mark.parametrize("name", ["reasoning_tokens", "cached_tokens", "latency_seconds", "first_token_seconds"])
def test_what_is_not_measured_of_every_completion_is_empty(name, missing):
    row = cell_of(completions(**{name: missing}), META)
    empty = {c for c in EXPECTED if c.startswith(f"{name}_")}
    empty |= {"executed_prefill_flops_mean"} if name == "cached_tokens" else set()
    assert {column for column in EXPECTED if pd.isna(row[column])} == empty


def test_without_word_of_a_cache_the_whole_prefill_was_executed():
    row = cell_of(completions(cached_tokens=[None] * 6), META)
    assert row["mfu"] == pytest.approx((1200 + 120) / (16 * 1000))


@pytest.mark.parametrize(
    ("engine", "config", "peak"),
    [
        ({"quantization": None}, {}, 500),
        ({"quantization": None}, {"quantization_config": {"quant_method": "fp8"}}, 1000),
        ({"quantization": "awq"}, {}, 500),
        ({"quantization": "mxfp4"}, {}, 500),  # the device has no 4-bit arithmetic
        ({"quantization": "fp8", "dtype": "float16"}, {}, 1000),
    ],
)
def test_utilisation_is_of_the_peak_that_the_weights_allow(engine, config, peak):
    meta = {**META, "engine": {**META["engine"], **engine}}
    cells = cells_table(SPEC, completions(), {("tiny", "sums"): meta}, {"tiny": {**CONFIG, **config}})
    assert cells["mfu"][0] == pytest.approx((EXECUTED + 120) / (16 * peak))


def test_no_price_no_dollars():
    devices = {"a GPU": {**SPEC["devices"]["a GPU"], "price_usd_per_gpu_hour": None}}
    cells = cells_table({**SPEC, "devices": devices}, completions(), {("tiny", "sums"): META}, {"tiny": CONFIG})
    assert cells["usd_per_completion"].isna().all() and cells["mfu"].notna().all()


@pytest.mark.parametrize(
    ("looping", "rate", "truncated_rate"),
    [
        ([False] * 6, 0, 0),
        ([True] * 6, 1, 1 / 6),
        ([False, False, False, False, True, False], 1 / 6, 1 / 6),
        ([True, False, False, False, False, True], 2 / 6, 0),
    ],
)
def test_looping_is_counted_whatever_the_verdict(looping, rate, truncated_rate):
    row = cell_of(completions(looping=looping), META)
    assert (row["looping_rate"], row["truncated_looping_rate"]) == pytest.approx((rate, truncated_rate))
    assert row["truncated_rate"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("verdicts", "crosschecks", "expected"),
    [
        # Of one sample of each of four items: bounds, share decided by the second, share of disagreements.
        ("correct correct wrong wrong", "correct correct wrong wrong", (0.5, 0.5, 1, 0)),
        ("correct correct wrong wrong", "correct wrong wrong correct", (0.25, 0.75, 1, 0.5)),
        ("correct unparsed timeout crashed", "correct correct undecided wrong", (0.25, 1, 0.75, 0)),
        ("correct no_answer no_answer wrong", "correct correct wrong wrong", (0.25, 0.5, 1, 0.25)),
        ("correct truncated truncated wrong", "correct correct wrong wrong", (0.25, 0.25, 1, 0)),
        ("correct wrong wrong wrong", "undecided undecided undecided undecided", (0.25, 0.25, 0, None)),
    ],
)
def test_what_the_second_grader_says_of_the_first(verdicts, crosschecks, expected):
    rows = [(item, 0, verdict, 10, 10, 1.0, 1.0) for item, verdict in zip("abcd", verdicts.split(), strict=True)]
    row = cell_of(completions(rows, crosscheck=crosschecks.split()), META)
    names_of = ["accuracy_if_undecided_wrong", "accuracy_if_undecided_right", "crosschecked_rate", "disagreement_rate"]
    assert [None if pd.isna(row[name]) else row[name] for name in names_of] == pytest.approx(list(expected))
    assert row["accuracy_if_undecided_wrong"] <= row["accuracy"] <= row["accuracy_if_undecided_right"]


def test_counts_are_written_as_whole_numbers(tmp_path):
    metas = {("tiny", "sums"): META, ("oracle", "sums"): CONTROL_META}
    both = pd.concat([completions(), completions(control_rows("correct", "correct"), "oracle")], ignore_index=True)
    table = cells_table(SPEC, both.astype({c.name: c.dtype for c in COMPLETIONS}), metas, {"tiny": CONFIG})
    write_table(tmp_path / "cells.csv", table)
    header, tiny, oracle = (line.split(",") for line in (tmp_path / "cells.csv").read_text().splitlines())
    tiny, oracle = dict(zip(header, tiny, strict=True)), dict(zip(header, oracle, strict=True))
    for name in ("n_items", "n_samples", "gpus", "peak_memory_bytes", "weights_bytes", "total_parameters"):
        assert tiny[name] == str(EXPECTED[name])
        assert oracle[name] in ("", "3", "1")
    counts = [column.name for column in CELLS if column.dtype.lower() == "int64"]
    pd.testing.assert_frame_equal(read_table(tmp_path / "cells.csv", CELLS)[counts], table[counts])


def test_all_correct_and_all_wrong_leave_the_other_mean_empty():
    right = cell([(*row[:2], "correct", *row[3:]) for row in ROWS])
    wrong = cell([(*row[:2], "wrong", *row[3:]) for row in ROWS])
    assert (right["accuracy"], right["accuracy_se"]) == (1, 0) and 0 < right["accuracy_low"] < right[
        "accuracy_high"
    ] == 1
    assert (wrong["accuracy"], wrong["accuracy_low"]) == (0, 0) and 0 < wrong["accuracy_high"] < 1
    assert pd.isna(right["total_flops_incorrect_mean"]) and right["total_flops_correct_mean"] == 220
    assert pd.isna(wrong["total_flops_correct_mean"]) and wrong["total_flops_incorrect_mean"] == 220


def test_one_item_has_no_standard_error():
    row = cell(ROWS[:2])
    assert pd.isna(row["accuracy_se"]) and pd.isna(row["total_flops_se"])
    assert row["total_flops_mean"] == 120


# Controls.

CONTROL_META = {
    "engine": {"name": "oracle", "version": "1", "device": "none"},
    "generation_seconds": None,
    "load_seconds": None,
    "completion_tokens": None,
    "peak_memory_bytes": None,
    "revision": None,
}


def control_rows(verdict, last):
    return [(item, 0, last if item == "c" else verdict, None, None, math.nan, math.nan) for item in "abc"]


def test_a_control_that_scores_what_it_must_has_a_row_without_costs():
    row = cell(control_rows("correct", "correct"), "oracle", **CONTROL_META)
    assert row["accuracy"] == 1 and row["release_date"] == ""
    assert all(pd.isna(row[name]) for name in EXPECTED if "flops" in name or "tokens" in name or "parameters" in name)


@pytest.mark.parametrize(
    ("engine", "verdict", "last", "what"),
    [
        ("oracle", "correct", "wrong", "the control oracle scored 0.6667 on sums instead of 1.0"),
        ("oracle", "correct", "timeout", "instead of 1.0"),
        ("empty", "no_answer", "correct", "scored 0.3333 on sums instead of 0.0"),
    ],
)
def test_a_control_that_misses_its_score_is_told(engine, verdict, last, what):
    with pytest.raises(InputError, match=what):
        cell(control_rows(verdict, last), "oracle", **{**CONTROL_META, "engine": {"name": engine}})


# From files.


@pytest.fixture
def grades(tmp_path):
    path = tmp_path / "grades.jsonl.zst"
    rows = ({"item_id": r[0], "sample": r[1], "verdict": r[2], "answer": None, "method": ""} for r in ROWS)
    write_jsonl(path, ({**row, "looping": loops} for row, loops in zip(rows, MEASURED["looping"], strict=True)))
    return path


@pytest.fixture
def crosschecks(tmp_path):
    path = tmp_path / "crosschecks.jsonl.zst"
    rows = zip(ROWS, MEASURED["crosscheck"], strict=True)
    write_jsonl(path, ({"item_id": r[0], "sample": r[1], "verdict": verdict, "answer": None} for r, verdict in rows))
    return path


def write_costs(path, rows):
    keys = ["item_id", "sample", "prompt_tokens", "completion_tokens", "prefill_flops", "decode_flops"]
    write_table(path, pd.DataFrame([(*row[:2], *row[3:]) for row in rows], columns=keys))
    return path


def write_stats(path, rows=ROWS, **measured):
    values = zip(rows, *(measured.get(name) or MEASURED[name] for name in STATS), strict=True)
    of_attempt = {"attempt": "attempt 1", "wall_seconds": 1.0}
    write_jsonl(
        path,
        ({"item_id": r[0], "sample": r[1], **of_attempt, **dict(zip(STATS, v, strict=True))} for r, *v in values),
    )
    return path


SPECULATION = ["verify_steps", "drafted_tokens", "accepted_tokens"]
STATS = ["reasoning_tokens", "cached_tokens", "latency_seconds", "first_token_seconds", *SPECULATION]


@pytest.fixture
def stats(tmp_path):
    return write_stats(tmp_path / "stats.jsonl.zst")


def test_files_of_a_cell_are_joined_by_item_and_sample(tmp_path, grades, crosschecks, stats):
    costs = write_costs(tmp_path / "costs.parquet", ROWS)
    pd.testing.assert_frame_equal(
        completions_table([("tiny", "sums", grades, crosschecks, stats, costs)]), completions()
    )
    turned = write_costs(tmp_path / "turned.parquet", ROWS[::-1])
    others = write_stats(
        tmp_path / "turned.jsonl.zst",
        ROWS[2:] + ROWS[:2],
        **{name: MEASURED[name][2:] + MEASURED[name][:2] for name in STATS},
    )
    pd.testing.assert_frame_equal(
        completions_table([("tiny", "sums", grades, crosschecks, others, turned)]), completions()
    )


def test_statistics_of_an_older_run_know_nothing_of_speculation(tmp_path, grades, crosschecks, stats):
    costs = write_costs(tmp_path / "costs.parquet", ROWS)
    older = tmp_path / "older.jsonl.zst"
    write_jsonl(older, ({k: v for k, v in row.items() if k not in SPECULATION} for _, row in read_jsonl(stats)))
    table = completions_table([("tiny", "sums", grades, crosschecks, older, costs)])
    assert table[SPECULATION].isna().all(axis=None) and table["cached_tokens"].notna().all()


def test_without_word_of_a_completion_speculation_is_not_summed_up():
    partly = cell_of(completions(accepted_tokens=[4, 19, 11, 19, None, 0]), META)
    assert pd.isna(partly["tokens_per_step_mean"]) and pd.isna(partly["executed_decode_flops_mean"])


def test_a_completion_of_one_token_takes_no_step():
    rows = [(*row[:4], 1, *row[5:]) if index == 4 else row for index, row in enumerate(ROWS)]
    steps = {name: [None if i == 4 else count for i, count in enumerate(MEASURED[name])] for name in SPECULATION}
    row = cell_of(completions(rows, **steps), META)
    assert row["tokens_per_step_mean"] == pytest.approx(1 + 53 / 52)
    assert 0 < row["executed_decode_flops_mean"] < EXPECTED["executed_decode_flops_mean"]


def test_a_control_has_no_costs(tmp_path, grades, crosschecks):
    stats = write_stats(tmp_path / "stats.jsonl.zst", **{name: [None] * len(ROWS) for name in STATS})
    table = completions_table([("oracle", "sums", grades, crosschecks, stats, None)])
    assert table[["prompt_tokens", "prefill_flops", *STATS]].isna().all(axis=None)
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {c.name: c.dtype for c in COMPLETIONS}


OTHERS = [
    ROWS[:-1],
    [*ROWS, ("d", 0, "wrong", 1, 1, 1.0, 1.0)],
    [*ROWS[:-1], ("d", 0, "wrong", 1, 1, 1.0, 1.0)],
    [*ROWS[:-1], ROWS[0]],
    [],
]


@pytest.mark.parametrize("rows", OTHERS, ids=["less", "more", "another", "double", "none"])
def test_files_of_other_completions_are_told(tmp_path, grades, crosschecks, stats, rows):
    costs = write_costs(tmp_path / "costs.parquet", rows)
    with pytest.raises(InputError, match=r"costs.parquet don't hold the same completions; delete both"):
        completions_table([("tiny", "sums", grades, crosschecks, stats, costs)])
    measured = {name: [None] * len(rows) for name in STATS}
    other = write_stats(tmp_path / "other.jsonl.zst", rows, **measured) if rows else tmp_path / "empty.jsonl"
    if not rows:
        other.touch()
    with pytest.raises(InputError, match=r"jsonl(\.zst)? don't hold the same completions; delete both"):
        completions_table([("tiny", "sums", grades, crosschecks, other, None)])


@pytest.mark.parametrize(
    ("which", "missing"), [("grades", "looping"), ("crosschecks", "verdict"), ("stats", "cached_tokens")]
)
def test_a_file_of_an_older_version_is_told(tmp_path, grades, crosschecks, stats, which, missing):
    paths = {"grades": grades, "crosschecks": crosschecks, "stats": stats}
    rows = [{key: value for key, value in row.items() if key != missing} for _, row in read_jsonl(paths[which])]
    write_jsonl(paths[which], rows)
    with pytest.raises(InputError, match=f"{which}.jsonl.zst: a row has no '{missing}'; delete the file"):
        completions_table([("tiny", "sums", grades, crosschecks, stats, None)])


def test_an_unknown_verdict_is_told(tmp_path, grades, crosschecks):
    write_jsonl(tmp_path / "g.jsonl", [{"item_id": "a", "sample": 0, "verdict": "right", "looping": False}])
    none = tmp_path / "none.jsonl"
    with pytest.raises(InputError, match=r"g\.jsonl: unknown verdicts \['right'\]; delete the file"):
        completions_table([("tiny", "sums", tmp_path / "g.jsonl", crosschecks, none, None)])
    with pytest.raises(InputError, match=r"g\.jsonl: unknown verdicts \['right'\]; delete the file"):
        completions_table([("tiny", "sums", grades, tmp_path / "g.jsonl", none, None)])


def test_no_cells_make_empty_tables_of_the_right_columns():
    assert list(completions_table([]).columns) == names(COMPLETIONS)
    assert list(cells_table(SPEC, completions_table([]), {}, {}).columns) == names(CELLS)
    assert list(absent_cells(SPEC).columns) == names(ABSENT_CELLS)


def test_absent_cells_have_their_reasons():
    table = absent_cells({**SPEC, "absent": [("tiny", "sums", "too large"), ("oracle", "sums", "not finished")]})
    assert table.to_dict("records") == [
        {"model": "tiny", "benchmark": "sums", "reason": "too large"},
        {"model": "oracle", "benchmark": "sums", "reason": "not finished"},
    ]


def test_several_cells_keep_the_order_of_the_grid():
    both = pd.concat([completions(), completions(control_rows("correct", "correct"), "oracle")], ignore_index=True)
    both = both.astype({column.name: column.dtype for column in COMPLETIONS})
    metas = {("oracle", "sums"): CONTROL_META, ("tiny", "sums"): META}
    table = cells_table(SPEC, both, metas, {"tiny": CONFIG})
    assert list(table["model"]) == ["oracle", "tiny"] and list(table["n_samples"]) == [1, 2]


@pytest.fixture
def config(tmp_path):
    import json

    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path / "config.json"


def test_costs_are_those_of_the_flop_counter_and_empty_where_tokens_are_unknown(tmp_path, config):
    tokens = [(9, 5), (None, 5), (9, None), (12, 0)]
    rows = [
        {"item_id": str(i), "sample": 0, "prompt_tokens": p, "completion_tokens": c} for i, (p, c) in enumerate(tokens)
    ]
    write_jsonl(tmp_path / "c.jsonl", rows)
    table = completion_costs(tmp_path / "c.jsonl", config)
    prefill, decode = flops.completion_flops(flops.describe(CONFIG), [9, 12], [5, 0])
    assert table["prefill_flops"].dropna().tolist() == prefill.tolist()
    assert table["decode_flops"].dropna().tolist() == decode.tolist()
    assert table["prefill_flops"].isna().tolist() == [False, True, True, False]
    assert table["decode_flops"].isna().tolist() == [False, True, True, False]
    assert table["prompt_tokens"].isna().tolist() == [False, True, False, False]


def test_costs_where_no_tokens_are_known_at_all(tmp_path, config):
    rows = [{"item_id": "a", "sample": 0, "prompt_tokens": None, "completion_tokens": 4}]
    write_jsonl(tmp_path / "c.jsonl", rows)
    table = completion_costs(tmp_path / "c.jsonl", config)
    assert table["prefill_flops"].isna().all() and table["completion_tokens"].tolist() == [4]


# The judge.

JUDGED = {
    "judge": "judge",
    "judged_rate": 2 / 6,
    "accuracy_with_judge": 2 / 3,  # the second sample of b is right then
    "judge_flops_mean": 3030 / 6,
}


def judged_cell(judgements):
    cells = cells_table(SPEC, completions(), {("tiny", "sums"): META}, {"tiny": CONFIG})
    return with_judgements(cells, completions(), "judge", {("tiny", "sums"): judgements}).iloc[0]


def test_columns_of_the_judge_by_hand():
    said = [Judgement("b", 1, "correct", 1000.0, 10.0), Judgement("c", 1, "undecided", 2000.0, 20.0)]
    assert judged_cell(said)[list(JUDGED)].to_dict() == pytest.approx(JUDGED)


@pytest.mark.parametrize(
    ("judgements", "accuracy"),
    [
        ([], 1 / 2),
        ([("b", 1, "correct")], 2 / 3),
        ([("b", 0, "wrong")], 1 / 3),
        ([("b", 1, "wrong"), ("c", 0, "wrong")], 1 / 2),
        ([("b", 1, "undecided"), ("b", 0, "undecided")], 1 / 2),
        ([("c", 0, "correct"), ("c", 1, "correct"), ("a", 0, "wrong")], 2 / 3),
    ],
)
def test_the_judges_word_counts_where_it_has_one(judgements, accuracy):
    judged = judged_cell([Judgement(*judgement, 5.0, 1.0) for judgement in judgements])
    assert judged["accuracy_with_judge"] == pytest.approx(accuracy)
    assert judged["judged_rate"] == pytest.approx(len(judgements) / 6)
    assert judged["judge_flops_mean"] == pytest.approx(len(judgements))
    assert judged.drop(list(JUDGED)).equals(cell().drop(list(JUDGED)))


def test_cells_without_a_judge_say_nothing_of_it():
    cells = cells_table(SPEC, completions(), {("tiny", "sums"): META}, {"tiny": CONFIG})
    assert cells[list(JUDGED)].isna().all(axis=None)
    assert with_judgements(cells, completions(), None, {}).equals(cells)


def test_a_judgement_of_an_unknown_completion_is_told():
    with pytest.raises(InputError, match=r"tiny x sums: judged is \('z', 0\), which it doesn't have"):
        judged_cell([Judgement("z", 0, "correct", 1.0, 1.0)])
