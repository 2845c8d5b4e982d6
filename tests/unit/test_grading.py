"""The grading service: order, de-duplication, limits, and workers that die."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from paretoscope import grading
from paretoscope.errors import InputError
from paretoscope.graders import math as math_grader
from paretoscope.grading import Limits, compare_pairs, grade_completions, pool
from paretoscope.schema import Completion, Item

SCRIPTS = Path(grading.__file__).resolve().parents[2]
WORKER = "paretoscope.grading.worker"

STUB = '''
"""A grader whose comparisons misbehave on demand."""
import os, signal, sys, time
from pathlib import Path

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
    texts = [r"\boxed{\sqrt{12}}", r"\boxed{2\sqrt{3}}", "none", r"\boxed{\sqrt{12}}", r"\boxed{\sqrt{13}}"]
    steps = []
    grades = list(
        grade_completions(
            completions(*texts),
            items(r"2\sqrt3"),
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


WAIT = "Wait, let me check that again. "


@pytest.mark.parametrize(
    ("text", "finish_reason", "verdict", "looping"),
    [
        (r"\boxed{5}", "stop", "correct", False),
        (WAIT * 50, "length", "truncated", True),
        (WAIT * 50, "stop", "no_answer", True),
        (WAIT * 50 + r"\boxed{5}", "stop", "correct", False),
        (r"\boxed{5}" + WAIT * 50, None, "correct", True),
        (r"\boxed{\sqrt{25}}" + WAIT * 50, "stop", "correct", True),  # decided by a worker
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


def test_verdicts_are_the_same_on_a_busy_machine():
    rows = completions(
        r"\boxed{\sqrt{12}}", r"\boxed{\frac{6}{\sqrt3}}", r"\boxed{\sum_{k=1}^{1000000000} \frac{1}{k!}}"
    )
    limits = Limits(cpu_seconds=1.5)

    def verdicts():
        return [
            grade.verdict for grade in grade_completions(rows, items(r"2\sqrt{3}"), "math", workers=2, limits=limits)
        ]

    quiet = verdicts()
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        assert verdicts() == quiet
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
