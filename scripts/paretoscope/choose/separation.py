"""How far the chosen model and the runner-up are apart, and what it would take to be sure of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import pandas as pd

from ..power import Scatter, detectable, item_table, paired_scatter, samples_to_detect, scatter
from ..uncertainty.differences import paired

REACH = 100
"""Times as many items or samples beyond which a number is no advice."""
PER_COMPLETION = ("accuracy", "flops", "tokens")
_UNKNOWN = dict.fromkeys(
    (
        *("accuracy_difference", "accuracy_low", "accuracy_high"),
        *("samples_needed", "samples_at_least", "samples_needed_on_these_items", "items_factor"),
    )
)


@dataclass(frozen=True)
class Separation:
    """The chosen model less the runner-up, in what the request is about."""

    of: str
    """``accuracy`` or the id of the cost that is to be low."""
    accuracy_difference: float | None
    """Weighted, on the items that both answered; a fraction. None: on some benchmark they share fewer than two."""
    accuracy_low: float | None
    """Ends of its 95 % interval: paired, Bonett-Price, benchmarks combined as MOVER does."""
    accuracy_high: float | None
    cost: str
    """Id of the cost that ``cost_ratio`` is of."""
    cost_ratio: float | None
    """Cost of the chosen over that of the runner-up."""
    cost_ratio_low: float | None
    """Ends of its 95 % interval, from the replicates; None where the cost is known for cells as a whole alone."""
    cost_ratio_high: float | None
    samples: int
    """Samples per item that the smaller of their cells have."""
    samples_needed: int | None
    """Samples per item of both that would find a true difference of this size in 80 % of such runs, at 95 %; None: no
    number would, or none is known; ``words`` says which."""
    samples_at_least: int | None
    """Where one sample per item hides what is noise: the least that it can take."""
    samples_needed_on_these_items: int | None
    """The same for the question who is better on just these items."""
    items_factor: float | None
    """How many times as many items would do it, at today's samples per item."""
    level: bool
    """Whether they are level in practice: not apart, and nothing within reach would tell them apart."""
    words: str
    """The same, said."""


@dataclass(frozen=True)
class Settling:
    """What it would take to tell whether a model meets a condition that it fails by its means."""

    of: str
    """``accuracy`` or the id of a cost."""
    value: float
    """Weighted mean."""
    limit: float
    """What is asked for."""
    samples: int
    """Samples per item that the model has, the smallest number of its cells."""
    samples_needed: int | None
    """Samples per item that would show a gap of this size in 80 % of such runs, at 95 %; None as in Separation."""
    samples_at_least: int | None
    """As in Separation, and so are the others."""
    samples_needed_on_these_items: int | None
    items_factor: float | None
    words: str


def separate(
    of: str,
    weights: dict[str, float],
    completions: pd.DataFrame,
    pair: tuple[str, str],
    samples: int,
    cost: str,
    ratio: tuple[float | None, float | None, float | None],
) -> Separation:
    """Compare two models on what decides between them.

    Parameters
    ----------
    of : str
        ``accuracy`` or the id of a cost.
    weights : dict
        Of the benchmarks.
    completions : DataFrame
        Columns model, benchmark, item_id, ``accuracy`` (1 or 0), and flops or tokens where ``of`` is that.
    pair : tuple of str
        The chosen model and the runner-up.
    samples : int
        Samples per item, the smaller number of their cells.
    cost : str
        Which cost ``ratio`` is of.
    ratio : tuple
        Ratio of the costs, with the ends of its interval.

    Notes
    -----
    Power of a paired test of the weighted mean (Miller, arXiv 2411.00640, on power analysis): per benchmark the
    variance of an item's difference is split into what stays and what samples average out, and both are summed with the
    squared weights. The difference is taken as it was measured; a chosen model's lead is more often too large than too
    small, and then it takes more.
    """
    facts = {"of": of, "cost": cost, "samples": samples}
    facts |= dict(zip(("cost_ratio", "cost_ratio_low", "cost_ratio_high"), ratio, strict=True))
    tables = {name: _pair(completions, pair, name, "accuracy") for name in weights}
    if any(len(one.index.intersection(other.index)) < 2 for one, other in tables.values()):
        return Separation(**facts, **_UNKNOWN, level=False, words="they share too few items to compare.")
    difference, low, high = _interval(weights, tables)
    facts |= {"accuracy_difference": difference, "accuracy_low": low, "accuracy_high": high}
    if of not in PER_COMPLETION:
        words = "this cost is measured for a cell as a whole, so nothing shows how far it would vary."
        return Separation(**{**_UNKNOWN, **facts}, level=False, words=words)
    needs = _needs(weights, {name: paired_scatter(*_pair(completions, pair, name, of)) for name in weights}, samples)
    apart = (low > 0 or high < 0) if of == "accuracy" else (ratio[1] > 1 or ratio[2] < 1)
    level = not apart and not _within_reach(needs["items_factor"])
    words = _words(needs, samples, apart, level)
    return Separation(**{**_UNKNOWN, **facts, **needs}, level=level, words=words)


def settle(
    of: str, limit: float, weights: dict[str, float], completions: pd.DataFrame, model: str, samples: int
) -> Settling:
    """Say what would tell whether a model meets a condition.

    Parameters
    ----------
    of : str
        One of :data:`PER_COMPLETION`.
    limit : float
        What its weighted mean must reach, or not go beyond.
    weights, completions, samples
        As for :func:`separate`.
    model : str

    Notes
    -----
    Power as for :func:`separate`, of the test of one mean against a number that is known.
    """
    scatters = {name: scatter(_items(completions, model, name, of)) for name in weights}
    needs = _needs(weights, scatters, samples, limit)
    value = sum(weights[name] * found.mean for name, found in scatters.items())
    factor = needs["items_factor"]
    words = "what there is finds a gap of this size in 80 % of such runs, or more."
    if not _within_reach(factor):
        words = f"not within reach (more than {REACH} times as many items)."
    elif factor > 1:
        words = f"80 % power needs {_ways(needs, samples, '')}."
    found = {"samples_needed_on_these_items": None, **needs}
    return Settling(of=of, value=value, limit=limit, samples=samples, **found, words=words)


def _pair(completions: pd.DataFrame, pair: tuple[str, str], benchmark: str, value: str) -> tuple:
    return tuple(_items(completions, model, benchmark, value) for model in pair)


def _items(completions: pd.DataFrame, model: str, benchmark: str, value: str) -> pd.DataFrame:
    own = completions[(completions["model"] == model) & (completions["benchmark"] == benchmark)]
    return item_table(own[value], own["item_id"])


def _interval(weights: dict[str, float], tables: dict[str, tuple]) -> tuple[float, float, float]:
    """Return the weighted difference with its interval, the benchmarks' own combined as MOVER does."""
    difference, below, above = 0.0, 0.0, 0.0
    for name, (one, other) in tables.items():
        shared = one.index.intersection(other.index)
        means = np.column_stack([one.loc[shared, "mean"], other.loc[shared, "mean"]])
        pairs = paired(means, np.ones(means.shape, dtype=bool))
        mean, low, high = (float(values[0, 1]) for values in (pairs.difference, pairs.low, pairs.high))
        difference += weights[name] * mean
        below += (weights[name] * (mean - low)) ** 2
        above += (weights[name] * (high - mean)) ** 2
    return difference, difference - sqrt(below), difference + sqrt(above)


def _needs(weights: dict[str, float], scatters: dict[str, Scatter], samples: int, limit: float = 0.0) -> dict:
    """Return what shows that the weighted mean isn't ``limit``."""

    def weighted(variance) -> float:
        return sum(weights[name] ** 2 * variance(found) / found.n_items for name, found in scatters.items())

    difference = abs(sum(weights[name] * found.mean for name, found in scatters.items()) - limit)
    now = weighted(lambda found: found.total)
    factor = (detectable(now) / difference) ** 2 if difference else None
    if any(found.within is None for found in scatters.values()):
        least = max(ceil(samples * factor), 1) if factor else None
        return {"items_factor": factor, "samples_needed": None, "samples_at_least": least}
    floor, noise = weighted(lambda found: found.between), weighted(lambda found: found.within)
    return {
        "items_factor": factor,
        "samples_at_least": None,
        "samples_needed": samples_to_detect(floor, noise, difference),
        "samples_needed_on_these_items": samples_to_detect(0, noise, difference),
    }


def _within_reach(factor: float | None) -> bool:
    return factor is not None and factor <= REACH


def _words(needs: dict, samples: int, apart: bool, level: bool) -> str:
    """Say what would separate the two: more samples, more items, or nothing that is known."""
    factor = needs["items_factor"]
    if factor is None:
        return "they are level: no number of samples tells equal models apart."
    if level:
        return f"they are level in practice: not within reach (more than {REACH} times as many items)."
    told = "apart at 95 %; " if apart else ""
    if factor <= 1:
        return f"{told}a true difference of this size would be found in 80 % of such runs, or more."
    return f"{told}80 % power needs {_ways(needs, samples, ' of both')}."


def _ways(needs: dict, samples: int, whose: str) -> str:
    items = f"{needs['items_factor']:.3g} times as many items"
    if needs["samples_at_least"]:
        return (
            f"{items}, or {needs['samples_at_least']:,} samples per item{whose} or more, if samples can do it at all "
            "(one per item doesn't show what is sampling noise)"
        )
    needed = needs["samples_needed"]
    if needed is None:
        return f"{items}; more samples can't do it: the items themselves leave too much open"
    if needed > REACH * samples:
        return f"{items}; with more samples alone it is not within reach"
    return f"{max(needed - samples, 0):,} more samples per item{whose} ({needed:,} in all), or {items}"
