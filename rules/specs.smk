"""What rules take as inputs and params beyond plain paths: one function each, of the checked study and the wildcards."""

from dataclasses import asdict


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


def page_study(wildcards):
    """What the page's section on methods says of the study; no notes, so that these make no new page."""
    return {
        **{"name": STUDY.name, "title": STUDY.title, "engine": STUDY.engine["name"], "analysis": STUDY.analysis},
        **{"samples_per_item": STUDY.samples_per_item, "seed": STUDY.seed, "sampling": STUDY.sampling},
        "models": {model: {key: card[key] for key in ("name", "source")} for model, card in STUDY.models.items()},
        "benchmarks": {
            benchmark: {
                key: card[key] for key in ("name", "source", "rows", "subset", "grading", "prompt", "reference")
            }
            for benchmark, card in STUDY.benchmarks.items()
        },
    }
