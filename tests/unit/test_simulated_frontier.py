"""What is said of the frontier, against studies whose truth is known: intervals cover it, probabilities hold."""

import numpy as np
import pandas as pd
import pytest

from paretoscope import schema
from paretoscope.bootstrap import replicate
from paretoscope.frontier import averages, cost_frontiers
from paretoscope.statistics import clustered_mean, wilson_interval
from paretoscope.uncertainty import frontier_uncertainty
from paretoscope.uncertainty.differences import average, p_values, paired
from paretoscope.uncertainty.dominance import on_frontier

DIFFICULTY = np.linspace(-8, 8, 201)
SIZES = {"small": 30, "large": 100}
STUDIES, MODELS = 150, 8


def solved(ability, difficulty):
    """Probability that models of some ability (logits) solve items of some difficulty."""
    return 1 / (1 + np.exp(difficulty[..., None] - ability))


def true_accuracy(ability):
    """Mean of the probability over the population of items, whose difficulty has standard deviation 2."""
    weights = np.exp(-(DIFFICULTY**2) / 8)
    return weights @ solved(ability, DIFFICULTY) / weights.sum()


# ---- one cell ----


@pytest.mark.parametrize(("n", "k"), [(30, 1), (30, 8), (100, 1), (100, 4), (500, 1)])
def test_intervals_of_accuracy_cover_the_truth(n, k):
    rng = np.random.default_rng(n + k)
    ability = rng.uniform(-5, 5, 4000)
    # Items anew for every study, not one set for all.
    items = rng.binomial(k, 1 / (1 + np.exp(rng.normal(0, 2, (n, 4000)) - ability))) / k
    mean, se = items.mean(axis=0), items.std(axis=0, ddof=1) / np.sqrt(n)
    low, high = wilson_interval(mean, se, n)
    truth = true_accuracy(ability)
    assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.97


# ---- pairs ----


@pytest.mark.parametrize(
    ("sizes", "k", "gap"), [((30,), 1, 1.0), ((30,), 8, 0.5), ((200,), 1, 0.5), ((30, 100), 2, 0.5)]
)
def test_intervals_of_differences_cover_the_truth(sizes, k, gap):
    rng = np.random.default_rng(sum(sizes) + k)
    covered = []
    for start in rng.uniform(-3, 3, 1000):
        ability = np.array([start, start + gap])
        parts = [
            paired(rng.binomial(k, solved(ability, rng.normal(0, 2, n))) / k, np.ones((n, 2), bool)) for n in sizes
        ]
        pair, truth = average(parts), np.subtract(*true_accuracy(ability))
        covered.append(pair.low[0, 1] <= truth <= pair.high[0, 1])
    assert 0.93 <= np.mean(covered) <= 0.98


@pytest.mark.parametrize(("n", "k"), [(30, 1), (30, 8), (200, 1)])
def test_equal_models_differ_significantly_as_seldom_as_promised(n, k):
    rng = np.random.default_rng(n + k)
    found = []
    for ability in rng.uniform(-3, 3, 1500):
        difficulty = rng.normal(0, 2, n)
        found.append(paired(rng.binomial(k, solved(np.full(2, ability), difficulty)) / k, np.ones((n, 2), bool)))
    assert np.mean([p_values(pair)[0, 1] < 0.05 for pair in found]) <= 0.065


# ---- whole studies ----


def study(rng):
    """A study of models with random abilities and costs on two benchmarks of unequal size, and its truth."""
    ability, decade = rng.uniform(-4, 4, MODELS), rng.uniform(0, 2.3, MODELS)
    parts, cells = [], []
    for benchmark, n in SIZES.items():
        right = rng.random((n, MODELS)) < solved(ability, rng.normal(0, 2, n))
        flops = 10**decade * rng.lognormal(-0.08, 0.4, (n, MODELS))
        item, model = np.indices(right.shape).reshape(2, -1)
        parts.append(
            pd.DataFrame(
                {
                    "model": np.char.add("m", model.astype(str)), "benchmark": benchmark, "item_id": item.astype(str),
                    "verdict": np.where(right.ravel(), "correct", "wrong"), "completion_tokens": 1,
                    "prefill_flops": 0.0, "decode_flops": flops.ravel(),
                }
            )
        )  # fmt: skip
        for model in range(MODELS):
            accuracy, se = clustered_mean(right[:, model], np.arange(n))
            low, high = wilson_interval(accuracy, se, n)
            cells.append(
                {
                    "model": f"m{model}", "benchmark": benchmark, "benchmark_name": benchmark, "kind": "dense",
                    "n_items": n, "n_samples": 1, "accuracy": accuracy, "accuracy_se": se, "accuracy_low": low,
                    "accuracy_high": high, "total_flops_mean": flops[:, model].mean(), "total_flops_se": 0.0,
                }
            )  # fmt: skip
    empty = dict.fromkeys(schema.names(schema.CELLS), np.nan)
    return pd.concat(parts), pd.DataFrame([empty | cell for cell in cells]), true_accuracy(ability), 10**decade


def true_hypervolume(cost, accuracy, reference):
    steps = np.append(np.sort(np.log10(cost)), np.log10(reference))
    best = np.maximum.accumulate(accuracy[np.argsort(cost)])
    return np.sum(best * np.diff(steps))


@pytest.fixture(scope="module")
def outcomes():
    """Estimates and truth of many studies: by model, and of the hypervolume."""
    rng = np.random.default_rng(20)
    models, volumes = [], []
    for seed in range(STUDIES):
        completions, cells, accuracy, cost = study(rng)
        frontiers, _ = cost_frontiers(cells)
        average_only = frontiers[(frontiers["scope"] == "average") & (frontiers["cost"] == "flops")]
        drawn = replicate(completions, cells, ("flops",), n_replicates=400, seed=seed)
        found, _, volume = frontier_uncertainty(average_only, drawn, {"average": tuple(SIZES)})
        truth = pd.DataFrame({
            "model": [f"m{model}" for model in range(MODELS)], "true_accuracy": accuracy, "true_cost": cost,
            "true_on_frontier": on_frontier(cost, accuracy),
        })  # fmt: skip
        mover = averages(cells)[["model", "accuracy_low", "accuracy_high"]].add_prefix("mover_")
        models.append(found.merge(truth, on="model").merge(mover, left_on="model", right_on="mover_model"))
        reference = volume.loc[0, "reference_cost"]
        volumes.append(volume.assign(truth=true_hypervolume(cost, accuracy, reference)))
    return pd.concat(models), pd.concat(volumes)


def coverage(table, low, high, truth):
    return ((table[low] <= table[truth]) & (table[truth] <= table[high])).mean()


def test_intervals_of_averages_cover_the_truth(outcomes):
    models, _ = outcomes
    assert 0.93 <= coverage(models, "accuracy_low", "accuracy_high", "true_accuracy") <= 0.97
    assert 0.93 <= coverage(models, "mover_accuracy_low", "mover_accuracy_high", "true_accuracy") <= 0.97


def test_intervals_of_costs_cover_the_truth(outcomes):
    models, _ = outcomes
    assert 0.93 <= coverage(models, "cost_low", "cost_high", "true_cost") <= 0.97


def test_intervals_of_the_hypervolume_cover_the_truth(outcomes):
    _, volumes = outcomes
    assert volumes["reliability"].min() > 0.8
    assert 0.92 <= coverage(volumes, "hypervolume_low", "hypervolume_high", "truth") <= 0.98


def test_the_corrected_hypervolume_is_off_by_little_of_its_error(outcomes):
    _, volumes = outcomes
    error = (volumes["hypervolume_corrected"] - volumes["truth"]).mean()
    assert abs(error) < 0.3 * (volumes["hypervolume"] - volumes["truth"]).std()


def test_probabilities_of_the_frontier_hold(outcomes):
    models, _ = outcomes
    bins = pd.cut(models["frontier_probability"], [-1, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1])
    for _, group in models.groupby(bins, observed=True):
        said, came = group["frontier_probability"].mean(), group["true_on_frontier"].mean()
        error = np.sqrt(said * (1 - said) / len(group))
        assert abs(came - said) < 0.02 + 2.6 * error
    # And they say something: most models are decided.
    assert (abs(models["frontier_probability"] - 0.5) > 0.45).mean() > 0.6
