import copy
import re
from pathlib import Path

import pytest
import yaml

from paretoscope.cards import read_yaml
from paretoscope.catalog import CATALOG, find_cards, load_study, read_card
from paretoscope.errors import InputError

CONTROL = {"source": None, "release_date": None, "kind": "control", "type": "control", "engine": "oracle"}
TRAINING = {"style": "full", "steps": 3, "batch_size": 2, "learning_rate": 0.01, "seed": 0}
DROP = object()


def changed(card: dict, changes: dict) -> dict:
    """Return a card with keys replaced (``a.b`` goes deeper) or dropped."""
    card = copy.deepcopy(card)
    for name, value in changes.items():
        *parents, key = name.split(".")
        part = card
        for parent in parents:
            part = part[parent]
        if value is DROP:
            del part[key]
        else:
            part[key] = copy.deepcopy(value)
    return card


def line_of_key(path: Path, key: str) -> int | None:
    """Return the line of a key that stands once in a file."""
    lines = path.read_text().splitlines()
    return next((number for number, line in enumerate(lines, start=1) if re.match(rf"\s*{key}:", line)), None)


# The cards and studies that come with the workflow.


@pytest.mark.parametrize("kind", ["model", "benchmark"])
def test_every_card_loads(kind):
    found = find_cards([CATALOG], f"{kind}s")
    assert len(found) >= 10
    for name, file in found.items():
        assert read_card(file, kind)["id"] == name


@pytest.mark.parametrize("path", sorted(CATALOG.glob("*.yaml")), ids=lambda path: path.name)
def test_every_study_loads(path):
    study = load_study(read_yaml(path), path)
    assert study.cells


# Model cards.

HEX = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("changes", "key", "what"),
    [
        ({"nam": "x"}, "nam", "unknown key. Did you mean 'name'?"),
        ({"name": DROP}, "", "key 'name' is missing. Name to show"),
        ({"id": "other"}, "id", "isn't the file's name. Call the file other.yaml or set id: tiny."),
        ({"id": "Tiny model"}, "id", "does not match"),
        ({"id": None}, "id", "None is not of type 'string'"),
        ({"source": None}, "source", "null is for controls; give hub_id and revision, a path, or training."),
        ({"source.revision": DROP}, "source", "key 'revision' is missing. Commit"),
        ({"source.revisoin": HEX}, "source.revisoin", "unknown key. Did you mean 'revision'?"),
        ({"source.hub_id": "tiny"}, "source.hub_id", "as owner/name"),
        ({"source.hub_id": "https://host/owner/tiny"}, "source.hub_id", "as owner/name"),
        ({"source.revision": HEX[:-1]}, "source.revision", "40 hex digits"),
        ({"source.revision": HEX + "0"}, "source.revision", "40 hex digits"),
        ({"source.revision": HEX.upper()}, "source.revision", "40 hex digits"),
        ({"source.revision": "g" * 40}, "source.revision", "40 hex digits"),
        ({"source.revision": "main"}, "source.revision", "40 hex digits"),
        ({"source.revision": ""}, "source.revision", "40 hex digits"),
        ({"source.revision": int("1" * 40)}, "source.revision", "40 hex digits; null until pinned, and then nothing"),
        ({"source.revision": int("1" * 40)}, "source.revision", "Put it in quotes."),
        ({"source.path": "x"}, "source.path", "unknown key. Known: hub_id, revision."),
        ({"source": {"training": {**TRAINING, "steps": 0}}}, "source.training.steps", "0 is less than the minimum"),
        ({"source": {"training": {**TRAINING, "style": "ful"}}}, "source.training.style", "'full'"),
        ({"source": {"training": TRAINING}, "architecture": None}, "source", "needs its architecture"),
        ({"release_date": "2025-02-30"}, "release_date", "'2025-02-30' isn't a day; write it as \"2026-01-31\""),
        ({"release_date": "2025-13-01"}, "release_date", "isn't a day"),
        ({"release_date": "January 2025"}, "release_date", "as YYYY-MM-DD"),
        ({"release_date": "20250131"}, "release_date", "as YYYY-MM-DD"),
        ({"release_date": 2025}, "release_date", "as YYYY-MM-DD"),
        ({"release_date": None}, "release_date", "None isn't a day"),
        ({"kind": "sparse"}, "kind", "moe (mixture of experts)"),
        ({"type": "chat"}, "type", "instruct"),
        ({"type": "control"}, "kind", "any other model has none of these"),
        ({"kind": "control"}, "kind", "any other model has none of these"),
        ({"engine": "oracle"}, "kind", "any other model has none of these"),
        ({**CONTROL, "engine": None}, "kind", "a control has kind: control, type: control and an engine"),
        ({**CONTROL, "engine": "oracel"}, "engine", "no control engine. Did you mean 'oracle'?"),
        ({**CONTROL, "engine": "recorded"}, "engine", "no control engine. Known: empty, oracle."),
        ({**CONTROL, "engine": "transformers"}, "engine", "no control engine. Known: empty, oracle."),
        ({**CONTROL, "source": {"path": "x"}}, "source", "a control has none; set it to null."),
        ({**CONTROL, "release_date": "2025-01-31"}, "release_date", "a control has none; set it to null."),
        ({"architecture": {"hidden_size": 8}}, "architecture", "key 'model_type' is missing"),
        ({"config": "config.json"}, "config", "give architecture or config, not both."),
        ({"reasoning": {"start": "<think>"}}, "reasoning", "is missing"),
        ({"context_length": 0}, "context_length", "minimum of 1"),
        ({"sampling": {"heat": 1}}, "sampling.heat", "unknown key"),
        ({"serving": {"gpus": 0}}, "serving.gpus", "minimum of 1"),
        ({"serving": {"memory_fraction": 1.0}}, "serving.memory_fraction", "than or equal to the maximum of 1"),
        ({"serving": {"attention_backend": "a b"}}, "serving.attention_backend", "does not match"),
        ({"serving": {"trust_remote_code": True}}, "serving.trust_remote_code", "is not of type 'string'"),
        ({"sampling.temperature": -0.1}, "sampling.temperature", "minimum of 0"),
        ({"sampling.temperature": float("nan")}, "sampling.temperature", "is not of type 'number'"),
        ({"sampling.top_p": 0}, "sampling.top_p", "less than or equal to the minimum"),
        ({"sampling.top_k": 2.5}, "sampling.top_k", "is not of type 'integer'"),
        ({"sampling.topk": 2}, "sampling.topk", "Did you mean 'top_k'?"),
        ({"chat_template": {"enable_thinking": [True]}}, "chat_template.enable_thinking", "is not of type"),
    ],
)
def test_bad_model_cards_are_told(write_yaml, model_card, changes, key, what):
    path = write_yaml("models/tiny.yaml", changed(model_card, changes))
    with pytest.raises(InputError) as error:
        read_card(path, "model")
    message = str(error.value)
    assert what in message
    assert re.match(rf"{re.escape(str(path))}(, line \d+)?: {re.escape(key)}(: |$)?", message), message
    line = line_of_key(path, key.rpartition(".")[2])
    assert line is None or f", line {line}:" in message


@pytest.mark.parametrize(
    "changes",
    [
        {"source.revision": None},
        {"source": {"path": "../weights"}, "architecture": DROP},
        {"source": {"training": TRAINING}},
        CONTROL,
        {"architecture": None, "config": "shape.json"},
        {"release_date": "2024-02-29"},
        {"sampling": {"temperature": 0}},
    ],
)
def test_good_model_cards_load(write_yaml, model_card, changes):
    assert read_card(write_yaml("models/tiny.yaml", changed(model_card, changes)), "model")["id"] == "tiny"


def test_paths_on_cards_are_relative_to_the_card(write_yaml, model_card, tmp_path, monkeypatch):
    card = changed(model_card, {"source": {"path": "../weights"}, "architecture": None, "config": "shape.json"})
    path = write_yaml("cards/models/tiny.yaml", card)
    monkeypatch.chdir(tmp_path)
    found = read_card(path, "model")
    assert found["source"]["path"] == "cards/weights"
    assert found["config"] == "cards/models/shape.json"


# Benchmark cards.

HUB = {"source": {"hub_id": "owner/set", "split": "test", "revision": HEX}}
COLUMNS = {"columns": {"question": "q", "target": "a"}}


@pytest.mark.parametrize(
    ("changes", "key", "what"),
    [
        ({"row": 5}, "row", "unknown key. Did you mean 'rows'?"),
        ({"rows": DROP}, "", "key 'rows' is missing"),
        ({"rows": 0}, "rows", "minimum of 1"),
        ({"rows": 5.0}, "rows", "is not of type 'integer'"),
        ({"id": "other"}, "id", "isn't the file's name"),
        (
            {**HUB, "format": "multiple_choice", "columns": {"question": "q", "target": "a", "distractors": ["b"]}},
            "prompt.template",
            "the text {choices} is missing, so the options would not be shown.",
        ),
        ({"format": "arithmetik"}, "format", "unknown format 'arithmetik'. Did you mean 'arithmetic'?"),
        ({"prompt.template": "Solve it."}, "prompt.template", "the text {question} is missing"),
        ({"prompt.template": "{Question}"}, "prompt.template", "the text {question} is missing"),
        ({"prompt.protocol": 0}, "prompt.protocol", "minimum of 1"),
        ({**HUB, **COLUMNS, "format": "math", "columns": {"question": "q"}}, "columns", "column is 'target'"),
        ({**HUB, "format": "gsm8k"}, "columns", "needs to know which column is 'question'"),
        ({**HUB, **COLUMNS, "format": "multiple_choice"}, "columns", "needs to know which column is 'distractors'"),
        ({**HUB, **COLUMNS, "source.revision": HEX[1:]}, "source.revision", "40 hex digits"),
        ({**HUB, **COLUMNS, "source.split": DROP}, "source", "key 'split' is missing"),
        ({"source.generator.level": "simple"}, "source.generator.level", "'easy', 'medium', 'hard'"),
        ({"source.generator.split": "train"}, "source.generator.split", "trained on train"),
        ({"content_sha256": "abc"}, "content_sha256", "64 hex digits"),
        ({"subset": {"items": 6}}, "subset.items", "6 items, but the source holds 5 (rows)."),
        ({"subset": {"items": 0}}, "subset.items", "minimum of 1"),
        ({"subset": {"seed": 1}}, "subset", "key 'items' is missing"),
        ({"grading": {"grader": "maths"}}, "grading.grader", "unknown grader 'maths'. Did you mean 'math'?"),
        ({"grading": {}}, "grading", "key 'grader' is missing"),
        ({"grading": {"grader": "math", "final": True}}, "grading.final", "unknown key."),
        ({"grading": {"grader": "math", "final_number": 1}}, "grading.final_number", "is not of type 'boolean'"),
        ({"columns": {"questoin": "q"}}, "columns.questoin", "Did you mean 'question'?"),
    ],
)
def test_bad_benchmark_cards_are_told(write_yaml, benchmark_card, changes, key, what):
    path = write_yaml("benchmarks/sums.yaml", changed(benchmark_card, changes))
    with pytest.raises(InputError) as error:
        read_card(path, "benchmark")
    message = str(error.value)
    assert what in message
    assert re.match(rf"{re.escape(str(path))}(, line \d+)?: {re.escape(key)}", message), message
    line = line_of_key(path, key.rpartition(".")[2])
    assert line is None or f", line {line}:" in message


def test_grading_options_are_filled_in(write_yaml, benchmark_card):
    card = read_card(write_yaml("benchmarks/sums.yaml", benchmark_card), "benchmark")
    assert card["grading"]["grader"] == "math"
    assert set(card["grading"].values()) == {"math", False}


@pytest.mark.parametrize(
    ("name", "kind", "duplicate"), [("tiny", "model", "name: Again\n"), ("sums", "benchmark", "rows: 7\n")]
)
def test_a_key_given_twice_on_a_card_is_told(
    write_yaml, model_card, benchmark_card, study_config, load, name, kind, duplicate
):
    card = {"model": model_card, "benchmark": benchmark_card}[kind]
    path = write_yaml(f"{kind}s/{name}.yaml", yaml.safe_dump(card) + duplicate)
    with pytest.raises(InputError, match=rf"{name}\.yaml, line \d+: not valid YAML: key '\w+' is given twice"):
        load(study_config)
    assert path.exists()


# Studies.

JUDGE = {"model": "nano-smoke-b"}


@pytest.mark.parametrize(
    ("changes", "key", "what"),
    [
        ({"studdy": "x"}, "studdy", "unknown key. Did you mean 'study'?"),
        ({"engine": DROP}, "", "key 'engine' is missing. What generates"),
        ({"study": "../out"}, "study", "does not match"),
        ({"study": "My study"}, "study", "does not match"),
        ({"models": []}, "models", "should be non-empty"),
        ({"models": ["tiny", "tiny"]}, "models", "has non-unique elements"),
        ({"models": ["tiny", "tinny"]}, "models.1", "unknown model 'tinny'. Did you mean 'tiny'?"),
        ({"benchmarks": ["sum"]}, "benchmarks.0", "unknown benchmark 'sum'. Did you mean 'sums'?"),
        ({"engine.name": "transformer"}, "engine.name", "unknown engine 'transformer'. Did you mean 'transformers'?"),
        ({"engine.batchsize": 3}, "engine.batchsize", "unknown key. Did you mean 'batch_size'?"),
        ({"engine.batch_size": "many"}, "engine.batch_size", "'many' is not of type 'integer'"),
        ({"engine.batch_size": 0}, "engine.batch_size", "minimum of 1"),
        ({"engine.dtype": "int4"}, "engine.dtype", "is not one of"),
        ({"engine": {"name": "recorded"}}, "engine", "key 'traces' is missing. Path of a cell's file"),
        ({"engine": {"name": "recorded", "traces": 3}}, "engine.traces", "3 can't stand here. Path of a cell's file"),
        (
            {"engine": {"name": "recorded", "traces": "x", "columns": {"txt": "t"}}},
            "engine.columns.txt",
            "Did you mean 'text'?",
        ),
        ({"engine": {"name": "oracle"}}, "engine.name", "'oracle' is a control; it stands in the grid as a model card"),
        ({"exclude": [{"model": "tiny", "benchmark": "sums"}]}, "exclude.0", "key 'reason' is missing"),
        (
            {"exclude": [{"model": "tinny", "benchmark": "sums", "reason": "x"}]},
            "exclude.0.model",
            "'tinny' isn't among the study's models. Did you mean 'tiny'?",
        ),
        (
            {"exclude": [{"model": "tiny", "benchmark": "gsm8k", "reason": "x"}]},
            "exclude.0.benchmark",
            "'gsm8k' isn't among the study's benchmarks.",
        ),
        (
            {"exclude": [{"model": "tiny", "benchmark": "sums", "reason": "too large"}]},
            "exclude",
            "every cell is excluded; nothing is left to do.",
        ),
        ({"samples_per_item": 0}, "samples_per_item", "minimum of 1"),
        ({"seed": -1}, "seed", "minimum of 0"),
        ({"sampling": {"temperature": "hot"}}, "sampling.temperature", "is not of type 'number'"),
        ({"sampling": {"max_new_tokens": None}}, "sampling.max_new_tokens", "is not of type 'integer'"),
        ({"analysis": {"accuracy_thresholds": [0.5, 90]}}, "analysis.accuracy_thresholds.1", "maximum of 1"),
        ({"figures": {"labels": "some"}}, "figures.labels", "is not one of"),
        ({"plots": {"labels": "all"}}, "plots", "stand under the key figures"),
        ({"judge": {}}, "judge", "key 'model' is missing"),
        (
            {"judge": {"model": "nano-smokeb"}},
            "judge.model",
            "unknown model 'nano-smokeb'. Did you mean 'nano-smoke-b'",
        ),
        ({"judge": {"model": "tiny"}}, "judge.model", "'tiny' is a model of the study; it can't judge itself."),
        ({"judge": {"model": "oracle"}}, "judge.model", "'oracle' is a control"),
        ({"judge": {"model": "nano-smoke-a"}}, "judge.model", "the chat template of 'nano-smoke-a' opens a reasoning"),
        ({"judge": JUDGE | {"words": {"correct": "yes"}}}, "judge.words", "key 'wrong' is missing"),
        ({"judge": JUDGE | {"words": {"correct": "a", "wrong": "a"}}}, "judge.words", "the two words must differ"),
        ({"judge": JUDGE | {"words": {"correct": "(", "wrong": "a"}}}, "judge.words.correct", "does not match"),
        (
            {"judge": JUDGE, "engine": {"name": "recorded", "traces": "x"}},
            "judge",
            "the engine 'recorded' can't hold a judge to its two words.",
        ),
    ],
)
def test_bad_studies_are_told(load, study_config, tmp_path, changes, key, what):
    with pytest.raises(InputError) as error:
        load(changed(study_config, changes))
    message = str(error.value)
    assert what in message
    assert re.match(rf"{re.escape(str(tmp_path))}/study\.yaml(, line \d+)?: {re.escape(key)}", message), message
    if key:
        assert ", line " in message


@pytest.mark.parametrize(
    ("groups", "key", "what"),
    [
        (
            {"math": ["sums", "sumz"]},
            "analysis.groups.math",
            "'sumz' is no benchmark of the study. Did you mean 'sums'?",
        ),
        ({"average": ["sums"]}, "analysis.groups.average", "give the group another id"),
        ({"sums": ["sums"]}, "analysis.groups.sums", "give the group another id"),
        ({"Math": ["sums"]}, "analysis.groups", "does not match"),
        ({"math": []}, "analysis.groups.math", "[]"),
    ],
)
def test_groups_are_of_the_study_s_benchmarks(load, study_config, groups, key, what):
    with pytest.raises(InputError) as error:
        load({**study_config, "analysis": {"groups": groups}})
    assert key in str(error.value)
    assert what in str(error.value)


def test_a_judge_is_run_like_the_models_of_the_grid_and_is_none_of_them(load, study_config):
    study = load({**study_config, "judge": JUDGE})
    assert list(study.models) == ["tiny"] and list(study.cards) == ["tiny", "nano-smoke-b"]
    assert study.cells == [("tiny", "sums")]
    assert study.judge["words"] == {"correct": "correct", "wrong": "wrong"}
    assert study.engine_of("nano-smoke-b")["name"] == "transformers"
    assert list(load(study_config).cards) == ["tiny"]


def test_a_judge_that_is_not_pinned_is_warned_of(write_yaml, load, study_config, model_card):
    source = {"hub_id": "owner/judge", "revision": None}
    write_yaml("models/judge.yaml", {**model_card, "id": "judge", "source": source})
    (warning,) = load({**study_config, "judge": {"model": "judge"}, "samples_per_item": 2}).warnings
    assert "revision is null on 1 card(s), first" in warning and "judge.yaml" in warning


def test_a_key_given_twice_in_a_study_is_told(write_yaml, study_config, tmp_path):
    path = write_yaml("study.yaml", yaml.safe_dump(study_config) + "seed: 1\nseed: 2\n")
    with pytest.raises(InputError, match=r"study\.yaml, line \d+: not valid YAML: key 'seed' is given twice"):
        load_study({**study_config, "seed": 2}, path)


def test_two_cards_with_one_id_are_told(write_yaml, load, study_config, model_card):
    write_yaml("more/models/tiny.yaml", model_card)
    write_yaml("models/tiny.yaml", model_card)
    path = write_yaml("study.yaml", {**study_config, "cards": [".", "more"]})
    with pytest.raises(InputError, match=r"more/models/tiny\.yaml, line 1: id: the id 'tiny' is already taken by .*"):
        load_study(read_yaml(path), path)


def test_an_id_taken_by_a_card_of_another_file_name_is_told(write_yaml, load, study_config, model_card):
    write_yaml("models/tiny.yaml", model_card)
    write_yaml("models/z.yaml", model_card)
    with pytest.raises(InputError, match=r"z\.yaml, line 1: id: the id 'tiny' is already taken"):
        load(study_config)


def test_a_card_that_the_study_means_but_that_has_another_id_is_told(write_yaml, load, study_config, model_card):
    write_yaml("models/tiny.yaml", {**model_card, "id": "other"})
    with pytest.raises(InputError, match=r"tiny\.yaml, line 1: id: the id 'other' isn't the file's name"):
        load(study_config)


@pytest.mark.parametrize("text", ["id:\nname: x\n", "{id: tiny, name: x}\n", "name: x\n"])
def test_a_card_whose_id_is_not_seen_without_parsing_goes_by_its_file_name(write_yaml, tmp_path, text):
    path = write_yaml("models/tiny.yaml", text)
    assert find_cards([tmp_path], "models") == {"tiny": path}


def test_a_folder_named_twice_is_no_collision(write_yaml, tmp_path, model_card):
    path = write_yaml("models/tiny.yaml", model_card)
    assert find_cards([tmp_path, tmp_path], "models") == {"tiny": path}


@pytest.mark.parametrize(
    ("cards", "what"),
    [
        ({"a": "b"}, "'a' continues the training of 'b', which must be in the study too."),
        ({"a": "b", "b": "a"}, "init leads in a circle: a -> b -> a."),
        ({"a": "a"}, "init leads in a circle: a -> a."),
        ({"a": "tiny"}, "init is 'tiny', which the workflow doesn't train itself."),
        ({"a": "oracle"}, "init is 'oracle', which the workflow doesn't train itself."),
    ],
)
def test_training_must_begin_with_random_weights(write_yaml, load, study_config, model_card, cards, what):
    for name, init in cards.items():
        source = {"training": {**TRAINING, "init": init}}
        write_yaml(f"models/{name}.yaml", changed(model_card, {"id": name, "source": source}))
    with pytest.raises(InputError, match=re.escape(what)):
        load({**study_config, "models": [*cards, "tiny", "oracle"]})


def test_training_may_continue_another(write_yaml, load, study_config, model_card):
    for name, init in (("a", None), ("b", "a"), ("c", "b")):
        source = {"training": {**TRAINING, "init": init}}
        write_yaml(f"models/{name}.yaml", changed(model_card, {"id": name, "source": source}))
    assert load({**study_config, "models": ["c", "b", "a"]}).cells == [("c", "sums"), ("b", "sums"), ("a", "sums")]


def test_a_recording_needs_the_shape_of_its_model(write_yaml, load, study_config, model_card):
    write_yaml("models/tiny.yaml", changed(model_card, {"architecture": None}))
    engine = {"name": "recorded", "traces": "x.jsonl"}
    with pytest.raises(InputError, match=r"tiny\.yaml: the engine 'recorded' brings no weights, so FLOPs need .*shape"):
        load({**study_config, "engine": engine})


def test_paths_of_a_study_are_relative_to_it(load, study_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    engine = {"name": "recorded", "traces": "traces/{model}__{benchmark}.jsonl"}
    assert load({**study_config, "engine": engine}).engine["traces"] == (
        f"{tmp_path.name}/traces/{{model}}__{{benchmark}}.jsonl"
    )


@pytest.mark.parametrize(
    ("changes", "card_changes", "warning"),
    [
        ({}, {"source.revision": None}, "tiny.yaml"),
        ({"samples_per_item": 4}, {"sampling.temperature": 0}, "it gets one sample per item, not 4."),
        ({"samples_per_item": 4, "sampling": {"temperature": 0}}, {}, "it gets one sample per item, not 4."),
        ({"samples_per_item": 4, "sampling": {"temperature": 1}}, {"sampling.temperature": 0}, None),
        ({}, {}, None),
    ],
)
def test_warnings(write_yaml, load, study_config, model_card, changes, card_changes, warning):
    write_yaml("models/tiny.yaml", changed(model_card, card_changes))
    warnings = load({**study_config, **changes}).warnings
    assert len(warnings) == (warning is not None)
    assert warning is None or warning in warnings[0]


@pytest.mark.parametrize(
    ("card", "study", "temperature"),
    [
        ({"type": "reasoning", "sampling": {}}, {}, 0.6),
        ({"type": "instruct", "sampling": {}}, {}, 0.0),
        ({"type": "base", "sampling": {"temperature": None}}, {}, 0.0),
        ({"type": "reasoning", "sampling": {"temperature": 1}}, {}, 1.0),
        ({"type": "reasoning", "sampling": {}}, {"sampling": {"temperature": 0.3}}, 0.3),
    ],
)
def test_temperature_follows_the_type_unless_said(write_yaml, load, study_config, model_card, card, study, temperature):
    write_yaml("models/tiny.yaml", {**model_card, **card})
    sampling = load({**study_config, **study}).sampling_of("tiny")
    assert sampling["temperature"] == temperature
    assert (sampling["top_p"], sampling["top_k"], sampling["min_p"]) == (None, None, None)


def test_what_a_study_says_of_its_cells(write_yaml, load, study_config, model_card):
    study = load(
        {
            **study_config,
            "models": ["oracle", "tiny"],
            "benchmarks": ["sums", "arithmetic-easy"],
            "exclude": [{"model": "tiny", "benchmark": "sums", "reason": "too large"}],
            "samples_per_item": 3,
            "sampling": {"top_p": 0.5},
        }
    )
    assert study.cells == [("oracle", "sums"), ("oracle", "arithmetic-easy"), ("tiny", "arithmetic-easy")]
    assert study.engine_of("oracle") == {"name": "oracle"}
    assert study.engine_of("tiny")["batch_size"] == 64
    assert study.is_control("oracle") and not study.is_control("tiny")
    assert study.sampling_of("tiny")["top_p"] == 0.5 and study.sampling_of("oracle")["top_p"] is None
    assert (study.samples_of("tiny"), study.samples_of("oracle")) == (3, 1)
    spec = study.summary_spec(study.cells[:1], study.cells[1:])
    assert spec["cells"] == [("oracle", "sums")]
    assert sorted(spec["absent"]) == [
        ("oracle", "arithmetic-easy", "not finished when the tables were made"),
        ("tiny", "arithmetic-easy", "not finished when the tables were made"),
        ("tiny", "sums", "too large"),
    ]
    assert spec["models"]["tiny"] == {
        key: model_card[key] for key in ("name", "family", "kind", "type", "release_date")
    }
    assert spec["benchmarks"] == {"sums": "Sums", "arithmetic-easy": "Arithmetic, easy"}


def test_loading_changes_nothing_it_was_given(load, study_config):
    before = repr(study_config)
    first, second = load(study_config), load(study_config)
    assert repr(study_config) == before
    first.models["tiny"]["sampling"]["temperature"] = 9
    assert second.models["tiny"]["sampling"]["temperature"] == 0.6
