"""The grading service: order, de-duplication, limits, and workers that die."""

import contextlib
import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from grade import main as grade_cell

from paretoscope import grading, plugins
from paretoscope.errors import InputError
from paretoscope.files import read_jsonl, write_jsonl
from paretoscope.graders import math as math_grader
from paretoscope.grading import Limits, compare_pairs, grade_completions, guard, pool, service
from paretoscope.schema import Completion, Item, to_row

SCRIPTS = Path(grading.__file__).resolve().parents[2]
WORKER = "paretoscope.grading.worker"

STUB = '''
"""A grader whose comparisons misbehave on demand."""
import os, signal, sys, time
from pathlib import Path

KEPT = []

def prepare():
    print("noise on standard output")

def compare(gold, answer):
    if answer == "busy":
        while True:
            pass
    if answer == "asleep":
        time.sleep(1000)
    if answer == "fat":
        return "correct" if bytearray(3 << 30) else "", "stub"
    if answer == "swallows":
        held = []
        try:
            while True:
                held.append(bytearray(16 << 20))
        except Exception:
            return "wrong", "stub"
    if answer.startswith("swallows at once"):
        held, pieces = bytearray(100 << 20), [int(mebibytes) for mebibytes in answer.split(":")[1].split("+")]
        try:
            for piece in pieces:
                held += bytes(piece << 20)
        except Exception:
            return "wrong", "stub"
    if answer == "swallows a shift":
        try:
            return ("correct" if 1 << 10**11 else "wrong"), "stub"
        except Exception:
            return "wrong", "stub"
    if answer == "hoards":
        KEPT.extend(b"x" * (300 << 20) for _ in range(2))
        return "correct", "stub"
    if answer.startswith("leaves"):
        KEPT.append(b"x" * (120 << 20))
        return "correct", "stub"
    if answer == "works slowly":
        for _ in range(6):
            time.sleep(0.2)
            end = time.process_time() + 0.03
            while time.process_time() < end:
                pass
        return "correct", "stub"
    if answer == "raises":
        raise ValueError(answer)
    if answer == "recurses":
        return compare(gold, answer)
    if answer == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if answer.startswith("dies once"):
        marker = Path(answer.split(":", 1)[1])
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    print("more noise")
    return ("correct" if gold == answer else "wrong"), "stub"
'''


@pytest.fixture
def stub(tmp_path, monkeypatch):
    (tmp_path / "stub_grader.py").write_text(STUB)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "stub_grader"


def compare(pairs, module, workers=1, **limits):
    return dict(compare_pairs(pairs, module, workers, Limits(**limits)))


@pytest.mark.parametrize(
    "answer, verdict",
    [
        ("busy", ("timeout", "cpu_limit")),
        ("asleep", ("timeout", "wall_limit")),
        ("fat", ("crashed", "memory")),
        ("raises", ("crashed", "ValueError")),
        ("recurses", ("unparsed", "too_deep")),
        ("dies", ("crashed", "killed")),
    ],
)
def test_a_bad_pair_gets_its_verdict_and_harms_no_other(stub, answer, verdict):
    pairs = [("1", "1"), ("1", answer), ("2", "3"), ("4", "4")]
    found = compare(pairs, stub, cpu_seconds=0.3, wall_seconds=1.5, memory_bytes=1 << 30)
    assert found == {
        ("1", "1"): ("correct", "stub"),
        ("1", answer): verdict,
        ("2", "3"): ("wrong", "stub"),
        ("4", "4"): ("correct", "stub"),
    }


def test_a_worker_killed_from_outside_costs_nothing(stub, tmp_path):
    pairs = [("1", "1"), ("2", f"dies once:{tmp_path / 'marker'}"), ("3", "3")]
    assert [verdict for verdict, _ in compare(pairs, stub).values()].count("crashed") == 0
    assert (tmp_path / "marker").exists()


def test_a_worker_that_a_pair_has_filled_is_replaced(stub):
    pairs = [("1", "1"), ("1", "hoards"), *((str(n), str(n)) for n in range(2, 12))]
    found = compare(pairs, stub, memory_bytes=1 << 30)
    assert set(found.values()) == {("correct", "stub")}


@pytest.mark.parametrize(
    "answer",
    ["swallows", "swallows a shift", *(f"swallows at once:{size}" for size in ("4000", "600", "400+600", "1_000"))],
)
def test_a_full_memory_is_no_wrong_answer_where_a_library_swallows_the_error(stub, answer):
    pairs = [("1", "1"), ("1", answer), ("2", "3")]
    found = compare(pairs, stub, memory_bytes=1 << 30)
    assert found == {
        ("1", "1"): ("correct", "stub"),
        ("1", answer): ("crashed", "memory"),
        ("2", "3"): ("wrong", "stub"),
    }


def test_a_pair_is_not_blamed_for_the_memory_that_others_left_behind(stub):
    pairs = [("1", f"leaves:{n}") for n in range(30)]
    assert set(compare(pairs, stub, memory_bytes=1 << 30).values()) == {("correct", "stub")}


def test_a_worker_that_gets_little_of_the_machine_is_not_ended(stub):
    assert compare([("1", "works slowly")], stub, wall_seconds=0.6) == {("1", "works slowly"): ("correct", "stub")}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_many_bad_pairs_at_once_all_get_their_verdict(stub, workers):
    kinds = {"busy": "timeout", "fat": "crashed", "dies": "crashed", "raises": "crashed"}
    pairs = [(str(n), kind) for n in range(3) for kind in kinds] + [(str(n), str(n)) for n in range(40)]
    found = compare(pairs, stub, workers, cpu_seconds=0.2, memory_bytes=1 << 30)
    assert {pair: verdict for pair, (verdict, _) in found.items()} == {
        pair: kinds.get(pair[1], "correct") for pair in pairs
    }


def test_long_pairs_are_not_sent_ahead_until_the_pipe_is_full(stub):
    pairs = [("é" * 30_000 + str(n), "é" * 30_000 + str(n)) for n in range(8)]
    assert set(compare(pairs, stub).values()) == {("correct", "stub")}


def test_cpu_seconds_decide_and_not_wall_time(stub):
    started = time.monotonic()
    assert compare([("1", "busy")], stub, cpu_seconds=0.5) == {("1", "busy"): ("timeout", "cpu_limit")}
    assert time.monotonic() - started < 30


def test_no_worker_is_left_behind(stub):
    compare([("1", str(n)) for n in range(50)], stub, workers=2)
    assert not [child for child in psutil.Process().children() if WORKER in child.cmdline()]


def test_an_abandoned_run_ends_its_workers(stub):
    run = compare_pairs([("1", str(n)) for n in range(50)], stub, 2, Limits())
    next(run)
    run.close()
    assert not [child for child in psutil.Process().children() if WORKER in child.cmdline()]


def test_workers_do_not_outlive_the_parent(stub):
    code = (
        "import sys; from paretoscope.grading import *\n"
        f"pairs = compare_pairs([('1', '1'), ('1', 'asleep')], '{stub}', 1, Limits())\n"
        "print(next(pairs), flush=True)\n"
        "next(pairs)\n"
    )
    path = os.pathsep.join((str(SCRIPTS), os.environ["PYTHONPATH"]))
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    parent.stdout.readline()
    workers = psutil.Process(parent.pid).children()
    assert workers
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive


def test_a_worker_that_cannot_start_is_an_error(capfd):
    with pytest.raises(RuntimeError, match="can't start"):
        compare([("1", "1")], "no_such_module")
    assert "no_such_module" in capfd.readouterr().err


def test_the_command_line_of_a_worker_needs_its_parent():
    arguments = [sys.executable, "-m", WORKER, "json", "1", "1", "1"]
    done = subprocess.run(arguments, env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, capture_output=True, text=True)
    assert done.returncode == 1
    assert "parent is gone" in done.stderr


def completions(*texts, finish_reason="stop"):
    return [Completion("q", sample, text, finish_reason, None, None) for sample, text in enumerate(texts)]


def items(target, question=""):
    return {"q": Item("q", question, target)}


def test_grades_come_in_order_and_equal_pairs_are_compared_once(monkeypatch):
    asked = []
    submit = pool.Pool.submit
    monkeypatch.setattr(pool.Pool, "submit", lambda self, pair: asked.append(pair) or submit(self, pair))
    texts = [r"\boxed{\sqrt{4x}}", r"\boxed{2\sqrt{x}}", "none", r"\boxed{\sqrt{4x}}", r"\boxed{\sqrt{5x}}"]
    steps = []
    grades = list(
        grade_completions(
            completions(*texts),
            items(r"2\sqrt{x}"),
            "math",
            workers=2,
            progress=lambda done, total: steps.append((done, total)),
        )
    )
    assert [grade.sample for grade in grades] == [0, 1, 2, 3, 4]
    assert [grade.verdict for grade in grades] == ["correct", "correct", "no_answer", "correct", "wrong"]
    assert grades[0].method == "boxed/math_verify"
    assert len(asked) == 2
    assert steps[-1] == (5, 5)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_a_stream_is_graded_as_it_comes(monkeypatch):
    """Of endless completions no more are read than may wait, and grades come while others are still to be read."""
    monkeypatch.setattr(service, "WINDOW", 50)
    read = []

    def endless():
        for sample in itertools.count():
            read.append(sample)
            text = rf"\boxed{{\sqrt{{{sample // 20 + 2}}}}}" if sample % 2 else r"\boxed{5}"
            yield Completion("q", sample, text, "stop", None, None)

    with contextlib.closing(grade_completions(endless(), items("5"), "math")) as grades:
        for sample, grade in zip(range(300), grades, strict=False):
            assert grade.sample == sample
            assert len(read) <= sample + 1 + 50


def test_pairs_forgotten_within_a_run_are_compared_again(monkeypatch):
    monkeypatch.setattr(service, "REMEMBERED", 2)
    monkeypatch.setattr(service, "WINDOW", 1)
    texts = [rf"\boxed{{\sqrt{{{n}x}}}}" for n in (8, 3, 5, 7, 8, 3)]
    timings = []
    graded = grade_completions(completions(*texts), items(r"2\sqrt{2x}"), "math", timings=timings.append)
    assert [grade.verdict for grade in graded] == ["correct", "wrong", "wrong", "wrong", "correct", "wrong"]
    assert [timing.origin for timing in timings] == ["worker"] * 6


def test_timings_say_what_each_grade_took():
    texts = ["none", r"\boxed{\sqrt{4x}}", r"\boxed{\sqrt{4x}}", r"\boxed{" + "(" * 5_000]
    timings = []
    grades = list(grade_completions(completions(*texts), items(r"2\sqrt{x}"), "math", timings=timings.append))
    assert [(timing.item_id, timing.sample) for timing in timings] == [("q", n) for n in range(4)]
    assert [timing.origin for timing in timings] == ["text", "worker", "repeat", "text"]
    assert timings[1].milliseconds > timings[2].milliseconds > 0
    assert [grade.span for grade in grades[:3]] == [None, (7, 16), (7, 16)]


@pytest.mark.parametrize(
    ("text", "answer", "method"),
    [
        (r"So \boxed{" + "7" * 200_000 + "}", "7" * 200 + "…", "boxed/too_long"),
        (r"So \fbox {" + "7" * 200_000 + "}", "7" * 200 + "…", "boxed/too_long"),
        (r"So \boxed{ \frac{1}{2}", r"\frac{1}{2}", "boxed/unbalanced"),
        (r"So \boxed{", r"\boxed{", "boxed/unbalanced"),
    ],
)
def test_of_a_box_that_is_not_closed_the_grade_has_what_it_holds(text, answer, method):
    (grade,) = grade_completions(completions(text), items("5"), "math")
    assert (grade.verdict, grade.answer, grade.method) == ("unparsed", answer, method)
    start, stop = grade.span
    assert text[start:stop].startswith(answer.removesuffix("…"))


def test_every_grade_has_its_milliseconds():
    """The kernel's CPU clock of a process moves in steps while a CPU timer is set; most grades would take 0 by it."""
    timings = []
    texts = [rf"Hence \boxed{{{n}}}." for n in range(200)] + [rf"\boxed{{{n}x}}" for n in range(20)]
    list(grade_completions(completions(*texts), items("5x+1"), "math", timings=timings.append))
    took = [timing.milliseconds for timing in timings]
    assert min(took) > 0
    assert sorted(took[:200])[100] < 2 < max(took[200:]) * 100


SLOW_GRADER = """
from paretoscope.graders.layers.decision import Decision
import re
SETTINGS = {}
def decide(text, item, finish_reason, reasoning, options):
    if text == "raises":
        raise KeyError(text)
    if text == "recurses":
        return decide(text, item, finish_reason, reasoning, options)
    if text == "fat":
        raise MemoryError
    try:
        return Decision("wrong" if re.fullmatch("(a|a)*b", text) else "correct", None, "stub")
    except Exception:
        return Decision("wrong", None, "swallowed")
"""


@pytest.mark.parametrize(
    ("text", "verdict", "method"),
    [
        ("a" * 60, "timeout", "text/cpu_limit"),  # 2^60 ways to fail
        ("raises", "crashed", "text/KeyError"),
        ("fat", "crashed", "text/memory"),
        ("recurses", "unparsed", "text/too_deep"),
    ],
)
def test_the_layers_before_algebra_have_limits_too(tmp_path, monkeypatch, text, verdict, method):
    (tmp_path / "slow_grader.py").write_text(SLOW_GRADER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "load", lambda *_: importlib.import_module("slow_grader"))
    grades = list(grade_completions(completions("b", text, "c"), items("5"), "slow", limits=Limits(cpu_seconds=0.3)))
    assert [(grade.verdict, grade.method) for grade in grades] == [
        ("wrong", "stub"),
        (verdict, method),
        ("correct", "stub"),
    ]


def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return "done"


@pytest.mark.parametrize("late", [False, True])
def test_a_call_has_its_cpu_time_and_no_more(monkeypatch, late):
    if late:  # the kernel checks at its ticks, at which another process may be running
        monkeypatch.setattr(guard.timer, "arm", lambda seconds: None)
    assert guard.within(0.2, burn, 0.1) == "done"
    with pytest.raises(guard.OutOfTimeError):
        guard.within(0.1, burn, 0.2)
    burn(0.2)  # nothing comes after it


WAIT = "Wait, let me check that again. "


@pytest.mark.parametrize(
    ("text", "finish_reason", "verdict", "looping"),
    [
        (r"\boxed{5}", "stop", "correct", False),
        (WAIT * 50, "length", "truncated", True),
        (WAIT * 50, "stop", "no_answer", True),
        (WAIT * 50 + r"\boxed{5}", "stop", "correct", False),
        (r"\boxed{5}" + WAIT * 50, None, "correct", True),
        (r"\boxed{\sqrt{25}+\log 1}" + WAIT * 50, "stop", "correct", True),  # decided by a worker
        ("Let me think about", "length", "truncated", False),
    ],
)
def test_loops_are_told_whatever_the_verdict(text, finish_reason, verdict, looping):
    (grade,) = grade_completions(completions(text, finish_reason=finish_reason), items("5"), "math")
    assert (grade.verdict, grade.looping) == (verdict, looping)


def test_cheap_grades_need_neither_sympy_nor_a_worker():
    code = (
        "import sys, json; from paretoscope.grading import grade_completions\n"
        "from paretoscope.schema import Completion, Item\n"
        "rows = [Completion('q', n, 'The answer is %d.' % n, 'stop', 1, 1) for n in range(300)]\n"
        "grades = list(grade_completions(rows, {'q': Item('q', '', '7')}, 'math', workers=2))\n"
        "heavy = [name for name in ('sympy', 'math_verify', 'torch', 'pandas') if name in sys.modules]\n"
        "print(json.dumps([sum(g.verdict == 'correct' for g in grades), heavy]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [1, []]


@pytest.mark.parametrize(
    "keywords, message",
    [
        ({"grader": "maths"}, "Did you mean 'math'"),
        ({"grader": "math", "options": {"final_numbr": True}}, "Did you mean 'final_number'"),
        ({"grader": "math", "items": {}}, "no such item"),
    ],
)
def test_wrong_settings_say_so(keywords, message):
    with pytest.raises(InputError, match=message):
        list(grade_completions(completions("x"), keywords.pop("items", items("5")), **keywords))


HOSTILE = [
    # (what the box or the text holds, verdicts that are fine)
    (r"\boxed{9^{9^{9^9}}}", {"unparsed"}),
    (r"\boxed{(10^9)!}", {"unparsed"}),
    (r"\boxed{" + "7" * 200_000 + "}", {"unparsed"}),
    (r"\boxed{" + "{" * 5_000, {"unparsed"}),
    (r"\boxed{" * 5_000 + "5" + "}" * 5_000, {"correct"}),
    (r"\boxed{" + "(" * 400 + "5" + ")" * 400 + "}", {"unparsed"}),
    ("\x00\\boxed{5\x00}", {"correct"}),
    ("\\boxed{\ud800 5\udfff}", {"correct"}),
    ("\\boxed{\u200b5\ufeff}", {"correct"}),
    (r"\boxed{\frobnicate{5}{\blorb}}", {"unparsed", "wrong"}),
    (r"\boxed{\int_0^1 x^x \sin(\cos(x)) dx}", {"wrong", "timeout", "unparsed"}),
    (r"\boxed{\sum_{k=1}^{1000000000} \frac{1}{k!}}", {"wrong", "timeout", "unparsed"}),
    (r"\boxed{\prod_{k=1}^{10000} (x+k)^{k}}", {"wrong", "timeout", "unparsed", "crashed"}),
    (r"\boxed{\binom{9999999}{4999999}}", {"wrong", "timeout", "unparsed", "crashed"}),
    (r"\boxed{(x+1)^{9999}(x-1)^{9999}}", {"wrong", "timeout", "unparsed", "crashed"}),
    (r"\boxed{__import__('os').system('true')}", {"wrong", "unparsed"}),
    (r"\boxed{\sqrt{\sqrt{\sqrt{\sqrt{\sqrt{x+\sqrt{x+\sqrt{x}}}}}}}}", {"wrong", "timeout", "unparsed"}),
    ("\\begin" * 100_000, {"no_answer"}),
    ("The answer is " * 100_000, {"no_answer", "unparsed"}),
    ("**" * 200_000, {"no_answer"}),
    ("$" * 400_001, {"no_answer"}),
    ("answer " * 100_000, {"no_answer"}),
    ("x " * 5_000_000, {"no_answer"}),
    ("5 " * 5_000_000 + r"\boxed{5}", {"correct"}),
    (r"\boxed{" + "7" * 10_000_000 + "}", {"unparsed"}),
    (r"\boxed{" + "\x00" * 10_000_000 + "5}", {"unparsed"}),
    (r"\boxed{5}" + "\u202e" * 10_000_000, {"correct"}),
    ("\\boxed{\u202e5\u202c}", {"correct"}),
    ("\ud800" * 1_000_000 + r"\boxed{5}", {"correct"}),
    ("{" * 5_000 + r"\boxed{5}", {"correct"}),
]


def test_hostile_text_gets_a_verdict_in_bounded_time():
    started = time.process_time()
    rows = completions(*(text for text, _ in HOSTILE))
    limits = Limits(cpu_seconds=1.0, memory_bytes=1 << 30)
    grades = list(grade_completions(rows, items("5"), "math", workers=2, limits=limits))
    for (text, fine), grade in zip(HOSTILE, grades, strict=True):
        assert grade.verdict in fine, (text[:60], grade)
        (grade.answer or "").encode("utf-8")
    assert time.process_time() - started < 10


@pytest.mark.parametrize("option", ["final_number", "final_formula"])
def test_hostile_text_does_not_hold_up_the_search_of_the_closing_sentence(option):
    started = time.process_time()
    for text, _ in HOSTILE:
        math_grader.decide(text, items("5")["q"], "stop", None, {option: True})
    assert time.process_time() - started < 10


@contextlib.contextmanager
def busy_machine():
    """Keep every processor busy, twice over."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@pytest.fixture
def grades_file(tmp_path):
    """Grade texts through the rule's script, without what is cached, and return the bytes of the file."""

    def grades(texts, target, name):
        inputs, outputs = ("completions.jsonl", "items.jsonl"), (f"{name}.zst", f"{name}_timings.zst", f"{name}_cache")
        paths = [str(tmp_path / file) for file in (*inputs, *outputs)]
        write_jsonl(paths[0], map(to_row, completions(*texts)))
        write_jsonl(paths[1], map(to_row, items(target).values()))
        grade_cell(*paths[:2], {"grader": "math", "reasoning": None}, *paths[2:], 2, "a cell")
        return (tmp_path / f"{name}.zst").read_bytes()

    return grades


def test_the_grades_file_is_the_same_on_a_busy_machine(grades_file, tmp_path):
    texts = [rf"\boxed{{\frac{{{n}}}{{\tan x}}}}" for n in range(3, 13)]
    texts += [r"\boxed{\sum_{k=1}^{1000000000} \frac{1}{k!}}", r"\boxed{" + "(" * 400, "none", r"\boxed{5}"]
    quiet = grades_file(texts, r"6\cot x", "quiet")
    rows = [row for _, row in read_jsonl(tmp_path / "quiet.zst")]
    assert {row["verdict"] for row in rows} >= {"correct", "wrong", "unparsed", "no_answer"}
    origins = [row["origin"] for _, row in read_jsonl(tmp_path / "quiet_timings.zst")]
    assert origins.count("worker") >= 10, "answers that no worker compares show nothing of load"
    with busy_machine():
        assert grades_file(texts, r"6\cot x", "busy") == quiet


BURNING_GRADER = """
import time
from paretoscope.graders.layers.decision import Decision
SETTINGS = {}
def burn(seconds):
    end = time.thread_time() + float(seconds)
    while time.thread_time() < end:
        pass
def prepare():
    pass
def decide(text, item, finish_reason, reasoning, options):
    layer, seconds = text.split()
    if layer == "worker":
        return Decision(None, text, "stub", (item.target, seconds))
    burn(seconds)
    return Decision("correct", text, "stub/text")
def compare(gold, answer):
    burn(answer)
    return "correct", "worker"
"""


def test_what_comes_near_its_limit_gets_the_same_verdict_on_a_busy_machine(grades_file, tmp_path, monkeypatch):
    """By wall time these would be timeouts: with so many others each gets a third of a processor, or less."""
    (tmp_path / "burning_grader.py").write_text(BURNING_GRADER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(plugins, "load", lambda *_: importlib.import_module("burning_grader"))
    monkeypatch.setattr(service, "Limits", lambda: Limits(cpu_seconds=0.2))
    texts = ["text 0.13", "worker 0.13", "worker 0.14", "text 5", "worker 5"]
    with busy_machine():
        busy = grades_file(texts, "1", "busy")
    methods = [row["method"] for _, row in read_jsonl(tmp_path / "busy.zst")]
    assert methods == ["stub/text", *["stub/worker"] * 2, "text/cpu_limit", "stub/cpu_limit"]
    assert grades_file(texts, "1", "quiet") == busy
