"""Report: the table that a run ends with, and the interactive page.

Needs   summary/cells.csv, summary/absent_cells.csv,
        frontier/{frontier,costs,cost_axes,probabilities,band,hypervolume,differences}.csv,
        trend/{threshold_flops,lines}.csv, saturation/{curves,fits}.csv, failure/{cells,counterfactuals}.csv,
        generations/*/*.meta.json of every cell
Makes   report/summary.txt, report/index.html
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


rule write_page:
    """Write the interactive page: one file that works offline."""
    input:
        cells="<results>/summary/cells.csv",
        absent="<results>/summary/absent_cells.csv",
        frontier="<results>/frontier/frontier.csv",
        costs="<results>/frontier/costs.csv",
        axes="<results>/frontier/cost_axes.csv",
        probabilities="<results>/frontier/probabilities.csv",
        band="<results>/frontier/band.csv",
        hypervolume="<results>/frontier/hypervolume.csv",
        differences="<results>/frontier/differences.csv",
        thresholds="<results>/trend/threshold_flops.csv",
        lines="<results>/trend/lines.csv",
        curves="<results>/saturation/curves.csv",
        fits="<results>/saturation/fits.csv",
        failure="<results>/failure/cells.csv",
        counterfactuals="<results>/failure/counterfactuals.csv",
        metas=collect_cells("<results>/generations/{model}/{benchmark}.meta.json"),
    output:
        page="<results>/report/index.html",
    log:
        "<logs>/write_page.log",
    conda:
        "../envs/analysis.yaml"
    params:
        study=page_study,
        digest=plugins.source_digest("page", "report.py"),
    script:
        "../scripts/write_page.py"
