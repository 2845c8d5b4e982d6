"""Find the budget at which more thinking stops paying, per model and over models."""

from pathlib import Path

import pandas as pd

from paretoscope import flops, saturation
from paretoscope.files import read_json, read_table, write_table
from paretoscope.jobs import job
from paretoscope.schema import CELLS


def main(cells: str, completions: str, configs: list[str], forced: list[str], gain_points: float, outputs: dict):
    """Write accuracy within budgets, the budgets that are enough, and the curves fitted."""
    table = read_table(cells, CELLS)
    architectures = {Path(path).parent.name: flops.describe(read_json(path)) for path in configs}
    answers = {(Path(path).parent.name, Path(path).stem): pd.read_parquet(path) for path in forced}
    known = saturation.known_cells(pd.read_parquet(completions), table, architectures)
    curves = saturation.stopped_curves(known)
    budgets = saturation.with_intervals(saturation.saturation_budgets(curves, gain_points), known)
    write_table(outputs["curves"], pd.concat([curves, saturation.forced_curves(known, answers)]))
    write_table(outputs["budgets"], budgets)
    write_table(outputs["fits"], saturation.fits(known, answers, gain_points))
    write_table(outputs["across"], saturation.across_models(table, gain_points))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.cells,
            snakemake.input.completions,
            list(snakemake.input.configs),
            list(snakemake.input.forced),
            snakemake.params.gain_points,
            dict(snakemake.output.items()),
        )
