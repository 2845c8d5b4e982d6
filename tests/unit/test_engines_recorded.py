import gzip
import json
import re
from dataclasses import asdict
from hashlib import sha256

import pytest

from paretoscope.cards import check
from paretoscope.engines import recorded
from paretoscope.errors import InputError
from paretoscope.files import read_json
from paretoscope.generate import COSTS, generate_cell
from paretoscope.schema import Completion, Item, Request, Sampling, to_row

SCHEMA = {"type": "object", "properties": recorded.SETTINGS}
ALL = {"prompt_tokens": "prompt_tokens", "sample": "sample", "finish_reason": "finish_reason"}
ROW = {"item_id": "a", "sample": 0, "text": "two", "completion_tokens": 3, "prompt_tokens": 9, "finish_reason": "stop"}


def settings(**changes) -> dict:
    return check({"name": "recorded", "traces": "", **changes}, SCHEMA, "none")


def requests(*keys) -> list[Request]:
    return [Request(item, sample, (), 0, "") for item, sample in keys or [("a", 0), ("b", 0)]]


def replay(path, wanted=None, **changes):
    with recorded.open_engine({}, Sampling(0.6), settings(**changes), [str(path)]) as engine:
        return [completion for batch in engine.generate(wanted or requests()) for completion in batch]


@pytest.fixture
def trace(tmp_path):
    def write(*rows, name="trace.jsonl"):
        path = tmp_path / name
        text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
        return path

    return write


def row(**changes) -> dict:
    return {**ROW, **changes}


def without(name: str) -> dict:
    return {key: value for key, value in row(item_id="b").items() if key != name}


@pytest.mark.parametrize("name", ["trace.jsonl", "trace.jsonl.gz"])
def test_responses_come_in_the_order_of_the_requests(trace, name):
    path = trace(row(item_id="b", text="lone \ud83d"), row(), name=name)
    assert replay(path, columns=ALL) == [
        Completion("a", 0, "two", "stop", 9, 3),
        Completion("b", 0, "lone \ud83d", "stop", 9, 3),
    ]


def test_what_the_recording_does_not_say_stays_empty(trace):
    path = trace({"item_id": 1, "text": "", "completion_tokens": 0})
    assert replay(path, requests(("1", 0))) == [Completion("1", 0, "", None, None, 0)]


def test_columns_may_have_other_names(trace):
    path = trace({"problem": "a", "response": "two", "n": 3})
    columns = {"item_id": "problem", "text": "response", "completion_tokens": "n"}
    assert replay(path, requests(("a", 0)), columns=columns) == [Completion("a", 0, "two", None, None, 3)]


def test_samples_that_are_not_wanted_are_left(trace):
    path = trace(*(row(sample=sample, text=str(sample)) for sample in range(4)))
    assert [c.text for c in replay(path, requests(("a", 2), ("a", 0)), columns=ALL)] == ["2", "0"]


def test_unknown_items_are_skipped_where_asked(trace):
    path = trace(row(item_id="x"), row(), row(item_id="b"), row(item_id="x"))
    assert [c.item_id for c in replay(path, ignore_unknown_items=True)] == ["a", "b"]


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("{", "not JSON"),
        ("[1]", "expected a JSON object"),
        (row(item_id="x"), "the benchmark has no item 'x'. Remove the line, or set engine.ignore_unknown_items."),
        (row(), "item 'a', sample 0 was recorded on an earlier line already."),
        (row(item_id="b", completion_tokens=-1), "completion_tokens is -1; it must be 0 to 2147483647."),
        (row(item_id="b", completion_tokens=3.0), "completion_tokens is 3.0; expected a whole number."),
        (row(item_id="b", completion_tokens=True), "completion_tokens is True; expected a whole number."),
        (row(item_id="b", completion_tokens="3"), "completion_tokens is '3'; expected a whole number."),
        (row(item_id="b", completion_tokens=None), "completion_tokens is None; expected a whole number."),
        (
            without("completion_tokens"),
            "the field 'completion_tokens' (completion_tokens) is missing. Fields there: it",
        ),
        (without("text"), "the field 'text' (text) is missing"),
        (without("item_id"), "the field 'item_id' (item_id) is missing"),
        (row(item_id="b", prompt_tokens=-5), "prompt_tokens is -5; it must be 1 to 2147483647."),
        (row(item_id="b", prompt_tokens=False), "prompt_tokens is False; expected a whole number."),
        (row(item_id="b", sample=-1), "sample is -1; it must be 0 to 2147483647."),
        (row(item_id="b", sample=0.0), "sample is 0.0; expected a whole number."),
        (row(item_id="b", text=None), "text is None; expected text."),
        (row(item_id="b", text=["x"]), "text is ['x']; expected text."),
        (row(item_id=True), "item_id is True; expected text or a whole number."),
        (row(item_id=1.5), "item_id is 1.5; expected text or a whole number."),
        (row(item_id="b", finish_reason="eos"), "finish_reason is 'eos'; it must be one of stop, length, or null."),
        (row(item_id="b", finish_reason=1), "finish_reason is 1; expected text or null."),
        (row(item_id="b", text=7 * "long ", completion_tokens="x" * 500), "completion_tokens"),
    ],
)
def test_bad_lines_are_named(trace, bad, what):
    path = trace(row(), bad, row(item_id="b"))
    with pytest.raises(InputError) as error:
        replay(path, columns=ALL)
    message = re.sub(r" \((\w+)\) is (?!missing)", " is ", str(error.value))
    assert message.startswith(f"{path}, line 2: ") and what in message
    assert len(message) < 400


def test_missing_items_are_named(trace):
    wanted = requests(*((f"i{number}", sample) for number in range(20) for sample in range(2)))
    path = trace(*(row(item_id=f"i{number}") for number in range(5, 20)))
    with pytest.raises(InputError) as error:
        replay(path, wanted, columns=ALL)
    message = str(error.value)
    assert message.startswith(f"{path}: 25 of 40 responses are missing: i0 (sample 0), i0 (sample 1), i1 (sample 0)")
    assert "and 15 more. Record them, or take the items out of the benchmark." in message


def test_a_recording_of_another_benchmark_is_refused_even_where_unknown_items_are_skipped(trace):
    with pytest.raises(InputError, match="2 of 2 responses are missing"):
        replay(trace(row(item_id="x"), row(item_id="y")), ignore_unknown_items=True)


def test_a_recording_that_is_cut_short_or_absent_is_told(trace, tmp_path):
    path = trace(
        *(row(item_id=f"i{number}", text=sha256(bytes([number % 256])).hexdigest()) for number in range(500)),
        name="t.jsonl.gz",
    )
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"t\.jsonl\.gz, after line \d+: can't be read to its end"):
        replay(path, ignore_unknown_items=True)
    with pytest.raises(InputError, match=r"absent\.jsonl: no such file"):
        replay(tmp_path / "absent.jsonl")


@pytest.mark.parametrize(
    ("traces", "path"),
    [
        ("t/{model}__{benchmark}.jsonl", "t/tiny__sums.jsonl"),
        ("t/{model_name}.jsonl", "t/Tiny 1B.jsonl"),
        ({"sums": "{model}.gz", "other": "x"}, "tiny.gz"),
    ],
)
def test_paths_of_cells(traces, path):
    resolved = recorded.resolve(settings(traces=traces), lambda path: f"study/{path}")
    assert recorded.files(resolved, {"id": "tiny", "name": "Tiny 1B"}, {"id": "sums"}) == [f"study/{path}"]


def test_an_unknown_placeholder_in_a_path_is_refused():
    with pytest.raises(InputError, match=r"engine\.traces: unknown placeholder {modle}\. Did you mean '{model}'"):
        recorded.resolve({"traces": "t/{modle}.jsonl"}, str)


def test_a_benchmark_without_a_path_is_told():
    with pytest.raises(InputError, match=r"engine\.traces: no path for the benchmark 'sums'\. Add one, or exclude"):
        recorded.files(settings(traces={"other": "x"}), {"id": "tiny", "name": "Tiny"}, {"id": "sums"})


def test_nothing_is_claimed_of_how_a_recording_came_about(trace, tmp_path):
    path = trace(row())
    (tmp_path / "items.jsonl").write_text(json.dumps(to_row(Item("a", "Q?", "2"))) + "\n", encoding="utf-8")
    spec = {
        "model": {"id": "m", "source": None, "chat_template": {}, "context_length": None, "reasoning": None},
        "benchmark": {"id": "b", "grader": "math", "prompt": {"protocol": 1, "template": "{question}"}},
        "engine": {"name": "recorded", "protocol": 1, "settings": {}},
        **{"sampling": asdict(Sampling(0.6)), "seed": 7, "samples": 1},
    }
    out, stats, meta = (tmp_path / name for name in ("out.jsonl.zst", "stats.jsonl.zst", "out.meta.json"))
    places = {"store": tmp_path / "store.jsonl", "output": out, "stats": stats, "meta": meta}
    generate_cell(
        items=tmp_path / "items.jsonl",
        **{"spec": spec, "settings": settings(columns=ALL), "revision": None, "weights": None, "files": [str(path)]},
        **places,
    )
    told = read_json(meta)
    assert told["seed"] is None and told["sampling"]["asked"]["temperature"] == 0.6
    assert set(told["sampling"]["in_force"].values()) == {None}
    assert set(told["sampling"]["ignored"]) == {*told["sampling"]["in_force"], "seed"}
    assert set(told["unmeasured"]) == {*COSTS, "generation_seconds", "gpu_seconds"}
    reasons = {*told["sampling"]["ignored"].values(), *told["unmeasured"].values()}
    assert reasons == {"not known: recorded elsewhere"}
    assert all(told[name] is None for name in told["unmeasured"])
