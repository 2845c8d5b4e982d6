"""The smallest budget that is enough, read off the curve without a model of its form."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..schema import names
from .curves import Cell
from .resampling import MOST_WITHOUT, cluster_weights, percentile_interval
from .tables import BUDGETS, CELL, STOPPED


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
    where even all of them would not gain enough. Decided on the means; :func:`with_intervals` says how sure that is.
    """
    stopped = curves[curves["source"] == STOPPED]
    rows = [_saturation(curve, gain_points) for _, curve in stopped.groupby(["benchmark", "model"], sort=False)]
    return pd.DataFrame(rows, columns=names(BUDGETS)).astype({column.name: column.dtype for column in BUDGETS})


def with_intervals(budgets: pd.DataFrame, cells: list[Cell]) -> pd.DataFrame:
    """Return the table with an interval for each budget that was found.

    Parameters
    ----------
    budgets : table of BUDGETS
    cells : list of Cell
        As ``curves.known_cells`` gives them.

    Notes
    -----
    The curve is drawn anew from resampled items, and the budget read off each. Empty where more than 2.5 % of the
    resampled curves still gain at their end: then no interval ends within the data.
    """
    table = budgets.set_index(["model", "benchmark"])
    for cell in cells:
        key = cell.about["model"], cell.about["benchmark"]
        row = table.loc[key]
        if pd.isna(row["saturation_budget_tokens"]):
            continue
        drawn = cluster_weights(len(cell.accuracy)) @ cell.accuracy / len(cell.accuracy)
        truncated = cluster_weights(len(cell.truncated)) @ cell.truncated / len(cell.truncated)
        first = _first_enough(cell.budgets, drawn, truncated, row["gain_points"])
        if (first < 0).mean() > MOST_WITHOUT:
            continue
        low, high = percentile_interval(cell.budgets[first[first >= 0]].astype(float), method="closest_observation")
        table.loc[key, ["saturation_budget_low", "saturation_budget_high"]] = int(low), int(high)
    return table.reset_index()[names(BUDGETS)]


def _gains(budgets: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return what doubling each budget gains, in points; accuracy has shape (..., k)."""
    # Past the end of the data a doubling gains at least what is still gained within them.
    doubled = accuracy[..., np.searchsorted(budgets, np.minimum(2 * budgets, budgets[-1]))]
    return np.round(100 * (doubled - accuracy), 9)


def _first_enough(budgets: np.ndarray, accuracy: np.ndarray, truncated_rate, gain_points: float) -> np.ndarray:
    """Return for curves of shape (b, k) the place of the first budget from which on no doubling gains enough, or -1."""
    gains = _gains(budgets, accuracy)
    # What was cut off bounds what more budget could still gain there.
    known = (2 * budgets <= budgets[-1]) | (gains + 100 * np.asarray(truncated_rate)[:, None] < gain_points)
    enough = np.flip(np.logical_and.accumulate(np.flip(gains < gain_points, axis=1), axis=1), axis=1) & known
    return np.where(enough.any(axis=1), enough.argmax(axis=1), -1)


def _saturation(curve: pd.DataFrame, gain_points: float) -> dict:
    budgets = curve["budget_tokens"].to_numpy()
    accuracy = curve["accuracy"].to_numpy()
    last = curve.iloc[-1]
    gains = _gains(budgets, accuracy)
    first = int(_first_enough(budgets, accuracy[None], [last["truncated_rate"]], gain_points)[0])
    last_doubling = gains[max(np.searchsorted(budgets, budgets[-1] / 2, side="right") - 1, 0)]
    row = {column: last[column] for column in names(CELL)} | {
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
    if first < 0:
        return row | {"note": f"not reached: the last doubling still gains {last_doubling:.1f} points"}
    step = 100 / last["n_completions"]
    return row | {
        "saturation_budget_tokens": budgets[first],
        "accuracy_at_budget": accuracy[first],
        "note": f"one completion is worth {step:.1f} points" if step >= gain_points else None,
    }
