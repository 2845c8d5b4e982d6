"""Draw accuracy within a budget of tokens, and of FLOPs."""

from pathlib import Path

from paretoscope.files import read_table
from paretoscope.jobs import job
from paretoscope.plots import _style, saturation
from paretoscope.saturation import CURVES, FITS, VOTES


def main(curves: str, fits: str, votes: str, style: dict, folder: Path) -> None:
    """Write both figures as PNG, SVG and PDF, and the table behind them as CSV."""
    table = read_table(curves, CURVES)
    tables = table, read_table(fits, FITS), read_table(votes, VOTES)
    for axis, name in (("tokens", "saturation"), ("flops", "saturation_flops")):
        _style.save(saturation.draw(*tables, axis, style), table, folder / name)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.curves,
            snakemake.input.fits,
            snakemake.input.votes,
            snakemake.params.style,
            Path(snakemake.output.tokens).parent,
        )
