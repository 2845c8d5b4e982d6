"""Draw the frontier of the average over benchmarks, and those of all scopes side by side."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.frontier import AVERAGE, FRONTIER
from paretoscope.jobs import job
from paretoscope.plots import _style, frontier, frontier_overview
from paretoscope.uncertainty.tables import BAND, PROBABILITIES


def main(table: str, probabilities: str, band: str, style: dict, folder: Path) -> None:
    """Write both figures as PNG, SVG and PDF, and the tables behind them as CSV."""
    points = read_table(table, FRONTIER)
    sure = read_table(probabilities, PROBABILITIES), read_table(band, BAND)
    averages = points[points["scope"] == AVERAGE]
    _style.save(frontier.draw(averages, *sure, style), averages, folder / "frontier_average")
    _style.save(frontier_overview.draw(points, *sure, style), points, folder / "frontier_overview")


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.frontier,
            snakemake.input.probabilities,
            snakemake.input.band,
            snakemake.params.style,
            Path(snakemake.output.overview).parent,
        )
