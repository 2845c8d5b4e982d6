"""Tokens to expect of a cell's completions: measured where something was, else from the benchmark's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..catalog import Study
from .measured import Cell, Measured

HOW = {
    "cell": "mean of this cell's own completions",
    "ratio": "the model's mean on other benchmarks, times the ratio that models of its type show",
    "type": "mean of the models of its type that were measured on this benchmark",
    "card": "expected_tokens of the benchmark's card",
    "limit": "unknown: the most that max_new_tokens and the context leave",
    "none": "unknown, and without a limit",
    "-": "no model runs",
}
"""How a number of tokens was come by."""


@dataclass(frozen=True)
class Tokens:
    """Mean tokens of a completion and of its prompt, and how they were come by."""

    prompt: float | None
    completion: float | None
    how: str
    """A key of :data:`HOW`; with ``limit`` the completion is a ceiling, not an expectation."""


def expect(study: Study, cell: Cell, measured: Mapping[Cell, Measured], context: int | None) -> Tokens:
    """Return the tokens to expect of a cell, from the first source that knows.

    To see what would have been expected without a cell, leave it out of ``measured``.

    Parameters
    ----------
    measured : mapping
        What is known of cells, of this study and of others.
    context : int or None
        Context length of the model; None where it isn't known.
    """
    model, benchmark = cell
    prompt = _prompt(study, cell, measured)
    for how, tokens in (
        ("cell", _completion(measured, cell)),
        ("ratio", _by_ratio(study, cell, measured)),
        ("type", _mean([_completion(measured, (peer, benchmark)) for peer in _peers(study, cell, measured)])),
        ("card", (study.benchmarks[benchmark]["expected_tokens"] or {}).get(study.models[model]["type"])),
    ):
        if tokens is not None:
            return Tokens(prompt, _capped(tokens, study, model, prompt, context), how)
    ceiling = _ceiling(study, model, prompt, context)
    return Tokens(prompt, ceiling, "none" if ceiling is None else "limit")


def _capped(tokens: float, study: Study, model: str, prompt: float | None, context: int | None) -> float:
    ceiling = _ceiling(study, model, prompt, context)
    return tokens if ceiling is None else min(tokens, ceiling)


def _ceiling(study: Study, model: str, prompt: float | None, context: int | None) -> float | None:
    limits = [study.sampling_of(model)["max_new_tokens"], context and max(context - (prompt or 0), 1)]
    return min((limit for limit in limits if limit is not None), default=None)


def _prompt(study: Study, cell: Cell, measured: Mapping[Cell, Measured]) -> float | None:
    if cell in measured and measured[cell].prompt_tokens is not None:
        return measured[cell].prompt_tokens
    others = [facts.prompt_tokens for (_, benchmark), facts in measured.items() if benchmark == cell[1]]
    mean = _mean(others)
    return (study.benchmarks[cell[1]]["expected_tokens"] or {}).get("prompt") if mean is None else mean


def _completion(measured: Mapping[Cell, Measured], cell: Cell) -> float | None:
    return measured[cell].completion_tokens if cell in measured else None


def _peers(study: Study, cell: Cell, measured: Mapping[Cell, Measured]) -> list[str]:
    """Return the other models of the same type that finished the cell's benchmark."""
    model, benchmark = cell
    kind = study.models[model]["type"]
    # An unfinished cell holds its short completions first, so it says nothing about others.
    done = [peer for peer in study.models if (peer, benchmark) in measured and measured[peer, benchmark].finished]
    return [peer for peer in done if peer != model and study.models[peer]["type"] == kind]


def _by_ratio(study: Study, cell: Cell, measured: Mapping[Cell, Measured]) -> float | None:
    """Return the mean over the model's other benchmarks of its tokens there times the peers' ratio between the two."""
    model, benchmark = cell
    peers = _peers(study, cell, measured)
    scaled = []
    for (other_model, other), facts in measured.items():
        if other_model != model or other == benchmark or not facts.finished:
            continue
        both = [(_completion(measured, (peer, benchmark)), _completion(measured, (peer, other))) for peer in peers]
        both = [pair for pair in both if None not in pair]
        there = sum(pair[1] for pair in both)
        if there and facts.completion_tokens is not None:
            scaled.append(facts.completion_tokens * sum(pair[0] for pair in both) / there)
    return _mean(scaled)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
