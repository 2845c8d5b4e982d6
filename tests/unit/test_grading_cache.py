"""Verdicts kept between runs: found again, never under another version, and never in the way."""

import fcntl
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from paretoscope.errors import InputError
from paretoscope.files import dumps
from paretoscope.grading import CompletionLine, Limits, VerdictCache, grade_completions, grader_version
from paretoscope.grading.cache import key_of
from paretoscope.schema import Completion, Item, to_row

KEYS = [key_of(b"%d" % number) for number in range(300)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work" / "model" / "benchmark.grades.jsonl"


def fill(path, version="v1", keys=KEYS):
    with VerdictCache(path, version) as cache:
        for number, key in enumerate(keys):
            cache.put(key, ["wrong", "x" * number, None, [0, number]])


def found(path, version="v1"):
    with VerdictCache(path, version) as cache:
        return [
            number for number, key in enumerate(KEYS) if cache.get(key) == ["wrong", "x" * number, None, [0, number]]
        ]


def test_what_was_put_is_found_by_the_next_run(path):
    fill(path)
    assert found(path) == list(range(300))
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_entries_are_found_in_any_order(path):
    fill(path)
    with VerdictCache(path, "v1") as cache:
        assert [len(cache.get(KEYS[number])[1]) for number in (299, 0, 150, 151, 0)] == [299, 0, 150, 151, 0]
        assert cache.get(key_of(b"unknown")) is None


def test_an_entry_longer_than_a_chunk_is_found(path):
    with VerdictCache(path, "v1") as cache:
        cache.put(KEYS[0], "y" * 500_000)
        cache.put(KEYS[1], "z")
    with VerdictCache(path, "v1") as cache:
        assert (len(cache.get(KEYS[0])), cache.get(KEYS[1])) == (500_000, "z")


def test_another_version_finds_nothing_and_begins_anew(path):
    fill(path)
    assert found(path, "v2") == []
    assert len(path.read_bytes().splitlines()) == 1
    assert found(path, "v1") == []


def test_lone_surrogates_are_kept(path):
    with VerdictCache(path, "v1") as cache:
        cache.put(KEYS[0], "\ud800")
    with VerdictCache(path, "v1") as cache:
        assert cache.get(KEYS[0]) == "\ud800"


def cut_last_line(data):
    return data[:-10]


def change_a_letter(data):
    lines = data.split(b"\n")
    lines[100] = lines[100].replace(b"wrong", b"right")
    return b"\n".join(lines)


def drop_a_line_break(data):
    lines = data.split(b"\n")
    return b"\n".join([*lines[:100], lines[100] + lines[101], *lines[102:]])


@pytest.mark.parametrize(
    ("damage", "lost"),
    [
        (cut_last_line, {299}),
        (change_a_letter, {99}),
        (drop_a_line_break, {99, 100}),
        (lambda data: b"\x00" * 100 + data, set(range(300))),
        (lambda data: b"not JSON\n" + data, set(range(300))),
        (lambda data: b"", set(range(300))),
        (lambda data: data[:50], set(range(300))),
    ],
)
def test_damage_costs_what_it_hit(path, damage, lost):
    fill(path)
    path.write_bytes(damage(path.read_bytes()))
    assert set(range(300)) - set(found(path)) == lost
    fill(path, keys=KEYS)  # and the file takes entries again
    assert found(path) == list(range(300))


def test_while_another_process_holds_it_it_is_read_and_left_alone(path):
    fill(path, keys=KEYS[:5])
    before = path.read_bytes()
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        fill(path, keys=KEYS)
        assert found(path) == [0, 1, 2, 3, 4]
        assert found(path, "v2") == []
    assert path.read_bytes() == before


def test_a_file_that_changes_under_the_lock_is_left_alone(path, caplog):
    with VerdictCache(path, "v1") as cache:
        cache.put(KEYS[0], 1)
        with path.open("ab") as other:
            other.write(b"something else\n")
    assert "can't be kept" in caplog.text
    assert b"something else" in path.read_bytes()


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path, caplog):
    (tmp_path / "work").write_text("a file where a folder should be")
    fill(tmp_path / "work" / "benchmark.grades.jsonl")
    assert "can't be kept" in caplog.text


def test_a_full_disk_costs_only_time(path, caplog):
    fill(path, keys=KEYS[:5])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))  # what is beyond is refused
    try:
        fill(path, keys=KEYS[5:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "can't be kept" in caplog.text
    assert found(path) == [0, 1, 2, 3, 4]


# Through the service.

ITEMS = {"q": Item("q", "", r"2\sqrt{x}")}
TEXTS = [r"\boxed{\sqrt{4x}}", "none", r"\boxed{5}", r"So \boxed{\sqrt{4x}}", r"\boxed{\sqrt{5x}}"]


def grade(path, texts=TEXTS, items=ITEMS, options=None, reasoning=None, finish_reason="stop", limits=None):
    completions = [Completion("q", sample, text, finish_reason, None, None) for sample, text in enumerate(texts)]
    origins = []
    with VerdictCache(path, grader_version("math", reasoning, options or {}, limits)) as cache:
        grades = list(
            grade_completions(
                completions,
                items,
                *("math", reasoning, options),
                limits=limits,
                cache=cache,
                timings=lambda timing: origins.append(timing.origin),
            )
        )
    return grades, origins


def test_the_second_run_is_the_first_without_the_work(path):
    first, origins = grade(path)
    assert origins == ["worker", "text", "worker", "repeat", "worker"] or origins == [
        "worker",
        "text",
        "text",
        "repeat",
        "worker",
    ]
    again, origins = grade(path)
    assert again == first
    assert set(origins) == {"cache"}


@pytest.mark.parametrize(
    "change",
    [
        {"options": {"final_number": True}},
        {"reasoning": {"start": "<t>", "end": "</t>", "opened_by_template": False}},
        {"finish_reason": "length"},
        {"items": {"q": Item("q", "", "5")}},
        {"items": {"q": Item("q", "How many?", "7")}},
        {"limits": Limits(cpu_seconds=3.0)},
    ],
)
def test_whatever_can_change_a_verdict_grades_again(path, change):
    texts = [r"\boxed{2\sqrt{x}}", "none"]
    grade(path, texts)
    assert grade(path, texts)[1] == ["cache", "cache"]
    assert "cache" not in grade(path, texts, **change)[1]


def test_new_responses_share_the_comparisons_of_the_old_ones(path):
    grade(path)
    grades, origins = grade(path, [*TEXTS, r"Hence \boxed{\sqrt{4x}}"])
    assert grades[-1].verdict == "correct"
    assert origins == ["cache"] * 5 + ["repeat"]


def test_another_grader_source_is_another_version(monkeypatch):
    from paretoscope import plugins

    before = grader_version("math", None, {})
    assert before == grader_version("math", None, {})
    assert before != grader_version("multiple_choice", None, {})
    monkeypatch.setattr(plugins, "source_digest", lambda *names: "edited")
    assert before != grader_version("math", None, {})


def test_a_killed_job_goes_on_where_it_was(path, tmp_path):
    code = (
        "import sys; from paretoscope.grading import *; from paretoscope.schema import *\n"
        "limits = Limits(cpu_seconds=0.2)\n"
        "texts = [r'\\boxed{%d\\sqrt{3}}' % n for n in range(5)]\n"
        f"with VerdictCache({str(path)!r}, grader_version('math', None, {{}}, limits)) as cache:\n"
        "    rows = [Completion('q', n, text, 'stop', None, None) for n, text in enumerate(texts)]\n"
        "    for grade in grade_completions(rows, {'q': Item('q', '', '5x')}, 'math', limits=limits, cache=cache):\n"
        "        cache._flush()\n"
        "        if grade.sample == 3:\n"
        "            __import__('os').kill(__import__('os').getpid(), 9)\n"
    )
    scripts = str(Path(__file__).resolve().parents[2] / "scripts")
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": scripts}, capture_output=True)
    assert done.returncode == -9, done.stderr
    texts = [rf"\boxed{{{n}\sqrt{{3}}}}" for n in range(5)]
    _, origins = grade(path, texts, {"q": Item("q", "", "5x")}, limits=Limits(cpu_seconds=0.2))
    assert origins[:3] == ["cache"] * 3


def lines_of(texts, item="q"):
    rows = [to_row(Completion(item, sample, text, "stop", None, None)) for sample, text in enumerate(texts)]
    return [CompletionLine(dumps(row).encode() + b"\n", f"c.jsonl, line {n}") for n, row in enumerate(rows, start=1)]


def grade_lines(path, lines):
    with VerdictCache(path, grader_version("math", None, {})) as cache:
        return list(grade_completions(lines, ITEMS, "math", cache=cache))


def test_a_line_that_is_known_is_not_parsed_and_graded_as_its_completion(path, monkeypatch):
    first = grade_lines(path, lines_of(TEXTS))
    assert first == grade(path)[0]
    monkeypatch.setattr(CompletionLine, "parsed", lambda self: pytest.fail("parsed"))
    assert grade_lines(path, lines_of(TEXTS)) == first
    with pytest.raises(pytest.fail.Exception):
        grade_lines(path, lines_of([*TEXTS, "new"]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"item_id"', "c.jsonl, line 1: not JSON"),
        (lines_of(["x"], "other")[0].line, "the benchmark has no such item"),
    ],
)
def test_a_bad_line_is_told(path, line, message):
    with pytest.raises(InputError, match=message):
        grade_lines(path, [CompletionLine(line, "c.jsonl, line 1")])


def test_a_known_completion_of_an_item_that_is_gone_is_told(path):
    grade_lines(path, lines_of(TEXTS))
    with VerdictCache(path, grader_version("math", None, {})) as cache, pytest.raises(InputError, match="no such item"):
        list(grade_completions(lines_of(TEXTS), {}, "math", cache=cache))
