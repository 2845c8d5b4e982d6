"""Power: how many samples per item an interval of a wanted width or a difference of a wanted size needs.

Two questions have two answers. *These items*: how often does the model solve just these items? Only the drawing of
samples makes that unsure, and more samples make it as sure as one likes. *Such items*: how often does it solve items of
this kind, of which these are a sample? There the choice of items stays, and no number of samples goes below what it
leaves.

``python -m paretoscope.power --items 30 --accuracy 0.6 --half-width 0.05``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..statistics import NORMAL_95, wilson_interval

POWER = 0.8
"""Probability of finding a difference that is there, at the two-sided level of 5 %."""
_DETECTABLE = NORMAL_95 + float(ndtri(POWER))
"""Standard errors that a difference must measure to be found with that power."""
MOST = 10**9
"""Samples or items beyond which a number counts as out of reach."""


@dataclass(frozen=True)
class Scatter:
    """How a value scatters over the items of one benchmark and over the samples of an item."""

    n_items: int
    mean: float
    """Mean over items of the item means."""
    total: float
    """Variance of the item means as they are; NaN for a single item."""
    within: float | None
    """Variance of a single sample about its item's own mean; None where no item has two samples to show it."""
    sampled: float | None
    """What it adds to ``total`` as things stand: ``within`` over the number of samples."""

    @property
    def between(self) -> float | None:
        """Variance of the items' own means: what is left of ``total``; None where ``within`` is."""
        return None if self.sampled is None else max(self.total - self.sampled, 0.0)


def item_table(values, items) -> pd.DataFrame:
    """Return mean, variance (ddof 1; NaN for one sample) and number of samples of each item, by its id."""
    return pd.Series(np.asarray(values, dtype=float)).groupby(np.asarray(items)).agg(["mean", "var", "size"])


def scatter(table: pd.DataFrame) -> Scatter:
    """Split the variance of one cell into what its items and what their samples make.

    Parameters
    ----------
    table : DataFrame
        From :func:`item_table`.

    Notes
    -----
    The variance of item means has the expectation between + within E[1/k] for items of k samples (law of total
    variance; Miller, arXiv 2411.00640, on resampling); within is the mean of the items' own sample variances. Left out:
    that both are estimates, which few items or samples leave rough.
    """
    within, sampled = _within(table)
    return Scatter(len(table), float(table["mean"].mean()), float(table["mean"].var()), within, sampled)


def paired_scatter(one: pd.DataFrame, other: pd.DataFrame) -> Scatter:
    """Split the variance of the difference, one less other, over the items that both answered.

    Parameters
    ----------
    one, other : DataFrame
        From :func:`item_table`.

    Notes
    -----
    ``within`` is the sum of both models' (Miller, arXiv 2411.00640, on power analysis: omega^2 + sigma_A^2 / K_A +
    sigma_B^2 / K_B), so that it goes down with samples of both.
    """
    shared = one.index.intersection(other.index)
    one, other = one.loc[shared], other.loc[shared]
    difference = one["mean"] - other["mean"]
    parts = [_within(one), _within(other)]
    known = all(within is not None for within, _ in parts)
    within, sampled = (sum(part) for part in zip(*parts, strict=True)) if known else (None, None)
    return Scatter(len(shared), float(difference.mean()), float(difference.var()), within, sampled)


def _within(table: pd.DataFrame) -> tuple[float | None, float | None]:
    if not (table["size"] > 1).any():
        return None, None
    within = float(table["var"].mean())  # over the items that have two samples or more
    return within, within * float((1 / table["size"]).mean())


def half_width_of_these(within: float, n_items: int, samples: float) -> float:
    """Return half the width of the 95 % interval of the accuracy on just these items (normal approximation).

    Parameters
    ----------
    within : float
        As in :class:`Scatter`.
    n_items, samples : int
        Items, and samples of each.
    """
    return NORMAL_95 * sqrt(within / (n_items * samples))


def half_width_of_such(accuracy: float, within: float, between: float, n_items: int, samples: float = inf) -> float:
    """Return half the width of the 95 % interval of the accuracy on such items, as the cells table will give it.

    Parameters
    ----------
    accuracy : float
        Fraction.
    within, between : float
        As in :class:`Scatter`.
    n_items : int
    samples : float
        Samples of each item; infinitely many give what the items alone leave.

    Notes
    -----
    Of the Wilson interval at the standard error sqrt((between + within / samples) / n_items), see
    :func:`paretoscope.statistics.wilson_interval`.
    """
    # A standard error of exactly 0 stands for one that isn't known.
    error = max(sqrt((between + within / samples) / n_items), 1e-12)
    low, high = wilson_interval(accuracy, error, n_items)
    return float(high - low) / 2


def samples_for_these(within: float, n_items: int, half_width: float) -> int:
    """Return the samples per item after which the accuracy on just these items is known within ``half_width``."""
    return max(_whole(within / n_items * (NORMAL_95 / half_width) ** 2), 1)


def samples_for_such(accuracy: float, within: float, between: float, n_items: int, half_width: float) -> int | None:
    """Return the samples per item after which the interval on such items is that narrow; None where it never is.

    Parameters are those of :func:`half_width_of_such`.
    """

    def reached(samples: float) -> bool:
        return half_width_of_such(accuracy, within, between, n_items, samples) <= half_width

    return _least(reached) if reached(inf) else None


def items_for_such(accuracy: float, within: float, between: float, samples: int, half_width: float) -> int | None:
    """Return how many items of so many samples the interval needs to be that narrow; parameters as above."""
    return _least(lambda items: half_width_of_such(accuracy, within, between, items, samples) <= half_width)


def detectable(variance: float) -> float:
    """Return the smallest true difference that is found with the power :data:`POWER`, of an estimate's variance.

    Notes
    -----
    (z_0.975 + z_0.8) standard errors: the minimum detectable effect of a two-sided z-test (Miller, arXiv 2411.00640, on
    power analysis).
    """
    return _DETECTABLE * sqrt(variance)


def samples_to_detect(floor: float, noise: float, difference: float) -> int | None:
    """Return the samples per item of both models that find a true difference with the power :data:`POWER`.

    Parameters
    ----------
    floor : float
        Variance of the estimated difference that stays however many samples there are.
    noise : float
        What one sample per item adds to it, and k samples a k-th of.
    difference : float
        Not negative.

    Returns
    -------
    int or None
        None where the floor is too high, or the difference is 0.
    """
    left = (difference / _DETECTABLE) ** 2 - floor
    if left <= 0 or noise / left > MOST:
        return None
    return max(_whole(noise / left), 1)


def _least(reached: Callable[[int], bool]) -> int | None:
    """Return the least whole number that reaches something which every larger one reaches too."""
    high = 1
    while not reached(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _whole(number: float) -> int:
    """Round up, but not past a whole number for an error of rounding."""
    return ceil(number * (1 - 1e-12))


__all__ = [
    "POWER",
    "Scatter",
    "detectable",
    "half_width_of_such",
    "half_width_of_these",
    "item_table",
    "items_for_such",
    "paired_scatter",
    "samples_for_such",
    "samples_for_these",
    "samples_to_detect",
    "scatter",
]
