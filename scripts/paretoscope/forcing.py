"""Forced answers: what a model says when its reasoning is cut at a budget and it is led to the answer at once.

Each completion that is longer than a budget is cut there, by the model's own tokenizer and to the token. Its reasoning
is closed by the marker of the model's card, a short text leads to the answer, and the model goes on, greedily and for
a few tokens. Completions that ended by the budget keep their own answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace

from .catalog import Study
from .errors import InputError
from .generate import generation_spec
from .schema import Completion, CutItem, Item

ROOM = 32
"""Tokens of the context left for the closing marker and the lead, beside those of the answer."""

SAMPLING = {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "frequency_penalty": 0.0}
"""Greedy: the answer is what the reasoning so far makes likeliest."""


def cutting_spec(study: Study, model: str) -> dict:
    """Return what of the study says where completions are cut and how they go on."""
    card, forced = study.models[model], study.forced_answers
    return {**forced, "reasoning": card["reasoning"], "context_length": card["context_length"]}


def forcing_spec(study: Study, model: str, benchmark: str) -> dict:
    """Return everything that gives the forced answers their meaning, in the form of ``generate.generation_spec``."""
    sampling = {**SAMPLING, "max_new_tokens": study.forced_answers["max_new_tokens"]}
    return {**generation_spec(study, model, benchmark), "sampling": sampling, "samples": 1}


def cut_completions(completions: Iterable[Completion], items: Mapping[str, Item], spec: dict) -> Iterator[CutItem]:
    """Yield what the model goes on from: an item for each completion and each budget that it is longer than.

    Parameters
    ----------
    completions : iterable of Completion
        Read once, and not kept.
    items : mapping of str to Item
        The benchmark's items by id.
    spec : dict
        As :func:`cutting_spec` returns it.

    Notes
    -----
    Left out are budgets at which the model's context has no room for an answer.
    """
    for completion in completions:
        item = items[completion.item_id]
        base = {field.name: getattr(item, field.name) for field in fields(Item)}
        for budget in sorted(spec["budgets"]):
            if completion.completion_tokens > budget and _fits(completion, budget, spec):
                yield CutItem(
                    **{**base, "id": _name(completion, budget)},
                    response=completion.text,
                    kept_tokens=budget,
                    close=_close(completion.text, spec["reasoning"]),
                    lead=spec["lead"],
                )


def _fits(completion: Completion, budget: int, spec: dict) -> bool:
    needed = completion.prompt_tokens + budget + ROOM + spec["max_new_tokens"]
    return spec["context_length"] is None or needed <= spec["context_length"]


def _close(text: str, reasoning: dict | None) -> str:
    """Return what ends a reasoning; nothing where the response has none."""
    opened = reasoning and (reasoning["opened_by_template"] or reasoning["start"] in text)
    return reasoning["end"] if opened else ""


def _name(completion: Completion, budget: int) -> str:
    return f"{completion.item_id}#{completion.sample}@{budget}"


def place_of(name: str) -> tuple[str, int, int]:
    """Return item id, sample and budget of the forced answer with that item id."""
    rest, _, budget = name.rpartition("@")
    item_id, _, sample = rest.rpartition("#")
    return item_id, int(sample), int(budget)


def whole_answers(completions: Iterable[Completion], cut_items: Iterable[CutItem]) -> Iterator[Completion]:
    """Yield forced answers as they are graded: with what led to them, and without what follows the closed box.

    An answer ends with the brace that closes the box; what the model says after it, up to its limit, is no part of it,
    though its tokens count. One whose box was never closed stays cut off.

    Raises
    ------
    InputError
        The completions aren't those of the items.
    """
    for completion, item in zip(completions, cut_items, strict=True):
        if completion.item_id != item.id:
            raise InputError(
                f"forced answer '{completion.item_id}' stands where '{item.id}' should; delete both files."
            )
        end = _closing_brace(completion.text)
        text = completion.text if end is None else completion.text[: end + 1]
        whole = replace(completion, text=f"{item.close}{item.lead}{text}")
        yield whole if end is None else replace(whole, finish_reason="stop")


def _closing_brace(text: str) -> int | None:
    r"""Return where the brace stands that closes a box opened before the text; ``\{`` and ``\}`` are no braces."""
    depth, escaped = 1, False
    for place, letter in enumerate(text):
        if not escaped:
            depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return place
        escaped = letter == "\\" and not escaped
    return None
