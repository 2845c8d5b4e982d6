"""Measure what is spent on right and wrong answers, and what a correct answer costs."""

import pandas as pd

from paretoscope.failure import cost_of_failure
from paretoscope.files import read_table, write_table
from paretoscope.jobs import job
from paretoscope.schema import CELLS


def main(cells: str, completions: str, by_model: str, cheapest: str) -> None:
    """Write the cost of failure of every model, and the cheapest model per correct answer."""
    table, best = cost_of_failure(pd.read_parquet(completions), read_table(cells, CELLS))
    write_table(by_model, table)
    write_table(cheapest, best)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.cells,
            snakemake.input.completions,
            snakemake.output.cells,
            snakemake.output.cheapest,
        )
