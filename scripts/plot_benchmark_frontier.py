"""Draw the frontier of one benchmark."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.frontier import FRONTIER
from paretoscope.jobs import job
from paretoscope.plots import _style, frontier
from paretoscope.uncertainty.tables import BAND, PROBABILITIES


def main(table: str, probabilities: str, band: str, benchmark: str, style: dict, stem: Path) -> None:
    """Write the figure as PNG, SVG and PDF, and the table behind it as CSV."""
    points = read_table(table, FRONTIER)
    rows = points[points["scope"] == benchmark]
    sure = read_table(probabilities, PROBABILITIES), read_table(band, BAND)
    _style.save(frontier.draw(rows, *sure, style), rows, stem)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.frontier,
            snakemake.input.probabilities,
            snakemake.input.band,
            snakemake.wildcards.benchmark,
            snakemake.params.style,
            Path(snakemake.output.png.removesuffix(".png")),
        )
