r"""Which answers a text denies: *the answer is not* before one, *is wrong* after one, *No, that is wrong* next."""

from __future__ import annotations

import re

MAX_BEFORE = 120
"""Characters before an answer in which a denial may begin, and of a sentence that gives one answer, not another."""

_GAP = r"[\s*_$:({\[\\]*"
_DOUBT = (
    r"(?:\b(?:do|does|did|would|could|can)(?:n['’]?t|[ ]?not)[ ](?:\w+[ ])?(?:think|believe|say|claim|conclude|agree|accept)"
    r"|\bdoubt)\b[^.:;,!?\n]{0,30}?"
)
_BEFORE = re.compile(
    r"(?:\banswers?\b[^.:!?\n]{0,60}?(?:\b(?:can)?not|n['’]t\b|\bnever)(?:[\s*_]+(?:be|equal(?:[\s*_]+to)?))?"
    r"|(?<!not )\b(?:impossible|incorrect|wrong|not[ ]true|not[ ]the[ ]case|no[ ]way)\b[^.:;,!?\n]{0,30}?"
    r"\banswers?[ ](?:to[ ]be|is|was|could[ ]be|can[ ]be|equals)"
    rf"|{_DOUBT}\banswers?[ ](?:is|was|could[ ]be|can[ ]be|equals)"
    rf"|(?:[,;]|\b(?:and|but))[\s*_]*not|\b(?:rather[ ]than|instead[ ]of)){_GAP}$",
    re.IGNORECASE,
)
_FALSE = r"(?:wrong|incorrect|false|invalid|impossible|extraneous|mistaken|untrue)"
_TRUE = r"(?:correct|right|true|valid|possible)"
_AFTER = re.compile(
    r"[\s*_$)}\]\\]{0,12}(?:,?[ ]|(?<=\s)|\()?(?:which[ ])?"
    r"(?:(?:is|was|(?P<several>are|were))(?P<not>n['’]t|[ ]+(?:\w+ly[ ])?(?:\*\*|\*|_)?not\b(?:\*\*|\*|_)?)?"
    r"|(?P<cannot>can(?:['’]t|not|[ ]not)[ ]be|could(?:n['’]t|[ ]not)[ ]be))"
    r"[ ]+(?:\w+ly[ ]+|also[ ]+)?(?:the[ ]+|an?[ ]+|our[ ]+|my[ ]+)?[*_]{0,2}"
    rf"(?:(?P<false>{_FALSE})|(?P<true>{_TRUE})|(?P<answer>(?:final[ ]|correct[ ]|right[ ])?(?:answer|solution)))\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"[^.!?。\n]{0,40}?(?:[.!?。…]+|\n)[\s*_$)}\]\\]{0,12}"
    r"(?:(?:no|wait|hmm|actually|but|however|oops|sorry|hold[ ]on)\b[\s,.!:…—–-]{1,5}){0,3}"
    r"(?:(?:that|this|it|(?:my|this|that)[ ](?:final[ ])?answer)(?=[ '’])(?:['’]s(?P<is_not>[ ]+not)?[ ]"
    r"|[ ](?:is|was)(?P<not>n['’]t|[ ]+not)?[ ]|[ ](?P<cannot>can(?:['’]t|not|[ ]not)[ ]be)[ ])"
    r"(?:\w+ly[ ]+|also[ ]+|quite[ ]+)?(?:the[ ]+|an?[ ]+|our[ ]+|my[ ]+)?[*_]{0,2}"
    r"(?:(?P<false>wrong|incorrect|false|mistaken|untrue)|(?P<true>correct|right|true)"
    r"|(?P<answer>(?:final[ ]|correct[ ]|right[ ])?(?:answer|solution)))\b"
    r"(?![ ]+(?:to|that|if|when|unless|in|for|reasoning|approach)\b)|(?P<chinese>(?:不[,，])?[这那]?是?(?:不对|不正确|错的|错误的)))",
    re.IGNORECASE,
)
"""A sentence right after the one of the answer that takes it back."""
_ASKED = re.compile(rf"\b{_FALSE}\b|(?:\bnot|n['’]t)[ ]+(?:\w+[ ])?{_TRUE}\b", re.IGNORECASE)


def is_denied(text: str, start: int, end: int, question: str) -> bool:
    """Tell whether a text denies the answer that stands between two places in it."""
    return is_denied_before(text, start) or is_denied_after(text, end, question)


def is_denied_before(text: str, start: int) -> bool:
    """Tell whether *the answer is not* or *I don't think the answer is* leads to a place."""
    return bool(_BEFORE.search(text[max(0, start - MAX_BEFORE) : start]))


def is_denied_after(text: str, end: int, question: str) -> bool:
    """Tell whether *is wrong* or *isn't the answer* follows right after a place, or *No, that is wrong* comes next.

    Where the question asks what is wrong (*Which statement is false?*), *C is false* gives the answer.
    """
    match = _AFTER.match(text, end)
    if match:
        return _says_no(match["false"], match["answer"], match["not"] or match["cannot"], question)
    match = _LATER.match(text, end)
    if not match:
        return False
    if match["chinese"]:
        return True
    return _says_no(match["false"], match["answer"], match["is_not"] or match["not"] or match["cannot"], question)


def _says_no(false: str | None, answer: str | None, negation: str | None, question: str) -> bool:
    if answer:
        return bool(negation)
    return bool(false) != bool(negation) and not _ASKED.search(question)


def denies_several(text: str, end: int) -> bool:
    """Tell whether *are wrong* rather than *is wrong* follows right after a place."""
    match = _AFTER.match(text, end)
    return bool(match and match["several"])


def is_doubtful(sentence: str) -> bool:
    """Tell a sentence that says what the writer doesn't take for the answer."""
    return bool(_DOUBTFUL.search(sentence))


_DOUBTFUL = re.compile(rf"{_DOUBT}\banswers?\b|答案(?:并|一定)?不(?:是|为|等于)", re.IGNORECASE)
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
