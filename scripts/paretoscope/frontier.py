"""Compute-accuracy Pareto frontier: which models no other model beats at their cost, per benchmark and on average."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from .errors import InputError
from .schema import MODEL, Column, names

AVERAGE = "average"
"""The scope that stands for the mean over all benchmarks; every other scope is a benchmark id."""

POINTS = (
    Column("scope", "str", "", f"benchmark id, or '{AVERAGE}' for the mean over benchmarks"),
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

_IDENTITY = [*names(MODEL), "release_date"]
_log = logging.getLogger(__name__)


def benchmark_points(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the points of every single benchmark.

    Parameters
    ----------
    cells : table of schema.CELLS
        Rows of kind ``control`` are dropped.

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
    grid["left_out"] = np.select([absent, ~usable], ["no result", "FLOPs not known"], default="")
    grid = grid.rename(columns={"benchmark": "scope", "benchmark_name": "scope_name"})
    grid["n_benchmarks"] = (~absent).astype("int64")
    grid["n_items"] = grid["n_items"].fillna(0).astype("int64")
    grid["n_completions"] = (grid["n_items"] * grid["n_samples"].fillna(0)).astype("int64")
    return _finish(grid)


_NUMBERS = ["total_flops_mean", "total_flops_se", "accuracy", "accuracy_se", "accuracy_low", "accuracy_high"]


def averages(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over benchmarks of each model that has them all; the other models are listed as left out.

    Parameters
    ----------
    cells : table of schema.CELLS
        Rows of kind ``control`` are dropped.

    Returns
    -------
    table of POINTS
        One row per model, in the scope :data:`AVERAGE`.

    Notes
    -----
    Every benchmark counts the same, whatever its number of items (arXiv 2512.24776). Benchmarks are independent, so
    the variance of the mean is the sum of theirs over their squared number. The interval combines the benchmarks' own
    intervals (MOVER: Zou and Donner, Statistics in Medicine 27, 2008), since a benchmark at 0 or 100 % has no variance
    to add, yet isn't certain. Left out: that the choice of benchmarks is itself a sample.
    """
    points = benchmark_points(cells)
    n_benchmarks = points["scope"].nunique()
    rows = [_average(group, n_benchmarks) for _, group in points.groupby("model", sort=False)]
    table = _finish(pd.DataFrame(rows, columns=names(POINTS)))
    _log.info("average over %d benchmarks: %d of %d models", n_benchmarks, table["left_out"].isna().sum(), len(table))
    return table


def _average(group: pd.DataFrame, n_benchmarks: int) -> dict:
    row = group.iloc[0][_IDENTITY].to_dict() | {
        "scope": AVERAGE,
        "scope_name": f"average of {n_benchmarks} benchmark{'s' if n_benchmarks > 1 else ''}",
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


def points(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the points of all scopes (table of POINTS): the average first, then the benchmarks as they come."""
    return pd.concat([averages(cells), benchmark_points(cells)], ignore_index=True)


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
