"""Find the token budget at which more thinking stops paying."""

import pandas as pd

from paretoscope.files import read_table, write_table
from paretoscope.jobs import job
from paretoscope.saturation import saturation_budgets, within_budget
from paretoscope.schema import CELLS


def main(cells: str, completions: str, gain_points: float, curves: str, budgets: str) -> None:
    """Write accuracy within token budgets, and the budget that is enough."""
    table = within_budget(pd.read_parquet(completions), read_table(cells, CELLS))
    write_table(curves, table)
    write_table(budgets, saturation_budgets(table, gain_points))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.cells,
            snakemake.input.completions,
            snakemake.params.gain_points,
            snakemake.output.curves,
            snakemake.output.budgets,
        )
