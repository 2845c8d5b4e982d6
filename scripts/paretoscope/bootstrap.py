"""Bootstrap replicates of accuracy and cost: items drawn anew for all models at once, with their samples."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from .errors import InputError
from .statistics import NORMAL_95, effective_size, wilson_quantile

COMPLETION_COSTS = ("flops", "tokens")
"""Costs that every completion has, so that they are drawn with its item."""

CELL_COSTS = {
    "flops": "total_flops_mean",
    "tokens": "completion_tokens_mean",
    "seconds": "seconds_per_completion",
    "gpu_seconds": "gpu_seconds_per_completion",
    "joules": "energy_joules_per_completion",
    "usd": "usd_per_completion",
}
"""Column of the cells table by cost."""

BLOCK = 500
"""Replicates whose item weights are in memory at once."""


@dataclass(frozen=True)
class Replicates:
    """Replicates of every cell of a study, drawn jointly: the same replicate of two cells saw the same items."""

    models: tuple[str, ...]
    """Ids, in the order of the cells table; controls have none."""
    benchmarks: tuple[str, ...]
    accuracy: np.ndarray
    """Fractions, float32 of shape (n_replicates, n_models, n_benchmarks); NaN where there is no such cell."""
    cost: dict[str, np.ndarray]
    """Mean cost per completion by cost id, shaped likewise; NaN where the cell's cost isn't known."""

    def over(self, benchmarks, models, cost: str = "flops") -> tuple[np.ndarray, np.ndarray]:
        """Return replicates of cost and accuracy of models, averaged over benchmarks, of shape (replicates, models)."""
        rows = [self.models.index(model) for model in models]
        columns = [self.benchmarks.index(benchmark) for benchmark in benchmarks]
        where = np.ix_(range(len(self.accuracy)), rows, columns)
        return self.cost[cost][where].mean(axis=2), self.accuracy[where].mean(axis=2)


def replicate(
    completions: pd.DataFrame,
    cells: pd.DataFrame,
    costs: tuple[str, ...] = COMPLETION_COSTS,
    n_replicates: int = 10_000,
    seed: int = 0,
) -> Replicates:
    """Draw replicates of the accuracy and the costs of every cell.

    Parameters
    ----------
    completions : table of schema.COMPLETIONS
    cells : table of schema.CELLS
        Rows of kind ``control`` are dropped. Its accuracies and costs are what the replicates lie around.
    costs : tuple of str
        Keys of :data:`CELL_COSTS`.
    n_replicates : int
        At least 2.
    seed : int
        Not negative. Equal inputs and seed give equal replicates. A cell's draws rest on the seed, its names and its
        benchmark's items alone: a further model leaves those of the others as they are, but for rounding.

    Raises
    ------
    InputError
        A cell has no completions.

    Notes
    -----
    Items of a benchmark get random weights, one set per replicate for all models (Bayesian bootstrap: Rubin, Annals of
    Statistics 9, 1981), and an item's samples go with it. Drawing the samples anew as well would count their scatter
    twice, since the means of items already scatter by it (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8).
    Where models answered different items, each takes the weights of its own.

    Resampled items alone give intervals that are too narrow for few items and none at 0 or 100 %, where no item
    differs from another. So every cell gets, besides, an item of its own that nobody has seen, as in Jeffreys' prior:
    of weight 1 to the others' n, right by a share from Beta(1/2, 1/2). It keeps two models apart that happened to
    answer alike. Replicates are then set, rank by rank, onto the distribution whose quantiles are the ends of the
    cell's Wilson intervals: their median is the cell's accuracy, their 2.5 % and 97.5 % quantiles its interval in the
    cells table. What the bootstrap decides is how cells hang together, within a replicate and with their costs.

    Costs are spread, by ratio, so that the interval is as wide as Student's. Those measured for a cell as
    a whole (seconds, GPU-seconds, joules, dollars) are taken as fixed, for nothing shows how they would vary. Left
    out: that the choice of benchmarks is itself a sample, and errors of grading.
    """
    real = cells[cells["kind"] != "control"]
    models, benchmarks = (tuple(real[name].drop_duplicates()) for name in ("model", "benchmark"))
    shape = (n_replicates, len(models), len(benchmarks))
    drawn = {name: np.full(shape, np.nan, dtype=np.float32) for name in ("accuracy", *costs)}
    for column, benchmark in enumerate(benchmarks):
        mine = real[real["benchmark"] == benchmark].set_index("model")
        items = item_means(completions, tuple(mine.index), benchmark)
        at = np.array([models.index(model) for model in mine.index])
        raw = _weighted_means(items, costs, n_replicates, _generator(seed, benchmark))
        for name in costs:
            drawn[name][:, at, column] = _around(raw.get(name), mine[CELL_COSTS[name]], items.answered.sum(axis=0))
        for cell, model in enumerate(mine.index):
            unseen = _with_unseen_item(
                raw["correct"][:, cell], items.answered[:, cell], _generator(seed, benchmark, model)
            )
            drawn["accuracy"][:, at[cell], column] = _onto_wilson(unseen, mine.loc[model])
    return Replicates(models, benchmarks, drawn.pop("accuracy"), drawn)


@dataclass(frozen=True)
class ItemMeans:
    """The items of one benchmark; arrays of shape (n_items, n_models)."""

    answered: np.ndarray
    """Whether the model has a completion of the item."""
    means: dict[str, np.ndarray]
    """Mean over an item's samples of ``correct`` and of each of :data:`COMPLETION_COSTS`; 0 where it has none."""


def item_means(completions: pd.DataFrame, models: tuple[str, ...], benchmark: str) -> ItemMeans:
    """Return the means of one benchmark's items over their samples.

    Parameters
    ----------
    completions : table of schema.COMPLETIONS
    models : tuple of str
        The columns, in this order.
    benchmark : str

    Raises
    ------
    InputError
        A model has no completions of the benchmark.
    """
    rows = completions[completions["benchmark"] == benchmark]
    model = rows["model"].astype("category").cat
    codes = pd.Index(models).get_indexer(model.categories)[model.codes]
    rows, codes = _used(rows[codes >= 0]), codes[codes >= 0]
    # Sorted, so that an item's weight doesn't depend on which model comes first.
    item_codes, ids = pd.factorize(rows["item_id"], sort=True)
    place, shape = item_codes * len(models) + codes, (len(ids), len(models))
    samples = np.bincount(place, minlength=shape[0] * shape[1])
    answered = samples.reshape(shape) > 0
    for model in np.flatnonzero(~answered.any(axis=0)):
        raise InputError(
            f"{models[model]} x {benchmark}: a cell of the cells table has no completions; make both anew."
        )
    sums = {
        name: np.bincount(place, weights=np.nan_to_num(rows[name].to_numpy(dtype=float)), minlength=samples.size)
        for name in ("correct", *COMPLETION_COSTS)
    }
    return ItemMeans(answered, {name: (sum_ / np.maximum(samples, 1)).reshape(shape) for name, sum_ in sums.items()})


def _used(completions: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": completions["item_id"],
            "correct": completions["verdict"] == "correct",
            "flops": completions["prefill_flops"] + completions["decode_flops"],
            "tokens": completions["completion_tokens"].to_numpy(dtype=float, na_value=np.nan),
        }
    )


def _weighted_means(items: ItemMeans, costs: tuple[str, ...], n_replicates: int, rng) -> dict[str, np.ndarray]:
    """Return the means over items, each with a random weight, as float32 of shape (n_replicates, n_models).

    Costs are relative to their unweighted mean, so that single precision is enough for them.
    """
    names = ["correct", *(name for name in costs if name in COMPLETION_COSTS)]
    counts = items.answered.sum(axis=0)
    with np.errstate(invalid="ignore"):  # a cost that is zero throughout, as one that isn't known is here
        columns = [
            items.means[name] / (1 if name == "correct" else items.means[name].sum(axis=0) / counts) for name in names
        ]
    matrix = np.hstack([*columns, items.answered]).astype(np.float32)
    means = np.empty((n_replicates, len(names), len(counts)), dtype=np.float32)
    for start in range(0, n_replicates, BLOCK):
        size = min(BLOCK, n_replicates - start)
        weights = rng.standard_exponential((size, len(matrix)), dtype=np.float32)
        sums = (weights @ matrix).reshape(size, -1, len(counts))
        means[start : start + size] = sums[:, :-1] / sums[:, -1:]
    return {name: means[:, at] for at, name in enumerate(names)}


def _around(relative: np.ndarray | None, known: pd.Series, n_items: np.ndarray) -> np.ndarray:
    """Return a cost's replicates around the known means; one that was measured for a cell as a whole stays as it is."""
    known = known.to_numpy(dtype=float, na_value=np.nan)
    if relative is None:
        return known.astype(np.float32)
    # Weights from an exponential distribution give a variance over n + 1; and few items estimate it badly.
    freedom = np.maximum(n_items - 1, 1)
    scale = np.sqrt((n_items + 1) / freedom) * stdtrit(freedom, 0.975) / NORMAL_95
    with np.errstate(divide="ignore"):
        return known * np.exp(scale * np.log(relative))


def _with_unseen_item(means: np.ndarray, answered: np.ndarray, rng) -> np.ndarray:
    """Return the means of one cell with a further item of weight 1."""
    weight = rng.beta(1, answered.sum(), len(means))
    return (1 - weight) * means + weight * rng.beta(0.5, 0.5, len(means))


def _onto_wilson(values: np.ndarray, cell: pd.Series) -> np.ndarray:
    """Return the values, rank by rank, as a sample from the distribution that Wilson's intervals belong to."""
    size = effective_size(cell["accuracy"], cell["accuracy_se"], cell["n_items"])
    levels = ndtri((np.arange(len(values)) + 0.5) / len(values))
    placed = np.empty(len(values), dtype=np.float32)
    placed[np.argsort(values)] = wilson_quantile(cell["accuracy"], size, levels)
    return placed


def _generator(seed: int, *names: str) -> np.random.Generator:
    return np.random.default_rng([seed, *(crc32(name.encode()) for name in names)])
