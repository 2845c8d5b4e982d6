"""Load a benchmark's items and check them."""

from paretoscope.files import write_jsonl
from paretoscope.jobs import job
from paretoscope.loading import load_benchmark
from paretoscope.schema import to_row


def main(spec: dict, items: str) -> None:
    """Write one item per line."""
    write_jsonl(items, map(to_row, load_benchmark(spec)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.params.spec, snakemake.output.problems)
