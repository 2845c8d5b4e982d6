"""Find what the frontiers would lose without a class of models."""

import pandas as pd

from paretoscope.bootstrap import replicate
from paretoscope.failure import counterfactuals
from paretoscope.files import read_table, write_table
from paretoscope.frontier import COST_FRONTIERS, scopes
from paretoscope.jobs import job
from paretoscope.schema import CELLS

N_REPLICATES = 2_000
"""So many place the ends of an interval to within a fiftieth of its width."""


def main(frontiers: str, cells: str, completions: str, groups: dict[str, list[str]], output: str) -> None:
    """Write what is lost of every frontier without each class."""
    replicates = replicate(pd.read_parquet(completions), read_table(cells, CELLS), n_replicates=N_REPLICATES)
    benchmarks = scopes(replicates.benchmarks, groups)
    write_table(output, counterfactuals(read_table(frontiers, COST_FRONTIERS), replicates, benchmarks))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.frontiers,
            snakemake.input.cells,
            snakemake.input.completions,
            snakemake.params.groups,
            snakemake.output.counterfactuals,
        )
