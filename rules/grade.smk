"""Grading: a verdict for every completion of a cell.

Needs   generations/{model}/{benchmark}.jsonl.zst, benchmarks/{benchmark}.jsonl
Makes   grades/{model}/{benchmark}.jsonl.zst (item, sample, verdict, extracted answer and its place, deciding method),
        stats/{model}/{benchmark}.grading.jsonl.zst (CPU time of each verdict, which differs from run to run)
Keeps   work/{model}/{benchmark}.grades.jsonl (verdicts for the next run, is not a declared output)
"""


rule grade:
    """Grade the completions of one cell."""
    input:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        problems="<results>/benchmarks/{benchmark}.jsonl",
    output:
        grades="<results>/grades/{model}/{benchmark}.jsonl.zst",
        timings="<results>/stats/{model}/{benchmark}.grading.jsonl.zst",
    log:
        "<logs>/grade/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        spec=grading_spec,
        cache=verdict_cache,
    script:
        "../scripts/grade.py"
