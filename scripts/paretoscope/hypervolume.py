"""Hypervolume of compute-accuracy frontiers: the area that a set of models commands, in decades of cost."""

from __future__ import annotations

import numpy as np

DECADES_BEYOND = 1
"""How far the reference point lies past the dearest model, which would else add nothing."""


def reference_cost(cost) -> float:
    """Return the cost of the reference point of a set of models: ten times that of the dearest.

    Parameters
    ----------
    cost : array of shape (n,)
        NaN takes no part; 1 where there is nothing else.
    """
    known = np.asarray(cost, dtype=float)
    return float(10**DECADES_BEYOND * np.max(known[np.isfinite(known)], initial=0.0)) or 1.0


def hypervolume(cost, accuracy, reference_cost: float):
    """Return the area that models dominate in the plane of log10 cost and accuracy.

    Parameters
    ----------
    cost : array of shape (..., n)
        Cost of each of n models, of any unit, positive. NaN takes no part.
    accuracy : array of shape (..., n)
        Fractions. NaN takes no part.
    reference_cost : float
        Cost of the reference point, whose accuracy is 0: what costs as much or more adds nothing.

    Returns
    -------
    float or array of shape (...)
        Decades of cost times fraction: the mean, over the decades below the reference, of the best accuracy to be had
        at that cost, times their number. Its differences don't depend on the unit of cost.

    Notes
    -----
    The dominated hypervolume of Zitzler and Thiele (IEEE Transactions on Evolutionary Computation 3, 1999) in two
    dimensions, one minimised. Leading axes (replicates) are independent of each other.
    """
    accuracy = np.asarray(accuracy, dtype=float)
    with np.errstate(invalid="ignore"):
        logarithm = np.log10(np.asarray(cost, dtype=float))
    last = np.log10(reference_cost)
    used = np.isfinite(logarithm) & np.isfinite(accuracy) & (logarithm < last)
    logarithm, accuracy = np.where(used, logarithm, last), np.where(used, accuracy, 0.0)
    order = np.argsort(logarithm, axis=-1, kind="stable")
    steps = np.take_along_axis(logarithm, order, axis=-1)
    heights = np.maximum.accumulate(np.take_along_axis(accuracy, order, axis=-1), axis=-1)
    return np.sum(heights * np.diff(steps, axis=-1, append=last), axis=-1)[()]


def corrected(observed: float, drawn: np.ndarray) -> tuple[float, float, float]:
    """Return a hypervolume freed of its bias, and the ends of its 95 % interval.

    Parameters
    ----------
    observed : float
        Of the models as they were measured.
    drawn : array of shape (replicates,)
        Of bootstrap replicates.

    Notes
    -----
    A best of models that were measured with error lies high. The mean excess of the replicates says by how much (Efron
    and Tibshirani 1993, chapter 10), and value and interval are shifted back by it.
    """
    bias = drawn.mean() - observed
    low, high = np.quantile(drawn, [0.025, 0.975]) - bias
    return float(observed - bias), max(float(low), 0.0), float(high)
