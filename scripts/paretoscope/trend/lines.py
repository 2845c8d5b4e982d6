"""Lines over release dates, with intervals, the pull of single families, and a test by permuted dates."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from scipy.special import logit

from ..bootstrap import Replicates
from ..hypervolume import hypervolume, reference_cost
from ..schema import names
from .dates import years
from .efficiency import excess
from .regression import Fit, date_statistics, orders, p_value, ratio_interval, regress
from .tables import LINES, MIN_POINTS

_MODELS = "models with a release date"
_log = logging.getLogger(__name__)


def trend_lines(
    efficiency: pd.DataFrame, thresholds: pd.DataFrame, replicates: Replicates | None = None, seed: int = 0
) -> pd.DataFrame:
    """Look for a trend over release dates in each quantity, where the points allow it.

    Parameters
    ----------
    efficiency : table of EFFICIENCY
    thresholds : table of THRESHOLDS
    replicates : bootstrap.Replicates, optional
        Of the same models, with FLOPs. Without them the models' measurement errors are taken as independent.
    seed : int
        Of the random orders of dates.

    Returns
    -------
    table of LINES
        With fewer than :data:`MIN_POINTS` points, or all of one date, the note says so and the numbers are empty, those
        of the test too.

    Notes
    -----
    ``s_eff`` and ``excess`` are regressed on the date.

    ``log10_flops_to_reach`` has one slope at all accuracies. The models' logit accuracy is regressed on log10 FLOPs and
    date, over all models: logit A = a + b log10 F + g t. The FLOPs that reach an accuracy are where that line does, and
    move by -g / b decades a year; the interval is Fieller's. Accuracy is on the left since that is where the
    measurement error is, and since a model's size and length of thinking are chosen and its accuracy is what comes of
    it. Neither records nor the models that reach a threshold do instead. Records are minima, which later models have
    had more tries at; in simulations the intervals of a line through them hold the truth in 73 to 86 % of cases. Those
    that reach a threshold are selected by what they spend, most of all at first, and what models spend grows: their
    mean cost may rise while every one of them gets more efficient. Models that don't reach a threshold say as much on
    how efficient models are as those that do, and are in the regression.

    ``log10_flops_at_equal_accuracy`` is the regression the other way round, of log10 FLOPs on date and logit accuracy.
    It is right where models aim at an accuracy, whatever it takes, and else too flat; the former is too steep there if
    the accuracy aimed at rises. Where the two differ, the truth is between them. Left out: that models of a family have
    errors in common, for which ``slope_without_family_low`` and ``_high`` are there; slopes that differ by accuracy or
    change with time.

    ``log10_flops_record`` and ``hypervolume`` describe: their points hang together, so their lines have no interval.

    ``permutation_p`` permutes the dates over the models. For lines its statistic is \\|t\\| of the date. Records are
    found anew in every order: for ``log10_flops_record``, among the models that reach the accuracy, the mean over time
    of the record, which is high where cheap models come late; for ``hypervolume`` its mean over time, which is low
    where good models come late.
    """
    models = efficiency[efficiency["left_out"].isna()]
    draws = _draws(replicates, models["model"]) if replicates is not None else None
    rows = [
        _dated_line("s_eff", models, draws, seed),
        _dated_line("excess", models, draws, seed),
        *_flops_lines(models, sorted(thresholds["accuracy_threshold"].unique()), draws, seed),
        *(
            _record_line(threshold, group, models, seed)
            for threshold, group in thresholds.groupby("accuracy_threshold")
        ),
        _hypervolume_line(models, seed),
    ]
    for row in rows:
        _log.info("line %s %s: %s", row["quantity"], row["accuracy_threshold"], row.get("note") or "fitted")
    table = pd.DataFrame(rows, columns=names(LINES))
    texts = dict.fromkeys(("note", "extrapolation_note", "halving_note", "most_influential_family"), "str")
    whole = {"n_reaching": "Int64", "n_permutations": "Int64", "permutations_are_all": "boolean"}
    return table.astype(texts | whole)


def _draws(replicates: Replicates, models) -> tuple[np.ndarray, np.ndarray]:
    """Return replicates of the models' mean accuracy and FLOPs over all benchmarks."""
    flops, accuracy = replicates.over(replicates.benchmarks, models)
    return accuracy.astype(float), flops.astype(float)


def _start(quantity: str, dates: pd.Series, what: str, threshold: float = np.nan) -> dict:
    """Return a row with its note, if there can be no line."""
    row = {"quantity": quantity, "accuracy_threshold": threshold, "n_points": len(dates), "note": None}
    if len(dates) < MIN_POINTS:
        return row | {"note": f"no line: {len(dates)} of at least {MIN_POINTS} {what}"}
    if dates.nunique() == 1:
        return row | {"note": "no line: all points have one date"}
    return row | {"first_date": dates.min(), "last_date": dates.max()}


def _dated_line(quantity: str, models: pd.DataFrame, draws, seed: int) -> dict:
    """Return the line of a quantity that every model has, on the date alone."""
    row = _start(quantity, models["release_date"], _MODELS)
    if row["note"]:
        return row
    time, values = years(models["release_date"]), models[quantity].to_numpy(dtype=float)
    if quantity == "excess" and not values.any():
        return row | {"note": "no line: all on the frontier, nothing to fit"}
    of_draws = {"s_eff": lambda accuracy, flops: accuracy / np.log10(flops), "excess": lambda a, f: excess(f, a)}
    design = np.column_stack([np.ones(len(time)), time])
    fit = regress(design, values, None if draws is None else of_draws[quantity](*draws))
    start, slope = fit.coefficients
    return row | {
        "value_at_first": start,
        "value_at_last": start + slope * time.max(),
        **_slope(slope, fit.interval(1)),
        **_without_families(models, lambda part: regress(design[part], values[part]).coefficients[1]),
        **_permuted(lambda order: date_statistics(time[order], values), len(models), seed),
    }


def _flops_lines(models: pd.DataFrame, thresholds: list[float], draws, seed: int) -> list[dict]:
    """Return the lines of the FLOPs to reach each threshold, and of those at equal accuracy."""
    row = _start("log10_flops_to_reach", models["release_date"], _MODELS)
    equal = row | {"quantity": "log10_flops_at_equal_accuracy"}
    if row["note"]:
        return [*(row | {"accuracy_threshold": threshold} for threshold in thresholds), equal]
    time = years(models["release_date"])
    score, flops = _logit(models["accuracy"], models["n_items"]), np.log10(models["total_flops_mean"].to_numpy())
    # Centred, so that a date's coefficient doesn't hang on where the others' zero is.
    flops_here = flops - flops.mean()
    forward = np.column_stack([np.ones(len(time)), time, flops_here])
    backward = np.column_stack([np.ones(len(time)), time, score - score.mean()])
    if np.linalg.matrix_rank(forward) < 3 or np.linalg.matrix_rank(backward) < 3:
        note = {"note": "no line: FLOPs or accuracy don't vary but with the date"}
        return [*(row | {"accuracy_threshold": threshold} | note for threshold in thresholds), equal | note]
    reach = _reaching(forward, score, models, draws)
    test = _permuted(lambda order: date_statistics(time[order], score, flops_here[:, None]), len(models), seed)
    rows = []
    for threshold in thresholds:
        n_reaching = int((models["accuracy"] >= threshold).sum())
        found = row | {"accuracy_threshold": threshold, "n_reaching": n_reaching}
        if n_reaching in (0, len(models)):
            which = "no model reaches" if n_reaching == 0 else "every model reaches"
            rows.append(found | {"note": f"not identified: {which} it"})
        elif np.isnan(reach["slope"]["slope_per_year_low"]):
            rows.append(found | {"note": "not identified: accuracy doesn't surely rise with FLOPs"})
        else:
            start = flops.mean() + (logit(threshold) - reach["intercept"]) / reach["gain"]
            if n_reaching < MIN_POINTS:
                found["extrapolation_note"] = f"extrapolated: {n_reaching} of at least {MIN_POINTS} models reach it"
            ends = {"value_at_first": start, "value_at_last": start + reach["slope"]["slope_per_year"] * time.max()}
            rows.append(found | ends | reach["slope"] | reach["families"] | test)
    return [*rows, equal | _at_equal_accuracy(backward, flops, models, draws, seed)]


def _reaching(design: np.ndarray, score: np.ndarray, models: pd.DataFrame, draws) -> dict:
    """Return slope, interval and range over families of the FLOPs that reach any one accuracy."""

    def ratio(fit: Fit) -> float:
        return -fit.coefficients[1] / fit.coefficients[2]

    first = regress(design, score)
    deviations = None
    if draws is not None:
        accuracy, flops = draws
        deviations = _logit(accuracy, models["n_items"].to_numpy()) - first.coefficients[2] * np.log10(flops)
    fit = regress(design, score, deviations)
    low, high = ratio_interval(fit, 1, 2)
    return {
        "intercept": fit.coefficients[0],
        "gain": fit.coefficients[2],
        "slope": _slope(ratio(fit), (-high, -low), halves=True),
        "families": _without_families(models, lambda part: ratio(regress(design[part], score[part]))),
    }


def _at_equal_accuracy(design: np.ndarray, flops: np.ndarray, models: pd.DataFrame, draws, seed: int) -> dict:
    deviations = None
    if draws is not None:
        score_gain = regress(design, flops).coefficients[2]
        deviations = np.log10(draws[1]) - score_gain * _logit(draws[0], models["n_items"].to_numpy())
    fit = regress(design, flops, deviations)
    start, slope, _ = fit.coefficients
    time = design[:, 1]
    return {
        "value_at_first": start,
        "value_at_last": start + slope * time.max(),
        **_slope(slope, fit.interval(1), halves=True),
        **_without_families(models, lambda part: regress(design[part], flops[part]).coefficients[1]),
        **_permuted(lambda order: date_statistics(time[order], flops, design[:, 2:]), len(models), seed),
    }


def _record_line(threshold: float, steps: pd.DataFrame, models: pd.DataFrame, seed: int) -> dict:
    """Describe the records at a threshold, and test whether they come later than by chance."""
    records, reaching = steps[steps["is_record"]], models[models["accuracy"] >= threshold]
    row = _start("log10_flops_record", records["release_date"], "records", threshold) | {"n_reaching": len(reaching)}
    if row["note"]:
        return row
    row |= _description(years(records["release_date"]), np.log10(records["total_flops_min"].to_numpy()))
    time, values = years(reaching["release_date"]), np.log10(reaching["total_flops_mean"].to_numpy())
    return row | _permuted(lambda order: mean_record(time, values[order]), len(reaching), seed)


def _hypervolume_line(models: pd.DataFrame, seed: int) -> dict:
    row = _start("hypervolume", models["release_date"], _MODELS)
    if row["note"]:
        return row
    time, flops = years(models["release_date"]), models["total_flops_mean"].to_numpy()
    accuracy, reference = models["accuracy"].to_numpy(), reference_cost(flops)
    dates = np.unique(time)
    reached = np.array([hypervolume(flops[time <= date], accuracy[time <= date], reference) for date in dates])
    test = _permuted(lambda order: -mean_hypervolume(time, flops, accuracy, order), len(models), seed)
    return row | {"n_points": len(dates)} | _description(dates, reached) | test


def _description(time: np.ndarray, values: np.ndarray) -> dict:
    start, slope = regress(np.column_stack([np.ones(len(time)), time]), values).coefficients
    return {"value_at_first": start, "value_at_last": start + slope * time.max(), "slope_per_year": slope}


def mean_record(time: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the mean over time of the running minimum.

    Parameters
    ----------
    time : array of shape (n,)
        Rising dates, in years.
    values : array of shape (..., n)
        Values of the models of these dates; leading axes (orders) are independent of each other.
    """
    lowest = np.minimum.accumulate(values, axis=-1)
    return _mean_over_time(time, lowest)


def mean_hypervolume(time: np.ndarray, flops: np.ndarray, accuracy: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the mean over time of the hypervolume, for each order of the models, shape (orders,).

    Parameters
    ----------
    time : array of shape (n,)
        Rising dates, in years.
    flops, accuracy : array of shape (n,)
    order : array of shape (orders, n)
        Which model has which date.
    """
    reference = reference_cost(flops)
    reached = np.empty(order.shape)
    for date in range(order.shape[1]):
        by_then = order[:, : date + 1]
        reached[:, date] = hypervolume(flops[by_then], accuracy[by_then], reference)
    return _mean_over_time(time, reached)


def _mean_over_time(time: np.ndarray, heights: np.ndarray) -> np.ndarray:
    # Models of one date have a step of no width between them, so their order doesn't count.
    return heights[..., :-1] @ np.diff(time) / (time[-1] - time[0])


def _logit(accuracy, n_items) -> np.ndarray:
    """Return the log odds of accuracies, finite at 0 and 1 too (Haldane and Anscombe: half an item added to each)."""
    right = np.asarray(accuracy, dtype=float) * np.asarray(n_items)
    return np.log((right + 0.5) / (n_items - right + 0.5))


def _slope(slope: float, interval: tuple[float, float], halves: bool = False) -> dict:
    low, high = interval
    if np.isnan(low):
        slope = np.nan
    row = {"slope_per_year": slope, "slope_per_year_low": low, "slope_per_year_high": high}
    if not halves:
        return row
    if low > 0:
        return row | {"halving_note": "FLOPs rise"}
    fastest = -12 * np.log10(2) / low if low < 0 else np.nan
    if not high < 0:
        return row | {"halving_months_low": fastest, "halving_note": "not identified: FLOPs may as well not decline"}
    return row | {
        "halving_months": -12 * np.log10(2) / slope,
        "halving_months_low": fastest,
        "halving_months_high": -12 * np.log10(2) / high,
    }


def _without_families(models: pd.DataFrame, slope_of) -> dict:
    """Return the range of the slope over families left out, where enough models remain."""
    family, dates = models["family"].to_numpy(), models["release_date"].to_numpy()
    slopes = {}
    for name in np.unique(family):
        part = family != name
        if part.sum() >= MIN_POINTS and len(np.unique(dates[part])) > 1:
            slopes[name] = slope_of(part)
    if not slopes:
        return {}
    whole = slope_of(np.ones(len(models), dtype=bool))
    return {
        "slope_without_family_low": min(slopes.values()),
        "slope_without_family_high": max(slopes.values()),
        "most_influential_family": max(slopes, key=lambda name: abs(slopes[name] - whole)),
    }


def _permuted(statistics_of, n_models: int, seed: int) -> dict:
    order, all_orders = orders(n_models, seed)
    return {
        "permutation_p": p_value(statistics_of(order)),
        "n_permutations": len(order),
        "permutations_are_all": all_orders,
    }
