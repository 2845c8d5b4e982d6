"""Estimate how many samples per item every cell needs, and which differences it can tell."""

import pandas as pd

from paretoscope.files import read_table, write_table
from paretoscope.jobs import job
from paretoscope.power.tables import power_table
from paretoscope.schema import CELLS


def main(cells: str, completions: str, power: str) -> None:
    """Write the table of samples needed."""
    write_table(power, power_table(pd.read_parquet(completions), read_table(cells, CELLS)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.cells, snakemake.input.completions, snakemake.output.power)
