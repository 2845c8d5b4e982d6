"""Gather the cells of the study into tables."""

from pathlib import Path

from paretoscope.files import read_json, read_jsonl, write_table
from paretoscope.jobs import job
from paretoscope.schema import Judgement, from_row
from paretoscope.summarize import absent_cells, cells_table, completions_table, with_judgements


def main(spec, grades, crosschecks, metas, stats, costs, configs, judgements, outputs) -> None:
    """Write the tables; grades, crosschecks, metas and statistics are in the order of the cells."""
    keys = [tuple(cell) for cell in spec["cells"]]
    cost_paths = {(Path(path).parent.name, Path(path).stem): Path(path) for path in costs}
    completions = completions_table(
        (*key, Path(graded), Path(checked), Path(measured), cost_paths.get(key))
        for key, graded, checked, measured in zip(keys, grades, crosschecks, stats, strict=True)
    )
    cell_metas = {key: read_json(path) for key, path in zip(keys, metas, strict=True)}
    shapes = {Path(path).parent.name: read_json(path) for path in configs}
    cells = cells_table(spec, completions, cell_metas, shapes)
    said = {tuple(cell): _judgements(path) for cell, path in zip(spec["judged"], judgements, strict=True)}
    write_table(outputs["cells"], with_judgements(cells, completions, spec["judge"], said))
    write_table(outputs["absent"], absent_cells(spec))
    write_table(outputs["completions"], completions)


def _judgements(path: str) -> list[Judgement]:
    return [from_row(Judgement, row) for _, row in read_jsonl(path)]


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.params.spec,
            list(snakemake.input.grades),
            list(snakemake.input.crosschecks),
            list(snakemake.input.metas),
            list(snakemake.input.stats),
            list(snakemake.input.costs),
            list(snakemake.input.configs),
            list(snakemake.input.judgements),
            dict(snakemake.output.items()),
        )
