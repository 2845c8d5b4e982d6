"""Fetch a model, or take its shape from its card."""

from pathlib import Path

from paretoscope.jobs import job
from paretoscope.models import fetch


def main(spec: dict, revision: str, config: str) -> None:
    """Write the model's revision and config.json."""
    fetch(spec, spec["needs_weights"], Path(revision), Path(config))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.params.spec, snakemake.output.revision, snakemake.output.config)
