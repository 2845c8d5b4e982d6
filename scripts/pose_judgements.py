"""Write down what the judge is asked of one cell."""

from paretoscope.files import read_jsonl, write_jsonl
from paretoscope.jobs import job
from paretoscope.judging import open_completions, pose_judgements
from paretoscope.schema import Completion, Crosscheck, Grade, Item, from_row, to_row


def main(completions: str, items: str, grades: str, crosschecks: str, spec: dict, problems: str) -> None:
    """Write one item per completion that is to be judged, in the order of the completions."""
    wanted = open_completions(_records(Grade, grades), _records(Crosscheck, crosschecks))
    by_id = {item.id: item for item in _records(Item, items)}
    posed = pose_judgements(_records(Completion, completions), by_id, wanted, spec["reasoning"], spec["words"])
    write_jsonl(problems, map(to_row, posed))


def _records(kind, path: str):
    return (from_row(kind, row) for _, row in read_jsonl(path))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.problems,
            snakemake.input.grades,
            snakemake.input.crosschecks,
            snakemake.params.spec,
            snakemake.output.problems,
        )
