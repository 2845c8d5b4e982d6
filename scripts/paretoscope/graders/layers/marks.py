r"""Marks that algebra passes over, though they say something: primes, vertices of an angle, dots, infinity, percent."""

from __future__ import annotations

import re

_PRIMES = re.compile(
    r"(?<![a-zA-Z]{2})(\w|[)}])\s*((?:['’](?!(?:s|ll|re|ve)\b|\d{3})|\^\s*\{?\s*\\prime(?:\s*\\prime)*\s*\}?)+)"
)
_PRIME = re.compile(r"['’]|\\prime")
_ASSIGNED = re.compile(r"\s*[a-zA-Z]['’]*(?:\([a-z]\))?\s*=(?P<value>[^=]+)")
_ANGLE = re.compile(r"(?:m ?)?\\(?P<figure>angle|triangle) ?(?P<vertices>[A-Z]{3})")
_ELLIPSIS = re.compile(r"(?<!\.)(?:\\(?:[lc]?dots|dots[a-z])(?![a-zA-Z])|\.\.\.|…)")
_INFINITY = re.compile(r"[+-]?\s*\\infty")
_LIST = re.compile(r"[,;]|\\text\s*\{\s*(?:and|or)")


def compare_marks(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Compare what math-verify drops, or reads as something else; the verdict is None where nothing of it is there."""
    for rule in (_compare_vertices, _compare_primes, _compare_ellipses, _compare_infinities):
        verdict = rule(gold, answer)
        if verdict:
            return verdict, rule.__name__.removeprefix("_compare_")
    return None, ""


def _compare_vertices(gold: str, answer: str) -> str | None:
    """An angle is its vertex between its sides, ABC or CBA; a triangle has its vertices in any order."""
    expected, given = _ANGLE.fullmatch(gold), _ANGLE.fullmatch(answer)
    if not expected or not given:
        return None
    one, other = expected["vertices"], given["vertices"]
    if expected["figure"] != given["figure"]:
        return "wrong"
    if expected["figure"] == "triangle":
        return "correct" if sorted(one) == sorted(other) else "wrong"
    return "correct" if other in (one, one[::-1]) else "wrong"


def _compare_primes(gold: str, answer: str) -> str | None:
    """A derivative, another point, minutes and feet: f' isn't f."""
    if not _PRIME.search(gold + answer):
        return None
    if ("=" in gold) != ("=" in answer):
        gold, answer = (match["value"] if (match := _ASSIGNED.fullmatch(text)) else text for text in (gold, answer))
    one, other = (
        sorted((name, len(_PRIME.findall(marks))) for name, marks in _PRIMES.findall(text)) for text in (gold, answer)
    )
    return None if set(one) == set(other) else "wrong"


def _compare_ellipses(gold: str, answer: str) -> str | None:
    """5 and so on isn't 5; digits after a point may go on."""
    dots = _ELLIPSIS.search(answer)
    if not dots or _ELLIPSIS.search(gold) or re.search(r"\.\d+\s*$", answer[: dots.start()]):
        return None
    return "wrong"


def _compare_infinities(gold: str, answer: str) -> str | None:
    """One that is multiplied or added to is none of the two that there are."""
    if not _INFINITY.fullmatch(gold) or "\\infty" not in answer:
        return None
    one, other = ("-" in gold, answer.replace(" ", "").lstrip("+"))
    return "correct" if other == ("-\\infty" if one else "\\infty") else "wrong"
