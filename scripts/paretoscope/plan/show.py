"""A plan as text for a terminal, as JSON, and as CSV."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable
from dataclasses import asdict

from ..files import dumps
from . import HOURS_HOW, PACKED_BYTES_PER_TOKEN, ROW_BYTES, TEXT_BYTES_PER_TOKEN, CellPlan, ModelPlan, Plan
from .memory import MEMORY_SHARE
from .roofline import DECODE_EFFICIENCY, LOAD_BYTES_PER_SECOND, PREFILL_EFFICIENCY, START_SECONDS
from .tokens import HOW

ASSUMPTIONS = (
    f"Fits: weights and the cache of one sequence of the longest length, in {MEMORY_SHARE:.0%} of the GPUs' memory or the card's memory_fraction.",
    f"Roofline (arXiv 2402.16363): prefill at {PREFILL_EFFICIENCY:.0%} of the peak 16-bit FLOP/s, decode at {DECODE_EFFICIENCY:.0%} of the bandwidth, `batch` sequences at a time; an engine starts in {START_SECONDS:g} s and loads weights at {LOAD_BYTES_PER_SECOND / 1e9:g} GB/s, once per cell.",
    f"Disk: {TEXT_BYTES_PER_TOKEN} bytes a token in the completion store, {PACKED_BYTES_PER_TOKEN} packed, {ROW_BYTES} a completion; a model's weights once.",
)


def totals(plan: Plan) -> dict:
    """Return sums over the cells: of what is expected, and apart from it of the cells that only have a ceiling."""
    expected = [cell.to_go for cell in plan.cells if not cell.to_go.is_ceiling]
    ceilings = [cell.to_go for cell in plan.cells if cell.to_go.is_ceiling]
    hours, limit = _sum(each.gpu_hours for each in expected), _sum(each.gpu_hours for each in ceilings)
    price = plan.device.price_usd_per_gpu_hour
    return {
        "completions": sum(cell.to_go.completions for cell in plan.cells),
        "completion_tokens": _sum(each.completion_tokens for each in expected),
        "gpu_hours": hours,
        "energy_kwh_at_tdp": hours * plan.device.tdp_watts / 1000,
        "price_usd": None if price is None else hours * price,
        "completion_disk_bytes": _sum(each.disk_bytes for each in expected),
        "weights_disk_bytes": sum(model.download_bytes for model in plan.models),
        "cells_with_a_ceiling_only": len(ceilings),
        "completion_tokens_at_most": _sum(each.completion_tokens for each in ceilings),
        "gpu_hours_at_most": limit,
        "disk_bytes_at_most": _sum(each.disk_bytes for each in ceilings),
        "cells_of_unknown_gpu_hours": sum(cell.to_go.gpu_hours is None for cell in plan.cells),
        "models_of_unknown_shape": sum(model.problem is not None for model in plan.models),
    }


def as_json(plan: Plan) -> str:
    """Return everything as JSON: the plan, its totals, and what the codes stand for."""
    device = {key: asdict(plan.device)[key] for key in ("id", "name", "memory_bytes")}
    report = {
        "study": plan.study,
        "device": device,
        "totals": totals(plan),
        "models": [asdict(model) for model in plan.models],
        "cells": [{**asdict(cell), "ratios": ratios(cell)} for cell in plan.cells],
        "warnings": plan.warnings,
        "tokens_how": HOW,
        "gpu_hours_how": HOURS_HOW,
        "assumptions": ASSUMPTIONS,
    }
    return dumps(report, indent=2, separators=(",", ": "))


def as_csv(plan: Plan) -> str:
    """Return one row per cell."""
    rows = [_row(cell) for cell in plan.cells]
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().rstrip("\n")


def _row(cell: CellPlan) -> dict:
    go = cell.to_go
    return {
        "model": cell.model,
        "benchmark": cell.benchmark,
        "wanted": cell.wanted,
        "done": cell.done,
        "to_generate": go.completions,
        "prompt_tokens_mean": go.tokens.prompt,
        "completion_tokens_mean": go.tokens.completion,
        "tokens_how": go.tokens.how,
        "completion_tokens": go.completion_tokens,
        "batch": go.batch,
        "gpu_hours": go.gpu_hours,
        "gpu_hours_how": go.hours_how,
        "disk_bytes": go.disk_bytes,
        **{f"{name}_estimated_to_measured": value for name, value in ratios(cell).items()},
    }


def comparison(cell: CellPlan) -> dict[str, tuple[float | None, float | None]]:
    """Return (estimated without the cell, measured) of a finished cell by quantity; of another, (None, None)."""
    guess, facts = cell.hindsight, cell.measured
    if guess is None or facts is None:
        return dict.fromkeys(("tokens", "gpu_hours", "memory_bytes", "disk_bytes"), (None, None))
    spent = facts.gpu_seconds
    # An engine that takes all memory at once for its cache has no peak to compare, but says what its weights take.
    memory = (guess.memory_bytes, facts.peak_memory_bytes)
    if facts.weights_bytes is not None:
        memory = (guess.weights_bytes, facts.weights_bytes)
    return {
        "tokens": (guess.tokens.completion, facts.completion_tokens),
        "gpu_hours": (guess.gpu_hours, None if spent is None else (spent + (facts.load_gpu_seconds or 0)) / 3600),
        "memory_bytes": memory,
        "disk_bytes": (guess.disk_bytes, facts.disk_bytes),
    }


def ratios(cell: CellPlan) -> dict[str, float | None]:
    """Return estimated over measured by quantity; None where either isn't known."""
    return {name: guess / fact if guess and fact else None for name, (guess, fact) in comparison(cell).items()}


def as_text(plan: Plan) -> str:
    """Return the tables, the totals, what the codes stand for, and the warnings."""
    lines = [f"Study '{plan.study}' on {plan.device.name} ({plan.device.id})"]
    for model in plan.models:
        cells = [cell for cell in plan.cells if cell.model == model.model]
        lines += ["", _model_line(model), HEADER, *map(_cell_line, cells)]
    lines += ["", *_total_lines(plan)]
    finished = [cell for cell in plan.cells if cell.hindsight]
    if finished:
        lines += ["", "Finished cells: what was measured, and estimated (without the cell) / measured", FINISHED_HEADER]
        lines += map(_finished_line, finished)
    lines += ["", *_legend(plan)]
    if plan.warnings:
        lines += ["", *(_wrapped(f"Warning: {warning}") for warning in plan.warnings)]
    return "\n".join(lines)


WIDTH = 100
"""Columns that running text is wrapped at."""

HEADER = f"  {'benchmark':<20}{'to do':>9}{'prompt':>8}{'tokens':>9} {'how':<6}{'in all':>9}{'batch':>7}{'GPU-h':>9} {'how':<6}{'disk':>10}"
FINISHED_HEADER = (
    f"  {'model':<30}{'benchmark':<20}{'tokens':>9}{'':>6}{'GPU-h':>9}{'':>6}{'memory':>10}{'':>6}{'disk':>10}"
)


def _model_line(model: ModelPlan) -> str:
    if model.needed_bytes is None:
        return f"{model.model}: {'shape unknown' if model.problem else 'no model runs'}"
    weights, cache = model.weight_bytes, model.needed_bytes - model.weight_bytes
    text = f"{model.model}: weights {_bytes(weights)} + cache {_bytes(cache)}"
    text += f" at {model.longest_tokens:,} tokens" if model.longest_tokens else ""
    if not model.gpus:
        return f"{text}; on the CPU ({model.shape_source})"
    verdict = "fits" if model.fits else f"doesn't fit, needs {model.gpus_needed or 'more than there can be'}"
    return f"{text}; on {_count(model.gpus, 'GPU')}: {verdict} ({model.shape_source})"


def _cell_line(cell: CellPlan) -> str:
    go = cell.to_go
    to_do = (">" if cell.at_most_done else "") + f"{go.completions:,}"
    if go.tokens.how == "-":
        return f"  {cell.benchmark:<20}{to_do:>9}"
    below = "<" if go.is_ceiling else ""
    batch = "-" if go.hours_how == "cpu" else _number(go.batch)
    hours = "-" if go.hours_how == "cpu" else _hours(go.gpu_hours, below)
    return (
        f"  {cell.benchmark:<20}{to_do:>9}{_number(go.tokens.prompt):>8}"
        f"{_number(go.tokens.completion, below):>9} {go.tokens.how:<6}{_large(go.completion_tokens, below):>9}"
        f"{batch:>7}{hours:>9} {go.hours_how:<6}{_bytes(go.disk_bytes, below):>10}"
    )


def _finished_line(cell: CellPlan) -> str:
    facts, ratio = {name: pair[1] for name, pair in comparison(cell).items()}, ratios(cell)
    shown = (
        ("tokens", _number(facts["tokens"]), 9),
        ("gpu_hours", _hours(facts["gpu_hours"]), 9),
        ("memory_bytes", _bytes(facts["memory_bytes"]), 10),
        ("disk_bytes", _bytes(facts["disk_bytes"]), 10),
    )
    columns = (
        f"{text:>{width}}{'' if ratio[name] is None else f'{ratio[name]:.2f}x':>6}" for name, text, width in shown
    )
    return f"  {cell.model:<30}{cell.benchmark:<20}{''.join(columns)}".rstrip()


def _total_lines(plan: Plan) -> list[str]:
    total = totals(plan)
    disk = total["weights_disk_bytes"] + total["completion_disk_bytes"]
    lines = [
        f"In all: {total['completions']:,} completions, {_large(total['completion_tokens'])} tokens, {_hours(total['gpu_hours'])} GPU-hours (at most {total['energy_kwh_at_tdp']:,.1f} kWh)"
        + ("" if total["price_usd"] is None else f", {total['price_usd']:,.0f} USD"),
        f"Disk: {_bytes(disk)}, of it weights {_bytes(total['weights_disk_bytes'])}",
    ]
    if total["cells_with_a_ceiling_only"]:
        lines.append(
            f"And at most {_large(total['completion_tokens_at_most'])} tokens, {_hours(total['gpu_hours_at_most'])} GPU-hours and {_bytes(total['disk_bytes_at_most'])} in {_count(total['cells_with_a_ceiling_only'], 'cell')} whose tokens aren't known"
        )
    unknown = {
        "the GPU-hours of {}": (total["cells_of_unknown_gpu_hours"], "cell"),
        "the weights of {}": (total["models_of_unknown_shape"], "model"),
    }
    missing = [text.format(_count(*counted)) for text, counted in unknown.items() if counted[0]]
    if missing:
        lines.append(f"Not counted, since unknown: {', '.join(missing)}")
    return [_wrapped(line) for line in lines]


def _legend(plan: Plan) -> list[str]:
    guesses = [guess for cell in plan.cells for guess in (cell.to_go, cell.hindsight) if guess]
    lines = [f"{code:<6}{HOW[code]}" for code in HOW if code in {guess.tokens.how for guess in guesses}]
    codes = {guess.hours_how for guess in guesses} - {"-"}
    lines += [f"{code:<6}{HOURS_HOW[code]}" for code in HOURS_HOW if code in codes]
    if any(cell.at_most_done for cell in plan.cells):
        lines.append("to do >N: at least N; whether every stored completion still counts, the run will know")
    return [*lines, *map(_wrapped, ASSUMPTIONS)]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def _sum(values: Iterable[float | None]) -> float:
    return sum(value for value in values if value is not None)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _number(value: float | None, prefix: str = "") -> str:
    return "?" if value is None else f"{prefix}{value:,.0f}"


def _hours(value: float | None, prefix: str = "") -> str:
    return "?" if value is None else f"{prefix}{value:,.2f}"


def _large(value: float | None, prefix: str = "") -> str:
    return "?" if value is None else prefix + _scaled(value, ("", " k", " M", " G", " T"))


def _bytes(value: float | None, prefix: str = "") -> str:
    return "?" if value is None else prefix + _scaled(value, (" B", " kB", " MB", " GB", " TB"))


def _scaled(value: float, units: tuple[str, ...]) -> str:
    """Return a number with three figures and the decimal unit that it is best read in."""
    power = 0
    while value >= 999.5 and power < len(units) - 1:
        value, power = value / 1000, power + 1
    return f"{value:.{0 if power == 0 or value >= 99.95 else 1}f}{units[power]}"
