"""Straight lines through models: least squares, intervals that know of shared items, permutation of dates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.special import stdtrit

N_PERMUTATIONS = 4999
"""Random orders of the dates, where all of them would be more."""


@dataclass(frozen=True)
class Fit:
    """A least-squares fit."""

    coefficients: np.ndarray
    """Shape (k,)."""
    covariance: np.ndarray
    """Of the coefficients, shape (k, k)."""
    degrees: np.ndarray
    """Degrees of freedom of each coefficient's variance, shape (k,)."""

    def interval(self, position: int) -> tuple[float, float]:
        """Return the 95 % interval (Student's t) of the coefficient at a position."""
        half = stdtrit(self.degrees[position], 0.975) * np.sqrt(self.covariance[position, position])
        return self.coefficients[position] - half, self.coefficients[position] + half


def regress(design: np.ndarray, values: np.ndarray, deviations: np.ndarray | None = None) -> Fit:
    """Fit values by ordinary least squares.

    Parameters
    ----------
    design : array of shape (n, k)
        With n above k, of full rank.
    values : array of shape (n,)
    deviations : array of shape (replicates, n), optional
        How measurement error moves what the fit leaves unexplained (values less what follows from the design), by
        bootstrap replicates. Without it, points are taken as measured independently of each other.

    Notes
    -----
    The residuals hold the points' own measurement errors besides their scatter, so the usual covariance carries both
    already; adding the bootstrap's variance would count it twice. What residuals can't show is error that models share
    because they answered the same items. So each replicate's deviations are fitted on the same design, and what the
    coefficients vary by beyond what the residuals of these fits would make one expect is added to the covariance, and
    the degrees of freedom are those of the sum (Satterthwaite, Biometrics Bulletin 2, 1946).
    """
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ values
    degrees = len(values) - design.shape[1]
    seen = inverse * np.sum((values - design @ coefficients) ** 2) / degrees
    unseen = np.zeros_like(seen) if deviations is None else _unseen(design, inverse, deviations, degrees)
    # Of the sum only the part that residuals show is estimated from few points.
    ratio = 1 + np.diag(unseen) / np.maximum(np.diag(seen), np.finfo(float).tiny)
    return Fit(coefficients, seen + unseen, degrees * ratio**2)


def _unseen(design: np.ndarray, inverse: np.ndarray, deviations: np.ndarray, degrees: int) -> np.ndarray:
    """Return the coefficients' covariance by measurement error that residuals don't show, shape (k, k)."""
    centred = deviations - deviations.mean(axis=0)
    moved = centred @ design @ inverse
    seen = inverse * np.mean(np.sum((centred - moved @ design.T) ** 2, axis=1)) / degrees
    # Of the difference the part that widens intervals; scaled, since coefficients have units of their own.
    scale = np.sqrt(np.diag(inverse))
    difference = (moved.T @ moved / len(moved) - seen) / np.outer(scale, scale)
    sizes, directions = np.linalg.eigh(difference)
    return directions @ np.diag(np.maximum(sizes, 0)) @ directions.T * np.outer(scale, scale)


def ratio_interval(fit: Fit, numerator: int, denominator: int) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two coefficients (Fieller), NaN where it has no ends.

    Notes
    -----
    Fieller (Journal of the Royal Statistical Society B 16, 1954): the ratios r for which numerator - r denominator
    isn't told from 0. Where the denominator itself isn't, hardly any ratio is ruled out, and there is no interval.
    """
    square = stdtrit(fit.degrees[numerator], 0.975) ** 2
    top, bottom = fit.coefficients[numerator], fit.coefficients[denominator]
    covariance = fit.covariance
    a = bottom**2 - square * covariance[denominator, denominator]
    b = top * bottom - square * covariance[numerator, denominator]
    c = top**2 - square * covariance[numerator, numerator]
    if a <= 0:
        return np.nan, np.nan
    half = np.sqrt(max(b**2 - a * c, 0.0))
    return (b - half) / a, (b + half) / a


def orders(n: int, seed: int = 0) -> tuple[np.ndarray, bool]:
    """Return orders of n things, shape (orders, n), and whether these are all there are.

    The first is the one they are in.
    """
    if math.factorial(n) <= N_PERMUTATIONS + 1:
        return np.array(list(permutations(range(n)))), True
    rng = np.random.default_rng(seed)
    drawn = rng.permuted(np.tile(np.arange(n), (N_PERMUTATIONS, 1)), axis=1)
    return np.vstack([np.arange(n), drawn]), False


def p_value(statistics: np.ndarray) -> float:
    """Return the share of orders whose statistic is at least that of the first, which was observed.

    Notes
    -----
    Counting the observed order keeps the test from rejecting more often than it says (Phipson and Smyth, Statistical
    Applications in Genetics and Molecular Biology 9, 2010).
    """
    # Orders that leave the statistic as it is differ from it by rounding only.
    return float(np.mean(statistics >= statistics[0] - 1e-9 * np.abs(statistics[0])))


def date_statistics(years: np.ndarray, values: np.ndarray, covariates: np.ndarray | None = None) -> np.ndarray:
    """Return |t| of the date's coefficient for each order of the dates.

    Parameters
    ----------
    years : array of shape (orders, n)
        The dates of n models in each order.
    values : array of shape (n,)
    covariates : array of shape (n, j), optional
        Further columns of the design, which keep to their models.

    Notes
    -----
    Permuting t rather than the slope keeps the test right where covariates and dates go together (DiCiccio and Romano,
    Journal of the American Statistical Association 112, 2017). The date is freed of the covariates first (Frisch and
    Waugh), so that all orders are done at once.
    """
    n = len(values)
    others = np.column_stack([np.ones(n), *([] if covariates is None else [covariates])])
    basis, _ = np.linalg.qr(others)
    rest = values - basis @ (basis.T @ values)
    if rest @ rest <= 1e-20 * (values @ values):  # rounding alone is left
        return np.zeros(len(years))
    freed = years - years @ basis @ basis.T
    spread = np.sum(freed**2, axis=1)
    spread = np.where(spread > 1e-12 * np.sum((years - years.mean(axis=1, keepdims=True)) ** 2, axis=1), spread, np.nan)
    slope = freed @ rest / spread
    unexplained = np.maximum(rest @ rest - slope**2 * spread, 1e-12 * (rest @ rest))
    return np.nan_to_num(np.abs(slope) * np.sqrt(spread * (n - others.shape[1] - 1) / unexplained))
