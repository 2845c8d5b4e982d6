"""Failure: what is spent on answers that are not correct, and what a correct answer costs.

Needs   summary/cells.csv, summary/completions.parquet, frontier/costs.csv
Makes   failure/{cells,cheapest,counterfactuals}.csv
        plots/failure.{png,svg,pdf,csv}
"""


rule measure_failure:
    """Measure what is spent on right and wrong answers, and what a correct answer costs."""
    input:
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
    output:
        cells="<results>/failure/cells.csv",
        cheapest="<results>/failure/cheapest.csv",
    log:
        "<logs>/measure_failure.log",
    conda:
        "../envs/analysis.yaml"
    params:
        digest=plugins.source_digest("failure", "statistics.py"),
    script:
        "../scripts/measure_failure.py"


rule find_counterfactuals:
    """Find what the frontiers would lose without MoE models, reasoning models, or one family."""
    input:
        frontiers="<results>/frontier/costs.csv",
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
    output:
        counterfactuals="<results>/failure/counterfactuals.csv",
    log:
        "<logs>/find_counterfactuals.log",
    conda:
        "../envs/analysis.yaml"
    params:
        groups=STUDY.analysis["groups"],
        digest=plugins.source_digest("failure", "hypervolume.py", "bootstrap.py", "statistics.py"),
    script:
        "../scripts/find_counterfactuals.py"


rule plot_failure:
    """Draw what is spent on answers that are not correct, and what a correct answer costs."""
    input:
        cells="<results>/failure/cells.csv",
    output:
        png=report(
            "<results>/plots/failure.png",
            caption="captions/failure.rst",
            category="Cost of failure",
            labels={"figure": "Cost of failure"},
        ),
        svg="<results>/plots/failure.svg",
        pdf="<results>/plots/failure.pdf",
        table="<results>/plots/failure.csv",
    log:
        "<logs>/plot_failure.log",
    conda:
        "../envs/analysis.yaml"
    params:
        style=plot_style(),
        digest=plugins.source_digest("plots"),
    script:
        "../scripts/plot_failure.py"
