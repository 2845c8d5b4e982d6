import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import frontier, schema
from paretoscope.bootstrap import Replicates
from paretoscope.files import read_table, write_table
from paretoscope.frontier import POINTS
from paretoscope.trend import (
    EFFICIENCY,
    FRONTIERS,
    HYPERVOLUME,
    LINES,
    THRESHOLDS,
    efficiency,
    frontiers_as_of,
    hypervolume_over_time,
    threshold_flops,
    trend_lines,
)
from paretoscope.uncertainty import frontier_uncertainty


def averages(*rows):
    """Average points of (model, date, FLOPs, accuracy[, left_out])."""
    table = []
    for model, date, flops, accuracy, *more in rows:
        table.append(dict.fromkeys(schema.names(POINTS), np.nan) | {
            "scope": "average", "model": model, "model_name": model.upper(), "family": "F", "kind": "dense",
            "type": "reasoning", "release_date": date, "total_flops_mean": flops, "accuracy": accuracy,
            "n_items": 100, "accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.1, "left_out": more[0] if more else np.nan,
        })  # fmt: skip
    return pd.DataFrame(table)


def test_efficiency_is_pinned_to_flops():
    table = efficiency(averages(("a", "2025-02-01", 1e16, 0.8), ("b", "2025-01-01", 1e14, 0.7))).set_index("model")
    assert list(table.index) == ["b", "a"]
    np.testing.assert_allclose(table["s_eff"], 0.05)
    assert table.loc["b", "s_eff_low"] == pytest.approx(0.6 / 14)
    assert table.loc["b", "s_eff_high"] == pytest.approx(0.8 / 14)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("a", np.nan, 1e9, 0.5), "no release date"),
        (("a", "", 1e9, 0.5), "no release date"),
        (("a", "2025-01-01", 1.0, 0.5), "not more than one FLOP"),
        (("a", "2025-01-01", np.nan, np.nan, "no result: X"), "no result: X"),
    ],
)
def test_what_has_no_efficiency_is_left_out_with_the_reason(row, reason):
    table = efficiency(averages(row))
    assert list(table["left_out"]) == [reason]
    assert list(table.columns) == schema.names(EFFICIENCY)


FIVE = (
    ("a", "2024-01-01", 100.0, 0.6),
    ("b", "2024-02-01", 50.0, 0.4),  # cheap, and below the threshold
    ("c", "2024-03-01", 200.0, 0.9),
    ("d", "2024-04-01", 40.0, 0.5),
    ("e", "2024-04-01", 30.0, 0.7),
)


def test_threshold_flops_is_a_running_minimum():
    table = threshold_flops(averages(*FIVE), [0.5])
    assert list(table["release_date"]) == ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]
    assert list(table["total_flops_min"]) == [100, 100, 100, 30]
    assert list(table["n_models_reaching"]) == [1, 1, 2, 4]
    assert list(table["model"]) == ["a", "a", "a", "e"]
    assert list(table["is_record"]) == [True, False, False, True]
    assert list(table.columns) == schema.names(THRESHOLDS)


def test_before_a_threshold_is_reached_there_is_no_value():
    table = threshold_flops(averages(*FIVE), [0.8])
    assert list(table["total_flops_min"].isna()) == [True, True, False, False]
    assert list(table["is_record"]) == [False, False, True, False]


@pytest.mark.parametrize("rows", [[("a", np.nan, 10.0, 0.9)], [("a", "2024-01-01", np.nan, np.nan, "no result: X")]])
def test_models_without_a_date_or_an_average_set_no_record(rows):
    assert threshold_flops(averages(*rows), [0.1]).empty


def test_a_month_is_as_good_as_a_day():
    assert list(efficiency(averages(("a", "2025-03", 1e9, 0.5)))["release_date"]) == ["2025-03-01"]


def lines_of(rows, thresholds=(0.5,), replicates=None):
    """Lines by quantity; those with a threshold by both."""
    table = trend_lines(efficiency(rows), threshold_flops(rows, thresholds), replicates)
    assert list(table.columns) == schema.names(LINES)
    return table.set_index(["quantity", table["accuracy_threshold"].fillna(0)])


def test_fewer_than_five_points_get_no_line():
    lines = lines_of(averages(*FIVE[:4]))
    assert dict(lines["note"].droplevel(1)) == {
        **dict.fromkeys(
            ("s_eff", "excess", "log10_flops_to_reach", "log10_flops_at_equal_accuracy", "hypervolume"),
            "no line: 4 of at least 5 models with a release date",
        ),
        "log10_flops_record": "no line: 2 of at least 5 records",
    }
    assert lines[["slope_per_year", "permutation_p", "halving_months"]].isna().all(axis=None)


def test_points_of_one_date_get_no_line():
    lines = lines_of(averages(*[(f"m{i}", "2024-01-01", 10.0**i, 0.5 + i / 50) for i in range(1, 7)]))
    assert set(lines["note"]) == {"no line: all points have one date", "no line: 1 of at least 5 records"}


def falling(n=12, decades_per_year=1.0, noise=0.01):
    """Models whose FLOPs at every accuracy fall steadily, of rising and falling accuracies."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        score = rng.normal(0, 1)
        flops = 10 ** (16 + score - decades_per_year * i / 12 + noise * rng.normal())
        rows.append((f"m{i}", f"2024-{1 + i % 12:02d}-01", flops, 1 / (1 + np.exp(-score))))
    return averages(*rows).assign(family=[f"F{i % 3}" for i in range(n)])


@pytest.mark.parametrize("threshold", [0.4, 0.5, 0.6])
def test_flops_that_fall_tenfold_a_year_halve_in_3_6_months(threshold):
    line = lines_of(falling(), [threshold]).loc[("log10_flops_to_reach", threshold)]
    assert pd.isna(line["note"])
    assert pd.isna(line["halving_note"])
    assert line["slope_per_year"] == pytest.approx(-1, abs=0.05)
    assert line["value_at_first"] == pytest.approx(16 + np.log(threshold / (1 - threshold)), abs=0.05)
    assert line["value_at_last"] - line["value_at_first"] == pytest.approx(line["slope_per_year"] * 335 / 365.25)
    assert line["halving_months"] == pytest.approx(12 * np.log10(2), rel=0.05)
    assert line["halving_months_low"] < line["halving_months"] < line["halving_months_high"]
    assert line["slope_per_year_low"] < line["slope_without_family_low"] <= line["slope_without_family_high"]
    assert line["permutation_p"] == pytest.approx(1 / 5000)
    assert not line["permutations_are_all"]


def test_both_regressions_agree_where_there_is_no_scatter():
    lines = lines_of(falling(noise=1e-3))
    equal = lines.loc[("log10_flops_at_equal_accuracy", 0)]
    assert equal["slope_per_year"] == pytest.approx(
        lines.loc[("log10_flops_to_reach", 0.5), "slope_per_year"], abs=0.01
    )


@pytest.mark.parametrize(
    ("decline", "note"), [(-1.0, "FLOPs rise"), (0.0, "not identified: FLOPs may as well not decline")]
)
def test_flops_that_do_not_fall_have_no_halving_time(decline, note):
    line = lines_of(falling(decades_per_year=decline, noise=0.1)).loc[("log10_flops_to_reach", 0.5)]
    assert line["halving_note"] == note
    assert pd.isna(line["halving_months"])
    assert pd.isna(line["halving_months_high"])
    assert pd.isna(line["halving_months_low"]) == (decline < 0)


@pytest.mark.parametrize(("threshold", "which"), [(0.001, "every"), (0.999, "no")])
def test_a_threshold_outside_the_accuracies_is_not_identified(threshold, which):
    line = lines_of(falling(), [threshold]).loc[("log10_flops_to_reach", threshold)]
    assert line["note"] == f"not identified: {which} model reaches it"
    assert pd.isna(line["slope_per_year"])


def test_accuracy_that_does_not_rise_with_flops_says_nothing_on_the_flops_to_reach_it():
    rng = np.random.default_rng(1)
    rows = [(f"m{i}", f"2024-{i + 1:02d}-01", 10 ** rng.uniform(10, 16), rng.uniform(0.3, 0.7)) for i in range(12)]
    line = lines_of(averages(*rows)).loc[("log10_flops_to_reach", 0.5)]
    assert line["note"] == "not identified: accuracy doesn't surely rise with FLOPs"
    assert line[["slope_per_year", "halving_months_low"]].isna().all()


def test_flops_that_go_with_the_date_alone_are_no_second_dimension():
    rows = [(f"m{i}", f"{2015 + i}-01-01", 1e10, 0.3 + 0.05 * i) for i in range(8)]
    lines = lines_of(averages(*rows))
    assert lines.loc[("log10_flops_to_reach", 0.5), "note"] == "no line: FLOPs or accuracy don't vary but with the date"


def test_a_line_through_records_describes_them_and_its_test_finds_them_anew():
    rows = averages(*[(f"m{i}", f"{2015 + i}-01-01", 10.0 ** (20 - i), 0.5) for i in range(6)])
    line = lines_of(rows).loc[("log10_flops_record", 0.5)]
    assert line["slope_per_year"] == pytest.approx(-1, abs=2e-3)
    assert (line["value_at_first"], line["value_at_last"]) == pytest.approx((20, 15), abs=0.01)
    assert pd.isna(line["slope_per_year_low"])
    # Of all 720 orders none has its records later than the one that falls all the time.
    assert (line["n_permutations"], line["permutations_are_all"]) == (720, True)
    assert line["permutation_p"] == pytest.approx(1 / 720)


@pytest.mark.parametrize(("threshold", "few"), [(0.3, False), (0.5, True), (0.75, True)])
def test_a_threshold_that_few_models_reach_is_said_to_be_extrapolated(threshold, few):
    rows = falling()
    reaching = int((rows["accuracy"] >= threshold).sum())
    assert (reaching < 5) == few
    lines = lines_of(rows, [threshold])
    line = lines.loc[("log10_flops_to_reach", threshold)]
    assert line["n_reaching"] == lines.loc[("log10_flops_record", threshold), "n_reaching"] == reaching
    note = line["extrapolation_note"]
    assert note == f"extrapolated: {reaching} of at least 5 models reach it" if few else pd.isna(note)
    assert pd.notna(line["slope_per_year"])
    assert pd.isna(lines.loc[("s_eff", 0), "n_reaching"])


def test_lines_that_are_not_fitted_carry_no_p_value():
    rng = np.random.default_rng(1)
    flat = [(f"m{i}", f"2024-{i + 1:02d}-01", 10 ** rng.uniform(10, 16), rng.uniform(0.3, 0.7)) for i in range(12)]
    for rows in (averages(*flat), falling(), averages(*FIVE)):
        lines = lines_of(rows)
        unfitted = lines[lines["note"].notna()]
        assert len(unfitted)
        assert unfitted[["permutation_p", "n_permutations", "permutations_are_all"]].isna().all(axis=None)


def test_models_that_are_all_on_the_frontier_leave_nothing_to_fit_of_their_excess():
    rows = averages(*[(f"m{i}", f"2024-0{i}-01", 10.0**i, 0.1 * i) for i in range(1, 8)])
    line = lines_of(rows).loc[("excess", 0)]
    assert line["note"] == "no line: all on the frontier, nothing to fit"
    assert line[["slope_per_year", "slope_per_year_low", "permutation_p"]].isna().all()


def test_the_family_that_makes_the_trend_is_named():
    rng = np.random.default_rng(2)
    level = [(f"m{i}", f"2024-{i + 1:02d}-01", 10 ** rng.normal(14, 0.1), 0.3 + 0.02 * rng.normal()) for i in range(12)]
    star = [(f"s{i}", "2024-12-01", 1e14, 0.9) for i in range(3)]
    rows = averages(*level, *star).assign(family=["A", "B"] * 6 + ["C"] * 3)
    line = lines_of(rows).loc[("s_eff", 0)]
    assert line["most_influential_family"] == "C"
    assert line["slope_without_family_low"] < 0.2 * line["slope_per_year"]


def test_measurement_error_that_models_share_widens_the_interval():
    rows = falling()
    rng = np.random.default_rng(3)
    alike = np.linspace(-0.1, 0.1, len(rows)) * rng.normal(size=(400, 1))
    accuracy = np.clip(rows["accuracy"].to_numpy() + alike, 0.01, 0.99)[:, :, None]
    flops = np.broadcast_to(rows["total_flops_mean"].to_numpy()[:, None], accuracy.shape)
    drawn = Replicates(tuple(rows["model"]), ("b",), accuracy, {"flops": flops})
    for quantity, threshold in (("s_eff", 0), ("log10_flops_to_reach", 0.5), ("log10_flops_at_equal_accuracy", 0)):
        apart, together = (lines_of(rows, replicates=r).loc[(quantity, threshold)] for r in (None, drawn))
        assert together["slope_per_year"] == pytest.approx(apart["slope_per_year"])
        assert together["slope_per_year_high"] > apart["slope_per_year_high"]


# Measures that don't depend on the unit of FLOPs.


def test_excess_is_the_distance_to_a_cheaper_model_that_is_as_accurate():
    rows = averages(
        ("old", "2024-01-01", 1e14, 0.6),
        ("large", "2024-02-01", 1e16, 0.9),
        ("cheap", "2024-03-01", 1e13, 0.6),
        ("equal", "2024-03-01", 1e13, 0.6),
        ("late", "2024-04-01", 1e15, 0.5),
    )
    table = efficiency(rows).set_index("model")
    assert dict(table["excess"]) == pytest.approx({"old": 1, "large": 0, "cheap": 0, "equal": 0, "late": 2})
    assert table.loc["old", "excess_at_release"] == 0
    # Alone above 0.6 in the decade between it and the reference.
    expected = dict.fromkeys(table.index, 0) | {"large": 0.3}
    assert dict(table["hypervolume_contribution"]) == pytest.approx(expected, abs=1e-12)
    without = efficiency(rows[rows["model"] != "equal"]).set_index("model")
    assert without.loc["cheap", "hypervolume_contribution"] == pytest.approx(0.6)


@given(st.integers(0, 10_000), st.floats(0.001, 1000))
def test_only_s_eff_depends_on_the_unit(seed, unit):
    rng = np.random.default_rng(seed)
    rows = [(f"m{i}", f"2024-{i + 1:02d}-01", 10 ** rng.uniform(10, 16), round(rng.random(), 1)) for i in range(7)]
    here, there = (efficiency(averages(*((m, d, f * u, a) for m, d, f, a in rows))) for u in (1, unit))
    for name in ("excess", "excess_at_release", "hypervolume_contribution"):
        np.testing.assert_allclose(here[name], there[name], atol=1e-9)


# Frontier and hypervolume as of each date.


def test_frontiers_as_of_each_date():
    table = frontiers_as_of(averages(*FIVE, ("x", np.nan, 1.0, 0.9), ("y", "2024-01-15", 5.0, 0.1, "no result")))
    shown = {date: set(part.loc[part["on_frontier"], "model"]) for date, part in table.groupby("as_of")}
    assert shown == {
        "2024-01-01": {"a"},
        "2024-02-01": {"a", "b"},
        "2024-03-01": {"a", "b", "c"},
        "2024-04-01": {"e", "c"},
    }
    assert list(table.groupby("as_of").size()) == [1, 2, 3, 5]
    assert list(table.columns) == schema.names(FRONTIERS)


@given(st.integers(0, 10_000))
def test_the_frontier_as_of_the_last_date_is_the_frontier(seed):
    rng = np.random.default_rng(seed)
    rows = averages(
        *((f"m{i}", f"2024-0{i + 1}-01", float(rng.integers(1, 5)), rng.integers(0, 4) / 4) for i in range(7))
    )
    last = frontiers_as_of(rows).groupby("model").tail(1).set_index("model")["on_frontier"]
    whole = frontier.frontier(rows).set_index("model")["on_frontier"]
    assert dict(last) == dict(whole)


def test_hypervolume_over_time_by_hand():
    rows = averages(("a", "2024-01-01", 1e12, 0.4), ("b", "2024-02-01", 1e14, 0.9), ("c", "2024-03-01", 1e11, 0.5))
    accuracy = np.array([[0.3, 0.9, 0.5], [0.5, 0.9, 0.5]])[:, :, None]
    flops = np.broadcast_to(np.array([1e12, 1e14, 1e11])[:, None], accuracy.shape)
    drawn = Replicates(("a", "b", "c"), ("only",), accuracy, {"flops": flops})
    table = hypervolume_over_time(rows, drawn, {"average": ("only",)})
    assert list(table["hypervolume"]) == pytest.approx([1.2, 1.7, 2.4])
    assert list(table["hypervolume_low"].round(1)) == [0.9, 1.5, 2.4]
    assert list(table["hypervolume_high"].round(1)) == [1.5, 1.9, 2.4]
    assert list(table["n_models"]) == [1, 2, 3]
    assert set(table["reference_flops"]) == {1e15}
    assert list(table.columns) == schema.names(HYPERVOLUME)


def test_the_interval_of_the_last_date_is_that_of_the_frontier():
    rng = np.random.default_rng(3)
    rows = averages(*[(f"m{i}", f"2024-0{i + 1}-01", 10.0 ** (12 + i % 3), 0.5 + 0.02 * i) for i in range(6)])
    accuracy = rows["accuracy"].to_numpy()[:, None] + rng.normal(0, 0.05, (500, 6, 1))
    drawn = Replicates(
        tuple(rows["model"]),
        ("only",),
        accuracy,
        {"flops": np.broadcast_to(rows["total_flops_mean"].to_numpy()[:, None], accuracy.shape)},
    )
    last = hypervolume_over_time(rows, drawn, {"average": ("only",)}).iloc[-1]
    costed = rows.assign(cost="flops", scope_name="Average", cost_mean=rows["total_flops_mean"], on_frontier=True)
    _, _, whole = frontier_uncertainty(costed, drawn, {"average": ("only",)})
    ends = ["hypervolume", "hypervolume_low", "hypervolume_high"]
    np.testing.assert_allclose(last[ends].astype(float), whole.iloc[0][ends].astype(float))
    # The maximum lies high, and the interval is shifted back.
    assert last["hypervolume_low"] < last["hypervolume"] < last["hypervolume_high"]


def test_without_dated_models_the_tables_are_empty():
    rows = averages(("a", np.nan, 10.0, 0.9))
    drawn = Replicates(("a",), ("b",), np.ones((2, 1, 1)), {"flops": np.ones((2, 1, 1))})
    assert frontiers_as_of(rows).empty
    assert hypervolume_over_time(rows, drawn, {}).empty
    assert set(lines_of(rows)["note"]) == {"no line: 0 of at least 5 models with a release date"}


def test_tables_survive_a_csv(tmp_path):
    rows = averages(*FIVE)
    rows.to_csv(tmp_path / "t.csv", index=False)
    again = pd.read_csv(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(efficiency(again), efficiency(rows), check_dtype=False)


@pytest.mark.parametrize("rows", [averages(*FIVE), falling()], ids=["some lines", "all lines"])
def test_every_table_is_read_as_it_was_written(tmp_path, rows):
    by_model, by_threshold = efficiency(rows), threshold_flops(rows, [0.5])
    flops = rows["total_flops_mean"].to_numpy()[None, :, None]
    drawn = Replicates(tuple(rows["model"]), ("b",), np.full_like(flops, 0.5), {"flops": flops})
    tables = {
        EFFICIENCY: by_model,
        THRESHOLDS: by_threshold,
        LINES: trend_lines(by_model, by_threshold),
        FRONTIERS: frontiers_as_of(rows),
        HYPERVOLUME: hypervolume_over_time(rows, drawn, {"average": ("b",)}),
    }
    for columns, table in tables.items():
        write_table(tmp_path / "t.csv", table)
        pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", columns), table, check_dtype=False)
