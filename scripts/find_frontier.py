"""Find the frontier of every benchmark and of their average."""

from paretoscope.files import read_table, write_table
from paretoscope.frontier import frontier, points
from paretoscope.jobs import job
from paretoscope.schema import CELLS


def main(cells: str, groups: dict[str, list[str]], output: str) -> None:
    """Write one row per model and scope."""
    write_table(output, frontier(points(read_table(cells, CELLS), groups=groups)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.cells, snakemake.params.groups, snakemake.output.frontier)
