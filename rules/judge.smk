"""Judge: a language model's word on the completions that the graders leave open. Only where the study names a judge.

Needs   generations/, grades/ and crosschecks/{model}/{benchmark}.jsonl.zst, benchmarks/{benchmark}.jsonl,
        models/<judge>/revision.json and config.json
Makes   judge/problems/{model}/{benchmark}.jsonl.zst (what the judge is asked),
        judge/completions/{model}/{benchmark}.jsonl.zst and .meta.json, judge/stats/{model}/{benchmark}.jsonl.zst,
        judge/judgements/{model}/{benchmark}.jsonl.zst (item, sample, verdict, the judge's FLOPs)
Keeps   work/judge/{model}/{benchmark}.jsonl (completion store of the judge)
"""

JUDGE = STUDY.judge["model"] if STUDY.judge else None


def is_judged(cell):
    return Path(RESULTS, "judge", "judgements", cell[0], f"{cell[1]}.jsonl.zst").exists()


JUDGED_CELLS = [cell for cell in COSTED_CELLS if JUDGE and (not STUDY.finished_only or is_judged(cell))]


def collect_judged_cells(pattern):
    """The pattern for every cell that is judged: those of models, where there is a judge."""
    return fill(pattern, JUDGED_CELLS)


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


def judge_gpus(wildcards):
    return gpus_of(JUDGE)


def judge_words(wildcards):
    return STUDY.judge["words"]


rule pose_judgements:
    """Write down what the judge is asked of one cell."""
    input:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        problems="<results>/benchmarks/{benchmark}.jsonl",
        grades="<results>/grades/{model}/{benchmark}.jsonl.zst",
        crosschecks="<results>/crosschecks/{model}/{benchmark}.jsonl.zst",
    output:
        problems="<results>/judge/problems/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/pose_judgements/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        spec=posing_spec,
    script:
        "../scripts/pose_judgements.py"


rule judge:
    """Generate the judge's answers on one cell."""
    input:
        problems="<results>/judge/problems/{model}/{benchmark}.jsonl.zst",
        revision=f"<results>/models/{JUDGE}/revision.json",
        recorded=[],
    output:
        completions="<results>/judge/completions/{model}/{benchmark}.jsonl.zst",
        meta="<results>/judge/completions/{model}/{benchmark}.meta.json",
        stats="<results>/judge/stats/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/judge/{model}/{benchmark}.log",
    conda:
        f"../envs/{engine_environment()}.yaml"
    threads: 1
    resources:
        gpu=judge_gpus,
    params:
        spec=judging_spec,
        store=judge_store,
    script:
        "../scripts/generate.py"


rule read_judgements:
    """Read the judge's answers on one cell, and compute what they cost."""
    input:
        completions="<results>/judge/completions/{model}/{benchmark}.jsonl.zst",
        config=f"<results>/models/{JUDGE}/config.json",
    output:
        judgements="<results>/judge/judgements/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/read_judgements/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        words=judge_words,
        digest=plugins.source_digest("judging.py", "costs.py", "flops"),
    script:
        "../scripts/read_judgements.py"
