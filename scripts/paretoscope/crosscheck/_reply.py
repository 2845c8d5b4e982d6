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

_ENDS = re.compile(
    r"</(?:[a-z]+:)?(?:think|thinking|thought|reasoning|analysis|scratchpad|reflection)>|<\|/thinking\|>|\[/THINK\]|◁/think▷|<\|close\|>think<\|sep\|>"
    r"|<\|end_of_thought\|>|<\|END_THINKING\|>|<\|inner_suffix\|>|<channel\|>|<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"(?:<(?:[a-z]+:)?(?:think|thought|reasoning|(?:analysis|scratchpad|reflection)>)|<\|thinking\|>|\[THINK\]|◁think▷|<\|(?:begin_of_thought|START_THINKING|inner_prefix)"
    r"|<\|open\|>think|<\|channel>|(?:<\|start\|>assistant)?<\|channel\|>analysis)",
    re.IGNORECASE,
)
_IN_WORDS = (
    (re.compile(r"\s*think\n"), "\nanswer\n"),  # s1.1 and gpt-oss, whose special tokens were dropped
    (re.compile(r"\s*analysis(?=[A-Z])"), "assistantfinal"),
    (re.compile(r"\s*Here(?: is|'s) my thought process:"), " my response:"),
    (re.compile(r"\s*Here are my reasoning steps:"), "[BEGIN FINAL RESPONSE]"),
)
_TURN_END = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|end_of_text|return|end)\|>|<end_of_turn>|<turn\|>|</s>|<\|close\|>response"
    r"|\[END FINAL RESPONSE\]"
)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

_TAKEN_BACK = re.compile(
    r"\b(?:wrong|incorrect|mistaken|invalid|extraneous|impossible|untrue)\b|(?:\bnot|n['’]t)\s+(?:\w+\s+)?(?:be\s+)?"
    r"(?:right|correct|true|valid|possible|(?:the|my|our)\s+(?:\w+\s+)?answer)\b|不对|不正确|错",
    re.IGNORECASE,
)
_DOUBTED = re.compile(
    r"^[\s$}*)\\]*[吗]?[?？]|\b(?:wait|hold on|hmm+|oops|actually|fails|contradict\w*|too (?:large|big|small|high|low))\b"
    r"|\b(?:does|do|did|can)(?:n['’]t|['’]t|not| not) (?:work|decide|tell)\b|\b(?:error|mistake)\b|[.!?…] *no\b|不是|不成立",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"[?？~≈<>≤≥]|\b(?:than|(?:at|the) (?:least|most)|up to|between|twice|thrice|double|triple|half of|third of|quarter of"
    r"|multiple of|root of|square of|not|never|n['’]t|cannot|except|anything|close to|off by|or so|unless|if|unknown|guess"
    r"|minus|negative|problem|step|exercise|equation|wait|no|actually|squared|cubed)\b|n['’]t\b|的|大于|小于|负|不",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"(?:\bif|\bsuppose|\bassume|\bruled? out|\bexcept|\bother than|\banything but|\bnot|n['’]t|\bcannot|\bnever|\bdoubt|\bunlikely|\bincorrect|\bwrong|\bimpossible|\brather than|\binstead of)"
    r"\b[^.,;:!?\n]*$|(?:不[是为]|不应?选|并非)\s*$",
    re.IGNORECASE,
)
BEFORE, BEHIND = 60, 100
"""Characters around an answer in which a denial is looked for."""
_TWO_SENTENCES = re.compile(r"[^.!?\n]*[.!?\n]*[^.!?\n]*")


def is_denied(reply: str, start: int, end: int) -> bool:
    """Tell whether words around an answer may deny it: before it in its sentence, behind it up to the next one's end.

    Said too often rather than too seldom: what may be denied is left undecided.
    """
    before = reply[max(0, start - BEFORE) : start]
    behind = _TWO_SENTENCES.match(reply[end : end + BEHIND])
    return bool(_DENIES.search(before) or _TAKEN_BACK.search(behind.group()) or _DOUBTED.search(behind.group()))


def is_hedged(sentence: str) -> bool:
    """Tell whether a sentence may bound, multiply, deny or ask for the number in it rather than give it."""
    return bool(_HEDGED.search(sentence))


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
    cut = max((match.end() for match in _ENDS.finditer(text)), default=0)
    ends = [end for opening, end in _IN_WORDS if opening.match(text)]
    opened = bool(ends or reasoning.get("opened_by_template"))
    for end in filter(None, (*ends, reasoning.get("end"))):
        place = text.rfind(end)
        cut = max(cut, place + len(end) if place >= 0 else 0)
    if (not cut and opened) or _OPENING.search(text, cut):
        return ""  # also where the marker is only named
    return _TURN_END.split(text[cut:].strip(), maxsplit=1)[0].translate(_FULL_WIDTH)


def last_box(reply: str) -> str | None:
    r"""Return the content of the last ``\boxed{}``; None where it isn't closed, is too long or isn't the only one.

    Two boxes of different content on one line are parts of an answer or steps to it: one can't tell. Nor whether a
    minus before a box belongs to it, nor what a denial beside it is about.
    """
    box = reply.rfind("\\boxed")
    if is_denied(reply, box, max(_closing_brace(reply, box + len("\\boxed")), box)):
        return None
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
