import errno
import fcntl
import json
import logging
import os
import platform
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


PINNED_KEY = "731dd177312753120d494a63650bb8c271ea012466c5a1e4d1633f892ab1cccc"


def row(key: str, text: str = "text") -> dict:
    return {"key": key, "text": text}


def refuse(number):
    def call(*_):
        raise OSError(number, os.strerror(number))

    return call


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work" / "cell.jsonl"


def stored(path) -> dict[str, dict]:
    with CompletionStore(path) as store:
        return {key: store.get(key) for key in store._places}


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


def test_choices_are_part_of_a_key_and_none_leave_it_as_it_was():
    assert completion_key(**FACTS) == completion_key(**FACTS, choices=()) == PINNED_KEY
    keys = {completion_key(**FACTS, choices=choices) for choices in (("a",), ("a", "b"), ("b", "a"), ("ab",))}
    assert len(keys | {PINNED_KEY}) == 5


def test_rows_are_found_again_and_the_last_of_a_key_counts(path):
    with CompletionStore(path) as store:
        assert len(store) == 0 and "a" not in store and store.get("a") is None
        store.add([row("a"), row("b", "lone \ud83d surrogate")])
        store.add([row("a", "newer")])
        assert len(store) == 2 and "a" in store and store.get("a") == row("a", "newer")
    assert stored(path) == {"a": row("a", "newer"), "b": row("b", "lone \ud83d surrogate")}
    assert len(path.read_bytes().splitlines()) == 3


def test_a_row_is_on_the_disk_when_add_returns(path):
    with CompletionStore(path) as store:
        store.add([row("a")])
        line = json.loads(path.read_text())
        assert len(line.pop("crc32")) == 8 and line == row("a")


def test_a_row_that_the_disk_did_not_take_is_not_stored(path, monkeypatch):
    with CompletionStore(path) as store:
        store.add([row("a")])
        monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
        with pytest.raises(InputError, match=r"can't be written: Input/output error.*the 1 completions stored before"):
            store.add([row("b")])
        assert "b" not in store
    assert stored(path) == {"a": row("a")}


def test_rows_come_in_the_order_asked_for(path):
    with CompletionStore(path) as store:
        store.add([row(key, key * 3) for key in "abc"])
        assert list(store.rows("cab")) == [row(key, key * 3) for key in "cab"]
        assert list(store.rows([])) == []
        with pytest.raises(KeyError, match="x"):
            list(store.rows("ax"))


@settings(deadline=None)  # each example waits for the disk
@given(st.dictionaries(st.text(), st.text()))
def test_any_key_and_text_is_found_again(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("store") / "cell.jsonl"
    with CompletionStore(path) as store:
        store.add([{"text": text, "key": key} for key, text in texts.items()])
    with CompletionStore(path) as store:
        assert len(store) == len(texts)
        assert list(store.rows(texts)) == [row(key, text) for key, text in texts.items()]


def test_memory_does_not_grow_with_the_texts(path):
    count, size = 100, 200_000
    with CompletionStore(path) as store:
        for number in range(count):
            store.add([row(str(number), "x" * size)])
    tracemalloc.start()
    try:
        with CompletionStore(path) as store:
            assert sum(len(found["text"]) for found in store.rows(map(str, range(count)))) == count * size
        assert tracemalloc.get_traced_memory()[1] < 0.2 * count * size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("cut", range(1, 45))
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
    [
        *(b"", b"{", b"\xff\xfe", b"null", b"[1]", b'"key"', b"{}", b'{"key": ["a"]}', b"[" * 100_000, b"1" * 5000),
        b"\0" * 5000,
        b'{"key":"x","text":"no checksum"}',
        b'{"key":"x","te{"key":"y","text":"behind a cut line"}',
        b'{"key":"x","text":"text","crc32":"00000000"}',
    ],
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
    assert "damaged lines: 1, the first is line 2; their completions will be generated again" in caplog.text


@settings(deadline=None)  # each example waits for the disk
@given(st.data())
def test_a_changed_byte_is_noticed_also_where_the_line_still_reads_as_json(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("store") / "cell.jsonl"
    with CompletionStore(path) as store:
        store.add([row(key, f"the answer is {key}") for key in "abc"])
    lines = path.read_bytes().splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines[1]) - 2))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != lines[1][place]))
    path.write_bytes(b"".join([lines[0], lines[1][:place], bytes([other]), lines[1][place + 1 :], lines[2]]))
    with CompletionStore(path) as store:
        assert [store.get(key) for key in "abc"] == [row("a", "the answer is a"), None, row("c", "the answer is c")]


@pytest.mark.parametrize("read", [lambda store: store.get("b"), lambda store: list(store.rows("ab"))])
@pytest.mark.parametrize("change", [lambda line: line.replace(b"text", b"next"), lambda line: b""])
def test_a_line_that_changes_while_the_store_is_open_is_told(path, read, change):
    with CompletionStore(path) as store:
        store.add([row("a")])
        store.add([row("b")])
        first, second = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(first + change(second))
        with pytest.raises(
            InputError, match=r"cell\.jsonl: something else changed it while this process held its lock"
        ):
            read(store)


def test_a_row_is_not_added_behind_one_that_another_process_wrote(path):
    with CompletionStore(path) as store:
        store.add([row("a")])
        with path.open("ab") as stream:
            stream.write(b"{")
        with pytest.raises(InputError, match="something else changed it"):
            store.add([row("b")])
        assert "b" not in store
    assert stored(path) == {"a": row("a")}


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


class FullDisk:
    """A file on a disk with room for ten bytes more, which can't be cut back either."""

    def __init__(self, file):
        self.file, self.room = file, 10
        self.fileno = file.fileno

    def write(self, data) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room = 0
        return self.file.write(data[:10])

    def truncate(self, size) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("again", [True, False])
def test_a_half_row_that_cannot_be_cut_off_at_once_is_cut_off_later(path, monkeypatch, caplog, again):
    with CompletionStore(path) as store:
        store.add([row("a")])
        monkeypatch.setattr(store, "_file", FullDisk(store._file))
        with pytest.raises(InputError, match=r"No space left on device.*the 1 completions stored before are kept"):
            store.add([row("b")])
        assert "may end in a cut line" in caplog.text
        assert not path.read_bytes().endswith(b"\n")
        monkeypatch.undo()
        if again:
            store.add([row("b", "newer")])
    assert stored(path) == {"a": row("a"), **({"b": row("b", "newer")} if again else {})}
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == (["a", "b"] if again else ["a"])


# Locks.


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOLCK, r"its file system can't lock files \(No locks available\).*Lustre: option flock; NFS: "),
        (errno.ENOSYS, r"its file system can't lock files \(Function not implemented\)"),
        (errno.ENOTSUP, r"its file system can't lock files \(Operation not supported\)"),
        (errno.EOPNOTSUPP, r"its file system can't lock files \(Operation not supported\)"),
        (errno.EIO, r"can't be written: Input/output error"),
    ],
)
def test_a_file_system_without_locks_is_told(path, monkeypatch, number, message):
    monkeypatch.setattr(fcntl, "flock", refuse(number))
    with pytest.raises(InputError, match=rf"cell\.jsonl: {message}"):
        CompletionStore(path).__enter__()
    monkeypatch.undo()
    assert stored(path) == {}


def test_a_store_says_who_writes_it_while_it_is_open(path):
    writer = path.with_name("cell.jsonl.writer")
    path.parent.mkdir()
    writer.write_text("process 1 on a node that was switched off\n")
    with CompletionStore(path):
        assert writer.read_text().startswith(f"process {os.getpid()} on {platform.node()} (since 20")
    assert not writer.exists()


@pytest.mark.parametrize("note", [None, ""])
def test_a_process_that_knows_not_whom_it_waits_for_says_that_it_waits(path, monkeypatch, caplog, note):
    if note is not None:
        path.parent.mkdir()
        path.with_name("cell.jsonl.writer").write_text(note)
    answers = iter([BlockingIOError, None])

    def flock(*_):
        if answer := next(answers):
            raise answer

    monkeypatch.setattr(fcntl, "flock", flock)
    with CompletionStore(path):
        assert "cell.jsonl is being written by another process; waiting for it to finish" in caplog.text


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
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_says_whom_it_waits_for_and_then_sees_the_rows_of_the_first(path):
    first = start_writer(path, "first", 0.1, 4)
    assert first.stdout.readline() == "holding 0\n"
    second = start_writer(path, "second", 0, 2)
    assert first.communicate(timeout=30)[0].splitlines() == [f"first-{number}" for number in range(4)]
    lines, warnings = second.communicate(timeout=30)
    assert lines.splitlines() == ["holding 12", "second-0", "second-1"]
    assert f"is being written by process {first.pid} on {platform.node()} (since 20" in warnings
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
