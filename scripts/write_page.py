"""Write the interactive page of a study."""

from paretoscope import failure
from paretoscope.files import read_json, read_table, write_text
from paretoscope.frontier import COST_AXES, COST_FRONTIERS, FRONTIER
from paretoscope.jobs import job
from paretoscope.page import build
from paretoscope.report import warnings
from paretoscope.saturation.tables import CURVES, FITS
from paretoscope.schema import ABSENT_CELLS, CELLS
from paretoscope.trend import LINES, THRESHOLDS
from paretoscope.uncertainty.tables import BAND, DIFFERENCES, HYPERVOLUME, PROBABILITIES

TABLES = {
    "cells": CELLS,
    "absent": ABSENT_CELLS,
    "frontier": FRONTIER,
    "costs": COST_FRONTIERS,
    "axes": COST_AXES,
    "probabilities": PROBABILITIES,
    "band": BAND,
    "hypervolume": HYPERVOLUME,
    "differences": DIFFERENCES,
    "thresholds": THRESHOLDS,
    "lines": LINES,
    "curves": CURVES,
    "fits": FITS,
    "failure": failure.CELLS,
    "counterfactuals": failure.COUNTERFACTUALS,
}


def main(study: dict, paths: dict[str, str], metas: list[str], page: str) -> None:
    """Write the page; ``paths`` has the tables by the names of ``TABLES``."""
    tables = {name: read_table(paths[name], columns) for name, columns in TABLES.items()}
    found = warnings(tables["cells"], tables["absent"], tables["frontier"])
    meta = {"study": study, "cells": [read_json(path) for path in metas], "warnings": found}
    write_text(page, build(tables, meta))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        inputs = snakemake.input
        main(snakemake.params.study, dict(inputs.items()), list(inputs.metas), snakemake.output.page)
