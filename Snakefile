"""Compute-accuracy Pareto frontiers of open-source reasoning LLMs.

A study is one YAML file: config/config.yaml by default, another with --configfile.
Data flow one way: models and benchmarks -> generations -> grades and FLOPs -> tables -> figures -> report.
"""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# Only without a --configfile: Snakemake would otherwise merge the two studies key by key.
if "study" not in config:

    configfile: str(Path(workflow.basedir, "config", "config.yaml"))


include: "rules/common.smk"


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",


report: "rules/captions/workflow.rst"


include: "rules/models.smk"
include: "rules/benchmarks.smk"
include: "rules/generate.smk"
include: "rules/grade.smk"
include: "rules/flops.smk"
include: "rules/summarize.smk"
include: "rules/analyze.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        # Every file of every cell, so that one that was deleted is made again.
        collect_cells("<results>/generations/{model}/{benchmark}.jsonl.zst"),
        collect_cells("<results>/generations/{model}/{benchmark}.meta.json"),
        collect_cells("<results>/grades/{model}/{benchmark}.jsonl.zst"),
        collect_costed_cells("<results>/flops/{model}/{benchmark}.parquet"),
        "<results>/summary/cells.csv",
        "<results>/summary/absent_cells.csv",
        SHOWN_FIGURES,
        expand("<results>/plots/frontier_{benchmark}.png", benchmark=COSTED_BENCHMARKS),
        "<results>/report/summary.txt",


onsuccess:
    show_summary()
