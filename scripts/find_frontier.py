"""Find the frontier of every benchmark and of their average."""

import pandas as pd

from paretoscope.files import write_table
from paretoscope.frontier import frontier, points
from paretoscope.jobs import job


def main(cells: str, output: str) -> None:
    """Write one row per model and scope."""
    write_table(output, frontier(points(pd.read_csv(cells))))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.cells, snakemake.output.frontier)
