"""Follow efficiency, the FLOPs needed for an accuracy, and the frontier, over release dates."""

import pandas as pd

from paretoscope.bootstrap import replicate
from paretoscope.files import read_table, write_table
from paretoscope.frontier import AVERAGE, FRONTIER, scopes
from paretoscope.jobs import job
from paretoscope.schema import CELLS
from paretoscope.trend import efficiency, frontiers_as_of, hypervolume_over_time, threshold_flops, trend_lines


def main(
    inputs: dict[str, str],
    thresholds: list[float],
    groups: dict[str, list[str]],
    n_replicates: int,
    seed: int,
    outputs: dict[str, str],
) -> None:
    """Write efficiencies, FLOPs to thresholds and lines of the average, frontier and hypervolume of every scope."""
    points = read_table(inputs["frontier"], FRONTIER)
    averages = points[points["scope"] == AVERAGE]
    completions, cells = pd.read_parquet(inputs["completions"]), read_table(inputs["cells"], CELLS)
    replicates = replicate(completions, cells, ("flops",), n_replicates, seed)
    by_model = efficiency(averages)
    by_threshold = threshold_flops(averages, thresholds)
    write_table(outputs["efficiency"], by_model)
    write_table(outputs["thresholds"], by_threshold)
    write_table(outputs["lines"], trend_lines(by_model, by_threshold, replicates))
    write_table(outputs["frontiers"], frontiers_as_of(points))
    benchmarks = scopes(replicates.benchmarks, groups)
    write_table(outputs["hypervolume"], hypervolume_over_time(points, replicates, benchmarks))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            dict(snakemake.input.items()),
            snakemake.params.accuracy_thresholds,
            snakemake.params.groups,
            snakemake.params.replicates,
            snakemake.params.seed,
            dict(snakemake.output.items()),
        )
