"""Draw the frontier of the average over benchmarks, and those of all scopes side by side."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.frontier import AVERAGE, FRONTIER
from paretoscope.jobs import job
from paretoscope.plots import _style, frontier, frontier_overview


def main(table: str, style: dict, folder: Path) -> None:
    """Write both figures as PNG and SVG, and the tables behind them as CSV."""
    points = read_table(table, FRONTIER)
    averages = points[points["scope"] == AVERAGE]
    _style.save(frontier.draw(averages, style), averages, folder / "frontier_average")
    _style.save(frontier_overview.draw(points, style), points, folder / "frontier_overview")


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.frontier, snakemake.params.style, Path(snakemake.output.overview).parent)
