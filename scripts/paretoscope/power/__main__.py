"""Print how many samples per item an accuracy needs, before a run or from the results of one.

``python -m paretoscope.power --benchmark aime2025 --accuracy 0.6 --half-width 0.05``
``python -m paretoscope.power --results results/demo``
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

import pandas as pd

from ..catalog import CATALOG, find_cards, read_card
from ..errors import InputError, suggest
from ..files import dumps
from . import (
    POWER,
    detectable,
    half_width_of_such,
    items_for_such,
    samples_for_such,
    samples_for_these,
    samples_to_detect,
)
from .results import read_cells, read_completions
from .tables import HALF_WIDTHS, TAKEN, name_of, power_table

LEAST = 1e-5
"""Half width or difference, a thousandth of a point: what is less takes more samples than anybody draws."""
_DEFAULTS = {"accuracy": 0.5, "half_width": 0.05, "correlation": 0.0}
WRONG = 2
"""Exit code where the question or the results are wrong."""
_BEFORE = ("items", "benchmark", "accuracy", "within", "difference", "correlation")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m paretoscope.power", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, help="results of a run, e.g. results/demo; without it, before a run")
    parser.add_argument("--items", type=int, help="items of the benchmark")
    parser.add_argument("--benchmark", help="a card of config/benchmarks, whose number of items is taken")
    parser.add_argument(
        "--accuracy", type=float, help="accuracy to expect, a fraction (default: 0.5, the widest interval)"
    )
    parser.add_argument(
        "--half-width",
        type=float,
        help="wanted half width of the 95 %% interval, a fraction (default: 0.05; after a run 0.01, 0.025 and 0.05)",
    )
    parser.add_argument(
        "--within",
        type=float,
        help="share of a sample's variance that is within items, 0 (samples of an item are alike) to 1 (items are "
        "equally hard); without it both ends are shown",
    )
    parser.add_argument("--difference", type=float, help="difference of two models that is to be found, a fraction")
    parser.add_argument(
        "--correlation",
        type=float,
        help="of the two models' rates over items (default: 0, the most samples; models that find the same items hard "
        "have more)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        answer = _after(options) if options.results else _before(options)
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG)
    try:
        print(answer, flush=True)
    except BrokenPipeError:  # the reader had enough, as `| head` has; nothing more may be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check(options: argparse.Namespace) -> None:
    limits = {
        # option: what it must be, and whether it is
        "half_width": (f"from {LEAST:g} to below 1", lambda value: LEAST <= value < 1),
        "accuracy": ("from 0 to 1", lambda value: 0 <= value <= 1),
        "within": ("from 0 to 1", lambda value: 0 <= value <= 1),
        "difference": (f"from {LEAST:g} to below 1", lambda value: LEAST <= value < 1),
        "correlation": ("from 0 to 1", lambda value: 0 <= value <= 1),
        "items": ("a whole number from 2 to 1,000,000,000", lambda value: 2 <= value <= 10**9),
    }
    for name, (wanted, holds) in limits.items():
        value = getattr(options, name)
        if value is not None and not (math.isfinite(value) and holds(value)):
            raise InputError(f"--{name.replace('_', '-')}: must be {wanted}, not {value}.")


def _before(options: argparse.Namespace) -> str:
    if options.benchmark is not None:
        options.items = _items_of(options)
    if options.items is None:
        raise InputError("say --items or --benchmark (before a run), or --results (after one).")
    for name, value in _DEFAULTS.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    _check(options)
    shares = [options.within] if options.within is not None else [0.0, 0.5, 1.0]
    cases = [_case(options, share) for share in shares]
    if options.json:
        return dumps({**_asked(options), "cases": cases}, indent=2, separators=(",", ": "))
    return "\n".join([_title(options), *(line for case in cases for line in _case_lines(options, case))])


def _items_of(options: argparse.Namespace) -> int:
    """Return how many items a benchmark's card gives."""
    if options.items is not None:
        raise InputError("--items and --benchmark say the same; give one of them.")
    cards = find_cards([CATALOG], "benchmarks")
    if options.benchmark not in cards:
        raise InputError(
            f"--benchmark: config/benchmarks has no card '{options.benchmark}'.{suggest(options.benchmark, cards)}"
        )
    card = read_card(cards[options.benchmark], "benchmark")
    return card["subset"]["items"] if card["subset"] else card["rows"]


def _asked(options: argparse.Namespace) -> dict:
    return {name: getattr(options, name) for name in ("items", "accuracy", "half_width", "difference", "correlation")}


def _case(options: argparse.Namespace, share: float) -> dict:
    """Return what is needed if so large a share of a sample's variance is within items."""
    variance = options.accuracy * (1 - options.accuracy)
    within, between = share * variance, (1 - share) * variance
    such = (options.accuracy, within, between)
    case = {
        "within": share,
        "samples_of_these": samples_for_these(within, options.items, options.half_width),
        "samples_of_such": samples_for_such(*such, options.items, options.half_width),
        "half_width_of_such_least": half_width_of_such(*such, options.items),
        "items_with_one_sample": items_for_such(*such, 1, options.half_width),
    }
    floor, noise = 2 * between * (1 - options.correlation) / options.items, 2 * within / options.items
    case |= {"detectable_with_one_sample": detectable(floor + noise), "detectable_least": detectable(floor)}
    if options.difference is not None:
        case["samples_for_difference"] = samples_to_detect(floor, noise, options.difference)
    return case


def _points(fraction: float) -> str:
    points = 100 * fraction
    return f"{points:.1f} points" if points == 0 or points >= 0.05 else f"{points:.2g} points"


def _title(options: argparse.Namespace) -> str:
    return (
        f"{options.items:,} items, accuracy {options.accuracy:.1%}, wanted: +-{_points(options.half_width)} (95 %). "
        "Samples per item, by the share of a sample's variance that is within items:"
    )


def _case_lines(options: argparse.Namespace, case: dict) -> list[str]:
    least = _points(case["half_width_of_such_least"])
    such = case["samples_of_such"]
    reached = f"{such:,}" if such else f"not reachable with {options.items:,}: the items themselves leave +-{least}"
    items = case["items_with_one_sample"]
    lines = [
        f"  within {case['within']:.0%}:",
        f"    just these items: {case['samples_of_these']:,}",
        f"    such items: {reached}; with one sample each, {f'{items:,}' if items else 'no number of'} items",
        f"    a difference between two models found with {POWER:.0%} power: "
        f"{_points(case['detectable_with_one_sample'])} with one sample, {_points(case['detectable_least'])} at best",
    ]
    if options.difference is not None:
        needed = case["samples_for_difference"]
        said = f"{needed:,} samples of each model" if needed else "no number of samples; more items would"
        lines.append(f"    a difference of {_points(options.difference)}: {said}")
    return lines


def _after(options: argparse.Namespace) -> str:
    given = [name for name in _BEFORE if getattr(options, name) is not None]
    if given:
        raise InputError(
            f"--{given[0].replace('_', '-')} is for before a run; --results takes it from what was measured."
        )
    _check(options)
    widths = HALF_WIDTHS if options.half_width is None else (options.half_width,)
    cells = read_cells(options.results, TAKEN)
    completions = read_completions(options.results, ("model", "benchmark", "item_id", "verdict"))
    table = power_table(completions, cells, widths)
    if options.json:
        return dumps(
            table.astype(object).where(table.notna(), None).to_dict("records"), indent=2, separators=(",", ": ")
        )
    return "\n".join(_row_lines(row, widths) for row in table.to_dict("records"))


def _row_lines(row: dict, widths: tuple[float, ...]) -> str:
    head = (
        f"{row['model']} x {row['benchmark']}: {row['accuracy']:.1%}, {row['n_items']:,} items x {row['n_samples']:,}"
    )
    if pd.notna(row["half_width_of_such"]):
        head += f", +-{_points(row['half_width_of_such'])} for such items"
    these, such = (
        ", ".join(f"+-{100 * width:g}: {_count(row[f'samples_of_{which}_for_{name_of(width)}'])}" for width in widths)
        for which in ("these", "such")
    )
    least = row["half_width_of_such_least"]
    of_such = f"{such} (the items leave +-{_points(least)})" if pd.notna(least) else f"not known: {row['why_none']}"
    at_most = "" if pd.notna(least) else " at most"
    lines = [head, f"  samples per item, just these items{at_most}: {these}", f"  such items: {of_such}"]
    if pd.notna(row["rival"]):
        best = f", {_points(row['detectable_least'])} at best" if pd.notna(row["detectable_least"]) else ""
        lines.append(
            f"  from {row['rival']} ({100 * row['rival_difference']:+.1f}) it would tell a difference of "
            f"{_points(row['detectable'])}{best}"
        )
    return "\n".join(lines)


def _count(number) -> str:
    return "never" if pd.isna(number) else f"{number:,}"


if __name__ == "__main__":
    main()
