"""First layer: what a reader of the final answer sees, with the reasoning removed."""

from __future__ import annotations

CLOSING = ("</think>",)
"""End markers that are cut whether or not the model card names them."""

OPENING = ("<think>", "think\n")
"""Start markers that count at the very beginning of a response; the second is what s1.1 writes."""

CLOSING_OF_BARE_THINK = "\nanswer\n"
"""How a reasoning that began with the bare word ``think`` ends (s1.1)."""


def visible_text(text: str, reasoning: dict | None) -> str | None:
    r"""Return the text after the last end of a reasoning, or None where a reasoning was never closed.

    Parameters
    ----------
    text : str
        The response as generated.
    reasoning : dict or None
        The model card's block: ``start``, ``end`` (the markers) and ``opened_by_template`` (the chat template already
        wrote ``start``, so the response never shows it). None: the model doesn't reason apart.
    """
    start = (reasoning or {}).get("start") or ""
    end = (reasoning or {}).get("end") or ""
    ends = [*CLOSING, end] if end else [*CLOSING]
    if text.startswith("think\n"):
        ends.append(CLOSING_OF_BARE_THINK)
    cut = max(_after_last(text, marker) for marker in ends)
    rest = text[cut:]
    never_closed = cut == 0 and bool(reasoning) and reasoning.get("opened_by_template", False)
    opened_again = rest.lstrip().startswith(OPENING) or (start and start in rest)
    return None if never_closed or opened_again else rest


def _after_last(text: str, marker: str) -> int:
    position = text.rfind(marker)
    return 0 if position < 0 else position + len(marker)
