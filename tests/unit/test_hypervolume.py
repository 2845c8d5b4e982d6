import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.hypervolume import hypervolume

NAN = np.nan


@pytest.mark.parametrize(
    ("cost", "accuracy", "area"),
    [
        ([1e12], [0.5], 1.0),
        ([1e12, 1e13], [0.5, 0.8], 0.5 + 0.8),
        ([1e13, 1e12], [0.5, 0.8], 2 * 0.8),  # dominated
        ([1e12, 1e12], [0.5, 0.5], 1.0),  # equal
        ([1e14, 1e15], [0.5, 0.8], 0.0),  # at the reference, and past it
        ([NAN, 1e13, 1e12], [0.9, NAN, 0.5], 1.0),
        ([NAN], [NAN], 0.0),
        ([1e10], [0.0], 0.0),
    ],
)
def test_by_hand(cost, accuracy, area):
    assert hypervolume(cost, accuracy, 1e14) == pytest.approx(area)


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_it_is_that_of_moocore(seed, n):
    rng = np.random.default_rng(seed)
    cost, accuracy = 10 ** rng.uniform(10, 16, n), rng.random(n).round(1)
    theirs = moocore.hypervolume(np.column_stack([np.log10(cost), -accuracy]), ref=[15, 0])
    assert hypervolume(cost, accuracy, 1e15) == pytest.approx(theirs)


def test_replicates_are_independent_of_each_other():
    rng = np.random.default_rng(0)
    cost, accuracy = 10 ** rng.uniform(10, 15, (4, 3, 6)), rng.random((4, 3, 6))
    together = hypervolume(cost, accuracy, 1e14)
    assert together.shape == (4, 3)
    assert together[2, 1] == hypervolume(cost[2, 1], accuracy[2, 1], 1e14)
