import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import schema
from paretoscope.bootstrap import Replicates
from paretoscope.failure import COUNTERFACTUALS, counterfactuals
from paretoscope.files import read_table, write_table

MODELS = (
    ("small", "A", "dense", "instruct", 1e12, 0.5),
    ("moe", "B", "moe", "reasoning", 1e13, 0.8),
    ("large", "A", "dense", "reasoning", 1e15, 0.9),
)


SCOPES = {"average": ("x", "y"), "b": ("b",)}


def frontier_of(models=MODELS, scope="b", cost="flops", left_out=None):
    names = ("model", "family", "kind", "type", "cost_mean", "accuracy")
    table = pd.DataFrame([dict(zip(names, model, strict=True)) for model in models])
    return table.assign(
        cost=cost, scope=scope, scope_name=scope.upper(), model_name="", left_out=left_out, on_frontier=True
    )


def drawn(models=MODELS, spread=0.0, n=50):
    """Replicates whose accuracies lie around the models'."""
    rng = np.random.default_rng(0)
    accuracy = np.array([model[5] for model in models]) + spread * rng.normal(size=(n, len(models)))
    cost = np.broadcast_to(np.array([model[4] for model in models]), accuracy.shape)
    return Replicates(
        tuple(model[0] for model in models), ("b",), np.clip(accuracy, 0, 1)[:, :, None], {"flops": cost[:, :, None]}
    )


def rows_of(models=MODELS, **options):
    table = counterfactuals(frontier_of(models), drawn(models, **options), SCOPES)
    assert list(table.columns) == schema.names(COUNTERFACTUALS)
    return table.set_index(["without", "value"])


def test_what_is_lost_by_hand():
    rows = rows_of()
    # The reference is a decade past the dearest model.
    assert list(rows["hypervolume"]) == pytest.approx([1 * 0.5 + 2 * 0.8 + 1 * 0.9] * 4)
    assert dict(rows["hypervolume_lost"]) == pytest.approx(
        {("kind", "moe"): 0.6, ("type", "reasoning"): 1.0, ("family", "A"): 0.6, ("family", "B"): 0.6}
    )
    assert set(rows["per_correct"]) == {2e12}
    assert rows.loc[("family", "A"), "per_correct_factor"] == pytest.approx(1e13 / 0.8 / 2e12)
    assert rows.loc[("family", "B"), "per_correct_factor"] == 1
    assert list(rows["n_models_removed"]) == [1, 2, 2, 1]
    assert list(rows["n_models_without"]) == [2, 1, 1, 2]


def test_intervals_hold_the_loss():
    row = rows_of(spread=0.03, n=400).loc[("kind", "moe")]
    assert row["hypervolume_lost_low"] < row["hypervolume_lost"] < row["hypervolume_lost_high"]
    # Two decades of the moe model's accuracy less the small one's; 1.96 standard deviations to a side.
    width = 2 * 1.96 * 2 * 0.03 * np.sqrt(2)
    assert row["hypervolume_lost_high"] - row["hypervolume_lost_low"] == pytest.approx(width, rel=0.15)


@pytest.mark.parametrize(
    ("kept", "key", "note"),
    [
        (["small", "large"], ("kind", "moe"), "no model is such"),
        (["moe", "large"], ("type", "reasoning"), "no model is another"),
        (["small", "large"], ("family", "A"), "no model is another"),
    ],
)
def test_a_class_of_none_or_all_is_said(kept, key, note):
    row = rows_of([model for model in MODELS if model[0] in kept]).loc[key]
    assert row["note"] == note
    assert row[["hypervolume_lost", "per_correct_factor"]].isna().all()


def test_only_who_is_ever_right_was_removed():
    models = [("right", "A", "dense", "instruct", 1e12, 0.5), ("wrong", "B", "dense", "instruct", 1e10, 0.0)]
    rows = rows_of(models)
    assert rows.loc[("family", "A"), "per_correct_factor"] == np.inf
    assert rows.loc[("family", "B"), "per_correct_factor"] == 1


def test_nobody_is_ever_right():
    models = [("x", "A", "dense", "instruct", 1e12, 0.0), ("y", "B", "dense", "instruct", 1e10, 0.0)]
    row = rows_of(models).loc[("family", "A")]
    assert (row["per_correct"], row["hypervolume_lost"]) == (np.inf, 0)
    assert row["per_correct_factor"] == 1


def test_left_out_models_and_costs_without_replicates_take_no_part():
    absent = frontier_of([("absent", "C", "moe", "reasoning", np.nan, np.nan)], left_out="no result")
    table = counterfactuals(pd.concat([frontier_of(), absent, frontier_of(cost="joules")]), drawn(), SCOPES)
    assert set(table["cost"]) == {"flops"}
    assert "C" not in set(table["value"])


def test_an_average_is_over_the_benchmarks():
    halves = drawn()
    both = Replicates(
        halves.models,
        ("x", "y"),
        np.concatenate([halves.accuracy + 0.1, halves.accuracy - 0.1], axis=2),
        {"flops": np.concatenate([halves.cost["flops"]] * 2, axis=2)},
    )
    table = counterfactuals(frontier_of(scope="average"), both, SCOPES).set_index("value")
    assert table.loc["moe", "hypervolume_lost_low"] == pytest.approx(0.6)


@given(st.integers(0, 10_000))
def test_nothing_gets_better_by_leaving_models_out(seed):
    rng = np.random.default_rng(seed)
    models = [
        (f"m{i}", "ABC"[i % 3], rng.choice(["moe", "dense"]), "reasoning", 10 ** rng.uniform(10, 15), rng.random())
        for i in range(7)
    ]
    rows = rows_of(models, spread=0.1, n=20)
    compared = rows[rows["note"].isna()]
    assert (compared[["hypervolume_lost", "hypervolume_lost_low"]] >= 0).all(axis=None)
    assert (compared[["per_correct_factor", "per_correct_factor_low"]] >= 1).all(axis=None)


def test_the_table_survives_a_csv(tmp_path):
    table = counterfactuals(frontier_of(), drawn(), SCOPES)
    write_table(tmp_path / "t.csv", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", COUNTERFACTUALS), table, check_dtype=False)
