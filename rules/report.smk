"""Report: the table that a run ends with.

Needs   frontier/frontier.csv, summary/cells.csv, summary/absent_cells.csv
Makes   report/summary.txt
"""


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
