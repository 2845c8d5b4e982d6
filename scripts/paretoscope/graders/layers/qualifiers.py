r"""What a sentence says of a number instead of giving it as the answer: *at most 72*, *twice 72*, *is it 72?*."""

from __future__ import annotations

import re

_GAP = r"[\s*_$:({\[\\]*"
_BOUND = (
    r"\b(?:(?:more|less|fewer|greater|larger|smaller|higher|lower|bigger|other|rather)\s+than(?:\s+or\s+equal\s+to)?"
    r"|at\s+(?:the\s+)?(?:least|most)|up\s+to|between|anything\s+but|except(?:\s+for)?|off\s+by|close\s+to)"
)
_MULTIPLE = (
    r"\b(?:twice|thrice|double|triple|half|(?:half|third|quarter|fraction|multiple|power|square|cube|root|reciprocal"
    r"|inverse|opposite|factorial|divisor|factor)\s+of)"
)
_LABEL = r"\b(?:problem|exercise|step|equation|theorem|lemma|figure|example|section)"
_BEFORE = re.compile(rf"(?P<cue>{_BOUND}|{_MULTIPLE}|{_LABEL})(?:\s+(?:the|an?|about|exactly|only|just))?{_GAP}$", re.I)
_NEGATED = re.compile(
    r"(?:n['’]t|\b(?:cannot|not|never|neither|nor|nicht|no\s+es)|['’]est\s+pas)(?P<rest>\b[^.,;:!?\n]{0,30})$", re.I
)
_ONLY = re.compile(r"\b(?:only|until|but)\b", re.I)
_BEHIND = re.compile(
    r"[\s*_$)}\]\\]*(?:(?:squared|cubed|(?:ten|hundred|thousand|million)ths|or\s+(?:so|more|less|fewer))\b"
    r"|的(?:两|二|三|四|五|十|一半|平方|立方|倍)|分之)",
    re.I,
)
_OPEN = re.compile(
    r"\b(?:can(?:no|['’])t|can\s+not|could\s?n['’]t|unable\s+to|impossible\s+to|do(?:es)?(?:n['’]t|\s+not))\s+"
    r"(?:be\s+)?(?:\w+ly\s+)?(?:determine|tell|know|say|find|figure|comput|calculat|solve)"
    r"|\b(?:is|are|remains?)\s+(?:un(?:known|clear|determined)|ambiguous)\b|\b(?:only|just)\s+a\s+guess\b"
    r"|\b(?:not\s+enough|insufficient)\s+(?:information|data)\b|不(?:知道|确定|清楚)|无法",
    re.I,
)
_NEEDED = re.compile(r"\b(?:needs?|must|ha(?:s|ve)\s+to|requires?|should)\b", re.I)
_ASKS_NEGATION = re.compile(r"n['’]t\b|\b(?:not|never|no|left|remain\w*|without)\b", re.I)


def leaves_open(sentence: str) -> bool:
    """Tell a sentence that asks, or says that the answer can't be told; its numbers are no answer."""
    return bool(re.search(r"[?？]\W*$", sentence) or _OPEN.search(sentence))


def is_qualified(sentence: str, answer: str, question: str) -> bool:
    """Tell whether a sentence says of a number something else than that it is the answer.

    Bounds (*at least 72*), multiples (*half of 72*), labels (*problem 72*) and denials (*doesn't have 72*) count,
    unless the question asks in these words: *what is the least* is answered by *at least 72*.

    Parameters
    ----------
    sentence : str
        The sentence that the answer was taken from.
    answer : str
        A number or formula as it was read; where it doesn't stand there as it is, nothing is told.
    """
    place = _place(sentence, answer)
    if place is None:
        return False
    before, behind = sentence[: place[0]], sentence[place[1] :]
    if _BEHIND.match(behind):
        return True
    cue = _BEFORE.search(before)
    if cue:
        # What is needed is the least of what will do, so a bound gives it.
        needed = cue["cue"].lower().endswith("least") and _NEEDED.search(before)
        return not (needed or _is_asked(cue["cue"], question))
    negation = _NEGATED.search(before)
    return bool(negation and not _ONLY.search(negation["rest"]) and not _ASKS_NEGATION.search(question))


def _place(sentence: str, answer: str) -> tuple[int, int] | None:
    """Return where an answer stands last in a sentence, give or take thousands separators and a sign before it."""
    digits = re.sub(r"[^\d.]", "", answer)
    for spelled in filter(None, (re.escape(answer), ",?".join(map(re.escape, digits)))):
        places = list(re.finditer(rf"(?<![A-Za-z\d.]){spelled}(?![A-Za-z\d]|\.\d)", sentence))
        if places:
            return places[-1].span()
    return None


_EXTREMES = re.compile(
    r"\b(?:least|most|minim\w+|maxim\w+|fewest|smallest|largest|greatest|highest|lowest|longest|shortest|must|needs?"
    r"|have\s+to|has\s+to|can|could|limit|enough|afford)\b",
    re.I,
)


def _is_asked(cue: str, question: str) -> bool:
    """Tell whether a question itself uses the words of a qualifier, or asks for a bound."""
    words = " ".join(cue.lower().split())
    return words in " ".join(question.lower().split()) or (
        words in ("at least", "at most", "at the least", "at the most", "up to") and bool(_EXTREMES.search(question))
    )
