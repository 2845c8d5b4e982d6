"""Say which model to use within a budget or for an accuracy, and how sure that is.

``python -m paretoscope.choose --results results/demo --tflops 50 --memory 80G --benchmarks gsm8k=1,aime25=2``
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ..errors import InputError
from ..frontier import COSTS
from ..power.results import find_results
from . import CELL_COLUMNS, Answer, choose, read_cells
from .request import Request, accuracy, number, weights
from .show import as_json, as_text

NOTHING_FITS, WRONG = 1, 2
"""Exit codes."""

LIMITS = {
    **{"requests": (1, 2**31), "length": (1, 2**31), "kv_bytes": (1, 2**31), "seed": (0, 2**31)},
    "replicates": (100, 100_000),  # more would sharpen nothing, and their arrays of all models don't fit in memory
}
"""Least and most of whole numbers."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    options = _parser().parse_args(arguments)
    try:
        answer = _choose(options)
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG)
    try:
        print(options.show(answer), flush=True)
    except BrokenPipeError:  # the reader had enough, as `| head` has; nothing more may be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if answer.chosen is None:
        sys.exit(NOTHING_FITS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paretoscope.choose",
        description=__doc__.splitlines()[0],
        epilog="Exits with 0 if a model fits, 1 if none does, 2 if the question or the results are wrong. The keys of "
        "--json are described in scripts/paretoscope/choose/__init__.py (Answer).",
    )
    parser.add_argument("--results", type=Path, help="results of a study (default: the newest in results/)")
    parser.add_argument(
        "--benchmarks",
        help="benchmarks with weights, as gsm8k=1,aime25=2; a short form that only one id has will do (default: all, "
        "equally)",
    )
    budgets = parser.add_argument_group("conditions", "Costs are means per completion; 50T is 50e12.")
    budgets.add_argument("--tflops", help="FLOPs at most, in units of 1e12")
    for cost in COSTS:
        budgets.add_argument(f"--{cost.id.replace('_', '-')}", help=f"{cost.name} at most")
    budgets.add_argument(
        "--memory", help="memory of the GPUs together, as 80G (80e9 bytes) or 80GiB; a tenth is kept for the engine"
    )
    budgets.add_argument("--min-accuracy", help="weighted accuracy at least, a fraction")
    for name in ("family", "kind", "type"):
        budgets.add_argument(f"--{name}", action="append", default=[], help=f"only models of this {name}; repeatable")
    budgets.add_argument(
        "--without", action="append", default=[], help="no model of this id, family, kind or type; repeatable"
    )
    aim = parser.add_argument_group("aim", "The highest accuracy that the conditions allow, unless:")
    aim.add_argument("--minimize", choices=[cost.id for cost in COSTS], help="the least of this cost")
    aim.add_argument("--cheapest", action="store_true", help="the same as --minimize flops")
    memory = parser.add_argument_group("what memory is counted for")
    memory.add_argument("--requests", type=int, default=1, help="sequences at a time (default: 1)")
    memory.add_argument(
        "--length",
        type=int,
        help="tokens of each, prompt included (default: the model's longest on these benchmarks that neither loops nor "
        "was cut off)",
    )
    memory.add_argument("--kv-bytes", type=int, default=2, help="bytes of a cached element (default: 2)")
    parser.add_argument("--replicates", type=int, default=4000, help="bootstrap replicates (default: 4000)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")
    parser.add_argument("--json", action="store_const", const=as_json, default=as_text, dest="show", help="print JSON")
    return parser


def _choose(options: argparse.Namespace) -> Answer:
    results = options.results or _newest()
    cells = read_cells(results, CELL_COLUMNS)
    mix, taken = weights(options.benchmarks, list(cells["benchmark"].drop_duplicates()))
    for written, benchmark in taken.items():
        print(f"'{written}' is taken for {benchmark}.", file=sys.stderr)
    return choose(results, _request(options, mix), cells)


def _newest() -> Path:
    newest, found = find_results()
    if len(found) > 1:
        print(f"{newest} is taken, the newest of {len(found)} results; --results names another.", file=sys.stderr)
    return newest


def _request(options: argparse.Namespace, mix: dict[str, float]) -> Request:
    minimize = _minimize(options)
    for name, (least, most) in LIMITS.items():
        value = getattr(options, name)
        if value is not None and not least <= value <= most:
            raise InputError(f"--{name.replace('_', '-')}: must be from {least:,} to {most:,}, not {value:,}.")
    return Request(
        weights=mix,
        budgets=_budgets(options),
        memory_bytes=number("memory", options.memory, "B") if options.memory is not None else None,
        requests=options.requests,
        length=options.length,
        kv_bytes=options.kv_bytes,
        min_accuracy=accuracy(options.min_accuracy) if options.min_accuracy is not None else None,
        minimize=minimize,
        **{name: tuple(getattr(options, name)) for name in ("family", "kind", "type", "without")},
        replicates=options.replicates,
        seed=options.seed,
    )


def _minimize(options: argparse.Namespace) -> str | None:
    if options.cheapest and options.minimize not in (None, "flops"):
        raise InputError(f"--cheapest is --minimize flops; it can't stand beside --minimize {options.minimize}.")
    minimize = "flops" if options.cheapest else options.minimize
    if minimize and options.min_accuracy is None:
        raise InputError("the cheapest model of all may solve nothing; say what it must reach, --min-accuracy 0.7.")
    return minimize


def _budgets(options: argparse.Namespace) -> dict[str, float]:
    given = {cost.id: getattr(options, cost.id) for cost in COSTS}
    budgets = {cost: number(cost.replace("_", "-"), text) for cost, text in given.items() if text is not None}
    if options.tflops is not None:
        if "flops" in budgets:
            raise InputError("--flops and --tflops say the same; give one of them.")
        budgets = {"flops": number("tflops", options.tflops) * 1e12} | budgets
    return budgets


if __name__ == "__main__":
    main()
