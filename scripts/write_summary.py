"""Write the short table that a run ends with."""

import pandas as pd

from paretoscope.files import write_text
from paretoscope.jobs import job
from paretoscope.report import summary_text


def main(title: str, cells: str, absent: str, frontier: str, figures: list[str], output: str) -> None:
    """Write the summary as plain text."""
    tables = [pd.read_csv(path) for path in (cells, absent, frontier)]
    write_text(output, summary_text(title, *tables, figures))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.params.title,
            snakemake.input.cells,
            snakemake.input.absent,
            snakemake.input.frontier,
            list(snakemake.input.figures),
            snakemake.output.summary,
        )
