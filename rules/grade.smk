"""Grading: a verdict for every completion of a cell.

Needs   generations/{model}/{benchmark}.jsonl.zst, benchmarks/{benchmark}.jsonl
Makes   grades/{model}/{benchmark}.jsonl.zst (item, sample, verdict, extracted answer, deciding method)
"""


rule grade:
    """Grade the completions of one cell."""
    input:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        problems="<results>/benchmarks/{benchmark}.jsonl",
    output:
        grades="<results>/grades/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/grade/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        spec=grading_spec,
    script:
        "../scripts/grade.py"
