"""Write down what the model goes on from, for each completion and budget of one cell."""

from paretoscope.files import read_jsonl, write_jsonl
from paretoscope.forcing import cut_completions
from paretoscope.jobs import job
from paretoscope.schema import Completion, Item, from_row, to_row


def main(completions: str, items: str, spec: dict, problems: str) -> None:
    """Write one item per completion and budget that it is longer than, in the order of the completions."""
    by_id = {row["id"]: from_row(Item, row) for _, row in read_jsonl(items)}
    rows = (from_row(Completion, row) for _, row in read_jsonl(completions))
    write_jsonl(problems, map(to_row, cut_completions(rows, by_id, spec)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.problems,
            snakemake.params.spec,
            snakemake.output.problems,
        )
