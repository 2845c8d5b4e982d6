"""Draw accuracy within a token budget."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.jobs import job
from paretoscope.plots import _style, saturation
from paretoscope.saturation import BUDGETS, CURVES


def main(curves: str, budgets: str, style: dict, stem: Path) -> None:
    """Write the figure as PNG and SVG, and the table behind it as CSV."""
    table = read_table(curves, CURVES)
    _style.save(saturation.draw(table, read_table(budgets, BUDGETS), style), table, stem)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.curves,
            snakemake.input.budgets,
            snakemake.params.style,
            Path(snakemake.output.png.removesuffix(".png")),
        )
