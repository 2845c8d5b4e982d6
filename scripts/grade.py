"""Grade the completions of one cell."""

from paretoscope.files import count_rows, read_jsonl, read_lines, write_jsonl, writing_jsonl
from paretoscope.grading import CompletionLine, VerdictCache, grade_completions, grader_version
from paretoscope.jobs import job
from paretoscope.progress import ProgressLines
from paretoscope.schema import Item, from_row, to_row


def main(
    completions: str, items: str, spec: dict, grades: str, timings: str, cache: str, workers: int, cell: str
) -> None:
    """Write one grade per completion, in the order of the completions, and what each took."""
    grader, reasoning = spec["grader"], spec["reasoning"]
    options = {key: value for key, value in spec.items() if key not in ("grader", "reasoning", "digest")}
    by_id = {row["id"]: from_row(Item, row) for _, row in read_jsonl(items)}
    rows = (CompletionLine(line, f"{completions}, line {number}") for number, line in read_lines(completions))
    lines = ProgressLines(f"grade {cell}", "grades")
    with (
        VerdictCache(cache, grader_version(grader, reasoning, options)) as known,
        writing_jsonl(timings) as write_timing,
    ):
        graded = grade_completions(
            *(rows, by_id, grader, reasoning, options, workers, lines),
            total=count_rows(completions),
            cache=known,
            timings=lambda timing: write_timing(to_row(timing)),
        )
        write_jsonl(grades, map(to_row, graded))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.problems,
            snakemake.params.spec,
            snakemake.output.grades,
            snakemake.output.timings,
            snakemake.params.cache,
            snakemake.threads,
            f"{snakemake.wildcards.model} x {snakemake.wildcards.benchmark}",
        )
