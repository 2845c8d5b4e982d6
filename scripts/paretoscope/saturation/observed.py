"""The saturation point read off a cell's own completions, as the check on a fitted one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import forms
from .curves import Cell
from .resampling import cluster_weights, percentile_interval
from .verdicts import Observed, Saturation


def observed_saturation(cell: Cell, fitted_point: float, gain_points: float) -> Observed:
    """Return where the data themselves stop gaining, and what a doubling gains at a fitted point.

    Parameters
    ----------
    cell : Cell
    fitted_point : float
        Logarithm (base 2) of a budget.
    gain_points : float
        What a doubling must gain to be worth it, in percentage points.

    Notes
    -----
    As in ``budgets``, but at :data:`forms.GRID_STEPS` places per doubling, since a fitted point lies between budgets.
    It assumes no form, so it is right where no form fits; it is also noisier, and a little late where the tail is long.
    """
    x = np.log2(cell.budgets)

    def last(weights: np.ndarray) -> np.ndarray:
        def curve(places: np.ndarray) -> np.ndarray:
            return weights @ _right_within(cell, places) / len(cell.item_ids)

        return forms.last_paying_doubling(curve, gain_points / 100, x.min() - 2, x.max() + 1)

    drawn = last(cluster_weights(len(cell.item_ids)))
    drawn = drawn[~np.isnan(drawn)]
    at_point = _right_within(cell, np.array([fitted_point, fitted_point + 1]))
    gained = 100 * np.diff(at_point, axis=1)[:, 0]
    return Observed(
        float(last(np.ones((1, len(cell.item_ids))))[0]),
        percentile_interval(drawn) if len(drawn) else (np.nan, np.nan),
        float(gained.mean()),
        float(gained.std(ddof=1) / np.sqrt(len(gained))),
    )


def covering(found: Saturation, seen: Observed) -> Saturation:
    """Return the fitted point with an interval that reaches over the observed one where the two points differ.

    They differ where the observed point is outside of the fitted interval. Where it is inside, the form says more than
    the data alone, and its interval stays.
    """
    (low, high), (seen_low, seen_high) = found.interval, seen.interval
    if np.isnan([seen.point, seen_low, low]).any() or low <= seen.point <= high:
        return found
    return replace(found, interval=(min(low, seen_low), max(high, seen_high)))


def _right_within(cell: Cell, places: np.ndarray) -> np.ndarray:
    """Return the share of each item's completions that are right within budgets of these logarithms: (items, k)."""
    # Rounding may put the logarithm of a whole number just below it.
    within = np.log2(cell.tokens)[:, None] <= places + 1e-9
    return cell.item_means((cell.verdicts == "correct")[:, None] & within)
