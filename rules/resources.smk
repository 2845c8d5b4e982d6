"""What generating jobs ask a scheduler for beside GPUs. All other jobs ask for what the profile says (slurm/).

Needs   the site file, where there is one
Makes   engine_resources(), the `resources` of rules that start an engine
"""

from functools import cache

from paretoscope.cluster import read_site
from paretoscope.resources import JobSizes, gpus_of


@cache
def site():
    """Read when a job first asks: a run without generation needs no site."""
    try:
        return read_site()
    except InputError as error:
        raise WorkflowError(str(error)) from None


@cache
def job_sizes():
    folders = [CATALOG, *(STUDY.path.parent / folder for folder in config.get("cards", ()))]
    try:
        return JobSizes(STUDY, folders, site().gpu.device, RESULTS, site().max_hours)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def cell_model(wildcards):
    return wildcards.model


def judge_model(wildcards):
    return JUDGE


def engine_resources(model_of):
    """What a job asks for that starts an engine for the model which ``model_of`` names. None is not asked for."""

    def gpu(wildcards):
        return gpus_of(STUDY, model_of(wildcards))

    # A job that was submitted has been given its memory and time: on its node nothing is planned again.
    def mem_mb(wildcards, attempt):
        return job_sizes().memory_mb(model_of(wildcards), attempt) if workflow.is_main_process else 1

    def runtime(wildcards, attempt):
        size = (model_of(wildcards), wildcards.benchmark, attempt)
        return job_sizes().minutes(*size) if workflow.is_main_process else 1

    def slurm_partition(wildcards):
        return (gpu(wildcards) and site().gpu.partition) or site().partition

    def gpu_model(wildcards):
        return site().gpu.model if gpu(wildcards) else None

    def cpus_per_gpu(wildcards):
        return site().gpu.cpus if gpu(wildcards) else None

    def nodes(wildcards):
        return 1 if gpu(wildcards) else None  # Slurm would take a model's GPUs from several

    functions = (gpu, mem_mb, runtime, slurm_partition, gpu_model, cpus_per_gpu, nodes)
    return {function.__name__: function for function in functions}


# On the login node: what may need the network, and what is made of small tables in seconds.
localrules:
    find_cost_frontiers,
    find_frontier,
    plot_benchmark_frontier,
    plot_costs,
    plot_frontier,
    plot_saturation,
    plot_trend,
    write_page,
    write_summary,
