"""Follow efficiency, and the FLOPs needed for an accuracy, over release dates."""

from paretoscope.files import read_table, write_table
from paretoscope.frontier import AVERAGE, FRONTIER
from paretoscope.jobs import job
from paretoscope.trend import efficiency, threshold_flops, trend_lines


def main(frontier: str, accuracy_thresholds: list[float], outputs: dict[str, str]) -> None:
    """Write efficiencies, FLOPs to thresholds, and the lines through them, of the average over benchmarks."""
    table = read_table(frontier, FRONTIER)
    averages = table[table["scope"] == AVERAGE]
    by_model = efficiency(averages)
    by_threshold = threshold_flops(averages, accuracy_thresholds)
    write_table(outputs["efficiency"], by_model)
    write_table(outputs["thresholds"], by_threshold)
    write_table(outputs["lines"], trend_lines(by_model, by_threshold))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.frontier, snakemake.params.accuracy_thresholds, dict(snakemake.output.items()))
