"""Write the short table that a run ends with."""

from paretoscope.files import read_table, write_text
from paretoscope.frontier import FRONTIER
from paretoscope.jobs import job
from paretoscope.report import summary_text
from paretoscope.schema import ABSENT_CELLS, CELLS


def main(title: str, cells: str, absent: str, frontier: str, figures: list[str], output: str) -> None:
    """Write the summary as plain text."""
    tables = [
        read_table(cells, CELLS),
        read_table(absent, ABSENT_CELLS),
        read_table(frontier, FRONTIER),
    ]
    write_text(output, summary_text(title, *tables, figures))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.params.title,
            snakemake.input.cells,
            snakemake.input.absent,
            snakemake.input.frontier,
            snakemake.params.figures,
            snakemake.output.summary,
        )
