"""Maximum likelihood for counts, many data sets at a time, and an information criterion that knows of clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Probabilities = Callable[[np.ndarray], np.ndarray]
"""Parameters, shape (b, p) -> probabilities of the cells that counts are of, shape (b, m)."""

_STEP = 1e-5
_ITERATIONS = 60
_SMALLEST = 1e-300


def maximise(
    probabilities: Probabilities, start: np.ndarray, counts: np.ndarray, bounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the parameters that make each of ``b`` data sets likeliest, and the logarithms of these likelihoods.

    Parameters
    ----------
    probabilities : callable
        See :data:`Probabilities`.
    start : array of shape (b, p)
    counts : array of shape (b, m)
        How often each cell occurred; weights need not be whole.
    bounds : array of shape (2, p)
        Smallest and largest value of each parameter.

    Returns
    -------
    parameters : array of shape (b, p)
    log_likelihoods : array of shape (b,)
        Without the constant of the multinomial coefficient.

    Notes
    -----
    Newton steps with the outer product of the scores in the Hessian's place (Berndt, Hall, Hall and Hausman 1974),
    damped as by Levenberg and Marquardt, so that the likelihood never falls; derivatives are central differences. A
    local maximum may be found: start close.
    """
    parameters = np.clip(np.array(start, dtype=float), *bounds)
    value = _log_likelihood(probabilities, parameters, counts)
    damping = np.full(len(parameters), 1e-3)
    settled = np.zeros(len(parameters), dtype=bool)
    identity = np.eye(parameters.shape[1])
    for _ in range(_ITERATIONS):
        scores = cell_scores(probabilities, parameters)
        gradient = np.einsum("bm,bmp->bp", counts, scores)
        information = np.einsum("bm,bmp,bmq->bpq", counts, scores, scores)
        scale = np.maximum(np.trace(information, axis1=1, axis2=2), 1e-12)
        step = np.linalg.solve(information + (damping * scale)[:, None, None] * identity, gradient[..., None])[..., 0]
        tried = np.clip(parameters + step, *bounds)
        tried_value = _log_likelihood(probabilities, tried, counts)
        better = tried_value >= value
        settled |= better & (tried_value - value < 1e-8 * (1 + np.abs(value)))
        parameters = np.where(better[:, None], tried, parameters)
        value = np.where(better, tried_value, value)
        damping = np.where(better, damping / 10, damping * 10).clip(1e-12, 1e6)
        if (settled | (damping >= 1e6)).all():
            break
    return parameters, value


def cell_scores(probabilities: Probabilities, parameters: np.ndarray) -> np.ndarray:
    """Return the derivatives of the cells' log probabilities, shape (b, m, p)."""
    columns = []
    for shift in _STEP * np.eye(parameters.shape[1]):
        above, below = (_log(probabilities(parameters + sign * shift)) for sign in (1, -1))
        columns.append((above - below) / (2 * _STEP))
    return np.stack(columns, axis=-1)


def information_criterion(
    probabilities: Probabilities, parameters: np.ndarray, cluster_counts: np.ndarray, further: int = 0
) -> float:
    """Return twice (penalty - log likelihood) of one fit; of several forms the lowest describes the data best.

    Parameters
    ----------
    parameters : array of shape (p,)
        As :func:`maximise` gives them for the sum of the clusters.
    cluster_counts : array of shape (c, m)
        Counts of each cluster, e.g. item.
    further : int
        Parameters that were chosen otherwise.

    Notes
    -----
    Takeuchi's criterion (1976) with scores summed by cluster (Lumley and Scott, doi 10.1093/jssam/smu021). The penalty
    is the trace of the clustered covariance of the scores times the inverse information: the number of parameters, and
    then this is Akaike's criterion, where every observation is a cluster of its own; more, where observations of one
    cluster resemble each other.
    """
    theta = parameters[None]
    scores = cell_scores(probabilities, theta)[0]
    counts = cluster_counts.sum(axis=0)
    information = (scores * counts[:, None]).T @ scores
    by_cluster = cluster_counts @ scores
    penalty = np.trace(np.linalg.pinv(information, hermitian=True) @ by_cluster.T @ by_cluster)
    log_likelihood = _log_likelihood(probabilities, theta, counts[None])[0]
    return 2 * float(max(penalty, len(parameters)) + further - log_likelihood)


def _log_likelihood(probabilities: Probabilities, parameters: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return (counts * _log(probabilities(parameters))).sum(axis=1)


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, _SMALLEST))
