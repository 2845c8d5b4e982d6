"""Compute what the forced answers of one cell cost, and put it beside their verdicts."""

from paretoscope.files import read_json, read_jsonl, write_table
from paretoscope.forcing import place_of
from paretoscope.jobs import job
from paretoscope.saturation.forced import forced_costs
from paretoscope.schema import Completion, Grade, from_row


def main(forced: str, grades: str, completions: str, config: str, answers: str) -> None:
    """Write one row per forced answer."""
    prompts = {(row["item_id"], row["sample"]): row["prompt_tokens"] for _, row in read_jsonl(completions)}
    said = [from_row(Completion, row) for _, row in read_jsonl(forced)]
    places = [place_of(answer.item_id) for answer in said]
    graded = (from_row(Grade, row) for _, row in read_jsonl(grades))
    write_table(answers, forced_costs(places, said, graded, prompts, read_json(config)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.forced,
            snakemake.input.grades,
            snakemake.input.completions,
            snakemake.input.config,
            snakemake.output.answers,
        )
