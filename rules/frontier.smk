"""Frontier: the models that no other beats at their cost, by every cost, as tables and figures.

Needs   summary/cells.csv, summary/completions.parquet; for the roofline meta files and config.json too
Makes   frontier/{frontier,costs,cost_axes,ranks}.csv, roofline/roofline.csv
        frontier/{probabilities,band,hypervolume,differences}.csv
        plots/{frontier_<scope>,frontier_costs,cost_ranks}.{png,svg,pdf,csv}
"""


rule find_frontier:
    """Find the models that no other model beats at their cost, per benchmark and on average."""
    input:
        cells="<results>/summary/cells.csv",
    output:
        frontier="<results>/frontier/frontier.csv",
    log:
        "<logs>/find_frontier.log",
    conda:
        "../envs/analysis.yaml"
    params:
        groups=STUDY.analysis["groups"],
        digest=plugins.source_digest("frontier.py"),
    script:
        "../scripts/find_frontier.py"


rule find_cost_frontiers:
    """Find the frontiers by every cost that was measured, and how far FLOPs and time rank models alike."""
    input:
        cells="<results>/summary/cells.csv",
    output:
        frontiers="<results>/frontier/costs.csv",
        axes="<results>/frontier/cost_axes.csv",
        ranks="<results>/frontier/ranks.csv",
    log:
        "<logs>/find_cost_frontiers.log",
    conda:
        "../envs/analysis.yaml"
    params:
        groups=STUDY.analysis["groups"],
        digest=plugins.source_digest("frontier.py"),
    script:
        "../scripts/find_cost_frontiers.py"


rule estimate_uncertainty:
    """Estimate how sure the frontiers are, by bootstrap over items, and compare all pairs of models."""
    input:
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
        frontiers="<results>/frontier/costs.csv",
    output:
        probabilities="<results>/frontier/probabilities.csv",
        band="<results>/frontier/band.csv",
        hypervolume="<results>/frontier/hypervolume.csv",
        differences="<results>/frontier/differences.csv",
    log:
        "<logs>/estimate_uncertainty.log",
    conda:
        "../envs/analysis.yaml"
    params:
        replicates=STUDY.analysis["replicates"],
        seed=STUDY.analysis["seed"],
        groups=STUDY.analysis["groups"],
        digest=plugins.source_digest("uncertainty", "bootstrap.py", "hypervolume.py", "statistics.py"),
    script:
        "../scripts/estimate_uncertainty.py"


rule compare_with_roofline:
    """Compare the GPU time of each cell with the least that its device allows."""
    input:
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
        metas=collect_costed_cells("<results>/generations/{model}/{benchmark}.meta.json"),
        configs=expand("<results>/models/{model}/config.json", model=COSTED_MODELS),
    output:
        roofline="<results>/roofline/roofline.csv",
    log:
        "<logs>/compare_with_roofline.log",
    conda:
        "../envs/analysis.yaml"
    params:
        devices=device_cards,
        digest=plugins.source_digest("roofline.py", "flops", "devices.py"),
    script:
        "../scripts/compare_with_roofline.py"


rule plot_frontier:
    """Draw FLOPs against accuracy with the frontier: the average over benchmarks, and all of them side by side."""
    input:
        frontier="<results>/frontier/frontier.csv",
        probabilities="<results>/frontier/probabilities.csv",
        band="<results>/frontier/band.csv",
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
        others=expand(
            "<results>/plots/frontier_{scope}.{suffix}", scope=["average", "overview"], suffix=["svg", "pdf", "csv"]
        ),
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
        probabilities="<results>/frontier/probabilities.csv",
        band="<results>/frontier/band.csv",
    output:
        png=report(
            "<results>/plots/frontier_{benchmark}.png",
            caption="captions/frontier.rst",
            category="Frontier",
            labels={"figure": "{benchmark}"},
        ),
        svg="<results>/plots/frontier_{benchmark}.svg",
        pdf="<results>/plots/frontier_{benchmark}.pdf",
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
        probabilities="<results>/frontier/probabilities.csv",
        band="<results>/frontier/band.csv",
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
            "<results>/plots/{figure}.{suffix}", figure=["frontier_costs", "cost_ranks"], suffix=["svg", "pdf", "csv"]
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
