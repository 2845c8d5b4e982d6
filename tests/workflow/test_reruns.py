"""What re-runs is part of the workflow's contract: for every kind of change, just these jobs."""

import os
import shutil
import time
from collections import Counter

import pytest

from .conftest import CONTRACT_STUDY, Checkout, tracked_files

TABLES = Counter(summarize=1, find_frontier=1, find_cost_frontiers=1, compare_with_roofline=1)
TABLES += Counter(estimate_uncertainty=1, measure_failure=1, find_counterfactuals=1, estimate_power=1)
TABLES += Counter(fit_trend=1, find_saturation=1, count_votes=1)
FIGURES = Counter(plot_frontier=1, plot_benchmark_frontier=1, plot_costs=1)
FIGURES += Counter(plot_failure=1, plot_trend=1, plot_saturation=1)
ANALYSIS = TABLES + FIGURES + Counter(write_summary=1, write_page=1)


def jobs(**counts: int) -> Counter:
    return Counter(counts)


ONE_CELL = jobs(generate=1, grade=1, crosscheck=1, audit=1, estimate_flops=1) + ANALYSIS
"""What follows from other completions of the one cell of a model."""


def test_nothing_changed_runs_nothing(finished):
    assert finished.planned("contract") == Counter()


STUDY_CHANGES = {
    "model added": (
        ("models: [nano-smoke-a, oracle]", "models: [nano-smoke-a, nano-smoke-b, oracle]"),
        jobs(train_model=1, generate=1, grade=1, crosscheck=1, audit=1, estimate_flops=1) + ANALYSIS,
    ),
    "control added": (
        ("models: [nano-smoke-a, oracle]", "models: [nano-smoke-a, oracle, empty]"),
        jobs(generate=1, grade=1, crosscheck=1, audit=1) + ANALYSIS,
    ),
    "benchmark added": (
        ("benchmarks: [arithmetic-smoke]", "benchmarks: [arithmetic-smoke, arithmetic-easy]"),
        jobs(load_benchmark=1, generate=2, grade=2, crosscheck=2, audit=2, estimate_flops=1, plot_benchmark_frontier=1)
        + ANALYSIS,
    ),
    "sampling changed": (
        ("device: cpu}\n", "device: cpu}\nsampling: {temperature: 0.9}\n"),
        ONE_CELL,
    ),
    "samples raised": (
        ("device: cpu}\n", "device: cpu}\nsamples_per_item: 4\n"),
        ONE_CELL,
    ),
    "plot setting changed": (("device: cpu}\n", "device: cpu}\nfigures: {font_size: 11}\n"), FIGURES),
    "threshold changed": (
        ("device: cpu}\n", "device: cpu}\nanalysis: {accuracy_thresholds: [0.4]}\n"),
        jobs(fit_trend=1, plot_trend=1, write_page=1),
    ),
    "batch size changed": (("device: cpu}\n", "device: cpu, batch_size: 3}\n"), Counter()),
    "precision changed": (
        ("device: cpu}\n", "device: cpu, dtype: bfloat16}\n"),
        ONE_CELL,
    ),
    "comment in the study": (("device: cpu}\n", "device: cpu}\n# a remark\n"), Counter()),
}


@pytest.mark.parametrize(("change", "expected"), STUDY_CHANGES.values(), ids=STUDY_CHANGES.keys())
def test_study_change(checkout, change, expected):
    checkout.replace("config/contract.yaml", *change)
    assert checkout.planned("contract") == expected


CARD = "config/benchmarks/arithmetic-smoke.yaml"
MODEL = "config/models/nano-smoke-a.yaml"
FILE_CHANGES = {
    "prompt protocol": (
        CARD,
        "protocol: 1",
        "protocol: 2",
        jobs(generate=2, grade=2, crosscheck=2, audit=2, estimate_flops=1) + ANALYSIS,
    ),
    "grading option": (
        CARD,
        "{grader: math}",
        "{grader: math, final_number: true}",
        jobs(grade=2, crosscheck=2, audit=2) + ANALYSIS,
    ),
    "benchmark's notes": (CARD, "notes:", "notes: Also,", Counter()),
    "name to show": (MODEL, "\nname: ", "\nname: The ", jobs(audit=1) + ANALYSIS),
    "grader's code": (
        "scripts/paretoscope/grading/service.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nCHANGED = 1\n",
        jobs(grade=2, audit=2) + ANALYSIS,
    ),
    "second grader's code": (
        "scripts/paretoscope/crosscheck/math.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nCHANGED = 1\n",
        jobs(crosscheck=2, audit=2) + ANALYSIS,
    ),
    "audit page's style": ("scripts/paretoscope/audit/page.css", "body {", "body { margin: 0;", jobs(audit=2)),
    "items hidden": (CARD, "licence:", "hide_items: Its terms.\nlicence:", jobs(audit=2)),
    "FLOPs' code": (
        "scripts/paretoscope/flops/blocks.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nCHANGED = 1\n",
        jobs(estimate_flops=1) + ANALYSIS,
    ),
    "device's price": (
        "config/devices/h100-80gb.yaml",
        "tdp_watts: 700\n",
        "tdp_watts: 700\nprice_usd_per_gpu_hour: 2.5\n",
        ANALYSIS,
    ),
    "figure's code": (
        "scripts/paretoscope/plots/trend.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nCHANGED = 1\n",
        FIGURES,
    ),
    "engine's code without its protocol": (
        "scripts/paretoscope/engines/transformers.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nCHANGED = 1\n",
        Counter(),
    ),
    "engine's protocol": (
        "scripts/paretoscope/engines/transformers.py",
        "PROTOCOL = 1",
        "PROTOCOL = 2",
        ONE_CELL,
    ),
    "comment in the grader": (
        "scripts/paretoscope/grading/service.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\n# A remark.\n",
        Counter(),
    ),
    "pinned environment": ("envs/transformers.yaml", "# Training", "# Also training", Counter()),
}


@pytest.mark.parametrize(("name", "old", "new", "expected"), FILE_CHANGES.values(), ids=FILE_CHANGES.keys())
def test_file_change(checkout, name, old, new, expected):
    checkout.replace(name, old, new)
    assert checkout.planned("contract") == expected


def test_touched_sources_run_nothing(checkout):
    later = time.time() + 100
    for name in tracked_files():
        os.utime(checkout.folder / name, (later, later))
    assert checkout.planned("contract") == Counter()


@pytest.mark.parametrize("with_metadata", [True, False], ids=["with .snakemake", "results alone"])
def test_fresh_clone_with_results_restored_runs_nothing(finished, tmp_path, with_metadata):
    clone = Checkout.fresh(tmp_path / "elsewhere" / "clone")
    clone.write("config/contract.yaml", CONTRACT_STUDY)
    shutil.copytree(finished.folder / "results", clone.folder / "results", dirs_exist_ok=True)
    if with_metadata:
        shutil.copytree(finished.folder / ".snakemake", clone.folder / ".snakemake")
    assert clone.planned("contract") == Counter()


DELETIONS = {
    "generations/nano-smoke-a/arithmetic-smoke.jsonl.zst": ONE_CELL,
    "generations/nano-smoke-a/arithmetic-smoke.meta.json": ONE_CELL,
    "grades/oracle/arithmetic-smoke.jsonl.zst": jobs(grade=1, audit=1) + ANALYSIS,
    "crosschecks/oracle/arithmetic-smoke.jsonl.zst": jobs(crosscheck=1, audit=1) + ANALYSIS,
    "audit/nano-smoke-a/arithmetic-smoke.html": jobs(audit=1),
    "flops/nano-smoke-a/arithmetic-smoke.parquet": jobs(estimate_flops=1) + ANALYSIS,
    "benchmarks/arithmetic-smoke.jsonl": jobs(
        load_benchmark=1, generate=2, grade=2, crosscheck=2, audit=2, estimate_flops=1
    )
    + ANALYSIS,
    "summary/completions.parquet": ANALYSIS,
    "frontier/frontier.csv": jobs(find_frontier=1, fit_trend=1, write_summary=1, write_page=1, plot_trend=1)
    + jobs(plot_frontier=1, plot_benchmark_frontier=1),
    "frontier/costs.csv": jobs(find_cost_frontiers=1, estimate_uncertainty=1, find_counterfactuals=1, write_page=1)
    + jobs(plot_costs=1, plot_frontier=1, plot_benchmark_frontier=1),
    "roofline/roofline.csv": jobs(compare_with_roofline=1),
    "trend/lines.csv": jobs(fit_trend=1, plot_trend=1, write_page=1),
    "plots/trend.png": jobs(plot_trend=1),
    "plots/frontier_average.svg": jobs(plot_frontier=1),
    "plots/cost_ranks.csv": jobs(plot_costs=1),
    "report/summary.txt": jobs(write_summary=1),
    "plots/frontier_arithmetic-smoke.png": jobs(plot_benchmark_frontier=1),
}


@pytest.mark.parametrize(("name", "expected"), DELETIONS.items(), ids=DELETIONS.keys())
def test_deleted_output_is_made_again_and_nothing_else(checkout, name, expected):
    (checkout.folder / "results" / "contract" / name).unlink()
    assert checkout.planned("contract") == expected


def test_deleted_generation_comes_back_from_the_store_byte_for_byte(checkout):
    path = checkout.folder / "results/contract/generations/nano-smoke-a/arithmetic-smoke.jsonl.zst"
    before = path.read_bytes()
    path.unlink()
    checkout.run("contract")
    assert path.read_bytes() == before
    log = (checkout.folder / "results/contract/logs/generate/nano-smoke-a/arithmetic-smoke.log").read_text()
    assert "12 completions wanted, 12 in the store, 0 to generate" in log


def test_raised_samples_generate_only_the_new_ones(checkout):
    checkout.replace("config/contract.yaml", "device: cpu}\n", "device: cpu}\nsamples_per_item: 4\n")
    checkout.run("contract")
    log = (checkout.folder / "results/contract/logs/generate/nano-smoke-a/arithmetic-smoke.log").read_text()
    assert "48 completions wanted, 12 in the store, 36 to generate" in log
    assert checkout.planned("contract") == Counter()


def test_finished_only_analyses_what_there_is_and_lists_the_rest(checkout):
    checkout.replace(
        "config/contract.yaml", "benchmarks: [arithmetic-smoke]", "benchmarks: [arithmetic-smoke, arithmetic-easy]"
    )
    assert checkout.planned("contract", "--config", "finished_only=true") == ANALYSIS
    checkout.run("contract", "--config", "finished_only=true")
    absent = (checkout.folder / "results/contract/summary/absent_cells.csv").read_text().splitlines()
    assert absent[1:] == [
        "nano-smoke-a,arithmetic-easy,not finished when the tables were made",
        "oracle,arithmetic-easy,not finished when the tables were made",
    ]


def test_edited_local_benchmark_is_loaded_anew(checkout):
    card = (checkout.folder / "config/benchmarks/gsm8k-mip.yaml").read_text()
    card = card.replace("gsm8k-mip", "own").replace("../../traces/DeepSeek-R1__gsm8k.jsonl.gz", "own.jsonl")
    checkout.write("own/benchmarks/own.yaml", card.replace("rows: 582", "rows: 1"))
    checkout.write("own/benchmarks/own.jsonl", '{"problem_id": "a", "problem": "1+1?", "gold": "2"}\n')
    checkout.replace("config/contract.yaml", "[arithmetic-smoke]", "[own]")
    checkout.replace("config/contract.yaml", "[nano-smoke-a, oracle]", "[oracle, nano-smoke-a]")
    checkout.replace("config/contract.yaml", "study: contract", "study: contract\ncards: [../own]")
    target = "results/contract/benchmarks/own.jsonl"
    checkout.run("contract", "--", target)
    assert checkout.planned("contract", "--", target) == Counter()
    checkout.write("own/benchmarks/own.jsonl", '{"problem_id": "a", "problem": "1+2?", "gold": "3"}\n')
    assert checkout.planned("contract", "--", target) == jobs(load_benchmark=1)
