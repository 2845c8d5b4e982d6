"""Summary: one table of cells and one of completions, the only input of everything after.

Needs   grades/, crosschecks/, flops/, stats/ and generations/*/*.meta.json of every cell, models/{model}/config.json,
        judge/judgements/ where there is a judge
Makes   summary/cells.csv, summary/absent_cells.csv, summary/completions.parquet
"""


rule summarize:
    """Gather the cells of the study into tables."""
    input:
        grades=collect_cells("<results>/grades/{model}/{benchmark}.jsonl.zst"),
        crosschecks=collect_cells("<results>/crosschecks/{model}/{benchmark}.jsonl.zst"),
        metas=collect_cells("<results>/generations/{model}/{benchmark}.meta.json"),
        stats=collect_cells("<results>/stats/{model}/{benchmark}.jsonl.zst"),
        costs=collect_costed_cells("<results>/flops/{model}/{benchmark}.parquet"),
        judgements=collect_judged_cells("<results>/judge/judgements/{model}/{benchmark}.jsonl.zst"),
        configs=expand("<results>/models/{model}/config.json", model=COSTED_MODELS),
    output:
        cells=report(
            "<results>/summary/cells.csv",
            caption="captions/cells.rst",
            category="Tables",
            labels={"table": "Cells"},
        ),
        absent="<results>/summary/absent_cells.csv",
        completions="<results>/summary/completions.parquet",
    log:
        "<logs>/summarize.log",
    conda:
        "../envs/analysis.yaml"
    params:
        spec=summary_spec,
    script:
        "../scripts/summarize.py"
