"""FLOPs: what every completion of a cell cost, computed from its token counts and the model's config.json.

Needs   generations/{model}/{benchmark}.jsonl.zst, models/{model}/config.json
Makes   flops/{model}/{benchmark}.parquet (item, sample, tokens, prefill and decode FLOPs)
"""


rule estimate_flops:
    """Compute the FLOPs of every completion of one cell."""
    input:
        completions="<results>/generations/{model}/{benchmark}.jsonl.zst",
        config="<results>/models/{model}/config.json",
    output:
        costs="<results>/flops/{model}/{benchmark}.parquet",
    log:
        "<logs>/estimate_flops/{model}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        digest=plugins.source_digest("flops", "costs.py"),
    script:
        "../scripts/estimate_flops.py"
