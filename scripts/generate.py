"""Generate the completions of one cell."""

from pathlib import Path

from paretoscope.files import read_json
from paretoscope.generate import engine_settings, generate_cell, require_weights
from paretoscope.jobs import job
from paretoscope.models import weights_folder
from paretoscope.progress import ProgressLines


def main(items: str, revision: str | None, recorded: list[str], spec: dict, engine: dict, store: str, outputs: dict):
    """Write the cell's completions, statistics and meta file; ``revision`` is None for a control."""
    generate_cell(
        items=Path(items),
        spec=spec,
        settings=engine_settings(spec, engine),
        revision=read_json(revision)["revision"] if revision else None,
        weights=weights_folder(spec["model"]["source"], Path(revision).parent) if require_weights(spec) else None,
        files=recorded,
        store=Path(store),
        output=Path(outputs["completions"]),
        stats=Path(outputs["stats"]),
        meta=Path(outputs["meta"]),
        progress=ProgressLines(f"generate {spec['model']['id']} x {spec['benchmark']['id']}"),
    )


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.problems,
            snakemake.input.revision or None,
            list(snakemake.input.recorded),
            snakemake.params.spec,
            snakemake.config["engines"][snakemake.params.spec["model"]["id"]],
            snakemake.params.store,
            dict(snakemake.output.items()),
        )
