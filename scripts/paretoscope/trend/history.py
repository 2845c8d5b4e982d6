"""The frontier as of each release date, and the hypervolume that it had reached by then."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..bootstrap import Replicates
from ..hypervolume import corrected, hypervolume, reference_cost
from ..schema import names
from .dates import iso_dates
from .tables import FRONTIERS, HYPERVOLUME


def frontiers_as_of(points: pd.DataFrame) -> pd.DataFrame:
    """Return the frontier as of each release date, in every scope.

    Parameters
    ----------
    points : table of frontier.POINTS
        Rows that are left out or without a release date take no part.

    Returns
    -------
    table of FRONTIERS
        By scope as they come, then by date, then by rising FLOPs.
    """
    tables = []
    for _, scope in _dated(points).groupby("scope", sort=False):
        for date in sorted(scope["release_date"].unique()):
            released = scope[scope["release_date"] <= date].sort_values(["total_flops_mean", "accuracy", "model"])
            tables.append(released.assign(as_of=date, on_frontier=_on_frontier(released)))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names(FRONTIERS))
    return table[names(FRONTIERS)].astype({"on_frontier": "bool"})


def _dated(points: pd.DataFrame) -> pd.DataFrame:
    known = points[points["left_out"].isna()].assign(release_date=lambda table: iso_dates(table["release_date"]))
    return known.dropna(subset="release_date")


def _on_frontier(released: pd.DataFrame) -> np.ndarray:
    """Return which models no other dominates (see :func:`paretoscope.frontier.frontier`)."""
    flops, accuracy = released["total_flops_mean"].to_numpy(), released["accuracy"].to_numpy()
    no_worse = (flops <= flops[:, None]) & (accuracy >= accuracy[:, None])
    return ~(no_worse & ((flops != flops[:, None]) | (accuracy != accuracy[:, None]))).any(axis=1)


def hypervolume_over_time(
    points: pd.DataFrame, replicates: Replicates, scopes: dict[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Return the hypervolume of the models released by each date, in every scope.

    Parameters
    ----------
    points : table of frontier.POINTS
    replicates : bootstrap.Replicates
        Of the same models, with FLOPs.
    scopes : dict
        Benchmarks of each scope (see :func:`paretoscope.frontier.scopes`).

    Returns
    -------
    table of HYPERVOLUME

    Notes
    -----
    One reference point for all dates and replicates of a scope: ten times the FLOPs of its dearest model, at accuracy
    0. The intervals of neighbouring dates go together, since most models are in both. They are shifted as those of the
    frontier are (:func:`paretoscope.hypervolume.corrected`), so that of the last date is the frontier's own where all
    models have a date.
    """
    rows = []
    for name, scope in _dated(points).groupby("scope", sort=False):
        flops, accuracy = replicates.over(scopes[name], scope["model"])
        reference = reference_cost(scope["total_flops_mean"])
        for date in sorted(scope["release_date"].unique()):
            by_then = (scope["release_date"] <= date).to_numpy()
            released = scope[by_then]
            observed = hypervolume(released["total_flops_mean"], released["accuracy"], reference)
            _, low, high = corrected(observed, hypervolume(flops[:, by_then], accuracy[:, by_then], reference))
            rows.append(
                {
                    "scope": name,
                    "as_of": date,
                    "n_models": len(released),
                    "hypervolume": observed,
                    "hypervolume_low": low,
                    "hypervolume_high": high,
                    "reference_flops": reference,
                }
            )
    return pd.DataFrame(rows, columns=names(HYPERVOLUME))
