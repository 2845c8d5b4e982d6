"""Grade the completions of one cell a second time."""

from paretoscope.crosscheck import crosscheck_completions
from paretoscope.files import read_jsonl, write_jsonl
from paretoscope.jobs import job
from paretoscope.schema import Completion, Item, from_row, to_row


def main(completions: str, items: str, spec: dict, crosschecks: str) -> None:
    """Write one row per completion, in the order of the completions."""
    by_id = {row["id"]: from_row(Item, row) for _, row in read_jsonl(items)}
    rows = (from_row(Completion, row) for _, row in read_jsonl(completions))
    checked = crosscheck_completions(rows, by_id, spec["grader"], spec["reasoning"], spec["options"])
    write_jsonl(crosschecks, map(to_row, checked))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.problems,
            snakemake.params.spec,
            snakemake.output.crosschecks,
        )
