import math

import pandas as pd
import pytest

from paretoscope import flops
from paretoscope.costs import completion_costs
from paretoscope.errors import InputError
from paretoscope.files import write_jsonl, write_table
from paretoscope.schema import ABSENT_CELLS, CELLS, COMPLETIONS, VERDICTS, names
from paretoscope.summarize import absent_cells, cells_table, completions_table

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
}
META = {
    "generation_seconds": 8.0,
    "load_seconds": 2.0,
    "completion_tokens": 120,
    "peak_memory_bytes": 1000,
    "engine": {"name": "transformers", "version": "5.0", "device": "a CPU"},
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


def completions(rows=ROWS, model="tiny") -> pd.DataFrame:
    keys = ["item_id", "sample", "verdict", "prompt_tokens", "completion_tokens", "prefill_flops", "decode_flops"]
    table = pd.DataFrame(rows, columns=keys).assign(model=model, benchmark="sums")
    return table[names(COMPLETIONS)].astype({column.name: column.dtype for column in COMPLETIONS})


def cell(rows=ROWS, model="tiny", **meta):
    table = cells_table(
        SPEC, completions(rows, model), {(model, "sums"): {**META, **meta}}, {"tiny": CONFIG} if model == "tiny" else {}
    )
    assert len(table) == 1
    return table.iloc[0]


# By hand. Shares of correct samples per item: 1, 1/2, 0; mean 1/2, sample standard deviation 1/2.
ACCURACY_SE = 0.5 / math.sqrt(3)
# Wilson at the effective size n = p(1-p)/se^2 = 0.25/(0.25/3) = 3, with z = 1.959964.
WILSON_HALF = 1.959964 / (3 + 1.959964**2) * math.sqrt(3 * 0.25 + 1.959964**2 / 4)
# Total FLOPs: 110, 130 | 220, 240 | 310, 310; item means 120, 230, 310.
TOTALS_SE = math.sqrt(((120 - 220) ** 2 + (230 - 220) ** 2 + (310 - 220) ** 2) / 2 / 3)
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
    "wrong_rate": 1 / 6,
    "no_answer_rate": 1 / 6,
    "unparsed_rate": 0.0,
    "truncated_rate": 1 / 6,
    "timeout_rate": 0.0,
    "crashed_rate": 0.0,
    "prompt_tokens_mean": 20.0,
    "prompt_tokens_p50": 20.0,
    "prompt_tokens_p95": 30.0,
    "completion_tokens_mean": 20.0,
    "completion_tokens_p50": 15.0,
    "completion_tokens_p95": 37.5,
    "prefill_flops_mean": 200.0,
    "decode_flops_mean": 20.0,
    "total_flops_mean": 220.0,
    "total_flops_se": TOTALS_SE,
    "total_flops_correct_mean": (110 + 130 + 220) / 3,
    "total_flops_incorrect_mean": (240 + 310 + 310) / 3,
    "load_seconds": 2.0,
    "generation_seconds": 8.0,
    "wall_seconds": 10.0,
    "tokens_per_second": 15.0,
    "peak_memory_bytes": 1000.0,
    "engine": "transformers",
    "engine_version": "5.0",
    "device": "a CPU",
    "revision": "0" * 40,
}


def test_every_column_is_in_the_example():
    assert list(EXPECTED) == names(CELLS)


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
    flops_columns = [column for column in EXPECTED if "flops" in column]
    partly = {"total_flops_correct_mean": which & {0, 1, 2}, "total_flops_incorrect_mean": which & {3, 4, 5}}
    for column in [f"{name}_mean", f"{name}_p50", f"{name}_p95", *flops_columns]:
        assert pd.isna(row[column]) == bool(partly.get(column, True)), column
    other = "completion_tokens" if name == "prompt_tokens" else "prompt_tokens"
    assert row[f"{other}_mean"] == EXPECTED[f"{other}_mean"]
    assert row["accuracy"] == 0.5


@pytest.mark.parametrize(
    ("meta", "empty"),
    [
        ({"generation_seconds": None}, {"generation_seconds", "wall_seconds", "tokens_per_second"}),
        ({"load_seconds": None}, {"load_seconds", "wall_seconds"}),
        ({"completion_tokens": None}, {"tokens_per_second"}),
        ({"generation_seconds": 0.0}, {"tokens_per_second"}),
        ({"peak_memory_bytes": None}, {"peak_memory_bytes"}),
        ({"revision": None}, {"revision"}),
        ({"engine": {"name": "recorded", "version": None, "device": None}}, {"engine_version", "device"}),
        ({"engine": {"name": "recorded"}}, {"engine_version", "device"}),
    ],
)
def test_what_was_not_measured_is_empty(meta, empty):
    row = cell(**meta)
    assert {name for name in EXPECTED if pd.isna(row[name])} == empty


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
    write_jsonl(path, ({"item_id": r[0], "sample": r[1], "verdict": r[2], "answer": None, "method": ""} for r in ROWS))
    return path


def write_costs(path, rows):
    keys = ["item_id", "sample", "prompt_tokens", "completion_tokens", "prefill_flops", "decode_flops"]
    write_table(path, pd.DataFrame([(*row[:2], *row[3:]) for row in rows], columns=keys))
    return path


def test_grades_and_costs_are_joined_by_item_and_sample(tmp_path, grades):
    costs = write_costs(tmp_path / "costs.parquet", ROWS[::-1])
    pd.testing.assert_frame_equal(completions_table([("tiny", "sums", grades, costs)]), completions())


def test_a_control_has_no_costs(grades):
    table = completions_table([("oracle", "sums", grades, None)])
    assert table["prompt_tokens"].isna().all() and table["prefill_flops"].isna().all()
    assert list(table.columns) == names(COMPLETIONS)


@pytest.mark.parametrize(
    "rows", [ROWS[:-1], [*ROWS, ("d", 0, "wrong", 1, 1, 1.0, 1.0)], [*ROWS[:-1], ("d", 0, "wrong", 1, 1, 1.0, 1.0)]]
)
def test_grades_and_costs_of_other_completions_are_told(tmp_path, grades, rows):
    costs = write_costs(tmp_path / "costs.parquet", rows)
    with pytest.raises(InputError, match="don't hold the same completions; delete both"):
        completions_table([("tiny", "sums", grades, costs)])


def test_an_unknown_verdict_is_told(tmp_path):
    write_jsonl(tmp_path / "g.jsonl", [{"item_id": "a", "sample": 0, "verdict": "right"}])
    with pytest.raises(InputError, match=r"g\.jsonl: unknown verdicts \['right'\]; delete the file"):
        completions_table([("tiny", "sums", tmp_path / "g.jsonl", None)])


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
