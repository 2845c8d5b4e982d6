"""Draw efficiency, and the FLOPs needed for an accuracy, over release dates."""

from pathlib import Path

import pandas as pd

from paretoscope.files import read_table
from paretoscope.jobs import job
from paretoscope.plots import _style, trend
from paretoscope.trend import EFFICIENCY, LINES, THRESHOLDS


def main(efficiency: str, thresholds: str, lines: str, style: dict, stem: Path) -> None:
    """Write the figure as PNG and SVG, and the table behind it as CSV."""
    tables = [
        read_table(efficiency, EFFICIENCY),
        read_table(thresholds, THRESHOLDS),
        read_table(lines, LINES),
    ]
    _style.save(trend.draw(*tables, style), pd.concat(tables[:2], ignore_index=True), stem)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.efficiency,
            snakemake.input.thresholds,
            snakemake.input.lines,
            snakemake.params.style,
            Path(snakemake.output.png).with_suffix(""),
        )
