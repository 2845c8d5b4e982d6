"""Curves of accuracies at points, which may fall: forced answers by budget, or models by their compute."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from . import forms
from .likelihood import information_criterion, maximise
from .resampling import draw_shapes


@dataclass(frozen=True)
class Points:
    """Right answers at several budgets, by cluster."""

    x: np.ndarray
    """Logarithms (base 2) of the budgets, shape (k,), rising, and of different values."""
    right: np.ndarray
    """Right answers, shape (clusters, k); weights need not be whole."""
    trials: np.ndarray
    """Answers, shape (clusters, k)."""
    has_floor: bool
    """Whether the saturating form may begin above 0, as where a model guesses."""

    @cached_property
    def counts(self) -> np.ndarray:
        """Right answers and others, shape (clusters, 2 k)."""
        return np.column_stack([self.right, self.trials - self.right])

    @property
    def accuracy(self) -> np.ndarray:
        """Shape (k,)."""
        return self.right.sum(axis=0) / self.trials.sum(axis=0)


@dataclass(frozen=True)
class PointsFit:
    """The forms fitted to points, and the saturating one to resamples of the clusters."""

    criteria: dict[str, float]
    """Information criterion by form."""
    shape: str
    parameters: np.ndarray
    """Of the saturating form, as ``forms.saturating`` takes them."""
    resampled: dict[str, np.ndarray]
    """By shape, parameters of the resamples that take it, shape (b, p)."""
    curves: dict[str, np.ndarray]
    """By form, fitted accuracies at the points."""


def fit(data: Points, weights: np.ndarray) -> PointsFit:
    """Fit all forms by binomial likelihood.

    The points share items, and models differ by more than chance; so forms are compared, and intervals made, by
    clusters: points of one cluster are added up before they are squared, or drawn together.

    Parameters
    ----------
    weights : array of int, shape (resamples, clusters)
    """
    accuracy, limit = data.accuracy, forms.LOGIT_LIMIT
    level, ends = forms.logit(accuracy.mean()), forms.logit(accuracy[[0, -1]])
    peak = (data.x[accuracy.argmax()] - data.x[0]) / np.ptp(data.x)
    others = {
        "straight": (forms.straight, ends, np.full(2, limit)),
        "inverted-U": (
            forms.inverted_u,
            np.array([forms.logit(accuracy.max()), -2.0, forms.logit(np.clip(peak, 0.1, 0.9))]),
            np.array([limit, 8.0, 4.0]),
        ),
        "flat": (forms.flat, np.array([level]), np.full(1, limit)),
    }
    criteria, curves = {}, {}
    for name, (form, start, most) in others.items():
        cells = partial(_cells, partial(form, x=data.x))
        parameters, _ = maximise(cells, start[None], data.counts.sum(axis=0)[None], np.array([-most, most]))
        criteria[name] = information_criterion(cells, parameters[0], data.counts)
        curves[name] = form(parameters, data.x)[0]
    shape, parameters, resampled = _saturating(data, weights)
    cells = _saturating_cells(shape, data)
    criteria["saturating"] = information_criterion(cells, parameters, data.counts)
    curves["saturating"] = forms.saturating(shape, parameters[None], data.x)[0]
    return PointsFit(criteria, shape, parameters, resampled, curves)


def _saturating(data: Points, weights: np.ndarray) -> tuple[str, np.ndarray, dict[str, np.ndarray]]:
    """Return the likeliest shape, its parameters, and those of resamples, each in a shape drawn by its likelihood."""
    accuracy, (low, high) = data.accuracy, forms.location_bounds(data.x)
    limit = [forms.LOGIT_LIMIT]
    floor = limit if data.has_floor else []
    bounds = np.array([[-limit[0], *low, *(-each for each in floor)], [*limit, *high, *floor]])
    start = [forms.logit(accuracy.max()), data.x.mean(), np.log(max(np.ptp(data.x) / 4, 0.1))]
    start += [forms.logit(np.clip(accuracy[0] / max(accuracy.max(), 1e-6), 0.05, 0.9))] if data.has_floor else []
    one, many = data.counts.sum(axis=0)[None], weights @ data.counts
    fitted, values, resampled_values = {}, [], []
    for shape in forms.SHAPES:
        cells = _saturating_cells(shape, data)
        parameters, value = maximise(cells, np.array([start]), one, bounds)
        drawn, drawn_values = maximise(cells, np.tile(parameters, (len(weights), 1)), many, bounds)
        fitted[shape] = parameters[0], drawn
        values.append(value[0])
        resampled_values.append(drawn_values)
    best, chosen = list(fitted)[int(np.argmax(values))], draw_shapes(np.array(resampled_values))
    resampled = {shape: drawn[chosen == i] for i, (shape, (_, drawn)) in enumerate(fitted.items())}
    return best, fitted[best][0], {shape: drawn for shape, drawn in resampled.items() if len(drawn)}


def _saturating_cells(shape: str, data: Points):
    return partial(_cells, partial(forms.saturating, shape, x=data.x))


def _cells(form, parameters: np.ndarray) -> np.ndarray:
    """Return the probabilities of right answers and of others."""
    accuracy = form(parameters)
    return np.column_stack([accuracy, 1 - accuracy])
