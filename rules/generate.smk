"""Generation: every completion of a cell, the finished ones from the completion store, the others by the engine.

Needs   models/{model}/revision.json, benchmarks/{benchmark}.jsonl, recorded files where the engine reads some
Makes   generations/{model}/{benchmark}.jsonl.zst (one completion per line) and .meta.json (how, where, what it cost),
        stats/{model}/{benchmark}.jsonl.zst (times of each completion, which differ from run to run)
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
        stats="<results>/stats/{model}/{benchmark}.jsonl.zst",
    log:
        "<logs>/generate/{model}/{benchmark}.log",
    conda:
        f"../envs/{engine_environment()}.yaml"
    threads: 1
    resources:
        # GPUs, memory, minutes; `--resources gpu=2` says how many GPUs one machine has.
        **engine_resources(cell_model),
    params:
        spec=generation_spec,
        store=completion_store,
    script:
        "../scripts/generate.py"
