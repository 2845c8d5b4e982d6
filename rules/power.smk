"""Power: the samples per item that every cell would need for intervals of given widths.

Needs   summary/cells.csv, summary/completions.parquet
Makes   summary/power.csv
"""


rule estimate_power:
    """Estimate how many samples per item every cell needs, and which differences it can tell."""
    input:
        cells="<results>/summary/cells.csv",
        completions="<results>/summary/completions.parquet",
    output:
        power="<results>/summary/power.csv",
    log:
        "<logs>/estimate_power.log",
    conda:
        "../envs/analysis.yaml"
    params:
        digest=plugins.source_digest("power", "statistics.py"),
    script:
        "../scripts/estimate_power.py"
