"""Majority vote: the exact expectation against every choice of samples, and the table."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paretoscope import schema
from paretoscope.saturation import VOTES, votes
from paretoscope.saturation.votes import majority_accuracy


def by_enumeration(right, wrong, silent, k):
    """The same by looking at every choice of k samples."""
    samples = [0] * right + [party for party, n in enumerate(wrong, 1) for _ in range(n)] + [None] * silent
    wins = []
    for drawn in combinations(range(len(samples)), k):
        counts = np.bincount([samples[i] for i in drawn if samples[i] is not None], minlength=len(wrong) + 1)
        most = counts.max()
        wins.append(0 if most == 0 or counts[0] < most else 1 / (counts == most).sum())
    return np.mean(wins)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 4), st.lists(st.integers(1, 3), max_size=3), st.integers(0, 2))
def test_the_expectation_is_that_over_all_choices(right, wrong, silent):
    n = right + sum(wrong) + silent
    exact = majority_accuracy(right, tuple(wrong), silent)
    assert len(exact) == n
    assert exact == pytest.approx([by_enumeration(right, wrong, silent, k) for k in range(1, n + 1)])


@pytest.mark.parametrize(
    ("parties", "expected"),
    [
        ((3, (), 0), (1, 1, 1)),
        ((0, (2, 1), 0), (0, 0, 0)),
        ((2, (1,), 0), (2 / 3, 2 / 3, 1)),  # of two, both right in 1/3; a tie in 2/3, won half the time
        ((1, (1, 1), 0), (1 / 3, 1 / 3, 1 / 3)),
        ((1, (), 3), (1 / 4, 1 / 2, 3 / 4, 1)),  # one vote is a majority where the others say nothing
    ],
)
def test_votes_by_hand(parties, expected):
    assert majority_accuracy(*parties) == pytest.approx(expected)


def test_many_samples_stay_exact():
    accuracy = majority_accuracy(33, (10,) * 3 + (1,), 0)
    assert accuracy[0] == pytest.approx(33 / 64)
    assert accuracy[-1] == pytest.approx(1) and np.all(np.diff(accuracy[::2]) > -1e-9)


def table_of(verdicts, answers):
    """Two items of three samples; verdicts and answers of each sample."""
    completions = pd.DataFrame(
        {
            "model": "m",
            "benchmark": "b",
            "item_id": ["i"] * 3 + ["j"] * 3,
            "sample": [0, 1, 2] * 2,
            "verdict": verdicts,
            "completion_tokens": pd.array([10, 20, 30] * 2, dtype="Int64"),
            "prefill_flops": [100.0] * 6,
            "decode_flops": [1.0, 2.0, 3.0] * 2,
        }
    )
    cell = dict.fromkeys(schema.names(schema.CELLS), np.nan)
    cell |= {"model": "m", "benchmark": "b", "kind": "dense"}
    said = dict(zip(zip(completions["item_id"], completions["sample"], strict=True), answers, strict=True))
    return votes(completions, pd.DataFrame([cell]), {("m", "b"): said})


def test_the_table_shares_one_prefill_and_gives_right_answers_one_party():
    table = table_of(["correct", "correct", "wrong", "wrong", "wrong", "correct"], ["1/2", "0.5", "3", " 7", "7", "1"])
    assert list(table.columns) == schema.names(VOTES)
    # Item i: two of three are right, though spelled differently. Item j: two of three say 7.
    np.testing.assert_allclose(table["accuracy"], [(2 / 3 + 1 / 3) / 2, (2 / 3 + 1 / 3) / 2, (1 + 0) / 2])
    np.testing.assert_allclose(table["total_flops_mean"], [102, 104, 106])
    np.testing.assert_allclose(table["completion_tokens_mean"], [20, 40, 60])
    assert table["note"].isna().all()


def test_truncated_completions_do_not_vote():
    table = table_of(["correct", "truncated", "truncated"] * 2, ["1", "9", "9"] * 2)
    assert table["accuracy"].iloc[-1] == 1


def test_one_sample_per_item_is_said():
    completions = pd.DataFrame(
        {
            **{"model": "m", "benchmark": "b", "item_id": ["i", "j"], "sample": 0, "verdict": ["correct", "wrong"]},
            **{"completion_tokens": pd.array([1, 2], dtype="Int64"), "prefill_flops": 1.0, "decode_flops": 1.0},
        }
    )
    cell = dict.fromkeys(schema.names(schema.CELLS), np.nan) | {"model": "m", "benchmark": "b", "kind": "dense"}
    table = votes(completions, pd.DataFrame([cell]), {("m", "b"): {("i", 0): "1", ("j", 0): "2"}})
    assert len(table) == 1
    assert table["note"][0] == "not applicable: one sample per item"
