r"""Exact comparison of expressions, and of lists, sets, points, intervals and matrices of them, without sympy.

Either it knows, or it leaves the pair to math-verify; ten to fifty times as fast where it knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from . import expressions
from .fields import Undecidable, Value

MAX_PARTS = 24
"""Elements of a list or set, which are compared each with each."""

_ROUNDED = re.compile(r"\.\d{6}")
_BRACKET = re.compile(r"\\[{}]|[()\[\]{},;]")
_OPENING, _CLOSING = ("(", "[", "{", "\\{"), (")", "]", "}", "\\}")
_UNION = re.compile(r"\\cup(?![a-zA-Z])")
_MATRIX = re.compile(r"\\begin ?\{[pbB]matrix\}(.*)\\end ?\{[pbB]matrix\}", re.DOTALL)
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}[,;]\d{3}(?!\d)")
_DECIMAL_COMMA = re.compile(r" *-? *\d+,\d+ *")
_NAME = re.compile(r" *(?P<name>[a-zA-Z](?:_\{?\w\}?)?(?:\([a-z]\))?) *= *(?P<value>[^=<>]+)")


@dataclass(frozen=True, slots=True)
class Form:
    """An answer taken apart."""

    kind: str
    """``value``, ``infinity``, ``empty``, ``list`` (and set), ``tuple`` (point, interval), ``union`` or ``matrix``."""
    value: Value | None = None
    parts: tuple[Form, ...] = ()
    mark: str = ""
    """Brackets of a tuple, sign of an infinity, columns of a matrix."""


def compare(gold: str, answer: str) -> tuple[str | None, str]:
    """Compare two normalized answers exactly; the verdict is None where that can't tell."""
    gold, answer = _without_name(gold, answer)
    try:
        equations = gold.count("=") == answer.count("=") == 1
        same = _same_equation(gold, answer) if equations else _same(_form(gold), _form(answer))
    except Undecidable:
        return None, ""
    # That six decimals or more may stand for a fraction is for the comparison of numbers to say.
    if same is None or (not same and _ROUNDED.search(gold + " " + answer)):
        return None, ""
    return ("correct" if same else "wrong"), "exact_value"


def _without_name(gold: str, answer: str) -> tuple[str, str]:
    """Return the values of ``y = 2x`` and ``2x``, or of two assignments to one name."""
    if "=" not in gold and "=" not in answer:
        return gold, answer
    named = [_NAME.fullmatch(text) for text in (gold, answer)]
    names = {match["name"] for match in named if match}
    if len(names) > 1:
        return gold, answer
    return tuple(match["value"] if match else text for match, text in zip(named, (gold, answer), strict=True))


def _same_equation(gold: str, answer: str) -> bool | None:
    """Tell whether one equation is a multiple of the other, as two of the same line or circle are.

    Not where it is in a single unknown, since 2x = 10 doesn't say 5; and only of lines, planes and their like in
    rational coefficients is it known that two which aren't multiples differ.
    """
    expected, given = (expressions.read(left) - expressions.read(right) for left, right in map(_sides, (gold, answer)))
    if expected.bottom != given.bottom or len(expected.generators - {"i", "\\pi"}) < 2:
        return None
    ratios = {expected.top.get(term, 0) / Fraction(factor) for term, factor in given.top.items()}
    if expected.top.keys() == given.top.keys() and len(ratios) == 1:
        return True
    terms = {*expected.top, *given.top} - {()}
    return False if all(len(term) == 1 and term[0][1] == 1 and term[0][0] != "i" for term in terms) else None


def _sides(equation: str) -> tuple[str, str]:
    left, _, right = equation.partition("=")
    return left, right


@lru_cache(maxsize=1024)
def _form(text: str) -> Form:
    """Take a text apart, down to lists of points."""
    text = text.strip()
    if _UNION.search(text):
        parts = [_form(part) for part in _UNION.split(text)]
        if any(part.kind != "tuple" for part in parts):
            raise Undecidable("a union of anything but intervals")
        return Form("union", parts=tuple(parts))
    matrix = _MATRIX.fullmatch(text)
    if matrix:
        return _matrix(matrix[1])
    if "," not in text and ";" not in text and not text.startswith("\\{"):
        return _leaf(text)
    parts = _split(text)
    if len(parts) > 1:
        if _THOUSANDS.search(text) or _DECIMAL_COMMA.fullmatch(text):
            raise Undecidable("a number or a list")
        return Form("list", parts=_parts(parts))
    opening = next((bracket for bracket in _OPENING if text.startswith(bracket)), None)
    closing = next((bracket for bracket in reversed(_CLOSING) if text.endswith(bracket)), None)
    if not opening or not closing or not _is_one_group(text):
        return _leaf(text)
    inside = _split(text[len(opening) : len(text) - len(closing)])
    if (opening, closing) == ("\\{", "\\}"):
        return Form("list", parts=_parts(inside))
    if len(inside) == 1 or opening in ("{", "\\{") or closing in ("}", "\\}"):
        return _leaf(text)
    if _THOUSANDS.search(text):
        raise Undecidable("a number or two coordinates")
    return Form("tuple", parts=_parts(inside), mark=opening + closing)


def _leaf(text: str) -> Form:
    if text.endswith("\\infty"):
        sign = text.removesuffix("\\infty").strip()
        if sign in ("", "+", "-"):
            return Form("infinity", mark=sign.replace("+", ""))
    return Form("empty") if text == "\\emptyset" else Form("value", expressions.read(text))


def _parts(texts: list[str]) -> tuple[Form, ...]:
    if not 0 < len(texts) <= MAX_PARTS:
        raise Undecidable("too many parts")
    return tuple(_form(text) for text in texts)


def _matrix(inside: str) -> Form:
    rows = [row.split("&") for row in re.split(r"\\\\", inside) if row.strip()]
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        raise Undecidable("rows of different lengths")
    return Form("matrix", parts=_parts([entry for row in rows for entry in row]), mark=str(widths.pop()))


def _split(text: str) -> list[str]:
    """Split at the commas and semicolons outside all brackets."""
    depth, start, parts = 0, 0, []
    for match in _BRACKET.finditer(text):
        if match.group() in (",", ";"):
            if depth == 0:
                parts.append(text[start : match.start()])
                start = match.end()
        else:
            depth += 1 if match.group() in _OPENING else -1
    return [*parts, text[start:]]


def _is_one_group(text: str) -> bool:
    """Tell whether the first bracket closes at the very end; an interval may close with another kind."""
    depth = 0
    for match in _BRACKET.finditer(text):
        if match.group() not in (",", ";"):
            depth += 1 if match.group() in _OPENING else -1
            if depth == 0:
                return match.end() == len(text)
    return False


def _same(gold: Form, answer: Form) -> bool | None:
    """Tell whether two forms say the same; None where that isn't known."""
    if gold.kind != answer.kind:
        return _same_of_two_kinds(gold, answer)
    if gold.kind == "value":
        return _same_value(gold.value, answer.value)
    if gold.kind in ("infinity", "empty"):
        return gold.mark == answer.mark
    if gold.kind == "matrix":
        return None if gold.mark != answer.mark else _all_same(gold.parts, answer.parts)
    if gold.kind == "tuple":
        same = _all_same(gold.parts, answer.parts)
        if not same or gold.mark == answer.mark:
            return same
        # (1, 2) may be a point and [1, 2] the same one.
        return False if _is_interval(gold) or _is_interval(answer) else None
    same = _same_elements(gold.parts, answer.parts)
    # Two unions of other intervals may be one set.
    return None if gold.kind == "union" and not same else same


def _same_of_two_kinds(gold: Form, answer: Form) -> bool | None:
    """Tell a number from what it can't be; a list may be a point, and a union one interval."""
    kinds = {gold.kind, answer.kind}
    if kinds & {"value", "infinity"} and kinds <= {"value", "infinity", "tuple", "union", "matrix"}:
        return False
    if kinds == {"value", "list"}:
        one, many = (gold, answer) if gold.kind == "value" else (answer, gold)
        return _same_elements((one,), many.parts)
    if kinds == {"tuple", "list"}:
        return None if _same_elements(gold.parts, answer.parts) is not False else False
    return None


def _is_interval(form: Form) -> bool:
    return form.mark in ("[)", "(]") or any(part.kind == "infinity" for part in form.parts)


def _same_value(gold: Value, answer: Value) -> bool | None:
    if gold.equals(answer):
        return True
    return None if {"e", "\\pi"} <= gold.generators | answer.generators else False


def _all_same(gold: tuple[Form, ...], answer: tuple[Form, ...]) -> bool | None:
    if len(gold) != len(answer):
        return False
    found = [_same(*pair) for pair in zip(gold, answer, strict=True)]
    return False if False in found else None if None in found else True


def _same_elements(gold: tuple[Form, ...], answer: tuple[Form, ...]) -> bool | None:
    """Tell whether each element of either side is among the other's, whichever order and however often."""
    found = [_among(part, answer) for part in gold] + [_among(part, gold) for part in answer]
    return False if False in found else None if None in found else True


def _among(part: Form, others: tuple[Form, ...]) -> bool | None:
    found = [_same(part, other) for other in others]
    return True if True in found else None if None in found else False
