"""Measure the grading service: ``python tests/benchmarks/bench_grading.py [what ...]``; without arguments, everything.

- ``recorded``: 1,768 recorded responses of five models, which math-verify alone grades in 16 s on one core;
- ``all``: the 7,442 of all recordings, on two workers;
- ``pairs``: distinct easy pairs on two workers, kind by kind, and as a mixture like the golds of MATH-500;
- ``alone``: the same pairs in this process, up to what is left to computer algebra, per CPU second;
- ``memory``: completions of 2,000 tokens, graded and graded again from the cache, and the memory that takes
  (``memory=1000000`` for so many; they repeat the recorded texts, joined to that length).

Recordings are those of ``../shared/data/traces``. Times are CPU seconds of all processes, and wall seconds.
"""

import gzip
import json
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import grade  # noqa: E402 - the path above comes first

from paretoscope.files import write_jsonl  # noqa: E402
from paretoscope.graders import math  # noqa: E402
from paretoscope.grading import grade_completions  # noqa: E402
from paretoscope.schema import Completion, Item, to_row  # noqa: E402

TRACES = ROOT / "../shared/data/traces"
CLOSING = {"gsm8k": "final_number", "math500": "final_formula"}
RECORDED = (
    "QwQ-32B__gsm8k",
    "DeepSeek-R1-Distill-Qwen-32B__gsm8k",
    "DeepSeek-R1__math500",
    "rho-math-1b-v0.1__math500",
    "s1.1-32B__math500",
)
CHARACTERS = 8_000
"""Of 2,000 tokens of reasoning in English."""


def recordings(names=None) -> Iterator[tuple[str, str, list[dict]]]:
    """Yield model, benchmark and rows of every recording, or of those named."""
    for path in sorted(TRACES.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        if names is None or name in names:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                yield *name.split("__"), [json.loads(line) for line in lines]


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the workers that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def report(name: str, rows: int, started: tuple[float, float], extra: str = "") -> None:
    """Print what so many rows took since ``started``."""
    wall, cpu = time.perf_counter() - started[0], cpu_seconds() - started[1]
    print(
        f"{name:34} {rows:8,} rows {wall:7.2f} s wall {cpu:7.2f} s CPU {rows / wall:8,.0f} rows/s {extra}", flush=True
    )


def now() -> tuple[float, float]:
    """Return wall and CPU time."""
    return time.perf_counter(), cpu_seconds()


def inputs(rows: list[dict], benchmark: str) -> tuple[list[Completion], dict[str, Item]]:
    """Return completions and items; ids get their benchmark's name, since two are graded in one go."""
    ids = [f"{benchmark}/{row['problem_id']}" for row in rows]
    items = {key: Item(key, row["problem"], row["gold"]) for key, row in zip(ids, rows, strict=True)}
    return [Completion(key, 0, row["response"], None, None, None) for key, row in zip(ids, rows, strict=True)], items


def bench_recordings(name: str, names, workers: int) -> None:
    """Grade recordings: those of one benchmark together, as they have their options in common."""
    started, total, verdicts = now(), 0, Counter()
    for benchmark, closing in CLOSING.items():
        rows = [row for _, of, rows in recordings(names) if of == benchmark for row in rows]
        completions, items = inputs(rows, benchmark)
        graded = grade_completions(completions, items, "math", None, {closing: True}, workers)
        verdicts.update(each.verdict for each in graded)
        total += len(rows)
    report(name, total, started, str(dict(verdicts)))


EASY = {
    # kind: (of 100 golds of MATH-500, about so many; gold and answer by number, the answer right where the two agree)
    "integers": (55, lambda n, m: (f"{n}", f"{m}")),
    "fractions": (12, lambda n, m: (rf"\frac{{{n}}}{{{2 * n + 1}}}", f"{m}/{2 * n + 1}")),
    "decimals": (2, lambda n, m: (f"{n}.5", rf"\dfrac{{{2 * m + 1}}}{{2}}")),
    "thousands, units": (3, lambda n, m: (f"{n:,}", rf"{m}\text{{ meters}}")),
    "percent and degrees": (2, lambda n, m: (rf"{n}\%", rf"{m}\,\%") if n % 3 else (rf"{n}^\circ", f"{m}")),
    "square roots": (5, lambda n, m: (rf"{n}\sqrt{{3}}", rf"\sqrt{{{3 * m**2}}}")),
    "sums with roots": (2, lambda n, m: (rf"{n}+2\sqrt{{5}}", rf"\sqrt{{20}} + {m}")),
    "multiples of pi": (3, lambda n, m: (rf"\frac{{{n}\pi}}{{2}}", rf"\frac{{{m}}}{{2}} \pi")),
    "complex numbers": (1, lambda n, m: (f"{n}+2i", f"2i + {m}")),
    "polynomials": (4, lambda n, m: (f"x^2+{2 * n}x+{n * n}", f"(x+{m})^2")),
    "points": (4, lambda n, m: (f"({n}, {n + 1})", rf"\left({m},\frac{{{2 * n + 2}}}{{2}}\right)")),
    "intervals": (2, lambda n, m: (rf"[{n},\infty)", rf"x \ge {m}")),
    "lists": (1, lambda n, m: (f"{n}, -{n}", f"-{n}, {m}")),
    "matrices": (
        1,
        lambda n, m: (
            rf"\begin{{pmatrix}} {n} \\ 1/2 \end{{pmatrix}}",
            rf"\begin{{bmatrix}} {m} \\ \frac{{1}}{{2}} \end{{bmatrix}}",
        ),
    ),
    "equations": (1, lambda n, m: (f"{n}x - 7y + 4 = 0", f"{m}x + 4 = 7y")),
    "functions (algebra)": (0.5, lambda n, m: (rf"\ln {n}", rf"\ln({m})")),
    "words": (1.5, lambda n, m: (rf"\text{{{in_letters(n)}}}", in_letters(m).capitalize())),
}


def in_letters(number: int) -> str:
    """Return the digits of a number as letters."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def easy_pairs(kind: str, count: int) -> list[tuple[str, str]]:
    """Return distinct golds of one kind with an answer each; half of the answers are right."""
    pair = EASY[kind][1]
    return [pair(n, n + n % 2) for n in range(1_000, 1_000 + count)]


def bench_pairs() -> None:
    """Grade distinct easy pairs kind by kind, then mixed."""
    for kind in EASY:
        grade_pairs(kind, easy_pairs(kind, 1_000 if kind == "functions (algebra)" else 4_000))
    grade_pairs("mixture", mixed_pairs())


def mixed_pairs() -> list[tuple[str, str]]:
    """Return easy pairs of all kinds, by their shares, shuffled."""
    mixture = [pair for kind, (share, _) in EASY.items() for pair in easy_pairs(kind, int(200 * share))]
    random.Random(0).shuffle(mixture)
    return mixture


def bench_alone() -> None:
    """Decide pairs without service and workers: extraction and all layers before computer algebra."""
    for name, pairs in (("mixture", mixed_pairs()), *((kind, easy_pairs(kind, 4_000)) for kind in EASY)):
        items = [Item("0", "", gold) for gold, _ in pairs]
        started, left = time.process_time(), 0
        for item, (_, answer) in zip(items, pairs, strict=True):
            left += math.decide(rf"So it is \boxed{{{answer}}}.", item, "stop", None, {}).verdict is None
        rate = len(pairs) / (time.process_time() - started)
        print(f"alone: {name:27} {len(pairs):8,} rows {rate:8,.0f} rows a CPU second, {left} left", flush=True)


def grade_pairs(name: str, pairs: list[tuple[str, str]]) -> None:
    """Grade boxed answers on two workers, and print how many pairs took computer algebra."""
    items = {str(n): Item(str(n), "", gold) for n, (gold, _) in enumerate(pairs)}
    texts = (rf"So it is \boxed{{{answer}}}." for _, answer in pairs)
    completions = [Completion(str(n), 0, text, "stop", 1, 1) for n, text in enumerate(texts)]
    started = now()
    grades = list(grade_completions(completions, items, "math", workers=2))
    right = sum(each.verdict == "correct" for each in grades)
    algebra = sum("math_verify" in each.method for each in grades)
    report(f"pairs: {name}", len(pairs), started, f"{right} correct, {algebra} by computer algebra")


def long_completions(count: int, items: dict[str, Item]) -> Iterator[Completion]:
    """Yield distinct completions of about 2,000 tokens: recorded responses, with pieces of others before them."""
    rows = [(f"gsm8k/{row['problem_id']}", row["response"]) for _, _, rows in recordings(RECORDED[:2]) for row in rows]
    filler = "".join(response for _, response in rows)
    for number in range(count):
        key, response = rows[number % len(rows)]
        start = number * 997 % (len(filler) - CHARACTERS)
        text = f"{number} {filler[start : start + max(0, CHARACTERS - len(response))]}</think>{response}"
        yield Completion(key, number // len(rows), text, "stop", 100, 2_000)


def bench_memory(count: int) -> None:
    """Grade a file of long completions through the rule's script, then again from the cache."""
    _, items = inputs([row for _, _, rows in recordings(RECORDED[:2]) for row in rows], "gsm8k")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_jsonl(folder / "items.jsonl", map(to_row, items.values()))
        write_jsonl(folder / "completions.jsonl.zst", map(to_row, long_completions(count, items)))
        spec = {"grader": "math", "final_number": True, "reasoning": None}
        for run in ("first", "again, from the cache"):
            started = now()
            grade.main(
                str(folder / "completions.jsonl.zst"),
                str(folder / "items.jsonl"),
                spec,
                str(folder / f"grades_{run[:5]}.jsonl.zst"),
                str(folder / "timings.jsonl.zst"),
                str(folder / "cache.jsonl"),
                1,
                "bench",
            )
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            report(f"2,000 tokens each, {run}", count, started, f"peak {peak:,.0f} MiB")
        first, again = (folder / f"grades_{run}.jsonl.zst" for run in ("first", "again"))
        assert first.read_bytes() == again.read_bytes()
        print(f"cache {(folder / 'cache.jsonl').stat().st_size / count:.0f} bytes a completion")


def main(wanted: list[str]) -> None:
    """Run what is wanted, in the order above."""
    counts = dict(part.split("=") for part in wanted if "=" in part)
    names = {part.split("=")[0] for part in wanted} or {"recorded", "all", "pairs", "alone", "memory"}
    if not TRACES.exists():
        print(f"{TRACES} isn't there: only pairs are timed")
        names &= {"pairs", "alone"}
    if "memory" in names:
        bench_memory(int(counts.get("memory", 20_000)))
    if "recorded" in names:
        bench_recordings("recorded, one worker", RECORDED, 1)
    if "all" in names:
        bench_recordings("all recordings, two workers", None, 2)
    if "pairs" in names:
        bench_pairs()
    if "alone" in names:
        bench_alone()


if __name__ == "__main__":
    main(sys.argv[1:] and [*islice(sys.argv, 1, None)])
