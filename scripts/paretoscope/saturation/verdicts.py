"""What a fitted curve says: its ceiling, where it saturates, and whether the data carry that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from . import forms
from .resampling import MOST_WITHOUT, wide_interval

IDENTIFIED = "identified"
FEWEST_ITEMS = 20
"""Fewer items don't say how items vary, which the resamples rest on."""
CLEARLY_BETTER = 2.0
"""By how much the saturating form's criterion must be the lower one."""
BEYOND = 8.0
"""Doublings past the last budget up to which a curve is followed."""


@dataclass(frozen=True)
class Saturation:
    """Ceiling and saturation point of fitted saturating curves, with 95 % intervals."""

    ceiling: float
    ceiling_interval: tuple[float, float]
    point: float
    """Logarithm (base 2) of the budget; NaN where no doubling gains enough, infinite where all do."""
    interval: tuple[float, float]
    without: float
    """Share of the resamples without a point."""


def saturation(
    shape: str, parameters: np.ndarray, resampled: dict[str, np.ndarray], gain_points: float, x: np.ndarray
) -> Saturation:
    """Return where saturating curves saturate.

    Parameters
    ----------
    shape, parameters
        The curve fitted to the data; parameters of shape (p,), as ``forms.saturating`` takes them.
    resampled : dict
        By shape, parameters of the curves fitted to resamples.
    gain_points : float
        What a doubling must gain to be worth it, in percentage points.
    x : array of shape (k,)
        Logarithms (base 2) of the budgets observed.
    """

    def points(shape: str, parameters: np.ndarray) -> np.ndarray:
        return forms.last_paying_doubling(
            lambda places: forms.saturating(shape, parameters, places), gain_points / 100, x.min() - 2, x.max() + BEYOND
        )

    drawn = np.concatenate([points(*each) for each in resampled.items()])
    ceilings = np.concatenate([expit(each[:, 0]) for each in resampled.values()])
    found = drawn[~np.isnan(drawn)]
    point = float(points(shape, parameters[None])[0])
    ceiling = float(expit(parameters[0]))
    low, high = wide_interval(ceiling, ceilings)
    return Saturation(
        ceiling,
        (max(low, 0.0), min(high, 1.0)),
        point,
        wide_interval(point, found) if len(found) else (np.nan, np.nan),
        float(np.isnan(drawn).mean()),
    )


def best_form(criteria: dict[str, float]) -> str:
    """Return the form with the lowest criterion."""
    return min(criteria, key=criteria.get)


def doubt_about_form(criteria: dict[str, float]) -> str | None:
    """Return why the saturating form isn't established against the others, None where it is."""
    best = best_form(criteria)
    if best != "saturating":
        return f"the {best} form describes it better"
    for form, criterion in criteria.items():
        if form != best and criterion - criteria[best] < CLEARLY_BETTER:
            return f"the {form} form describes it as well"
    return None


def doubt_about_point(found: Saturation, x: np.ndarray, room_points: float, gain_points: float) -> str | None:
    """Return why the saturation point isn't established, None where it is.

    Parameters
    ----------
    x : array of shape (k,)
        Logarithms (base 2) of the budgets observed.
    room_points : float
        What budgets past the last one could still gain at most, in percentage points.
    """
    if np.isnan(found.point) or found.without > MOST_WITHOUT:
        return f"no doubling gains {gain_points:g} points" + (
            "" if np.isnan(found.point) else f" in {100 * found.without:.0f} % of the resamples"
        )
    low, high = found.interval
    if room_points >= gain_points and found.point + 1 > x.max():
        return "the last doubling observed still gains"
    if room_points >= gain_points and high + 1 > x.max():
        return "its interval reaches past the last doubling observed"
    if high - low > np.ptp(x):
        return "its interval is wider than the range observed"
    return None


def misfit(fitted: np.ndarray, accuracy: np.ndarray) -> float:
    """Return the largest gap between a fitted curve and the accuracies, in points."""
    return float(100 * np.abs(fitted - accuracy).max())


def doubt_about_fit(misfit_points: float, gain_points: float, n_items: int) -> str | None:
    """Return why the curve's form is in doubt, None where it isn't.

    A gap is more than chance where it passes the 1 % point of Kolmogorov and Smirnov's distance; for curves that were
    fitted to the same data that is a wide margin.
    """
    allowed = max(gain_points, 163 / np.sqrt(n_items))
    if misfit_points > allowed:
        return f"the curve is up to {misfit_points:.1f} points off"
    return None
