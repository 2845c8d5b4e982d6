import csv
import gzip
import io
import json
from contextlib import contextmanager
from pathlib import Path

import pytest

from paretoscope import flops, hub, plugins
from paretoscope.cards import SCHEMAS, read_yaml
from paretoscope.catalog import CATALOG, load_study, read_card
from paretoscope.devices import load_device
from paretoscope.errors import InputError
from paretoscope.files import dumps, read_jsonl, write_json, write_jsonl
from paretoscope.generate import engine_settings, generate_cell, generation_spec
from paretoscope.plan import PACKED_BYTES_PER_TOKEN, ROW_BYTES, TEXT_BYTES_PER_TOKEN, plan_study
from paretoscope.plan.__main__ import main
from paretoscope.plan.measured import Measured, read_results, read_store
from paretoscope.plan.memory import Shape, gpus_needed, sequences_that_fit
from paretoscope.plan.roofline import DECODE_EFFICIENCY, PREFILL_EFFICIENCY, generation_seconds
from paretoscope.plan.show import as_csv, as_json, as_text, ratios, totals
from paretoscope.plan.tokens import expect
from paretoscope.schema import Completion, Item, to_row

DEVICES = sorted(path.stem for path in (CATALOG / "devices").glob("*.yaml"))
TRACES = Path(__file__).parents[3] / "shared" / "data" / "traces"

QWEN3_8B = {
    "model_type": "qwen3",
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": False,
    "max_position_embeddings": 40960,
    "dtype": "bfloat16",
}
WEIGHTS = 2 * 8_190_735_360
EMBEDDING = 2 * 151936 * 4096
KV_PER_TOKEN = 36 * 2 * 8 * 128 * 2


def shape_of(config: dict) -> Shape:
    architecture = flops.describe(config)
    weight_bytes = flops.weight_bytes(architecture, config)
    return Shape(architecture, config, weight_bytes, config["max_position_embeddings"], 2, "card")


# Devices.


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_is_one_that_could_be(name):
    device = load_device(name)
    assert 40e9 < device.memory_bytes < 300e9
    assert 0.5e12 < device.bandwidth_bytes_per_second < 10e12
    assert 300 <= device.tdp_watts <= 1500
    rates = device.flops_per_second
    assert 100e12 < rates["bfloat16"] < 3e15
    # Half the bits, twice the FLOP/s: a figure with sparsity among figures without would show.
    for wide, narrow in (("bfloat16", "float8"), ("float8", "float4")):
        assert rates[narrow] is None or rates[narrow] == pytest.approx(2 * rates[wide], rel=0.03)
    gigabytes = float(name.split("-")[1].removesuffix("gb"))
    assert device.memory_bytes == pytest.approx(gigabytes * 1e9, rel=0.08)


def test_no_two_devices_report_one_name():
    names = [name for device in DEVICES for name in load_device(device).reported_names]
    assert len(set(names)) == len(names) >= len(DEVICES)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory": 1}, "unknown key. Did you mean 'memory_bytes'?"),
        ({"tdp_watts": "700 W"}, "Power that the device may draw"),
        ({"id": "other"}, "isn't the file's name. Set id: mine."),
        ({"flops_per_second": {"float8": 1.0}}, "key 'bfloat16' is missing"),
        ({"sources": {"tdp_watts": "x"}}, "key 'memory_bytes' is missing"),
    ],
)
def test_a_wrong_device_card_says_what_is_wrong(changes, message, tmp_path, write_yaml):
    card = read_yaml(CATALOG / "devices" / "h100-80gb.yaml")
    write_yaml("devices/mine.yaml", {**card, "id": "mine", **changes})
    with pytest.raises(InputError, match=message) as error:
        load_device("mine", [tmp_path])
    assert "mine.yaml" in str(error.value)


def test_a_device_card_of_ones_own(tmp_path, write_yaml):
    card = read_yaml(CATALOG / "devices" / "h100-80gb.yaml")
    write_yaml("devices/mine.yaml", {**card, "id": "mine", "price_usd_per_gpu_hour": 2})
    assert load_device("mine", [CATALOG, tmp_path]).price_usd_per_gpu_hour == 2.0


def test_an_unknown_device_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"unknown device 'h100'\. Did you mean 'h100-80gb'\?"):
        load_device("h100")


# Memory and roofline, by hand.


def test_memory_of_a_known_model():
    shape = shape_of(QWEN3_8B)
    assert shape.weight_bytes == WEIGHTS
    assert shape.cache_bytes(40960) == 40960 * KV_PER_TOKEN == 6_039_797_760
    assert shape.sequence_bytes(40960) == WEIGHTS + 6_039_797_760
    assert shape.sequence_bytes(None) == WEIGHTS


@pytest.mark.parametrize(
    ("needed", "usable", "gpus"),
    [(70e9, 72e9, 1), (72e9, 72e9, 1), (72.1e9, 72e9, 2), (300e9, 72e9, 8), (1e15, 72e9, None)],
)
def test_gpus_come_in_powers_of_two(needed, usable, gpus):
    assert gpus_needed(needed, usable) == gpus


@pytest.mark.parametrize(
    ("gpus", "usable", "expected"),
    [(1, WEIGHTS + 10.5 * 1000 * KV_PER_TOKEN, 10), (2, WEIGHTS / 2 + 1500 * KV_PER_TOKEN, 3), (1, 1e9, 1)],
)
def test_sequences_that_fit_beside_the_weights(gpus, usable, expected):
    assert sequences_that_fit(shape_of(QWEN3_8B), gpus, usable, 1000) == expected


def test_decode_is_bound_by_memory_in_a_small_batch():
    shape, device = shape_of(QWEN3_8B), load_device("h100-80gb")
    # The first token comes from prefill; the others attend 201 to 1,199 keys, and each writes its own.
    traffic = 100 * 999 / 10 * (WEIGHTS - EMBEDDING) + 100 * 999 * KV_PER_TOKEN * (700 + 1)
    prefill, _ = flops.completion_flops(shape.architecture, 200, 1000)
    expected = 100 * prefill / (9.89e14 * PREFILL_EFFICIENCY) + traffic / (3.35e12 * DECODE_EFFICIENCY)
    assert generation_seconds(shape, device, 1, 100, 10, 200, 1000) == pytest.approx(expected, rel=1e-9)
    assert generation_seconds(shape, device, 2, 100, 10, 200, 1000) == pytest.approx(expected / 2, rel=1e-9)


def test_decode_is_bound_by_arithmetic_in_a_huge_batch():
    shape, device = shape_of(QWEN3_8B), load_device("h100-80gb")
    prefill, decode = flops.completion_flops(shape.architecture, 1, 10)
    expected = 10**6 * (prefill + decode) / (9.89e14 * PREFILL_EFFICIENCY)
    assert generation_seconds(shape, device, 1, 10**6, 10**6, 1, 10) == pytest.approx(expected, rel=1e-9)


# A small study.

H100 = "NVIDIA H100 80GB HBM3"
CARD_TOKENS = {"prompt": 100, "reasoning": 2000, "instruct": 300, "source": "made up"}


@pytest.fixture
def study(write_yaml, model_card, benchmark_card):
    """Three reasoning models and an instruct model on three benchmarks; `hard` has no card tokens."""

    def make(engine=None, model=None, **changes):
        card = {**model_card, "architecture": QWEN3_8B, "context_length": 40960, **(model or {})}
        types = {"one": "reasoning", "two": "reasoning", "three": "reasoning", "brief": "instruct"}
        for name, kind in types.items():
            write_yaml(f"models/{name}.yaml", {**card, "id": name, "type": kind})
        for name, rows in (("easy", 100), ("middle", 50), ("hard", 20)):
            tokens = None if name == "hard" else {**CARD_TOKENS, "reasoning": {"easy": 1000, "middle": 2000}[name]}
            write_yaml(
                f"benchmarks/{name}.yaml", {**benchmark_card, "id": name, "rows": rows, "expected_tokens": tokens}
            )
        config = {
            "study": "test",
            "cards": ["."],
            "models": list(types),
            "benchmarks": ["easy", "middle", "hard"],
            "engine": engine or {"name": "transformers", "batch_size": 16},
            **changes,
        }
        return load_study(config, write_yaml("study.yaml", config))

    return make


def write_cell(results: Path, model: str, benchmark: str, completions=100, prompt=80.0, tokens=500.0, **meta) -> None:
    """Write the files that a finished cell leaves."""
    folder = results / "generations" / model
    write_jsonl(folder / f"{benchmark}.jsonl.zst", [{"text": "x" * 1000}])
    facts = {
        "completions": completions,
        "prompt_tokens": round(prompt * completions),
        "completion_tokens": round(tokens * completions),
        "generation_seconds": 360.0,
        "load_seconds": 36.0,
        "peak_memory_bytes": 40_000_000_000,
        "engine": {"name": "transformers", "device": H100},
    }
    write_json(folder / f"{benchmark}.meta.json", {**facts, **meta})


def write_store(path: Path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(dumps(row) + "\n" for row in rows))


def cell_of(plan, model, benchmark):
    return next(cell for cell in plan.cells if (cell.model, cell.benchmark) == (model, benchmark))


def facts(tokens, finished=True, prompt=80.0):
    return Measured(100, finished, prompt, tokens)


# Tokens.


@pytest.mark.parametrize(
    ("cell", "measured", "tokens", "how"),
    [
        (("one", "easy"), {}, 1000, "card"),
        (("brief", "easy"), {}, 300, "card"),
        (("one", "hard"), {}, 40960, "limit"),
        (("one", "hard"), {("one", "hard"): 7}, 7, "cell"),
        # Peers of the type, and of no other; an unfinished one doesn't count.
        (("one", "hard"), {("two", "hard"): 400, ("three", "hard"): 600}, 500, "type"),
        (("one", "hard"), {("two", "hard"): 400, ("brief", "hard"): 9}, 400, "type"),
        (("brief", "hard"), {("two", "hard"): 400}, 40960 - 80, "limit"),
        # The model itself elsewhere, times the peers' ratio: 300 * (400 + 600) / (200 + 300).
        (
            ("one", "hard"),
            {
                ("one", "easy"): 300,
                ("two", "easy"): 200,
                ("three", "easy"): 300,
                ("two", "hard"): 400,
                ("three", "hard"): 600,
            },
            600,
            "ratio",
        ),
        # Two other benchmarks count alike: 300 * 400 / 200 and 100 * 400 / 100.
        (
            ("one", "hard"),
            {
                ("one", "easy"): 300,
                ("two", "easy"): 200,
                ("one", "middle"): 100,
                ("two", "middle"): 100,
                ("two", "hard"): 400,
            },
            500,
            "ratio",
        ),
        # Elsewhere alone is no ratio.
        (("one", "hard"), {("one", "easy"): 300, ("two", "easy"): 200}, 40960, "limit"),
        # A mean beyond the context can't be.
        (("one", "hard"), {("two", "hard"): 90_000}, 40960 - 80, "type"),
    ],
)
def test_where_tokens_are_from(study, cell, measured, tokens, how):
    found = expect(study(), cell, {key: facts(value) for key, value in measured.items()}, 40960)
    assert (found.completion, found.how) == (pytest.approx(tokens), how)


def test_an_unfinished_cell_says_nothing_of_others(study):
    assert expect(study(), ("one", "hard"), {("two", "hard"): facts(5, finished=False)}, 40960).how == "limit"


@pytest.mark.parametrize(
    ("sampling", "context", "limit", "how"),
    [({"max_new_tokens": 50}, 40960, 50, "limit"), ({}, 1000, 1000, "limit"), ({}, None, None, "none")],
)
def test_without_a_figure_the_limit_counts(study, sampling, context, limit, how):
    found = expect(study(sampling=sampling), ("one", "hard"), {}, context)
    assert (found.completion, found.how) == (limit, how)


def test_prompts_are_those_of_the_benchmark_whoever_answers(study):
    loaded = study()
    assert expect(loaded, ("one", "easy"), {}, 40960).prompt == 100
    assert expect(loaded, ("one", "hard"), {}, 40960).prompt is None
    measured = {("brief", "hard"): facts(9, prompt=70.0), ("two", "hard"): facts(9, prompt=90.0)}
    assert expect(loaded, ("one", "hard"), measured, 40960).prompt == 80


# What earlier runs left.


def test_meta_files_without_the_newer_keys(tmp_path):
    write_cell(tmp_path, "one", "easy")
    write_store(tmp_path / "work" / "one" / "easy.jsonl", [{"key": "x"}])
    found = read_results(tmp_path)["one", "easy"]
    assert (found.completions, found.completion_tokens, found.gpu_seconds, found.load_gpu_seconds) == (
        100,
        500,
        360,
        36,
    )
    assert (found.gpus, found.weights_bytes, found.peak_memory_bytes) == (1, None, 40_000_000_000)
    packed = (tmp_path / "generations" / "one" / "easy.jsonl.zst").stat().st_size
    assert found.disk_bytes == packed + len('{"key":"x"}\n')


@pytest.mark.parametrize(
    ("meta", "gpu_seconds", "peak"),
    [
        ({"gpus": 4, "weights_bytes": 5}, 1440, 40_000_000_000),
        ({"engine": {"name": "transformers", "device": "Intel Xeon"}}, None, None),
        ({"gpus": 0, "engine": {"name": "sglang", "device": "Intel Xeon"}}, None, None),
        ({"generation_seconds": None}, None, 40_000_000_000),
    ],
)
def test_gpu_time_is_that_of_all_gpus_and_of_none_on_a_cpu(tmp_path, meta, gpu_seconds, peak):
    write_cell(tmp_path, "one", "easy", **meta)
    found = read_results(tmp_path)["one", "easy"]
    assert (found.gpu_seconds, found.peak_memory_bytes) == (gpu_seconds, peak)


def test_warming_up_is_part_of_loading(tmp_path):
    write_cell(tmp_path, "one", "easy", warmup_seconds=4.0, gpus=2)
    assert read_results(tmp_path)["one", "easy"].load_gpu_seconds == 80


def test_a_recording_may_not_know_its_tokens(tmp_path):
    write_cell(tmp_path, "one", "easy", prompt_tokens=None, completion_tokens=None)
    assert read_results(tmp_path)["one", "easy"].completion_tokens is None


def test_meta_without_completions_is_not_finished(tmp_path):
    write_cell(tmp_path, "one", "easy")
    (tmp_path / "generations" / "one" / "easy.jsonl.zst").unlink()
    assert read_results(tmp_path) == {}


def test_a_damaged_meta_file_is_named(tmp_path):
    write_cell(tmp_path, "one", "easy")
    path = tmp_path / "generations" / "one" / "easy.meta.json"
    write_json(path, {"completions": 3})
    with pytest.raises(InputError, match=r"easy\.meta\.json: not the meta file of a cell \('engine' is missing\)"):
        read_results(tmp_path)


def test_a_store_is_counted_by_item_and_sample(tmp_path):
    def row(item, sample, tokens, key="k"):
        return {"key": key, "item_id": item, "sample": sample, "prompt_tokens": 10, "completion_tokens": tokens}

    path = tmp_path / "easy.jsonl"
    assert read_store(path, 1) is None
    write_store(path, [{"key": "attempt 1", "load_seconds": 3}])
    assert read_store(path, 1) is None
    # The same item twice (its sampling was changed in between) counts once; a fourth sample isn't asked for.
    write_store(
        path, [row("a", 0, 10), row("b", 0, 30), row("b", 0, 20, "new"), row("a", 3, 999), {"key": "attempt 1"}]
    )
    path.write_text(path.read_text() + '{"key":"cut by a ki')
    found = read_store(path, 1)
    assert (found.completions, found.completion_tokens, found.finished) == (2, 15, False)
    assert read_store(path, 4).completions == 3


# The plan.


def test_a_plan_from_a_fresh_clone(study, tmp_path):
    plan = plan_study(study(), load_device("h100-80gb"), tmp_path / "none")
    model = plan.models[0]
    assert (model.weight_bytes, model.longest_tokens, model.shape_source) == (WEIGHTS, 40960, "card")
    assert (model.gpus, model.gpus_needed, model.fits, model.download_bytes) == (1, 1, True, WEIGHTS)
    cell = cell_of(plan, "one", "easy")
    assert (cell.wanted, cell.done, cell.to_go.completions, cell.at_most_done) == (100, 0, 100, False)
    go = cell.to_go
    assert (go.tokens.completion, go.tokens.prompt, go.tokens.how, go.batch) == (1000, 100, "card", 16)
    assert go.completion_tokens == 100_000
    wall = generation_seconds(shape_of(QWEN3_8B), plan.device, 1, 100, 16, 100, 1000)
    assert (go.gpu_hours, go.hours_how) == (pytest.approx((wall + WEIGHTS / 1e9 + 60) / 3600), "roof")
    assert go.disk_bytes == pytest.approx(100 * (450 + 1000 * 4.0))
    assert go.memory_bytes == WEIGHTS + 16 * (100 + 1000 / 2) * KV_PER_TOKEN
    total = totals(plan)
    assert total["completions"] == 4 * 170
    assert total["completion_tokens"] == 3 * (100 * 1000 + 50 * 2000) + (100 + 50) * 300
    assert total["cells_with_a_ceiling_only"] == 4
    assert total["completion_tokens_at_most"] == 4 * 20 * 40960
    assert total["weights_disk_bytes"] == 4 * WEIGHTS
    known = [each.to_go.gpu_hours for each in plan.cells if each.benchmark != "hard"]
    assert total["gpu_hours"] == pytest.approx(sum(known))
    assert total["energy_kwh_at_tdp"] == pytest.approx(sum(known) * 0.7)


def test_samples_multiply_and_excluded_cells_are_left_out(study, tmp_path):
    loaded = study(
        samples_per_item=4,
        exclude=[{"model": "one", "benchmark": "hard", "reason": "too long"}],
        sampling={"temperature": 1.0},
    )
    plan = plan_study(loaded, load_device("h100-80gb"), tmp_path)
    assert cell_of(plan, "one", "easy").wanted == 400
    assert ("one", "hard") not in {(cell.model, cell.benchmark) for cell in plan.cells}


@pytest.mark.parametrize(
    ("fits_on", "device", "model", "engine"),
    [
        (1, "h100-80gb", {}, None),
        (1, "l40s-48gb", {"context_length": 180_000}, None),  # 16.4 + 26.5 of 43.5 GB
        (2, "l40s-48gb", {"context_length": 190_000}, None),  # 16.4 + 28.0
        (1, "l40s-48gb", {"context_length": 190_000, "sampling": {"max_new_tokens": 10_000}}, None),
        (1, "l40s-48gb", {"context_length": 190_000, "serving": {"kv_cache_dtype": "fp8_e4m3"}}, {"name": "sglang"}),
        (2, "l40s-48gb", {"context_length": 180_000, "serving": {"memory_fraction": 0.8}}, {"name": "sglang"}),
    ],
)
def test_whether_it_fits(study, tmp_path, fits_on, device, model, engine):
    plan = plan_study(study(engine=engine, model=model), load_device(device), tmp_path)
    assert plan.models[0].gpus_needed == fits_on
    assert plan.models[0].fits == (fits_on == 1)
    said = [warning for warning in plan.warnings if warning.startswith("one doesn't fit")]
    assert bool(said) == (fits_on == 2)
    assert all("it needs 2 GPUs of L40S 48 GB, and gets 1" in warning for warning in said)


def test_the_card_says_how_many_gpus_an_engine_gets(study, tmp_path):
    card = {"context_length": 190_000, "serving": {"gpus": 2}}
    plan = plan_study(study(engine={"name": "sglang"}, model=card), load_device("l40s-48gb"), tmp_path)
    assert (plan.models[0].gpus, plan.models[0].fits) == (2, True)
    wall = generation_seconds(shape_of(QWEN3_8B), plan.device, 2, 100, 100, 100, 1000)
    go = cell_of(plan, "one", "easy").to_go
    assert (go.batch, go.gpu_hours) == (100, pytest.approx(2 * (wall + WEIGHTS / 1e9 + 60) / 3600))
    assert go.weights_bytes == WEIGHTS / 2


@pytest.mark.parametrize(
    ("architecture", "problem"),
    [
        (None, "no config.json is here yet, and the card has neither architecture nor config. --fetch-configs gets it"),
        ({**QWEN3_8B, "num_hidden_layers": "many"}, "'num_hidden_layers' must be an integer"),
    ],
)
def test_a_shape_that_is_not_known_leaves_memory_and_hours_open(study, tmp_path, architecture, problem):
    plan = plan_study(study(model={"architecture": architecture}), load_device("h100-80gb"), tmp_path)
    go = cell_of(plan, "one", "easy").to_go
    assert (go.gpu_hours, go.hours_how, go.memory_bytes) == (None, "?", None)
    assert (go.completion_tokens, go.disk_bytes) == (100_000, pytest.approx(445_000))
    assert any(problem in warning for warning in plan.warnings)
    assert "Not counted, since unknown: the GPU-hours of 12 cells, the weights of 4 models" in as_text(plan)


@pytest.mark.parametrize(
    ("changes", "weights", "source"),
    [
        ({}, WEIGHTS, "card"),
        ({"dtype": "float32"}, 2 * WEIGHTS, "card"),
        ({"dtype": None}, WEIGHTS, "card; 16 bits a weight assumed"),
        ({"dtype": None, "torch_dtype": "bfloat16"}, WEIGHTS, "card"),
    ],
)
def test_an_assumed_precision_is_said(study, tmp_path, changes, weights, source):
    architecture = {key: value for key, value in {**QWEN3_8B, **changes}.items() if value}
    model = plan_study(study(model={"architecture": architecture}), load_device("h100-80gb"), tmp_path).models[0]
    assert (model.weight_bytes, model.shape_source) == (weights, source)


def test_the_batch_is_what_the_cache_holds_of_sequences_at_all_stages(study, tmp_path):
    write_cell(tmp_path / "earlier", "two", "hard", tokens=39_000.0)
    plan = plan_study(study(engine={"name": "sglang"}), load_device("l40s-48gb"), tmp_path, [tmp_path / "earlier"])
    go = cell_of(plan, "one", "hard").to_go
    free = 0.9 * 46068 * 2**20 - WEIGHTS
    assert go.batch == int(free / ((80 + 39_000 / 2) * KV_PER_TOKEN)) == 9
    assert go.memory_bytes == WEIGHTS + 9 * (80 + 39_000 / 2) * KV_PER_TOKEN


def test_a_fetched_config_comes_before_the_card(study, tmp_path):
    write_json(tmp_path / "models" / "one" / "config.json", {**QWEN3_8B, "num_hidden_layers": 18})
    write_json(tmp_path / "models" / "one" / "revision.json", {"revision": "0" * 40})
    one, two, *_ = plan_study(study(), load_device("h100-80gb"), tmp_path).models
    assert (one.shape_source, two.shape_source) == ("config.json", "card")
    assert one.weight_bytes < two.weight_bytes
    assert (one.download_bytes, two.download_bytes) == (0, WEIGHTS)


def test_configs_alone_can_be_fetched(tmp_path, monkeypatch, write_yaml, study, capsys):
    asked = []

    def fetch(source, names):
        asked.append((source["hub_id"], list(names)))
        write_json(tmp_path / "cache" / "config.json", QWEN3_8B)

    def cached(source):
        if not asked:
            raise InputError("not in the cache")
        return tmp_path / "cache"

    monkeypatch.setattr(hub, "fetch", fetch)
    monkeypatch.setattr(hub, "cached", cached)
    study(model={"architecture": None})
    command = ["--configfile", str(tmp_path / "study.yaml"), "--results", str(tmp_path)]
    main(command)
    assert "one: shape unknown" in capsys.readouterr().out
    main([*command, "--fetch-configs"])
    assert (
        "one: weights 16.4 GB + cache 6.0 GB at 40,960 tokens; on 1 GPU: fits (config.json)" in capsys.readouterr().out
    )
    assert asked == [("owner/tiny", ["config.json"])] * 4


def test_local_weights_bring_their_config(study, tmp_path):
    write_json(tmp_path / "weights" / "config.json", QWEN3_8B)
    model = {"architecture": None, "source": {"path": "../weights"}}
    plan = plan_study(study(model=model), load_device("h100-80gb"), tmp_path)
    assert (plan.models[0].shape_source, plan.models[0].weight_bytes) == ("config.json", WEIGHTS)


def test_a_study_on_the_cpu_takes_no_gpu(study, tmp_path):
    plan = plan_study(study(engine={"name": "transformers", "device": "cpu"}), load_device("h100-80gb"), tmp_path)
    assert {(cell.to_go.gpu_hours, cell.to_go.hours_how) for cell in plan.cells} == {(0.0, "cpu")}
    assert plan.models[0].fits is None
    assert "on the CPU (card)" in as_text(plan)


# After a run.


def test_a_finished_cell_has_nothing_to_do_and_is_compared_with_an_estimate_without_it(study, tmp_path):
    write_cell(tmp_path, "one", "easy", tokens=800.0)
    plan = plan_study(study(), load_device("h100-80gb"), tmp_path)
    fresh = plan_study(study(), load_device("h100-80gb"), tmp_path / "none")
    cell = cell_of(plan, "one", "easy")
    assert (cell.done, cell.to_go.completions, cell.to_go.gpu_hours, cell.to_go.tokens.how) == (100, 0, 0.0, "cell")
    # What would have been said before the run, to the digit.
    assert cell.hindsight == cell_of(fresh, "one", "easy").to_go
    found = ratios(cell)
    assert found["tokens"] == pytest.approx(1000 / 800)
    assert found["gpu_hours"] == pytest.approx(cell.hindsight.gpu_hours / (396 / 3600))
    assert found["memory_bytes"] == pytest.approx(cell.hindsight.memory_bytes / 40e9)
    assert found["disk_bytes"] == pytest.approx(445_000 / cell.measured.disk_bytes)
    # The model's other cells now go by its measured speed: 80,000 tokens in 360 GPU-seconds.
    other = cell_of(plan, "one", "middle").to_go
    assert (other.gpu_hours, other.hours_how) == (pytest.approx((50 * 2000 * 360 / 80_000 + 36) / 3600), "speed")
    # Another model's don't, nor do they on another device.
    assert cell_of(plan, "two", "middle").to_go.hours_how == "roof"
    elsewhere = plan_study(study(), load_device("h200-141gb"), tmp_path)
    assert cell_of(elsewhere, "one", "middle").to_go.hours_how == "roof"


def test_speeds_of_another_cell_serve_a_finished_one_too(study, tmp_path):
    write_cell(tmp_path, "one", "easy", tokens=1000.0)
    write_cell(tmp_path, "one", "middle", completions=50, tokens=2000.0, generation_seconds=720.0, load_seconds=None)
    cell = cell_of(plan_study(study(), load_device("h100-80gb"), tmp_path), "one", "middle")
    assert cell.hindsight.hours_how == "speed"
    assert cell.hindsight.gpu_hours == pytest.approx((50 * 2000 * 360 / 100_000 + 36) / 3600)
    assert ratios(cell)["gpu_hours"] == pytest.approx(396 / 720)


def test_weights_are_compared_where_the_engine_takes_all_memory_for_its_cache(study, tmp_path):
    write_cell(tmp_path, "one", "easy", gpus=2, weights_bytes=9_000_000_000)
    engine, card = {"name": "sglang"}, {"serving": {"gpus": 2}}
    plan = plan_study(study(engine=engine, model=card), load_device("h100-80gb"), tmp_path)
    assert ratios(cell_of(plan, "one", "easy"))["memory_bytes"] == pytest.approx(WEIGHTS / 2 / 9e9)


def test_raised_samples_leave_the_new_ones_to_do(study, tmp_path):
    write_cell(tmp_path, "one", "easy", tokens=800.0)
    plan = plan_study(study(samples_per_item=4, sampling={"temperature": 1.0}), load_device("h100-80gb"), tmp_path)
    cell = cell_of(plan, "one", "easy")
    assert (cell.wanted, cell.done, cell.to_go.completions, cell.to_go.tokens.completion) == (400, 100, 300, 800)


def test_an_unfinished_cell_needs_the_rest_at_least(study, tmp_path):
    rows = [{"key": str(i), "item_id": i, "sample": 0, "prompt_tokens": 9, "completion_tokens": 50} for i in range(30)]
    write_store(tmp_path / "work" / "one" / "easy.jsonl", rows)
    plan = plan_study(study(), load_device("h100-80gb"), tmp_path)
    cell = cell_of(plan, "one", "easy")
    assert (cell.to_go.completions, cell.at_most_done, cell.to_go.tokens.how) == (70, True, "cell")
    assert cell.measured is None
    text = as_text(plan)
    assert ">70" in text and "to do >N: at least N" in text


def test_earlier_results_teach_but_finish_nothing(study, tmp_path):
    write_cell(tmp_path / "earlier", "two", "hard", tokens=700.0)
    plan = plan_study(study(), load_device("h100-80gb"), tmp_path / "own", [tmp_path / "earlier"])
    assert cell_of(plan, "two", "hard").to_go.completions == 20
    assert cell_of(plan, "two", "hard").to_go.tokens.how == "cell"
    assert cell_of(plan, "one", "hard").to_go.tokens == expect(
        study(), ("one", "hard"), {("two", "hard"): facts(700)}, 40960
    )


class FakeGpuEngine:
    """Says that it runs on two GPUs, and answers every request in 50 tokens."""

    def describe(self):
        return {"version": "1", "device": H100}

    def costs(self):
        costs = {"load_seconds": 3.0, "warmup_seconds": 1.0, "gpus": 2, "weights_bytes": 10**9}
        return {**costs, "kv_cache_bytes": 5 * 10**9, "peak_memory_bytes": 7 * 10**9, "energy_joules": 1.0}

    def generate(self, requests):
        yield [Completion(request.item_id, request.sample, "4", "stop", 10, 50) for request in requests]


def test_what_generating_leaves_is_what_the_plan_reads(study, tmp_path, monkeypatch):
    engine = contextmanager(lambda *_: iter([FakeGpuEngine()]))
    monkeypatch.setattr(plugins.load("engines", "transformers"), "open_engine", engine)
    loaded = study()
    spec = generation_spec(loaded, "one", "hard")
    write_jsonl(tmp_path / "items.jsonl", (to_row(Item(f"i{n}", f"{n} + {n}?", "4")) for n in range(20)))
    folder, store = tmp_path / "generations" / "one", tmp_path / "work" / "one" / "hard.jsonl"
    generate_cell(
        items=tmp_path / "items.jsonl",
        spec=spec,
        settings=engine_settings(spec, loaded.engine_of("one")),
        revision="0" * 40,
        weights=None,
        files=[],
        store=store,
        output=folder / "hard.jsonl.zst",
        stats=folder / "hard.stats.jsonl.zst",
        meta=folder / "hard.meta.json",
    )
    found = read_results(tmp_path)["one", "hard"]
    assert (found.completions, found.prompt_tokens, found.completion_tokens) == (20, 10, 50)
    assert (found.device, found.gpus, found.weights_bytes, found.peak_memory_bytes) == (H100, 2, 10**9, 7 * 10**9)
    assert found.load_gpu_seconds == 8
    assert 0 < found.gpu_seconds < 60
    assert found.disk_bytes == store.stat().st_size + (folder / "hard.jsonl.zst").stat().st_size
    # A killed cell leaves its store alone.
    for file in folder.iterdir():
        file.unlink()
    assert read_store(store, 1) == Measured(20, False, 10, 50)
    # Beside its text a stored completion takes about what is reckoned with.
    texts = sum(len(row["text"]) for _, row in read_jsonl(store) if "text" in row)
    completions = [line for line in store.read_bytes().splitlines(keepends=True) if b'"text"' in line]
    assert (sum(map(len, completions)) - texts) / 20 == pytest.approx(ROW_BYTES, rel=0.25)


# Output.


def test_the_text_fits_a_terminal_and_explains_itself(study, tmp_path):
    write_cell(tmp_path, "one", "easy")
    text = as_text(plan_study(study(), load_device("h100-80gb"), tmp_path))
    assert max(map(len, text.splitlines())) <= 120
    assert "expected_tokens of the benchmark's card" in text and "roofline with assumed efficiencies" in text
    assert "unknown: the most that max_new_tokens and the context leave" in text
    assert "Finished cells" in text and "2.00x" in text
    assert "And at most" in text and "in 4 cells whose tokens aren't known" in text


def test_a_price_gives_costs(study, tmp_path, write_yaml):
    card = read_yaml(CATALOG / "devices" / "h100-80gb.yaml")
    write_yaml("devices/mine.yaml", {**card, "id": "mine", "price_usd_per_gpu_hour": 1000})
    plan = plan_study(study(), load_device("mine", [tmp_path]), tmp_path)
    assert totals(plan)["price_usd"] == pytest.approx(1000 * totals(plan)["gpu_hours"])
    assert f"{totals(plan)['price_usd']:,.0f} USD" in as_text(plan)


def test_json_and_csv_say_the_same(study, tmp_path):
    write_cell(tmp_path, "one", "easy")
    plan = plan_study(study(), load_device("h100-80gb"), tmp_path)
    report = json.loads(as_json(plan))
    rows = list(csv.DictReader(io.StringIO(as_csv(plan))))
    assert len(rows) == len(report["cells"]) == 12
    for row, cell in zip(rows, report["cells"], strict=True):
        assert (row["model"], row["benchmark"]) == (cell["model"], cell["benchmark"])
        assert float(row["gpu_hours"]) == cell["to_go"]["gpu_hours"]
        assert row["tokens_how"] == cell["to_go"]["tokens"]["how"] in report["tokens_how"]
        assert cell["to_go"]["hours_how"] in report["gpu_hours_how"]
    assert float(rows[0]["tokens_estimated_to_measured"]) == report["cells"][0]["ratios"]["tokens"] == 2.0
    assert report["totals"]["completions"] == 4 * 170 - 100


def test_the_demo_before_and_after_a_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["--configfile", str(CATALOG / "demo.yaml"), "--json"]
    main(arguments)
    before = json.loads(capsys.readouterr().out)
    assert before["totals"]["completions"] == 12 * 3 * 100
    assert before["totals"]["gpu_hours"] == 0
    assert {cell["to_go"]["tokens"]["how"] for cell in before["cells"]} == {"limit", "-"}
    for benchmark, tokens in (("easy", 40.0), ("medium", 60.0), ("hard", 90.0)):
        for model in ("nano-chain-v1", "nano-chain-v2"):
            device = {"engine": {"name": "transformers", "device": "some CPU"}}
            write_cell(Path("results/demo"), model, f"arithmetic-{benchmark}", tokens=tokens, **device)
    main(arguments)
    after = json.loads(capsys.readouterr().out)
    assert after["totals"]["completions"] == before["totals"]["completions"] - 600
    cells = {(cell["model"], cell["benchmark"]): cell for cell in after["cells"]}
    assert cells["nano-chain-v1", "arithmetic-hard"]["ratios"]["tokens"] == pytest.approx(1.0)
    assert cells["nano-moe", "arithmetic-hard"]["to_go"]["tokens"]["completion"] == 90
    assert cells["oracle", "arithmetic-hard"]["to_go"]["gpu_hours"] == 0


@pytest.mark.parametrize("path", sorted(CATALOG.glob("*.yaml")), ids=lambda path: path.name)
def test_every_study_that_comes_with_the_workflow_is_planned(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["--configfile", str(path)])
    assert "In all:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "h2000"], "unknown device 'h2000'"),
        (["--configfile", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["--results", "nowhere"], "nowhere: no such folder of results"),
        (["--earlier", "nowhere"], "nowhere: no such folder of results"),
    ],
)
def test_the_command_line_says_what_is_wrong(arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(arguments)


# The figures that are assumed, against real responses.


def traces():
    if not TRACES.exists():
        pytest.skip(f"{TRACES} isn't there: real responses are only on some machines")
    for path in sorted(TRACES.glob("*.jsonl.gz")):
        model, benchmark = path.name.removesuffix(".jsonl.gz").split("__")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield model, benchmark, [json.loads(line) for line in lines]


REASONING = {"DeepSeek-R1", "DeepSeek-R1-Distill-Qwen-32B", "QwQ-32B", "s1.1-32B"}


@pytest.mark.parametrize("benchmark", ["gsm8k", "math500"])
def test_expected_tokens_are_the_means_of_recorded_responses(benchmark):
    means = {"reasoning": [], "instruct": [], "base": []}
    for model, name, rows in traces():
        kind = "reasoning" if model in REASONING else "base" if model.startswith("rho") else "instruct"
        if name == benchmark:
            means[kind].append(sum(row["n_tokens_qwen2"] for row in rows) / len(rows))
    card = read_card(SCHEMAS.parent / "benchmarks" / f"{benchmark}.yaml", "benchmark")
    for kind, values in means.items():
        assert card["expected_tokens"][kind] == pytest.approx(sum(values) / len(values), rel=0.01)


def test_bytes_per_token_are_those_of_recorded_responses(tmp_path):
    tokens = text = packed = 0
    for _, _, rows in traces():
        kept = [
            {"item_id": row["problem_id"], "sample": 0, "text": row["response"], "finish_reason": "stop"}
            for row in rows
        ]
        tokens += sum(row["n_tokens_qwen2"] for row in rows)
        text += sum(len(dumps(row["response"]).encode()) for row in rows)
        write_jsonl(tmp_path / "packed.jsonl.zst", kept)
        packed += (tmp_path / "packed.jsonl.zst").stat().st_size
    assert text / tokens == pytest.approx(TEXT_BYTES_PER_TOKEN, rel=0.05)
    assert packed / tokens == pytest.approx(PACKED_BYTES_PER_TOKEN, rel=0.1)
