import numpy as np
import pandas as pd
import pytest

from paretoscope import failure, frontier, schema
from paretoscope.failure.cells import interval
from paretoscope.failure.tables import AVERAGE, MIN_ITEMS, OUTCOMES

C, W = "correct", "wrong"


def completions(*rows):
    """Completions of (model, benchmark, item, verdict, FLOPs[, looping]), tokens ten times the FLOPs."""
    table = []
    for model, benchmark, item, verdict, flops, *looping in rows:
        sample = sum(
            row["model"] == model and row["benchmark"] == benchmark and row["item_id"] == item for row in table
        )
        table.append(
            {
                "model": model,
                "benchmark": benchmark,
                "item_id": item,
                "sample": sample,
                "verdict": verdict,
                "looping": bool(looping),
                "prefill_flops": 0.25 * flops,
                "decode_flops": 0.75 * flops,
                "completion_tokens": round(10 * flops),
            }
        )
    types = {"model": "category", "benchmark": "category", "verdict": "category", "completion_tokens": "Int64"}
    return pd.DataFrame(table).astype(types)


def cells_of(table, kind="dense"):
    """The cells table of completions, as far as it is read."""
    rows = table[["model", "benchmark"]].drop_duplicates().astype("str")
    return rows.assign(
        model_name=rows["model"].str.upper(),
        family="F",
        kind=[kind if model != "control" else "control" for model in rows["model"]],
        type="reasoning",
        benchmark_name=rows["benchmark"].str.upper(),
    )


def measured(table, cells=None, cost="flops", **options):
    options = {"n_replicates": 200} | options
    rows, cheapest = failure.cost_of_failure(table, cells_of(table) if cells is None else cells, **options)
    return rows[rows["cost"] == cost].set_index(["scope", "model"]), cheapest[cheapest["cost"] == cost].set_index(
        "scope"
    )


EASY_AND_HARD = completions(
    *[("m", "b", f"easy{i}", v, flops) for i in range(6) for v, flops in ((C, 10), (C, 10), (C, 10), (W, 10))],
    *[("m", "b", f"hard{i}", v, flops) for i in range(6) for v, flops in ((C, 100), (W, 100), (W, 100), (W, 100))],
)
"""Wrong answers cost what right ones cost, item by item, but hard items cost more and are answered worse."""


def test_difficulty_alone_makes_wrong_answers_dearer_and_within_items_it_does_not():
    row = measured(EASY_AND_HARD)[0].loc[("b", "m")]
    assert row["accuracy"] == 0.5
    assert row["correct_mean"] == pytest.approx((3 * 10 + 100) / 4)
    assert row["wrong_mean"] == pytest.approx((10 + 3 * 100) / 4)
    assert row["ratio"] == pytest.approx(310 / 130)
    assert row["wrong_share"] == pytest.approx(310 / 440)
    assert row["ratio_within"] == row["ratio_within_low"] == row["ratio_within_high"] == pytest.approx(1)
    assert row["n_mixed_items"] == 12
    assert pd.isna(row["ratio_within_note"])
    assert row["cost_mean"] == 55
    assert row["per_correct"] == pytest.approx(110)
    assert row["per_correct_solved"] == pytest.approx((10 / 0.75 + 100 / 0.25) / 2)


def test_tokens_are_measured_as_flops_are():
    flops, tokens = (measured(EASY_AND_HARD, cost=cost)[0].loc[("b", "m")] for cost in ("flops", "tokens"))
    assert tokens["wrong_mean"] == pytest.approx(10 * flops["wrong_mean"])
    assert tokens["ratio"] == pytest.approx(flops["ratio"])


@pytest.mark.parametrize(("mixed", "identified"), [(0, False), (MIN_ITEMS - 1, False), (MIN_ITEMS, True)])
def test_without_enough_items_of_both_kinds_nothing_is_compared_within_items(mixed, identified):
    table = completions(
        *[("m", "b", f"both{i}", v, flops) for i in range(mixed) for v, flops in ((C, 10), (W, 30))],
        *[("m", "b", f"right{i}", C, 10) for i in range(8) for _ in range(2)],
        *[("m", "b", f"wrong{i}", W, 90) for i in range(8) for _ in range(2)],
    )
    row = measured(table)[0].loc[("b", "m")]
    assert row["n_mixed_items"] == mixed
    if identified:
        assert row["ratio_within"] == pytest.approx(3)
        assert pd.isna(row["ratio_within_note"])
    else:
        assert row[["ratio_within", "ratio_within_low", "ratio_within_high"]].isna().all()
        assert row["ratio_within_note"] == f"not identified: {mixed} of at least {MIN_ITEMS} items with both"


@pytest.mark.parametrize(
    ("right", "wrong", "note"),
    [
        (MIN_ITEMS, MIN_ITEMS, None),
        (20, 1, f"not identified: 1 of at least {MIN_ITEMS} items with a wrong answer"),
        (20, MIN_ITEMS - 1, f"not identified: 4 of at least {MIN_ITEMS} items with a wrong answer"),
        (2, 20, f"not identified: 2 of at least {MIN_ITEMS} items with a right answer"),
        (20, 0, f"not identified: 0 of at least {MIN_ITEMS} items with a wrong answer"),
    ],
)
def test_a_few_wrong_answers_make_no_ratio_nor_does_an_average_with_them(right, wrong, note):
    few = [("m", "few", f"r{i}", C, 10) for i in range(right)] + [("m", "few", f"w{i}", W, 30) for i in range(wrong)]
    many = [("m", "many", str(i), C if i % 2 else W, 10) for i in range(20)]
    rows = measured(completions(*few, *many))[0]
    assert pd.isna(rows.loc[("many", "m"), "ratio_note"])
    assert rows.loc[("many", "m"), "ratio"] == pytest.approx(1)
    ratios = rows.loc[[("few", "m"), (AVERAGE, "m")], ["ratio", "ratio_low", "ratio_high"]]
    if note is None:
        assert ratios.notna().all(axis=None)
    else:
        assert rows.loc[("few", "m"), "ratio_note"] == note
        assert rows.loc[(AVERAGE, "m"), "ratio_note"] == f"{note}: FEW"
        assert ratios.isna().all(axis=None)


@pytest.mark.parametrize(
    ("verdict", "looping", "outcome"),
    [
        ("wrong", [], "stopped"),
        ("no_answer", [], "stopped"),
        ("truncated", [], "truncated"),
        ("truncated", [True], "looping"),
        ("wrong", [True], "looping"),
        ("unparsed", [], "undecided"),
        ("timeout", [True], "undecided"),
        ("crashed", [], "undecided"),
        ("correct", [True], None),
    ],
)
def test_ways_to_fail(verdict, looping, outcome):
    row = measured(completions(("m", "b", "1", C, 10), ("m", "b", "2", verdict, 30, *looping)))[0].loc[("b", "m")]
    for name in OUTCOMES:
        failed = name == outcome
        assert row[f"{name}_rate"] == (0.5 if failed else 0)
        assert row[f"{name}_share"] == pytest.approx(0.75 if failed else 0)
        assert row[f"{name}_mean"] == 30 if failed else pd.isna(row[f"{name}_mean"])
    assert row["wrong_share"] == pytest.approx(sum(row[f"{name}_share"] for name in OUTCOMES))


def test_a_model_that_is_never_right_costs_infinitely_much_per_correct_answer():
    table = completions(*[("m", "b", str(i), W, 20) for i in range(30)])
    rows, cheapest = measured(table)
    row = rows.loc[("b", "m")]
    assert row["per_correct"] == row["per_correct_high"] == np.inf
    assert row["per_correct_low"] == pytest.approx(20 / (1.959964**2 / (30 + 1.959964**2)))
    assert not row["is_cheapest"]
    assert row["p_cheapest"] == 0
    assert pd.isna(row["per_correct_solved"])
    assert pd.isna(cheapest.loc["b", "model"])
    assert cheapest.loc["b", "solved_rate"] == 0


def test_a_model_that_is_always_right():
    row = measured(completions(*[("m", "b", str(i), C, 20) for i in range(30)]))[0].loc[("b", "m")]
    assert row["per_correct"] == row["cost_mean"] == 20
    assert row["wrong_share"] == 0
    assert row[["wrong_mean", "ratio", "ratio_low", "wrong_share_high"]].isna().all()


TWO = completions(
    *[("small", "b", str(i), C if i < 5 else W, 1) for i in range(10)],
    *[("large", "b", str(i), W if i < 5 else C, 8) for i in range(10)],
)


def test_the_cheapest_model_and_the_router():
    rows, cheapest = measured(TWO)
    assert rows.loc[("b", "small"), "per_correct"] == 2
    assert rows.loc[("b", "large"), "per_correct"] == 16
    assert list(rows["is_cheapest"]) == [True, False] * 2
    best = cheapest.loc["b"]
    assert (best["model"], best["model_name"], best["per_correct"], best["n_models"]) == ("small", "SMALL", 2, 2)
    assert (best["per_correct_routed"], best["solved_rate"]) == (4.5, 1)
    assert best["p_cheapest"] == rows.loc[("b", "small"), "p_cheapest"] > 0.9
    assert best["per_correct_low"] < 2 < best["per_correct_high"]


def test_the_average_is_over_models_that_have_all_benchmarks_and_is_no_mean_of_ratios():
    table = completions(
        *[("a", "x", str(i), v, 10) for i, v in enumerate((C, W))],
        *[("a", "y", str(i), v, 30) for i, v in enumerate((C, C, C, C))],
        *[("b", "x", str(i), v, 10) for i, v in enumerate((C, W))],
    )
    rows, _ = measured(table)
    row = rows.loc[(AVERAGE, "a")]
    assert row["per_correct"] == pytest.approx(20 / 0.75)
    assert row["wrong_share"] == pytest.approx(2.5 / 20)
    assert (row["n_items"], row["n_completions"]) == (6, 6)
    assert rows.loc[(AVERAGE, "b"), "left_out"] == "no result: Y"
    assert rows.loc[("y", "b"), "left_out"] == "no result"
    assert pd.isna(rows.loc[(AVERAGE, "b"), "per_correct"])


def test_an_unknown_cost_leaves_the_cell_out_with_the_reason():
    table = TWO.assign(prefill_flops=TWO["prefill_flops"].mask(TWO["model"] == "large"))
    rows, cheapest = measured(table)
    assert rows.loc[("b", "large"), "left_out"] == "cost not known"
    assert cheapest.loc["b", "n_models"] == 1
    assert pd.isna(measured(table, cost="tokens")[0].loc[("b", "large"), "left_out"])


def test_controls_take_no_part():
    table = pd.concat([TWO, completions(("control", "b", "1", C, 0.1))], ignore_index=True)
    assert set(measured(table)[0].reset_index()["model"]) == {"small", "large"}


def test_items_are_shared_by_the_models():
    """The large model fails where the small one does, so a draw of easy items is good for both."""
    items = [(i, C if i < 20 else W) for i in range(40)]
    table = completions(*[(m, "b", str(i), v, flops) for m, flops in (("a", 10), ("b", 10.1)) for i, v in items])
    assert measured(table)[0].loc[("b", "a"), "p_cheapest"] == 1


def test_samples_of_different_numbers_count_by_item():
    table = completions(("m", "b", "1", C, 10), ("m", "b", "1", C, 10), ("m", "b", "1", C, 10), ("m", "b", "2", W, 30))
    row = measured(table)[0].loc[("b", "m")]
    assert (row["accuracy"], row["cost_mean"]) == (0.5, 20)


def test_equal_seeds_give_equal_tables_and_others_do_not():
    table = completions(*[("m", "b", str(i), C if i % 3 else W, 1 + i % 7) for i in range(20)])
    first, again, other = (measured(table, seed=seed)[0] for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert first["wrong_share_low"].iloc[0] != other["wrong_share_low"].iloc[0]


def test_tables_have_their_columns_and_survive_a_csv(tmp_path):
    from paretoscope.files import read_table, write_table

    for table, columns in zip(
        failure.cost_of_failure(TWO, cells_of(TWO), 50), (failure.CELLS, failure.CHEAPEST), strict=True
    ):
        assert list(table.columns) == schema.names(columns)
        write_table(tmp_path / "t.csv", table)
        pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", columns), table, check_dtype=False)


@pytest.mark.parametrize(
    ("draws", "n_items", "expected"),
    [
        (np.arange(1001.0), 1e9, (25, 975)),
        (np.append(np.arange(951.0), [np.inf] * 50), 1e9, (25, np.inf)),
        (np.append(np.arange(951.0), [np.nan] * 50), 1e9, (23, 927)),
        (np.append(np.arange(899.0), [np.nan] * 102), 1e9, (np.nan, np.nan)),
        (np.arange(1001.0), 1, (np.nan, np.nan)),
    ],
)
def test_interval(draws, n_items, expected):
    np.testing.assert_allclose(interval(draws, n_items), expected, atol=1)


def test_few_items_widen_an_interval_as_students_t_does():
    draws = np.random.default_rng(0).normal(size=200_000)
    low, high = interval(draws, 10)
    assert high == pytest.approx(2.262157 * np.sqrt(10 / 9), rel=0.02)
    assert low == pytest.approx(-high, rel=0.03)


def test_the_average_is_called_as_in_the_frontier():
    assert AVERAGE == frontier.AVERAGE
