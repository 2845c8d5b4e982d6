"""Read the judge's answers on one cell, and compute what they cost."""

from pathlib import Path

from paretoscope.costs import completion_costs
from paretoscope.files import read_jsonl, write_jsonl
from paretoscope.jobs import job
from paretoscope.judging import read_judgements
from paretoscope.schema import Completion, from_row, to_row


def main(completions: str, config: str, words: dict, judgements: str) -> None:
    """Write one judgement per answer of the judge."""
    costs = completion_costs(Path(completions), Path(config))
    flops = zip(costs["prefill_flops"], costs["decode_flops"], strict=True)
    answers = (from_row(Completion, row) for _, row in read_jsonl(completions))
    write_jsonl(judgements, map(to_row, read_judgements(answers, flops, words)))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.completions,
            snakemake.input.config,
            snakemake.params.words,
            snakemake.output.judgements,
        )
