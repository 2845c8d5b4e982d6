"""First layer: what a reader of the final answer sees, with the reasoning removed."""

from __future__ import annotations

MARKERS = (
    ("<think>", "</think>"),  # DeepSeek-R1, Qwen3, QwQ and most others
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # EXAONE Deep
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1, OpenThinker
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|channel|>analysis", "<|channel|>final<|message|>"),  # gpt-oss
)
"""Where a reasoning starts and ends, whether or not the model card names it."""

BARE_START, BARE_END = "think\n", "\nanswer\n"
"""What s1.1 writes once its special tokens are dropped; they count as a pair and at the very beginning only."""

STARTS = (*(start for start, _ in MARKERS), BARE_START)
ENDS = tuple(end for _, end in MARKERS)

TURN_ENDS = (
    *("<|im_end|>", "<|im_start|>user", "<|im_start|>system", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>"),
    *("<|start_header_id|>user", "<end_of_turn>", "<start_of_turn>user", "<|return|>", "</s>"),
)
"""What ends a reply. A model that wasn't stopped there goes on with a turn of the user that it makes up."""


def visible_text(text: str, reasoning: dict | None) -> str | None:
    r"""Return the text after the last end of a reasoning, or None where a reasoning was never closed.

    An end marker with nothing after it doesn't hide the answer before it, unless it is the only one. A start marker
    counts at the beginning of what is left; further down it is talk about the marker. What follows the end of the
    reply is no part of it.

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
    starts = (*STARTS, start) if start else STARTS
    ends = (end, *ENDS) if end else ENDS
    if text.startswith(BARE_START):
        ends = (*ends, BARE_END)
    first, *rest = _split(text, ends)
    if not rest:
        opened = reasoning.get("opened_by_template") or first.lstrip().startswith(starts)
        return None if opened else _reply(first)
    # What stands between a start and an end marker is reasoning, wherever it is.
    *closed, last = rest
    visible = [_before_first(part, [start, *STARTS[:-1]]) for part in closed] + [last]
    answer = next((part for part in reversed(visible) if part.strip()), "")
    return None if answer.lstrip().startswith(starts) else _reply(answer)


def _split(text: str, markers: tuple[str, ...]) -> list[str]:
    parts = [text]
    for marker in markers:
        if marker in text:
            parts = [piece for part in parts for piece in part.split(marker)]
    return parts


def _before_first(text: str, markers: list[str | None]) -> str:
    for marker in filter(None, markers):
        text = text.partition(marker)[0]
    return text


def _reply(text: str) -> str:
    for marker in TURN_ENDS:
        before, found, _ = text.partition(marker)
        if found and before.strip():
            text = before
    return text
