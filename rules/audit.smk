"""Audit: what the two graders made of a cell's completions, to be read by people.

Needs   grades/, crosschecks/ and generations/{model}/{benchmark}.jsonl.zst, benchmarks/{benchmark}.jsonl,
        stats/{model}/{benchmark}.grading.jsonl.zst
Makes   audit/{model}/{benchmark}.html (disagreements, undecided completions and a random sample; one file by itself)
"""


rule audit:
    """Show disagreements, undecided completions and a random sample of one cell."""
    input:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        problems="<results>/benchmarks/{benchmark}.jsonl",
        grades="<results>/grades/{model}/{benchmark}.jsonl.zst",
        timings="<results>/stats/{model}/{benchmark}.grading.jsonl.zst",
        crosschecks="<results>/crosschecks/{model}/{benchmark}.jsonl.zst",
    output:
        page="<results>/audit/{model}/{benchmark}.html",
    log:
        "<logs>/audit/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        spec=audit_spec,
    script:
        "../scripts/audit.py"
