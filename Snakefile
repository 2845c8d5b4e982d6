"""Compute-accuracy Pareto frontiers of open-source reasoning LLMs.

A study is one YAML file: config/config.yaml by default, another with --configfile.
Data flow one way: models and benchmarks -> generations -> grades and FLOPs -> tables -> figures -> report.
"""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# Only without a --configfile: Snakemake would otherwise merge the two studies key by key.
if not workflow.configfiles:

    configfile: str(Path(workflow.basedir, "config", "config.yaml"))


include: "rules/common.smk"
include: "rules/specs.smk"
include: "rules/resources.smk"


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",


report: "rules/captions/workflow.rst"


include: "rules/models.smk"
include: "rules/benchmarks.smk"
include: "rules/generate.smk"
include: "rules/grade.smk"
include: "rules/crosscheck.smk"
include: "rules/judge.smk"
include: "rules/forced.smk"
include: "rules/flops.smk"
include: "rules/audit.smk"
include: "rules/summarize.smk"
include: "rules/frontier.smk"
include: "rules/power.smk"
include: "rules/failure.smk"
include: "rules/trend.smk"
include: "rules/saturation.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        # Every file that a user may look at, so that any that was deleted is made again.
        collect_cells("<results>/generations/{model}/{benchmark}.jsonl.zst"),
        collect_cells("<results>/generations/{model}/{benchmark}.meta.json"),
        collect_cells("<results>/stats/{model}/{benchmark}.jsonl.zst"),
        collect_cells("<results>/grades/{model}/{benchmark}.jsonl.zst"),
        collect_cells("<results>/crosschecks/{model}/{benchmark}.jsonl.zst"),
        collect_judged_cells("<results>/judge/completions/{model}/{benchmark}.meta.json"),
        collect_judged_cells("<results>/judge/judgements/{model}/{benchmark}.jsonl.zst"),
        collect_cells("<results>/audit/{model}/{benchmark}.html"),
        collect_costed_cells("<results>/flops/{model}/{benchmark}.parquet"),
        expand("<results>/benchmarks/{benchmark}.jsonl", benchmark=BENCHMARKS),
        expand("<results>/models/{model}/config.json", model=COSTED_MODELS),
        rules.summarize.output,
        rules.find_frontier.output,
        rules.find_cost_frontiers.output,
        rules.estimate_uncertainty.output,
        rules.compare_with_roofline.output,
        rules.estimate_power.output,
        rules.measure_failure.output,
        rules.find_counterfactuals.output,
        rules.fit_trend.output,
        collect_forced_cells("<results>/forced/answers/{model}/{benchmark}.parquet"),
        collect_forced_cells("<results>/forced/completions/{model}/{benchmark}.meta.json"),
        rules.find_saturation.output,
        rules.count_votes.output,
        rules.plot_frontier.output,
        expand(rules.plot_benchmark_frontier.output, benchmark=COSTED_BENCHMARKS),
        rules.plot_costs.output,
        rules.plot_failure.output,
        rules.plot_trend.output,
        rules.plot_saturation.output,
        rules.write_summary.output,
        rules.write_page.output,


onsuccess:
    show_summary()


onerror:
    show_how_to_continue()
