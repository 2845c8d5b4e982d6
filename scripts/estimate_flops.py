"""Compute the FLOPs of every completion of one cell."""

from pathlib import Path

from paretoscope.costs import completion_costs
from paretoscope.files import write_table
from paretoscope.jobs import job


def main(completions: str, config: str, costs: str) -> None:
    """Write tokens and FLOPs, one completion per row."""
    write_table(costs, completion_costs(Path(completions), Path(config)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.completions, snakemake.input.config, snakemake.output.costs)
