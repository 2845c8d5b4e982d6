"""Differences of accuracy between models on the items that both answered, for all pairs at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from ..statistics import NORMAL_95


@dataclass(frozen=True)
class Paired:
    """What all pairs of one benchmark's models differ by; arrays of shape (n_models, n_models), row less column."""

    n_items: np.ndarray
    """Items that both answered."""
    difference: np.ndarray
    """Fractions; NaN without such items."""
    se: np.ndarray
    """Standard error, clustered by item; NaN for fewer than two items."""
    low: np.ndarray
    high: np.ndarray
    null_variance: np.ndarray
    """Of the difference, if both were equally accurate."""


def paired(means: np.ndarray, answered: np.ndarray) -> Paired:
    """Compare all pairs of models on one benchmark.

    Parameters
    ----------
    means : array of shape (n_items, n_models)
        Share of correct samples by item; 0 where the model has no answer.
    answered : array of bool, shape (n_items, n_models)

    Notes
    -----
    The interval is that of Bonett and Price (British Journal of Mathematical and Statistical Psychology 65, 2012): two
    more items are supposed, one that only the first model answers and one that only the second does, so that two
    models which answered alike aren't taken for equal. With several samples per item it stands at the number of
    independent pairs that the standard error implies, as Wilson's does. Under the null hypothesis an item's difference
    is as likely to have the other sign, so that the variance is the sum of their squares; with one sample per item
    the test is McNemar's (1947), without correction for continuity.
    """
    x, h = means.astype(float), answered.astype(float)
    n = h.T @ h
    first, products = x.T @ h, x.T @ x
    squares = (x * x).T @ h
    total = first - first.T
    square_sum = np.maximum(squares + squares.T - 2 * products, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = total / n
        spread = np.maximum(square_sum - n * difference**2, 0)
        se = np.where(n > 1, np.sqrt(spread / np.maximum(n - 1, 1) / n), np.nan)
        discordance = np.clip((first + first.T - 2 * products) / n, 0, 1)
        size = _effective_pairs(discordance - difference**2, se, n)
        low, high = _bonett_price(difference, discordance, size)
        return Paired(n, difference, se, low, high, square_sum / n**2)


def _effective_pairs(variance: np.ndarray, se: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the number of independent pairs of single samples that would give a difference its standard error."""
    design = np.where((variance > 1e-12) & (se > 0), n * se**2 / np.where(variance > 1e-12, variance, 1), 1)
    return n / design


def _bonett_price(difference: np.ndarray, discordance: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centre = difference * n / (n + 2)
    variance = ((n * discordance + 2) / (n + 2) - centre**2) / (n + 2)
    half = NORMAL_95 * np.sqrt(np.maximum(variance, 0))
    # Its centre lies nearer to 0 than the difference, which the interval must hold all the same.
    return np.maximum(np.minimum(centre - half, difference), -1), np.minimum(np.maximum(centre + half, difference), 1)


def average(parts: list[Paired]) -> Paired:
    """Return the differences of the mean over benchmarks, every benchmark counting the same.

    Notes
    -----
    Intervals are combined from the benchmarks' own (MOVER: Zou and Donner, Statistics in Medicine 27, 2008), as those
    of accuracies are.
    """

    def root(values) -> np.ndarray:
        return np.sqrt(sum(value**2 for value in values)) / len(parts)

    difference = sum(part.difference for part in parts) / len(parts)
    return Paired(
        sum(part.n_items for part in parts),
        difference,
        root(part.se for part in parts),
        difference - root(part.difference - part.low for part in parts),
        difference + root(part.high - part.difference for part in parts),
        sum(part.null_variance for part in parts) / len(parts) ** 2,
    )


def p_values(pairs: Paired) -> np.ndarray:
    """Return two-sided p-values of no difference; 1 where no item tells two models apart."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(pairs.difference == 0, 0, np.abs(pairs.difference) / np.sqrt(pairs.null_variance))
    return np.where(np.isnan(pairs.difference), np.nan, 2 * ndtr(-z))


def holm(p: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for their number by the step-down method of Holm (1979).

    Parameters
    ----------
    p : array of shape (k,)
        NaN takes no part.
    """
    order = np.argsort(p)
    known = np.count_nonzero(~np.isnan(p))
    adjusted = np.full(len(p), np.nan)
    steps = p[order[:known]] * np.arange(known, 0, -1)
    adjusted[order[:known]] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
