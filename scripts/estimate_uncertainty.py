"""Estimate how sure the frontiers are, by bootstrap over items, and compare all pairs of models."""

import pandas as pd

from paretoscope.bootstrap import replicate
from paretoscope.files import read_table, write_table
from paretoscope.frontier import COST_FRONTIERS, scopes
from paretoscope.jobs import job
from paretoscope.schema import CELLS
from paretoscope.uncertainty import frontier_uncertainty, pairwise_differences


def main(inputs: dict[str, str], replicates: int, seed: int, groups: dict[str, list[str]], outputs: dict) -> None:
    """Write the probabilities, the attainment band and the hypervolume of each frontier, and the differences."""
    cells, frontiers = read_table(inputs["cells"], CELLS), read_table(inputs["frontiers"], COST_FRONTIERS)
    completions = pd.read_parquet(inputs["completions"])
    benchmarks = scopes(cells.loc[cells["kind"] != "control", "benchmark"], groups)
    drawn = replicate(completions, cells, tuple(frontiers["cost"].unique()), replicates, seed)
    probabilities, band, hypervolumes = frontier_uncertainty(frontiers, drawn, benchmarks)
    names = dict(zip(frontiers["scope"], frontiers["scope_name"], strict=True))
    write_table(outputs["probabilities"], probabilities)
    write_table(outputs["band"], band)
    write_table(outputs["hypervolume"], hypervolumes)
    write_table(outputs["differences"], pairwise_differences(completions, cells, benchmarks, names))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            dict(snakemake.input.items()),
            snakemake.params.replicates,
            snakemake.params.seed,
            snakemake.params.groups,
            dict(snakemake.output.items()),
        )
