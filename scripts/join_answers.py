"""Put the forced answers of one cell behind what led to them, as they are graded."""

from paretoscope.files import read_jsonl, write_jsonl
from paretoscope.forcing import whole_answers
from paretoscope.jobs import job
from paretoscope.schema import Completion, CutItem, from_row, to_row


def main(completions: str, problems: str, answers: str) -> None:
    """Write one completion per forced answer, in their order."""
    forced = (from_row(Completion, row) for _, row in read_jsonl(completions))
    items = (from_row(CutItem, row) for _, row in read_jsonl(problems))
    write_jsonl(answers, map(to_row, whole_answers(forced, items)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.problems,
            snakemake.output.answers,
        )
