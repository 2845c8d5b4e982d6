r"""Inequalities in one unknown as the intervals that they describe: ``x < 0 or x > 1`` as (-\infty,0)\cup(1,\infty)."""

from __future__ import annotations

import re
from fractions import Fraction

from .numbers import read_number

_OR = re.compile(r"\s*(?:\\text ?\{\s*or\s*\}|\bor\b|\\cup(?![a-z])|\\lor(?![a-z])|\\vee(?![a-z]))\s*")
_AND = re.compile(r"\s*(?:,|;|\\text ?\{\s*and\s*\}|\band\b|\\cap(?![a-z])|\\land(?![a-z])|\\wedge(?![a-z]))\s*")
_SIGN = re.compile(r"\s*(<|>|\\le(?![a-z])|\\ge(?![a-z]))\s*")
_UNKNOWN = re.compile(r"[a-zA-Z]|\\theta")
_BOUND = re.compile(r"(?:[-+*/^().\d{} ]|\\(?:frac|sqrt|pi|infty|cdot)(?![a-z]))+")
_MEMBER = re.compile(r"(?P<unknown>[a-zA-Z]|\\theta) ?\\in(?![a-z])\s*(?P<set>[(\[].*[)\]])", re.DOTALL)


_MAY_BE_POINT = re.compile(r"\((?:(?!\\infty)[^,()\[\]])*,(?:(?!\\infty)[^,()\[\]])*\)")


def as_intervals(gold: str, answer: str, question: str = "") -> tuple[str, str]:
    """Return two answers as intervals where one is given by inequalities and the other by those or by intervals.

    In one unknown alone, which both name where both name any, and joined by *or*; a comma between them means *and*,
    but for a gold that nothing could fulfil then. A gold (1, 2) may be a point, unless the question is about more. Any
    other pair is returned as it is.
    """
    (gold_unknown, expected), (unknown, given) = _intervals(gold), _intervals(answer)
    if not expected or not given or (gold_unknown and unknown and gold_unknown != unknown):
        return gold, answer
    if expected == EMPTY or is_point_for_region(gold, answer, question):
        return gold, answer
    return (expected, given) if gold_unknown or unknown else (gold, answer)


def is_point_for_region(gold: str, answer: str, question: str) -> bool:
    """Tell an answer in inequalities to a gold (1, 2), which is a point unless the question is about more."""
    return bool(_MAY_BE_POINT.fullmatch(gold)) and bool(_SIGN.search(answer)) and not _ASKS_FOR_VALUES.search(question)


EMPTY = r"\emptyset"
_ASKS_FOR_VALUES = re.compile(
    r"\binterval|\binequalit|\bvalues\b|\brange\b|\bdomain\b|\bsolve\b|\bsolution|\bset of\b|<|>|\\[lg]eq?\b|\\[lg]t\b",
    re.IGNORECASE,
)


def _intervals(text: str) -> tuple[str, str]:
    """Return the unknown and the union of intervals; no unknown where none is named, no union where there is none."""
    member = _MEMBER.fullmatch(text)
    if member:
        return member["unknown"], member["set"]
    if re.match(r"\s*[(\[]", text) and re.search(r"[)\]]\s*$", text) and not _SIGN.search(text):
        return "", text
    found = [_all_of(part) for part in _OR.split(text)]
    unknowns = {unknown for unknown, _ in found}
    if len(unknowns) != 1 or "" in unknowns:
        return "", ""
    return unknowns.pop(), r" \cup ".join(interval for _, interval in found)


def _all_of(text: str) -> tuple[str, str]:
    """Return the unknown of one inequality, or of two that bound it from both sides, and the interval."""
    parts = _AND.split(text)
    if len(parts) == 1:
        return _interval(text)
    found = [_interval(part) for part in parts]
    below = [interval for _, interval in found if interval.endswith(r"\infty)")]
    above = [interval for _, interval in found if interval.startswith(r"(-\infty")]
    if len({unknown for unknown, _ in found}) != 1 or (len(found), len(below), len(above)) != (2, 1, 1):
        return "", ""
    (low, _), (_, high) = below[0].split(","), above[0].split(",")
    bounds = [_rational(low[1:]), _rational(high[:-1])]
    if None not in bounds and (bounds[0] > bounds[1] or (bounds[0] == bounds[1] and low[0] + high[-1] != "[]")):
        return found[0][0], EMPTY
    return found[0][0], f"{low},{high}"


def _rational(text: str) -> Fraction | None:
    number = read_number(text.strip())
    return number.value if number else None


def _interval(text: str) -> tuple[str, str]:
    """Return the unknown of ``a < x \\le b``, ``x > a`` or ``a > x``, and its interval."""
    sides = _SIGN.split(text)
    values, signs = [side.strip() for side in sides[::2]], sides[1::2]
    places = [place for place, value in enumerate(values) if _UNKNOWN.fullmatch(value)]
    bounds = [value for value in values if _BOUND.fullmatch(value)]
    if len(places) != 1 or len(values) not in (2, 3) or len(bounds) != len(values) - 1:
        return "", ""
    if len(values) == 3 and (places != [1] or _rises(signs[0]) != _rises(signs[1])):
        return "", ""
    if not _rises(signs[0]):
        values, signs = values[::-1], [_turned(sign) for sign in signs[::-1]]
    place = next(place for place, value in enumerate(values) if _UNKNOWN.fullmatch(value))
    below = ("(" if signs[0] == "<" else "[") + values[0] if place else r"(-\infty"
    above = values[-1] + (")" if signs[-1] == "<" else "]") if place < len(values) - 1 else r"\infty)"
    return values[place], f"{below},{above}"


def _rises(sign: str) -> bool:
    return sign in ("<", "\\le")


def _turned(sign: str) -> str:
    return {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}[sign]
