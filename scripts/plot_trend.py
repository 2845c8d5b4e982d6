"""Draw the frontier, the FLOPs needed for an accuracy, and efficiency, over release dates."""

from pathlib import Path

from paretoscope.files import read_table, write_table
from paretoscope.frontier import AVERAGE
from paretoscope.jobs import job
from paretoscope.plots import _style, trend
from paretoscope.trend import EFFICIENCY, FRONTIERS, HYPERVOLUME, LINES, THRESHOLDS


def main(
    efficiency: str,
    thresholds: str,
    lines: str,
    frontiers: str,
    hypervolume: str,
    style: dict,
    stem: Path,
    threshold_table: str,
) -> None:
    """Write the figure as PNG, SVG and PDF, and the tables of models and of thresholds behind it as CSV."""
    by_model = read_table(efficiency, EFFICIENCY)
    by_threshold = read_table(thresholds, THRESHOLDS)
    history = [
        table[table["scope"] == AVERAGE]
        for table in (read_table(frontiers, FRONTIERS), read_table(hypervolume, HYPERVOLUME))
    ]
    _style.save(trend.draw(by_model, by_threshold, read_table(lines, LINES), *history, style), by_model, stem)
    write_table(threshold_table, by_threshold)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.efficiency,
            snakemake.input.thresholds,
            snakemake.input.lines,
            snakemake.input.frontiers,
            snakemake.input.hypervolume,
            snakemake.params.style,
            Path(snakemake.output.png.removesuffix(".png")),
            snakemake.output.thresholds,
        )
