"""The accuracy that a model reaches within a budget of completion tokens, or of FLOPs, from the same completions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .. import flops
from ..schema import names
from ..statistics import clustered_mean, wilson_interval
from .tables import CELL, CURVES, STOPPED

_log = logging.getLogger(__name__)


def budget_grid(smallest: int, largest: int) -> np.ndarray:
    """Return whole budgets from half of ``smallest`` (or less) to ``largest`` (or more), four to a doubling.

    The grid is 4, 5, 6, 7 times the powers of two, and 1, 2, 3: every budget's double is on it.

    Parameters
    ----------
    smallest, largest : int
        Tokens, at least 1.

    Returns
    -------
    array of int, shape (k,)
    """
    powers = 2 ** np.arange(int(np.log2(largest)) + 1)
    grid = np.union1d([1, 2, 3], np.outer(powers, [4, 5, 6, 7]))
    first = np.searchsorted(grid, smallest / 2, side="right") - 1
    return grid[max(first, 0) : np.searchsorted(grid, largest) + 1]


@dataclass(frozen=True)
class Cell:
    """The completions of one model on one benchmark, all of known length, and the budgets of its curve."""

    about: dict
    """What the tables say of the cell."""
    items: np.ndarray
    """Item of each completion, shape (n,), as whole numbers."""
    tokens: np.ndarray
    """Its length, at least 1: an empty completion has length 0, which no logarithmic axis shows."""
    prompt_tokens: np.ndarray | None
    """None where one isn't known."""
    verdicts: np.ndarray
    samples: np.ndarray
    item_ids: np.ndarray
    """Id of each item."""
    budgets: np.ndarray
    """Tokens, shape (k,), rising."""
    architecture: flops.Architecture | None
    """None where FLOPs aren't known."""

    @property
    def truncated_rate(self) -> float:
        """Share of the completions that were cut."""
        return float((self.verdicts == "truncated").mean())

    @cached_property
    def accuracy(self) -> np.ndarray:
        """Share of each item's samples that are right within each budget, shape (items, k)."""
        right = (self.verdicts == "correct")[:, None] & (self.tokens[:, None] <= self.budgets)
        return self.item_means(right)

    @cached_property
    def truncated(self) -> np.ndarray:
        """Share of each item's samples that were cut, shape (items,)."""
        return self.item_means(self.verdicts == "truncated")

    def item_means(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of each item's completions, shape (items, ...)."""
        sums = np.zeros((len(self.item_ids), *values.shape[1:]))
        np.add.at(sums, self.items, values)
        return sums / np.bincount(self.items).reshape(-1, *[1] * (values.ndim - 1))

    def flops_at(self, budgets) -> tuple[np.ndarray, np.ndarray]:
        """Return the FLOPs of a completion that uses each budget, and those spent when stopped there; means over items.

        Prefill of the item's own prompt, and decode of as many tokens as the budget, or at most as the completion has.
        NaN where prompts or the architecture aren't known.
        """
        budgets = np.atleast_1d(np.asarray(budgets))
        whole = self.completion_flops(np.broadcast_to(budgets, (len(self.tokens), len(budgets))))
        spent = self.completion_flops(np.minimum(self.tokens[:, None], budgets))
        return self.item_means(whole).mean(axis=0), self.item_means(spent).mean(axis=0)

    def completion_flops(self, tokens: np.ndarray) -> np.ndarray:
        """Return prefill and decode FLOPs of completions of the cell's prompts, shape (n, k), by their tokens."""
        if self.architecture is None or self.prompt_tokens is None:
            return np.full(tokens.shape, np.nan)
        return sum(flops.completion_flops(self.architecture, self.prompt_tokens[:, None], tokens))


def known_cells(
    completions: pd.DataFrame, cells: pd.DataFrame, architectures: Mapping[str, flops.Architecture]
) -> list[Cell]:
    """Return the cells of models whose completions all have a known length.

    Parameters
    ----------
    completions : table of schema.COMPLETIONS
    cells : table of schema.CELLS
        Says what the models are called and which of them are controls; these are dropped.
    architectures : mapping
        By model; one that is missing has no FLOPs.

    Notes
    -----
    The curves of one benchmark start at the same budget and end where the model's own completions end.
    """
    real = cells[cells["kind"] != "control"][names(CELL)].to_dict("records")
    groups = dict(list(completions.groupby(["model", "benchmark"], observed=True)))
    known = [row for row in real if groups[row["model"], row["benchmark"]]["completion_tokens"].notna().all()]
    shortest: dict[str, int] = {}
    for row in known:
        least = int(groups[row["model"], row["benchmark"]]["completion_tokens"].min())
        shortest[row["benchmark"]] = max(min(shortest.get(row["benchmark"], least), least), 1)
    _log.info("budget curves: %d of %d cells", len(known), len(real))
    # Benchmark by benchmark, as readers compare the curves of one.
    return [
        _cell(row, groups[row["model"], row["benchmark"]], shortest[benchmark], architectures.get(row["model"]))
        for benchmark in shortest
        for row in known
        if row["benchmark"] == benchmark
    ]


def _cell(about: dict, group: pd.DataFrame, shortest: int, architecture: flops.Architecture | None) -> Cell:
    tokens = group["completion_tokens"].to_numpy(dtype="int64").clip(min=1)
    verdicts = group["verdict"].astype("str").to_numpy(dtype=object)
    budgets = budget_grid(shortest, tokens.max())
    if (verdicts == "truncated").any():
        # What happens past the limit isn't known, so the curve ends on it rather than on the grid.
        budgets = np.append(budgets[budgets < tokens.max()], tokens.max())
    items, item_ids = pd.factorize(group["item_id"])
    prompts = group["prompt_tokens"]
    return Cell(
        about=about,
        items=items,
        tokens=tokens,
        prompt_tokens=prompts.to_numpy(dtype="int64") if prompts.notna().all() else None,
        verdicts=verdicts,
        samples=group["sample"].to_numpy(dtype="int64"),
        item_ids=np.asarray(item_ids, dtype=object),
        budgets=budgets,
        architecture=architecture,
    )


def stopped_curves(cells: list[Cell]) -> pd.DataFrame:
    """Return accuracy against budget for each cell, in tokens and in FLOPs.

    A completion counts within a budget if it is correct and no longer than the budget ("stop at B").

    Returns
    -------
    table of CURVES

    Notes
    -----
    Intervals are pointwise, and one curve's points share their items. A completion that was cut off counts as wrong
    at every budget.
    """
    tables = [_stopped_curve(cell) for cell in cells]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names(CURVES))
    return table.astype({column.name: column.dtype for column in CURVES})


def _stopped_curve(cell: Cell) -> pd.DataFrame:
    whole, spent = cell.flops_at(cell.budgets)
    tokens = cell.item_means(np.minimum(cell.tokens[:, None], cell.budgets)).mean(axis=0)
    return curve_table(cell, STOPPED, cell.budgets, cell.accuracy, whole, spent, tokens)


def curve_table(
    cell: Cell,
    source: str,
    budgets: np.ndarray,
    accuracy: np.ndarray,
    budget_flops: np.ndarray,
    total_flops: np.ndarray,
    tokens: np.ndarray,
) -> pd.DataFrame:
    """Return the rows of one curve; accuracy by item, shape (items, k), all else of shape (k,)."""
    mean, se = clustered_mean(accuracy, np.arange(len(accuracy)))
    low, high = wilson_interval(mean, se, len(accuracy))
    columns = {
        **cell.about,
        "source": source,
        "budget_tokens": budgets,
        "budget_flops": budget_flops,
        "accuracy": mean,
        "accuracy_se": se,
        "accuracy_low": low,
        "accuracy_high": high,
        "completion_tokens_mean": tokens,
        "total_flops_mean": total_flops,
        "n_items": len(cell.item_ids),
        "n_completions": len(cell.tokens),
        "truncated_rate": cell.truncated_rate,
    }
    return pd.DataFrame(columns)[names(CURVES)]
