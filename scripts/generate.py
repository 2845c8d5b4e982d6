"""Generate the completions of one cell."""

from pathlib import Path

from paretoscope.files import read_json
from paretoscope.generate import generate_cell, require_weights
from paretoscope.jobs import job
from paretoscope.models import weights_folder
from paretoscope.progress import ProgressLines


def main(items: str, revision: str | None, recorded: list[str], spec: dict, store: str, completions: str, meta: str):
    """Write the cell's completions and its meta file; ``revision`` is None for a control."""
    generate_cell(
        items=Path(items),
        spec=spec,
        revision=read_json(revision)["revision"] if revision else None,
        weights=weights_folder(spec["model"]["source"], Path(revision).parent) if require_weights(spec) else None,
        files=recorded,
        store=Path(store),
        output=Path(completions),
        meta=Path(meta),
        progress=ProgressLines(f"generate {spec['model']['id']} x {spec['benchmark']['id']}"),
    )


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.problems,
            snakemake.input.revision or None,
            list(snakemake.input.recorded),
            snakemake.params.spec,
            snakemake.params.store,
            snakemake.output.completions,
            snakemake.output.meta,
        )
