import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import flops, schema
from paretoscope.saturation import (
    BUDGETS,
    CURVES,
    budget_grid,
    known_cells,
    saturation_budgets,
    stopped_curves,
    with_intervals,
)


def tables(*rows, kind="dense", model="m"):
    """Completions of (item, tokens, verdict) of one model on one benchmark, and the cells they belong to."""
    completions = pd.DataFrame(rows, columns=["item_id", "completion_tokens", "verdict"])
    completions = completions.assign(model=model, benchmark="b", sample=0, prompt_tokens=5).astype(
        {
            "completion_tokens": "Int64",
            "prompt_tokens": "Int64",
            "model": "category",
            "benchmark": "category",
            "verdict": "category",
        }
    )
    cell = dict.fromkeys(schema.names(schema.CELLS), np.nan) | {
        "model": model, "model_name": "M", "family": "F", "kind": kind, "type": "reasoning", "benchmark": "b",
        "benchmark_name": "B",
    }  # fmt: skip
    return completions, pd.DataFrame([cell])


def within_budget(completions, cells, architectures=None):
    return stopped_curves(known_cells(completions, cells, architectures or {}))


@pytest.mark.parametrize(
    ("smallest", "largest", "grid"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (6, 6, [3, 4, 5, 6]),
        (20, 33, [10, 12, 14, 16, 20, 24, 28, 32, 40]),
        (9, 16, [4, 5, 6, 7, 8, 10, 12, 14, 16]),
    ],
)
def test_budget_grid(smallest, largest, grid):
    assert list(budget_grid(smallest, largest)) == grid


@given(st.integers(1, 40_000), st.integers(0, 100_000))
def test_budget_grid_holds_every_double(smallest, more):
    grid = budget_grid(smallest, smallest + more)
    assert (np.diff(grid) > 0).all()
    assert grid[0] <= max(smallest / 2, 1)
    assert grid[-1] >= smallest + more
    assert set(2 * grid[2 * grid <= grid[-1]]) <= set(grid)


def test_accuracy_within_a_budget_by_hand():
    curve = within_budget(
        *tables(("i", 4, "correct"), ("i", 8, "wrong"), ("j", 8, "correct"), ("j", 6, "correct"), ("k", 7, "wrong"))
    ).set_index("budget_tokens")
    assert list(curve.index) == [2, 3, 4, 5, 6, 7, 8]
    # Item means at 4 tokens: 1/2, 0, 0. At 6: 1/2, 1/2, 0. At 8: 1/2, 1, 0.
    np.testing.assert_allclose(curve["accuracy"], np.array([0, 0, 1, 1, 2, 2, 3]) / 6)
    assert curve.loc[8, "accuracy_se"] == pytest.approx(0.5 / np.sqrt(3))
    assert curve.loc[6, "completion_tokens_mean"] == pytest.approx((5 + 6 + 6) / 3)
    assert list(curve.reset_index()[schema.names(CURVES)].columns) == schema.names(CURVES)


def test_curves_never_fall():
    rng = np.random.default_rng(0)
    rows = [(f"i{k}", int(rng.lognormal(5, 1)), "correct" if k % 2 else "wrong") for k in range(80)]
    curve = within_budget(*tables(*rows))
    assert (np.diff(curve["accuracy"]) >= 0).all()
    assert (np.diff(curve["completion_tokens_mean"]) >= 0).all()
    assert curve["accuracy"].iloc[-1] == 0.5


def ladder(*groups, n=100):
    """One completion per item; groups of (share, tokens, verdict)."""
    rows = [(tokens, verdict) for share, tokens, verdict in groups for _ in range(round(share * n))]
    return [(f"i{k}", *row) for k, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("groups", "budget", "note"),
    [
        # All answers fit into 60 tokens; doubling 64 gains nothing, and 56 is too small.
        ([(0.9, 60, "correct"), (0.1, 500, "wrong")], 64, None),
        # The late 5 % count, so the plateau from 64 to 256 is not the end.
        ([(0.9, 60, "correct"), (0.05, 500, "correct"), (0.05, 60, "wrong")], 512, None),
        # A doubling that gains just 1 point is worth it; less isn't.
        ([(0.5, 60, "correct"), (0.01, 200, "correct"), (0.49, 60, "wrong")], 224, None),
        ([(0.5, 60, "correct"), (0.005, 200, "correct"), (0.495, 60, "wrong")], 64, None),
        # The limit of 512 tokens cuts off 20 %, and the last doubling still gains.
        (
            [(0.5, 60, "correct"), (0.3, 500, "correct"), (0.2, 512, "truncated")],
            None,
            "not reached: the last doubling still gains 30.0 points",
        ),
        # Cut off as well, but flat for the last doublings.
        ([(0.8, 60, "correct"), (0.2, 512, "truncated")], 64, None),
        # So few are cut off that no budget could gain a point.
        ([(0.5, 60, "correct"), (0.495, 500, "correct"), (0.005, 512, "truncated")], 512, None),
        ([(1.0, 60, "wrong")], None, "no correct completion"),
    ],
)
def test_saturation_budget(groups, budget, note):
    row = saturation_budgets(within_budget(*tables(*ladder(*groups, n=200)))).iloc[0]
    assert (None if pd.isna(row["saturation_budget_tokens"]) else row["saturation_budget_tokens"]) == budget
    assert (None if pd.isna(row["note"]) else row["note"]) == note


def test_coarse_accuracy_is_noted():
    budgets = saturation_budgets(within_budget(*tables(*ladder((1.0, 60, "correct"), n=30))))
    assert budgets["note"][0] == "one completion is worth 3.3 points"
    assert list(budgets.columns) == schema.names(BUDGETS)


@pytest.mark.parametrize(
    "case",
    [tables(("i", 4, "correct"), kind="control"), tables(("i", 4, "correct"), ("j", pd.NA, "wrong"))],
    ids=["control", "unknown length"],
)
def test_cells_without_a_curve(case):
    curves = within_budget(*case)
    assert curves.empty
    assert saturation_budgets(curves).empty


def test_an_empty_completion_and_a_single_item():
    curves = within_budget(*tables(("i", 0, "wrong"), ("i", 1, "correct")))
    assert curves["accuracy"].iloc[-1] == 0.5
    assert np.isnan(curves["accuracy_se"]).all()
    assert curves["accuracy_high"].notna().all()
    assert saturation_budgets(curves)["saturation_budget_tokens"][0] == 1


def test_flops_of_a_budget_are_those_of_completions_stopped_there():
    architecture = flops.describe(
        {
            **{"model_type": "llama", "hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 6},
            **{"num_hidden_layers": 3, "num_key_value_heads": 2, "vocab_size": 100},
        }
    )
    completions, cells = tables(("i", 4, "correct"), ("i", 8, "wrong"), ("j", 8, "correct"))
    curve = within_budget(completions, cells, {"m": architecture}).set_index("budget_tokens")
    cost = lambda tokens: sum(flops.completion_flops(architecture, 5, tokens))  # noqa: E731
    assert curve.loc[6, "budget_flops"] == pytest.approx(cost(6))
    assert curve.loc[6, "total_flops_mean"] == pytest.approx(((cost(4) + cost(6)) / 2 + cost(6)) / 2)
    assert curve.loc[8, "total_flops_mean"] == pytest.approx(((cost(4) + cost(8)) / 2 + cost(8)) / 2)
    assert within_budget(completions, cells)[["budget_flops", "total_flops_mean"]].isna().all(axis=None)
    unknown = completions.assign(prompt_tokens=pd.array([5, pd.NA, 5], dtype="Int64"))
    assert within_budget(unknown, cells, {"m": architecture})["budget_flops"].isna().all()


def test_an_interval_of_the_budget_holds_it_and_is_left_out_where_resamples_do_not_end():
    clear = tables(*ladder((0.8, 60, "correct"), (0.1, 200, "correct"), (0.1, 60, "wrong")))
    known = known_cells(*clear, {})
    row = with_intervals(saturation_budgets(stopped_curves(known)), known).iloc[0]
    assert row["saturation_budget_low"] == row["saturation_budget_tokens"] == row["saturation_budget_high"] == 224
    # Whether 1.4 % or more are cut decides whether the end is known, and chance decides that.
    doubtful = tables(*ladder((0.5, 60, "correct"), (0.49, 500, "correct"), (0.01, 512, "truncated"), n=300))
    known = known_cells(*doubtful, {})
    row = with_intervals(saturation_budgets(stopped_curves(known), 1.2), known).iloc[0]
    assert row["saturation_budget_tokens"] == 512
    assert pd.isna(row["saturation_budget_low"])
