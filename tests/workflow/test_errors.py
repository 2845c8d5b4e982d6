"""Bad input, seen from the command line: what is wrong, where, what would be right; before any compute."""

import subprocess
import sys

import pytest

from .conftest import ROOT, planned_jobs

STUDIES = {
    "unknown model": ("oracle]", "oracel]", ["line 2", "unknown model 'oracel'", "Did you mean 'oracle'?"]),
    "unknown benchmark": ("[arithmetic-smoke]", "[arithmetic-smok]", ["line 3", "Did you mean 'arithmetic-smoke'?"]),
    "unknown engine": ("transformers", "transformer", ["engine.name", "Did you mean 'transformers'?"]),
    "unknown key": (
        "study: contract",
        "study: contract\nmodles: []",
        ["line 2", "unknown key", "Did you mean 'models'?"],
    ),
    "unknown setting": ("device: cpu", "devcie: cpu", ["engine.devcie", "Did you mean 'device'?"]),
    "wrong type": ("device: cpu}", "device: cpu}\nseed: one", ["line 5", "seed"]),
    "nothing left": (
        "device: cpu}",
        "device: cpu}\nexclude:\n"
        "  - {model: nano-smoke-a, benchmark: arithmetic-smoke, reason: x}\n"
        "  - {model: oracle, benchmark: arithmetic-smoke, reason: x}",
        ["every cell is excluded"],
    ),
}


@pytest.mark.parametrize(("old", "new", "messages"), STUDIES.values(), ids=STUDIES.keys())
def test_bad_study(checkout, old, new, messages):
    checkout.replace("config/contract.yaml", old, new)
    run = checkout.snakemake("-n", "--configfile", "config/contract.yaml", ok=False)
    assert "contract.yaml" in run.stdout
    for message in messages:
        assert message in run.stdout, run.stdout
    assert "Traceback" not in run.stdout


def test_unpinned_model_is_planned_with_a_warning_and_not_generated(clone):
    plan = clone.snakemake("-n")
    assert "revision is null on" in plan.stdout and "make pin STUDY=config/config.yaml" in plan.stdout
    run = clone.snakemake("--cores", "1", "results/main/models/qwen3-8b/revision.json", ok=False)
    assert "`make pin` writes the current commit of Qwen/Qwen3-8B" in run.stdout
    assert "Traceback" not in run.stdout


BENCHMARK = """\
id: own
name: Own
source: {path: own.jsonl}
format: math
columns: {id: id, question: question, target: gold}
rows: 2
licence: none
prompt: {protocol: 1, template: "{question}"}
grading: {grader: math}
"""
GOOD = '{"id": "a", "question": "1+1?", "gold": "2"}'
ITEMS = {
    "missing column": ('{"id": "b", "question": "2+2?"}', "no column 'gold'"),
    "empty item": ('{"id": "b", "question": " ", "gold": "4"}', "empty question"),
    "duplicate id": ('{"id": "a", "question": "2+2?", "gold": "4"}', "same id"),
    "duplicate question": ('{"id": "b", "question": "1+1?", "gold": "2"}', "same question"),
    "unreadable gold": ('{"id": "b", "question": "2+2?", "gold": "\\\\frac{1}{"}', "gold"),
    "bad line": ('{"id": "b", "question"', "line 2"),
    "wrong number of items": ("", "1 items, but"),
}


@pytest.mark.parametrize(("line", "message"), ITEMS.values(), ids=ITEMS.keys())
def test_bad_benchmark_file_is_found_before_anything_is_generated(checkout, line, message):
    checkout.write("own/benchmarks/own.yaml", BENCHMARK)
    checkout.write("own/benchmarks/own.jsonl", f"{GOOD}\n{line}\n")
    checkout.replace("config/contract.yaml", "[arithmetic-smoke]", "[arithmetic-smoke, own]")
    checkout.replace("config/contract.yaml", "study: contract", "study: contract\ncards: [../own]")
    run = checkout.run("contract", ok=False)
    assert message in run.stdout
    assert "own.jsonl" in run.stdout
    assert "Traceback" not in run.stdout
    assert not (checkout.folder / "results/contract/generations/nano-smoke-a/own.jsonl.zst").exists()


MODEL = """\
id: own-model
name: Own
family: Own
source: {path: folder}
licence: none
release_date: "2026-01-01"
kind: dense
type: instruct
sampling: {temperature: 0}
"""
FOLDERS = {
    "no config": ({"model.safetensors": "x"}, "no config.json"),
    "unknown model_type": (
        {"model.safetensors": "x", "config.json": '{"model_type": "qwen33"}'},
        "unknown model_type 'qwen33'",
    ),
    "pickled weights": ({"pytorch_model.bin": "x", "config.json": '{"model_type": "qwen3"}'}, "no .safetensors file"),
    "broken config": ({"model.safetensors": "x", "config.json": "{"}, "not JSON"),
}


@pytest.mark.parametrize(("files", "message"), FOLDERS.values(), ids=FOLDERS.keys())
def test_bad_model_folder(checkout, files, message):
    checkout.write("own/models/own-model.yaml", MODEL)
    (checkout.folder / "own/models/folder").mkdir()
    for name, text in files.items():
        checkout.write(f"own/models/folder/{name}", text)
    checkout.replace("config/contract.yaml", "models: [", "models: [own-model, ")
    checkout.replace("config/contract.yaml", "study: contract", "study: contract\ncards: [../own]")
    run = checkout.run("contract", ok=False)
    assert message in run.stdout
    assert "folder" in run.stdout
    assert "Traceback" not in run.stdout


def test_runs_from_another_directory(finished, tmp_path):
    command = [sys.executable, "-m", "snakemake", "-n", "-s", str(finished.folder / "Snakefile")]
    run = subprocess.run(
        [*command, "--configfile", str(finished.folder / "config/contract.yaml")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert planned_jobs(run.stdout)["generate"] == 2


def test_too_old_python_is_told(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.8.1" && exit 0\nexit 1\n')
    old.chmod(0o755)
    run = subprocess.run(
        [
            "make",
            "-f",
            ROOT / "Makefile",
            "-C",
            tmp_path,
            f"PYTHON={old}",
            ".venv/.installed",
            "-o",
            "envs/requirements.txt",
        ],
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert "needs Python 3.11 or newer" in run.stdout + run.stderr
