"""Analysis: frontier, trend, saturation and roofline, as tables.

Needs   summary/cells.csv, summary/completions.parquet; for the roofline meta files and config.json too
Makes   frontier/{frontier,costs,cost_axes,ranks}.csv
        trend/{efficiency,threshold_flops,lines}.csv
        saturation/{curves,budgets}.csv
        roofline/roofline.csv
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
        digest=plugins.source_digest("frontier.py"),
    script:
        "../scripts/find_cost_frontiers.py"


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


rule fit_trend:
    """Follow efficiency, and the FLOPs needed for an accuracy, over release dates."""
    input:
        frontier="<results>/frontier/frontier.csv",
    output:
        efficiency="<results>/trend/efficiency.csv",
        thresholds="<results>/trend/threshold_flops.csv",
        lines="<results>/trend/lines.csv",
    log:
        "<logs>/fit_trend.log",
    conda:
        "../envs/analysis.yaml"
    params:
        accuracy_thresholds=STUDY.analysis["accuracy_thresholds"],
        digest=plugins.source_digest("trend.py"),
    script:
        "../scripts/fit_trend.py"


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
