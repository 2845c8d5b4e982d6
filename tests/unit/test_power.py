"""Samples needed: against formulas of others, against simulated runs, and for hostile inputs."""

import json
from math import inf, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_confint, samplesize_confint_proportion

from paretoscope.errors import InputError
from paretoscope.power import (
    detectable,
    half_width_of_such,
    half_width_of_these,
    item_table,
    items_for_such,
    paired_scatter,
    samples_for_such,
    samples_for_these,
    samples_to_detect,
    scatter,
)
from paretoscope.power.__main__ import main
from paretoscope.power.results import read_cells, read_completions
from paretoscope.power.tables import POWER_TABLE, power_table
from paretoscope.schema import names
from paretoscope.statistics import NORMAL_95, clustered_mean, wilson_interval


def beta_rates(rng, mean, share, shape):
    """Rates of items whose samples have the given share of the variance within items."""
    concentration = share / (1 - share)
    return rng.beta(mean * concentration, (1 - mean) * concentration, shape)


# ---- splitting the variance ----


def test_the_variance_is_split_as_by_hand():
    found = scatter(item_table([1, 1, 0, 1, 0, 0], ["a", "a", "b", "b", "c", "c"]))
    assert (found.n_items, found.mean, found.total) == (3, 0.5, 0.25)
    assert found.within == pytest.approx(0.5 / 3)
    assert found.between == pytest.approx(0.25 - 0.5 / 6)


def test_samples_that_never_agree_leave_no_variance_between_items():
    found = scatter(item_table([1, 0] * 4, np.repeat(list("abcd"), 2)))
    assert found.total == 0 and found.between == 0 and found.within == 0.5


def test_one_sample_per_item_does_not_show_its_noise():
    found = scatter(item_table([1, 0, 1], list("abc")))
    assert found.within is None and found.between is None and found.total > 0


def test_items_with_one_sample_among_others_count_in_the_noise_that_was_drawn():
    found = scatter(item_table([1, 0, 1, 1], ["a", "a", "b", "c"]))
    assert found.within == 0.5
    assert found.sampled == pytest.approx(0.5 * (1 / 2 + 1 + 1) / 3)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_split_is_unbiased(share):
    rng = np.random.default_rng(1)
    rates = beta_rates(rng, 0.6, share, (400, 40))
    parts = [scatter(item_table(rng.binomial(1, np.repeat(row, 4)), np.repeat(np.arange(40), 4))) for row in rates]
    # Unclipped, so that the mean isn't lifted.
    between = np.mean([part.total - part.sampled for part in parts])
    assert np.mean([part.within for part in parts]) == pytest.approx(share * 0.24, rel=0.05)
    assert between == pytest.approx((1 - share) * 0.24, rel=0.06)


def test_a_pair_is_compared_on_the_items_that_both_answered():
    one, other = item_table([1, 1, 0, 1], list("aabb")), item_table([0, 1, 0, 0], list("bbcc"))
    found = paired_scatter(one, other)
    assert found.n_items == 1 and found.mean == 0.0
    assert found.within == pytest.approx(1.0)  # 0.5 of either on item b


# ---- agreement with statsmodels ----


@pytest.mark.parametrize("difference", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("variance", [0.05, 0.3])
def test_the_detectable_difference_is_that_of_statsmodels(difference, variance):
    n = NormalIndPower().solve_power(effect_size=difference / sqrt(variance), alpha=0.05, power=0.8, ratio=0)
    assert detectable(variance / n) == pytest.approx(difference, rel=1e-5)
    # One item of so many samples is the same test, without a floor.
    assert samples_to_detect(0, variance, difference) == int(np.ceil(n - 1e-3))


@pytest.mark.parametrize("accuracy", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("half_width", [0.01, 0.025, 0.05])
def test_samples_of_equally_hard_items_are_those_of_a_proportion(accuracy, half_width):
    within = accuracy * (1 - accuracy)
    expected = samplesize_confint_proportion(accuracy, half_width, method="normal")
    assert samples_for_these(within, 1, half_width) == int(np.ceil(expected - 1e-9))


@pytest.mark.parametrize("accuracy", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("n", [30, 500])
def test_the_interval_of_one_sample_each_is_wilsons(accuracy, n):
    low, high = proportion_confint(accuracy * n, n, method="wilson")
    assert half_width_of_such(accuracy, 0, accuracy * (1 - accuracy), n) == pytest.approx((high - low) / 2, rel=0.001)


# ---- numbers of samples ----

rates = st.floats(0.02, 0.98)
shares = st.floats(0, 1)
widths = st.sampled_from([0.01, 0.025, 0.05, 0.1])


@given(rates, shares, st.integers(2, 2000), widths)
def test_the_number_is_the_least_that_is_enough(accuracy, share, n_items, half_width):
    variance = accuracy * (1 - accuracy)
    such = (accuracy, share * variance, (1 - share) * variance, n_items)
    needed = samples_for_such(*such, half_width)
    if needed is None:
        assert half_width_of_such(*such, inf) > half_width
    else:
        assert half_width_of_such(*such, needed) <= half_width
        assert needed == 1 or half_width_of_such(*such, needed - 1) > half_width
    these = samples_for_these(share * variance, n_items, half_width)
    assert half_width_of_these(share * variance, n_items, these) <= half_width * (1 + 1e-9)
    assert these == 1 or half_width_of_these(share * variance, n_items, these - 1) > half_width


@given(rates, st.integers(1, 16), widths)
def test_the_number_of_items_is_the_least_that_is_enough(accuracy, samples, half_width):
    variance = accuracy * (1 - accuracy)
    such = (accuracy, variance / 2, variance / 2)
    needed = items_for_such(*such, samples, half_width)
    assert half_width_of_such(*such, needed, samples) <= half_width
    assert needed == 1 or half_width_of_such(*such, needed - 1, samples) > half_width


@pytest.mark.parametrize(
    ("floor", "noise", "difference", "expected"),
    [
        (0, 0.01, 0.0, None),  # equal models
        (0.01, 0.01, 0.1, None),  # the items leave more
        (0, 0, 0.1, 1),  # nothing scatters
        (0, 0.01, 0.1, 8),
        (0, 1, 1e-6, None),  # more than anyone could draw
    ],
)
def test_samples_to_detect_a_difference(floor, noise, difference, expected):
    assert samples_to_detect(floor, noise, difference) == expected


# ---- simulated runs ----


@pytest.mark.parametrize(("share", "half_width", "n"), [(0.7, 0.05, 60), (0.9, 0.05, 100), (0.5, 0.03, 1000)])
def test_the_recommended_samples_give_the_wanted_interval(share, half_width, n):
    rng = np.random.default_rng(n)
    needed = samples_for_such(0.6, share * 0.24, (1 - share) * 0.24, n, half_width)
    if needed is None:  # then no run of many samples gets there either
        needed, reach = 400, False
    else:
        reach = True
    found = []
    for row in beta_rates(rng, 0.6, share, (300, n)):
        mean, se = clustered_mean(rng.binomial(needed, row) / needed, np.arange(n))
        low, high = wilson_interval(mean, se, n)
        found.append((high - low) / 2)
    assert (np.mean(found) <= 1.03 * half_width) == reach
    assert reach or np.mean(found) > half_width


def test_samples_measured_on_a_first_run_give_the_wanted_interval_on_these_items():
    rng = np.random.default_rng(5)
    covered, n, half_width = [], 30, 0.05
    for row in beta_rates(rng, 0.6, 0.5, (1000, n)):
        first = rng.binomial(1, np.repeat(row, 4))
        needed = samples_for_these(scatter(item_table(first, np.repeat(np.arange(n), 4))).within, n, half_width)
        covered.append(abs(np.mean(rng.binomial(needed, row) / needed) - row.mean()) <= half_width)
    assert 0.93 <= np.mean(covered) <= 0.975


@pytest.mark.parametrize("spread", [0.2, 0.6])
def test_the_recommended_samples_find_the_difference_as_often_as_promised(spread):
    rng = np.random.default_rng(7)
    n, difference = 150, 0.04
    rates = rng.uniform(0.1, 0.8, (1500, n))
    other = rates + difference + rng.uniform(-spread, spread, (1500, n)) / 10
    within = np.mean(rates * (1 - rates) + other * (1 - other))
    floor, noise = (spread / 10) ** 2 / 3 / n, within / n
    needed = samples_to_detect(floor, noise, difference)
    gap = (rng.binomial(needed, other) - rng.binomial(needed, rates)) / needed
    z = gap.mean(axis=1) / (gap.std(axis=1, ddof=1) / sqrt(n))
    assert np.mean(z > NORMAL_95) == pytest.approx(0.8, abs=0.035)


# ---- the table ----


def study(cells):
    """Return the tables of cells given as (model, benchmark): rows of samples per item."""
    completions, table = [], []
    for (model, benchmark), items in cells.items():
        verdicts = [(f"i{i}", sample) for i, item in enumerate(items) for sample in item]
        completions += [
            {"model": model, "benchmark": benchmark, "item_id": item, "verdict": "correct" if right else "wrong"}
            for item, right in verdicts
        ]
        facts = {"model": model, "model_name": model, "family": "f", "kind": "dense", "type": "instruct"}
        accuracy = float(np.mean([np.mean(item) for item in items]))
        counts = {"n_items": len(items), "n_samples": len(items[0]), "accuracy": accuracy}
        table.append(facts | {"benchmark": benchmark, "benchmark_name": benchmark} | counts)
    return pd.DataFrame(completions), pd.DataFrame(table)


def test_the_table_says_what_each_cell_needs():
    rng = np.random.default_rng(0)
    cells = {(m, "b"): rng.binomial(1, 0.6, (40, 8)).tolist() for m in ("one", "two")}
    cells["single", "b"] = rng.binomial(1, 0.6, (40, 1)).tolist()
    table = power_table(*study(cells))
    assert list(table) == names(POWER_TABLE)
    table = table.set_index("model")
    assert table.loc["one", "rival"] in ("two", "single")
    assert (table["half_width_of_such"] > table["half_width_of_these"] * 0.9).all()
    assert (table["detectable_least"].dropna() < table["detectable"].loc[table["detectable_least"].notna()]).all()
    assert table.loc["one", "samples_of_these_for_5_points"] < table.loc["one", "samples_of_these_for_1_point"]
    assert "one sample" in table.loc["single", "why_none"] and table.loc["one", "why_none"] == ""
    assert pd.isna(table.loc["single", "within_variance"])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # Never an error, whatever is missing.
        ({("a", "b"): [[1]]}, "single item"),
        ({("a", "b"): [[1, 1]] * 30}, ""),
        ({("a", "b"): [[0]] * 30}, "one sample"),
    ],
)
def test_the_table_of_cells_that_show_little(cells, expected):
    row = power_table(*study(cells)).iloc[0]
    assert expected in row["why_none"] and pd.isna(row["rival"])


def test_samples_that_always_agree_are_not_certain():
    row = power_table(*study({("a", "b"): [[1, 1]] * 30, ("c", "b"): [[1, 1]] * 30})).iloc[0]
    assert row["half_width_of_these"] > 0 and row["detectable"] > 0.05


def test_a_cell_without_completions_is_an_error():
    completions, cells = study({("a", "b"): [[1]], ("a", "c"): [[1]]})
    with pytest.raises(InputError, match="a x c: a cell of the cells table has no completions"):
        power_table(completions[completions["benchmark"] == "b"], cells)


# ---- reading results ----


@pytest.fixture
def results(tmp_path):
    completions, cells = study({("a", "b"): [[1, 0], [1, 1], [0, 0]], ("c", "b"): [[1, 1], [1, 1], [0, 1]]})
    (tmp_path / "summary").mkdir()
    cells.to_csv(tmp_path / "summary" / "cells.csv", index=False)
    completions.to_parquet(tmp_path / "summary" / "completions.parquet")
    return tmp_path


def damage(text):
    return lambda path: path.write_text(text(path.read_text()))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "no such file"),
        (damage(lambda text: text[:-1]), "ends in the middle of a line"),
        (damage(lambda text: text + text.splitlines()[-1] + "\n"), "a cell stands there twice"),
        (damage(lambda text: text.replace("accuracy", "correctness")), "not the table it should be"),
        (damage(lambda text: text.splitlines()[0] + "\n"), "holds no cell"),
        (damage(lambda text: text + "z,f,dense\n"), "cells.csv"),
        (damage(lambda text: text.replace("0.5\n", "1.5\n")), "line 2: not a graded cell"),
        (damage(lambda text: text.replace("0.5\n", "nan\n")), "cells.csv"),
        (damage(lambda text: text.replace("0.5\n", "\n")), "line 2: not a graded cell"),
        (lambda path: path.write_bytes(b"\x00\xff\n"), "not the table it should be"),
    ],
)
def test_damaged_cells_are_refused(results, harm, message):
    harm(results / "summary" / "cells.csv")
    with pytest.raises(InputError, match=message):
        read_cells(results, ())


@pytest.mark.parametrize("text", [b"", b"PAR1 cut short", None])
def test_damaged_completions_are_refused(results, text):
    path = results / "summary" / "completions.parquet"
    path.unlink() if text is None else path.write_bytes(text)
    with pytest.raises(InputError, match=r"completions\.parquet: not the table it should be"):
        read_completions(results, ("model",))


# ---- the command ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--items 0", "--items: must be a whole number from 2"),
        ("--items -3", "--items: must be"),
        ("--items 30 --accuracy 60", "--accuracy: must be from 0 to 1, not 60.0"),
        ("--items 30 --accuracy nan", "--accuracy: must be"),
        ("--items 30 --half-width 0", "--half-width: must be from 1e-05 to below 1"),
        ("--items 30 --half-width 1e-9", "--half-width: must be from 1e-05 to below 1"),
        ("--items 30 --benchmark aime2025", "--items and --benchmark say the same"),
        ("--benchmark aime2052", "config/benchmarks has no card 'aime2052'. Did you mean 'aime2025'"),
        ("--benchmark ../models/x", "has no card '../models/x'"),
        ("--results /nowhere --half-width 2", "--half-width: must be"),
        ("--items 30 --half-width inf", "--half-width: must be"),
        ("--items 30 --within -0.1", "--within: must be"),
        ("--items 30 --difference 0", "--difference: must be"),
        ("--items 30 --correlation 2", "--correlation: must be"),
        ("--accuracy 0.6", "say --items or --benchmark"),
        ("--results /nowhere", "no such folder of results"),
        ("--results /nowhere --items 3", "--items is for before a run"),
    ],
)
def test_a_wrong_question_is_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments.split())
    said, aside = capsys.readouterr()
    assert (stopped.value.code, said) == (2, "") and message in aside


@pytest.mark.parametrize(("benchmark", "items"), [("aime2025", 30), ("math500-100", 100), ("gsm8k", 1319)])
def test_a_card_tells_the_number_of_items(benchmark, items, capsys):
    main(["--benchmark", benchmark])
    said = capsys.readouterr().out
    main(["--items", str(items)])
    assert said == capsys.readouterr().out and said.startswith(f"{items:,} items")


def test_small_widths_are_not_printed_as_none(capsys):
    main(["--items", "30", "--half-width", "0.0002", "--difference", "0.0001"])
    said = capsys.readouterr().out
    assert "wanted: +-0.02 points" in said and "a difference of 0.01 points" in said and "0.0 points (95" not in said


def test_before_a_run_it_says_what_is_out_of_reach(capsys):
    main(["--items", "30", "--accuracy", "0.6", "--half-width", "0.05", "--difference", "0.1"])
    said = capsys.readouterr().out
    assert "not reachable with 30: the items themselves leave +-16.5 points" in said
    assert "just these items: 13" in said and "a difference of 10.0 points: 13 samples of each model" in said
    main(["--items", "30", "--accuracy", "0.6", "--within", "1", "--json"])
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    assert case["samples_of_these"] == 13 and case["detectable_least"] == 0


def test_after_a_run_it_says_it_of_every_cell(results, capsys):
    main(["--results", str(results)])
    assert "a x b: 50.0%, 3 items x 2" in capsys.readouterr().out
    main(["--results", str(results), "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert [row["model"] for row in rows] == ["a", "c"] and list(rows[0]) == names(POWER_TABLE)


@pytest.mark.parametrize(("width", "name"), [("0.02", "2_points"), ("0.0123", "1_23_points"), ("0.01", "1_point")])
def test_after_a_run_any_half_width_can_be_asked_for(results, capsys, width, name):
    main(["--results", str(results), "--half-width", width, "--json"])
    rows = json.loads(capsys.readouterr().out)
    asked = [key for key in rows[0] if key.startswith("samples_of_")]
    assert asked == [f"samples_of_such_for_{name}", f"samples_of_these_for_{name}"]
    table = pd.read_parquet(results / "summary" / "completions.parquet").query("model == 'a'")
    found = scatter(item_table(table["verdict"] == "correct", table["item_id"]))
    assert rows[0][asked[1]] >= samples_for_these(found.within, 3, float(width))
    main(["--results", str(results), "--half-width", width])
    assert f"just these items: +-{100 * float(width):g}: {rows[0][asked[1]]:,}\n" in capsys.readouterr().out
