import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import schema
from paretoscope.errors import InputError
from paretoscope.frontier import (
    AVERAGE,
    COST_AXES,
    COST_FRONTIERS,
    COSTS,
    FRONTIER,
    POINTS,
    RANKS,
    averages,
    benchmark_points,
    cost_frontiers,
    frontier,
    points,
    ranks,
    scopes,
)
from paretoscope.statistics import wilson_interval


def cells(*rows):
    """Cells of (model, benchmark, FLOPs, accuracy[, more columns])."""
    base = dict.fromkeys(schema.names(schema.CELLS), np.nan) | {
        "family": "F", "kind": "dense", "type": "reasoning", "release_date": "2025-01-01", "n_items": 100,
        "n_samples": 2, "accuracy_se": 0.04, "total_flops_se": 1.0,
    }  # fmt: skip
    table = []
    for model, benchmark, flops, accuracy, *more in rows:
        table.append(base | {
            "model": model, "model_name": model.upper(), "benchmark": benchmark, "benchmark_name": benchmark.title(),
            "total_flops_mean": flops, "accuracy": accuracy, "accuracy_low": 0.9 * accuracy, "accuracy_high": accuracy,
        } | (more[0] if more else {}))  # fmt: skip
    return pd.DataFrame(table)


def one_scope(flops_and_accuracies):
    rows = [(f"m{i}", "b", flops, accuracy) for i, (flops, accuracy) in enumerate(flops_and_accuracies)]
    return frontier(benchmark_points(cells(*rows))).set_index("model")


def oracle(flops_and_accuracies):
    """The frontier by its definition, one pair at a time."""
    result = []
    for f, a in flops_and_accuracies:
        rivals = [(g, b) for g, b in flops_and_accuracies if g <= f and b >= a and (g < f or b > a)]
        result.append(not rivals)
    return result


few = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


@given(st.lists(st.tuples(st.integers(1, 6).map(float), few), min_size=1, max_size=9))
def test_frontier_is_that_of_the_definition(pairs):
    table = one_scope(pairs).loc[[f"m{i}" for i in range(len(pairs))]]
    assert list(table["on_frontier"]) == oracle(pairs)
    for (flops, accuracy), row in zip(pairs, table.to_dict("records"), strict=True):
        assert row["accuracy_margin"] == max(b for g, b in pairs if g <= flops) - accuracy
        if row["on_frontier"]:
            assert pd.isna(row["dominated_by"])
            assert row["accuracy_margin"] == 0
        else:
            cheapest = min(g for g, b in pairs if b >= accuracy and (g, b) != (flops, accuracy))
            better = pairs[int(row["dominated_by"][1:])]
            assert better[0] == cheapest <= flops
            assert better[1] >= accuracy


@pytest.mark.parametrize(
    ("pairs", "on", "by"),
    [
        ([(10, 0.5)], [True], [None]),
        ([(10, 0.5), (20, 0.6)], [True, True], [None, None]),
        ([(10, 0.5), (10, 0.5)], [True, True], [None, None]),
        ([(10, 0.5), (10, 0.6)], [False, True], ["m1", None]),
        ([(10, 0.5), (20, 0.5)], [True, False], [None, "m0"]),
        ([(10, 0.0), (20, 0.0), (30, 0.0)], [True, False, False], [None, "m0", "m0"]),
        ([(10, 0.7), (20, 0.8), (30, 0.6)], [True, True, False], [None, None, "m0"]),
    ],
)
def test_frontier_cases(pairs, on, by):
    table = one_scope(pairs).sort_index()
    assert list(table["on_frontier"]) == on
    assert [None if pd.isna(name) else name for name in table["dominated_by"]] == by


def test_margin_is_to_the_best_at_that_cost():
    table = one_scope([(10, 0.5), (20, 0.8), (30, 0.6)])
    assert table.loc["m2", "accuracy_margin"] == pytest.approx(0.2)
    assert table.loc["m2", "dominated_by"] == "m1"


def test_controls_and_unknown_flops_take_no_part():
    table = frontier(
        benchmark_points(
            cells(("a", "b", 10, 0.5), ("oracle", "b", np.nan, 1.0, {"kind": "control"}), ("c", "b", np.nan, 0.9))
        )
    ).set_index("model")
    assert "oracle" not in table.index
    assert table.loc["a", "on_frontier"]
    assert not table.loc["c", "on_frontier"]
    assert table.loc["c", "left_out"] == "FLOPs not known"
    assert np.isnan(table.loc["c", "accuracy_margin"])


def ends(low, high):
    return {"accuracy_low": low, "accuracy_high": high}


def test_average_of_models_that_have_all_benchmarks():
    table = averages(
        cells(
            ("a", "x", 10, 0.5, {"accuracy_se": 0.03, "n_items": 100, "total_flops_se": 3.0} | ends(0.2, 0.56)),
            (
                *("a", "y", 30, 0.7),
                {"accuracy_se": 0.04, "n_items": 300, "n_samples": 4, "total_flops_se": 4.0} | ends(0.3, 0.78),
            ),
            ("b", "x", 5, 0.9),
        )
    ).set_index("model")
    a = table.loc["a"]
    assert (a["accuracy"], a["accuracy_se"]) == pytest.approx((0.6, 0.05 / 2))
    assert (a["total_flops_mean"], a["total_flops_se"]) == pytest.approx((20, 5 / 2))
    assert (a["n_items"], a["n_completions"], a["n_benchmarks"]) == (400, 1400, 2)
    # The benchmarks' own intervals reach 0.3 and 0.4 below them, and 0.06 and 0.08 above.
    assert (a["accuracy_low"], a["accuracy_high"]) == pytest.approx((0.6 - 0.5 / 2, 0.6 + 0.1 / 2))
    assert table.loc["b", "left_out"] == "no result: Y"
    assert np.isnan(table.loc["b", "accuracy"])


def test_average_without_any_correct_answer_is_not_certain():
    low, high = wilson_interval(0.0, 0.0, 100)
    sure = {"accuracy_se": 0.0} | ends(low, high)
    table = averages(cells(("a", "x", 10, 0.0, sure), ("a", "y", 10, 0.0, sure)))
    assert table.loc[0, "accuracy_high"] == pytest.approx(high / np.sqrt(2))


def test_a_small_benchmark_at_100_percent_leaves_the_average_uncertain():
    low, _ = wilson_interval(1.0, 0.0, 30)
    table = averages(
        cells(("a", "x", 10, 1.0, {"accuracy_se": 0.0} | ends(low, 1.0)), ("a", "y", 10, 0.9, ends(0.9, 0.9)))
    )
    assert table.loc[0, "accuracy_low"] == pytest.approx(0.95 - (1 - low) / 2)


def test_points_of_all_scopes_survive_a_csv(tmp_path):
    table = frontier(points(cells(("a", "x", 10, 0.5), ("a", "y", 30, 0.7), ("b", "x", 5, 0.9))))
    assert list(table.columns) == schema.names(FRONTIER)
    assert list(table["scope"].unique()) == [AVERAGE, "x", "y"]
    table.to_csv(tmp_path / "t.csv", index=False)
    again = pd.read_csv(tmp_path / "t.csv")
    again["release_date"] = again["release_date"].astype("str")
    pd.testing.assert_frame_equal(frontier(again[schema.names(POINTS)]), table, check_dtype=False)


def test_only_controls_give_an_empty_table():
    table = frontier(points(cells(("oracle", "x", np.nan, 1.0, {"kind": "control"}))))
    assert table.empty
    assert list(table.columns) == schema.names(FRONTIER)


def test_groups_of_benchmarks_are_averaged_over_the_models_that_have_them():
    rows = [("a", "x", 10, 0.5), ("a", "y", 30, 0.7), ("a", "z", 50, 0.9), ("b", "x", 20, 0.6), ("b", "y", 40, 0.8)]
    table = points(cells(*rows), groups={"pair": ["y", "x"], "absent": ["w"]})
    assert list(table["scope"].drop_duplicates()) == [AVERAGE, "pair", "x", "y", "z"]
    pair = table[table["scope"] == "pair"].set_index("model")
    assert pair["accuracy"].tolist() == pytest.approx([0.6, 0.7])
    assert pair["total_flops_mean"].tolist() == [20, 30]
    assert pair["scope_name"].unique().tolist() == ["pair: average of 2 benchmarks"]
    average = table[table["scope"] == AVERAGE].set_index("model")
    assert average.loc["b", "left_out"] == "no result: Z"
    costs, _ = cost_frontiers(cells(*rows), {"pair": ["y", "x"]})
    assert set(costs.loc[costs["cost"] == "flops", "scope"]) == {AVERAGE, "pair", "x", "y", "z"}


def test_scopes_name_their_benchmarks():
    assert scopes(["x", "y", "x"], {"g": ["y"], "none": ["w"]}) == {
        AVERAGE: ("x", "y"), "g": ("y",), "x": ("x",), "y": ("y",)
    }  # fmt: skip


@pytest.mark.parametrize("group", [AVERAGE, "x"])
def test_a_group_named_like_another_scope_is_refused(group):
    with pytest.raises(InputError, match="rename it"):
        scopes(["x", "y"], {group: ["y"]})


def test_a_benchmark_named_like_the_average_is_refused():
    with pytest.raises(InputError, match="rename it"):
        points(cells(("a", AVERAGE, 1, 0.5)))


# ---- other costs than FLOPs ----


def costed(rows, **columns):
    """Cells of models a, b, ... on one benchmark, with FLOPs and accuracy rising, and further columns."""
    n = rows
    letters = "abcdefgh"[:n]
    table = cells(*((model, "x", 10.0 * (i + 1), 0.1 * (i + 1)) for i, model in enumerate(letters)))
    blank = {cost.column: np.nan for cost in COSTS if cost.id != "flops"} | {"device": "a GPU"}
    return table.assign(**{**blank, **columns})


def axis(axes, cost):
    return axes.set_index("cost").loc[cost]


def test_a_cost_that_most_cells_have_gets_a_frontier():
    table = costed(4, energy_joules_per_completion=[4.0, 1.0, 2.0, np.nan])
    frontiers, axes = cost_frontiers(table)
    assert set(frontiers["cost"]) == {"flops", "joules"}
    assert axis(axes, "joules")[["device", "n_cells"]].tolist() == ["a GPU", 3]
    joules = frontiers[(frontiers["cost"] == "joules") & (frontiers["scope"] == "x")].set_index("model")
    assert joules["on_frontier"].to_dict() == {"b": True, "c": True, "a": False, "d": False}
    assert joules.loc["a", "dominated_by"] == "b"
    assert joules.loc["d", "left_out"] == "joules not measured on a GPU"
    assert joules.loc["c", "cost_mean"] == 2 and np.isnan(joules.loc["c", "cost_se"])
    assert list(frontiers.columns) == schema.names(COST_FRONTIERS)
    assert list(axes.columns) == schema.names(COST_AXES)


@pytest.mark.parametrize(
    ("columns", "cost", "reason"),
    [
        ({}, "tokens", "not measured in any cell"),
        ({"seconds_per_completion": [0.0] * 4}, "seconds", "not measured in any cell"),
        ({"usd_per_completion": [1.0, 2.0, np.nan, np.nan]}, "usd", "measured in 2 of 4 cells"),
        ({"seconds_per_completion": 1.0, "gpu_seconds_per_completion": 2.0}, "seconds", "GPU-seconds are measured"),
        (
            {"gpu_seconds_per_completion": 2.0, "device": ["one", "two", "one", "two"]},
            "gpu_seconds",
            "measured in 2 of 4 cells",
        ),
    ],
)
def test_a_cost_that_is_not_measured_gets_none_and_a_reason(columns, cost, reason):
    frontiers, axes = cost_frontiers(costed(4, **columns))
    assert cost not in set(frontiers["cost"])
    assert axis(axes, cost)["left_out"] == reason


def test_times_of_another_device_are_left_out():
    table = costed(4, seconds_per_completion=[4.0, 3.0, 2.0, 1.0], device=["one", "one", "one", "two"])
    frontiers, axes = cost_frontiers(table)
    seconds = frontiers[(frontiers["cost"] == "seconds") & (frontiers["scope"] == "x")].set_index("model")
    assert axis(axes, "seconds")[["device", "n_cells", "left_out"]].tolist() == ["one", 3, ""]
    assert seconds.loc["d", "left_out"] == "wall seconds not measured on one"
    assert seconds.loc["c", "on_frontier"] and not seconds.loc["a", "on_frontier"]


def test_the_frontier_by_flops_is_the_usual_one():
    table = costed(4)
    by_flops = cost_frontiers(table)[0].drop(columns="cost")
    usual = frontier(points(table)).rename(columns={"total_flops_mean": "cost_mean", "total_flops_se": "cost_se"})
    pd.testing.assert_frame_equal(by_flops, usual)


def test_ranks_by_flops_and_by_time():
    table = costed(4, seconds_per_completion=[4.0, 1.0, 1.0, np.nan])
    found = ranks(cost_frontiers(table)[0]).set_index("model")
    assert list(found.index) == ["a", "b", "c"]
    assert found["flops_rank"].tolist() == [1, 2, 3]
    assert found["time_rank"].tolist() == [3, 1, 1]
    assert set(found["time"]) == {"seconds"}


def test_without_measured_time_there_are_no_ranks():
    found = ranks(cost_frontiers(costed(3))[0])
    assert found.empty and list(found.columns) == schema.names(RANKS)
