"""Draw accuracy within a token budget."""

from pathlib import Path

import pandas as pd

from paretoscope.jobs import job
from paretoscope.plots import _style, saturation


def main(curves: str, budgets: str, style: dict, stem: Path) -> None:
    """Write the figure as PNG and SVG, and the table behind it as CSV."""
    table = pd.read_csv(curves)
    _style.save(saturation.draw(table, pd.read_csv(budgets), style), table, stem)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.curves,
            snakemake.input.budgets,
            snakemake.params.style,
            Path(snakemake.output.png).with_suffix(""),
        )
