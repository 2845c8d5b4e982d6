import json
from contextlib import contextmanager

import pytest

from paretoscope import generate, plugins
from paretoscope.errors import InputError
from paretoscope.files import read_json, read_jsonl, write_jsonl
from paretoscope.generate import build_requests, completion_seed, engine_settings, generate_cell, generation_spec
from paretoscope.schema import Completion, Item, to_row
from paretoscope.store import CompletionStore

REVISION = "0123456789abcdef0123456789abcdef01234567"
ITEMS = [Item(f"i{number}", f"What is {number} + {number}?", str(2 * number)) for number in range(5)]


def spec(**changes) -> dict:
    base = {
        "model": {
            **{"id": "tiny", "source": {"path": "x"}, "chat_template": {}, "context_length": None},
            **{"system_prompt": None, "reasoning": None},
        },
        "benchmark": {"id": "sums", "prompt": {"protocol": 1, "template": "Q: {question}"}, "grader": "math"},
        "engine": {"name": "transformers", "protocol": 1, "dtype": "checkpoint", "attention": "sdpa"},
        "sampling": {"temperature": 0.6, "max_new_tokens": 8},
        "samples": 1,
        "seed": 0,
    }
    for name, value in changes.items():
        *parents, key = name.split("__")
        part = base
        for parent in parents:
            part = part[parent]
        part[key] = value
    return base


# Requests.


def test_requests_are_in_the_order_of_items_and_samples():
    requests = build_requests(ITEMS, spec(samples=2), REVISION)
    assert [(r.item_id, r.sample) for r in requests] == [(item.id, s) for item in ITEMS for s in range(2)]
    assert requests[0].messages == ({"role": "user", "content": "Q: What is 0 + 0?"},)
    assert len({r.key for r in requests}) == len({r.seed for r in requests}) == 10
    assert all(item.target in r.reference for item, r in zip(ITEMS, requests[::2], strict=True))


def test_seeds_fit_into_63_bits_and_depend_on_study_prompt_and_sample():
    seeds = [completion_seed(*case) for case in ((0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1), (0, "0\0a", 0))]
    assert len(set(seeds)) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)
    # Pinned: another formula would draw every completion anew.
    assert seeds[0] == 7588792172602473380


@pytest.mark.parametrize(
    "change",
    [
        {"model__chat_template": {"enable_thinking": False}},
        {"model__context_length": 128},
        {"benchmark__prompt": {"protocol": 2, "template": "Q: {question}"}},
        {"benchmark__prompt": {"protocol": 1, "template": "{question}"}},
        {"engine__protocol": 2},
        {"engine__dtype": "bfloat16"},
        {"sampling": {"temperature": 0.6, "max_new_tokens": 9}},
        {"seed": 1},
    ],
)
def test_completions_are_not_found_again_when_their_meaning_changed(change):
    keys = {r.key for r in build_requests(ITEMS, spec(), REVISION)}
    assert not keys & {r.key for r in build_requests(ITEMS, spec(**change), REVISION)}
    assert not keys & {r.key for r in build_requests(ITEMS, spec(), "f" * 40)}


@pytest.mark.parametrize(
    "change",
    [
        {"model__id": "renamed"},
        {"benchmark__grader": "multiple_choice"},
        {"sampling": {"temperature": 0.6, "max_new_tokens": 8, "top_p": 1.0}},
    ],
)
def test_completions_are_found_again_when_nothing_that_matters_changed(change):
    before = [r.key for r in build_requests(ITEMS, spec(), REVISION)]
    assert [r.key for r in build_requests(ITEMS, spec(**change), REVISION)] == before


def test_choices_reach_the_requests_and_their_keys():
    free, held = (build_requests(ITEMS, part, REVISION) for part in (spec(), spec(choices=["yes", "no"])))
    assert {r.choices for r in free} == {()} and {r.choices for r in held} == {("yes", "no")}
    assert not {r.key for r in free} & {r.key for r in held}


def test_more_samples_keep_the_first_ones():
    one, four = (build_requests(ITEMS, spec(samples=n), REVISION) for n in (1, 4))
    assert [r.key for r in four if r.sample == 0] == [r.key for r in one]


# What a cell's meaning is.


def test_the_spec_is_plain_data_and_leaves_grading_and_display_out(load, study_config, write_yaml, model_card):
    before = generation_spec(load(study_config), "tiny", "sums")
    assert json.loads(json.dumps(before)) == before
    shown = {"name": "Another name", "family": "Another", "notes": "x", "licence": "x", "release_date": "2020-01-01"}
    write_yaml("models/tiny.yaml", {**model_card, **shown})
    other = {**study_config, "title": "x", "figures": {"font_size": 12}, "analysis": {"saturation_gain_points": 2}}
    assert generation_spec(load(other), "tiny", "sums") == before


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"seed": 1}, "seed"),
        ({"samples_per_item": 2}, "samples"),
        ({"sampling": {"temperature": 1}}, "sampling"),
        ({"engine": {"name": "transformers", "dtype": "bfloat16"}}, "engine"),
    ],
)
def test_the_spec_changes_with_what_matters(load, study_config, changes, key):
    before = generation_spec(load(study_config), "tiny", "sums")
    after = generation_spec(load({**study_config, **changes}), "tiny", "sums")
    assert {name for name in after if after[name] != before[name]} == {key}


def test_whole_and_decimal_numbers_mean_the_same(load, study_config):
    specs = [generation_spec(load({**study_config, "sampling": {"temperature": t}}), "tiny", "sums") for t in (1, 1.0)]
    assert json.dumps(specs[0]) == json.dumps(specs[1])


# Cells.


class Fake:
    """Answers with what the request says alone; breaks after ``batches`` batches."""

    opened = 0
    asked = 0

    def __init__(self, batches: int | None):
        self.batches = batches

    def describe(self):
        return {"version": "1.0", "device": f"loading {Fake.opened}"}

    def generate(self, requests):
        size = 2
        # Shortest seed first: engines may answer in any order.
        order = sorted(requests, key=lambda request: request.seed)
        for number, start in enumerate(range(0, len(order), size)):
            if self.batches is not None and number >= self.batches:
                raise InputError("the engine broke")
            batch = order[start : start + size]
            Fake.asked += len(batch)
            yield [
                Completion(r.item_id, r.sample, f"{r.seed} \ud83d", "stop", len(r.messages[0]["content"]), 3 + r.sample)
                for r in batch
            ]


@pytest.fixture
def engine(monkeypatch):
    """Stand in for the transformers engine; ``engine["batches"]`` limits what one loading yields."""
    state = {"batches": None}

    @contextmanager
    def open_engine(model, sampling, settings, files):
        Fake.opened += 1
        yield Fake(state["batches"])

    Fake.opened = Fake.asked = 0
    monkeypatch.setattr(plugins.load("engines", "transformers"), "open_engine", open_engine)
    return state


@pytest.fixture
def cell(tmp_path):
    """Generate a cell below a folder of its own."""

    def run(folder="cell", items=ITEMS, **changes):
        root = tmp_path / folder
        write_jsonl(root / "items.jsonl", map(to_row, items))
        progress = []
        generate_cell(
            items=root / "items.jsonl",
            spec=spec(**changes),
            settings=engine_settings(spec(**changes), {"name": "transformers", "batch_size": 2}),
            revision=REVISION,
            weights=root,
            files=[],
            store=root / "store.jsonl",
            output=root / "out.jsonl.zst",
            stats=root / "out.stats.jsonl",
            meta=root / "out.meta.json",
            progress=lambda *numbers: progress.append(numbers),
        )
        return root, progress

    return run


def test_completions_are_written_in_the_order_of_items(engine, cell):
    root, progress = cell(samples=2)
    rows = [row for _, row in read_jsonl(root / "out.jsonl.zst")]
    requests = build_requests(ITEMS, spec(samples=2), REVISION)
    assert [(row["item_id"], row["sample"]) for row in rows] == [(r.item_id, r.sample) for r in requests]
    assert [row["text"] for row in rows] == [f"{r.seed} \ud83d" for r in requests]
    counts = {"prompt_tokens", "completion_tokens", "reasoning_tokens"}
    assert set(rows[0]) == {"item_id", "sample", "text", "finish_reason", *counts}
    assert progress[0] == (0, 10, 0) and progress[-1] == (10, 10, 5 * 3 + 5 * 4)


def test_nothing_missing_opens_no_engine(engine, cell, monkeypatch):
    root, _ = cell()
    before = (root / "out.jsonl.zst").read_bytes(), read_json(root / "out.meta.json")
    (root / "out.jsonl.zst").unlink()

    def refuse(*_):
        raise AssertionError("the engine was opened")

    monkeypatch.setattr(plugins.load("engines", "transformers"), "open_engine", refuse)
    _, progress = cell()
    assert (root / "out.jsonl.zst").read_bytes() == before[0]
    volatile = ("utc", "git")
    after = read_json(root / "out.meta.json")
    assert {k: v for k, v in after.items() if k not in volatile} == {
        k: v for k, v in before[1].items() if k not in volatile
    }
    assert progress == []


def test_more_samples_generate_only_the_new_ones(engine, cell):
    root, _ = cell(samples=1)
    first = {(r["item_id"], r["sample"]): r for _, r in read_jsonl(root / "out.jsonl.zst")}
    assert Fake.asked == 5
    _, progress = cell(samples=4)
    assert Fake.asked == 5 + 3 * 5
    assert progress[0] == (5, 20, 0)
    rows = {(r["item_id"], r["sample"]): r for _, r in read_jsonl(root / "out.jsonl.zst")}
    assert len(rows) == 20 and first.items() <= rows.items()
    assert len(read_json(root / "out.meta.json")["attempts"]) == 2
    cell(samples=1)
    assert Fake.asked == 20
    assert {(r["item_id"], r["sample"]): r for _, r in read_jsonl(root / "out.jsonl.zst")} == first


def test_a_reordered_or_renamed_item_keeps_its_own_completion(engine, cell):
    items = [Item(str(number), item.question, item.target) for number, item in enumerate(ITEMS)]
    root, _ = cell("a", items)
    texts = {items[int(row["item_id"])].question: row["text"] for _, row in read_jsonl(root / "out.jsonl.zst")}
    reordered = [Item(str(number), item.question, item.target) for number, item in enumerate(reversed(ITEMS))]
    root, _ = cell("a", reordered)
    rows = [row for _, row in read_jsonl(root / "out.jsonl.zst")]
    assert [row["item_id"] for row in rows] == [item.id for item in reordered]
    assert [row["text"] for row in rows] == [texts[item.question] for item in reordered]


def test_a_new_item_generates_only_its_own_completion(engine, cell):
    cell(items=ITEMS[:-1])
    cell(items=[ITEMS[-1], *ITEMS[:-1]])
    assert Fake.asked == 5


@pytest.mark.parametrize("batches", [0, 1, 2, 4])
def test_an_interrupted_cell_ends_in_the_bytes_of_an_undisturbed_one(engine, cell, batches):
    undisturbed, _ = cell("undisturbed", samples=2)
    engine["batches"] = batches
    with pytest.raises(InputError, match="the engine broke"):
        cell("interrupted", samples=2)
    engine["batches"] = None
    asked = Fake.asked
    root, progress = cell("interrupted", samples=2)
    assert Fake.asked - asked == 10 - 2 * batches
    assert progress[0] == (2 * batches, 10, 0)
    assert (root / "out.jsonl.zst").read_bytes() == (undisturbed / "out.jsonl.zst").read_bytes()
    meta = read_json(root / "out.meta.json")
    loadings = [2, 3] if batches else [3]  # the first was the undisturbed cell's
    assert [facts["engine"]["device"] for facts in meta["attempts"]] == [f"loading {number}" for number in loadings]
    assert meta["engine"]["device"] == "loading 3"


def test_an_error_writes_no_output_and_leaves_the_store_intact(engine, cell, tmp_path):
    engine["batches"] = 2
    with pytest.raises(InputError):
        cell()
    root = tmp_path / "cell"
    assert not (root / "out.jsonl.zst").exists() and not (root / "out.meta.json").exists()
    requests = build_requests(ITEMS, spec(), REVISION)
    with CompletionStore(root / "store.jsonl") as store:
        assert sum(store.get(r.key) is not None for r in requests) == 4


def test_a_torn_store_costs_only_the_torn_completion(engine, cell):
    root, _ = cell()
    before = (root / "out.jsonl.zst").read_bytes()
    lines = (root / "store.jsonl").read_bytes().splitlines(keepends=True)
    (root / "store.jsonl").write_bytes(b"".join(lines[:-2]) + lines[-2][:30])
    cell()
    assert Fake.asked == 6
    assert (root / "out.jsonl.zst").read_bytes() == before


def test_the_meta_file_says_how_and_where(engine, cell):
    root, _ = cell(samples=2)
    meta = read_json(root / "out.meta.json")
    assert (meta["model"], meta["benchmark"], meta["revision"]) == ("tiny", "sums", REVISION)
    assert (meta["samples"], meta["completions"], meta["seed"]) == (2, 10, 0)
    assert meta["completion_tokens"] == 5 * 3 + 5 * 4
    assert meta["prompt_tokens"] == 2 * sum(len(f"Q: {item.question}") for item in ITEMS)
    assert meta["prompt"]["protocol"] == 1 and len(meta["prompt"]["sha256"]) == 64
    assert meta["sampling"]["asked"] == spec()["sampling"]
    assert meta["sampling"]["in_force"]["top_p"] == 1.0 and meta["sampling"]["ignored"] == {}
    assert meta["engine"] == {"name": "transformers", "version": "1.0", "device": "loading 1"}
    assert meta["load_seconds"] >= 0 and meta["generation_seconds"] > 0 and meta["peak_memory_bytes"] > 10**6
    assert meta["utc"].endswith("+00:00") and {"commit", "dirty"} == set(meta["git"]) and "numpy" in meta["packages"]


def test_times_are_those_of_the_completions_kept(engine, cell):
    root, _ = cell(samples=3)
    three = read_json(root / "out.meta.json")
    cell(samples=1)
    one = read_json(root / "out.meta.json")
    assert 0 < one["generation_seconds"] < three["generation_seconds"]
    assert one["load_seconds"] == three["load_seconds"]


@pytest.mark.parametrize("control", ["oracle", "empty"])
def test_a_control_keeps_nothing_and_has_no_times(tmp_path, cell, control):
    root, _ = cell(engine={"name": control, "protocol": 1})
    assert not (root / "store.jsonl").exists()
    meta = read_json(root / "out.meta.json")
    for key in ("load_seconds", "generation_seconds", "peak_memory_bytes", "prompt_tokens", "completion_tokens"):
        assert meta[key] is None
    assert meta["engine"]["name"] == control
    texts = [row["text"] for _, row in read_jsonl(root / "out.jsonl.zst")]
    assert texts == ([""] * 5 if control == "empty" else [r.reference for r in build_requests(ITEMS, spec(), REVISION)])


def test_files_of_a_cell_are_those_of_its_engine(load, study_config):
    study = load({**study_config, "models": ["tiny", "oracle"], "engine": {"name": "recorded", "traces": "{model}.x"}})
    assert [path.rpartition("/")[2] for path in generate.cell_files(study, "tiny", "sums")] == ["tiny.x"]
    assert generate.cell_files(study, "oracle", "sums") == []


@pytest.mark.parametrize(("name", "needed"), [("transformers", True), ("recorded", False), ("oracle", False)])
def test_which_engines_need_weights(name, needed):
    assert generate.require_weights({"engine": {"name": name}}) is needed


def test_a_real_model_resumes_to_the_same_bytes(random_model, cell, monkeypatch, items, tmp_path):
    module = plugins.load("engines", "transformers")
    whole = module.Transformers._batch
    calls = []

    def broken(self, requests, *rest):
        calls.append(len(requests))
        if len(calls) == 3:
            raise InputError("the engine broke")
        return whole(self, requests, *rest)

    def run(folder):
        root = tmp_path / folder
        write_jsonl(root / "items.jsonl", map(to_row, items))
        generate_cell(
            items=root / "items.jsonl",
            spec=spec(samples=2),
            settings=engine_settings(spec(), {"name": "transformers", "device": "cpu", "batch_size": 3}),
            revision=REVISION,
            weights=random_model,
            files=[],
            store=root / "store.jsonl",
            output=root / "out.jsonl.zst",
            stats=root / "stats.jsonl",
            meta=root / "meta.json",
        )
        return (root / "out.jsonl.zst").read_bytes(), read_json(root / "meta.json")

    undisturbed, _ = run("undisturbed")
    monkeypatch.setattr(module.Transformers, "_batch", broken)
    with pytest.raises(InputError, match="the engine broke"):
        run("interrupted")
    resumed, meta = run("interrupted")
    assert calls == [3, 3, 3, 3, 1]
    assert resumed == undisturbed
    assert len(meta["attempts"]) == 2 and meta["engine"]["dtype"] == "float32"
