"""Dominance among models in many replicates at once; lower cost and more accuracy win."""

from __future__ import annotations

import numpy as np


def on_frontier(cost, accuracy) -> np.ndarray:
    """Return which models no other one dominates, replicate by replicate.

    Parameters
    ----------
    cost, accuracy : array of shape (..., n_models)
        Without NaN.

    Returns
    -------
    array of bool, shape (..., n_models)
        As :func:`paretoscope.frontier.frontier` decides: a model is dominated by one that costs no more and is no less
        accurate, and differs in one of the two. Equal models stay together.
    """
    order, first, before, sorted_accuracy = _by_cost(np.asarray(cost), np.asarray(accuracy))
    best = np.take_along_axis(sorted_accuracy, first, axis=-1)
    beaten = np.take_along_axis(before, first, axis=-1)
    return _unsorted((sorted_accuracy == best) & (best > beaten), order)


def best_rival(cost, accuracy) -> np.ndarray:
    """Return the accuracy of the most accurate other model at each model's cost or less; -inf where there is none.

    Parameters
    ----------
    cost, accuracy : array of shape (..., n_models)
        Without NaN.
    """
    order, first, before, sorted_accuracy = _by_cost(np.asarray(cost), np.asarray(accuracy))
    # The first of equal cost is the most accurate of them: its rivals are what is cheaper, and the next of that cost.
    following = np.full_like(sorted_accuracy, -np.inf)
    following[..., :-1] = np.where(first[..., 1:] == first[..., :-1], sorted_accuracy[..., 1:], -np.inf)
    return _unsorted(np.maximum(before, following), order)


def best_within(cost, accuracy, grid) -> np.ndarray:
    """Return the best accuracy that is had at each cost of a grid or less; 0 where no model is as cheap.

    Parameters
    ----------
    cost, accuracy : array of shape (n_replicates, n_models)
        Without NaN.
    grid : array of shape (k,)

    Returns
    -------
    array of shape (n_replicates, k)
    """
    cost, accuracy = np.asarray(cost), np.asarray(accuracy)
    order = np.argsort(cost, axis=1)
    best = np.maximum.accumulate(np.take_along_axis(accuracy, order, axis=1), axis=1)
    best = np.concatenate([np.zeros((len(best), 1), best.dtype), best], axis=1)
    affordable = np.stack([(cost <= budget).sum(axis=1) for budget in grid], axis=1)
    return np.take_along_axis(best, affordable, axis=1)


def _by_cost(cost: np.ndarray, accuracy: np.ndarray):
    """Return the order by cost, then falling accuracy, and in it: the place of the first model of the same cost, the
    best accuracy of all before, and the accuracy itself."""
    order = np.lexsort((-accuracy, cost), axis=-1)
    cost, accuracy = np.take_along_axis(cost, order, axis=-1), np.take_along_axis(accuracy, order, axis=-1)
    starts = np.ones(cost.shape, dtype=bool)
    starts[..., 1:] = cost[..., 1:] != cost[..., :-1]
    first = np.maximum.accumulate(np.where(starts, np.arange(cost.shape[-1]), 0), axis=-1)
    before = np.full_like(accuracy, -np.inf)
    before[..., 1:] = np.maximum.accumulate(accuracy[..., :-1], axis=-1)
    return order, first, before, accuracy


def _unsorted(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    back = np.empty_like(values)
    np.put_along_axis(back, order, values, axis=-1)
    return back
