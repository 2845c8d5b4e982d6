"""Figures, each with the table behind it, and the table that a run ends with.

Needs   frontier/, trend/, saturation/, summary/cells.csv
Makes   plots/{frontier_<scope>,frontier_costs,cost_ranks,trend,saturation}.{png,svg,csv}, plots/trend_thresholds.csv,
        report/summary.txt
"""


rule plot_frontier:
    """Draw FLOPs against accuracy with the frontier: the average over benchmarks, and all of them side by side."""
    input:
        frontier="<results>/frontier/frontier.csv",
    output:
        average=report(
            "<results>/plots/frontier_average.png",
            caption="captions/frontier.rst",
            category="Frontier",
            labels={"figure": "Average over benchmarks"},
        ),
        overview=report(
            "<results>/plots/frontier_overview.png",
            caption="captions/frontier_overview.rst",
            category="Frontier",
            labels={"figure": "Overview"},
        ),
        others=expand("<results>/plots/frontier_{scope}.{suffix}", scope=["average", "overview"], suffix=["svg", "csv"]),
    log:
        "<logs>/plot_frontier.log",
    conda:
        "../envs/analysis.yaml"
    params:
        style=plot_style(),
        digest=plugins.source_digest("plots"),
    script:
        "../scripts/plot_frontier.py"


rule plot_benchmark_frontier:
    """Draw FLOPs against accuracy with the frontier of one benchmark."""
    input:
        frontier="<results>/frontier/frontier.csv",
    output:
        png=report(
            "<results>/plots/frontier_{benchmark}.png",
            caption="captions/frontier.rst",
            category="Frontier",
            labels={"figure": "{benchmark}"},
        ),
        svg="<results>/plots/frontier_{benchmark}.svg",
        table="<results>/plots/frontier_{benchmark}.csv",
    log:
        "<logs>/plot_benchmark_frontier/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        style=plot_style(),
        digest=plugins.source_digest("plots"),
    script:
        "../scripts/plot_benchmark_frontier.py"


rule plot_costs:
    """Draw the frontiers by every measured cost, and where FLOPs and time rank models differently."""
    input:
        frontiers="<results>/frontier/costs.csv",
        axes="<results>/frontier/cost_axes.csv",
        ranks="<results>/frontier/ranks.csv",
    output:
        frontiers=report(
            "<results>/plots/frontier_costs.png",
            caption="captions/frontier_costs.rst",
            category="Frontier",
            labels={"figure": "By measured cost"},
        ),
        ranks=report(
            "<results>/plots/cost_ranks.png",
            caption="captions/cost_ranks.rst",
            category="Frontier",
            labels={"figure": "Ranks by FLOPs and by time"},
        ),
        others=expand(
            "<results>/plots/{figure}.{suffix}", figure=["frontier_costs", "cost_ranks"], suffix=["svg", "csv"]
        ),
    log:
        "<logs>/plot_costs.log",
    conda:
        "../envs/analysis.yaml"
    params:
        style=plot_style(),
        digest=plugins.source_digest("plots"),
    script:
        "../scripts/plot_costs.py"


rule plot_trend:
    """Draw efficiency, and the FLOPs needed for an accuracy, over release dates."""
    input:
        efficiency="<results>/trend/efficiency.csv",
        thresholds="<results>/trend/threshold_flops.csv",
        lines="<results>/trend/lines.csv",
    output:
        png=report(
            "<results>/plots/trend.png", caption="captions/trend.rst", category="Trend", labels={"figure": "Trend"}
        ),
        svg="<results>/plots/trend.svg",
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


rule write_summary:
    """Write the short table that a run ends with."""
    input:
        cells="<results>/summary/cells.csv",
        absent="<results>/summary/absent_cells.csv",
        frontier="<results>/frontier/frontier.csv",
    output:
        summary="<results>/report/summary.txt",
    log:
        "<logs>/write_summary.log",
    conda:
        "../envs/analysis.yaml"
    params:
        title=STUDY.title,
        # Named, not read: a redrawn figure doesn't change the summary.
        figures=SHOWN_FIGURES,
        digest=plugins.source_digest("report.py"),
    script:
        "../scripts/write_summary.py"
