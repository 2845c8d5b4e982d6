import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from paretoscope.trend import regression
from paretoscope.trend.regression import Fit, date_statistics, orders, p_value, ratio_interval, regress


def line(x):
    return np.column_stack([np.ones(len(x)), x])


def points(seed, n=9, k=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)), rng.normal(size=n)


def test_a_line_by_hand():
    # Sums: Sxx 10, Sxy 6, residuals squared 2.4, so the slope's standard error is sqrt(0.8 / 10); t(3) is 3.18245.
    fit = regress(line(np.arange(5.0)), np.array([2.0, 4, 5, 4, 5]))
    assert fit.coefficients == pytest.approx([2.8, 0.6])
    half = 3.182446305284263 * np.sqrt(0.08)
    assert fit.interval(1) == pytest.approx((0.6 - half, 0.6 + half))


@pytest.mark.parametrize("seed", range(3))
def test_a_line_is_that_of_scipy(seed):
    x, y = points(seed)
    fit, theirs = regress(line(x), y), stats.linregress(x[:, 0], y)
    assert fit.coefficients == pytest.approx([theirs.intercept, theirs.slope])
    assert np.sqrt(fit.covariance[1, 1]) == pytest.approx(theirs.stderr)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_several_covariates_are_as_in_statsmodels(k):
    x, y = points(k, n=20, k=k)
    fit, theirs = regress(line(x), y), sm.OLS(y, sm.add_constant(x)).fit()
    np.testing.assert_allclose(fit.coefficients, theirs.params)
    np.testing.assert_allclose(fit.covariance, theirs.cov_params())
    np.testing.assert_allclose([fit.interval(i) for i in range(k + 1)], theirs.conf_int())


@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_permuted_statistic_is_t_of_statsmodels(k):
    x, y = points(k, n=12, k=k)
    rng = np.random.default_rng(7)
    years = rng.normal(size=(4, 12))
    found = date_statistics(years, y, x if k else None)
    theirs = [abs(sm.OLS(y, np.column_stack([line(x), time])).fit().tvalues[-1]) for time in years]
    np.testing.assert_allclose(found, theirs)


@pytest.mark.parametrize("seed", range(3))
def test_an_exact_test_is_that_of_scipy(seed):
    x, y = points(seed, n=6)
    order, all_orders = orders(6)
    assert all_orders
    found = p_value(date_statistics(x[:, 0][order], y))
    theirs = stats.permutation_test(
        (x[:, 0],), lambda x: abs(stats.pearsonr(x, y)[0]), permutation_type="pairings", alternative="greater"
    )
    assert found == pytest.approx(theirs.pvalue)


def test_a_random_test_is_near_the_exact_one(monkeypatch):
    x, y = points(3, n=7)
    exact = p_value(date_statistics(x[:, 0][orders(7)[0]], y))
    monkeypatch.setattr(regression, "N_PERMUTATIONS", 4000)
    order, all_orders = orders(7)
    assert (order.shape, all_orders) == ((4001, 7), False)
    assert p_value(date_statistics(x[:, 0][order], y)) == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize(("n", "n_orders"), [(1, 1), (2, 2), (5, 120), (6, 720), (7, 5000), (40, 5000)])
def test_orders_start_with_the_one_observed(n, n_orders):
    order, all_orders = orders(n)
    assert order.shape == (n_orders, n)
    assert all_orders == (n < 7)
    assert list(order[0]) == list(range(n))
    assert (np.sort(order, axis=1) == np.arange(n)).all()


@pytest.mark.parametrize(
    ("statistics", "p"), [([1.0], 1), ([3.0, 1, 2, 3], 0.5), ([0.0, 0, 0], 1), ([5.0, 1, 2, 3], 0.25)]
)
def test_p_value(statistics, p):
    assert p_value(np.array(statistics)) == p


@pytest.mark.parametrize("values", [np.zeros(6), np.full(6, 3.0)])
def test_what_does_not_vary_has_no_trend(values):
    assert p_value(date_statistics(np.arange(6.0)[orders(6)[0]], values)) == 1


def test_a_ratio_of_sure_coefficients_is_their_ratio():
    fit = Fit(np.array([0, 6.0, 3.0]), np.diag([0, 1e-12, 1e-12]), np.full(3, 20.0))
    assert ratio_interval(fit, 1, 2) == pytest.approx((2, 2), abs=1e-5)


def test_the_ends_of_fiellers_interval_are_the_ratios_just_told_apart():
    x, y = points(5, n=15, k=2)
    y = y * 0.3 + x @ [1.0, 2.0]
    fit = regress(line(x), y)
    for ratio in ratio_interval(fit, 1, 2):
        contrast = np.array([0, 1, -ratio])
        t = contrast @ fit.coefficients / np.sqrt(contrast @ fit.covariance @ contrast)
        assert abs(t) == pytest.approx(stats.t.ppf(0.975, 12))


def test_a_ratio_to_what_may_be_zero_has_no_interval():
    fit = Fit(np.array([0, 1.0, 0.5]), np.diag([1.0, 0.1, 0.1]), np.full(3, 10.0))
    assert np.isnan(ratio_interval(fit, 1, 2)).all()


def test_error_that_shows_in_no_residual_has_the_bootstraps_degrees():
    """A sure error leaves nothing to be estimated from few points, so the normal distribution's quantile holds."""
    x = np.arange(6.0)
    deviations = np.random.default_rng(0).normal(size=(5000, 1)) * x
    fit = regress(line(x), 0.5 * x + 1e-3 * np.array([1, -1, 1, -1, 1, -1]), deviations)
    low, high = fit.interval(1)
    assert high - low == pytest.approx(2 * 1.96, rel=0.03)
