"""Find what a majority vote over the samples of an item gains, and what it costs."""

from pathlib import Path

import pandas as pd

from paretoscope.files import read_jsonl, read_table, write_table
from paretoscope.jobs import job
from paretoscope.saturation import votes
from paretoscope.schema import CELLS


def main(cells: str, completions: str, grades: list[str], output: str) -> None:
    """Write the expected accuracy of the majority against the number of samples that vote."""
    answers = {(Path(path).parent.name, Path(path).name.partition(".jsonl")[0]): _answers(path) for path in grades}
    write_table(output, votes(pd.read_parquet(completions), read_table(cells, CELLS), answers))


def _answers(path: str) -> dict[tuple[str, int], str | None]:
    return {(row["item_id"], row["sample"]): row["answer"] for _, row in read_jsonl(path)}


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.cells,
            snakemake.input.completions,
            list(snakemake.input.grades),
            snakemake.output.votes,
        )
