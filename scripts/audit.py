"""Write the audit page of one cell."""

from paretoscope.audit import audit_page, read_rows, read_shown, select
from paretoscope.files import read_jsonl, write_text
from paretoscope.jobs import job
from paretoscope.schema import Completion, GradeTiming, Item, from_row


def main(completions: str, items: str, grades: str, timings: str, crosschecks: str, spec: dict, page: str) -> None:
    """Write the page; only the completions that it shows are kept in memory."""
    rows = read_rows(grades, crosschecks)
    shown, sample = select(f"{spec['model']}\n{spec['benchmark']}", rows)
    keys = {row.key for row in shown}
    texts, took = read_shown(Completion, completions, keys), read_shown(GradeTiming, timings, keys)
    by_id = {row["id"]: from_row(Item, row) for _, row in read_jsonl(items)}
    write_text(page, audit_page(spec, rows, shown, sample, by_id, texts, took))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.problems,
            snakemake.input.grades,
            snakemake.input.timings,
            snakemake.input.crosschecks,
            snakemake.params.spec,
            snakemake.output.page,
        )
