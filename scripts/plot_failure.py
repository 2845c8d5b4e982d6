"""Draw the cost of failure."""

from pathlib import Path

from paretoscope.failure import CELLS
from paretoscope.files import read_table
from paretoscope.jobs import job
from paretoscope.plots import _style, failure


def main(cells: str, style: dict, stem: Path) -> None:
    """Write the figure as PNG, SVG and PDF, and the table behind it as CSV."""
    table = read_table(cells, CELLS)
    rows = table[(table["cost"] == failure.COST) & (table["scope"] == failure.AVERAGE)]
    _style.save(failure.draw(rows, style), rows, stem)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.cells, snakemake.params.style, Path(snakemake.output.png.removesuffix(".png")))
