"""How much accuracy a model gives for its compute: S_eff as published, and measures that don't depend on a unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..hypervolume import hypervolume, reference_cost
from ..schema import names
from .dates import iso_dates
from .tables import EFFICIENCY


def efficiency(averages: pd.DataFrame) -> pd.DataFrame:
    """Return the compute efficiency of each model, by release date.

    Parameters
    ----------
    averages : table of frontier.POINTS
        The scope of averages.

    Returns
    -------
    table of EFFICIENCY
        Models by rising release date; those without a date, an average or more than one FLOP are left out, with the
        reason.

    Notes
    -----
    S_eff = mean accuracy over the benchmarks over log10 of the mean FLOPs (arXiv 2512.24776). Beware: a ratio to a
    logarithm depends on the unit. Accuracy 0.80 at 1e16 and 0.70 at 1e14 FLOPs tie (0.05), while in TFLOPs they don't
    (0.20 against 0.35). The unit here is FLOPs, always; compare only values computed so. Left out: the error of the
    FLOPs, which is small on a logarithmic scale.

    What doesn't depend on the unit: ``excess``, the distance to the frontier at equal accuracy, 0 for a model on it,
    1 for one that takes ten times the FLOPs of another that is at least as accurate; and what the hypervolume
    (:func:`paretoscope.hypervolume.hypervolume`) of all models would lose without this one.
    """
    table = averages.copy()
    known = table["left_out"].isna()
    logarithm = np.log10(table["total_flops_mean"].where(table["total_flops_mean"] > 1))
    for column, source in (("s_eff", "accuracy"), ("s_eff_low", "accuracy_low"), ("s_eff_high", "accuracy_high")):
        table[column] = table[source] / logarithm
    # A column that is empty throughout comes out of a CSV as numbers.
    table["left_out"] = table["left_out"].astype("str")
    table["release_date"] = iso_dates(table["release_date"])
    table.loc[known & table["s_eff"].isna(), "left_out"] = "not more than one FLOP"
    table.loc[known & table["release_date"].isna(), "left_out"] = "no release date"
    table = table.sort_values(["release_date", "model"])
    return _with_distances(table)[names(EFFICIENCY)].reset_index(drop=True)


def _with_distances(table: pd.DataFrame) -> pd.DataFrame:
    used = table["left_out"].isna().to_numpy()
    flops, accuracy, dates = (
        table.loc[used, name].to_numpy() for name in ("total_flops_mean", "accuracy", "release_date")
    )
    by_then = [np.flatnonzero(dates <= date) for date in dates]
    at_release = [
        excess(flops[before], accuracy[before])[np.searchsorted(before, model)] for model, before in enumerate(by_then)
    ]
    reference = reference_cost(flops)
    whole = hypervolume(flops, accuracy, reference) if used.any() else 0.0
    without = [
        hypervolume(np.delete(flops, model), np.delete(accuracy, model), reference) for model in range(len(flops))
    ]
    measures = {
        "excess": excess(flops, accuracy),
        "excess_at_release": at_release,
        "hypervolume_contribution": np.maximum(whole - np.array(without), 0),
    }
    for name, values in measures.items():
        table[name] = np.nan
        table.loc[used, name] = values
    return table


def excess(flops: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return log10 of each model's FLOPs over the fewest FLOPs of a model at least as accurate.

    Parameters
    ----------
    flops, accuracy : array of shape (..., n)
        Of n models; leading axes (replicates) are independent of each other.

    Returns
    -------
    array of shape (..., n)
        Decades, not negative; 0 for what no model undercuts.
    """
    logarithm = np.log10(np.asarray(flops, dtype=float))
    order = np.lexsort((logarithm, -accuracy), axis=-1)
    lowest = np.minimum.accumulate(np.take_along_axis(logarithm, order, axis=-1), axis=-1)
    distances = np.empty_like(logarithm)
    np.put_along_axis(distances, order, np.take_along_axis(logarithm, order, axis=-1) - lowest, axis=-1)
    return distances
