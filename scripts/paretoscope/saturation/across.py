"""Saturation over models: the accuracy of a benchmark's models against their compute, as arXiv 2512.24776 reads it."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from ..schema import names
from . import points
from .resampling import cluster_weights
from .tables import ACROSS
from .verdicts import (
    IDENTIFIED,
    best_form,
    doubt_about_form,
    doubt_about_point,
    saturation,
)

log = logging.getLogger(__name__)

FEWEST_MODELS = 8


def across_models(cells: pd.DataFrame, gain_points: float = 1.0) -> pd.DataFrame:
    """Fit accuracy against mean FLOPs per completion over the models of each benchmark.

    Parameters
    ----------
    cells : table of schema.CELLS
    gain_points : float
        What a doubling must gain to be worth it, in percentage points.

    Returns
    -------
    table of ACROSS

    Notes
    -----
    Binomial likelihood with each model's items as trials. Models differ by far more than chance: models are what is
    resampled, and the clusters of the information criterion. What one model would do with more compute, this says
    nothing about; bigger and newer models, and those that think longer, are one curve here.
    """
    real = cells[(cells["kind"] != "control") & cells["total_flops_mean"].notna()]
    groups = [group for _, group in cells[cells["kind"] != "control"].groupby("benchmark", sort=False)]
    rows = [_benchmark(group[group.index.isin(real.index)], group.iloc[0], gain_points) for group in groups]
    table = pd.DataFrame(rows, columns=names(ACROSS))
    log.info("saturation over models: %d benchmarks", len(table))
    return table.astype({column.name: column.dtype for column in ACROSS})


def _benchmark(models: pd.DataFrame, first: pd.Series, gain_points: float) -> dict:
    row = {
        **{name: first[name] for name in ("benchmark", "benchmark_name")},
        "gain_points": gain_points,
        "first_flops": models["total_flops_mean"].min(),
        "last_flops": models["total_flops_mean"].max(),
        "n_models": len(models),
    }
    if len(models) < FEWEST_MODELS:
        reason = f"{len(models)} models, at least {FEWEST_MODELS} are needed"
        return row | {"status": f"not identified: {reason}"}
    models = models.sort_values("total_flops_mean")
    accuracy, trials = (np.diag(models[name].to_numpy(dtype=float)) for name in ("accuracy", "n_items"))
    data = points.Points(np.log2(models["total_flops_mean"].to_numpy()), accuracy @ trials, trials, has_floor=False)
    fitted = points.fit(data, cluster_weights(len(models)))
    found = saturation(fitted.shape, fitted.parameters, fitted.resampled, gain_points, data.x)
    gaps = fitted.curves["saturating"] - data.accuracy
    row |= {
        "form": best_form(fitted.criteria),
        "shape": fitted.shape,
        **{f"aic_{form.lower().replace('-', '_')}": value for form, value in fitted.criteria.items()},
        "misfit_points": 100 * float(np.sqrt((gaps**2).mean())),
    }
    doubt = doubt_about_form(fitted.criteria) or doubt_about_point(found, data.x, 100.0, gain_points)
    if doubt:
        return row | {"status": f"not identified: {doubt}"}
    ends = ("", "_low", "_high")
    flops = 2.0 ** np.array([found.point, *found.interval])
    return row | {
        "status": IDENTIFIED,
        **{f"ceiling{end}": v for end, v in zip(ends, (found.ceiling, *found.ceiling_interval), strict=True)},
        **{f"saturation_flops{end}": value for end, value in zip(ends, flops, strict=True)},
    }
