"""The second grader on recorded responses of real models, against the labels that came with some of them.

The official labels of the rho models err themselves (see test_real_gradings); where the second grader differs from
them, the first one differs in the same way.
"""

import gzip
import json
from pathlib import Path

import pytest

from paretoscope.crosscheck import crosscheck_completions
from paretoscope.crosscheck._forms import compare, read
from paretoscope.schema import Completion, Item

DATA = Path(__file__).resolve().parents[2] / "../shared/data"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="../shared/data, the recorded responses, is not here")

OPTIONS = {"gsm8k": {"final_number": True}, "math500": {"final_formula": True}}


def checked(rows, options):
    """Return the second grader's verdict on every row that has problem, gold and response."""
    items = {row["id"]: Item(row["id"], row.get("problem", ""), row["gold"]) for row in rows}
    responses = [Completion(row["id"], 0, row["response"], None, None, None) for row in rows]
    return [row.verdict for row in crosscheck_completions(responses, items, "math", None, options)]


@pytest.mark.parametrize(
    ("model", "benchmark", "decided", "agreeing"),
    [
        ("rho-math-1b-v0.1", "gsm8k", 0.96, 0.995),
        ("rho-math-7b-v0.1", "gsm8k", 0.96, 0.99),
        ("rho-math-1b-v0.1", "math500", 0.68, 0.97),
        ("rho-math-7b-v0.1", "math500", 0.83, 0.98),
    ],
)
def test_agreement_with_official_labels_where_it_decides(model, benchmark, decided, agreeing):
    with gzip.open(DATA / f"traces/{model}__{benchmark}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [{**row, "id": row["problem_id"]} for row in rows]
    verdicts = checked(rows, OPTIONS[benchmark])
    known = [(v == "correct") == r["official_correct"] for v, r in zip(verdicts, rows, strict=True) if v != "undecided"]
    assert len(known) / len(rows) >= decided
    assert sum(known) / len(known) >= agreeing


def test_trusted_labels_of_full_solutions():
    with (DATA / "grading/labelled.jsonl").open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["source"] == "openai-gsm8k-solutions"]
    verdicts = checked([{**row, "response": row["prediction"]} for row in rows], OPTIONS["gsm8k"])
    known = [(v == "correct") == r["label"] for v, r in zip(verdicts, rows, strict=True) if v != "undecided"]
    assert len(known) >= 410
    assert all(known)


@pytest.mark.parametrize("benchmark", ["gsm8k", "math500", "aime2025", "hmmt_feb_2025"])
def test_every_gold_equals_itself(benchmark):
    with (DATA / f"benchmarks/{benchmark}/{benchmark}.jsonl").open(encoding="utf-8") as lines:
        golds = [json.loads(line)["answer"] for line in lines]
    assert {compare(read(gold), read(f" ${gold}$ ")) for gold in golds} == {"correct"}
