"""A judge in the real workflow: run on what the graders leave open, and on nothing else."""

from collections import Counter

import pandas as pd
import pytest

from paretoscope.files import read_json, read_jsonl, write_jsonl

from .conftest import Checkout
from .test_reruns import jobs
from .test_sglang import STUDY as SERVED_STUDY

CARD = """\
id: nano-judge
name: Nano Judge
family: Nano Smoke
source:
  training: {style: direct, init: null, steps: 5, batch_size: 16, learning_rate: 0.01, seed: 0}
architecture:
  model_type: qwen3
  hidden_size: 32
  num_hidden_layers: 1
  num_attention_heads: 1
  num_key_value_heads: 1
  head_dim: 32
  intermediate_size: 32
  max_position_embeddings: 4096
  tie_word_embeddings: true
licence: Apache-2.0
release_date: "2025-01-01"
kind: dense
type: instruct
reasoning: null
context_length: 4096
sampling: {temperature: 0.0}
chat_template: {enable_thinking: false}
"""
WITH_JUDGE = "\njudge: {model: nano-judge, words: {correct: '1', wrong: '0'}}\n"
"""The words are two that a nano model's vocabulary has."""

CELL = "results/{}/{}/nano-smoke-a/arithmetic-smoke.jsonl.zst"
JUDGE_JOBS = jobs(pose_judgements=1, judge=1, read_judgements=1)


def rows(checkout: Checkout, kind: str, study: str = "contract") -> list[dict]:
    return [row for _, row in read_jsonl(checkout.folder / CELL.format(study, kind))]


def leave_open(checkout: Checkout, study: str = "contract") -> list[tuple[str, int]]:
    """Change what the graders said of three completions, so that there is something to judge; return these."""
    grades, checks = rows(checkout, "grades", study), rows(checkout, "crosschecks", study)
    disputed, unread, also_unread, *_ = answered(grades)
    grades[disputed]["verdict"], checks[disputed]["verdict"] = "wrong", "correct"
    grades[unread]["verdict"] = grades[also_unread]["verdict"] = "unparsed"
    for kind, changed in (("grades", grades), ("crosschecks", checks)):
        write_jsonl(checkout.folder / CELL.format(study, kind), changed)
    return [(grades[place]["item_id"], grades[place]["sample"]) for place in (disputed, unread, also_unread)]


def answered(grades: list[dict]) -> list[int]:
    """Return the places of the completions whose answer could be read."""
    return [place for place, grade in enumerate(grades) if grade["verdict"] in ("correct", "wrong")]


@pytest.fixture(scope="module")
def judged(finished, tmp_path_factory) -> tuple[Checkout, list, Counter]:
    """A checkout whose study ran without a judge and then with one; what was open; what the second run had to do."""
    checkout = finished.copy(tmp_path_factory.mktemp("judged") / "paretoscope")
    left_open = leave_open(checkout)
    checkout.run("contract")
    checkout.write("config/models/nano-judge.yaml", CARD)
    checkout.replace("config/contract.yaml", "device: cpu}\n", "device: cpu}" + WITH_JUDGE)
    planned = checkout.planned("contract")
    checkout.run("contract")
    return checkout, left_open, planned


def test_a_judge_added_later_runs_alone_and_the_tables_after_it(judged):
    checkout, _, planned = judged
    expected = JUDGE_JOBS + jobs(train_model=1, summarize=1, write_summary=1)
    assert {name: planned[name] for name in expected} == expected
    assert not set(planned) & {"load_benchmark", "generate", "grade", "crosscheck", "audit", "estimate_flops"}
    assert checkout.planned("contract") == Counter()


def test_only_what_is_open_is_judged_by_one_of_two_words(judged):
    checkout, left_open, _ = judged
    judgements, answers = rows(checkout, "judge/judgements"), rows(checkout, "judge/completions")
    assert [(row["item_id"], row["sample"]) for row in judgements] == left_open
    assert {answer["text"] for answer in answers} <= {"1", "0"}
    assert {answer["completion_tokens"] for answer in answers} == {2}
    assert {judgement["verdict"] for judgement in judgements} <= {"correct", "wrong"}
    assert all(judgement["prefill_flops"] > judgement["decode_flops"] > 0 for judgement in judgements)


def test_the_problems_show_no_reasoning(judged):
    checkout, _, _ = judged
    posed = rows(checkout, "judge/problems")
    texts = {(row["item_id"], row["sample"]): row["text"] for row in rows(checkout, "generations")}
    for problem in posed:
        item_id, _, sample = problem["id"].rpartition("#")
        reasoning, _, answer = texts[item_id, int(sample)].rpartition("</think>")
        assert answer.strip() in problem["question"]
        assert not reasoning or reasoning not in problem["question"]


def test_accuracy_stands_with_and_without_the_judge(judged):
    checkout, _, _ = judged
    cells = pd.read_csv(checkout.folder / "results/contract/summary/cells.csv").set_index("model")
    model, judgements = cells.loc["nano-smoke-a"], rows(checkout, "judge/judgements")
    verdicts = [row["verdict"] for row in rows(checkout, "grades")]
    assert model["judge"] == "nano-judge"
    assert model["judged_rate"] == pytest.approx(len(judgements) / len(verdicts))
    assert model["accuracy"] == pytest.approx(verdicts.count("correct") / len(verdicts))
    gained = sum(judgement["verdict"] == "correct" for judgement in judgements)  # all were wrong or unparsed before
    assert model["accuracy_with_judge"] == pytest.approx(model["accuracy"] + gained / len(verdicts))
    flops = sum(judgement["prefill_flops"] + judgement["decode_flops"] for judgement in judgements)
    assert model["judge_flops_mean"] == pytest.approx(flops / len(verdicts))
    assert cells.loc["oracle", ["judge", "accuracy_with_judge"]].isna().all()
    assert "With nano-judge as judge of" in (checkout.folder / "results/contract/report/summary.txt").read_text()


def test_its_meta_file_says_who_judged_and_how(judged):
    checkout, _, _ = judged
    meta = read_json(checkout.folder / "results/contract/judge/completions/nano-smoke-a/arithmetic-smoke.meta.json")
    assert (meta["model"], meta["benchmark"]) == ("nano-judge", "answers of nano-smoke-a to arithmetic-smoke")
    assert meta["sampling"]["asked"]["temperature"] == 0
    assert (
        meta["revision"] == read_json(checkout.folder / "results/contract/models/nano-judge/revision.json")["revision"]
    )


def test_one_more_open_completion_is_the_only_one_asked_anew(judged, tmp_path):
    checkout = judged[0].copy(tmp_path / "paretoscope")
    grades, asked = rows(checkout, "grades"), {row["id"] for row in rows(checkout, "judge/problems")}
    place = answered(grades)[-1]
    grades[place]["verdict"] = "unparsed"
    write_jsonl(checkout.folder / CELL.format("contract", "grades"), grades)
    checkout.run("contract")
    assert {row["id"] for row in rows(checkout, "judge/problems")} - asked == {f"{grades[place]['item_id']}#0"}
    log = (checkout.folder / "results/contract/logs/judge/nano-smoke-a/arithmetic-smoke.log").read_text()
    assert f"{len(asked) + 1} completions wanted, {len(asked)} in the store, 1 to generate" in log


def test_a_judge_served_by_the_real_sglang(sglang_python, finished, tmp_path):
    checkout = finished.copy(tmp_path / "paretoscope")
    study = checkout.write("config/served.yaml", SERVED_STUDY.format(python=sglang_python, restarts=1))
    checkout.run("served")
    left_open = leave_open(checkout, "served")
    checkout.write("config/models/nano-judge.yaml", CARD)
    study.write_text(study.read_text() + WITH_JUDGE)
    checkout.run("served")
    judgements = rows(checkout, "judge/judgements", "served")
    assert [(row["item_id"], row["sample"]) for row in judgements] == left_open
    assert {row["text"] for row in rows(checkout, "judge/completions", "served")} <= {"1", "0"}
    meta = read_json(checkout.folder / "results/served/judge/completions/nano-smoke-a/arithmetic-smoke.meta.json")
    assert (meta["model"], meta["engine"]["name"]) == ("nano-judge", "sglang")
    assert checkout.planned("served") == Counter()
