"""Forced answers in the real workflow, by a real engine: cut, closed, answered, graded, costed; and nothing twice."""

from collections import Counter

import pandas as pd
import pytest

from paretoscope import arithmetic
from paretoscope.files import read_json, read_jsonl

from .conftest import Checkout
from .test_reruns import jobs
from .test_sglang import STUDY as SERVED_STUDY

MODEL, BENCHMARK = "nano-cut", "arithmetic-smoke"
CARD = """\
id: nano-cut
name: Nano Cut
family: Nano Cut
source:
  training: {style: recheck, init: null, steps: 150, batch_size: 32, learning_rate: 0.01, seed: 0}
architecture:
  model_type: qwen3
  hidden_size: 32
  num_hidden_layers: 2
  num_attention_heads: 2
  num_key_value_heads: 1
  head_dim: 16
  intermediate_size: 64
  max_position_embeddings: 1024
  tie_word_embeddings: true
licence: Apache-2.0
release_date: "2025-01-01"
kind: dense
type: reasoning
reasoning: {start: "<think>", end: "</think>", opened_by_template: true}
context_length: 1024
sampling: {temperature: 0.6, max_new_tokens: 80}
chat_template: {}
"""
STUDY = """\
study: cut
models: [nano-cut, oracle]
benchmarks: [arithmetic-smoke]
engine: {name: transformers, device: cpu}
"""
FORCED = "\nforced_answers: {budgets: [4, 12], lead: '\\boxed{'}\n"
FORCED_JOBS = jobs(cut_completions=1, force_answers=1, join_answers=1, grade_forced=1, cost_forced=1)
AFTER = jobs(find_saturation=1, plot_saturation=1, write_page=1)
RESULTS = "results/cut"


def rows(checkout: Checkout, kind: str) -> list[dict]:
    return [row for _, row in read_jsonl(checkout.folder / RESULTS / kind / MODEL / f"{BENCHMARK}.jsonl.zst")]


def answers(checkout: Checkout) -> pd.DataFrame:
    return pd.read_parquet(checkout.folder / RESULTS / "forced/answers" / MODEL / f"{BENCHMARK}.parquet")


@pytest.fixture(scope="module")
def forced(tmp_path_factory) -> tuple[Checkout, Counter]:
    """A checkout whose study ran without forced answers and then with them; what the second run had to do."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("forced") / "paretoscope")
    checkout.write("config/models/nano-cut.yaml", CARD)
    study = checkout.write("config/cut.yaml", STUDY)
    checkout.run("cut")
    study.write_text(STUDY + FORCED)
    planned = checkout.planned("cut")
    checkout.run("cut")
    return checkout, planned


def test_forced_answers_added_later_run_alone_and_saturation_after_them(forced):
    checkout, planned = forced
    assert planned == FORCED_JOBS + AFTER
    assert checkout.planned("cut") == Counter()


def test_completions_longer_than_a_budget_are_cut_there(forced):
    checkout, _ = forced
    whole = {(row["item_id"], row["sample"]): row for row in rows(checkout, "generations")}
    expected = {(*key, b) for key, row in whole.items() for b in (4, 12) if row["completion_tokens"] > b}
    table = answers(checkout)
    assert set(table[["item_id", "sample", "budget_tokens"]].itertuples(index=False, name=None)) == expected
    assert len(expected) > 10
    for row in rows(checkout, "forced/completions"):
        name, _, budget = row["item_id"].rpartition("@")
        prompt = whole[name.rpartition("#")[0], 0]["prompt_tokens"]
        # Behind the kept tokens stand </think> and \boxed{, a token each.
        assert row["prompt_tokens"] == prompt + int(budget) + 2


def test_answers_are_graded_with_what_led_to_them(forced):
    checkout, _ = forced
    texts = [row["text"] for row in rows(checkout, "forced/whole")]
    assert all(text.startswith("</think>\\boxed{") for text in texts)
    items = {row["id"]: row for _, row in read_jsonl(checkout.folder / RESULTS / f"benchmarks/{BENCHMARK}.jsonl")}
    boxed = 0
    for text, grade in zip(texts, rows(checkout, "forced/grades"), strict=True):
        answer, closed, after = text.removeprefix("</think>\\boxed{").partition("}")
        assert not after
        if closed and answer in arithmetic.VOCABULARY and answer.isdigit():
            boxed += 1
            right = answer == items[grade["item_id"].partition("#")[0]]["target"]
            assert grade["verdict"] == ("correct" if right else "wrong")
    assert boxed > len(texts) / 2  # the model is trained to answer when cut short


def test_curves_hold_both_sources_and_their_costs(forced):
    checkout, _ = forced
    curves = pd.read_csv(checkout.folder / RESULTS / "saturation/curves.csv")
    curve = curves[curves["source"] == "forced"].set_index("budget_tokens")
    own = pd.DataFrame(rows(checkout, "generations")).merge(
        pd.DataFrame(rows(checkout, "grades"))[["item_id", "verdict"]]
    )
    said = answers(checkout)
    for budget in (4, 12):
        at = said[said["budget_tokens"] == budget]
        right = (own["verdict"].eq("correct") & (own["completion_tokens"] <= budget)).sum() + at["verdict"].eq(
            "correct"
        ).sum()
        assert curve.loc[budget, "accuracy"] == pytest.approx(right / len(own))
        spent = own["completion_tokens"].clip(upper=budget).sum() + at["answer_tokens"].sum()
        assert curve.loc[budget, "completion_tokens_mean"] == pytest.approx(spent / len(own))
        assert curve.loc[budget, "total_flops_mean"] > curve.loc[budget, "budget_flops"] or len(at) < len(own)
    assert (said["total_flops"] > 0).all() and (said["reread_flops"] > 0).all()
    fits = pd.read_csv(checkout.folder / RESULTS / "saturation/fits.csv").set_index("source")
    assert fits.loc["forced", "status"].startswith("not identified")


def test_one_more_budget_is_the_only_one_asked(forced, tmp_path):
    checkout = forced[0].copy(tmp_path / "paretoscope")
    before = {row["item_id"]: row["text"] for row in rows(checkout, "forced/completions")}
    checkout.replace("config/cut.yaml", "[4, 12]", "[4, 8, 12]")
    assert checkout.planned("cut") == FORCED_JOBS + AFTER
    checkout.run("cut")
    after = {row["item_id"]: row["text"] for row in rows(checkout, "forced/completions")}
    new = after.keys() - before.keys()
    assert new and {name.rpartition("@")[2] for name in new} == {"8"}
    assert {name: after[name] for name in before} == before
    log = (checkout.folder / RESULTS / f"logs/force_answers/{MODEL}/{BENCHMARK}.log").read_text()
    assert f"{len(after)} completions wanted, {len(before)} in the store, {len(new)} to generate" in log
    meta = read_json(checkout.folder / RESULTS / f"forced/completions/{MODEL}/{BENCHMARK}.meta.json")
    assert meta["sampling"]["asked"]["temperature"] == 0


def test_a_recording_cannot_go_on(forced, tmp_path):
    checkout = forced[0].copy(tmp_path / "paretoscope")
    checkout.replace("config/recorded.yaml", "engine:", "forced_answers: {budgets: [100]}\nengine:")
    run = checkout.snakemake("-n", "--configfile", "config/recorded.yaml", ok=False)
    assert "the engine 'recorded' can't go on from a response that was cut" in run.stdout


def test_answers_forced_by_the_real_sglang_are_cut_at_the_same_tokens(sglang_python, forced, tmp_path):
    checkout = forced[0].copy(tmp_path / "paretoscope")
    served = SERVED_STUDY.format(python=sglang_python, restarts=1).replace("nano-smoke-a", MODEL)
    checkout.write("config/served.yaml", served + FORCED)
    checkout.run("served")
    folder = checkout.folder / "results/served"
    whole, said = (
        [row for _, row in read_jsonl(folder / kind / MODEL / f"{BENCHMARK}.jsonl.zst")]
        for kind in ("generations", "forced/completions")
    )
    prompts = {row["item_id"]: row["prompt_tokens"] for row in whole}
    assert len(said) > 10
    for row in said:
        item_id, _, budget = row["item_id"].rpartition("@")
        assert row["prompt_tokens"] == prompts[item_id.rpartition("#")[0]] + int(budget) + 2
    assert checkout.planned("served") == Counter()
