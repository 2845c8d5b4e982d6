"""FLOPs that an accuracy takes, as of each release date: the record, a description."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..schema import names
from .dates import iso_dates
from .tables import THRESHOLDS


def threshold_flops(averages: pd.DataFrame, thresholds) -> pd.DataFrame:
    """Return the fewest FLOPs that reach an accuracy, as of each release date.

    Parameters
    ----------
    averages : table of frontier.POINTS
        The points of one scope. Rows that are left out or without a release date take no part.
    thresholds : iterable of float
        Accuracies in (0, 1].

    Returns
    -------
    table of THRESHOLDS
        Running minimum over the models released so far whose mean accuracy reaches the threshold.

    Notes
    -----
    A threshold counts as reached by the mean; its interval takes no part.
    """
    dated = averages[averages["left_out"].isna()].assign(release_date=lambda t: iso_dates(t["release_date"]))
    dated = dated.dropna(subset="release_date").sort_values(["release_date", "total_flops_mean", "model"])
    rows = [row for threshold in sorted(set(thresholds)) for row in _running_minimum(dated, threshold)]
    table = pd.DataFrame(rows, columns=names(THRESHOLDS))
    return table.astype({"total_flops_min": "float64", "model": "str", "model_name": "str", "is_record": "bool"})


def _running_minimum(dated: pd.DataFrame, threshold: float):
    best, count = None, 0
    for date, released in dated.groupby("release_date"):
        reaching = released[released["accuracy"] >= threshold]
        count += len(reaching)
        cheapest = reaching.iloc[0] if len(reaching) else None
        record = cheapest is not None and (best is None or cheapest["total_flops_mean"] < best["total_flops_mean"])
        best = cheapest if record else best
        yield {
            "accuracy_threshold": threshold,
            "release_date": date,
            "n_models_reaching": count,
            "total_flops_min": np.nan if best is None else best["total_flops_mean"],
            "model": None if best is None else best["model"],
            "model_name": None if best is None else best["model_name"],
            "is_record": record,
        }
