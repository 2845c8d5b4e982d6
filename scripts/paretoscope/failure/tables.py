"""The tables of the cost of failure."""

from __future__ import annotations

from ..schema import MODEL, Column

AVERAGE = "average"
"""The scope that stands for the mean over all benchmarks."""

OUTCOMES = ("stopped", "truncated", "looping", "undecided")
"""Ways not to be correct; each completion has the last that holds. undecided: the grader could not tell."""

MIN_ITEMS = 5
"""Fewest items on which right and wrong answers are compared: with a wrong one, with a right one; within items, with
both."""

COSTS = {"flops": ("prefill_flops", "decode_flops"), "tokens": ("completion_tokens",)}
"""Columns of a completion that make up each cost."""

_OF_COST = "of the cost"


def _with_interval(name: str, unit: str, meaning: str) -> tuple[Column, ...]:
    return (
        Column(name, "float64", unit, meaning),
        Column(f"{name}_low", "float64", unit, f"lower end of the 95 % interval of {name} (bootstrap over items)"),
        Column(f"{name}_high", "float64", unit, f"upper end of the 95 % interval of {name}"),
    )


CELLS = (
    Column("cost", "str", "", "what is spent: " + ", ".join(COSTS)),
    Column("scope", "str", "", f"benchmark id, or '{AVERAGE}' for the mean over benchmarks"),
    Column("scope_name", "str", "", "name to show"),
    *MODEL,
    Column("n_items", "int64", "items", "items graded"),
    Column("n_completions", "int64", "completions", "completions graded"),
    Column("accuracy", "float64", "fraction", "completions that are correct, mean over items"),
    Column("cost_mean", "float64", _OF_COST, "mean per completion"),
    Column("correct_mean", "float64", _OF_COST, "mean of the correct completions"),
    Column("wrong_mean", "float64", _OF_COST, "mean of all others"),
    *(
        column
        for outcome in OUTCOMES
        for column in (
            Column(f"{outcome}_rate", "float64", "fraction", f"completions that are not correct: {outcome}"),
            Column(f"{outcome}_mean", "float64", _OF_COST, "their mean"),
            Column(f"{outcome}_share", "float64", "fraction", "their share of all that is spent"),
        )
    ),
    *_with_interval("wrong_share", "fraction", "share of all that is spent on completions that are not correct"),
    *_with_interval("ratio", "", "wrong_mean / correct_mean: harder items weigh more on one side than on the other"),
    Column("ratio_note", "str", "", "why there is no ratio; empty where there is one"),
    *_with_interval("ratio_within", "", "the same over items with both, each weighing the same on both sides"),
    Column("n_mixed_items", "int64", "items", "items with both a correct sample and one that is not"),
    Column("ratio_within_note", "str", "", "why there is no ratio_within; empty where there is one"),
    *_with_interval("per_correct", _OF_COST, "expected cost of a correct answer; inf where none is correct"),
    Column("per_correct_solved", "float64", _OF_COST, "expected cost of a correct answer to an item, mean over solved"),
    Column("solved_rate", "float64", "fraction", "solved items: with a correct sample"),
    Column("is_cheapest", "bool", "", "has the lowest per_correct of the scope"),
    Column("p_cheapest", "float64", "probability", "share of the bootstrap replicates in which it has"),
    Column("left_out", "str", "", "why there are no numbers; empty where there are"),
)
"""``failure/cells.csv``: one row per (cost, scope, model)."""

CHEAPEST = (
    Column("cost", "str", "", "what is spent: " + ", ".join(COSTS)),
    Column("scope", "str", "", f"benchmark id, or '{AVERAGE}' for the mean over benchmarks"),
    Column("scope_name", "str", "", "name to show"),
    Column("n_models", "int64", "models", "models compared"),
    Column("model", "str", "", "id of the model with the lowest per_correct; empty where no answer is correct"),
    Column("model_name", "str", "", "its name to show"),
    Column("p_cheapest", "float64", "probability", "share of the bootstrap replicates in which it is that one"),
    *_with_interval("per_correct", _OF_COST, "lowest expected cost of a correct answer, one model for all items"),
    Column(
        "per_correct_routed", "float64", _OF_COST, "the same with the cheapest model for each item, mean over solved"
    ),
    Column("solved_rate", "float64", "fraction", "items that any of the models solved"),
)
"""``failure/cheapest.csv``: one row per (cost, scope)."""

COUNTERFACTUALS = (
    Column("cost", "str", "", "id of the cost, as in frontier/costs.csv"),
    Column("scope", "str", "", f"benchmark id, or '{AVERAGE}' for the mean over benchmarks"),
    Column("scope_name", "str", "", "name to show"),
    Column("without", "str", "", "what is left out: kind, type or family"),
    Column("value", "str", "", "which kind, type or family"),
    Column("n_models_removed", "int64", "models", "models of that class"),
    Column("n_models_without", "int64", "models", "models that remain"),
    Column("n_removed_on_frontier", "int64", "models", "models of that class on the frontier of all"),
    Column("hypervolume", "float64", "decades", "area that all models dominate in log10 cost and accuracy"),
    *_with_interval("hypervolume_lost", "decades", "what of it is lost without the class"),
    Column("per_correct", "float64", _OF_COST, "lowest expected cost of a correct answer among all models"),
    *_with_interval("per_correct_factor", "", "factor by which that rises without the class; 1: not at all"),
    Column("note", "str", "", "why nothing is compared; empty where it is"),
)
"""``failure/counterfactuals.csv``: one row per (cost, scope, class of models left out)."""
