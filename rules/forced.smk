"""Forced answers: what models say when their reasoning is cut at a budget. Only where the study names budgets.

Needs   generations/{model}/{benchmark}.jsonl.zst, benchmarks/{benchmark}.jsonl, models/{model}/revision.json, config.json
Makes   forced/problems/{model}/{benchmark}.jsonl.zst (what the model goes on from),
        forced/completions/{model}/{benchmark}.jsonl.zst and .meta.json, forced/stats/{model}/{benchmark}.jsonl.zst,
        forced/whole/{model}/{benchmark}.jsonl.zst (the answers with what led to them),
        forced/grades/{model}/{benchmark}.jsonl.zst, forced/stats/{model}/{benchmark}.grading.jsonl.zst,
        forced/answers/{model}/{benchmark}.parquet (item, sample, budget, verdict, FLOPs)
Keeps   work/forced/{model}/{benchmark}.jsonl (completion store of the answers), .grades.jsonl (verdicts)
"""


rule cut_completions:
    """Write down what the model goes on from, for each completion and budget of one cell."""
    input:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        problems="<results>/benchmarks/{benchmark}.jsonl",
    output:
        problems="<results>/forced/problems/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/cut_completions/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        spec=cutting_spec,
    script:
        "../scripts/cut_completions.py"


rule force_answers:
    """Generate the forced answers of one cell."""
    input:
        problems="<results>/forced/problems/{model}/{benchmark}.jsonl.zst",
        revision=model_revision,
        recorded=[],
    output:
        completions="<results>/forced/completions/{model}/{benchmark}.jsonl.zst",
        meta="<results>/forced/completions/{model}/{benchmark}.meta.json",
        stats="<results>/forced/stats/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/force_answers/{model}/{benchmark}.log",
    conda:
        f"../envs/{engine_environment()}.yaml"
    threads: 1
    resources:
        **engine_resources(cell_model),
    params:
        spec=forcing_spec,
        store=forced_store,
    script:
        "../scripts/generate.py"


rule join_answers:
    """Put the forced answers of one cell behind what led to them, as they are graded."""
    input:
        completions="<results>/forced/completions/{model}/{benchmark}.jsonl.zst",
        problems="<results>/forced/problems/{model}/{benchmark}.jsonl.zst",
    output:
        answers="<results>/forced/whole/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/join_answers/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        digest=plugins.source_digest("forcing.py"),
    script:
        "../scripts/join_answers.py"


rule grade_forced:
    """Grade the forced answers of one cell."""
    input:
        completions="<results>/forced/whole/{model}/{benchmark}.jsonl.zst",
        problems="<results>/forced/problems/{model}/{benchmark}.jsonl.zst",
    output:
        grades="<results>/forced/grades/{model}/{benchmark}.jsonl.zst",
        timings="<results>/forced/stats/{model}/{benchmark}.grading.jsonl.zst",
    log:
        "<logs>/grade_forced/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        spec=grading_spec,
        cache=forced_verdict_cache,
    script:
        "../scripts/grade.py"


rule cost_forced:
    """Compute what the forced answers of one cell cost, and put it beside their verdicts."""
    input:
        forced="<results>/forced/completions/{model}/{benchmark}.jsonl.zst",
        grades="<results>/forced/grades/{model}/{benchmark}.jsonl.zst",
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        config="<results>/models/{model}/config.json",
    output:
        answers="<results>/forced/answers/{model}/{benchmark}.parquet",
    log:
        "<logs>/cost_forced/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        digest=plugins.source_digest("forcing.py", "saturation/forced.py", "flops"),
    script:
        "../scripts/cost_forced.py"
