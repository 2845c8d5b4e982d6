"""Saturation: where more thinking stops paying, as tables and a figure.

Needs   summary/cells.csv, summary/completions.parquet, models/{model}/config.json, grades/{model}/{benchmark}.jsonl.zst,
        forced/answers/{model}/{benchmark}.parquet where answers are forced
Makes   saturation/{curves,budgets,fits,across}.csv, saturation/votes.csv
        plots/{saturation,saturation_flops}.{png,svg,pdf,csv}
"""


rule find_saturation:
    """Find the budget at which more thinking stops paying, per model and benchmark and over models."""
    input:
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
        configs=expand("<results>/models/{model}/config.json", model=COSTED_MODELS),
        forced=collect_forced_cells("<results>/forced/answers/{model}/{benchmark}.parquet"),
    output:
        curves="<results>/saturation/curves.csv",
        budgets="<results>/saturation/budgets.csv",
        fits="<results>/saturation/fits.csv",
        across="<results>/saturation/across.csv",
    log:
        "<logs>/find_saturation.log",
    conda:
        "../envs/analysis.yaml"
    params:
        gain_points=STUDY.analysis["saturation_gain_points"],
        digest=plugins.source_digest("saturation", "statistics.py", "flops"),
    script:
        "../scripts/find_saturation.py"


rule count_votes:
    """Find what a majority vote over several samples gains, and what it costs."""
    input:
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
        grades=collect_costed_cells("<results>/grades/{model}/{benchmark}.jsonl.zst"),
    output:
        votes="<results>/saturation/votes.csv",
    log:
        "<logs>/count_votes.log",
    conda:
        "../envs/analysis.yaml"
    params:
        digest=plugins.source_digest(
            "saturation/votes.py", "saturation/tables.py", "statistics.py", "graders/layers/normalization.py"
        ),
    script:
        "../scripts/count_votes.py"


rule plot_saturation:
    """Draw accuracy within a budget of tokens, and of FLOPs."""
    input:
        curves="<results>/saturation/curves.csv",
        fits="<results>/saturation/fits.csv",
        votes="<results>/saturation/votes.csv",
    output:
        tokens=report(
            "<results>/plots/saturation.png",
            caption="captions/saturation.rst",
            category="Saturation",
            labels={"figure": "By tokens"},
        ),
        flops=report(
            "<results>/plots/saturation_flops.png",
            caption="captions/saturation.rst",
            category="Saturation",
            labels={"figure": "By FLOPs"},
        ),
        others=expand(
            "<results>/plots/{figure}.{suffix}",
            figure=["saturation", "saturation_flops"],
            suffix=["svg", "pdf", "csv"],
        ),
    log:
        "<logs>/plot_saturation.log",
    conda:
        "../envs/analysis.yaml"
    params:
        style=plot_style(),
        digest=plugins.source_digest("plots"),
    script:
        "../scripts/plot_saturation.py"
