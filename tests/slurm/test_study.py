"""The embedded study through Slurm, by the command that the README names, and what is submitted when it grows."""

import re
import shutil
import subprocess
from collections import Counter

import pandas as pd
import pytest
from workflow.conftest import CONTRACT_STUDY, planned_jobs

from .conftest import ClusterCheckout, submitted

PER_CELL = ("generate", "grade", "crosscheck", "audit", "estimate_flops")


@pytest.fixture(scope="module")
def log() -> dict[str, str]:
    """What the run of `finished` printed."""
    return {}


@pytest.fixture(scope="module")
def finished(slurm, tmp_path_factory, log) -> ClusterCheckout:
    """A checkout in which a study of a model and a control ran to its end."""
    checkout = ClusterCheckout.fresh(tmp_path_factory.mktemp("submitted") / "paretoscope", slurm)
    checkout.write("config/contract.yaml", CONTRACT_STUDY)
    log["text"] = checkout.run("contract").stdout
    return checkout


@pytest.fixture
def checkout(finished, tmp_path) -> ClusterCheckout:
    return finished.copy(tmp_path / "paretoscope")


def test_study_runs_to_its_end(finished):
    cells = pd.read_csv(finished.folder / "results/contract/summary/cells.csv").set_index("model")
    assert cells["accuracy"]["oracle"] == 1.0
    assert cells["n_items"].to_dict() == {"nano-smoke-a": 12, "oracle": 12}
    assert finished.planned("contract") == Counter()


def test_cheap_rules_of_a_cell_are_one_job_and_small_tables_and_figures_none(log):
    jobs = planned_jobs(log["text"])
    local = set(re.findall(r"^localrule (\w+):", log["text"], re.MULTILINE)) - {"all"}
    assert {"load_benchmark", "find_frontier", "plot_frontier", "write_page", "write_summary"} <= local
    cells = 2
    once = [rule for rule in jobs if rule not in local and rule not in PER_CELL]
    assert submitted(log["text"]) == jobs["generate"] + cells + sum(jobs[rule] for rule in once)


def test_jobs_have_names_that_people_can_read(finished, slurm):
    comments = {row["comment"] for row in slurm.jobs("all").values()}
    assert {"rule_train_model_wildcards_nano-smoke-a", "rule_generate_wildcards_oracle_arithmetic-smoke"} <= comments
    assert any(comment.startswith("rule_cell-nano-smoke-a-arithmetic-smoke") for comment in comments)


def test_jobs_ask_for_what_site_and_cards_say(finished, slurm):
    jobs = {row["comment"]: row for row in slurm.jobs("all").values()}
    control = jobs["rule_generate_wildcards_oracle_arithmetic-smoke"]
    assert (control["partition"], control["node"], control["memory"], control["minutes"]) == (
        *("cpu", "cpu1", "4000M"),
        "1:00:00",
    )


def test_plan_of_an_added_model_is_its_cells(checkout):
    checkout.replace("config/contract.yaml", "oracle]", "oracle, empty]")
    planned = checkout.planned("contract")
    assert [planned[rule] for rule in PER_CELL] == [1, 1, 1, 1, 0]
    assert planned["load_benchmark"] == planned["train_model"] == 0


def test_plan_of_an_added_benchmark_is_its_cells(checkout):
    card = (checkout.folder / "config/benchmarks/arithmetic-smoke.yaml").read_text()
    checkout.write("config/benchmarks/arithmetic-other.yaml", card.replace("arithmetic-smoke", "arithmetic-other"))
    checkout.replace("config/contract.yaml", "[arithmetic-smoke]", "[arithmetic-smoke, arithmetic-other]")
    planned = checkout.planned("contract")
    assert [planned[rule] for rule in PER_CELL] == [2, 2, 2, 2, 1]
    assert (planned["load_benchmark"], planned["train_model"]) == (1, 0)


def test_plan_of_more_samples_is_the_cells_that_sample(checkout):
    planned = checkout.planned("contract", "--config", "samples_per_item=2")
    assert [planned[rule] for rule in PER_CELL] == [1, 1, 1, 1, 1]


def test_an_added_model_submits_its_cells_and_the_tables_alone(checkout):
    checkout.replace("config/contract.yaml", "oracle]", "oracle, empty]")
    before = checkout.folder / "results/contract/generations/oracle/arithmetic-smoke.jsonl.zst"
    time = before.stat().st_mtime_ns
    text = checkout.run("contract", "--until", "summarize").stdout
    assert planned_jobs(text)["generate"] == 1
    assert submitted(text) == 3  # generation, the cheap rules, the tables
    assert before.stat().st_mtime_ns == time
    assert (checkout.folder / "results/contract/grades/empty/arithmetic-smoke.jsonl.zst").exists()


@pytest.mark.parametrize("picture", ["--dag", "--rulegraph"])
def test_pictures_of_the_workflow_are_drawn(finished, picture):
    command = finished.command(picture, "--configfile", "config/contract.yaml")
    run = subprocess.run(command, cwd=finished.folder, env=finished.environment(), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("digraph") and "grade" in run.stdout
    if shutil.which("dot"):
        svg = subprocess.run(["dot", "-Tsvg"], input=run.stdout, capture_output=True, text=True, check=True).stdout
        assert "<svg" in svg


def test_wrong_site_file_is_told_before_anything_is_submitted(checkout):
    checkout.write("slurm/site.yaml", "partiton: cpu\n")
    run = checkout.snakemake("-n", "--configfile", "config/contract.yaml", ok=False)
    assert "site.yaml, line 1: partiton: unknown key. Did you mean 'partition'?" in run.stdout
    assert "Traceback" not in run.stdout
