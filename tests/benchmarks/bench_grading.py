"""Measure the grading of recorded responses: ``python tests/benchmarks/bench_grading.py [rows] [workers]``.

Reads ``../shared/data/traces``; 5,000 rows on two workers should take less than a minute on two cores.
"""

import gzip
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from paretoscope.grading import grade_completions  # noqa: E402 - the path above comes first
from paretoscope.schema import Completion, Item  # noqa: E402

TRACES = ROOT / "../shared/data/traces"
CLOSING = {"gsm8k": "final_number", "math500": "final_formula"}


def recordings():
    """Yield the file name's model and benchmark, and its rows; MATH-500 first, since it is the harder half."""
    for path in sorted(TRACES.glob("*.jsonl.gz"), key=lambda path: ("math500" not in path.name, path.name)):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield *path.name.removesuffix(".jsonl.gz").split("__"), [json.loads(line) for line in lines]


def main(limit: int, workers: int) -> None:
    """Grade up to ``limit`` rows and print rows per second for each recording and for all."""
    total, spent = 0, 0.0
    for model, benchmark, rows in recordings():
        rows = rows[: limit - total]
        if not rows:
            break
        items = {row["problem_id"]: Item(row["problem_id"], row["problem"], row["gold"]) for row in rows}
        completions = [Completion(row["problem_id"], 0, row["response"], None, None, None) for row in rows]
        started = time.perf_counter()
        grades = list(grade_completions(completions, items, "math", None, {CLOSING[benchmark]: True}, workers))
        seconds = time.perf_counter() - started
        total, spent = total + len(rows), spent + seconds
        verdicts = dict(Counter(grade.verdict for grade in grades))
        print(
            f"{model:30} {benchmark:8} {len(rows):5} rows {seconds:6.2f} s {len(rows) / seconds:7.0f} rows/s {verdicts}"
        )
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
    print(f"{total} rows in {spent:.1f} s, {total / spent:.0f} rows/s, {workers} workers, {cpu:.1f} CPU seconds in all")


if __name__ == "__main__":
    if not TRACES.exists():
        print(f"{TRACES} isn't there: grading is not timed")
        sys.exit()
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000, int(sys.argv[2]) if len(sys.argv) > 2 else 2)
