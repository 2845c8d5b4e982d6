"""Compare the GPU time of each cell with the least that its device allows."""

from pathlib import Path

import pandas as pd

from paretoscope.devices import Device
from paretoscope.files import read_json, read_table, write_table
from paretoscope.jobs import job
from paretoscope.roofline import cell_bounds
from paretoscope.schema import CELLS


def main(cells: str, completions: str, metas: list, configs: list, devices: dict, output: str) -> None:
    """Write one row per cell of a model."""
    table = cell_bounds(
        read_table(cells, CELLS),
        pd.read_parquet(completions),
        {(Path(path).parent.name, Path(path).name.removesuffix(".meta.json")): read_json(path) for path in metas},
        {Path(path).parent.name: read_json(path) for path in configs},
        {name: Device(**card) for name, card in devices.items()},
    )
    write_table(output, table)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.cells,
            snakemake.input.completions,
            list(snakemake.input.metas),
            list(snakemake.input.configs),
            snakemake.params.devices,
            snakemake.output.roofline,
        )
