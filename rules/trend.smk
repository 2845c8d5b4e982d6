"""Trend: how the frontier moves with release dates, as tables and a figure.

Needs   frontier/frontier.csv, summary/cells.csv, summary/completions.parquet
Makes   trend/{efficiency,threshold_flops,lines,frontiers,hypervolume}.csv
        plots/trend.{png,svg,pdf,csv}, plots/trend_thresholds.csv
"""


rule fit_trend:
    """Follow efficiency, the FLOPs needed for an accuracy, and the frontier, over release dates."""
    input:
        frontier="<results>/frontier/frontier.csv",
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
    output:
        efficiency="<results>/trend/efficiency.csv",
        thresholds="<results>/trend/threshold_flops.csv",
        lines="<results>/trend/lines.csv",
        frontiers="<results>/trend/frontiers.csv",
        hypervolume="<results>/trend/hypervolume.csv",
    log:
        "<logs>/fit_trend.log",
    conda:
        "../envs/analysis.yaml"
    params:
        accuracy_thresholds=STUDY.analysis["accuracy_thresholds"],
        groups=STUDY.analysis["groups"],
        replicates=STUDY.analysis["replicates"],
        seed=STUDY.analysis["seed"],
        digest=plugins.source_digest("trend", "hypervolume.py", "bootstrap.py", "statistics.py"),
    script:
        "../scripts/fit_trend.py"


rule plot_trend:
    """Draw the frontier, the FLOPs needed for an accuracy, and efficiency, over release dates."""
    input:
        efficiency="<results>/trend/efficiency.csv",
        thresholds="<results>/trend/threshold_flops.csv",
        lines="<results>/trend/lines.csv",
        frontiers="<results>/trend/frontiers.csv",
        hypervolume="<results>/trend/hypervolume.csv",
    output:
        png=report(
            "<results>/plots/trend.png", caption="captions/trend.rst", category="Trend", labels={"figure": "Trend"}
        ),
        svg="<results>/plots/trend.svg",
        pdf="<results>/plots/trend.pdf",
        table="<results>/plots/trend.csv",
        thresholds="<results>/plots/trend_thresholds.csv",
    log:
        "<logs>/plot_trend.log",
    conda:
        "../envs/analysis.yaml"
    params:
        style=plot_style(),
        digest=plugins.source_digest("plots"),
    script:
        "../scripts/plot_trend.py"
