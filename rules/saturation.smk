"""Saturation: where more thinking stops paying, as tables and a figure.

Needs   summary/cells.csv, summary/completions.parquet
Makes   saturation/{curves,budgets}.csv
        plots/saturation.{png,svg,csv}
"""


rule find_saturation:
    """Find the token budget at which more thinking stops paying, per model and benchmark."""
    input:
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
    output:
        curves="<results>/saturation/curves.csv",
        budgets="<results>/saturation/budgets.csv",
    log:
        "<logs>/find_saturation.log",
    conda:
        "../envs/analysis.yaml"
    params:
        gain_points=STUDY.analysis["saturation_gain_points"],
        digest=plugins.source_digest("saturation.py", "statistics.py"),
    script:
        "../scripts/find_saturation.py"


rule plot_saturation:
    """Draw accuracy within a token budget."""
    input:
        curves="<results>/saturation/curves.csv",
        budgets="<results>/saturation/budgets.csv",
    output:
        png=report(
            "<results>/plots/saturation.png",
            caption="captions/saturation.rst",
            category="Saturation",
            labels={"figure": "Saturation"},
        ),
        svg="<results>/plots/saturation.svg",
        table="<results>/plots/saturation.csv",
    log:
        "<logs>/plot_saturation.log",
    conda:
        "../envs/analysis.yaml"
    params:
        style=plot_style(),
        digest=plugins.source_digest("plots"),
    script:
        "../scripts/plot_saturation.py"
