"""What the page is drawn from: the tables of a study as columns of rounded numbers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from ..saturation.tables import STOPPED

DIGITS = 6
"""Significant digits of accuracies and costs: enough that rounding puts no model on a frontier or off it."""
SPARE_DIGITS = 4
"""Of intervals, probabilities and curves, which are only drawn."""

CURVE_DIGITS, CURVE_POINTS = 3, 16
"""Of the accuracies of a curve; points that a curve has at most, eight doublings."""

PAIRED = 40
"""Models of a scope whose differences are told at most: pairs are many."""

_ENDS = {"mean": "", "low": "_low", "high": "_high"}
_MODEL = {"id": "model", "name": "model_name", "family": "family", "kind": "kind", "type": "type"}


def page_data(tables: Mapping[str, pd.DataFrame]) -> dict:
    """Return the data of the page, ready for JSON.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``frontier``, ``costs``, ``axes`` (frontier.FRONTIER, COST_FRONTIERS, COST_AXES), ``probabilities``, ``band``,
        ``hypervolume``, ``differences`` (uncertainty.tables), ``thresholds``, ``lines`` (trend.THRESHOLDS, LINES),
        ``curves``, ``fits`` (saturation.CURVES, FITS), ``failure``, ``counterfactuals`` (failure.CELLS,
        COUNTERFACTUALS) and ``cells`` (schema.CELLS).

    Returns
    -------
    dict
        ``models``, ``scopes`` and ``costs`` name the three dimensions. Arrays of arrays hold one row per scope with
        one value per model, in their order; None where there is no value.
    """
    frontier = tables["frontier"]
    models = frontier.drop_duplicates("model").sort_values("model")
    scopes = frontier.drop_duplicates("scope")
    grid = _Grid(list(models["model"]), list(scopes["scope"]))
    axes = tables["axes"][tables["axes"]["left_out"].isna()]
    # A model without one cost has its accuracy still, beside another.
    known = pd.concat([frontier, tables["costs"]]).dropna(subset="accuracy").drop_duplicates(["scope", "model"])
    return {
        "models": {key: _texts(models[column]) for key, column in _MODEL.items()}
        | {"date": _dates(models["release_date"])}
        | _parameters(tables["cells"], grid.models),
        "scopes": {"id": grid.scopes, "name": _texts(scopes["scope_name"])},
        "benchmarks": [s for s, scope in enumerate(grid.scopes) if scope in set(tables["cells"]["benchmark"])],
        "accuracy": {
            "mean": grid.numbers(known, "accuracy", DIGITS),
            "low": grid.numbers(known, "accuracy_low", SPARE_DIGITS),
            "high": grid.numbers(known, "accuracy_high", SPARE_DIGITS),
            "completions": grid.numbers(frontier, "n_completions", DIGITS),
        },
        "pairs": _pairs(tables["costs"], tables["differences"], grid),
        "costs": [_cost(axis, tables, grid) for axis in axes.to_dict("records")],
        "trend": _trend(tables["thresholds"], tables["lines"]),
        "saturation": _saturation(tables["curves"], tables["fits"], grid),
    }


class _Grid:
    """Models and scopes in the page's order, and columns of tables laid out so."""

    def __init__(self, models: list[str], scopes: list[str]):
        self.models, self.scopes = models, scopes

    def numbers(self, table: pd.DataFrame, column: str, digits: int) -> list[list[float | None]]:
        """Return one row per scope, one rounded number per model."""
        return [rounded(row, digits) for row in self._laid_out(table, column)]

    def codes(self, table: pd.DataFrame, column: str) -> dict:
        """Return the distinct texts of a column, and a row per scope that says which of them each model has."""
        texts = sorted(table[column].dropna().unique())
        place = {text: code for code, text in enumerate(texts)}
        rows = self._laid_out(table, column)
        return {"texts": texts, "rows": [[place.get(text) for text in row] for row in rows]}

    def _laid_out(self, table: pd.DataFrame, column: str) -> list[list]:
        laid_out = table.pivot(index="scope", columns="model", values=column)
        return laid_out.reindex(index=self.scopes, columns=self.models).to_numpy().tolist()


def rounded(values, digits: int) -> list[float | int | None]:
    """Return numbers rounded to significant digits, whole ones as integers; None for what is missing."""
    numbers = (None if pd.isna(value) else float(f"{value:.{digits}g}") for value in values)
    return [int(n) if n is not None and n.is_integer() else n for n in numbers]


def _texts(values: pd.Series) -> list[str]:
    return values.astype("str").fillna("").tolist()


def _dates(values: pd.Series) -> list[str]:
    """Return ISO dates to the day, so that text sorts as time does; empty where there is none."""
    return pd.to_datetime(values, format="ISO8601").dt.strftime("%Y-%m-%d").fillna("").tolist()


def _parameters(cells: pd.DataFrame, models: list[str]) -> dict:
    known = cells.drop_duplicates("model").set_index("model").reindex(models)
    return {key: rounded(known[f"{key}_parameters"], SPARE_DIGITS) for key in ("total", "active")}


def _cost(axis: dict, tables: Mapping[str, pd.DataFrame], grid: _Grid) -> dict:
    costs, probabilities, band, hypervolume = (
        tables[name][tables[name]["cost"] == axis["cost"]] for name in ("costs", "probabilities", "band", "hypervolume")
    )
    hypervolume = hypervolume.set_index("scope").reindex(grid.scopes)
    removed = tables["counterfactuals"][tables["counterfactuals"]["cost"] == axis["cost"]]
    return {
        **{key: axis[key] if isinstance(axis[key], str) else "" for key in ("name", "unit", "device")},
        "id": axis["cost"],
        "mean": grid.numbers(costs, "cost_mean", DIGITS),
        "se": grid.numbers(costs, "cost_se", SPARE_DIGITS),
        "left_out": grid.codes(costs, "left_out"),
        "probability": grid.numbers(probabilities, "frontier_probability", CURVE_DIGITS),
        "band": [_band(band[band["scope"] == scope]) for scope in grid.scopes],
        "reliability": rounded(hypervolume["reliability"], CURVE_DIGITS),
        "hypervolume": _with_ends(hypervolume, "hypervolume"),
        "failure": _failure(tables["failure"][tables["failure"]["cost"] == axis["cost"]], costs, grid),
        "without": [_without(removed[removed["scope"] == scope]) for scope in grid.scopes],
    }


def _with_ends(table: pd.DataFrame, name: str) -> dict:
    """Return a column and the ends of its interval."""
    return {end: rounded(table[name + suffix], CURVE_DIGITS) for end, suffix in _ENDS.items()}


def _failure(failure: pd.DataFrame, costs: pd.DataFrame, grid: _Grid) -> dict | None:
    """Return what is spent on wrong answers, and the cost of a right one as a multiple of the page's mean cost."""
    if failure.empty:
        return None
    key = ["scope", "model"]
    table = failure.merge(costs[[*key, "cost_mean"]], on=key, how="left", suffixes=("_of_failure", ""))
    per_correct = [f"per_correct{suffix}" for suffix in _ENDS.values()]
    finite = table[per_correct].replace(np.inf, np.nan)
    table[per_correct] = finite.div(table["cost_mean"], axis=0)
    return {
        name: {end: grid.numbers(table, name + suffix, digits) for end, suffix in _ENDS.items()}
        for name, digits in (("wrong_share", CURVE_DIGITS), ("per_correct", SPARE_DIGITS))
    }


def _without(removed: pd.DataFrame) -> dict:
    """Return what the frontier of a scope loses without each class of models."""
    removed = removed.dropna(subset="hypervolume_lost")
    return {
        "facet": _texts(removed["without"]),
        "value": _texts(removed["value"]),
        **_with_ends(removed, "hypervolume_lost"),
    }


def _band(band: pd.DataFrame) -> dict:
    columns = {
        "cost": ("cost_at", SPARE_DIGITS),
        "low": ("accuracy_low", CURVE_DIGITS),
        "high": ("accuracy_high", CURVE_DIGITS),
    }
    return {name: rounded(band[column], digits) for name, (column, digits) in columns.items()}


def _pairs(costs: pd.DataFrame, differences: pd.DataFrame, grid: _Grid) -> list[dict]:
    """Return for each scope the models that are compared, and row by row what each is ahead of those after it."""
    by_scope, none = dict(list(differences.groupby("scope"))), differences.iloc[:0]
    found = []
    for scope in grid.scopes:
        ids = _least_beaten(costs[costs["scope"] == scope])
        upper = np.triu_indices(len(ids), 1)
        matrices = _both_ways(by_scope.get(scope, none), ids)
        found.append(
            {"m": [grid.models.index(model) for model in ids]}
            | {name: rounded(matrix[upper], CURVE_DIGITS) for name, matrix in matrices.items()}
        )
    return found


def _least_beaten(points: pd.DataFrame) -> list[str]:
    """Return the models whose differences are told: few others are as accurate for the cost where that is fewest."""
    beaten = []
    for _, axis in points.dropna(subset=["accuracy", "cost_mean"]).groupby("cost"):
        cost, accuracy = axis["cost_mean"].to_numpy(), axis["accuracy"].to_numpy()
        others = (cost <= cost[:, None]) & (accuracy >= accuracy[:, None])
        beaten.append(pd.Series(others.sum(axis=1), index=axis["model"]))
    if not beaten:
        return []
    return list(pd.concat(beaten).groupby(level=0).min().nsmallest(PAIRED, keep="first").index)


def _both_ways(pairs: pd.DataFrame, ids: list[str]) -> dict[str, np.ndarray]:
    """Return matrices of row model less column model: the difference of accuracy and the ends of its interval."""
    pairs = pairs[pairs["model_a"].isin(ids) & pairs["model_b"].isin(ids)]
    turned = pairs.assign(
        model_a=pairs["model_b"],
        model_b=pairs["model_a"],
        difference=-pairs["difference"],
        difference_low=-pairs["difference_high"],
        difference_high=-pairs["difference_low"],
    )
    both = pd.concat([pairs, turned])
    names = {"difference": "difference", "low": "difference_low", "high": "difference_high"}
    return {
        name: both.pivot(index="model_a", columns="model_b", values=column).reindex(index=ids, columns=ids).to_numpy()
        for name, column in names.items()
    }


def _trend(thresholds: pd.DataFrame, lines: pd.DataFrame) -> dict:
    reached = thresholds.dropna(subset="total_flops_min")
    # Between records a step goes on level; only its last date is needed, to know how far.
    ends = ~reached.duplicated("accuracy_threshold", keep="last")
    shown = reached[reached["is_record"] | ends]
    halving = lines[lines["quantity"] == "log10_flops_at_equal_accuracy"]
    numbers = ("n_points", "halving_months", "halving_months_low", "halving_months_high", "permutation_p")
    return {
        "threshold": rounded(shown["accuracy_threshold"], DIGITS),
        "date": _dates(shown["release_date"]),
        "flops": rounded(shown["total_flops_min"], SPARE_DIGITS),
        "name": _texts(shown["model_name"]),
        "record": shown["is_record"].tolist(),
        "never": rounded(sorted(set(thresholds["accuracy_threshold"]) - set(reached["accuracy_threshold"])), DIGITS),
        "halving": {
            **{name: value for name in numbers for value in rounded(halving[name], SPARE_DIGITS)},
            "note": "".join(_texts(halving["note"])) or "".join(_texts(halving["halving_note"])),
        },
    }


def _saturation(curves: pd.DataFrame, fits: pd.DataFrame, grid: _Grid) -> dict:
    """Return the curves of completions as they are in columns, one entry per cell, and what was fitted to them."""
    key = ["model", "benchmark"]
    curves = curves[curves["source"] == STOPPED].sort_values([*key, "budget_tokens"], kind="stable")
    ends = curves.drop_duplicates(key)[key].merge(fits[fits["source"] == STOPPED], how="left", on=key)
    tokens, accuracy = curves["budget_tokens"].to_numpy(), curves["accuracy"].to_numpy()
    starts = np.flatnonzero(~curves.duplicated(key).to_numpy())
    kept = [_thin(tokens[a:b], accuracy[a:b]) + a for a, b in pairwise([*starts, len(curves)])]
    distinct = np.unique(tokens[np.concatenate(kept)]) if kept else tokens[:0]
    statuses = sorted(ends["status"].dropna().unique())
    numbers = [f"{name}{end}" for name in ("saturation_tokens", "ceiling") for end in ("", "_low", "_high")]
    return {
        "budgets": distinct.tolist(),
        "statuses": statuses,
        "m": [grid.models.index(model) for model in ends["model"]],
        "s": [grid.scopes.index(benchmark) for benchmark in ends["benchmark"]],
        "at": [np.searchsorted(distinct, tokens[rows]).tolist() for rows in kept],
        "accuracy": [rounded(accuracy[rows], CURVE_DIGITS) for rows in kept],
        **{name: rounded(ends[name], CURVE_DIGITS) for name in numbers},
        "status": [None if pd.isna(status) else statuses.index(status) for status in ends["status"]],
        "gain_points": rounded(ends["gain_points"].dropna().head(1), DIGITS),
    }


def _thin(tokens: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Return the places in a curve of its last budget, of that over root two, two and so on, from its last zero on."""
    wanted = tokens[-1] / 2 ** (np.arange(CURVE_POINTS) / 2)
    places = np.unique(np.abs(tokens[:, None] - wanted).argmin(axis=0))
    return places[places >= np.flatnonzero(accuracy <= 0).max(initial=0)]
