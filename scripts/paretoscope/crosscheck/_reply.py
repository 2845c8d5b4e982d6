"""What both second graders start from: the reply without its reasoning, and the last box in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_ANSWER = 400
"""Characters of an answer that is read; a longer one is no answer to a short question."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a second grader makes of one response."""

    verdict: str
    """One of :data:`paretoscope.schema.CROSSCHECK_VERDICTS`."""
    answer: str | None
    """The answer it extracted; None where it found none, or couldn't tell which of several is meant."""


UNDECIDED = Check("undecided", None)

_ENDS = ("</think>", "</thinking>", "</thought>", "</reasoning>", "[/THINK]", "<|end_of_thought|>", "final<|message|>")
_OPENINGS = ("<think", "<thought", "<reasoning", "[THINK]", "<|begin_of_thought|>", "think\n")
_TURN_END = re.compile(r"<\|(?:im_end|endoftext|eot_id|end_of_text|return)\|>|<end_of_turn>|</s>")


def reply_of(text: str, finish_reason: str | None, reasoning: dict | None) -> str:
    """Return what comes after the last end of a reasoning; nothing where there is no finished reply.

    Parameters
    ----------
    text : str
        The response as generated.
    finish_reason : str or None
        A response that was cut (``length``) has no finished reply, whatever stands in it.
    reasoning : dict or None
        The model card's block: ``end`` is the marker, ``opened_by_template`` says that a reasoning is always there.
    """
    if finish_reason == "length":
        return ""
    reasoning = reasoning or {}
    ends = (*_ENDS, reasoning["end"]) if reasoning.get("end") else _ENDS
    if text.startswith("think\n"):  # s1.1, whose special tokens were dropped
        ends = (*ends, "\nanswer\n")
    cut = max(position + len(end) if (position := text.rfind(end)) >= 0 else 0 for end in ends)
    if not cut and (reasoning.get("opened_by_template") or text.lstrip().startswith(_OPENINGS)):
        return ""
    return _TURN_END.split(text[cut:].strip(), maxsplit=1)[0]


def last_box(reply: str) -> str | None:
    r"""Return the content of the last ``\boxed{}``; None where it isn't closed, is too long or isn't the only one.

    Two boxes of different content on one line are parts of an answer or steps to it: one can't tell. Nor whether a
    minus before a box belongs to it.
    """
    box = reply.rfind("\\boxed")
    if reply[max(0, box - 5) : box].rstrip(" $\\").endswith("-"):
        return None
    line_start = reply.rfind("\n", 0, box) + 1
    contents = {content.strip() for content in _boxes(reply[line_start:])}
    return contents.pop() if len(contents) == 1 else None


def _boxes(text: str) -> list[str]:
    """Return the contents of all boxes; with one that is not closed or too long, an empty list."""
    contents = []
    start = text.find("\\boxed")
    while start >= 0:
        start += len("\\boxed")
        end = _closing_brace(text, start)
        if end < 0:
            return []
        contents.append(text[start:end].strip()[1:])
        start = text.find("\\boxed", end)
    return contents


def _closing_brace(text: str, start: int) -> int:
    """Return where the group that begins at ``start`` closes; -1 where it doesn't within the limit."""
    depth, position = 0, start
    limit = min(len(text), start + MAX_ANSWER + 2)
    while position < limit:
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        elif depth == 0 and not character.isspace():
            return -1
        position += 1
    return -1
