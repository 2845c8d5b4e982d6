"""The checked study and its grid of cells."""

import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from paretoscope import forcing, generate, judging, plugins
from paretoscope.catalog import CATALOG, load_study
from paretoscope.devices import devices_by_reported_name
from paretoscope.errors import InputError

try:
    STUDY = load_study(config, Path(workflow.configfiles[-1]))
except InputError as error:
    raise WorkflowError(str(error)) from None

# The report's captions read settings from the config, defaults included.
config["analysis"] = STUDY.analysis
# What engines are told beside a cell's meaning: no param, since a batch size or a device must not run cells again.
config["engines"] = {model: STUDY.engine_of(model) for model in STUDY.cards}

if workflow.is_main_process:
    for warning in STUDY.warnings:
        logger.warning(f"Warning: {warning}")


RESULTS = f"results/{STUDY.name}"


def needs_weights():
    return plugins.load("engines", STUDY.engine["name"]).NEEDS_WEIGHTS


def engine_environment():
    """The environment of the study's engine; controls run in it too."""
    return plugins.load("engines", STUDY.engine["name"]).ENVIRONMENT


def one_of(names):
    """A regular expression that matches just these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    model=one_of(STUDY.models),
    benchmark=one_of(STUDY.benchmarks),


def is_finished(cell, kind="grades"):
    return Path(RESULTS, kind, cell[0], f"{cell[1]}.jsonl.zst").exists()


CELLS = [cell for cell in STUDY.cells if not STUDY.finished_only or is_finished(cell)]
UNFINISHED = sorted(set(STUDY.cells) - set(CELLS))
BENCHMARKS = list(dict.fromkeys(benchmark for _, benchmark in CELLS))
COSTED_CELLS = [cell for cell in CELLS if not STUDY.is_control(cell[0])]
COSTED_MODELS = list(dict.fromkeys(model for model, _ in COSTED_CELLS))
COSTED_BENCHMARKS = list(dict.fromkeys(benchmark for _, benchmark in COSTED_CELLS))
JUDGE = STUDY.judge["model"] if STUDY.judge else None
JUDGED_CELLS = [
    cell for cell in COSTED_CELLS if JUDGE and (not STUDY.finished_only or is_finished(cell, "judge/judgements"))
]
FORCED_CELLS = [
    cell
    for cell in COSTED_CELLS
    if STUDY.forced_answers and (not STUDY.finished_only or is_finished(cell, "forced/grades"))
]
TRAINED_MODELS = [name for name, card in STUDY.cards.items() if "training" in (card["source"] or {})]

if not COSTED_CELLS:
    raise WorkflowError(f"finished_only: no cell of a model is finished in {RESULTS}; run without it first.")

SHOWN_FIGURES = [
    f"{RESULTS}/plots/{name}.png"
    for name in ("frontier_average", "frontier_overview", "frontier_costs", "failure", "trend", "saturation")
]


def fill(pattern, cells):
    return [pattern.replace("{model}", model).replace("{benchmark}", benchmark) for model, benchmark in cells]


def collect_cells(pattern):
    """The pattern for every cell that is analysed."""
    return fill(pattern, CELLS)


def collect_costed_cells(pattern):
    """The pattern for every analysed cell of a model; controls cost nothing."""
    return fill(pattern, COSTED_CELLS)


def collect_judged_cells(pattern):
    """The pattern for every cell that is judged: those of models, where there is a judge."""
    return fill(pattern, JUDGED_CELLS)


def collect_forced_cells(pattern):
    """The pattern for every cell whose answers are forced: those of models, where the study has budgets for it."""
    return fill(pattern, FORCED_CELLS)


def show_how_to_continue():
    if workflow.is_main_process:
        logger.error("Stopped before the end. What was finished is kept: mend what is named above, then run again.")


def show_summary():
    """Print the table that a run ends with."""
    path = Path(RESULTS, "report", "summary.txt")
    if workflow.is_main_process and path.exists():
        print(path.read_text(encoding="utf-8"))
