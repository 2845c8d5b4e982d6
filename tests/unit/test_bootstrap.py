import numpy as np
import pandas as pd
import pytest

from paretoscope import schema
from paretoscope.bootstrap import replicate
from paretoscope.errors import InputError
from paretoscope.statistics import clustered_mean, wilson_interval


def study(answers: dict, flops=None):
    """Tables of a study from {(model, benchmark): {item: [right or wrong, ...]}}; FLOPs as {(model, item): FLOPs}."""
    rows, cells = [], []
    for (model, benchmark), items in answers.items():
        mine = [
            {
                "model": model, "benchmark": benchmark, "item_id": item, "sample": sample,
                "verdict": "correct" if right else "wrong", "completion_tokens": 10 + 5 * right,
                "prefill_flops": 1e12, "decode_flops": (flops or {}).get((model, item), 2e12),
            }
            for item, rights in items.items() for sample, right in enumerate(rights)
        ]  # fmt: skip
        table = pd.DataFrame(mine)
        accuracy, se = clustered_mean(table["verdict"] == "correct", table["item_id"])
        cells.append({
            "model": model, "benchmark": benchmark, "kind": "dense", "n_items": len(items), "accuracy": accuracy,
            "accuracy_se": se, "total_flops_mean": (table["prefill_flops"] + table["decode_flops"]).mean(),
            "completion_tokens_mean": table["completion_tokens"].mean(), "usd_per_completion": 0.5,
        })  # fmt: skip
        rows += mine
    completions = pd.DataFrame(rows).astype(
        {"model": "category", "benchmark": "category", "completion_tokens": "Int64"}
    )
    empty = dict.fromkeys(schema.names(schema.CELLS), np.nan)
    return completions, pd.DataFrame([empty | cell for cell in cells])


def answers(rights, start=0):
    return {f"i{start + at}": [right] if np.isscalar(right) else right for at, right in enumerate(rights)}


def random_study(seed=0, n_items=60, n_samples=2, n_models=3):
    rng = np.random.default_rng(seed)
    easy = rng.random(n_items)
    tables = {
        (f"m{m}", "b"): answers((rng.random((n_items, n_samples)) < easy[:, None]).tolist()) for m in range(n_models)
    }
    flops = {(f"m{m}", f"i{i}"): 1e15 * rng.lognormal(0, 1) for m in range(n_models) for i in range(n_items)}
    return study(tables, flops)


def test_shapes_and_order():
    completions, cells = study({("z", "b"): answers([1, 0]), ("a", "b"): answers([1, 1]), ("a", "c"): answers([0, 1])})
    control = cells.iloc[:1].assign(model="oracle", kind="control")
    drawn = replicate(completions, pd.concat([control, cells]), n_replicates=7)
    assert (drawn.models, drawn.benchmarks) == (("z", "a"), ("b", "c"))
    assert drawn.accuracy.shape == drawn.cost["flops"].shape == drawn.cost["tokens"].shape == (7, 2, 2)
    assert drawn.accuracy.dtype == drawn.cost["flops"].dtype == np.float32
    absent = np.isnan(drawn.accuracy).all(axis=0)
    assert absent.tolist() == [[False, True], [False, False]]
    assert np.isnan(drawn.cost["flops"]).all(axis=0).tolist() == absent.tolist()


def test_equal_seeds_give_equal_replicates():
    tables = random_study()
    one, again, other = (replicate(*tables, n_replicates=50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.accuracy, again.accuracy)
    np.testing.assert_array_equal(one.cost["flops"], again.cost["flops"])
    assert not np.array_equal(one.accuracy, other.accuracy)


def test_a_further_model_leaves_the_others_alone():
    completions, cells = random_study()
    fewer = replicate(completions[completions["model"] != "m2"], cells[cells["model"] != "m2"], n_replicates=200)
    np.testing.assert_allclose(
        fewer.accuracy, replicate(completions, cells, n_replicates=200).accuracy[:, :2], atol=0.02
    )


def test_the_order_of_rows_does_not_matter():
    completions, cells = random_study()
    shuffled = completions.sample(frac=1, random_state=0)
    one, other = replicate(completions, cells, n_replicates=200), replicate(shuffled, cells, n_replicates=200)
    np.testing.assert_array_equal(one.accuracy, other.accuracy)


@pytest.mark.parametrize("right", [0, 1, 15, 29, 30])
def test_quantiles_of_accuracy_are_the_interval_of_the_cells_table(right):
    completions, cells = study({("a", "b"): answers([1] * right + [0] * (30 - right))})
    drawn = replicate(completions, cells).accuracy[:, 0, 0]
    cell = cells.iloc[0]
    interval = wilson_interval(cell["accuracy"], cell["accuracy_se"], 30)
    np.testing.assert_allclose(np.quantile(drawn, [0.025, 0.975]), interval, atol=2e-4)
    assert np.median(drawn) == pytest.approx(right / 30, abs=2e-4)


def test_the_spread_of_costs_is_that_among_items():
    completions, cells = random_study(n_items=300)
    totals = (completions["prefill_flops"] + completions["decode_flops"])[completions["model"] == "m0"]
    mean, se = clustered_mean(totals, completions["item_id"][completions["model"] == "m0"])
    drawn = replicate(completions, cells).cost["flops"][:, 0, 0].astype(float)
    assert np.median(drawn) == pytest.approx(mean, rel=0.02)
    assert np.std(drawn) == pytest.approx(se, rel=0.04)


def test_samples_of_an_item_go_together():
    """Four equal samples of an item are worth one: drawing them anew must not narrow or widen anything."""
    one = study({("a", "b"): answers([1, 0, 1, 1, 0, 1] * 5)})
    four = study({("a", "b"): answers([[right] * 4 for right in [1, 0, 1, 1, 0, 1] * 5])})
    np.testing.assert_array_equal(*(replicate(*tables, n_replicates=100).accuracy for tables in (one, four)))


def test_models_share_their_items():
    rng = np.random.default_rng(0)
    right = (rng.random(200) < 0.5).astype(int).tolist()
    opposite = [1 - value for value in right]
    tables = study({("a", "b"): answers(right), ("like", "b"): answers(right), ("unlike", "b"): answers(opposite)})
    a, like, unlike = replicate(*tables).accuracy[:, :, 0].T
    assert np.corrcoef(a, like)[0, 1] > 0.95
    assert np.corrcoef(a, unlike)[0, 1] < -0.95


def test_models_share_the_items_that_both_have():
    rng = np.random.default_rng(0)
    right = (rng.random(400) < 0.5).astype(int).tolist()
    tables = study(
        {("all", "b"): answers(right), ("half", "b"): answers(right[:200]), ("rest", "b"): answers(right[200:], 200)}
    )
    everything, half, rest = replicate(*tables).accuracy[:, :, 0].T
    assert np.corrcoef(everything, half)[0, 1] == pytest.approx(np.sqrt(1 / 2), abs=0.05)
    assert abs(np.corrcoef(half, rest)[0, 1]) < 0.05


def test_models_that_answered_alike_are_not_taken_for_equal():
    tables = study({("a", "b"): answers([1] * 28 + [0] * 2), ("b", "b"): answers([1] * 28 + [0] * 2)})
    a, b = replicate(*tables).accuracy[:, :, 0].T
    assert np.mean(a > b) == pytest.approx(0.5, abs=0.03)


def test_accuracy_and_cost_are_drawn_together():
    right = [1, 0] * 100
    flops = {("a", f"i{at}"): 1e15 * (1 + 9 * value) for at, value in enumerate(right)}
    drawn = replicate(*study({("a", "b"): answers(right)}, flops))
    assert np.corrcoef(drawn.accuracy[:, 0, 0], drawn.cost["flops"][:, 0, 0])[0, 1] > 0.95


def test_costs_of_a_whole_cell_are_fixed():
    drawn = replicate(*study({("a", "b"): answers([1, 0, 1])}), costs=("usd", "tokens", "joules"), n_replicates=5)
    assert drawn.cost["usd"][:, 0, 0].tolist() == [0.5] * 5
    assert len(set(drawn.cost["tokens"][:, 0, 0].tolist())) == 5
    assert np.isnan(drawn.cost["joules"]).all()


def test_a_cost_that_a_completion_lacks_is_unknown():
    completions, cells = study({("a", "b"): answers([1, 0, 1])})
    completions.loc[0, "prefill_flops"] = np.nan
    cells["total_flops_mean"] = np.nan
    drawn = replicate(completions, cells, n_replicates=5)
    assert np.isnan(drawn.cost["flops"]).all()
    assert np.isfinite(drawn.accuracy).all()


def test_one_item_has_no_known_spread():
    drawn = replicate(*study({("a", "b"): answers([1])}), n_replicates=100)
    assert np.ptp(drawn.accuracy) > 0.3
    assert np.ptp(drawn.cost["flops"]) == 0


def test_a_cell_without_completions_is_named():
    completions, cells = study({("a", "b"): answers([1, 0]), ("z", "b"): answers([1, 0])})
    with pytest.raises(InputError, match="z x b: "):
        replicate(completions[completions["model"] == "a"], cells, n_replicates=5)
