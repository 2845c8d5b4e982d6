"""The tables of how sure the frontier is."""

from __future__ import annotations

from ..schema import MODEL, Column

_AXIS = (
    Column("cost", "str", "", "id of the cost, as in costs.csv"),
    Column("scope", "str", "", "benchmark id, id of a group, or 'average'"),
    Column("scope_name", "str", "", "name to show"),
)


def _interval(name: str, unit: str, what: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_low", "float64", unit, f"2.5 % quantile of {what} over the replicates"),
        Column(f"{name}_high", "float64", unit, "97.5 % quantile of it"),
    )


PROBABILITIES = (
    *_AXIS,
    *MODEL,
    Column("on_frontier", "bool", "", "whether the means put it on the frontier"),
    Column("frontier_probability", "float64", "fraction", "replicates in which no other model dominates it"),
    Column("accuracy", "float64", "fraction", "mean accuracy, every benchmark of the scope counting the same"),
    *_interval("accuracy", "fraction", "accuracy"),
    Column("cost_mean", "float64", "of the cost", "mean cost per completion"),
    *_interval("cost", "of the cost", "the mean cost"),
    Column(
        "accuracy_gap",
        "float64",
        "fraction",
        "accuracy of the best other model at that cost or less (0: there is none) less its own; negative: its lead",
    ),
    *_interval("accuracy_gap", "fraction", "accuracy_gap"),
    Column(
        "cost_factor",
        "float64",
        "ratio",
        "its cost over the least of another model at least as accurate; below 1: its lead; 0: no other is as accurate",
    ),
    *_interval("cost_factor", "ratio", "cost_factor"),
)
"""``frontier/probabilities.csv``: one row per (cost, scope, model); models that are left out have none."""

BAND = (
    *_AXIS,
    Column("cost_at", "float64", "of the cost", "a mean cost per completion that one may spend"),
    Column(
        "accuracy", "float64", "fraction", "best accuracy of a model at that cost or less; 0 where none is as cheap"
    ),
    Column("accuracy_low", "float64", "fraction", "attained in 97.5 % of the replicates"),
    Column("accuracy_median", "float64", "fraction", "attained in half of them"),
    Column("accuracy_high", "float64", "fraction", "attained in 2.5 % of them"),
)
"""``frontier/band.csv``: the attainment band, one row per (cost, scope, cost_at)."""

HYPERVOLUME = (
    *_AXIS,
    Column("n_models", "int64", "models", "models in the scope"),
    Column("hypervolume", "float64", "decades x fraction", "area of log10 cost x accuracy that the frontier dominates"),
    Column("hypervolume_corrected", "float64", "decades x fraction", "less the bias that the replicates show"),
    Column("hypervolume_low", "float64", "decades x fraction", "lower end of its 95 % interval"),
    Column("hypervolume_high", "float64", "decades x fraction", "upper end of its 95 % interval"),
    Column("reference_cost", "float64", "of the cost", "cost of the reference point: ten times the dearest model's"),
    Column("reference_accuracy", "float64", "fraction", "accuracy of the reference point: 0"),
    Column(
        "reliability",
        "float64",
        "fraction",
        "share of the variance of accuracy among models that isn't error; where it is under 0.8, chance picks the "
        "frontier too: hypervolume and band lie high, and frontier_probability is too sure",
    ),
)
"""``frontier/hypervolume.csv``: one row per (cost, scope)."""

DIFFERENCES = (
    *_AXIS[1:],
    Column("model_a", "str", "", "model id"),
    Column("model_b", "str", "", "model id"),
    Column("n_items", "int64", "items", "items that both answered, summed over benchmarks"),
    Column("difference", "float64", "fraction", "accuracy of a less that of b on these items"),
    Column("difference_se", "float64", "fraction", "its standard error, paired and clustered by item"),
    Column("difference_low", "float64", "fraction", "lower end of the 95 % interval (Bonett-Price; averages: MOVER)"),
    Column("difference_high", "float64", "fraction", "upper end of the 95 % interval"),
    Column("p_value", "float64", "", "of no difference, two-sided: McNemar's test, extended to several samples"),
    Column("p_value_holm", "float64", "", "adjusted for all pairs of the scope (Holm)"),
)
"""``frontier/differences.csv``: one row per (scope, pair of models that have all its benchmarks)."""
