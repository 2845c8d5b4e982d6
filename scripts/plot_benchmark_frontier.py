"""Draw the frontier of one benchmark."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.frontier import FRONTIER
from paretoscope.jobs import job
from paretoscope.plots import _style, frontier


def main(table: str, benchmark: str, style: dict, stem: Path) -> None:
    """Write the figure as PNG and SVG, and the table behind it as CSV."""
    points = read_table(table, FRONTIER)
    rows = points[points["scope"] == benchmark]
    _style.save(frontier.draw(rows, style), rows, stem)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.frontier,
            snakemake.wildcards.benchmark,
            snakemake.params.style,
            Path(snakemake.output.png.removesuffix(".png")),
        )
