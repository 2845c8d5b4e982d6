"""The chooser: its reading of a request, its choice on studies small enough to check, and how sure it says it is."""

import json
import re
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import flops
from paretoscope.bootstrap import CELL_COSTS
from paretoscope.choose import CELL_COLUMNS, Request, choose, read_cells
from paretoscope.choose.__main__ import main
from paretoscope.choose.request import accuracy, find_benchmark, number, weights
from paretoscope.choose.separation import separate, settle
from paretoscope.choose.show import as_text
from paretoscope.errors import InputError
from paretoscope.power import detectable, samples_to_detect
from paretoscope.schema import CELLS
from paretoscope.statistics import clustered_mean, wilson_interval
from paretoscope.uncertainty import pairwise_differences

CONFIG = {
    "model_type": "qwen3",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 256,
    "tie_word_embeddings": True,
    "dtype": "bfloat16",
}

# ---- quantities ----


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("50", "", 50),
        ("1e-6", "", 1e-6),
        (".5", "", 0.5),
        ("50T", "", 50e12),
        ("2.5 k", "", 2500),
        ("3E", "", 3e18),
        ("80G", "B", 80e9),
        ("80GB", "B", 80e9),
        ("80gib", "B", 80 * 2**30),
        ("80Gi", "B", 80 * 2**30),
        ("512B", "B", 512),
    ],
)
def test_quantities(text, unit, expected):
    assert number("x", text, unit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("80X", "B", "--x: unknown unit 'X' in '80X'; write it like 80G"),
        ("80", "B", "'80' says no unit"),
        ("80Gi", "", "unknown unit 'Gi'"),
        ("80TFLOPS", "", "unknown unit 'TFLOPS'"),
        ("-5", "", "must be a number above 0, not '-5'"),
        ("0", "", "above 0"),
        ("nan", "", "above 0"),
        ("inf", "", "above 0"),
        ("1e999", "", "above 0"),
        ("1e300E", "", "above 0"),
        ("", "", "isn't a number"),
        ("five", "", "isn't a number"),
        ("1,000", "", "isn't a number"),
        ("5 5", "", "isn't a number"),
        ("0x10", "", "unknown unit|isn't a number"),
        ("__import__('os')", "", "isn't a number"),
    ],
)
def test_what_is_no_quantity(text, unit, message):
    with pytest.raises(InputError, match=message):
        number("x", text, unit)


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_an_error(text):
    with suppress(InputError):
        assert number("x", text, "B") > 0


@pytest.mark.parametrize("text", ["70", "1.01", "0", "-0.1", "nan", "70%"])
def test_what_is_no_accuracy(text):
    with pytest.raises(InputError, match="--min-accuracy"):
        accuracy(text)


# ---- benchmarks ----

KNOWN = ["gsm8k", "gsm8k-100", "math500", "aime2024", "aime2025", "hmmt-feb-2025", "gpqa-diamond"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gsm8k", "gsm8k"),
        ("GSM8K", "gsm8k"),
        ("aime25", "aime2025"),
        ("AIME 2025", "aime2025"),
        ("hmmt", "hmmt-feb-2025"),
        ("HMMT_Feb_25", "hmmt-feb-2025"),
        ("math-500", "math500"),
        ("gpqa", "gpqa-diamond"),
    ],
)
def test_short_forms_of_benchmarks(name, expected):
    assert find_benchmark(name, KNOWN) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("aime", "could be aime2024 or aime2025; write out which"),
        ("g", "could be gsm8k or gsm8k-100 or gpqa-diamond"),
        ("gms8k", "Did you mean 'gsm8k'"),
        ("mmlu", "no results of a benchmark 'mmlu'"),
        ("", "no results of a benchmark ''"),
        ("aime2", "could be aime2024 or aime2025"),
    ],
)
def test_benchmarks_that_are_not_known(name, message):
    with pytest.raises(InputError, match=message):
        find_benchmark(name, KNOWN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gsm8k=1,gsm8k=2", "gsm8k is named twice"),
        ("aime25=1,aime2025=2", "aime2025 is named twice"),
        ("gsm8k=0", "weight of gsm8k: must be a number above 0"),
        ("gsm8k=-1", "above 0"),
        ("gsm8k=nan", "above 0"),
        ("gsm8k=", "isn't a number"),
        ("gsm8k=1,", "no results of a benchmark ''"),
        ("=1", "no results"),
        ("gsm8k=1e308,math500=1e-308", "weight of math500: 1e-308 is nothing beside 1e\\+308"),
    ],
)
def test_weights_that_are_none(text, message):
    with pytest.raises(InputError, match=message):
        weights(text, KNOWN)


def test_weights_sum_to_one_and_what_was_taken_is_said():
    mix, taken = weights("gsm8k=1, aime25=3", KNOWN)
    assert mix == {"gsm8k": 0.25, "aime2025": 0.75} and taken == {"aime25": "aime2025"}
    assert weights("gsm8k,math500", KNOWN)[0] == {"gsm8k": 0.5, "math500": 0.5}
    assert weights(None, KNOWN)[0]["gsm8k"] == pytest.approx(1 / 7)
    assert weights("gsm8k=1e308,math500=1e308", KNOWN)[0] == {"gsm8k": 0.5, "math500": 0.5}


# ---- studies ----


def write_study(folder, cells, seed=0, **facts):
    """Write results of cells given as (model, benchmark): (rights of shape (items, samples), mean FLOPs)."""
    rng = np.random.default_rng(seed)
    completions, rows = [], []
    for (model, benchmark), (rights, cost) in cells.items():
        rights = np.asarray(rights)
        n, k = rights.shape
        spent = cost * rng.lognormal(-0.02, 0.2, (n, k))
        part = pd.DataFrame({"item_id": np.repeat([f"i{i:04}" for i in range(n)], k), "sample": np.tile(range(k), n)})
        part = part.assign(model=model, benchmark=benchmark, prompt_tokens=10)
        part["looping"] = False
        part["verdict"] = np.where(rights.ravel() == 1, "correct", "wrong")
        part["prefill_flops"], part["decode_flops"] = 0.0, spent.ravel()
        part["completion_tokens"] = np.round(spent.ravel() / cost * 100).astype(int)
        completions.append(part)
        mean, se = clustered_mean(rights.ravel(), part["item_id"])
        low, high = wilson_interval(mean, se, n)
        flops_mean, flops_se = clustered_mean(spent.ravel(), part["item_id"])
        row = {"model": model, "model_name": model.upper(), "family": f"F-{model}", "kind": "dense", "type": "instruct"}
        row |= {"benchmark": benchmark, "benchmark_name": benchmark, "n_items": n, "n_samples": k, "accuracy": mean}
        row |= {"accuracy_se": se, "accuracy_low": low, "accuracy_high": high, "total_flops_mean": flops_mean}
        row |= {"total_flops_se": flops_se, "completion_tokens_mean": part["completion_tokens"].mean()}
        rows.append(row | {name: values[model] for name, values in facts.items() if model in values})
        config = folder / "models" / model / "config.json"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(json.dumps(CONFIG))
    (folder / "summary").mkdir(parents=True, exist_ok=True)
    table = pd.concat(completions, ignore_index=True)
    table["completion_tokens"] = table["completion_tokens"].astype("Int64")
    table.to_parquet(folder / "summary" / "completions.parquet")
    pd.DataFrame(rows).reindex(columns=[column.name for column in CELLS]).to_csv(
        folder / "summary" / "cells.csv", index=False
    )
    return folder


def rights(accuracy, n=100, k=1, seed=0):
    """Items of which just that share is right."""
    order = np.random.default_rng(seed).permutation(n * k)
    return (order < round(accuracy * n * k)).astype(int).reshape(n, k)


@pytest.fixture
def results(tmp_path):
    """Three models: the better, the dearer; a fourth without the second benchmark."""
    cells = {}
    for at, (model, solved) in enumerate({"small": 0.5, "middle": 0.8, "large": 0.95}.items()):
        cells[model, "gsm8k"] = rights(solved, seed=at), 10.0 ** (at + 12)
        cells[model, "aime2025"] = rights(solved - 0.3, seed=at + 9), 3 * 10.0 ** (at + 12)
    cells["other", "gsm8k"] = rights(0.9, seed=4), 1e12
    seconds = {"gpu_seconds_per_completion": {"small": 1.0, "large": 3.0}, "device": {"small": "H100", "large": "H100"}}
    return write_study(tmp_path / "results" / "study", cells, **seconds)


def ask(results, mix="gsm8k=1,aime25=1", **request):
    cells = read_cells(results, CELL_COLUMNS)
    mix = weights(mix, list(cells["benchmark"].drop_duplicates()))[0]
    return choose(results, Request(weights=mix, **{"replicates": 400, **request}), cells)


@pytest.mark.parametrize(
    ("request_", "chosen", "runner_up"),
    [
        ({}, "large", "middle"),
        ({"budgets": {"flops": 5e13}}, "middle", "small"),
        ({"budgets": {"flops": 2.5e12}}, "small", None),
        ({"min_accuracy": 0.6, "minimize": "flops"}, "middle", "large"),
        ({"min_accuracy": 0.3, "minimize": "flops"}, "small", "middle"),
        ({"budgets": {"gpu_seconds": 2}}, "small", None),
        ({"budgets": {"flops": 1e9}}, None, None),
        ({"min_accuracy": 0.99}, None, None),
        ({"without": ("large",)}, "middle", "small"),
        ({"without": ("F-large", "middle")}, "small", None),
        ({"family": ("F-middle",)}, "middle", None),
        ({"memory_bytes": 1e3}, None, None),
    ],
)
def test_the_choice_by_the_means(results, request_, chosen, runner_up):
    answer = ask(results, **request_)
    assert getattr(answer.chosen, "model", None) == chosen
    assert getattr(answer.runner_up, "model", None) == runner_up
    # Every model stands somewhere, once.
    assert sorted([*answer.left_out, *(candidate.model for candidate in answer.candidates)]) == [
        *("large", "middle", "other", "small")
    ]
    assert "other" in answer.left_out
    best = sum(candidate.p_best for candidate in answer.candidates)
    assert best + answer.p_nothing_fits == pytest.approx(1)


def test_reasons_for_leaving_out(results):
    answer = ask(results, budgets={"gpu_seconds": 2.0})
    assert answer.left_out == {"middle": "GPU-seconds not measured on H100", "other": "no result on aime2025"}
    assert "too much memory: " in ask(results, memory_bytes=1e3).left_out["large"]
    (results / "models" / "large" / "config.json").unlink()
    assert "no such file" in ask(results, memory_bytes=1e12).left_out["large"]
    assert ask(results).chosen.memory is None


def test_weights_move_accuracy_and_cost(results):
    one, both = ask(results, "gsm8k=1"), ask(results, "gsm8k=1,aime25=3")
    assert one.chosen.accuracy.value == pytest.approx(0.95)
    assert both.chosen.accuracy.value == pytest.approx(0.95 / 4 + 0.65 * 3 / 4)
    assert one.chosen.accuracy.low < 0.95 < one.chosen.accuracy.high
    assert one.chosen.costs["flops"].value == pytest.approx(1e14, rel=0.1)
    assert both.chosen.costs["flops"].value == pytest.approx(1e14 / 4 + 3e14 * 3 / 4, rel=0.1)


def test_memory_is_that_of_weights_and_cache(results):
    answer = ask(results, memory_bytes=1e9, requests=8, length=2000, kv_bytes=1)
    shape = flops.describe(CONFIG)
    assert answer.chosen.memory.weight_bytes == flops.weight_bytes(shape, CONFIG)
    assert answer.chosen.memory.cache_bytes == 8 * flops.cache_bytes(shape, 2000, 1)
    longest = pd.read_parquet(results / "summary" / "completions.parquet").query("model == 'large'")
    assert ask(results).chosen.memory.length == (longest["prompt_tokens"] + longest["completion_tokens"]).max()
    assert "8 sequences of 2,000 tokens, 1 bytes" in answer.assumed[0]
    # A tenth of it is the engine's.
    needed = answer.chosen.memory.total_bytes
    assert ask(results, memory_bytes=needed / 0.89, requests=8, length=2000, kv_bytes=1).chosen
    assert not ask(results, memory_bytes=needed / 0.91, requests=8, length=2000, kv_bytes=1).chosen


@pytest.mark.parametrize(("column", "value"), [("looping", True), ("verdict", "truncated")])
def test_one_endless_completion_takes_no_model_off_a_gpu(results, column, value):
    before = ask(results).chosen.memory
    path = results / "summary" / "completions.parquet"
    completions = pd.read_parquet(path)
    at = completions.loc[completions["model"] == "large", "completion_tokens"].idxmin()
    completions.loc[at, ["completion_tokens", column]] = (32768, value)
    completions.to_parquet(path)
    answer = ask(results, memory_bytes=before.total_bytes / 0.89)
    assert answer.chosen.model == "large" and "(1 completion is longer)" in as_text(answer)
    assert (answer.chosen.memory.length, answer.chosen.memory.longer) == (before.length, 1)
    # Where none ended, the longest of all is what there is.
    completions.loc[completions["model"] == "large", column] = value
    completions.to_parquet(path)
    memory = next(candidate.memory for candidate in ask(results).candidates if candidate.model == "large")
    assert (memory.length, memory.longer) == (32778, 0)


def test_the_length_that_would_fit_is_named(results):
    memory = ask(results).chosen.memory
    said = ask(results, memory_bytes=(memory.total_bytes - 1) / 0.9).left_out["large"]
    found = re.fullmatch(rf"too much memory: .* at {memory.length} tokens, fits with --length (\d+)", said)
    assert found and int(found[1]) == memory.length - 1
    assert ask(results, memory_bytes=(memory.total_bytes - 1) / 0.9, length=int(found[1])).chosen.model == "large"
    assert "--length" not in ask(results, memory_bytes=1e3).left_out["large"]


def test_gpu_seconds_of_another_device_do_not_compare(tmp_path):
    cells = {(model, "b"): (rights(0.5), 1e12) for model in "xyz"}
    seconds = {"gpu_seconds_per_completion": dict.fromkeys("xyz", 1.0), "device": {"x": "A", "y": "A", "z": "B"}}
    answer = ask(write_study(tmp_path, cells, **seconds), "b", budgets={"gpu_seconds": 2.0})
    assert answer.left_out == {"z": "GPU-seconds not measured on A"}


def test_a_model_without_flops_is_judged_by_what_is_known_of_it(tmp_path):
    cells = {("known", "b"): (rights(0.5), 1e12), ("unknown", "b"): (rights(0.7), 1e12)}
    results = write_study(tmp_path, cells, total_flops_mean={"unknown": np.nan})
    path = tmp_path / "summary" / "completions.parquet"
    completions = pd.read_parquet(path)
    mine = completions["model"] == "unknown"
    completions.loc[mine, ["prefill_flops", "decode_flops"]] = np.nan
    completions["prompt_tokens"] = completions["prompt_tokens"].astype("Int64").mask(mine)
    completions.to_parquet(path)
    answer = ask(results, "b")
    assert answer.chosen.model == "unknown" and answer.chosen.costs["flops"].value is None
    assert answer.separation.cost_ratio is None and answer.separation.accuracy_difference == pytest.approx(0.2)
    assert ask(results, "b", budgets={"tokens": 1e6}).chosen.model == "unknown"
    assert ask(results, "b", budgets={"flops": 1e15}).left_out == {"unknown": "FLOPs not measured"}
    assert "Use unknown" in as_text(answer) and "cost in FLOPs not known" in as_text(answer)


def test_a_close_call_is_said_to_be_one(results):
    spent = ask(results).candidates[0].costs["flops"].value
    answer = ask(results, budgets={"flops": spent * 1.0001})
    assert answer.chosen.model == "large"
    assert 0.3 < answer.chosen.p_within_budget["flops"] < 0.7
    assert "A close call: large doesn't fit by its means (too dear in FLOPs)" in as_text(
        ask(results, budgets={"flops": spent * 0.9999})
    )
    assert answer.chosen.p_best + next(c.p_best for c in answer.candidates if c.model == "middle") > 0.95


def test_equal_questions_have_equal_answers(results):
    assert ask(results) == ask(results)
    assert ask(results) != ask(results, seed=1)


def test_of_equally_good_models_the_cheaper_is_taken(tmp_path):
    cells = {("dear", "b"): (rights(1.0), 2e12), ("cheap", "b"): (rights(1.0), 1e12)}
    answer = ask(write_study(tmp_path, cells), "b")
    assert answer.chosen.model == "cheap" and answer.separation.words.startswith("they are level")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"family": ("F-lage",)}, "--family: no model has 'F-lage'. Did you mean 'F-large'"),
        ({"kind": ("moe",)}, "--kind: no model has 'moe'"),
        ({"without": ("Large",)}, "--without: no model has 'Large'"),
    ],
)
def test_filters_that_name_nothing(results, request_, message):
    with pytest.raises(InputError, match=message):
        ask(results, **request_)


# ---- how far apart ----


def test_the_difference_is_that_of_the_frontiers_table(results):
    apart = ask(results).separation
    cells = pd.read_csv(results / "summary" / "cells.csv")
    table = pairwise_differences(
        pd.read_parquet(results / "summary" / "completions.parquet"),
        cells,
        {"average": ("gsm8k", "aime2025")},
        {"average": "average"},
    )
    row = table.query("model_a == 'middle' and model_b == 'large'").iloc[0]
    assert apart.accuracy_difference == pytest.approx(-row["difference"])
    assert (apart.accuracy_low, apart.accuracy_high) == pytest.approx((-row["difference_high"], -row["difference_low"]))


def items_frame(values):
    """Return completions of two models on benchmark b: values of shape (2, items, samples)."""
    parts = [
        pd.DataFrame({"item_id": np.repeat(np.arange(len(rows)), rows.shape[1]), "accuracy": rows.ravel()}).assign(
            model=model, benchmark="b"
        )
        for model, rows in zip("xy", np.asarray(values, dtype=float), strict=True)
    ]
    return pd.concat(parts)


def test_samples_that_would_separate_two_models():
    # Equally hard items: nothing but samples makes noise.
    rng = np.random.default_rng(0)
    frame = items_frame(np.stack([rng.binomial(1, 0.6, (400, 4)), rng.binomial(1, 0.585, (400, 4))]))
    apart = separate("accuracy", {"b": 1.0}, frame, ("x", "y"), 4, "flops", (None, None, None))
    variance = 0.6 * 0.4 * 2 / 400
    assert apart.samples_needed is None or apart.samples_needed >= apart.samples_needed_on_these_items
    assert apart.samples_needed_on_these_items == pytest.approx(
        (detectable(variance) / apart.accuracy_difference) ** 2, rel=0.1
    )


def test_the_weighted_number_of_samples_is_that_of_the_true_variances():
    rng = np.random.default_rng(3)
    mix, sizes, samples = {"a": 0.3, "b": 0.7}, {"a": 400, "b": 200}, 5
    rates = {name: rng.uniform(0.1, 0.8, (2, n)) for name, n in sizes.items()}
    for pair in rates.values():
        pair[1] = pair[0] + 0.03 + rng.uniform(-0.07, 0.07, pair.shape[1])
    floor = sum(mix[name] ** 2 * np.var(pair[1] - pair[0]) / sizes[name] for name, pair in rates.items())
    noise = sum(mix[name] ** 2 * np.mean(2 * pair * (1 - pair)) / sizes[name] for name, pair in rates.items())
    ratios = []
    for _ in range(40):
        parts = []
        for name, pair in rates.items():
            drawn = rng.binomial(1, np.broadcast_to(pair[..., None], (*pair.shape, samples)))
            parts.append(items_frame(drawn).assign(benchmark=name))
        apart = separate("accuracy", mix, pd.concat(parts), ("y", "x"), samples, "flops", (None, None, None))
        if abs(apart.accuracy_difference - 0.03) < 0.01:
            true = samples_to_detect(floor, noise, apart.accuracy_difference)
            ratios.append(apart.samples_needed / true)
    assert len(ratios) > 10 and np.median(ratios) == pytest.approx(1, abs=0.1)


def test_items_that_leave_too_much_open_are_said_to():
    # Half the items are one model's, half the other's, and one is between them.
    half = np.repeat([1, 0], [26, 24])
    frame = items_frame(np.stack([np.repeat(half[:, None], 4, axis=1), np.repeat(1 - half[:, None], 4, axis=1)]))
    apart = separate("accuracy", {"b": 1.0}, frame, ("x", "y"), 4, "flops", (None, None, None))
    assert apart.samples_needed is None and "more samples can't do it" in apart.words
    assert apart.items_factor == pytest.approx((detectable(4 * 0.2496 * 50 / 49 / 50) / 0.04) ** 2)


@pytest.mark.parametrize(
    ("of", "values", "words"),
    [
        ("joules", [[[1]] * 9, [[0]] * 9], "measured for a cell as a whole"),
        ("accuracy", [[[1]], [[0]]], "share too few items"),
        ("accuracy", [[[1]] * 9, [[1]] * 9], "they are level"),
        ("accuracy", [[[1]] * 60, [[0]] * 60], "apart at 95 %; a true difference of this size"),
        ("accuracy", [[[1]] * 9, [[1]] * 8 + [[0]]], "(one per item doesn't show"),
    ],
)
def test_what_is_said_of_two_models(of, values, words):
    apart = separate(of, {"b": 1.0}, items_frame(values), ("x", "y"), 1, "flops", (None, None, None))
    assert words in apart.words


def test_cheaper_models_are_told_apart_by_their_cost(results):
    apart = ask(results, minimize="flops", min_accuracy=0.3).separation
    assert apart.of == apart.cost == "flops"
    assert apart.cost_ratio == pytest.approx(0.1, rel=0.1)
    assert apart.cost_ratio_low < apart.cost_ratio < apart.cost_ratio_high < 0.2
    assert apart.words.startswith("apart at 95 %; ")


def level_study(folder, spent):
    """Two models that differ by a single answer of 400, the better at that many times the other's FLOPs."""
    right = np.random.default_rng(1).binomial(1, 0.7, (2, 400, 1))
    right[0] = right[1][::-1]
    right[0, np.argmin(right[0]), 0] = 1
    return write_study(folder, {("better", "b"): (right[0], spent), ("other", "b"): (right[1], 1e12)})


@pytest.mark.parametrize(("spent", "named"), [(3e12, True), (1e11, False)])
def test_a_cheaper_model_that_is_level_is_a_close_call(tmp_path, spent, named):
    answer = ask(level_study(tmp_path, spent), "b", replicates=4000)
    said = as_text(answer)
    assert answer.chosen.model == "better" and answer.separation.level
    assert "they are level in practice: not within reach (more than 100 times" in said and "samples each" not in said
    calls = [call for call in answer.close_calls if call.model == "other"]
    assert bool(calls) == named or answer.runner_up.p_best > answer.chosen.p_best
    if named:
        assert "A close call: other is level with better in practice and is the best in" in said
        assert calls[0].cost_ratio == pytest.approx(1 / 3, rel=0.1) and "times the FLOPs." in said


def test_a_clear_winner_has_no_close_call(results):
    answer = ask(results)
    assert answer.close_calls == () and not answer.separation.level and "close call" not in as_text(answer)


def test_the_rival_that_may_reach_the_accuracy_is_what_is_asked_about(tmp_path):
    cells = {("near", "b"): (rights(0.68, 200, seed=1), 1e11), ("sure", "b"): (rights(0.9, 200, seed=2), 1e12)}
    answer = ask(write_study(tmp_path, cells), "b", min_accuracy=0.7, minimize="flops", replicates=2000)
    (call,) = answer.close_calls
    (question,) = call.settling
    assert (answer.chosen.model, call.model, call.level) == ("sure", "near", False)
    assert (question.of, question.value, question.limit) == ("accuracy", pytest.approx(0.68), 0.7)
    factor = (detectable(0.68 * 0.32 / 199) / 0.02) ** 2
    assert question.items_factor == pytest.approx(factor) and question.samples_at_least == np.ceil(factor)
    assert f"To tell whether it reaches 70.0%: 80 % power needs {factor:.3g} times as many items" in as_text(answer)


@pytest.mark.parametrize(
    ("limit", "samples", "words"),
    [
        (0.6001, 4, "not within reach (more than 100 times as many items)."),
        (0.68, 4, "times as many items; more samples can't do it"),
        (0.95, 4, "what there is finds a gap of this size"),
        (0.68, 1, "if samples can do it at all"),
    ],
)
def test_what_settles_a_condition(limit, samples, words):
    right = np.zeros((40, samples))
    right[:24] = 1  # and yet the samples of some items don't agree
    right[:8, 1:2], right[24:32, 1:2] = 0, 1
    frame = items_frame([right, right])
    found = settle("accuracy", limit, {"b": 1.0}, frame, "x", samples)
    assert words in found.words and found.value == pytest.approx(0.6)


def test_samples_settle_what_only_samples_leave_open():
    right = rights(0.6, 200, 2)
    found = settle("accuracy", 0.64, {"b": 1.0}, items_frame([right, right]), "x", 2)
    assert found.samples_needed == pytest.approx(0.24 / 200 * (detectable(1) / 0.04) ** 2, rel=0.35)
    assert f"{found.samples_needed - 2} more samples per item ({found.samples_needed} in all), or " in found.words


def test_what_is_measured_once_is_said_to_be_taken_as_exact(results):
    said = as_text(ask(results, budgets={"gpu_seconds": 3.5}))
    assert "cost 3 s (measured once, taken as exact), within the budget\n" in said
    assert "times its GPU-seconds (measured once, taken as exact)" in said


# ---- how sure ----


def test_the_chosen_are_the_best_as_often_as_is_said(tmp_path):
    """Models of random ability and cost, and a budget: p_best is the share of those that truly are the best."""
    rng = np.random.default_rng(11)
    said, true = [], []
    for study in range(120):
        ability, spent = rng.uniform(-1.5, 1.5, 6), rng.uniform(0.7, 1.3, 6)
        cells, truth = {}, 0
        for benchmark, n in (("a", 30), ("b", 60)):
            difficulty = rng.normal(0, 1.5, n)
            solve = 1 / (1 + np.exp(difficulty[:, None, None] - ability[:, None]))
            drawn = rng.binomial(1, np.broadcast_to(solve, (n, 6, 2)))
            cells |= {(f"m{m}", benchmark): (drawn[:, m], spent[m] * 1e12) for m in range(6)}
            population = np.random.default_rng(0).normal(0, 1.5, 5000)
            truth = truth + np.mean(1 / (1 + np.exp(population[:, None] - ability)), axis=0)
        answer = ask(write_study(tmp_path, cells, seed=study), "a=1,b=1", budgets={"flops": 1e12})
        best = np.argmax(np.where(spent <= 1, truth, -1)) if (spent <= 1).any() else -1
        said += [candidate.p_best for candidate in answer.candidates]
        true += [candidate.model == f"m{best}" for candidate in answer.candidates]
    said, true = np.array(said), np.array(true)
    assert said.sum() == pytest.approx(true.sum(), rel=0.05)
    for low, high in ((0, 0.1), (0.1, 0.4), (0.4, 0.7), (0.7, 0.95), (0.95, 1.01)):
        mine = (low <= said) & (said < high)
        error = np.sqrt(np.sum(said[mine] * (1 - said[mine]))) / mine.sum()
        assert abs(true[mine].mean() - said[mine].mean()) <= 3 * error + 0.02


# ---- the command ----


def run(capsys, *arguments):
    """Return exit code, output and error output of the command."""
    code = 0
    try:
        main(["--replicates", "200", *map(str, arguments)])
    except SystemExit as stopped:
        code = stopped.code
    return code, *capsys.readouterr()


def test_the_command_says_what_to_use(results, capsys):
    code, said, aside = run(
        *(capsys, "--results", results, "--tflops", 50, "--memory", "80G", "--benchmarks", "gsm8k=1,aime25=2"),
        *("--min-accuracy", 0.25),
    )
    assert code == 0 and "'aime25' is taken for aime2025" in aside
    for words in (
        "Use middle (MIDDLE)",
        "the best of those that fit in",
        "Runner-up of those that fit: ",
        "too dear in FLOPs: large",
    ):
        assert words in said
    assert "no result on aime2025: other" in said.replace("no result on aime2025\n", "")


def test_nothing_fits_is_exit_code_1_with_the_nearest_misses(results, capsys):
    code, said, _ = run(capsys, "--results", results, "--min-accuracy", 0.9, "--tflops", 5)
    assert code == 1
    assert "Nothing fits. The nearest misses:\n" in said and "too dear in FLOPs" in said
    assert said.index("  small: below the accuracy") > 0


def test_of_many_models_the_first_are_named(tmp_path, capsys):
    cells = {(f"m{number:02}", "b"): (rights(0.3 + number / 50, seed=number), 1e12) for number in range(20)}
    _, said, _ = run(capsys, "--results", write_study(tmp_path, cells))
    assert "Use m19" in said and "m17" in said and "m00" not in said and "and 6 more" in said


def test_json_has_the_fields_that_are_described(results, capsys):
    code, said, _ = run(capsys, "--results", results, "--json", "--benchmarks", "gsm8k=1,aime25=2")
    found = json.loads(said)
    assert code == 0 and found["chosen"]["model"] == "large"
    assert list(found) == [
        *("results", "request", "chosen", "runner_up", "separation", "close_calls", "most_often_best"),
        *("p_nothing_fits", "candidates", "left_out", "assumed"),
    ]
    code, said, _ = run(capsys, "--results", results, "--json", "--usd", 1)
    assert code == 1 and json.loads(said)["chosen"] is None


def test_the_newest_results_are_taken(results, capsys, monkeypatch):
    monkeypatch.chdir(results.parents[1])
    code, said, aside = run(capsys, "--cheapest", "--min-accuracy", 0.4, "--benchmarks", "gsm8k")
    assert code == 0 and "results/study" in said and aside == ""
    monkeypatch.chdir(results)
    code, _, aside = run(capsys)
    assert code == 2 and "no results in results/" in aside


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--memory 80X", "--memory: unknown unit 'X'"),
        ("--tflops -1", "--tflops: must be a number above 0"),
        ("--tflops 0", "--tflops: must be"),
        ("--gpu-seconds nan", "--gpu-seconds: must be"),
        ("--tflops 1 --flops 1", "say the same"),
        ("--cheapest", "say what it must reach"),
        ("--cheapest --minimize usd --min-accuracy 0.5", "can't stand beside"),
        ("--min-accuracy 70", "70 % is 0.7"),
        ("--benchmarks gsm8k=1,gsm8k=1", "named twice"),
        ("--benchmarks mmlu=1", "no results of a benchmark 'mmlu'"),
        ("--benchmarks gsm8k=0", "must be a number above 0"),
        ("--requests 0", "--requests: must be from 1 to"),
        ("--length -1", "--length: must be from 1 to"),
        ("--seed -1", "--seed: must be from 0 to"),
        ("--replicates=1000000000", "--replicates: must be from 100 to 100,000, not 1,000,000,000"),
        ("--results /nowhere", "no such folder of results"),
    ],
)
def test_a_wrong_question_is_exit_code_2(results, capsys, arguments, message):
    code, said, aside = run(capsys, "--results", results, *arguments.split())
    assert code == 2 and message in aside and said == ""


def test_the_costs_are_those_of_the_frontiers():
    assert set(CELL_COSTS.values()) <= set(CELL_COLUMNS)
