"""Worlds with a known trend, or none: what the analysis says of them must hold as often as it claims."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import linregress

from paretoscope.failure import cells as failure_cells
from paretoscope.trend import lines, regression
from paretoscope.trend.regression import date_statistics, orders, p_value, regress

AIM = 0.7
"""The accuracy whose FLOPs decline in the simulated worlds."""


def world(rng, n_models=24, decline=-1.0, scatter=0.35, chosen="flops", growth=0.3, n_items=500):
    """Models whose log10 FLOPs at AIM decline linearly with normal scatter, as far as lines are drawn through them.

    Either what a model spends is chosen, and accuracy comes of it, or the other way round. What is chosen grows by
    ``growth`` a year. Accuracy is measured on items.
    """
    days = np.sort(rng.integers(0, 900, n_models))
    time = days / 365.25
    needed = 15 + decline * time + rng.normal(0, scatter, n_models)
    free = rng.normal(0, 0.9, n_models) + growth * time
    flops = 14.5 + free if chosen == "flops" else needed + free
    return pd.DataFrame(
        {
            "family": rng.choice(list("ABCD"), n_models),
            "release_date": np.datetime_as_string(np.datetime64("2023-01-01") + days),
            "n_items": n_items,
            "total_flops_mean": 10**flops,
            "accuracy": rng.binomial(n_items, expit(1.3 * (flops - needed) + logit(AIM))) / n_items,
        }
    )


def flops_lines(n_worlds, seed, **settings):
    """The lines of the FLOPs to reach AIM, and of those at equal accuracy, one row per world."""
    rng = np.random.default_rng(seed)
    found = [lines._flops_lines(world(rng, **settings), [AIM], None, number) for number in range(n_worlds)]
    return tuple(pd.DataFrame(rows) for rows in zip(*found, strict=True))


def coverage(low, high, truth):
    """The share of intervals that hold the truth, of those that have ends."""
    known = ~np.isnan(low)
    assert known.mean() > 0.95
    return np.mean((low[known] <= truth) & (truth <= high[known]))


@pytest.fixture
def few_permutations(monkeypatch):
    monkeypatch.setattr(regression, "N_PERMUTATIONS", 99)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"growth": 0.8},
        {"n_models": 48, "decline": -0.4},
        {"chosen": "accuracy", "growth": 0.0},
        {"n_items": 60, "n_models": 48},
    ],
    ids=str,
)
def test_the_halving_time_is_recovered(few_permutations, settings):
    reach, _ = flops_lines(400, 1, **settings)
    truth = 12 * np.log10(2) / -settings.get("decline", -1.0)
    assert reach["halving_months"].median() == pytest.approx(truth, rel=0.06)
    # The upper end is empty where the interval holds no decline, so that all slower ones are in it.
    high = reach["halving_months_high"].fillna(np.inf).to_numpy()
    assert 0.93 <= coverage(reach["halving_months_low"].to_numpy(), high, truth) <= 0.97


def test_regressions_both_ways_enclose_the_truth_where_models_aim_at_a_rising_accuracy(few_permutations):
    reach, equal = flops_lines(300, 2, chosen="accuracy", growth=0.6)
    assert reach["slope_per_year"].mean() < -1.03
    assert 0.93 <= coverage(*equal[["slope_per_year_low", "slope_per_year_high"]].to_numpy().T, -1) <= 0.97


@pytest.mark.parametrize("settings", [{"growth": 0.0}, {"growth": 0.5}, {"n_models": 10}], ids=str)
def test_without_a_trend_none_is_found(few_permutations, settings):
    reach, _ = flops_lines(700, 3, decline=0.0, **settings)
    assert 0.93 <= coverage(*reach[["slope_per_year_low", "slope_per_year_high"]].to_numpy().T, 0) <= 0.975
    p = reach["permutation_p"]
    assert 0.03 <= np.mean(p <= 0.05) <= 0.07
    assert 0.44 <= np.mean(p <= 0.5) <= 0.56
    assert reach["halving_months"].notna().mean() <= 0.04
    assert set(reach.loc[reach["halving_months"].isna(), "halving_note"].dropna()) <= {
        "FLOPs rise",
        "not identified: FLOPs may as well not decline",
    }


def test_scores_over_log_flops_rise_where_models_only_spend_more(few_permutations):
    """S_eff isn't efficiency at equal compute: with nothing gained in efficiency it may well show a trend."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(200):
        models = world(rng, decline=0.0, growth=0.5)
        models["s_eff"] = models["accuracy"] / np.log10(models["total_flops_mean"])
        found.append(lines._dated_line("s_eff", models, None, 0)["slope_per_year_low"] > 0)
    assert np.mean(found) > 0.25


def records_of(models):
    reaching = models[models["accuracy"] >= AIM]
    time = (pd.to_datetime(reaching["release_date"]) - pd.Timestamp("2023-01-01")).dt.days.to_numpy() / 365.25
    values = np.log10(reaching["total_flops_mean"].to_numpy())
    lowest = np.minimum.accumulate(values)
    return time, values, np.append(True, lowest[1:] < lowest[:-1])[: len(values)]


def test_what_the_regression_is_used_instead_of_fails():
    """Lines through records cover too little; lines through models that reach an accuracy may rise as all decline."""
    rng = np.random.default_rng(5)
    covered, slopes = [], []
    for _ in range(1000):
        time, values, record = records_of(world(rng, n_models=48, growth=0.6))
        slopes.append(linregress(time, values).slope)
        if record.sum() >= 5:
            fit = regress(np.column_stack([np.ones(record.sum()), time[record]]), values[record])
            low, high = fit.interval(1)
            covered.append(low <= -1 <= high)
    assert len(covered) > 500
    assert np.mean(covered) < 0.88
    assert np.mean(slopes) > 0.2


@pytest.mark.parametrize("what", ["records", "hypervolume"])
def test_records_of_dates_that_mean_nothing_are_no_trend(few_permutations, what):
    rng = np.random.default_rng(6)
    p = []
    for number in range(600):
        time, values, accuracy = np.sort(rng.uniform(0, 2, 12)), rng.normal(15, 1, 12), rng.random(12)
        order, _ = orders(12, number)
        if what == "records":
            statistics = lines.mean_record(time, values[order])
        else:
            statistics = -lines.mean_hypervolume(time, 10**values, accuracy, order)
        p.append(p_value(statistics))
    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07
    assert 0.44 <= np.mean(np.array(p) <= 0.5) <= 0.56


def test_records_of_models_that_get_cheaper_are_a_trend(few_permutations):
    rng = np.random.default_rng(7)
    time = np.linspace(0, 2, 12)
    p = [p_value(lines.mean_record(time, (rng.normal(15, 0.3, 12) - time)[orders(12, n)[0]])) for n in range(50)]
    assert np.mean(np.array(p) <= 0.05) > 0.8


def test_error_that_models_share_is_in_the_interval():
    """Items that suit the newer models move a slope without showing in the residuals."""
    rng = np.random.default_rng(8)
    n_models, n_replicates = 16, 300
    time = np.linspace(-1, 1, n_models)
    design = np.column_stack([np.ones(n_models), time])

    def error(n):
        own, shared = rng.normal(0, 0.1, (n, n_models)), rng.normal(0, 0.15, (n, 1))
        return own + shared * time + rng.normal(0, 1, (n, 1))

    held = {"shared": [], "alone": []}
    for observed in error(800):
        values = 0.5 * time + rng.normal(0, 0.2, n_models) + observed
        for name, deviations in (("shared", error(n_replicates)), ("alone", None)):
            low, high = regress(design, values, deviations).interval(1)
            held[name].append(low <= 0.5 <= high)
    assert 0.93 <= np.mean(held["shared"]) <= 0.97
    assert np.mean(held["alone"]) < 0.75


def test_independent_measurement_error_is_not_counted_twice():
    rng = np.random.default_rng(9)
    time = np.linspace(-1, 1, 16)
    design = np.column_stack([np.ones(16), time])
    values = 0.5 * time + rng.normal(0, 0.2, 16)
    plain, informed = (regress(design, values, d) for d in (None, rng.normal(0, 0.2, (4000, 16))))
    np.testing.assert_allclose(informed.covariance, plain.covariance, rtol=0.1, atol=1e-4)


def answers(rng, n_items, n_samples, ability, n_worlds):
    """Parts of items whose hard ones cost more, of which wrong answers cost a little more, in many worlds at once."""
    ease = rng.normal(ability, 1.5, (n_worlds, n_items, 1))
    right = rng.random((n_worlds, n_items, n_samples)) < expit(ease)
    cost = np.exp(3 - 0.3 * ease + rng.normal(0, 0.6, right.shape) + 0.2 * ~right)
    correct, of_right, of_wrong = right.mean(-1), (cost * right).mean(-1), (cost * ~right).mean(-1)
    mixed = (correct > 0) & (correct < 1)
    sides = [np.where(mixed, of_right / np.where(mixed, correct, 1), 0)]
    sides.append(np.where(mixed, of_wrong / np.where(mixed, 1 - correct, 1), 0))
    return np.stack([np.ones_like(correct), correct, of_right, of_wrong, mixed, *sides], axis=-1)


@pytest.mark.parametrize(("n_items", "n_samples", "ability"), [(30, 4, -1.5), (100, 4, 0), (200, 1, 2)])
def test_intervals_of_the_cost_of_failure_cover(n_items, n_samples, ability):
    rng = np.random.default_rng(10)
    many = answers(rng, 200_000, n_samples, ability, 2).mean(axis=(0, 1))
    truth = failure_cells._statistics(many)
    parts = answers(rng, n_items, n_samples, ability, 1600)
    blocks = [failure_cells._replicates(parts[at : at + 50], 800, rng) for at in range(0, 1600, 50)]
    draws = failure_cells._statistics(np.concatenate(blocks, axis=1))
    solved, failed, mixed = (np.sum(parts[..., at] > 0, axis=1) for at in (2, 3, 4))
    sizes = {
        "wrong_share": np.minimum(solved, failed),
        "ratio": np.minimum(solved, failed),
        "per_correct": solved,
        **({"ratio_within": mixed} if n_samples > 1 else {}),
    }
    for name, size in sizes.items():
        ends = [failure_cells.interval(draws[name][:, world], size[world]) for world in range(1600)]
        # Sums over few items with costs this skewed fall a little short.
        assert (0.92 if "ratio" in name else 0.93) <= coverage(*np.array(ends).T, truth[name]) <= 0.97, name


def test_ratios_within_items_leave_difficulty_out():
    parts = answers(np.random.default_rng(11), 200_000, 8, 0, 1).mean(axis=(0, 1))
    found = failure_cells._statistics(parts)
    assert found["ratio_within"] == pytest.approx(np.exp(0.2), rel=0.02)
    assert found["ratio"] > 1.6


def test_permuted_t_is_right_where_covariates_go_with_the_dates(few_permutations):
    rng = np.random.default_rng(12)
    p = []
    for number in range(800):
        time = rng.normal(size=20)
        covariate = 0.8 * time + rng.normal(size=20)
        values = covariate + rng.normal(size=20)
        p.append(p_value(date_statistics(time[orders(20, number)[0]], values, covariate[:, None])))
    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07
