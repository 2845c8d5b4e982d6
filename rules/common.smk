"""The checked study, its grid of cells, and the functions that rules take inputs and params from."""

import re
import sys
from dataclasses import asdict
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


def benchmark_source(wildcards):
    """The file of a benchmark that has one, so that an edited file is loaded anew."""
    source = STUDY.benchmarks[wildcards.benchmark]["source"]
    return [source["path"]] if "path" in source else []


def local_model_files(wildcards):
    """The files of a model that lies on this machine, so that an edited one gets a revision of its own."""
    card = STUDY.cards[wildcards.model]
    if card["config"] and not needs_weights():
        return [card["config"]]
    if "path" not in (card["source"] or {}):
        return []
    return sorted(str(file) for file in Path(card["source"]["path"]).glob("*") if file.is_file())


def initial_weights(wildcards):
    """The revision of the model whose training is continued, if any."""
    init = STUDY.cards[wildcards.model]["source"]["training"]["init"]
    return f"<results>/models/{init}/revision.json" if init else []


def model_revision(wildcards):
    """The revision of a cell's weights; a control has none."""
    return [] if STUDY.is_control(wildcards.model) else f"<results>/models/{wildcards.model}/revision.json"


def recorded_files(wildcards):
    """Files, beside items and weights, that a cell's completions depend on."""
    files = generate.cell_files(STUDY, wildcards.model, wildcards.benchmark)
    for file in files:
        if not Path(file).exists():
            raise WorkflowError(f"{file}: no such recording; engine.traces in {STUDY.path} names it.")
    return files


def training_spec(wildcards):
    card = STUDY.cards[wildcards.model]
    return {"architecture": card["architecture"], **card["source"]["training"]}


def fetching_spec(wildcards):
    card = STUDY.cards[wildcards.model]
    spec = {key: card[key] for key in ("id", "card", "source", "architecture", "config")}
    return {**spec, "needs_weights": needs_weights()}


def benchmark_spec(wildcards):
    card = STUDY.benchmarks[wildcards.benchmark]
    keys = ("id", "card", "source", "format", "columns", "rows", "subset", "content_sha256")
    # Of grading only the grader's name: an edited grading option regrades, and must not reload and regenerate.
    return {
        **{key: card[key] for key in keys},
        "grader": card["grading"]["grader"],
        "protocol": plugins.load("benchmarks", card["format"]).PROTOCOL,
    }


def generation_spec(wildcards):
    return generate.generation_spec(STUDY, wildcards.model, wildcards.benchmark)


def completion_store(wildcards):
    return f"{RESULTS}/work/{wildcards.model}/{wildcards.benchmark}.jsonl"


def verdict_cache(wildcards):
    return f"{RESULTS}/work/{wildcards.model}/{wildcards.benchmark}.grades.jsonl"


def grading_spec(wildcards):
    return {
        **STUDY.benchmarks[wildcards.benchmark]["grading"],
        "reasoning": STUDY.models[wildcards.model]["reasoning"],
        "digest": plugins.source_digest("graders", "grading", "degeneration.py"),
    }


def crosschecking_spec(wildcards):
    grading = STUDY.benchmarks[wildcards.benchmark]["grading"]
    return {
        "grader": grading["grader"],
        "options": {key: value for key, value in grading.items() if key != "grader"},
        "reasoning": STUDY.models[wildcards.model]["reasoning"],
        "digest": plugins.source_digest("crosscheck"),
    }


def posing_spec(wildcards):
    return {
        "reasoning": STUDY.models[wildcards.model]["reasoning"],
        "words": STUDY.judge["words"],
        "digest": plugins.source_digest("judging.py", "crosscheck/__init__.py", "graders/layers/reasoning.py"),
    }


def judging_spec(wildcards):
    return judging.judging_spec(STUDY, wildcards.model, wildcards.benchmark)


def judge_store(wildcards):
    return f"{RESULTS}/work/judge/{wildcards.model}/{wildcards.benchmark}.jsonl"


def judge_words(wildcards):
    return STUDY.judge["words"]


def audit_spec(wildcards):
    model, benchmark = STUDY.models[wildcards.model], STUDY.benchmarks[wildcards.benchmark]
    return {
        "model": wildcards.model,
        "model_name": model["name"],
        "benchmark": wildcards.benchmark,
        "benchmark_name": benchmark["name"],
        "hide_items": benchmark["hide_items"],
        "reasoning": model["reasoning"],
        "digest": plugins.source_digest("audit"),
    }


def device_cards(wildcards):
    """The device cards by the names under which drivers report them; read late, since few jobs need them."""
    folders = [CATALOG, *(STUDY.path.parent / folder for folder in config.get("cards", ()))]
    return {name: asdict(device) for name, device in devices_by_reported_name(folders).items()}


def summary_spec(wildcards):
    digest = plugins.source_digest("summarize.py", "statistics.py", "schema.py", "devices.py", "flops")
    grid = {**STUDY.summary_spec(CELLS, UNFINISHED), "judge": JUDGE, "judged": JUDGED_CELLS}
    return {**grid, "devices": device_cards(wildcards), "digest": digest}


def plot_style():
    return {"study": STUDY.title, **STUDY.figures}


def show_how_to_continue():
    if workflow.is_main_process:
        logger.error("Stopped before the end. What was finished is kept: mend what is named above, then run again.")


def show_summary():
    """Print the table that a run ends with."""
    path = Path(RESULTS, "report", "summary.txt")
    if workflow.is_main_process and path.exists():
        print(path.read_text(encoding="utf-8"))


def collect_forced_cells(pattern):
    """The pattern for every cell whose answers are forced: those of models, where the study has budgets for it."""
    return fill(pattern, FORCED_CELLS)


def cutting_spec(wildcards):
    return {
        **forcing.cutting_spec(STUDY, wildcards.model),
        "digest": plugins.source_digest("forcing.py"),
    }


def forcing_spec(wildcards):
    return forcing.forcing_spec(STUDY, wildcards.model, wildcards.benchmark)


def forced_store(wildcards):
    return f"{RESULTS}/work/forced/{wildcards.model}/{wildcards.benchmark}.jsonl"


def forced_verdict_cache(wildcards):
    return f"{RESULTS}/work/forced/{wildcards.model}/{wildcards.benchmark}.grades.jsonl"
