"""The tables of saturation: every column with its type, unit and meaning."""

from __future__ import annotations

from ..schema import MODEL, Column

STOPPED, FORCED = "stopped", "forced"
"""Sources of a curve: completions as they are, stopped at the budget; answers forced at the budget."""

CELL = (
    *MODEL,
    Column("benchmark", "str", "", "benchmark id"),
    Column("benchmark_name", "str", "", "name to show"),
)

_COUNTS = (
    Column("n_items", "int64", "items", "items graded"),
    Column("n_completions", "int64", "completions", "completions graded"),
    Column("truncated_rate", "float64", "fraction", "completions cut by the token limit, at whatever length"),
)

CURVES = (
    *CELL,
    Column("source", "str", "", "stopped: right only if ended within the budget; forced: else asked for the answer"),
    Column("budget_tokens", "int64", "tokens", "completion tokens allowed"),
    Column("budget_flops", "float64", "FLOPs", "of a completion that uses the whole budget, mean over items"),
    Column("accuracy", "float64", "fraction", "correct samples within the budget, mean over items"),
    Column("accuracy_se", "float64", "fraction", "standard error of accuracy, clustered by item"),
    Column("accuracy_low", "float64", "fraction", "lower end of the 95 % interval (Wilson)"),
    Column("accuracy_high", "float64", "fraction", "upper end of the 95 % interval"),
    Column("completion_tokens_mean", "float64", "tokens", "mean tokens spent, forced answer included"),
    Column("total_flops_mean", "float64", "FLOPs", "mean prefill + decode FLOPs spent, forced answer included"),
    *_COUNTS,
)
"""``saturation/curves.csv``: one row per (model, benchmark, source, budget)."""

BUDGETS = (
    *CELL,
    Column("saturation_budget_tokens", "Int64", "tokens", "smallest budget from which on no doubling gains enough"),
    Column("saturation_budget_low", "Int64", "tokens", "lower end of its 95 % interval, by resampling items"),
    Column("saturation_budget_high", "Int64", "tokens", "upper end of its 95 % interval"),
    Column("accuracy_at_budget", "float64", "fraction", "accuracy within that budget"),
    Column("accuracy", "float64", "fraction", "accuracy without a budget"),
    Column("gain_points", "float64", "percentage points", "what a doubling must gain to be worth it"),
    Column("last_doubling_gain_points", "float64", "percentage points", "gain of the last doubling that was observed"),
    Column("last_budget_tokens", "Int64", "tokens", "largest budget of the curve"),
    *_COUNTS,
    Column("note", "str", "", "what limits the result, or why there is none"),
)
"""``saturation/budgets.csv``: one row per (model, benchmark). Read off the curve, without a model of its form."""

_CRITERIA = (
    Column("form", "str", "", "form that describes the points best: saturating, straight, inverted-U or flat"),
    Column("shape", "str", "", "distribution that gives the saturating curve its shape"),
    Column("aic_saturating", "float64", "", "information criterion of the saturating form; the lowest is the best"),
    Column("aic_straight", "float64", "", "that of a gain which is equal for every doubling"),
    Column("aic_inverted_u", "float64", "", "that of a rise and a fall; empty where a curve can't fall"),
    Column("aic_flat", "float64", "", "that of no change; empty where a curve begins at 0"),
    Column("ceiling", "float64", "fraction", "accuracy that the curve tends to"),
    Column("ceiling_low", "float64", "fraction", "lower end of its 95 % interval"),
    Column("ceiling_high", "float64", "fraction", "upper end of its 95 % interval"),
)

FITS = (
    *CELL,
    Column("source", "str", "", "stopped or forced, as in the curves"),
    *_CRITERIA,
    Column("saturation_tokens", "float64", "tokens", "budget from which on a doubling gains less than gain_points"),
    Column("saturation_tokens_low", "float64", "tokens", "lower end of its 95 % interval, by resampling items"),
    Column("saturation_tokens_high", "float64", "tokens", "upper end of its 95 % interval"),
    Column("saturation_flops", "float64", "FLOPs", "of a completion that uses that budget, mean over items"),
    Column("saturation_flops_low", "float64", "FLOPs", "those at the lower end"),
    Column("saturation_flops_high", "float64", "FLOPs", "those at the upper end"),
    Column("gain_points", "float64", "percentage points", "what a doubling must gain to be worth it"),
    Column("misfit_points", "float64", "percentage points", "largest gap between fitted curve and accuracies"),
    Column("last_budget_tokens", "int64", "tokens", "largest budget of the curve"),
    *_COUNTS,
    Column("status", "str", "", "identified; or not identified, and why: then ceiling and budget are empty"),
)
"""``saturation/fits.csv``: one row per (model, benchmark, source)."""

VOTES = (
    *CELL,
    Column("k", "int64", "samples", "samples that vote"),
    Column("accuracy", "float64", "fraction", "expected accuracy of the majority of k samples, mean over items"),
    Column("accuracy_se", "float64", "fraction", "standard error of accuracy, clustered by item"),
    Column("accuracy_low", "float64", "fraction", "lower end of the 95 % interval (Wilson)"),
    Column("accuracy_high", "float64", "fraction", "upper end of the 95 % interval"),
    Column("completion_tokens_mean", "float64", "tokens", "k x the mean tokens of a sample"),
    Column("total_flops_mean", "float64", "FLOPs", "one prefill and k x the mean decode FLOPs of a sample"),
    Column("n_items", "int64", "items", "items graded"),
    Column("n_samples", "int64", "samples", "samples of each item that the k are drawn from"),
    Column("note", "str", "", "why there is no vote"),
)
"""``saturation/votes.csv``: one row per (model, benchmark, k)."""

ACROSS = (
    Column("benchmark", "str", "", "benchmark id"),
    Column("benchmark_name", "str", "", "name to show"),
    *_CRITERIA,
    Column("saturation_flops", "float64", "FLOPs", "per completion, from which on a doubling gains less"),
    Column("saturation_flops_low", "float64", "FLOPs", "lower end of its 95 % interval, by resampling models"),
    Column("saturation_flops_high", "float64", "FLOPs", "upper end of its 95 % interval"),
    Column("gain_points", "float64", "percentage points", "what a doubling must gain to be worth it"),
    Column("misfit_points", "float64", "percentage points", "root mean square gap between curve and models"),
    Column("first_flops", "float64", "FLOPs", "of the model that takes the fewest"),
    Column("last_flops", "float64", "FLOPs", "of the model that takes the most"),
    Column("n_models", "int64", "models", "models with known FLOPs"),
    Column("status", "str", "", "identified; or not identified, and why: then ceiling and FLOPs are empty"),
)
"""``saturation/across.csv``: one row per benchmark, over its models."""
