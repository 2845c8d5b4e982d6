"""Crosscheck: every completion of a cell graded a second time, by a simple grader that shares nothing with the first.

Needs   generations/{model}/{benchmark}.jsonl.zst, benchmarks/{benchmark}.jsonl
Makes   crosschecks/{model}/{benchmark}.jsonl.zst (item, sample, verdict, extracted answer)
"""


rule crosscheck:
    """Grade the completions of one cell a second time."""
    input:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        problems="<results>/benchmarks/{benchmark}.jsonl",
    output:
        crosschecks="<results>/crosschecks/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/crosscheck/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        spec=crosschecking_spec,
    script:
        "../scripts/crosscheck.py"
