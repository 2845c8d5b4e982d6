"""Forms of a curve of accuracy against the logarithm (base 2) of a budget: a doubling is one step to the right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, ndtr

SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "log-normal": ndtr,
    "log-logistic": expit,
    "Weibull": lambda z: -np.expm1(-np.exp(np.minimum(z, 700))),
    "Frechet": lambda z: np.exp(-np.exp(np.minimum(-z, 700))),
}
"""Distributions of a budget whose logarithm has a location and a scale: even tails, heavier, a long start, a long end.

A quantile far out, as the saturation point is one, depends on the tail, so none of them is taken for granted.
"""

LOGIT_LIMIT = 12.0
"""Fractions are fitted on the logit scale between these limits: 6e-6 from 0 or 1."""

_SCALES = np.log([0.03, 20.0])
"""Smallest and largest logarithm of a shape's scale, which is in doublings."""

GRID_STEPS = 16
"""Places per doubling at which a curve's gain is looked at; between them it is interpolated."""


def location_bounds(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds of (location, log scale) of a shape on data that span ``x``."""
    return np.array([x.min() - 4, _SCALES[0]]), np.array([x.max() + 12, _SCALES[1]])


def shaped(shape: str, x: np.ndarray, location: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    """Return the distribution function at ``x``, shape (k,), for parameters of shape (b,): shape (b, k)."""
    return SHAPES[shape]((x - location[:, None]) * np.exp(-log_scale)[:, None])


def saturating(shape: str, parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a rise from a floor to a ceiling.

    Parameters
    ----------
    shape : str
        One of :data:`SHAPES`.
    parameters : array of shape (b, 4) or (b, 3)
        Logit of the ceiling, location, log scale, and logit of the floor's share of the ceiling; without it 0.
    x : array of shape (k,)
        Logarithms (base 2) of budgets.

    Returns
    -------
    array of shape (b, k)
    """
    ceiling = expit(parameters[:, :1])
    rise = shaped(shape, x, parameters[:, 1], parameters[:, 2])
    floor = expit(parameters[:, 3:]) if parameters.shape[1] == 4 else 0.0
    return ceiling * (floor + (1 - floor) * rise)


def straight(parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a straight line; parameters, shape (b, 2): the logits of its value at the first and the last ``x``."""
    share = (x - x.min()) / np.ptp(x)
    first, last = expit(parameters[:, :1]), expit(parameters[:, 1:])
    return first + (last - first) * share


def inverted_u(parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a rise and a fall that is a parabola on the logit scale.

    Parameters, shape (b, 3): logit of the peak, log curvature, and logit of the peak's place between the first and the
    last ``x``. A peak elsewhere would be no inverted U (Lind and Mehlum 2010).
    """
    peak = x.min() + np.ptp(x) * expit(parameters[:, 2:])
    return expit(parameters[:, :1] - np.exp(parameters[:, 1:2]) * (x - peak) ** 2)


def flat(parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a constant; parameters, shape (b, 1): its logit."""
    return np.broadcast_to(expit(parameters), (len(parameters), len(x)))


def last_paying_doubling(
    curve: Callable[[np.ndarray], np.ndarray], gain: float, first: float, last: float
) -> np.ndarray:
    """Return the x from which on no step of 1 to the right gains ``gain`` or more.

    Parameters
    ----------
    curve : callable
        x, shape (k,) -> accuracy, shape (b, k).
    gain : float
        As a fraction.
    first, last : float
        Where to look. A curve that still gains at the end gives infinity, one that never does NaN.

    Returns
    -------
    array of shape (b,)
    """
    x = np.arange(first, last, 1 / GRID_STEPS)
    values = curve(np.append(x, x[-1] + np.arange(1, GRID_STEPS + 1) / GRID_STEPS))
    surplus = values[:, GRID_STEPS:] - values[:, :-GRID_STEPS] - gain
    paying = surplus >= 0
    place = paying.shape[1] - 1 - paying[:, ::-1].argmax(axis=1)
    rows = np.arange(len(place))
    before, after = surplus[rows, place], surplus[rows, np.minimum(place + 1, paying.shape[1] - 1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = x[place] + before / (before - after) / GRID_STEPS
    found = np.where(place == paying.shape[1] - 1, np.inf, found)
    return np.where(paying.any(axis=1), found, np.nan)


def logit(share):
    """Return the logit of a fraction, held within the limits."""
    share = np.clip(share, expit(-LOGIT_LIMIT), expit(LOGIT_LIMIT))
    return np.log(share / (1 - share))
