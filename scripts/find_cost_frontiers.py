"""Find the frontiers by every cost that was measured, and how far FLOPs and time rank models alike."""

from paretoscope.files import read_table, write_table
from paretoscope.frontier import cost_frontiers, ranks
from paretoscope.jobs import job
from paretoscope.schema import CELLS


def main(cells: str, groups: dict[str, list[str]], outputs: dict[str, str]) -> None:
    """Write one row per cost, model and scope; one per cost; one per model."""
    frontiers, axes = cost_frontiers(read_table(cells, CELLS), groups)
    write_table(outputs["frontiers"], frontiers)
    write_table(outputs["axes"], axes)
    write_table(outputs["ranks"], ranks(frontiers))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.cells, snakemake.params.groups, dict(snakemake.output.items()))
