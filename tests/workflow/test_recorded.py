"""Recorded responses of real LLMs through the whole workflow."""

import gzip
import json

import pandas as pd
import pytest

from paretoscope.files import read_jsonl

from .conftest import SHARED_DATA, Checkout

pytestmark = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the recorded responses (../shared/data) aren't there")

OFFICIAL_STUDY = """\
study: official
cards: ["."]
models: [rho-math-1b, rho-math-7b, oracle, empty]
benchmarks: [gsm8k-full, math500-full]
engine:
  name: recorded
  traces:
    gsm8k-full: ../traces/{model_name}__gsm8k.jsonl.gz
    math500-full: ../traces/{model_name}__math500.jsonl.gz
  columns:
    item_id: problem_id
    text: response
    sample: sample
    prompt_tokens: n_problem_tokens_qwen2
    completion_tokens: n_tokens_qwen2
"""

FULL_CARD = """\
id: {id}-full
name: {id}
source: {{path: ../../traces/rho-math-1b-v0.1__{id}.jsonl.gz}}
format: math
columns: {{id: problem_id, question: problem, target: gold}}
rows: {rows}
licence: MIT
prompt: {{protocol: 1, template: "{{question}}"}}
grading: {grading}
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A checkout in which config/recorded.yaml ran."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("recorded") / "paretoscope")
    (checkout.folder / "traces").symlink_to(SHARED_DATA / "traces")
    checkout.run("recorded")
    return checkout


def test_every_cell_is_there(recorded):
    cells = pd.read_csv(recorded.folder / "results/recorded/summary/cells.csv")
    assert len(cells) == 16
    assert cells.groupby("benchmark")["n_items"].unique().explode().to_dict() == {"gsm8k-mip": 582, "math500-mip": 52}
    assert cells[["accuracy", "total_flops_mean", "completion_tokens_mean"]].notna().all().all()
    assert cells[["generation_seconds", "tokens_per_second", "peak_memory_bytes"]].isna().all().all()
    assert len(pd.read_csv(recorded.folder / "results/recorded/summary/absent_cells.csv")) == 0


def test_accuracies_and_costs_are_those_of_the_models(recorded):
    cells = pd.read_csv(recorded.folder / "results/recorded/summary/cells.csv").set_index(["model", "benchmark"])
    accuracy, tokens = cells["accuracy"], cells["completion_tokens_mean"]
    # Reasoning models get GSM8K almost right and think far longer than instruct models.
    for model in ("deepseek-r1", "qwq-32b", "deepseek-r1-distill-qwen-32b", "s1.1-32b"):
        assert accuracy[model, "gsm8k-mip"] > 0.94
        assert tokens[model, "gsm8k-mip"] > 1.5 * tokens["qwen2.5-32b-instruct", "gsm8k-mip"]
    assert accuracy["rho-math-1b", "gsm8k-mip"] < 0.5
    # DeepSeek-R1 costs what its 37 billion active parameters cost, not its 671 billion.
    r1 = cells.loc["deepseek-r1", "gsm8k-mip"]
    assert r1["total_parameters"] == pytest.approx(671e9, rel=0.01)
    assert r1["active_parameters"] == pytest.approx(37.5e9, rel=0.02)
    per_token = r1["total_flops_mean"] / (r1["prompt_tokens_mean"] + r1["completion_tokens_mean"])
    assert 2 * 35e9 < per_token < 2 * 45e9
    assert cells.loc["qwq-32b", "gsm8k-mip"]["total_parameters"] == 32_763_876_352


def test_second_run_has_nothing_to_do(recorded):
    assert not recorded.planned("recorded")


def own_traces(recorded, tmp_path) -> Checkout:
    """A copy of the finished study whose recordings are links one by one, to be replaced."""
    checkout = recorded.copy(tmp_path / "paretoscope")
    traces = checkout.folder / "traces"
    traces.unlink()
    traces.mkdir()
    for file in (SHARED_DATA / "traces").iterdir():
        (traces / file.name).symlink_to(file)
    return checkout


def change(checkout, name, how) -> None:
    path = checkout.folder / "traces" / name
    data = how(path.read_bytes())
    path.unlink()
    path.write_bytes(data)


def test_changed_recording_recomputes_its_cell(recorded, tmp_path):
    checkout = own_traces(recorded, tmp_path)
    change(checkout, "QwQ-32B__math500.jsonl.gz", lambda data: gzip.compress(gzip.decompress(data) + b"\n"))
    planned = checkout.planned("recorded")
    assert (planned["generate"], planned["grade"], planned["estimate_flops"]) == (1, 1, 1)


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """A checkout in which the two models with official labels ran on all problems."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("official") / "paretoscope")
    (checkout.folder / "traces").symlink_to(SHARED_DATA / "traces")
    checkout.write("own/official.yaml", OFFICIAL_STUDY)
    gsm8k = FULL_CARD.format(id="gsm8k", rows=1319, grading="{grader: math, final_number: true}")
    checkout.write("own/benchmarks/gsm8k-full.yaml", gsm8k)
    checkout.write(
        "own/benchmarks/math500-full.yaml",
        FULL_CARD.format(id="math500", rows=500, grading="{grader: math, final_formula: true}"),
    )
    checkout.snakemake("--cores", "2", "--configfile", "own/official.yaml")
    return checkout


def agreement(official, model, benchmark):
    grades = official.folder / f"results/official/grades/{model}/{benchmark}-full.jsonl.zst"
    verdicts = {row["item_id"]: row["verdict"] == "correct" for _, row in read_jsonl(grades)}
    with gzip.open(SHARED_DATA / "traces" / f"{model}-v0.1__{benchmark}.jsonl.gz", "rt", encoding="utf-8") as lines:
        labels = {row["problem_id"]: row["official_correct"] for row in map(json.loads, lines)}
    assert verdicts.keys() == labels.keys()
    return sum(verdicts[item] == labels[item] for item in labels) / len(labels)


# Read by hand, the official label was wrong in all 17 disagreements on rho-math-1b's MATH-500 and all 9 on the 7b's.
# On GSM8K it also counts texts that only repeat a number of the question (1100 of the 7b's).
@pytest.mark.parametrize(
    ("model", "benchmark", "least"),
    [
        ("rho-math-1b", "gsm8k", 0.99),
        ("rho-math-7b", "gsm8k", 0.989),
        ("rho-math-1b", "math500", 0.965),
        ("rho-math-7b", "math500", 0.98),
    ],
)
def test_verdicts_agree_with_the_official_labels(official, model, benchmark, least):
    assert agreement(official, model, benchmark) >= least


def test_verdicts_agree_with_the_official_labels_of_both_models(official):
    both = [agreement(official, model, "math500") for model in ("rho-math-1b", "rho-math-7b")]
    assert sum(both) / 2 >= 0.97


def test_controls_score_one_and_zero_on_every_item(official):
    cells = pd.read_csv(official.folder / "results/official/summary/cells.csv").set_index(["model", "benchmark"])
    assert cells.loc["oracle", "accuracy"].tolist() == [1.0, 1.0]
    assert cells.loc["empty", "accuracy"].tolist() == [0.0, 0.0]
    assert cells.loc["empty", "no_answer_rate"].tolist() == [1.0, 1.0]


DAMAGES = {
    "cut short": (lambda data: data[: len(data) // 2], "can't be read to its end"),
    "bad line": (lambda data: gzip.compress(gzip.decompress(data).replace(b'{"source"', b'{"source', 1)), "line 1"),
    "negative tokens": (
        lambda data: gzip.compress(gzip.decompress(data).replace(b'"n_tokens_qwen2": ', b'"n_tokens_qwen2": -', 1)),
        "it must be 0 to",
    ),
    "missing item": (
        lambda data: gzip.compress(b"\n".join(gzip.decompress(data).split(b"\n")[1:])),
        "responses are missing",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_recording_is_refused_and_finished_work_stays(recorded, tmp_path, damage, message):
    name = "QwQ-32B__math500.jsonl.gz"
    checkout = own_traces(recorded, tmp_path)
    change(checkout, name, damage)
    run = checkout.run("recorded", ok=False)
    assert message in run.stdout
    assert name in run.stdout
    assert "Traceback" not in run.stdout
    grades = list((checkout.folder / "results/recorded/grades").rglob("*.zst"))
    assert len(grades) >= 15
