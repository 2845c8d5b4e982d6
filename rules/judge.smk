"""Judge: a language model's word on the completions that the graders leave open. Only where the study names a judge.

Needs   generations/, grades/ and crosschecks/{model}/{benchmark}.jsonl.zst, benchmarks/{benchmark}.jsonl,
        models/<judge>/revision.json and config.json
Makes   judge/problems/{model}/{benchmark}.jsonl.zst (what the judge is asked),
        judge/completions/{model}/{benchmark}.jsonl.zst and .meta.json, judge/stats/{model}/{benchmark}.jsonl.zst,
        judge/judgements/{model}/{benchmark}.jsonl.zst (item, sample, verdict, the judge's FLOPs)
Keeps   work/judge/{model}/{benchmark}.jsonl (completion store of the judge)
"""


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
        **engine_resources(judge_model),
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
