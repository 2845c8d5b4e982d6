"""Grade the completions of one cell."""

from paretoscope.files import read_jsonl, write_jsonl
from paretoscope.grading import grade_completions
from paretoscope.jobs import job
from paretoscope.progress import ProgressLines
from paretoscope.schema import Completion, Item, from_row, to_row


def main(completions: str, items: str, spec: dict, grades: str, workers: int, cell: str) -> None:
    """Write one grade per completion, in the order of the completions."""
    options = {key: value for key, value in spec.items() if key not in ("grader", "reasoning", "digest")}
    by_id = {row["id"]: from_row(Item, row) for _, row in read_jsonl(items)}
    rows = (from_row(Completion, row) for _, row in read_jsonl(completions))
    lines = ProgressLines(f"grade {cell}", "grades")
    write_jsonl(
        grades, map(to_row, grade_completions(rows, by_id, spec["grader"], spec["reasoning"], options, workers, lines))
    )


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.problems,
            snakemake.params.spec,
            snakemake.output.grades,
            snakemake.threads,
            f"{snakemake.wildcards.model} x {snakemake.wildcards.benchmark}",
        )
