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
ONE_SIDED_95 = 1.645


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


@dataclass(frozen=True)
class Observed:
    """Where a cell's completions stop gaining, read off without a form, with a 95 % interval."""

    point: float
    """Logarithm (base 2) of the budget; NaN where no doubling gains enough."""
    interval: tuple[float, float]
    gain: float
    """What a doubling gains at the fitted point, in points, and its standard error."""
    gain_se: float


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


def doubt_about_fit(misfit_points: float, gain_points: float, spread: float) -> str | None:
    """Return why the curve's form is in doubt, None where it isn't.

    Parameters
    ----------
    misfit_points : float
        See :func:`misfit`.
    spread : float
        What the gap may be by chance, in points.
    """
    if misfit_points > max(gain_points, spread):
        return f"no form fits (the best curve is up to {misfit_points:.1f} points off)"
    return None


def doubt_about_agreement(found: Saturation, seen: Observed, gain_points: float) -> str | None:
    """Return why a fitted saturation point contradicts the data it is of, None where it doesn't.

    Parameters
    ----------
    found : Saturation
        As it was fitted, before ``observed.covering`` widened it.
    seen : Observed
    """
    if seen.gain - ONE_SIDED_95 * seen.gain_se >= gain_points:
        return f"no form fits (doubling at the fitted point gains {seen.gain:.1f} points)"
    (low, high), (seen_low, seen_high) = found.interval, seen.interval
    if seen_low > high or seen_high < low:
        return "no form fits (the fitted and the observed budget contradict each other)"
    return None
