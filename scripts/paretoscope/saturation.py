"""Saturation: the accuracy a model reaches within a completion-token budget, and the budget that is enough."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from .schema import MODEL, Column, names
from .statistics import clustered_mean, wilson_interval

_CELL = (
    *MODEL,
    Column("benchmark", "str", "", "benchmark id"),
    Column("benchmark_name", "str", "", "name to show"),
)

CURVES = (
    *_CELL,
    Column("budget_tokens", "int64", "tokens", "completion tokens allowed"),
    Column("accuracy", "float64", "fraction", "correct samples that ended within the budget, mean over items"),
    Column("accuracy_se", "float64", "fraction", "standard error of accuracy, clustered by item"),
    Column("accuracy_low", "float64", "fraction", "lower end of the 95 % interval (Wilson)"),
    Column("accuracy_high", "float64", "fraction", "upper end of the 95 % interval"),
    Column("completion_tokens_mean", "float64", "tokens", "mean tokens spent when stopped at the budget"),
    Column("n_items", "int64", "items", "items graded"),
    Column("n_completions", "int64", "completions", "completions graded"),
    Column("truncated_rate", "float64", "fraction", "completions cut by the token limit, at whatever length"),
)
"""``saturation/curves.csv``: one row per (model, benchmark, budget)."""

BUDGETS = (
    *_CELL,
    Column("saturation_budget_tokens", "Int64", "tokens", "smallest budget from which on no doubling gains enough"),
    Column("accuracy_at_budget", "float64", "fraction", "accuracy within that budget"),
    Column("accuracy", "float64", "fraction", "accuracy without a budget"),
    Column("gain_points", "float64", "percentage points", "what a doubling must gain to be worth it"),
    Column("last_doubling_gain_points", "float64", "percentage points", "gain of the last doubling that was observed"),
    Column("last_budget_tokens", "Int64", "tokens", "largest budget of the curve"),
    Column("n_items", "int64", "items", "items graded"),
    Column("n_completions", "int64", "completions", "completions graded"),
    Column("truncated_rate", "float64", "fraction", "completions cut by the token limit, at whatever length"),
    Column("note", "str", "", "what limits the result, or why there is none"),
)
"""``saturation/budgets.csv``: one row per (model, benchmark)."""

_log = logging.getLogger(__name__)


def budget_grid(smallest: int, largest: int) -> np.ndarray:
    """Return whole budgets from half of ``smallest`` (or less) to ``largest`` (or more), four to a doubling.

    The grid is 4, 5, 6, 7 times the powers of two, and 1, 2, 3: every budget's double is on it.

    Parameters
    ----------
    smallest, largest : int
        Tokens, at least 1.

    Returns
    -------
    array of int, shape (k,)
    """
    powers = 2 ** np.arange(int(np.log2(largest)) + 1)
    grid = np.union1d([1, 2, 3], np.outer(powers, [4, 5, 6, 7]))
    first = np.searchsorted(grid, smallest / 2, side="right") - 1
    return grid[max(first, 0) : np.searchsorted(grid, largest) + 1]


def within_budget(completions: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy against completion-token budget for each model and benchmark.

    A completion counts within a budget if it is correct and no longer than the budget ("stop at B").

    Parameters
    ----------
    completions : table of schema.COMPLETIONS
    cells : table of schema.CELLS
        Says what the models are called and which of them are controls; these are dropped.

    Returns
    -------
    table of CURVES
        The curves of one benchmark start at the same budget and end where the model's own completions end. A cell
        with a completion of unknown length has no curve.

    Notes
    -----
    Intervals are pointwise, and one curve's points share their items. A completion that was cut off counts as wrong
    at every budget. Left out: answers that a model could give when forced to at the budget, and the FLOPs spent there,
    which take the model's architecture and not only its totals.
    """
    real = cells[cells["kind"] != "control"][names(_CELL)]
    lengths = completions.groupby(["model", "benchmark"], observed=True)["completion_tokens"]
    complete = lengths.agg(lambda tokens: tokens.notna().all()).rename("complete").reset_index()
    real = real.merge(complete.astype({"model": "str", "benchmark": "str"}), how="left", on=["model", "benchmark"])
    known = real[real["complete"].eq(True)].drop(columns="complete")
    groups = dict(list(completions.groupby(["model", "benchmark"], observed=True)))
    tables = []
    for _, benchmark in known.groupby("benchmark", sort=False):
        shortest = min(
            _tokens(groups[key]).min() for key in zip(benchmark["model"], benchmark["benchmark"], strict=True)
        )
        for cell in benchmark.to_dict("records"):
            curve = _curve(groups[cell["model"], cell["benchmark"]], shortest)
            tables.append(curve.assign(**cell))
    _log.info("budget curves: %d of %d cells", len(tables), len(real))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names(CURVES))
    return table[names(CURVES)]


def _tokens(completions: pd.DataFrame) -> np.ndarray:
    # An empty completion has length 0, which no logarithmic axis shows.
    return completions["completion_tokens"].to_numpy(dtype="int64").clip(min=1)


def _curve(completions: pd.DataFrame, shortest: int) -> pd.DataFrame:
    tokens = _tokens(completions)
    correct = completions["verdict"].eq("correct").to_numpy()
    truncated_rate = float(completions["verdict"].eq("truncated").mean())
    budgets = budget_grid(shortest, tokens.max())
    if truncated_rate > 0:
        # What happens past the limit isn't known, so the curve ends on it rather than on the grid.
        budgets = np.append(budgets[budgets < tokens.max()], tokens.max())
    items = completions["item_id"].to_numpy()
    mean, se = clustered_mean(correct[:, None] & (tokens[:, None] <= budgets), items)
    n_items = len(np.unique(items))
    low, high = wilson_interval(mean, se, n_items)
    spent, _ = clustered_mean(np.minimum(tokens[:, None], budgets), items)
    return pd.DataFrame(
        {
            "budget_tokens": budgets,
            "accuracy": mean,
            "accuracy_se": se,
            "accuracy_low": low,
            "accuracy_high": high,
            "completion_tokens_mean": spent,
            "n_items": n_items,
            "n_completions": len(completions),
            "truncated_rate": truncated_rate,
        }
    )


def saturation_budgets(curves: pd.DataFrame, gain_points: float = 1.0) -> pd.DataFrame:
    """Return for each curve the smallest budget from which on no doubling gains ``gain_points`` or more.

    Parameters
    ----------
    curves : table of CURVES
    gain_points : float
        Percentage points.

    Returns
    -------
    table of BUDGETS
        Without a budget, and with a note, where the last doubling observed still gains that much, or no completion
        is correct.

    Notes
    -----
    "From which on" keeps the flat start of a curve, where no answer fits yet, from counting as saturation. Past the
    end of the data only completions that were cut off could still become correct: a doubling that ends there counts
    where even all of them would not gain enough. Decided on the means; the intervals take no part.
    """
    rows = [_saturation(curve, gain_points) for _, curve in curves.groupby(["benchmark", "model"], sort=False)]
    table = pd.DataFrame(rows, columns=names(BUDGETS))
    return table.astype({"saturation_budget_tokens": "Int64", "last_budget_tokens": "Int64", "note": "str"})


def _saturation(curve: pd.DataFrame, gain_points: float) -> dict:
    budgets = curve["budget_tokens"].to_numpy()
    accuracy = curve["accuracy"].to_numpy()
    last = curve.iloc[-1]
    # Past the end of the data a doubling gains at least what is still gained within them.
    doubled = accuracy[np.searchsorted(budgets, np.minimum(2 * budgets, budgets[-1]))]
    gains = np.round(100 * (doubled - accuracy), 9)
    # What was cut off bounds what more budget could still gain there.
    known = (2 * budgets <= budgets[-1]) | (gains + 100 * last["truncated_rate"] < gain_points)
    enough = np.flip(np.logical_and.accumulate(np.flip(gains < gain_points))) & known
    last_doubling = gains[max(np.searchsorted(budgets, budgets[-1] / 2, side="right") - 1, 0)]
    row = {column: last[column] for column in names(_CELL)} | {
        "accuracy": accuracy[-1],
        "gain_points": gain_points,
        "last_doubling_gain_points": last_doubling,
        "last_budget_tokens": budgets[-1],
        "n_items": last["n_items"],
        "n_completions": last["n_completions"],
        "truncated_rate": last["truncated_rate"],
    }
    if accuracy[-1] == 0:
        return row | {"note": "no correct completion"}
    if not enough.any():
        return row | {"note": f"not reached: the last doubling still gains {last_doubling:.1f} points"}
    first = int(enough.argmax())
    step = 100 / last["n_completions"]
    return row | {
        "saturation_budget_tokens": budgets[first],
        "accuracy_at_budget": accuracy[first],
        "note": f"one completion is worth {step:.1f} points" if step >= gain_points else None,
    }
