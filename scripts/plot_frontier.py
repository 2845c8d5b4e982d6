"""Draw the frontier of every scope, and all of them side by side."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.frontier import FRONTIER
from paretoscope.jobs import job
from paretoscope.plots import _style, frontier, frontier_overview


def main(table: str, style: dict, folder: Path) -> None:
    """Write a figure per scope and an overview, each as PNG, SVG and CSV."""
    points = read_table(table, FRONTIER)
    for scope, rows in points.groupby("scope", sort=False):
        _style.save(frontier.draw(rows, style), rows, folder / f"frontier_{scope}")
    _style.save(frontier_overview.draw(points, style), points, folder / "frontier_overview")


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.frontier, snakemake.params.style, Path(snakemake.output.overview).parent)
