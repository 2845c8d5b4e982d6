"""Generation: every completion of a cell, the finished ones from the completion store, the others by the engine.

Needs   models/{model}/revision.json, benchmarks/{benchmark}.jsonl, recorded files where the engine reads some
Makes   generations/{model}/{benchmark}.jsonl.zst (one completion per line) and .meta.json (how, where, what it cost)
Keeps   work/{model}/{benchmark}.jsonl (completion store: append-only, survives a kill, is not a declared output)
"""


rule generate:
    """Generate the completions of one cell."""
    input:
        problems="<results>/benchmarks/{benchmark}.jsonl",
        revision=model_revision,
        recorded=recorded_files,
    output:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        meta="<results>/generations/{model}/{benchmark}.meta.json",
    log:
        "<logs>/generate/{model}/{benchmark}.log",
    conda:
        "../envs/transformers.yaml"
    threads: 1
    resources:
        # One GPU per cell; `--resources gpu=2` says how many there are.
        gpu=0 if STUDY.engine.get("device") == "cpu" or not needs_weights() else 1,
    params:
        spec=generation_spec,
        store=completion_store,
    script:
        "../scripts/generate.py"
