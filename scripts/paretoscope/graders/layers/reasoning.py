"""First layer: what a reader of the final answer sees, with the reasoning removed."""

from __future__ import annotations

import re

CLOSING = ("</think>",)
"""End markers that are cut whether or not the model card names them."""

OPENING = ("<think>", "think\n")
"""Start markers that count at the very beginning of a response; the second is what s1.1 writes."""

CLOSING_OF_BARE_THINK = "\nanswer\n"
"""How a reasoning that began with the bare word ``think`` ends (s1.1)."""


def visible_text(text: str, reasoning: dict | None) -> str | None:
    r"""Return the text after the last end of a reasoning, or None where a reasoning was never closed.

    An end marker with nothing after it doesn't hide the answer before it, unless it is the only one. A start marker
    counts at the beginning of what is left; further down it is talk about the marker.

    Parameters
    ----------
    text : str
        The response as generated.
    reasoning : dict or None
        The model card's block: ``start``, ``end`` (the markers) and ``opened_by_template`` (the chat template already
        wrote ``start``, so the response never shows it). None: the model doesn't reason apart.
    """
    reasoning = reasoning or {}
    start, end = reasoning.get("start"), reasoning.get("end")
    starts = (*OPENING, start) if start else OPENING
    ends = [*CLOSING, end] if end else [*CLOSING]
    if text.startswith("think\n"):
        ends.append(CLOSING_OF_BARE_THINK)
    first, *rest = re.split("|".join(map(re.escape, ends)), text)
    if not rest:
        opened = reasoning.get("opened_by_template") or first.lstrip().startswith(starts)
        return None if opened else first
    # What stands between a start and an end marker is reasoning, wherever it is.
    *closed, last = rest
    visible = [_before_first(part, [OPENING[0], start]) for part in closed] + [last]
    answer = next((part for part in reversed(visible) if part.strip()), "")
    return None if answer.lstrip().startswith(starts) else answer


def _before_first(text: str, markers: list[str | None]) -> str:
    for marker in filter(None, markers):
        text = text.partition(marker)[0]
    return text
