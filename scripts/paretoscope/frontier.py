"""Compute-accuracy Pareto frontier: which models no other model beats at their cost, per benchmark and on average."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .bootstrap import CELL_COSTS
from .errors import InputError
from .schema import MODEL, Column, names

AVERAGE = "average"
"""The scope that stands for the mean over all benchmarks; every other scope is a benchmark or a group of them."""

POINTS = (
    Column("scope", "str", "", f"benchmark id, id of a group of them, or '{AVERAGE}' for the mean over all"),
    Column("scope_name", "str", "", "name to show"),
    *MODEL,
    Column("release_date", "str", "ISO date", "release date of the model"),
    Column("n_benchmarks", "int64", "benchmarks", "benchmarks that the row covers"),
    Column("n_items", "int64", "items", "items graded, summed over benchmarks"),
    Column("n_completions", "int64", "completions", "completions graded, summed over benchmarks"),
    Column("total_flops_mean", "float64", "FLOPs", "mean FLOPs per completion, every benchmark counting the same"),
    Column("total_flops_se", "float64", "FLOPs", "standard error of total_flops_mean"),
    Column("accuracy", "float64", "fraction", "mean accuracy, every benchmark counting the same"),
    Column("accuracy_se", "float64", "fraction", "standard error of accuracy, benchmarks taken as independent"),
    Column("accuracy_low", "float64", "fraction", "lower end of the 95 % interval (Wilson; averages: MOVER)"),
    Column("accuracy_high", "float64", "fraction", "upper end of the 95 % interval"),
    Column("left_out", "str", "", "why the model is not a point of this scope; empty where it is one"),
)
"""The points of all scopes: one row per (scope, model). Control models have none."""

FRONTIER = (
    *POINTS,
    Column("on_frontier", "bool", "", "no model is cheaper or as cheap and at least as accurate, one of them strictly"),
    Column("dominated_by", "str", "", "id of the cheapest model that is at least as accurate; empty on the frontier"),
    Column(
        "accuracy_margin", "float64", "fraction", "accuracy missing to the most accurate model at that cost or less"
    ),
)
"""``frontier/frontier.csv``: the points with their place relative to the frontier."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a completion may be said to cost."""

    id: str
    name: str
    """To show, in the plural."""
    unit: str
    """Of one; empty for what is counted."""
    error: str | None = None
    """Column of its standard error, where there is one."""
    of_one_device: bool = False
    """Whether values of different devices can't be compared."""

    @property
    def column(self) -> str:
        """Of the cells table."""
        return CELL_COSTS[self.id]


COSTS = (
    Cost("flops", "FLOPs", "FLOPs", error="total_flops_se"),
    Cost("tokens", "completion tokens", ""),
    Cost("seconds", "wall seconds", "s", of_one_device=True),
    Cost("gpu_seconds", "GPU-seconds", "s", of_one_device=True),
    Cost("joules", "joules", "J"),
    Cost("usd", "US dollars", "$"),
)
"""Axes on which models are compared. Those that a study has not measured in most cells get no frontier."""

COST_FRONTIERS = (
    Column("cost", "str", "", "id of the cost: " + ", ".join(cost.id for cost in COSTS)),
    *(
        {
            "total_flops_mean": Column("cost_mean", "float64", "of the cost", "mean cost per completion"),
            "total_flops_se": Column("cost_se", "float64", "of the cost", "its standard error, where it is known"),
        }.get(column.name, column)
        for column in FRONTIER
    ),
)
"""``frontier/costs.csv``: FRONTIER for each cost that has one."""

COST_AXES = (
    Column("cost", "str", "", "id of the cost"),
    Column("name", "str", "", "name to show"),
    Column("unit", "str", "", "unit of one; empty for what is counted"),
    Column("device", "str", "", "devices that it was measured on; empty for what is computed"),
    Column("n_cells", "int64", "cells", "cells of models that have it, on that device"),
    Column("left_out", "str", "", "why there is no frontier of it; empty where there is one"),
)
"""``frontier/cost_axes.csv``: one row per cost."""

RANKS = (
    *MODEL,
    Column("total_flops_mean", "float64", "FLOPs", "mean FLOPs per completion over the benchmarks"),
    Column("flops_rank", "int64", "", "place by FLOPs, the cheapest first"),
    Column("time", "str", "", "which time was measured: gpu_seconds, or seconds"),
    Column("time_mean", "float64", "s", "its mean per completion over the benchmarks"),
    Column("time_rank", "int64", "", "place by it, the fastest first"),
)
"""``frontier/ranks.csv``: models that have both, by FLOPs; no row where no time was measured."""

MOST = 0.5
"""Share of the cells that must have a cost for a frontier of it."""

_IDENTITY = [*names(MODEL), "release_date"]
_log = logging.getLogger(__name__)


def benchmark_points(cells: pd.DataFrame, unknown: str = "FLOPs not known") -> pd.DataFrame:
    """Return the points of every single benchmark.

    Parameters
    ----------
    cells : table of schema.CELLS
        Rows of kind ``control`` are dropped.
    unknown : str
        Why a cell without a cost is left out.

    Returns
    -------
    table of POINTS
        One row per (benchmark, model), cells that are absent or without FLOPs included as left out.

    Raises
    ------
    InputError
        A benchmark has the id that stands for the average.
    """
    real = cells[cells["kind"] != "control"]
    models = real.drop_duplicates("model")[_IDENTITY]
    benchmarks = real.drop_duplicates("benchmark")[["benchmark", "benchmark_name"]]
    if AVERAGE in set(benchmarks["benchmark"]):
        raise InputError(f"a benchmark has the id '{AVERAGE}', which stands for the mean over benchmarks; rename it")
    measured = real[["benchmark", "model", "n_items", "n_samples", *_NUMBERS]]
    grid = benchmarks.merge(models, how="cross").merge(measured, how="left", on=["benchmark", "model"])
    absent = grid["n_items"].isna()
    usable = np.isfinite(grid["total_flops_mean"]) & (grid["total_flops_mean"] > 0) & grid["accuracy"].notna()
    grid["left_out"] = np.select([absent, ~usable], ["no result", unknown], default="")
    grid = grid.rename(columns={"benchmark": "scope", "benchmark_name": "scope_name"})
    grid["n_benchmarks"] = (~absent).astype("int64")
    grid["n_items"] = grid["n_items"].fillna(0).astype("int64")
    grid["n_completions"] = (grid["n_items"] * grid["n_samples"].fillna(0)).astype("int64")
    return _finish(grid)


_NUMBERS = ["total_flops_mean", "total_flops_se", "accuracy", "accuracy_se", "accuracy_low", "accuracy_high"]


def scopes(benchmarks: Iterable[str], groups: dict[str, list[str]] | None = None) -> dict[str, tuple[str, ...]]:
    """Return the benchmarks of every scope: the average of all, the groups, each benchmark by itself.

    Parameters
    ----------
    benchmarks : iterable of str
        Those that have cells; others are dropped from groups, and a group without any is no scope.
    groups : dict, optional
        Benchmarks by the group's id.

    Raises
    ------
    InputError
        Two scopes would have one id.
    """
    known = tuple(dict.fromkeys(benchmarks))
    found = {AVERAGE: known}
    grouped = {
        group: tuple(member for member in known if member in members) for group, members in (groups or {}).items()
    }
    for scope, members in [*grouped.items(), *((benchmark, (benchmark,)) for benchmark in known)]:
        if scope in found:
            raise InputError(f"'{scope}' is the id of two of these: the average, a group, a benchmark; rename it")
        if members:
            found[scope] = members
    return found


def averages(
    cells: pd.DataFrame, unknown: str = "FLOPs not known", scope: str = AVERAGE, benchmarks: Iterable[str] | None = None
) -> pd.DataFrame:
    """Return the mean over benchmarks of each model that has them all; the other models are listed as left out.

    Parameters
    ----------
    cells : table of schema.CELLS
        Rows of kind ``control`` are dropped.
    unknown : str
        As in :func:`benchmark_points`.
    scope : str
        Id of what is averaged.
    benchmarks : iterable of str, optional
        Over which; without it over all.

    Returns
    -------
    table of POINTS
        One row per model.

    Notes
    -----
    Every benchmark counts the same, whatever its number of items (arXiv 2512.24776). Benchmarks are independent, so
    the variance of the mean is the sum of theirs over their squared number. The interval combines the benchmarks' own
    intervals (MOVER: Zou and Donner, Statistics in Medicine 27, 2008), since a benchmark at 0 or 100 % has no variance
    to add, yet isn't certain. Left out: that the choice of benchmarks is itself a sample.
    """
    points = benchmark_points(cells, unknown)
    points = points if benchmarks is None else points[points["scope"].isin(list(benchmarks))]
    n_benchmarks = points["scope"].nunique()
    name = f"{'' if scope == AVERAGE else f'{scope}: '}average of {n_benchmarks} benchmark{'s' if n_benchmarks > 1 else ''}"
    rows = [_average(group) | {"scope": scope, "scope_name": name} for _, group in points.groupby("model", sort=False)]
    table = _finish(pd.DataFrame(rows, columns=names(POINTS)))
    _log.info("%s over %d benchmarks: %d of %d models", scope, n_benchmarks, table["left_out"].isna().sum(), len(table))
    return table


def _average(group: pd.DataFrame) -> dict:
    row = group.iloc[0][_IDENTITY].to_dict() | {
        "n_benchmarks": group["n_benchmarks"].sum(),
        "n_items": group["n_items"].sum(),
        "n_completions": group["n_completions"].sum(),
    }
    missing = group[group["left_out"].notna()]
    if len(missing):
        return row | {
            "left_out": "; ".join(
                f"{reason}: {', '.join(part['scope_name'])}" for reason, part in missing.groupby("left_out")
            )
        }
    accuracy = group["accuracy"].mean()
    return row | {
        "total_flops_mean": group["total_flops_mean"].mean(),
        "total_flops_se": _se_of_mean(group["total_flops_se"]),
        "accuracy": accuracy,
        "accuracy_se": _se_of_mean(group["accuracy_se"]),
        "accuracy_low": accuracy - _se_of_mean(group["accuracy"] - group["accuracy_low"]),
        "accuracy_high": accuracy + _se_of_mean(group["accuracy_high"] - group["accuracy"]),
        "left_out": "",
    }


def _se_of_mean(errors: pd.Series) -> float:
    """Return the error of a mean of independent values, each with its own error."""
    return float(np.sqrt(np.sum(np.square(errors.to_numpy(dtype=float)))) / len(errors))


def _finish(points: pd.DataFrame) -> pd.DataFrame:
    """Blank the numbers of what is left out, and put columns and rows in order."""
    points = points.copy()
    points["left_out"] = points["left_out"].astype("str").mask(points["left_out"] == "")
    points[_NUMBERS] = points[_NUMBERS].astype("float64")
    points.loc[points["left_out"].notna(), _NUMBERS] = np.nan
    return points[names(POINTS)].reset_index(drop=True)


def points(
    cells: pd.DataFrame, unknown: str = "FLOPs not known", groups: dict[str, list[str]] | None = None
) -> pd.DataFrame:
    """Return the points of all scopes (table of POINTS): average first, then groups, then benchmarks as they come."""
    benchmarks = cells.loc[cells["kind"] != "control", "benchmark"]
    several = {scope: members for scope, members in scopes(benchmarks, groups).items() if scope not in set(benchmarks)}
    tables = [averages(cells, unknown, scope, members) for scope, members in several.items()]
    return pd.concat([*tables, benchmark_points(cells, unknown)], ignore_index=True)


def frontier(points: pd.DataFrame) -> pd.DataFrame:
    """Mark in every scope the points that no other point dominates: least FLOPs, most accuracy.

    Parameters
    ----------
    points : table of POINTS
        Rows that are left out stay in the table and take no part.

    Returns
    -------
    table of FRONTIER
        Scopes in the order they come, points by rising FLOPs within a scope, left-out rows last.

    Notes
    -----
    A point dominates another if it costs no more and is no less accurate, and differs in one of the two. Equal points
    don't dominate each other: both stay. Decided on the means alone; the intervals take no part.
    """
    marked = [_mark(scope) for _, scope in points.groupby("scope", sort=False)]
    table = pd.concat(marked, ignore_index=True) if marked else points.reindex(columns=names(FRONTIER))
    return table[names(FRONTIER)]


def _mark(scope: pd.DataFrame) -> pd.DataFrame:
    scope = scope.sort_values(["total_flops_mean", "accuracy", "model"], ascending=[True, False, True])
    flops = scope["total_flops_mean"].to_numpy(dtype=float)
    accuracy = scope["accuracy"].to_numpy(dtype=float)
    models = scope["model"].to_numpy()
    # Entry [i, j] says something of point j as seen from point i. Comparisons with NaN (left out) are false.
    no_dearer = flops[None, :] <= flops[:, None]
    no_worse = accuracy[None, :] >= accuracy[:, None]
    differs = (flops[None, :] != flops[:, None]) | (accuracy[None, :] != accuracy[:, None])
    dominates = no_dearer & no_worse & differs
    dominated = dominates.any(axis=1)
    best = np.where(no_dearer, accuracy[None, :], -np.inf).max(axis=1)
    return scope.assign(
        on_frontier=scope["left_out"].isna() & ~dominated,
        # Rows are sorted by cost, then accuracy, so the first dominating point is the cheapest.
        dominated_by=pd.Series(
            np.where(dominated, models[dominates.argmax(axis=1)], None), index=scope.index, dtype="str"
        ),
        accuracy_margin=np.where(np.isfinite(accuracy), best - accuracy, np.nan),
    )


def cost_frontiers(
    cells: pd.DataFrame, groups: dict[str, list[str]] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frontiers by every cost that most cells have, and what became of each cost.

    Parameters
    ----------
    cells : table of schema.CELLS
    groups : dict, optional
        As in :func:`scopes`.

    Returns
    -------
    frontiers : table of COST_FRONTIERS
    axes : table of COST_AXES

    Notes
    -----
    Seconds of different devices don't compare: those of the device with the most cells are taken, the cells of others
    left out. Wall seconds depend on the number of GPUs, so they are taken only where GPU-seconds aren't known.
    """
    real = cells[cells["kind"] != "control"]
    tables, axes = [], []
    for cost in COSTS:
        known = real[real[cost.column] > 0]
        device = "" if cost.id in ("flops", "tokens") else "; ".join(known["device"].dropna().unique())
        if cost.of_one_device and len(known):
            device = known["device"].fillna("unknown device").mode()[0]
            known = known[known["device"].fillna("unknown device") == device]
        reason = _why_no_axis(cost, real, known)
        axes.append((cost.id, cost.name, cost.unit, device, len(known), reason))
        if not reason:
            unknown = f"{cost.name} {f'not measured on {device}' if device else 'not known'}"
            tables.append(_by_cost(real, cost, known.index, unknown, groups))
    empty = pd.DataFrame(columns=names(COST_FRONTIERS))
    frontiers = pd.concat(tables, ignore_index=True) if tables else empty
    return frontiers[names(COST_FRONTIERS)], pd.DataFrame(axes, columns=names(COST_AXES))


def _why_no_axis(cost: Cost, real: pd.DataFrame, known: pd.DataFrame) -> str:
    if cost.id == "seconds" and (real["gpu_seconds_per_completion"] > 0).any():
        return "GPU-seconds are measured"
    if known.empty:
        return "not measured in any cell"
    if len(known) <= MOST * len(real):
        return f"measured in {len(known)} of {len(real)} cells"
    return ""


def _by_cost(real: pd.DataFrame, cost: Cost, known: pd.Index, unknown: str, groups: dict | None) -> pd.DataFrame:
    """Return the frontier with the cost in the place of FLOPs."""
    errors = real[cost.error] if cost.error else np.nan
    taken = real.assign(total_flops_mean=real[cost.column].where(real.index.isin(known)), total_flops_se=errors)
    table = frontier(points(taken, unknown, groups))
    renamed = {"total_flops_mean": "cost_mean", "total_flops_se": "cost_se"}
    return table.rename(columns=renamed).assign(cost=cost.id)


def ranks(frontiers: pd.DataFrame) -> pd.DataFrame:
    """Return the models' places by FLOPs and by measured time, over the average of all benchmarks.

    Parameters
    ----------
    frontiers : table of COST_FRONTIERS

    Returns
    -------
    table of RANKS
        Equal values share the better place.
    """
    shown = frontiers[(frontiers["scope"] == AVERAGE) & frontiers["left_out"].isna()]
    flops = shown[shown["cost"] == "flops"]
    times = shown[shown["cost"].isin(("gpu_seconds", "seconds"))][["model", "cost", "cost_mean"]]
    both = flops.drop(columns="cost").rename(columns={"cost_mean": "total_flops_mean"})
    both = both.merge(times.rename(columns={"cost": "time", "cost_mean": "time_mean"}), on="model")
    for name, rank in (("total_flops_mean", "flops_rank"), ("time_mean", "time_rank")):
        both[rank] = both[name].rank(method="min").astype("int64")
    return both.sort_values(["flops_rank", "time_rank", "model"])[names(RANKS)].reset_index(drop=True)
