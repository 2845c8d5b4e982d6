"""Measure the second grader on recorded responses: ``python tests/benchmarks/bench_crosscheck.py``.

Recordings are those of ``../shared/data/traces``. Times are CPU seconds of one process.
"""

import gzip
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from paretoscope.crosscheck import crosscheck_completions  # noqa: E402 - the path above comes first
from paretoscope.schema import Completion, Item  # noqa: E402

TRACES = ROOT / "../shared/data/traces"
OPTIONS = {"gsm8k": {"final_number": True}, "math500": {"final_formula": True}}


def main() -> None:
    """Print responses per second and the share decided, per recording and in all."""
    total, seconds = 0, 0.0
    for path in sorted(TRACES.glob("*.jsonl.gz")):
        model, benchmark = path.name.removesuffix(".jsonl.gz").split("__")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        items = {row["problem_id"]: Item(row["problem_id"], row["problem"], row["gold"]) for row in rows}
        responses = [Completion(row["problem_id"], row["sample"], row["response"], None, None, None) for row in rows]
        started = time.process_time()
        checked = list(crosscheck_completions(responses, items, "math", None, OPTIONS[benchmark]))
        took = time.process_time() - started
        decided = sum(row.verdict != "undecided" for row in checked) / len(rows)
        print(f"{model:32} {benchmark:8} {len(rows):6,} responses  {len(rows) / took:8,.0f}/s  decided {decided:6.1%}")
        total, seconds = total + len(rows), seconds + took
    print(f"{'all':41} {total:6,} responses  {total / seconds:8,.0f}/s on one core")


if __name__ == "__main__":
    main()
