"""The page of a study: its data, its text, and that nothing which comes from outside can get out of its place."""

import base64
import hashlib
import json
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from paretoscope.page import build
from paretoscope.page.charts import frontier_chart, saturation_chart, trend_chart
from paretoscope.page.data import PAIRED, _thin, page_data, rounded
from paretoscope.page.document import WARNINGS

from .page_study import REVISION, meta, models, tables

BENCHMARKS = {"sums": "Sums", "proofs": "Proofs"}
HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "$& $` ${alert(1)} {{7*7}}",
    "__proto__",
    "constructor",
    "'\"`\\ \n newline",
    "\u202eright to left\u202c שלום",
    "x" * 300,
    "=HYPERLINK(1)",
    "&lt;b&gt;",
]


def hostile_rows() -> list[dict]:
    rows = models(len(HOSTILE), families=10)
    return [{**row, "model_name": text, "family": text} for row, text in zip(rows, HOSTILE, strict=True)]


def embedded(page: str, name: str = "data"):
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)[1])


# Data.


@pytest.mark.parametrize(
    ("values", "digits", "wanted"),
    [
        ([0.123456789], 4, [0.1235]),
        ([1.0, 0.0], 4, [1, 0]),
        ([123456789.0], 4, [123500000]),
        ([float("nan"), None], 4, [None, None]),
        ([-1e-12], 2, [-1e-12]),
    ],
)
def test_numbers_are_rounded_to_significant_digits(values, digits, wanted):
    assert rounded(values, digits) == wanted


def test_data_has_a_row_per_scope_and_a_value_per_model():
    rows = models(7)
    data = page_data(tables(rows, BENCHMARKS))
    assert data["scopes"]["id"] == ["average", "sums", "proofs"]
    assert data["models"]["id"] == [row["model"] for row in rows]
    assert data["models"]["date"][3] == "2025-03-01"
    assert [cost["id"] for cost in data["costs"]] == ["flops", "tokens"]
    for grid in (data["accuracy"]["mean"], data["accuracy"]["low"], data["costs"][1]["mean"]):
        assert [len(row) for row in grid] == [7, 7, 7]
    json.dumps(data, allow_nan=False)


def test_what_is_missing_is_none_and_says_why():
    rows = models(4)
    data = page_data(tables(rows, BENCHMARKS, absent=(("model-001", "proofs"),)))
    assert data["accuracy"]["mean"][2][1] is None and data["accuracy"]["mean"][1][1] is not None
    left_out = data["costs"][0]["left_out"]
    assert left_out["texts"][left_out["rows"][0][1]] == "no result: Proofs"
    assert left_out["rows"][0][0] is None


def test_data_say_how_sure_the_frontier_is():
    found = tables(models(9), BENCHMARKS)
    data = page_data(found)
    flops = data["costs"][0]
    on = found["frontier"].query("scope == 'average'").set_index("model")["on_frontier"]
    assert flops["probability"][0] == [0.9 if on[model] else 0.1 for model in data["models"]["id"]]
    assert len(flops["band"][0]["cost"]) == len(flops["band"][0]["high"]) == 10
    assert flops["reliability"] == [0.9, 0.9, 0.9]


def test_data_have_the_difference_of_every_pair_whichever_way_the_table_has_it():
    found = tables(models(4), BENCHMARKS)
    pairs = found["differences"]
    mirrored = pairs["model_a"] == "model-000"
    names = ["model_a", "model_b", "difference", "difference_low", "difference_high"]
    other = pairs.loc[mirrored, ["model_b", "model_a", "difference", "difference_high", "difference_low"]]
    other.iloc[:, 2:] *= -1
    turned = pd.concat(
        [pairs[~mirrored][["scope", *names]], other.set_axis(names, axis=1).assign(scope=pairs["scope"])]
    )
    data, accuracy = page_data(found)["pairs"], page_data(found)["accuracy"]["mean"]
    assert page_data(found | {"differences": turned})["pairs"] == data
    for scope, means in zip(data, accuracy, strict=True):
        expected = [means[one] - means[other] for one, other in combinations(scope["m"], 2)]
        assert len(scope["m"]) == 4 and scope["difference"] == pytest.approx(expected, abs=6e-4)
        assert scope["low"] == pytest.approx([value - 0.03 for value in expected], abs=1.1e-3)


def test_data_say_what_wrong_answers_cost_and_what_a_class_adds():
    found = tables(models(3), BENCHMARKS)
    flops = page_data(found)["costs"][0]
    assert flops["hypervolume"] == {"mean": [2.5] * 3, "low": [2.25] * 3, "high": [2.75] * 3}
    assert flops["failure"]["wrong_share"]["mean"] == [[0.333] * 3, [None] * 3, [0.333] * 3]
    # The cost of a right answer is a multiple of the mean; one without an upper end has none.
    assert [flops["failure"]["per_correct"][end][0] for end in ("mean", "low", "high")] == [
        [2] * 3,
        [1.5] * 3,
        [None] * 3,
    ]
    assert flops["without"][0]["value"][:2] == ["moe", "reasoning"] and flops["without"][0]["low"][0] == 0.04
    assert flops["without"][1]["value"] == []
    none = {name: found[name].iloc[:0] for name in ("failure", "counterfactuals")}
    assert page_data(found | none)["costs"][0]["failure"] is None


def test_differences_are_told_of_the_models_that_few_beat():
    found = tables(models(PAIRED + 30), BENCHMARKS)
    data = page_data(found)
    on = found["costs"].query("scope == 'average' and on_frontier")["model"]
    told = {data["models"]["id"][m] for m in data["pairs"][0]["m"]}
    assert len(told) == PAIRED and set(on) <= told
    assert len(data["pairs"][0]["high"]) == PAIRED * (PAIRED - 1) / 2


def test_rounding_keeps_the_frontier():
    found = tables(models(60), BENCHMARKS)
    data = page_data(found)
    for table in (found["costs"][found["costs"]["cost"] == cost] for cost in ("flops", "tokens")):
        c = [cost["id"] for cost in data["costs"]].index(table["cost"].iloc[0])
        for s, scope in enumerate(data["scopes"]["id"]):
            on = set(table[(table["scope"] == scope) & table["on_frontier"]]["model"])
            assert on == frontier_of(data["costs"][c]["mean"][s], data["accuracy"]["mean"][s], data["models"]["id"])


def frontier_of(costs, accuracies, ids):
    return {
        name
        for cost, accuracy, name in zip(costs, accuracies, ids, strict=True)
        if not any(
            other <= cost and better >= accuracy and (other, better) != (cost, accuracy)
            for other, better in zip(costs, accuracies, strict=True)
        )
    }


def test_curves_are_thinned_and_keep_their_ends():
    found = page_data(tables(models(2), {"sums": "Sums"}))["saturation"]
    assert found["m"] == [0, 1] and found["s"] == [1, 1]
    for at, accuracy in zip(found["at"], found["accuracy"], strict=True):
        assert len(at) == len(accuracy) == 16 and at == sorted(set(at))
        assert found["budgets"][at[-1]] == round(32 * 2**9.5)
    assert found["saturation_tokens"] == [None, 4000] and found["ceiling_low"] == [None, 0.9]
    assert [found["statuses"][status][:14] for status in found["status"]] == ["not identified", "identified"]


def test_curves_of_forced_answers_are_kept_apart():
    found = tables(models(2), {"sums": "Sums"})
    forced = {name: pd.concat([found[name], found[name].assign(source="forced")]) for name in ("curves", "fits")}
    assert page_data(found | forced)["saturation"] == page_data(found)["saturation"]


@pytest.mark.parametrize(
    ("accuracy", "kept"),
    [([0.0, 0.0, 0.0, 0.5], [2, 3]), ([0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]), ([0.0, 0.0, 0.0, 0.0], [3])],
)
def test_a_curve_begins_at_its_last_zero(accuracy, kept):
    assert _thin(np.array([1, 2, 4, 8]), np.array(accuracy)).tolist() == kept


# Drawings.


@pytest.mark.parametrize("chart", [frontier_chart, trend_chart, saturation_chart])
def test_drawings_carry_no_data_and_no_colour_of_their_own(chart):
    text = json.dumps(chart())
    assert '"values": [' not in text and "http" not in text.replace("https://vega.github.io/schema", "")
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b", text)


# The page.


def test_the_policy_allows_these_texts_alone():
    page = build(tables(models(3), BENCHMARKS), meta(models(3), BENCHMARKS))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    texts = re.findall(r"<style>(.*?)</style>", page, re.S) + re.findall(r"<script>(.*?)</script>", page, re.S)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    assert len(texts) == 3
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.S)
    assert not re.search(r"\s(on\w+|style|src)=", markup)


def test_hostile_names_stay_in_their_place():
    rows = hostile_rows()
    page = build(tables(rows, {"b": HOSTILE[0]}), meta(rows, {"b": HOSTILE[0]}, warnings=HOSTILE))
    assert page.count("<script") == 4 and page.count("</script>") == 4
    rest = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert "<img" not in rest and "<!--" not in rest
    assert sorted(embedded(page)["models"]["name"]) == sorted(HOSTILE)
    assert embedded(page)["warnings"]["shown"] == HOSTILE


def test_methods_name_what_the_figures_rest_on():
    page = build(tables(models(3), BENCHMARKS), meta(models(3), BENCHMARKS))
    methods = page[page.index('id="h-methods"') :]
    for text in (REVISION, "owner/name", "sglang 0.5.21", "bf16", "temperature 0.6, top p 0.95", "Model 002", "Proofs"):
        assert text in methods
    for text in (
        "<dt>seed</dt><dd>7</dd>",
        "<dt>python</dt><dd>3.11.7</dd>",
        "0.5, 0.7",
        "<dt>bootstrap replicates</dt><dd>10,000</dd>",
        "1,200 in 6 cells",
        "f" * 40,
    ):
        assert text in methods


def test_many_warnings_are_counted_and_the_first_are_listed():
    page = build(tables(models(2), BENCHMARKS), meta(models(2), BENCHMARKS, warnings=[f"w{n}" for n in range(5000)]))
    assert embedded(page)["warnings"]["n"] == 5000
    assert embedded(page)["warnings"]["shown"] == [f"w{n}" for n in range(WARNINGS)]


def test_a_large_study_makes_a_page_below_five_megabytes():
    benchmarks = {f"b{n}": f"Benchmark {n}" for n in range(20)}

    def size(n: int) -> int:
        rows = models(n, families=40)
        return len(build(tables(rows, benchmarks), meta(rows, benchmarks)).encode())

    # Beyond those whose differences are told, what a model takes is the same for each, so 90 tell what 500 do.
    few, many = size(PAIRED), size(PAIRED + 50)
    assert few + (many - few) / 50 * (500 - PAIRED) < 5_000_000
