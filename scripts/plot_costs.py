"""Draw the frontiers by every measured cost, and where FLOPs and time rank models differently."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.frontier import AVERAGE, COST_AXES, COST_FRONTIERS, RANKS
from paretoscope.jobs import job
from paretoscope.plots import _style, cost_ranks, frontier_costs
from paretoscope.uncertainty.tables import BAND, PROBABILITIES


def main(frontiers: str, axes: str, ranks: str, probabilities: str, band: str, style: dict, folder: Path) -> None:
    """Write both figures as PNG, SVG and PDF, and the tables behind them as CSV."""
    points, costs, places = read_table(frontiers, COST_FRONTIERS), read_table(axes, COST_AXES), read_table(ranks, RANKS)
    sure = read_table(probabilities, PROBABILITIES), read_table(band, BAND)
    averages = points[points["scope"] == AVERAGE]
    _style.save(frontier_costs.draw(averages, costs, *sure, style), averages, folder / "frontier_costs")
    _style.save(cost_ranks.draw(places, costs, style), places, folder / "cost_ranks")


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.frontiers,
            snakemake.input.axes,
            snakemake.input.ranks,
            snakemake.input.probabilities,
            snakemake.input.band,
            snakemake.params.style,
            Path(snakemake.output.frontiers).parent,
        )
