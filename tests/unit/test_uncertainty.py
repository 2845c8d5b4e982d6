import moocore
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from paretoscope import schema
from paretoscope.bootstrap import Replicates
from paretoscope.frontier import benchmark_points, frontier
from paretoscope.hypervolume import hypervolume
from paretoscope.statistics import clustered_mean
from paretoscope.uncertainty import frontier_uncertainty, pairwise_differences
from paretoscope.uncertainty.differences import average, holm, p_values, paired
from paretoscope.uncertainty.dominance import best_rival, best_within, on_frontier
from paretoscope.uncertainty.tables import BAND, DIFFERENCES, HYPERVOLUME, PROBABILITIES

few = st.sampled_from([0.0, 0.25, 0.5, 1.0])
planes = st.integers(1, 7).flatmap(
    lambda n: st.tuples(
        arrays(float, (3, n), elements=st.integers(1, 4).map(float)), arrays(float, (3, n), elements=few)
    )
)


# ---- dominance ----


@given(planes)
def test_every_replicate_has_the_frontier_of_its_definition(plane):
    cost, accuracy = plane
    for c, a, found in zip(cost, accuracy, on_frontier(cost, accuracy), strict=True):
        points = list(zip(c, a, strict=True))
        beaten = [any(f <= x and b >= y and (f, b) != (x, y) for f, b in points) for x, y in points]
        assert found.tolist() == [not model for model in beaten]


@given(planes)
def test_the_best_rival_is_another_model_that_costs_no_more(plane):
    cost, accuracy = plane
    found = best_rival(cost, accuracy)
    for row, model in np.ndindex(cost.shape):
        rivals = [accuracy[row, i] for i in range(cost.shape[1]) if i != model and cost[row, i] <= cost[row, model]]
        assert found[row, model] == max(rivals, default=-np.inf)


@given(planes)
def test_the_best_within_a_cost(plane):
    cost, accuracy = plane
    grid = np.array([0.5, 1, 2.5, 4])
    found = best_within(cost, accuracy, grid)
    for row, at in np.ndindex(found.shape):
        assert found[row, at] == max(accuracy[row][cost[row] <= grid[at]], default=0)


def drawn_plane(n_models=6, n_replicates=200, seed=0):
    rng = np.random.default_rng(seed)
    cost = 10.0 ** np.arange(n_models) * rng.lognormal(0, 0.8, (n_replicates, n_models))
    return cost, rng.beta(6 + np.arange(n_models), 6, (n_replicates, n_models))


def test_the_frontier_is_that_of_moocore():
    cost, accuracy = drawn_plane()
    for c, a, found in zip(cost, accuracy, on_frontier(cost, accuracy), strict=True):
        assert found.tolist() == moocore.is_nondominated(np.c_[c, a], maximise=[False, True], keep_weakly=True).tolist()


def test_hypervolume_is_that_of_moocore():
    cost, accuracy = drawn_plane()
    found = hypervolume(cost, accuracy, 1e5)
    for c, a, value in zip(cost, accuracy, found, strict=True):
        assert value == pytest.approx(moocore.hypervolume(np.c_[np.log10(c), -a], ref=[5, 0]))


@pytest.mark.parametrize("percent", [10, 50, 90])
def test_quantiles_of_the_best_are_the_empirical_attainment_of_moocore(percent):
    cost, accuracy = drawn_plane(n_replicates=40)
    sets = np.concatenate(
        [np.c_[c, -a, np.full(len(c), i)] for i, (c, a) in enumerate(zip(cost, accuracy, strict=True), start=1)]
    )
    surface = moocore.eaf(sets[:, :2], sets=sets[:, 2], percentiles=[percent])
    grid = np.geomspace(0.5, 1e5, 30)
    # Attained in so many percent of the replicates: the accuracy that the others fall short of.
    found = np.quantile(best_within(cost, accuracy, grid), 1 - percent / 100, axis=0, method="higher")
    levels = [max(-surface[surface[:, 0] <= budget, 1], default=0) for budget in grid]
    np.testing.assert_allclose(found, levels)


# ---- tables ----


def two_models(n_replicates=1000):
    """Points of a cheap model and of a dearer one that is better in three of four replicates; another is left out."""
    base = dict.fromkeys(schema.names(schema.CELLS), np.nan) | {
        "kind": "dense",
        "benchmark": "b",
        "benchmark_name": "B",
    }
    cells = pd.DataFrame([
        base | {"model": "cheap", "n_items": 100, "n_samples": 1, "total_flops_mean": 10.0, "accuracy": 0.5},
        base | {"model": "dear", "n_items": 100, "n_samples": 1, "total_flops_mean": 100.0, "accuracy": 0.6},
        base | {"model": "lost", "n_items": 100, "n_samples": 1, "accuracy": 0.9},
    ])  # fmt: skip
    points = frontier(benchmark_points(cells)).rename(columns={"total_flops_mean": "cost_mean"}).assign(cost="flops")
    accuracy = np.full((n_replicates, 3, 1), 0.5, dtype=np.float32)
    accuracy[:, 1, 0] = np.where(np.arange(n_replicates) % 4, 0.65, 0.45)
    cost = np.full(accuracy.shape, np.nan, dtype=np.float32)
    cost[:, 0], cost[:, 1] = 10, 100
    return points, Replicates(("cheap", "dear", "lost"), ("b",), accuracy, {"flops": cost})


def test_probabilities_gaps_and_factors():
    probabilities, _, _ = frontier_uncertainty(*two_models(), {"b": ("b",)})
    assert list(probabilities) == schema.names(PROBABILITIES)
    table = probabilities.set_index("model")
    assert list(table.index) == ["cheap", "dear"]
    assert table["frontier_probability"].tolist() == [1, 0.75]
    dear, cheap = table.loc["dear"], table.loc["cheap"]
    assert (dear["accuracy_gap"], dear["accuracy_gap_low"], dear["accuracy_gap_high"]) == pytest.approx(
        (-0.1, -0.15, 0.05)
    )
    assert (cheap["accuracy_gap"], cheap["accuracy_gap_low"]) == pytest.approx((-0.5, -0.5))
    assert (dear["cost_factor"], dear["cost_factor_low"], dear["cost_factor_high"]) == pytest.approx((0, 0, 10))
    assert (cheap["cost_factor"], cheap["cost_factor_low"], cheap["cost_factor_high"]) == pytest.approx((0.1, 0, 0.1))


def test_the_band_holds_the_quantiles_of_the_best():
    _, band, _ = frontier_uncertainty(*two_models(), {"b": ("b",)})
    assert list(band) == schema.names(BAND)
    last = band.iloc[-1]
    assert last[["accuracy", "accuracy_low", "accuracy_median", "accuracy_high"]].tolist() == pytest.approx(
        [0.6, 0.5, 0.65, 0.65]
    )
    assert band["cost_at"].is_monotonic_increasing
    assert (band["cost_at"].iloc[0], last["cost_at"]) == pytest.approx((10, 100))


def test_hypervolume_says_its_reference_and_takes_back_the_bias():
    _, _, table = frontier_uncertainty(*two_models(), {"b": ("b",)})
    assert list(table) == schema.names(HYPERVOLUME)
    row = table.iloc[0]
    # A decade at 0.5, then one at 0.6; of the replicates three quarters have 0.65 there, and a quarter 0.5.
    assert (row["reference_cost"], row["n_models"]) == (1000, 2)
    assert row["hypervolume"] == pytest.approx(1.1)
    bias = 0.5 + 0.75 * 0.65 + 0.25 * 0.5 - 1.1
    assert row["hypervolume_corrected"] == pytest.approx(1.1 - bias)
    assert (row["hypervolume_low"], row["hypervolume_high"]) == pytest.approx((1.0 - bias, 1.15 - bias))


def test_reliability_tells_error_from_differences():
    points, drawn = two_models()
    error = np.mean([0, np.var(drawn.accuracy[:, 1, 0])])
    _, _, table = frontier_uncertainty(points, drawn, {"b": ("b",)})
    assert table.loc[0, "reliability"] == pytest.approx(max(0, 1 - error / np.var([0.5, 0.6], ddof=1)), abs=1e-6)


def test_averages_are_taken_replicate_by_replicate():
    points, drawn = two_models()
    two = Replicates(
        drawn.models,
        ("b", "c"),
        np.repeat(drawn.accuracy, 2, axis=2),
        {"flops": np.repeat(drawn.cost["flops"], 2, axis=2)},
    )
    two.accuracy[:, :, 1] = two.accuracy[::-1, :, 0]
    one, _, _ = frontier_uncertainty(points.assign(scope="average"), two, {"average": ("b", "c")})
    assert one.set_index("model").loc["dear", "accuracy_low"] == pytest.approx(0.55)


def test_nothing_to_say_gives_empty_tables():
    points, drawn = two_models()
    tables = frontier_uncertainty(points[points["model"] == "lost"], drawn, {"b": ("b",)})
    assert [(len(table), list(table)) for table in tables] == [
        (0, schema.names(columns)) for columns in (PROBABILITIES, BAND, HYPERVOLUME)
    ]


# ---- differences ----


def both(right, answered=None):
    means = np.array(right, dtype=float).T
    return paired(means, np.ones_like(means, dtype=bool) if answered is None else np.array(answered, dtype=bool).T)


@pytest.mark.parametrize(("only_a", "only_b", "alike"), [(12, 3, 40), (0, 0, 30), (5, 0, 25), (20, 20, 10)])
def test_single_samples_are_compared_by_mcnemar_s_test(only_a, only_b, alike):
    a, b = [1] * only_a + [0] * only_b + [1] * alike, [0] * only_a + [1] * only_b + [1] * alike
    found = both([a, b])
    expected = mcnemar([[alike, only_a], [only_b, 0]], exact=False, correction=False).pvalue if only_a + only_b else 1
    assert p_values(found)[0, 1] == pytest.approx(expected)
    n, low, high = len(a), found.low[0, 1], found.high[0, 1]
    # Bonett and Price (2012), written out; ours has the degrees of freedom of the standard error.
    p12, p21 = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    half = 1.959964 * np.sqrt((p12 + p21 - (p12 - p21) ** 2) / (n + 2))
    assert (low, high) == pytest.approx((p12 - p21 - half, p12 - p21 + half), abs=0.004)


def test_the_standard_error_is_that_of_the_paired_differences():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, (2, 50)) / 4
    found = both([a, b])
    mean, se = clustered_mean(a - b, np.arange(50))
    assert (found.difference[0, 1], found.se[0, 1]) == pytest.approx((mean, se))
    assert found.difference[1, 0] == -found.difference[0, 1]
    assert (found.low[1, 0], found.high[1, 0]) == pytest.approx((-found.high[0, 1], -found.low[0, 1]))


def test_only_shared_items_are_compared():
    found = both([[1, 1, 0, 1], [0, 1, 0, 0]], [[1, 1, 1, 0], [1, 1, 1, 0]])
    assert (found.n_items[0, 1], found.difference[0, 1]) == (3, pytest.approx(1 / 3))
    apart = both([[1, 0], [0, 1]], [[1, 0], [0, 1]])
    assert apart.n_items[0, 1] == 0
    assert np.isnan([apart.difference[0, 1], apart.low[0, 1], p_values(apart)[0, 1]]).all()


@given(st.lists(st.tuples(few, few), min_size=2, max_size=12))
def test_the_interval_holds_the_difference(pairs):
    found = both(np.array(pairs).T)
    assert -1 <= found.low[0, 1] <= found.difference[0, 1] <= found.high[0, 1] <= 1
    assert 0 <= p_values(found)[0, 1] <= 1
    assert found.low[0, 1] < found.high[0, 1]


def test_an_average_counts_every_benchmark_the_same():
    rng = np.random.default_rng(0)
    parts = [both(rng.integers(0, 2, (2, n))) for n in (20, 80)]
    found = average(parts)
    assert found.difference[0, 1] == pytest.approx(np.mean([part.difference[0, 1] for part in parts]))
    assert found.se[0, 1] == pytest.approx(np.hypot(*(part.se[0, 1] for part in parts)) / 2)
    assert found.n_items[0, 1] == 100
    assert p_values(average(parts[:1]))[0, 1] == pytest.approx(p_values(parts[0])[0, 1])


@pytest.mark.parametrize("n", [1, 2, 20, 300])
def test_holm_is_that_of_statsmodels(n):
    p = np.random.default_rng(n).beta(0.3, 1, n).round(2)
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)


def test_holm_leaves_unknown_pairs_alone():
    adjusted = holm(np.array([0.01, np.nan, 0.04]))
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])


def test_differences_of_models_that_have_all_benchmarks():
    rows = [
        {"model": model, "benchmark": benchmark, "item_id": f"i{item}", "sample": 0, "completion_tokens": 1,
         "prefill_flops": 1.0, "decode_flops": 1.0, "verdict": "correct" if right else "wrong"}
        for (model, benchmark), rights in {
            ("a", "x"): [1, 1, 0], ("b", "x"): [0, 1, 0], ("a", "y"): [1, 0], ("b", "y"): [1, 1], ("c", "x"): [0, 0, 0],
        }.items() for item, right in enumerate(rights)
    ]  # fmt: skip
    completions = pd.DataFrame(rows)
    cells = completions[["model", "benchmark"]].drop_duplicates().assign(kind="dense")
    names = {"average": "Average", "x": "X"}
    table = pairwise_differences(completions, cells, {"average": ("x", "y"), "x": ("x",)}, names)
    assert list(table) == schema.names(DIFFERENCES)
    pairs = table.set_index(["scope", "model_a", "model_b"])
    assert list(pairs.index) == [("average", "a", "b"), *(("x", *pair) for pair in ("ab", "ac", "bc"))]
    assert pairs.loc[("average", "a", "b"), "difference"] == pytest.approx((1 / 3 - 1 / 2) / 2)
    assert pairs.loc[("x", "a", "c"), "difference"] == pytest.approx(2 / 3)
    assert pairs.loc["x", "p_value_holm"].tolist() == pytest.approx(
        multipletests(pairs.loc["x", "p_value"], method="holm")[1]
    )
