"""Adversarial answers by the thousand: no crash, no hang, no unexpected verdict, workers within their memory.

Runs for ``FUZZ_SECONDS`` (30), or over ``FUZZ_ANSWERS`` answers: ``make fuzz`` grades 100,000. ``FUZZ_SEED`` names the
sequence, which the report repeats; answer number n of a seed is the same on every machine.
"""

import contextlib
import os
import random
import time
from collections import Counter
from itertools import count, islice
from pathlib import Path

import psutil
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from paretoscope.crosscheck import math as second
from paretoscope.graders import math
from paretoscope.grading import Limits, grade_completions
from paretoscope.schema import CROSSCHECK_VERDICTS, VERDICTS, Completion, Item

SECONDS = float(os.environ.get("FUZZ_SECONDS", "30"))
ANSWERS = int(os.environ.get("FUZZ_ANSWERS", "0"))
SEED = os.environ.get("FUZZ_SEED", "1")
LIMITS = Limits(cpu_seconds=1.0, memory_bytes=1 << 30, wall_seconds=120)

GOLDS = (
    *(
        "5",
        r"\frac{1}{2}",
        "(1,2)",
        r"\{1,2\}",
        "x^2+1",
        "[0,1)",
        r"2\sqrt{3}",
        r"\text{even}",
        "x=5",
        r"10\%",
        "1,2,3",
    ),
    *(r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\pi", "2516_8", r"(-\infty,3)\cup(5,\infty)", "3+4i", "5, -5"),
)
ITEMS = {str(number): Item(str(number), "What is it in all?", gold) for number, gold in enumerate(GOLDS)}

OPENINGS = ["(", "[", "{", r"\frac{", r"\sqrt{", r"\left(", r"\{", r"\text{", "|", r"\boxed{", "$", r"\[", "x^{", "x_{"]
CLOSINGS = [")", "]", "}", r"\right)", r"\}", "|", "$", r"\]", "**"]
SIGNS = list("0123456789") + list("+-*/^_=<>,;:!%&|.'~°√∪∞π") + [" ", "\n", "  ", "**", "^^", "!!", r"\\", "\\"]
MACROS = [
    *(r"\pi", r"\infty", r"\cup", r"\cap", r"\times", r"\cdot", r"\div", r"\pm", r"\mp", r"\le", r"\in", r"\mathbb{R}"),
    *(r"\sin", r"\cos^{-1}", r"\log_", r"\ln", r"\int_0^1", r"\sum_{k=1}^{n}", r"\prod", r"\lim_{x\to 0}", r"\binom"),
    *(
        r"\frobnicate",
        r"\def\a{\a}\a",
        r"\input{x}",
        r"\text{cm}",
        r"\overline{3}",
        r"\circ",
        r"\%",
        r"\$",
        r"\mathrm{d}",
    ),
]
WORDS = [
    "and",
    "or",
    "answer is",
    "The answer is",
    "Answer:",
    "####",
    "not",
    "x",
    "y",
    "abc",
    "mod",
    "million",
    "e",
    "i",
]
MARKERS = [
    "<think>",
    "</think>",
    "[THINK]",
    "<|im_end|>",
    "</s>",
    r"\boxed{",
    r"\fbox{",
    "\n\n",
    "I hope it is correct",
]
INVISIBLE = [
    "\u200b",
    "\u200e",
    "\u202e",
    "\u2067",
    "\ufeff",
    "\x00",
    "\x07",
    "\ud800",
    "\udfff",
    "\u0301",
    "\u00ad",
    "𝟝",
    "５",
]
TOKENS = OPENINGS + CLOSINGS + SIGNS + MACROS + WORDS + MARKERS + INVISIBLE


def number(rng):
    return str(rng.choice([0, 1, 2, 9, 10, 97, 10**6, 10**9, -5, 0.1, 1e300, rng.randrange(10**4)]))


def size(rng, most):
    """A size up to ``most``, small ones as likely as large ones."""
    return int(most ** rng.random())


def soup(rng):
    return "".join(rng.choice(TOKENS) for _ in range(size(rng, 300)))


def expression(rng, depth=0):
    if depth > 4 or rng.random() < 0.25:
        return rng.choice([number(rng), "x", "y", "n", r"\pi", "i"])
    parts = [expression(rng, depth + 1) for _ in range(3)]
    return rng.choice(
        [
            *(
                "{0}+{1}",
                "{0}-{1}",
                "{0}{1}",
                "({0})({1})",
                r"\frac{{{0}}}{{{1}}}",
                "{0}^{{{1}}}",
                r"\sqrt[{0}]{{{1}}}",
            ),
            *(
                r"\sin({0})",
                r"\log_{{{0}}}({1})",
                r"\binom{{{0}}}{{{1}}}",
                "({0})!",
                r"|{0}|",
                "{0}={1}",
                "{0}<{1}<{2}",
            ),
            *(
                r"\sum_{{n={0}}}^{{{1}}} {2}",
                r"\prod_{{n={0}}}^{{{1}}} {2}",
                r"\int_{{{0}}}^{{{1}}} {2} dx",
                "({0})^({1})",
            ),
            *(
                r"\lim_{{x\to {0}}} {1}",
                r"({0},{1})",
                r"[{0},{1})\cup({1},{2}]",
                r"\{{{0},{1},{2}\}}",
                r"{0}\%",
                "{0}_{1}",
            ),
        ]
    ).format(*parts)


def tower(rng):
    height = size(rng, 50)
    opening, closing = rng.choice([("^{", "}"), ("^", ""), ("^(", ")"), ("!^{", "}")])
    return number(rng) + "".join(opening + number(rng) for _ in range(height)) + closing * height


def matrix(rng):
    kind, entries, columns = rng.choice(["pmatrix", "bmatrix", "matrix", "cases"]), size(rng, 1_000), size(rng, 50)
    cells = "".join(number(rng) + (r" \\ " if (n + 1) % columns == 0 else " & ") for n in range(entries))
    return rf"\begin{{{kind}}}{cells}\end{{{kind}}}"


def intervals(rng):
    joint = rng.choice([r" \cup ", ", ", r"\cap", r"\text{ or }"])
    return joint.join(
        rng.choice("([") + number(rng) + ", " + rng.choice([number(rng), r"\infty", "x"]) + rng.choice(")]")
        for _ in range(size(rng, 300))
    )


def hidden(rng):
    text = rng.choice(GOLDS)
    return "".join(char + (rng.choice(INVISIBLE) if rng.random() < 0.4 else "") for char in text)


def mutated(rng):
    text = list(rng.choice(GOLDS) * rng.randrange(1, 4))
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(text) + 1)
        text[place : place + rng.randrange(3)] = rng.choice([[], [rng.choice(TOKENS)], text[:5]])
    return "".join(text)


def nested(rng):
    depth, opening, closing = size(rng, 5_000), rng.choice(OPENINGS), rng.choice([*CLOSINGS, ""])
    return opening * depth + number(rng) + closing * depth


def huge(rng):
    piece = rng.choice(
        [*TOKENS, "answer is ", "7 ", "the answer ", r"\boxed{5} ", "is our answer\n", "</think>5", "= 5 "]
    )
    return piece * ((10_000_000 if rng.random() < 0.05 else 200_000) // len(piece))


KINDS = {
    "soup": (soup, 20),
    "expression": (expression, 25),
    "mutated": (mutated, 20),
    "hidden": (hidden, 10),
    "tower": (tower, 5),
    "factorial": (lambda rng: f"{number(rng)}{'!' * size(rng, 9)}" + "!" * rng.randrange(3), 3),
    "digits": (lambda rng: rng.choice(["7", "0.3", "12,", "1e9"]) * size(rng, 100_000), 3),
    "braces": (lambda rng: rng.choice("{([") * size(rng, 5_000) + number(rng), 3),
    "nested": (nested, 5),
    "matrix": (matrix, 4),
    "intervals": (intervals, 4),
    "macros": (lambda rng: "".join(rng.choices(MACROS, k=size(rng, 200))), 4),
    "huge": (huge, 0.5),
}
WRAPPERS = [r"\boxed{@}", "The answer is @.", "**Answer:** @", "#### @", "So $@$.", "<think>@</think>@", "@"]


def adversarial(seed):
    """Yield (kind, response) without end."""
    kinds, weights = list(KINDS), [weight for _, weight in KINDS.values()]
    for place in count():
        rng = random.Random(f"{seed}/{place}")
        kind = rng.choices(kinds, weights)[0]
        wrapper = rng.choices(WRAPPERS, [8, 1, 1, 1, 1, 1, 1])[0]
        yield kind, wrapper.replace("@", KINDS[kind][0](rng))


class Watch:
    """Counts what comes out, and remembers the slowest."""

    def __init__(self):
        self.kinds, self.verdicts, self.unexpected = [], Counter(), []
        self.methods, self.slowest = Counter(), []

    def completions(self, texts):
        for place, (kind, text) in enumerate(texts):
            self.kinds.append((kind, len(text)))
            yield Completion(str(place % len(GOLDS)), place, text, ("stop", "length", None)[place // 7 % 3], None, None)

    def time(self, timing):
        self.slowest = sorted([*self.slowest, (timing.milliseconds, *self.kinds[timing.sample])])[-5:]

    def take(self, grade):
        self.verdicts[grade.verdict] += 1
        last = grade.method.rpartition("/")[2]
        if grade.verdict in ("timeout", "crashed"):
            self.methods[grade.method] += 1
        # A crash is a full memory; anything else would be a defect of a grader, or a worker that died by itself.
        if grade.verdict not in VERDICTS or (grade.verdict == "crashed" and last != "memory") or last == "wall_limit":
            self.unexpected.append((self.kinds[grade.sample], grade))
        (grade.answer or "").encode("utf-8")


def largest_worker():
    """Return the most bytes that any worker that runs now has had in memory."""
    sizes = [0]
    for child in psutil.Process().children():
        # What getrusage says of children counts those of other tests, and what this process has.
        with contextlib.suppress(OSError, IndexError):
            status = Path(f"/proc/{child.pid}/status").read_text()
            sizes.append(int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024)
    return max(sizes)


def test_adversarial_answers_get_an_expected_verdict():
    watch, started, peak = Watch(), time.monotonic(), 0
    completions = watch.completions(islice(adversarial(SEED), ANSWERS or None))
    options = {"final_formula": True}
    grades = grade_completions(completions, ITEMS, "math", None, options, workers=2, limits=LIMITS, timings=watch.time)
    with contextlib.closing(grades):
        for grade in grades:
            watch.take(grade)
            if grade.sample % 50 == 0:
                peak = max(peak, largest_worker())
            if not ANSWERS and time.monotonic() - started > SECONDS:
                break
    print(
        f"\nseed {SEED}: {watch.verdicts.total():,} answers in {time.monotonic() - started:.0f} s: {dict(watch.verdicts)};"
        f" timeouts and crashes {dict(watch.methods)}; slowest (CPU ms, kind, characters) {watch.slowest[::-1]};"
        f" largest worker {peak / 2**20:.0f} MiB"
    )
    assert watch.verdicts.total() > 20
    assert not watch.unexpected
    assert peak < LIMITS.memory_bytes


@settings(max_examples=300, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=5), st.sampled_from(GOLDS)), max_size=40))
def test_any_soup_gets_an_expected_verdict_of_every_grader(pieces):
    watch, soup = Watch(), "".join(pieces)
    for text in (soup, rf"\boxed{{{soup}}}"):
        for grade in grade_completions(watch.completions([("hypothesis", text)] * 2), ITEMS, "multiple_choice"):
            watch.take(grade)
        for item in ITEMS.values():
            # Without workers: what is left to them is the business of the test above.
            options = {"final_formula": True}
            assert math.decide(text, item, "stop", None, options).verdict in (None, *VERDICTS)
            assert second.check(text, item, "stop", None, options).verdict in CROSSCHECK_VERDICTS
    assert not watch.unexpected
