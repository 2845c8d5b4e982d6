import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.statistics import clustered_mean, effective_size, wilson_interval, wilson_quantile


def textbook_wilson(k, n, z=1.959963984540054):
    p = k / n
    centre = (k + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(n * p * (1 - p) + z**2 / 4)
    return centre - half, centre + half


def cluster_robust_se(values, clusters):
    """Intercept-only regression with cluster-robust variance and the usual small-sample factor, written out."""
    values, clusters = np.asarray(values, float), np.asarray(clusters)
    n, groups = len(values), np.unique(clusters)
    residual = values - values.mean()
    meat = sum(residual[clusters == g].sum() ** 2 for g in groups)
    correction = len(groups) / (len(groups) - 1) * (n - 1) / (n - 1)
    return np.sqrt(correction * meat) / n


def test_clustered_mean_by_hand():
    # Item means 1, 0.5, 0: mean 0.5, standard deviation 0.5, standard error 0.5 / sqrt(3).
    mean, se = clustered_mean([1, 1, 1, 0, 0, 0], ["a", "a", "b", "b", "c", "c"])
    assert mean == 0.5
    assert se == pytest.approx(0.28867513459481287)


def test_single_samples_give_the_plain_standard_error():
    values = np.array([1, 0, 1, 1, 0, 0, 1, 1.0])
    mean, se = clustered_mean(values, np.arange(8))
    assert (mean, se) == pytest.approx((0.625, values.std(ddof=1) / np.sqrt(8)))


@given(st.integers(2, 8), st.integers(1, 5), st.randoms(use_true_random=False))
def test_equal_clusters_give_the_cluster_robust_standard_error(n_clusters, size, random):
    values = [random.random() for _ in range(n_clusters * size)]
    clusters = np.repeat(np.arange(n_clusters), size)
    mean, se = clustered_mean(values, clusters)
    assert mean == pytest.approx(np.mean(values))
    assert se == pytest.approx(cluster_robust_se(values, clusters))


def test_every_cluster_counts_once():
    mean, se = clustered_mean([1, 1, 1, 0], ["a", "a", "a", "b"])
    assert (mean, se) == pytest.approx((0.5, 0.5))


def test_several_values_per_observation():
    mean, se = clustered_mean([[1, 0], [1, 0], [0, 1]], ["a", "a", "b"])
    np.testing.assert_allclose(mean, [0.5, 0.5])
    np.testing.assert_allclose(se, [0.5, 0.5])


def test_one_cluster_has_no_standard_error():
    mean, se = clustered_mean([1, 0], ["a", "a"])
    assert mean == 0.5
    assert np.isnan(se)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (1, 30), (15, 30), (29, 30), (1300, 1319)])
def test_wilson_equals_the_textbook_at_the_binomial_standard_error(k, n):
    p = k / n
    assert wilson_interval(p, np.sqrt(p * (1 - p) / n), n) == pytest.approx(textbook_wilson(k, n), abs=1e-12)


def test_wilson_known_value():
    # Newcombe (1998), table I, method 3: 81 of 263.
    low, high = wilson_interval(81 / 263, np.sqrt(81 / 263 * 182 / 263 / 263), 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize("se", [0.0, np.nan])
@pytest.mark.parametrize("mean", [0.0, 0.5, 1.0])
def test_without_a_standard_error_the_clusters_count(mean, se):
    assert wilson_interval(mean, se, 20) == pytest.approx(textbook_wilson(20 * mean, 20))


def test_repeated_samples_widen_nothing_and_narrow_little():
    """Four identical samples of each of 25 items are worth 25 observations (24, as their variance is estimated)."""
    correct = np.repeat([1] * 15 + [0] * 10, 4)
    mean, se = clustered_mean(correct, np.repeat(np.arange(25), 4))
    assert wilson_interval(mean, se, 25) == pytest.approx(textbook_wilson(0.6 * 24, 24))


@given(st.floats(0, 1), st.floats(0, 0.5), st.integers(1, 2000))
def test_interval_holds_the_mean_and_stays_within_bounds(mean, se, n):
    low, high = wilson_interval(mean, se, n)
    assert 0 <= low <= mean <= high <= 1


def test_arrays():
    low, high = wilson_interval(np.array([0, 0.5]), np.array([0, 0.1]), 30)
    assert low.shape == high.shape == (2,)
    assert low[0] == 0


@given(st.floats(0, 1), st.integers(1, 2000), st.floats(-6, 6), st.floats(0, 3))
def test_wilson_s_quantiles_rise(mean, n, z, step):
    low, high = wilson_quantile(mean, n, np.array([z, z + step]))
    assert 0 <= low <= high + 1e-12 <= 1 + 1e-9
    assert wilson_quantile(mean, n, 0) == pytest.approx(mean)


def test_wilson_s_quantiles_are_the_ends_of_its_intervals():
    z = 1.959963984540054
    np.testing.assert_allclose(wilson_quantile(0.3, 50, np.array([-z, z])), textbook_wilson(15, 50))


@pytest.mark.parametrize("k", [1, 10, 29])
def test_single_samples_are_worth_one_observation_each(k):
    p, n = k / 30, 30
    assert effective_size(p, np.sqrt(p * (1 - p) / (n - 1)), n) == pytest.approx(29)


def test_differing_samples_are_worth_more_than_their_items_but_not_on_the_word_of_few():
    """Eight independent samples of each of n items are worth up to 8 n observations."""
    few, many = (effective_size(0.5, np.sqrt(0.25 / (8 * n)), n) / (8 * n) for n in (30, 3000))
    assert 0.6 < few < 0.9
    assert many == pytest.approx(1, abs=0.01)
    # At 99 % accuracy a handful of items says next to nothing on how items differ.
    assert effective_size(0.99, np.sqrt(0.0099 / 240), 30) < 100
