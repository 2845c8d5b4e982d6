import numpy as np
import pandas as pd
import pytest

from paretoscope import schema
from paretoscope.frontier import POINTS
from paretoscope.trend import EFFICIENCY, LINES, THRESHOLDS, efficiency, least_squares, threshold_flops, trend_lines


def averages(*rows):
    """Average points of (model, date, FLOPs, accuracy[, left_out])."""
    table = []
    for model, date, flops, accuracy, *more in rows:
        table.append(dict.fromkeys(schema.names(POINTS), np.nan) | {
            "scope": "average", "model": model, "model_name": model.upper(), "family": "F", "kind": "dense",
            "type": "reasoning", "release_date": date, "total_flops_mean": flops, "accuracy": accuracy,
            "accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.1, "left_out": more[0] if more else np.nan,
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


def test_fewer_than_five_points_get_no_line():
    rows = averages(*FIVE[:4])
    lines = trend_lines(efficiency(rows), threshold_flops(rows, [0.5]))
    assert list(lines["note"]) == [
        "no line: 4 of at least 5 models with a release date",
        "no line: 2 of at least 5 records",
    ]
    assert lines["slope_per_year"].isna().all()
    assert list(lines.columns) == schema.names(LINES)


def test_points_of_one_date_get_no_line():
    rows = averages(*[(f"m{i}", "2024-01-01", 10.0 + i, 0.5) for i in range(6)])
    assert trend_lines(efficiency(rows), threshold_flops(rows, [0.5]))["note"][0] == "no line: all points have one date"


def test_records_that_fall_tenfold_a_year():
    rows = averages(*[(f"m{i}", f"{2015 + i}-01-01", 10.0 ** (20 - i), 0.5) for i in range(6)])
    lines = trend_lines(efficiency(rows), threshold_flops(rows, [0.5]))
    line = lines[lines["quantity"] == "log10_flops"].iloc[0]
    assert pd.isna(line["note"])
    assert line["slope_per_year"] == pytest.approx(-1, abs=2e-3)
    assert (line["value_at_first"], line["value_at_last"]) == pytest.approx((20, 15), abs=0.01)
    assert line["slope_per_year_low"] <= line["slope_per_year"] <= line["slope_per_year_high"]


def test_least_squares_by_hand():
    # Sums: Sxx 10, Sxy 6, residuals squared 2.4, so the slope's standard error is sqrt(0.8 / 10); t(3) is 3.18245.
    intercept, slope, half = least_squares(np.arange(5.0), np.array([2.0, 4, 5, 4, 5]))
    assert (intercept, slope) == pytest.approx((2.8, 0.6))
    assert half == pytest.approx(3.182446305284263 * np.sqrt(0.08))


def test_tables_survive_a_csv(tmp_path):
    rows = averages(*FIVE)
    rows.to_csv(tmp_path / "t.csv", index=False)
    again = pd.read_csv(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(efficiency(again), efficiency(rows), check_dtype=False)
