"""CPU seconds and memory of planning a grid: a dry run of 100 models x 20 benchmarks, in which nothing has run yet."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

MODEL = """\
id: {id}
name: {id}
family: Family {family}
source: {{hub_id: some/{id}, revision: '{revision}'}}
licence: Apache-2.0
release_date: "{year}-{month:02}-01"
kind: dense
type: reasoning
reasoning: {{start: "<think>", end: "</think>", opened_by_template: true}}
sampling: {{temperature: 0.6, top_p: 0.95, top_k: 20}}
"""

BENCHMARK = """\
id: {id}
name: {id}
source: {{hub_id: some/{id}, split: test, revision: '{revision}'}}
format: math
columns: {{question: problem, target: answer}}
rows: 100
licence: MIT
prompt: {{protocol: 1, template: "{{question}}"}}
grading: {{grader: math}}
"""


def write_grid(folder: Path, models: int, benchmarks: int) -> Path:
    """Write cards and a study, and return the study's path."""
    names = {"models": [f"model-{i}" for i in range(models)], "benchmarks": [f"bench-{i}" for i in range(benchmarks)]}
    for kind, card in (("models", MODEL), ("benchmarks", BENCHMARK)):
        (folder / kind).mkdir()
        for index, name in enumerate(names[kind]):
            dated = {"year": 2023 + index % 3, "month": index % 12 + 1}
            text = card.format(id=name, family=index % 7, revision=f"{index:040x}", **dated)
            (folder / kind / f"{name}.yaml").write_text(text)
    study = folder / "study.yaml"
    study.write_text(
        f"study: grid\ncards: ['.']\nengine: {{name: transformers}}\nmodels: {names['models']}\nbenchmarks: {names['benchmarks']}\n"
    )
    return study


def main(models: int, benchmarks: int) -> None:
    """Print CPU seconds, peak memory and jobs of the dry run."""
    with tempfile.TemporaryDirectory() as folder:
        study = write_grid(Path(folder), models, benchmarks)
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "-s",
            ROOT / "Snakefile",
            "-n",
            "-q",
            "rules",
            "--configfile",
            study,
        ]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        if run.returncode:
            sys.exit(run.stdout + run.stderr)
        total = next(line for line in (run.stdout + run.stderr).splitlines() if line.startswith("total"))
    cpu = usage.ru_utime + usage.ru_stime
    print(
        f"dry run of {models} x {benchmarks} ({total.split()[1]} jobs): {cpu:.1f} CPU s, {usage.ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--benchmarks", type=int, default=20)
    main(**vars(parser.parse_args()))
