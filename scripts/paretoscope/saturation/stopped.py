"""The curve of completions that are stopped at a budget, fitted as what it is: the distribution of a time to an answer.

A completion is right within the budget t with probability F(t). At nested budgets the same completions are counted
again and again, so a binomial likelihood of every point would take one completion for as many as there are budgets.
What is independent are the increments: each completion gives its right answer in one interval between budgets, or in
none. So the binomial likelihood becomes a multinomial one (interval-censored times to an answer). F tends to a ceiling
below 1, as in cure models (Boag 1949), since wrong completions never turn right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.special import expit

from . import forms
from .likelihood import information_criterion, maximise
from .resampling import draw_shapes

STRAIGHT = "straight"

_HOPELESS = 15.0
"""A shape whose log likelihood is this much lower isn't tried on resamples, where it would hardly ever be the best."""


@dataclass(frozen=True)
class Answers:
    """When the completions of a cell were right, item by item; weighted so that every item counts alike."""

    budgets: np.ndarray
    """Tokens, shape (k,); the intervals end there, and the first begins at 0."""
    right: np.ndarray
    """Completions whose right answer ended in the interval, shape (items, k)."""
    cut: np.ndarray
    """Completions that the token limit cut when the budget, and not the next one, was spent, shape (items, k)."""
    wrong: np.ndarray
    """Completions that ended without a right answer, shape (items,)."""

    @property
    def is_cut(self) -> bool:
        """Whether any completion was cut."""
        return bool(self.cut.any())

    @cached_property
    def occurred(self) -> np.ndarray:
        """Which of the multinomial's 2 k + 1 cells (right, cut, wrong) have counts; the others add nothing."""
        return np.flatnonzero(self._all_counts.any(axis=0))

    @cached_property
    def counts(self) -> np.ndarray:
        """Counts of those that have some, shape (items, cells)."""
        return self._all_counts[:, self.occurred]

    @property
    def _all_counts(self) -> np.ndarray:
        return np.column_stack([self.right, self.cut, self.wrong])

    @property
    def x(self) -> np.ndarray:
        """Logarithms (base 2) of the budgets."""
        return np.log2(self.budgets)


def answers(items: np.ndarray, tokens: np.ndarray, verdicts: np.ndarray, budgets: np.ndarray) -> Answers:
    """Return the answers of a cell.

    Parameters
    ----------
    items : array of shape (n,)
        Item of each completion.
    tokens : array of int, shape (n,)
        Its length, at least 1 and at most the last budget.
    verdicts : array of shape (n,)
        One of schema.VERDICTS.
    budgets : array of int, shape (k,)
        Rising.
    """
    _, item, sizes = np.unique(items, return_inverse=True, return_counts=True)
    weight = len(items) / len(sizes) / sizes[item]

    def table(chosen: np.ndarray, column: np.ndarray) -> np.ndarray:
        counted = np.zeros((len(sizes), len(budgets)))
        np.add.at(counted, (item[chosen], column[chosen]), weight[chosen])
        return counted

    right, cut = verdicts == "correct", verdicts == "truncated"
    ended = np.searchsorted(budgets, tokens)
    spent = np.maximum(np.searchsorted(budgets, tokens, side="right") - 1, 0)
    wrong = np.bincount(item, weights=weight * ~(right | cut), minlength=len(sizes))
    return Answers(budgets, table(right, ended), table(cut, spent), wrong)


def probabilities(shape: str, data: Answers, parameters: np.ndarray) -> np.ndarray:
    """Return the probabilities of the cells of ``data.counts``, shape (b, cells).

    Parameters, shape (b, 3) or (b, 4): logit of the ceiling, location, log scale, and, where completions were cut,
    logit of the share of the never-right ones that end before they would be cut. That share is as free as their
    lengths are: it lets a cut completion be one that is right later or one that never is, and keeps the ceiling at or
    below what the wrong completions leave. Of the straight form only the first and the last of these count.
    """
    ceiling = expit(parameters[:, :1])
    reached = ceiling * _within(shape, data, parameters)
    ended = expit(parameters[:, 3:]) if data.is_cut else 1.0
    never = (1 - ceiling) * ended
    cells = np.column_stack([np.diff(reached, axis=1, prepend=0.0), 1 - reached - never, never])
    return cells[:, data.occurred]


def _within(shape: str, data: Answers, parameters: np.ndarray) -> np.ndarray:
    """Return the share of the right answers that come within each budget, shape (b, k)."""
    if shape != STRAIGHT:
        return forms.shaped(shape, data.x, parameters[:, 1], parameters[:, 2])
    # Equal gains of all doublings, from the first right answer to the last budget.
    first = int(data.right.any(axis=0).argmax())
    begin = data.x[first - 1] if first else data.x[0] - 0.5
    share = np.clip((data.x - begin) / max(data.x[-1] - begin, 1e-9), 0, 1)
    return np.broadcast_to(share, (len(parameters), len(share)))


@dataclass(frozen=True)
class StoppedFit:
    """The saturating form fitted to a cell, and to resamples of its items."""

    shape: str
    parameters: np.ndarray
    """Shape (p,)."""
    curves: dict[str, np.ndarray]
    """By shape, parameters of the resamples that take it, shape (b, 3): those of ``forms.saturating``."""
    aic_saturating: float
    aic_straight: float


def fit(data: Answers, weights: np.ndarray) -> StoppedFit:
    """Fit the saturating form in all shapes, and the straight one.

    Parameters
    ----------
    weights : array of int, shape (resamples, items)
        As ``resampling.cluster_weights`` gives them. Each resample takes a shape by its likelihood in it, so that
        intervals hold the doubt about the shape too.
    """
    counts = data.counts.sum(axis=0)
    start, bounds = _start(data), _bounds(data)
    fitted = {}
    for shape in forms.SHAPES:
        parameters, value = maximise(partial(probabilities, shape, data), start[None], counts[None], bounds)
        fitted[shape] = parameters[0], value[0]
    best = max(fitted, key=lambda shape: fitted[shape][1])
    by_shape = _resampled(data, fitted, weights @ data.counts, bounds)
    return StoppedFit(
        best,
        fitted[best][0],
        by_shape,
        information_criterion(partial(probabilities, best, data), fitted[best][0], data.counts),
        _straight_criterion(data, start, bounds),
    )


def _resampled(data: Answers, fitted: dict, counts: np.ndarray, bounds: np.ndarray) -> dict[str, np.ndarray]:
    parameters, values = {}, []
    best = max(value for _, value in fitted.values())
    for shape in (shape for shape in fitted if fitted[shape][1] > best - _HOPELESS):
        start = fitted[shape][0]
        parameters[shape], value = maximise(
            partial(probabilities, shape, data), np.tile(start, (len(counts), 1)), counts, bounds
        )
        values.append(value)
    chosen = draw_shapes(np.array(values))
    return {shape: found[chosen == i, :3] for i, (shape, found) in enumerate(parameters.items()) if (chosen == i).any()}


def _straight_criterion(data: Answers, start: np.ndarray, bounds: np.ndarray) -> float:
    """Return the criterion of the straight form, whose beginning is one parameter more."""
    free = [0, *range(3, len(start))]

    def cells(parameters: np.ndarray) -> np.ndarray:
        full = np.tile(start, (len(parameters), 1))
        full[:, free] = parameters
        return probabilities(STRAIGHT, data, full)

    counts = data.counts
    parameters, _ = maximise(cells, start[None, free], counts.sum(axis=0)[None], bounds[:, free])
    return information_criterion(cells, parameters[0], counts, further=1)


def _start(data: Answers) -> np.ndarray:
    right = data.right.sum(axis=0)
    total = data.counts.sum()
    mean = right @ data.x / right.sum()
    spread = np.sqrt(right @ (data.x - mean) ** 2 / right.sum()).clip(0.1)
    ceiling = right.sum() / total
    start = [forms.logit(ceiling), mean, np.log(spread)]
    if data.is_cut:
        ended = data.wrong.sum() / max(data.wrong.sum() + data.cut.sum(), 1e-9)
        start.append(np.clip(forms.logit(ended), -4, 4))
    return np.array(start)


def _bounds(data: Answers) -> np.ndarray:
    low, high = forms.location_bounds(data.x)
    limit = [forms.LOGIT_LIMIT]
    ended = limit if data.is_cut else []
    return np.array([[-limit[0], *low, *(-each for each in ended)], [*limit, *high, *ended]])
