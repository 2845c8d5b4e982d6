"""The table of samples needed, for every cell of a study that has run."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..errors import InputError
from ..schema import MODEL, Column, names
from . import (
    Scatter,
    detectable,
    half_width_of_such,
    half_width_of_these,
    item_table,
    paired_scatter,
    samples_for_such,
    samples_for_these,
    scatter,
)

HALF_WIDTHS = (0.01, 0.025, 0.05)
"""Half widths of 95 % intervals that samples are counted for, unless others are asked for."""

ONE_SAMPLE = "one sample per item doesn't show what is sampling noise; two would"
"""Why a cell has no numbers of samples."""


def name_of(half_width: float) -> str:
    """Return what columns call a half width: 0.025 is ``2_5_points``."""
    points = f"{100 * half_width:g}"
    return f"{points.replace('.', '_')}_point{'' if points == '1' else 's'}"


def columns(half_widths: Iterable[float]) -> tuple[Column, ...]:
    """Return the columns of a table of samples for intervals of these half widths."""
    widths = {name_of(width): width for width in half_widths}
    return (
        *MODEL,
        Column("benchmark", "str", "", "benchmark id"),
        Column("benchmark_name", "str", "", "name to show"),
        Column("n_items", "int64", "items", "items graded"),
        Column("n_samples", "int64", "samples", "completions per item"),
        Column("accuracy", "float64", "fraction", "mean over items of the share of correct samples"),
        Column(
            "within_variance", "float64", "", "variance of a sample about its item's own rate; empty: one sample each"
        ),
        Column("between_variance", "float64", "", "variance of the items' own rates; empty as above"),
        Column("half_width_of_such", "float64", "fraction", "half width of the 95 % interval for such items"),
        Column("half_width_of_such_least", "float64", "fraction", "what these items leave of it whatever the samples"),
        Column("half_width_of_these", "float64", "fraction", "half width of the 95 % interval for just these items"),
        *(
            Column(
                f"samples_of_such_for_{name}",
                "Int64",
                "samples",
                f"samples per item for an interval of +-{100 * width:g} points for such items; empty: the items "
                "themselves leave more, or see why_none",
            )
            for name, width in widths.items()
        ),
        *(
            Column(
                f"samples_of_these_for_{name}",
                "Int64",
                "samples",
                f"samples per item for +-{100 * width:g} points on just these items; with one sample each an upper bound",
            )
            for name, width in widths.items()
        ),
        Column("rival", "str", "", "id of the other model nearest in accuracy on this benchmark; empty: there is none"),
        Column("rival_difference", "float64", "fraction", "accuracy less the rival's on the items that both answered"),
        Column("detectable", "float64", "fraction", "true difference to it that such a run finds with 80 % power"),
        Column("detectable_least", "float64", "fraction", "the same with any number of samples of both"),
        Column("why_none", "str", "", "why variances, and numbers of samples that rest on them, are empty"),
    )


POWER_TABLE = columns(HALF_WIDTHS)
"""``summary/power.csv``: one row per (model, benchmark); controls have none."""

TAKEN = (*names(MODEL), "benchmark", "benchmark_name", "n_items", "n_samples", "accuracy")
"""Columns of the cells table that go into it as they are."""

_log = logging.getLogger(__name__)


def power_table(
    completions: pd.DataFrame, cells: pd.DataFrame, half_widths: tuple[float, ...] = HALF_WIDTHS
) -> pd.DataFrame:
    """Return how many samples every cell would need.

    Parameters
    ----------
    completions : table of schema.COMPLETIONS
        Read: model, benchmark, item_id and verdict.
    cells : table of schema.CELLS
        Rows of kind ``control`` are dropped.
    half_widths : tuple of float
        Fractions.

    Returns
    -------
    table of POWER_TABLE, or of the :func:`columns` of other half widths
        In the order of the cells.

    Raises
    ------
    InputError
        A cell has no completions.
    """
    real = cells[cells["kind"] != "control"]
    tables = correct_by_item(completions, real)
    accuracies: dict[str, dict[tuple[str, str], float]] = {}
    for cell, table in tables.items():
        accuracies.setdefault(cell[1], {})[cell] = table["mean"].mean()
    rows = []
    for cell in real.to_dict("records"):
        own = (cell["model"], cell["benchmark"])
        rows.append(
            {name: cell[name] for name in TAKEN}
            | _needs(scatter(tables[own]), half_widths)
            | _rival(own, tables, accuracies[cell["benchmark"]])
        )
    _log.info("samples needed by %d cells", len(rows))
    wanted = columns(half_widths)
    return pd.DataFrame(rows, columns=names(wanted)).astype({column.name: column.dtype for column in wanted})


def correct_by_item(completions: pd.DataFrame, cells: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the :func:`item_table` of right answers by (model, benchmark).

    Raises
    ------
    InputError
        A cell has no completions.
    """
    groups = completions.assign(correct=completions["verdict"] == "correct").groupby(
        ["model", "benchmark"], observed=True
    )
    tables = {cell: item_table(group["correct"], group["item_id"]) for cell, group in groups}
    for cell in zip(cells["model"], cells["benchmark"], strict=True):
        if cell not in tables:
            raise InputError(f"{' x '.join(cell)}: a cell of the cells table has no completions; make both anew.")
    return tables


def _needs(found: Scatter, half_widths: tuple[float, ...]) -> dict:
    if found.n_items < 2:
        return {"why_none": "a single item doesn't show how items differ"}
    if found.within is None:
        # Taken for sampling noise altogether, the scatter gives the most that the noise can be.
        now = half_width_of_such(found.mean, 0, found.total, found.n_items)
        enough = {f"samples_of_such_for_{name_of(width)}": 1 for width in half_widths if now <= width}
        return (
            _needs_of_these(found.total, found, 1, half_widths)
            | enough
            | {"half_width_of_such": now, "why_none": ONE_SAMPLE}
        )
    such = (found.mean, found.within, found.between, found.n_items)
    return {
        "within_variance": found.within,
        "between_variance": found.between,
        "half_width_of_such": half_width_of_such(found.mean, 0, found.total, found.n_items),
        "half_width_of_such_least": half_width_of_such(*such),
        "why_none": "",
        **{f"samples_of_such_for_{name_of(width)}": samples_for_such(*such, width) for width in half_widths},
    } | _needs_of_these(found.within, found, found.within / found.sampled if found.sampled else 1, half_widths)


def _needs_of_these(within: float, found: Scatter, samples: float, half_widths: tuple[float, ...]) -> dict:
    # As if one item more had been answered at random: samples that never disagree don't show that they never will.
    rate = (found.n_items * found.mean + 2) / (found.n_items + 4)
    within = max(within, (found.n_items * within + rate * (1 - rate)) / (found.n_items + 1))
    needed = {name_of(width): samples_for_these(within, found.n_items, width) for width in half_widths}
    return {
        "half_width_of_these": half_width_of_these(within, found.n_items, samples),
        **{f"samples_of_these_for_{name}": count for name, count in needed.items()},
    }


def _rival(
    own: tuple[str, str], tables: dict[tuple[str, str], pd.DataFrame], accuracies: dict[tuple[str, str], float]
) -> dict:
    """Compare a cell with the nearest of its benchmark, whose accuracies these are."""
    apart = sorted((abs(accuracy - accuracies[own]), cell) for cell, accuracy in accuracies.items() if cell != own)
    nearest = next((cell for _, cell in apart if len(tables[cell].index.intersection(tables[own].index)) > 1), None)
    if nearest is None:
        return {"rival": None}
    pair = paired_scatter(tables[own], tables[nearest])
    return {
        "rival": nearest[0],
        "rival_difference": pair.mean,
        "detectable": _detectable(pair.total, pair.n_items),
        "detectable_least": np.nan if pair.between is None else _detectable(pair.between, pair.n_items),
    }


def _detectable(variance: float, n_items: int) -> float:
    """Two items more are supposed, as in the interval of a difference: models that answered alike aren't equal."""
    return detectable((n_items * variance + 2) / (n_items + 2) ** 2)
