"""Draw efficiency, and the FLOPs needed for an accuracy, over release dates."""

from pathlib import Path

from paretoscope.files import read_table, write_table
from paretoscope.jobs import job
from paretoscope.plots import _style, trend
from paretoscope.trend import EFFICIENCY, LINES, THRESHOLDS


def main(efficiency: str, thresholds: str, lines: str, style: dict, stem: Path, threshold_table: str) -> None:
    """Write the figure as PNG and SVG, and the tables behind its two panels as CSV."""
    by_model = read_table(efficiency, EFFICIENCY)
    by_threshold = read_table(thresholds, THRESHOLDS)
    _style.save(trend.draw(by_model, by_threshold, read_table(lines, LINES), style), by_model, stem)
    write_table(threshold_table, by_threshold)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.efficiency,
            snakemake.input.thresholds,
            snakemake.input.lines,
            snakemake.params.style,
            Path(snakemake.output.png.removesuffix(".png")),
            snakemake.output.thresholds,
        )
