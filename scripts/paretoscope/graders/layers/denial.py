r"""Which answers a text denies: *the answer is not* before one, *is wrong* after one in the same sentence."""

from __future__ import annotations

import re

MAX_BEFORE = 120
"""Characters before an answer in which a denial may begin, and of a sentence that gives one answer, not another."""

_GAP = r"[\s*_$:({\[\\]*"
_BEFORE = re.compile(
    r"(?:\banswers?\b[^.:!?\n]{0,60}?(?:\b(?:can)?not|n['’]t\b|\bnever)(?:[\s*_]+(?:be|equal(?:[\s*_]+to)?))?"
    r"|(?<!not )\b(?:impossible|incorrect|wrong|not[ ]true|not[ ]the[ ]case|no[ ]way)\b[^.:;,!?\n]{0,30}?"
    r"\banswers?[ ](?:to[ ]be|is|was|could[ ]be|can[ ]be|equals)"
    rf"|(?:[,;]|\b(?:and|but))[\s*_]*not|\b(?:rather[ ]than|instead[ ]of)){_GAP}$",
    re.IGNORECASE,
)
_FALSE = r"(?:wrong|incorrect|false|invalid|impossible|extraneous|mistaken|untrue)"
_TRUE = r"(?:correct|right|true|valid|possible)"
_AFTER = re.compile(
    r"[\s*_$)}\]\\]{0,12}(?:,?[ ]|(?<=\s)|\()?(?:which[ ])?"
    r"(?:(?:is|are|was|were)(?P<not>n['’]t|[ ]+(?:\w+ly[ ])?(?:\*\*|\*|_)?not\b(?:\*\*|\*|_)?)?"
    r"|(?P<cannot>can(?:['’]t|not|[ ]not)[ ]be|could(?:n['’]t|[ ]not)[ ]be))"
    r"[ ]+(?:\w+ly[ ]+|also[ ]+)?(?:the[ ]+|an?[ ]+|our[ ]+|my[ ]+)?[*_]{0,2}"
    rf"(?:(?P<false>{_FALSE})|(?P<true>{_TRUE})|(?P<answer>(?:final[ ]|correct[ ]|right[ ])?(?:answer|solution)))\b",
    re.IGNORECASE,
)
_ASKED = re.compile(rf"\b{_FALSE}\b|(?:\bnot|n['’]t)[ ]+(?:\w+[ ])?{_TRUE}\b", re.IGNORECASE)


def is_denied(text: str, start: int, end: int, question: str) -> bool:
    """Tell whether a text denies the answer that stands between two places in it."""
    before = text[max(0, start - MAX_BEFORE) : start]
    return bool(_BEFORE.search(before)) or is_denied_after(text, end, question)


def is_denied_after(text: str, end: int, question: str) -> bool:
    """Tell whether *is wrong* or *isn't the answer* follows right after a place, in the same sentence.

    Where the question asks what is wrong (*Which statement is false?*), *C is false* gives the answer.
    """
    match = _AFTER.match(text, end)
    if not match:
        return False
    negated = bool(match["not"] or match["cannot"])
    if match["answer"]:
        return negated
    return bool(match["false"]) != negated and not _ASKED.search(question)


_CONTRAST = re.compile(
    r"(?:\s*[,;(]\s*|\s[-–—]\s|(?<=[\d*$)])\s+)(?:(?:and\s+|but\s+)?not|rather\s+than|instead\s+of)\s+(?=[-$\\(*\d])",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"[\s*_]*not\b[\s*_]+(?=[-$\\(*\d])[^\n]{1,60}?,?[\s*_]+but\s+(?:rather\s+|instead\s+)?(?=[-$\\(*\d])",
    re.IGNORECASE,
)


def without_contrast(sentence: str) -> str:
    """Return the number that a sentence begins with, without the one that it is told from (*73, not 74*)."""
    is_number = len(sentence) <= MAX_BEFORE and re.match(r"[\W_]{0,5}\d", sentence)
    if not is_number or re.search(r"[<>≤≥]|\\[lg]e", sentence):
        return sentence
    match = _CONTRAST.search(sentence)
    return sentence[: match.start()] if match else sentence


def after_correction(text: str) -> str:
    """Return what a text that begins with *not 72 but* puts in its place; any other text as it is."""
    match = _CORRECTED.match(text)
    return text[match.end() :] if match else text
