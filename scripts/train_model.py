"""Train an embedded model and save it in Hugging Face format."""

from pathlib import Path

from paretoscope.files import read_json, write_json
from paretoscope.jobs import job
from paretoscope.models import weights_revision
from paretoscope.progress import ProgressLines
from paretoscope.training import train


def main(model: str, spec: dict, init: str | None, weights: str, revision: str, config: str) -> None:
    """Write the model's folder, its config.json and its revision, which is a digest of the folder."""
    training = {key: value for key, value in spec.items() if key != "architecture"}
    init_weights = Path(init).parent / "weights" if init else None
    lines = ProgressLines(f"train {model}")
    report = train(
        spec["architecture"], training, Path(weights), init_weights, lambda step, steps, _: lines(step, steps)
    )
    write_json(config, read_json(Path(weights) / "config.json"))
    write_json(revision, {"revision": weights_revision(Path(weights)), "source": "training", "training": report})


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.wildcards.model,
            snakemake.params.spec,
            snakemake.input.init or None,
            snakemake.output.weights,
            snakemake.output.revision,
            snakemake.output.config,
        )
