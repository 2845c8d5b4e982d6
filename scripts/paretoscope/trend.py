"""Trend over release dates: compute efficiency, and the FLOPs that an accuracy costs as time goes by."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from .schema import MODEL, Column, names

MIN_POINTS = 5
"""Fewest points through which a line is fitted."""

EFFICIENCY = (
    *MODEL,
    Column("release_date", "str", "ISO date", "release date of the model"),
    Column("total_flops_mean", "float64", "FLOPs", "mean FLOPs per completion over the benchmarks"),
    Column("accuracy", "float64", "fraction", "mean accuracy over the benchmarks"),
    Column("s_eff", "float64", "fraction / log10(FLOPs)", "accuracy / log10(total_flops_mean)"),
    Column("s_eff_low", "float64", "fraction / log10(FLOPs)", "at the lower end of the accuracy's 95 % interval"),
    Column("s_eff_high", "float64", "fraction / log10(FLOPs)", "at the upper end"),
    Column("left_out", "str", "", "why the model is not part of the trend; empty where it is"),
)
"""``trend/efficiency.csv``: one row per model."""

THRESHOLDS = (
    Column("accuracy_threshold", "float64", "fraction", "mean accuracy to reach"),
    Column("release_date", "str", "ISO date", "as of this date; every release date has a row"),
    Column("n_models_reaching", "int64", "models", "models released so far that reach the threshold"),
    Column("total_flops_min", "float64", "FLOPs", "fewest mean FLOPs per completion among them; empty without any"),
    Column("model", "str", "", "id of the model that needs the fewest"),
    Column("model_name", "str", "", "its name to show"),
    Column("is_record", "bool", "", "a model released on this date lowered the minimum"),
)
"""``trend/threshold_flops.csv``: one row per (threshold, release date)."""

LINES = (
    Column("quantity", "str", "", "s_eff, or log10_flops: log10 of the record FLOPs at a threshold"),
    Column("accuracy_threshold", "float64", "fraction", "the threshold of log10_flops; empty for s_eff"),
    Column("n_points", "int64", "points", "points that a line could go through"),
    Column("first_date", "str", "ISO date", "first release date among them"),
    Column("last_date", "str", "ISO date", "last release date among them"),
    Column("value_at_first", "float64", "the quantity's", "value of the line at first_date"),
    Column("value_at_last", "float64", "the quantity's", "value of the line at last_date"),
    Column("slope_per_year", "float64", "the quantity's per year", "slope of the least-squares line"),
    Column("slope_per_year_low", "float64", "the quantity's per year", "lower end of its 95 % interval (Student's t)"),
    Column("slope_per_year_high", "float64", "the quantity's per year", "upper end of its 95 % interval"),
    Column("note", "str", "", "why there is no line; empty where there is one"),
)
"""``trend/lines.csv``: one row per line that was looked for."""

_log = logging.getLogger(__name__)


def efficiency(averages: pd.DataFrame) -> pd.DataFrame:
    """Return S_eff = accuracy / log10(FLOPs) of each model, by release date.

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
    arXiv 2512.24776: mean accuracy over the benchmarks over log10 of the mean FLOPs. Beware: a ratio to a logarithm
    depends on the unit. Accuracy 0.80 at 1e16 and 0.70 at 1e14 FLOPs tie (0.05), while in TFLOPs they don't (0.20
    against 0.35). The unit here is FLOPs, always; compare only values computed so. Left out: the error of the FLOPs,
    which is small on a logarithmic scale.
    """
    table = averages.copy()
    known = table["left_out"].isna()
    logarithm = np.log10(table["total_flops_mean"].where(table["total_flops_mean"] > 1))
    for column, source in (("s_eff", "accuracy"), ("s_eff_low", "accuracy_low"), ("s_eff_high", "accuracy_high")):
        table[column] = table[source] / logarithm
    # A column that is empty throughout comes out of a CSV as numbers.
    table["left_out"] = table["left_out"].astype("str")
    table["release_date"] = _iso(table["release_date"])
    table.loc[known & table["s_eff"].isna(), "left_out"] = "not more than one FLOP"
    table.loc[known & table["release_date"].isna(), "left_out"] = "no release date"
    return table.sort_values(["release_date", "model"])[names(EFFICIENCY)].reset_index(drop=True)


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
    dated = averages[averages["left_out"].isna()].assign(release_date=lambda t: _iso(t["release_date"]))
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


def trend_lines(efficiency: pd.DataFrame, thresholds: pd.DataFrame) -> pd.DataFrame:
    """Fit a line over time to S_eff and to the log10 of the record FLOPs at each threshold, where the points allow it.

    Parameters
    ----------
    efficiency : table of EFFICIENCY
    thresholds : table of THRESHOLDS

    Returns
    -------
    table of LINES
        With fewer than :data:`MIN_POINTS` points, or all of one date, the note says so and the numbers are empty.

    Notes
    -----
    Ordinary least squares, with the interval of Student's t. The points of S_eff are models; those of a threshold are
    its records, which a running minimum makes dependent: read that slope as a description. Left out: the errors of
    the points.
    """
    models = efficiency[efficiency["left_out"].isna()]
    rows = [_line("s_eff", np.nan, models["release_date"], models["s_eff"], "models with a release date")]
    for threshold, group in thresholds.groupby("accuracy_threshold"):
        records = group[group["is_record"]]
        values = np.log10(records["total_flops_min"])
        rows.append(_line("log10_flops", threshold, records["release_date"], values, "records"))
    for row in rows:
        _log.info("line %s %s: %s", row["quantity"], row["accuracy_threshold"], row.get("note") or "fitted")
    return pd.DataFrame(rows, columns=names(LINES)).astype({"note": "str"})


def _line(quantity: str, threshold: float, dates: pd.Series, values: pd.Series, what: str) -> dict:
    row = {"quantity": quantity, "accuracy_threshold": threshold, "n_points": len(values), "note": None}
    if len(values) < MIN_POINTS:
        return row | {"note": f"no line: {len(values)} of at least {MIN_POINTS} {what}"}
    days = pd.to_datetime(dates)
    years = (days - days.min()).dt.days.to_numpy() / 365.25
    if np.ptp(years) == 0:
        return row | {"note": "no line: all points have one date"}
    start, slope, half = least_squares(years, values.to_numpy(dtype=float))
    return row | {
        "first_date": dates.min(),
        "last_date": dates.max(),
        "value_at_first": start,
        "value_at_last": start + slope * years.max(),
        "slope_per_year": slope,
        "slope_per_year_low": slope - half,
        "slope_per_year_high": slope + half,
    }


def least_squares(x, y):
    """Return intercept, slope and the half-width of the slope's 95 % interval of a straight line through points.

    Parameters
    ----------
    x, y : array of shape (n,)
        At least three points, not all at one ``x``.
    """
    centred = x - x.mean()
    spread = np.sum(centred**2)
    slope = np.sum(centred * y) / spread
    intercept = y.mean() - slope * x.mean()
    variance = np.sum((y - intercept - slope * x) ** 2) / (len(x) - 2)
    return intercept, slope, stdtrit(len(x) - 2, 0.975) * np.sqrt(variance / spread)


def _iso(dates: pd.Series) -> pd.Series:
    """Write dates as full ISO dates, so that text sorts as time does; what is empty stays empty."""
    text = dates.astype("str").mask(dates.isna() | (dates == ""))
    return pd.to_datetime(text, format="ISO8601").dt.strftime("%Y-%m-%d").astype("str")
