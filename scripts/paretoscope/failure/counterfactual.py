"""Counterfactual frontiers: what would be lost had a class of models never been."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from ..bootstrap import Replicates
from ..hypervolume import hypervolume, reference_cost
from ..schema import names
from .tables import COUNTERFACTUALS

CLASSES = (("kind", "moe"), ("type", "reasoning"))
"""Classes that are always left out once, besides every family: column of the tables and its value."""

_log = logging.getLogger(__name__)


def counterfactuals(
    frontiers: pd.DataFrame, replicates: Replicates, scopes: dict[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Return what the frontiers lose without MoE models, without reasoning models, and without each family.

    Parameters
    ----------
    frontiers : table of frontier.COST_FRONTIERS
        Rows that are left out take no part, nor do costs that the replicates don't have.
    replicates : bootstrap.Replicates
        Of the same models.
    scopes : dict
        Benchmarks of each scope (see :func:`paretoscope.frontier.scopes`).

    Returns
    -------
    table of COUNTERFACTUALS
        With a note in the place of numbers where a class has no model or all of them.

    Notes
    -----
    Counterfactual frontiers as in arXiv 2504.13359, with two measures of the loss: of hypervolume, and the factor by
    which the cheapest model per correct answer gets dearer. They tell what the models that remain can't replace, and
    take these as they are: without the class they might have been built otherwise. A loss can't be negative, and a
    class that adds nothing gains in some replicates by luck, so an interval that starts at 0 is no sign of a loss.
    Left out: that source's minimum over models item by item, which takes many samples per item to be more than luck.
    """
    used = frontiers[frontiers["left_out"].isna() & frontiers["cost"].isin(tuple(replicates.cost))]
    rows = []
    for (cost, scope), points in used.groupby(["cost", "scope"], sort=False):
        draws = tuple(drawn.astype(float) for drawn in replicates.over(scopes[scope], points["model"], cost))
        families = [("family", family) for family in sorted(points["family"].unique())]
        for column, value in (*CLASSES, *families):
            row = {"cost": cost, "scope": scope, "scope_name": points["scope_name"].iloc[0]}
            row |= {"without": column, "value": value}
            rows.append(row | _without(points, (points[column] == value).to_numpy(), draws))
    _log.info("counterfactual frontiers: %d", len(rows))
    return pd.DataFrame(rows, columns=names(COUNTERFACTUALS)).astype({"note": "str"})


def _without(points: pd.DataFrame, removed: np.ndarray, draws: tuple[np.ndarray, np.ndarray]) -> dict:
    row = {
        "n_models_without": int((~removed).sum()),
        "n_models_removed": int(removed.sum()),
        "n_removed_on_frontier": int(points.loc[removed, "on_frontier"].sum()),
    }
    cost, accuracy = points["cost_mean"].to_numpy(dtype=float), points["accuracy"].to_numpy(dtype=float)
    reference = reference_cost(cost)
    area, per_correct = hypervolume(cost, accuracy, reference), _cheapest(cost, accuracy)
    row |= {"hypervolume": area, "per_correct": float(per_correct)}
    if not removed.any() or removed.all():
        return row | {"note": "no model is such" if not removed.any() else "no model is another"}
    lost, factor = _loss(cost, accuracy, ~removed, reference)
    lost_draws, factor_draws = _loss(*draws, ~removed, reference)
    lost_ends, factor_ends = (
        np.percentile(values, [2.5, 97.5], method="inverted_cdf") for values in (lost_draws, factor_draws)
    )
    return row | {
        "hypervolume_lost": lost,
        "hypervolume_lost_low": lost_ends[0],
        "hypervolume_lost_high": lost_ends[1],
        "per_correct_factor": float(factor),
        "per_correct_factor_low": factor_ends[0],
        "per_correct_factor_high": factor_ends[1],
    }


def _loss(cost: np.ndarray, accuracy: np.ndarray, left: np.ndarray, reference: float):
    """Return hypervolume lost and factor of the cost per correct answer, along the last axis."""
    lost = hypervolume(cost, accuracy, reference) - hypervolume(cost[..., left], accuracy[..., left], reference)
    whole, rest = _cheapest(cost, accuracy), _cheapest(cost[..., left], accuracy[..., left])
    # Where no model is ever right, none gets dearer.
    factor = np.divide(rest, whole, out=np.ones_like(whole), where=np.isfinite(whole))
    return np.maximum(lost, 0), factor


def _cheapest(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return the lowest expected cost of a correct answer, along the last axis; inf where none is correct."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.min(np.where(accuracy > 0, cost / accuracy, np.inf), axis=-1))
