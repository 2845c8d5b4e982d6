"""Benchmarks: loaded at their pinned revision and checked, item by item, before anything is generated.

Needs   the benchmark cards
Makes   benchmarks/{benchmark}.jsonl (one item per line: id, question, target, choices)
"""


rule load_benchmark:
    """Load a benchmark and check its items."""
    input:
        source=benchmark_source,
    output:
        problems="<results>/benchmarks/{benchmark}.jsonl",
    log:
        "<logs>/load_benchmark/{benchmark}.log",
    # First of all, so that bad items are found before any compute is spent.
    priority: 30
    conda:
        "../envs/analysis.yaml"
    params:
        spec=benchmark_spec,
    script:
        "../scripts/load_benchmark.py"


# As fetch_model, it may need the network.
localrules:
    load_benchmark,
