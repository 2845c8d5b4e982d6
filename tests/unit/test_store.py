import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paretoscope.errors import InputError
from paretoscope.store import CompletionStore, completion_key

ROOT = Path(__file__).parents[2]

FACTS = {
    "revision": "0" * 40,
    "messages": ({"role": "user", "content": "1 + 1?"},),
    "prompt_protocol": 1,
    "chat_template": {"enable_thinking": True},
    "context_length": 4096,
    "sampling": {"temperature": 0.6, "top_p": 1.0, "max_new_tokens": None},
    "seed": 7,
    "sample": 0,
    "engine": {"name": "transformers", "protocol": 1, "dtype": "auto"},
}


def row(key: str, text: str = "text") -> dict:
    return {"key": key, "text": text}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work" / "cell.jsonl"


def stored(path) -> dict[str, dict]:
    with CompletionStore(path) as store:
        return dict(store._rows)


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        ("revision", "1" * 40),
        ("revision", ""),
        ("messages", ({"role": "user", "content": "1 + 2?"},)),
        ("messages", ({"role": "system", "content": "1 + 1?"},)),
        ("messages", ({"role": "user", "content": "1 + 1?"}, {"role": "user", "content": ""})),
        ("prompt_protocol", 2),
        ("chat_template", {"enable_thinking": False}),
        ("chat_template", {}),
        ("context_length", 8192),
        ("context_length", None),
        ("sampling", {"temperature": 0.7, "top_p": 1.0, "max_new_tokens": None}),
        ("sampling", {"temperature": 0.6, "top_p": 1.0, "max_new_tokens": 100}),
        ("seed", 8),
        ("sample", 1),
        ("engine", {"name": "other", "protocol": 1, "dtype": "auto"}),
        ("engine", {"name": "transformers", "protocol": 2, "dtype": "auto"}),
        ("engine", {"name": "transformers", "protocol": 1, "dtype": "float32"}),
    ],
)
def test_key_changes_with_everything_that_determines_a_completion(fact, other):
    assert completion_key(**{**FACTS, fact: other}) != completion_key(**FACTS)


def test_every_fact_of_the_key_is_in_the_table_above():
    table = next(mark for mark in test_key_changes_with_everything_that_determines_a_completion.pytestmark)
    assert {fact for fact, _ in table.args[1]} == set(FACTS)


def test_key_does_not_change_with_the_order_of_settings_or_the_kind_of_sequence():
    same = {**FACTS, "messages": [{"content": "1 + 1?", "role": "user"}]}
    same["sampling"] = dict(reversed(FACTS["sampling"].items()))
    assert completion_key(**same) == completion_key(**FACTS)


def test_rows_are_found_again_and_the_last_of_a_key_counts(path):
    with CompletionStore(path) as store:
        assert len(store) == 0 and store.get("a") is None
        store.add([row("a"), row("b", "lone \ud83d surrogate")])
        store.add([row("a", "newer")])
        assert store.get("a") == row("a", "newer")
    assert stored(path) == {"a": row("a", "newer"), "b": row("b", "lone \ud83d surrogate")}
    assert len(path.read_bytes().splitlines()) == 3


def test_a_row_is_on_the_disk_when_add_returns(path):
    with CompletionStore(path) as store:
        store.add([row("a")])
        assert json.loads(path.read_text()) == row("a")


@pytest.mark.parametrize("cut", range(1, 25))
def test_a_torn_last_line_is_dropped_and_the_next_row_is_whole(path, caplog, cut):
    with CompletionStore(path) as store:
        store.add([row("a")])
        store.add([row("b")])
    os.truncate(path, path.stat().st_size - cut)
    with caplog.at_level(logging.WARNING), CompletionStore(path) as store:
        assert store.get("a") == row("a") and store.get("b") is None
        assert "line 2 was cut by a kill: dropped" in caplog.text
        store.add([row("c")])
    assert stored(path) == {"a": row("a"), "c": row("c")}
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "c"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\xff\xfe", b"null", b"[1]", b'"key"', b"{}", b'{"key": ["a"]}', b"[" * 100_000, b"1" * 5000],
)
def test_a_damaged_line_is_skipped_with_a_warning(path, caplog, damage):
    with CompletionStore(path) as store:
        store.add([row("a")])
    with path.open("ab") as stream:
        stream.write(damage + b"\n")
    with CompletionStore(path) as store:
        store.add([row("b")])
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert stored(path) == {"a": row("a"), "b": row("b")}
    assert "line 2 is damaged: that completion will be generated again" in caplog.text


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "work").write_text("a file")
    with pytest.raises(InputError, match=r"cell\.jsonl: can't be written: .* the 0 completions stored before are kept"):
        CompletionStore(tmp_path / "work" / "cell.jsonl").__enter__()


FULL = """
import resource, sys
from paretoscope.errors import InputError
from paretoscope.store import CompletionStore
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    with CompletionStore(sys.argv[1]) as store:
        store.add([{"key": "b", "text": "y" * 300}])
        try:
            store.add([{"key": "c", "text": "z" * 500}, {"key": "d", "text": "z" * 500}])
        except InputError as error:
            print(error)
        print(len(store), store.get("c"), store.get("d"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        store.add([{"key": "e", "text": "room again"}])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        store.add([{"key": "f", "text": "z" * 1000}])
except InputError as error:
    print("at the end:", error)
"""


def test_a_full_disk_keeps_what_was_there_and_leaves_no_half_row(path, in_process):
    with CompletionStore(path) as store:
        store.add([row("a")])
    first, second, last = in_process(FULL, path).stdout.splitlines()
    assert f"{path}: can't be written: File too large. Free some space" in first
    assert "the 2 completions stored before are kept" in first
    assert second == "2 None None"
    assert last.startswith("at the end:") and "the 3 completions" in last
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "b", "e"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_no_space_left_is_told_also_where_the_file_cannot_be_cut_back(path, monkeypatch, caplog):
    with CompletionStore(path) as store:
        store.add([row("a")])
        with Path("/dev/full").open("ab", buffering=0) as full:
            monkeypatch.setattr(store, "_file", full)
            with pytest.raises(InputError, match=r"No space left on device.*the 1 completions stored before are kept"):
                store.add([row("b")])
            monkeypatch.undo()
    assert "may end in a cut line" in caplog.text
    assert stored(path) == {"a": row("a")}


WRITER = """
import sys, time
from paretoscope.store import CompletionStore
name, pause = sys.argv[2], float(sys.argv[3])
with CompletionStore(sys.argv[1]) as store:
    print("holding", len(store), flush=True)
    for number in range(int(sys.argv[4])):
        key = f"{name}-{number}"
        store.add([{"key": f"{key}-{part}", "text": key * 50} for part in range(3)])
        print(key, flush=True)
        time.sleep(pause)
"""


def start_writer(path, name, pause, batches):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(pause), str(batches)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_waits_and_then_sees_the_rows_of_the_first(path):
    first = start_writer(path, "first", 0.1, 4)
    assert first.stdout.readline() == "holding 0\n"
    second = start_writer(path, "second", 0, 2)
    assert first.communicate(timeout=30)[0].splitlines() == [f"first-{number}" for number in range(4)]
    assert second.communicate(timeout=30)[0].splitlines() == ["holding 12", "second-0", "second-1"]
    assert len(stored(path)) == 18
    assert [json.loads(line)["key"].split("-")[0] for line in path.read_text().splitlines()] == (
        ["first"] * 12 + ["second"] * 6
    )


def test_kills_lose_no_acknowledged_row_and_yield_no_corrupt_one(path):
    draw = random.Random(0)
    acknowledged = set()
    for attempt in range(30):
        writer = start_writer(path, f"w{attempt}", 0, 10**6)
        writer.stdout.readline()
        time.sleep(draw.random() * 0.01)
        writer.send_signal(signal.SIGKILL)
        acknowledged.update(line for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n"))
    rows = stored(path)
    assert len(acknowledged) > 30
    keys = {f"{line.strip()}-{part}" for line in acknowledged for part in range(3)}
    assert keys <= set(rows)
    for key, found in rows.items():
        assert found == {"key": key, "text": key.rpartition("-")[0] * 50}
