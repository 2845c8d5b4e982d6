"""The tables of the trend."""

from __future__ import annotations

from ..schema import MODEL, Column

MIN_POINTS = 5
"""Fewest points through which a line is fitted."""

_S_EFF = "fraction / log10(FLOPs)"

EFFICIENCY = (
    *MODEL,
    Column("release_date", "str", "ISO date", "release date of the model"),
    Column("n_items", "int64", "items", "items graded, summed over benchmarks"),
    Column("total_flops_mean", "float64", "FLOPs", "mean FLOPs per completion over the benchmarks"),
    Column("accuracy", "float64", "fraction", "mean accuracy over the benchmarks"),
    Column("s_eff", "float64", _S_EFF, "accuracy / log10(total_flops_mean)"),
    Column("s_eff_low", "float64", _S_EFF, "at the lower end of the accuracy's 95 % interval"),
    Column("s_eff_high", "float64", _S_EFF, "at the upper end"),
    Column("excess", "float64", "decades", "log10 of FLOPs over the fewest of a model at least as accurate"),
    Column("excess_at_release", "float64", "decades", "the same among the models released by then"),
    Column("hypervolume_contribution", "float64", "decades", "hypervolume that is lost without the model"),
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

FRONTIERS = (
    Column("scope", "str", "", "benchmark id, or 'average' for the mean over benchmarks"),
    Column("as_of", "str", "ISO date", "as of this date; every release date of the scope has its rows"),
    *MODEL,
    Column("release_date", "str", "ISO date", "release date of the model, as_of or before"),
    Column("total_flops_mean", "float64", "FLOPs", "mean FLOPs per completion"),
    Column("accuracy", "float64", "fraction", "mean accuracy"),
    Column("on_frontier", "bool", "", "no model released by then is cheaper or as cheap and at least as accurate"),
)
"""``trend/frontiers.csv``: one row per (scope, date, model released by then)."""

HYPERVOLUME = (
    Column("scope", "str", "", "benchmark id, or 'average' for the mean over benchmarks"),
    Column("as_of", "str", "ISO date", "as of this date; every release date of the scope has a row"),
    Column("n_models", "int64", "models", "models released by then"),
    Column("hypervolume", "float64", "decades", "area that they dominate in log10 FLOPs and accuracy"),
    Column("hypervolume_low", "float64", "decades", "lower end of its 95 % interval (bootstrap over items)"),
    Column("hypervolume_high", "float64", "decades", "upper end"),
    Column(
        "reference_flops",
        "float64",
        "FLOPs",
        "cost of the reference point: ten times the dearest model's, at accuracy 0; one for all dates",
    ),
)
"""``trend/hypervolume.csv``: one row per (scope, date)."""

QUANTITIES = {
    "s_eff": "accuracy / log10(FLOPs)",
    "excess": "log10 of FLOPs over the fewest of a model at least as accurate",
    "log10_flops_to_reach": "log10 of the FLOPs at which the fit reaches an accuracy",
    "log10_flops_at_equal_accuracy": "log10 of FLOPs, at the models' mean accuracy",
    "log10_flops_record": "log10 of the record FLOPs at an accuracy",
    "hypervolume": "hypervolume as of a date",
}

_PER_YEAR = "the quantity's per year"

LINES = (
    Column("quantity", "str", "", "one of: " + ", ".join(QUANTITIES)),
    Column("accuracy_threshold", "float64", "fraction", "the accuracy to reach, where the quantity has one"),
    Column("n_points", "int64", "points", "points that a line could go through"),
    Column("n_reaching", "Int64", "models", "models that reach the accuracy, where the quantity has one"),
    Column("first_date", "str", "ISO date", "first release date among them"),
    Column("last_date", "str", "ISO date", "last release date among them"),
    Column("value_at_first", "float64", "the quantity's", "value of the line at first_date"),
    Column("value_at_last", "float64", "the quantity's", "value of the line at last_date"),
    Column("slope_per_year", "float64", _PER_YEAR, "slope of the line"),
    Column("slope_per_year_low", "float64", _PER_YEAR, "lower end of its 95 % interval; empty for records"),
    Column("slope_per_year_high", "float64", _PER_YEAR, "upper end of its 95 % interval"),
    Column("slope_without_family_low", "float64", _PER_YEAR, "lowest slope with one model family left out"),
    Column("slope_without_family_high", "float64", _PER_YEAR, "highest slope with one model family left out"),
    Column("most_influential_family", "str", "", "family without which the slope moves most"),
    Column("permutation_p", "float64", "probability", "a trend as strong or stronger if dates meant nothing"),
    Column("n_permutations", "Int64", "orders", "orders of the dates behind it"),
    Column("permutations_are_all", "boolean", "", "these are all orders there are"),
    Column("halving_months", "float64", "months", "time in which FLOPs halve; empty where no decline is identified"),
    Column("halving_months_low", "float64", "months", "lower end of its 95 % interval: FLOPs halve no faster"),
    Column("halving_months_high", "float64", "months", "upper end of its 95 % interval"),
    Column("halving_note", "str", "", "why FLOPs have no halving time; empty where they have one"),
    Column("extrapolation_note", "str", "", "where few models reach the accuracy, that the line is extrapolated to it"),
    Column("note", "str", "", "why there is no line; empty where there is one"),
)
"""``trend/lines.csv``: one row per line that was looked for."""
