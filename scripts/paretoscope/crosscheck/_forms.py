r"""The forms that answers take: a value, words, a list, set, point, interval, union or matrix; and how they compare."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from . import _values
from ._values import Unreadable, Value

MAX_BRACKETS = 100
"""Brackets of an answer that is read."""
MAX_PARTS = 24
"""Parts of a list or a matrix that are compared, each with each where their order doesn't count."""


@dataclass(frozen=True)
class Form:
    """One answer: as text, and taken apart."""

    text: str
    """Normalized, without spaces; equal texts are equal answers."""
    kind: str
    """``leaf``, ``numeral`` (with its base), ``list``, ``union``, ``matrix``, ``set``, ``tuple`` (point, interval)."""
    parts: tuple[Form, ...] = ()
    brackets: str = ""
    """Of a tuple: ``()``, ``[)`` and so on."""
    unit: str = ""
    """Words that were dropped and may be a unit."""
    name: str = ""
    """What it is said to equal (``x=``), which was dropped as well."""

    @cached_property
    def value(self) -> Value:
        """The value of a leaf; Unreadable where it has none."""
        return _values.value_of(self.text)

    @property
    def is_number(self) -> bool:
        """Whether it is a leaf with a rational value."""
        try:
            return self.kind == "leaf" and isinstance(self.value.at[0], Fraction)
        except Unreadable:
            return False


# Reading.

_WRAPPERS = re.compile(r"\\(?:text(?:bf|it|rm|normal)?|textnormal|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}")
_DROPPED = re.compile(
    r"\\(?:left|right|displaystyle|[bB]igg?[lr]?)(?![a-zA-Z])|(?<!\\)\\[,;: ]|\\q?quad(?![a-zA-Z])|\\\$|\$|\\?%|°|~"
    r"|\^\s*(?:\{\s*)?\\circ(?:\s*\})?|\\degree(?![a-zA-Z])|\bper\s?cent(?:age)?\b|\bpct\b"
)
_RENAMED = {
    **{f"\\{letter}frac": "\\frac" for letter in "dtc"},
    **{"{,}": ",", "−": "-", "–": "-", "\\cdot": "*", "\\times": "*", "×": "*", "÷": "/", "π": "\\pi ", "∞": "\\infty"},
    **{"\\lbrace": "\\{", "\\rbrace": "\\}", "**": ""},
}
_RENAMING = re.compile("|".join(map(re.escape, _RENAMED)))
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:[, ]\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?")
_SHORT_FRACTION = re.compile(r"\\frac\s*(\d)\s*(\d)")
_THIN_SPACE = re.compile(r"\s*\\!\s*")
_MIXED = re.compile(r"(\d+)\s+(\d+)/(\d+)")
_NAME = re.compile(r"\(?[A-Za-z](?:_\{?\w\}?|'?\([^()=]*\))?(?:,[a-z])*\)?(?:=|\\in(?![a-z]))|answer:", re.IGNORECASE)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_RELATION = re.compile(r"[=<>≤≥]|\\(?:leq?|geq?|neq?|lt|gt)(?![a-z])")
_MATRIX = re.compile(r"\\begin\{([pbvBV]?matrix)\}(.*)\\end\{\1\}", re.DOTALL)
_NUMERAL = re.compile(r"\d{1,40}_(?:\d{1,2}|\{\d{1,2}\})")
_SCIENTIFIC = re.compile(r"\d[eE][-+]?\d")
_TRIGONOMETRIC = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")
_DEGREE = re.compile(r"°|\\circ|\\degree|degree")
_UNION = re.compile(r"\\cup(?![a-z])|∪")
_LETTER = re.compile(r"^\(\s*([A-Za-z])\s*\)$")
_WORDS_ONLY = re.compile(r"[A-Za-z]+(?:[ '-][A-Za-z]+)*\.?")
_PAIRS = {"(": ")", "[": "]", "\\{": "\\}", "{": "}"}
_BRACKET = re.compile(r"\\[{}]|[()\[\]{},;]")
_UNITS = {"cm", "mm", "km", "kg", "mg", "ml", "mL", "ft", "lb", "oz", "hr", "mi", "in", "am", "pm"}
_NO_UNITS = {"sqrt", "sin", "cos", "tan", "log", "and", "infinity", "pi", "ln", "or", "union"}


def read(text: str, unit: str = "") -> Form:
    """Read an answer, gold or given.

    Parameters
    ----------
    text : str
        LaTeX or plain text, at most a few hundred characters.
    unit : str
        Words that stood beside it.

    Raises
    ------
    Unreadable
    """
    plain = text.strip().rstrip(".").replace("\\$", "").replace("$", "").strip()
    if _PLAIN.fullmatch(plain):  # almost every answer
        return Form(plain, "leaf", unit=unit)
    plain = _THIN_SPACE.sub("", plain) if "\\!" in plain else plain
    plain = _DROPPED.sub(" ", _RENAMING.sub(lambda match: _RENAMED[match.group()], plain))
    plain = _WRAPPERS.sub(r" \1 ", plain).rstrip(" .,:;\n").lstrip()
    plain = _LETTER.sub(r"\1", _unescaped(plain))
    if _SCIENTIFIC.search(plain) or (_TRIGONOMETRIC.search(plain) and _DEGREE.search(text)):
        raise Unreadable("a power of ten or an angle in degrees")
    if _WORDS_ONLY.fullmatch(plain):
        plain = plain.rstrip(".")
        return Form(plain.lower() if len(plain) > 1 else plain, "leaf")
    plain = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", _MIXED.sub(r"(\1+\2/\3)", plain))
    plain, unit = _without_unit(plain, unit)
    if _THOUSANDS.fullmatch(plain):
        return Form(re.sub("[, ]", "", plain), "leaf", unit=unit)
    if re.search(r"\d\s+\d", plain) or sum(map(plain.count, "([{")) > MAX_BRACKETS:
        raise Unreadable("numbers side by side, or too many brackets")
    plain = re.sub(r"\s+", "", plain)
    value = _without_name(plain)
    return replace(_form(value, unit), unit=unit, name=plain.removesuffix(value))


def _unescaped(text: str) -> str:
    r"""Take a backslash of ``\\frac``, as texts that went through JSON twice have them; in matrices it ends a row."""
    if "\\\\" in text and "\\begin" in text and re.search(r"\\\\[a-zA-Z]", text):
        raise Unreadable("a new row or a doubled backslash")
    return re.sub(r"\\\\(?=[a-zA-Z])", r"\\", text)


def last_side(form: Form) -> Form:
    """Return the last side of a chain of equal values, as in ``3+1=4``; anything else as it is."""
    if form.kind != "leaf" or "=" not in form.text:
        return form
    sides = [Form(side, "leaf", unit=form.unit) for side in form.text.split("=")]
    same = all(_values.compare(sides[-1].value, side.value) == "correct" for side in sides[:-1])
    return sides[-1] if same else form


def _without_unit(text: str, unit: str) -> tuple[str, str]:
    """Cut the words after a value off; of two letters only those that are units, others may be variables."""
    for match in _WORD.finditer(text):
        word, before, after = match.group(), text[: match.start()].strip(), text[match.start() :]
        if word in _NO_UNITS or (len(word) == 2 and word not in _UNITS):
            continue
        if re.search(r"[\d})]$", before) and not re.search(r"[=+*(,<>\\]|(?<!\^)(?<!\^\{)\d", after):
            return before.rstrip(" -"), after
        break
    return text, unit


def _without_name(text: str) -> str:
    """Return the value of ``x=5``, ``f(x)=5`` or ``x\\in(1,2)``; other equations stay."""
    match = _NAME.match(text)
    rest = text[match.end() :] if match else text
    return text if not rest or _RELATION.search(rest) else rest


def _form(text: str, unit: str = "") -> Form:
    """Take a text without spaces apart, down to lists of tuples."""
    union = _UNION.split(text)
    if len(union) > 1:
        return Form(text, "union", _parts(union))
    if _NUMERAL.fullmatch(text):
        return Form(re.sub("[{}]", "", text), "numeral")
    matrix = _MATRIX.fullmatch(text)
    if matrix and "\\begin" not in matrix[2]:
        rows = [row for row in re.split(r"\\\\", matrix[2]) if row]
        return Form(text, "matrix", _parts(f"({row.replace('&', ',')})" for row in rows))
    parts = _split(text)
    if len(parts) > 1:
        return Form(text, "list", _parts(parts))
    opening = next((bracket for bracket in ("(", "[", "\\{", "{") if text.startswith(bracket)), None)
    closing = next((bracket for bracket in (")", "]", "\\}", "}") if text.endswith(bracket)), None)
    if opening and closing and _is_one_group(text):
        inside = _split(text[len(opening) : len(text) - len(closing)])
        if opening in ("\\{", "{") and (len(inside) > 1 or opening == "\\{"):
            return Form(text, "set", _parts(inside))
        if len(inside) > 1:
            return Form(text, "tuple", _parts(inside), opening + closing)
    signs = text.split("\\pm")
    if len(signs) == 2:
        return Form(text, "list", _parts(signs[0] + sign + signs[1] for sign in "+-"))
    return Form(text, "leaf", unit=unit)


def _parts(texts) -> tuple[Form, ...]:
    parts = tuple(_form(part) for part in texts)
    if len(parts) > MAX_PARTS:
        raise Unreadable("too many parts")
    # A sign alone gives two answers, and so do its parts in a list.
    return tuple(inner for part in parts for inner in (part.parts if "\\pm" in part.text and part.parts else (part,)))


def _split(text: str) -> list[str]:
    """Split at the commas and semicolons outside all brackets."""
    depth, parts, start = 0, [], 0
    for match in _BRACKET.finditer(text):
        mark = match.group()
        if mark in (",", ";"):
            if depth == 0:
                parts.append(text[start : match.start()])
                start = match.end()
        else:
            depth += 1 if mark in _PAIRS else -1
    return [part for part in (*parts, text[start:]) if part]


def _is_one_group(text: str) -> bool:
    """Tell whether the first bracket closes at the very end; intervals may close with another kind."""
    depth = 0
    for match in _BRACKET.finditer(text):
        if match.group() in (",", ";"):
            continue
        depth += 1 if match.group() in _PAIRS else -1
        if depth == 0:
            return match.end() == len(text)
    return False


# Comparing.

_UNORDERED = ("list", "set", "union")
_RATIOS = frozenset(map(Fraction, (2, 3, 7, 10, 12, 16, 20, 24, 30, 36, 52, 60, 100, 365, 1000, 3600, 10**6, 10**9)))
"""How much larger one unit is than another; values that differ by so much may be the same in two of them."""


def compare(gold: Form, given: Form) -> str:
    """Return ``correct``, ``wrong`` or ``undecided``.

    Raises
    ------
    Unreadable
        One of them isn't understood, and they aren't the same text.
    """
    if gold.unit and given.unit and re.findall(r"\d", gold.unit) != re.findall(r"\d", given.unit):
        return "undecided"  # square or cubic
    if gold.name and given.name and gold.name != given.name:
        return "undecided"
    if gold.text == given.text and gold.brackets == given.brackets:
        return "correct"
    if gold.kind == given.kind == "leaf":
        return _compare_leaves(gold, given)
    if gold.kind in ("list", "set") and given.kind in ("list", "set"):
        return _compare_parts(gold.parts, given.parts, ordered=False)
    if gold.kind != given.kind or gold.kind == "numeral":  # also where a comma may be a decimal one
        return "undecided"
    verdict = _compare_parts(gold.parts, given.parts, ordered=gold.kind not in _UNORDERED)
    return "undecided" if verdict == "correct" and gold.brackets != given.brackets else verdict


def _compare_leaves(gold: Form, given: Form) -> str:
    if _WORDS_ONLY.fullmatch(gold.text) and _WORDS_ONLY.fullmatch(given.text):
        return _compare_words(gold.text, given.text)
    verdict = _values.compare(gold.value, given.value)
    if verdict == "wrong" and (gold.unit or given.unit):
        expected, found = gold.value.at[0], given.value.at[0]
        if isinstance(expected, Fraction) and isinstance(found, Fraction) and expected and found:
            ratio = abs(expected / found)
            return "undecided" if max(ratio, 1 / ratio) in _RATIOS else "wrong"
    return verdict


def _compare_words(gold: str, given: str) -> str:
    """Compare words; letters in another order may be a product, and a letter in another case another unknown."""
    if gold == given:
        return "correct"
    gold, given = gold.lower(), given.lower()
    return "undecided" if gold in given or given in gold or sorted(gold) == sorted(given) else "wrong"


def _compare_parts(gold: tuple[Form, ...], given: tuple[Form, ...], ordered: bool) -> str:
    if any("=" in part.text for part in (*gold, *given)):
        same = sorted(part.text for part in gold) == sorted(part.text for part in given)
        return "correct" if same else "undecided"
    if ordered:
        if len(gold) != len(given):
            return "wrong"
        verdicts = [compare(*pair) for pair in zip(gold, given, strict=True)]
    else:
        # Each part must be among those of the other side, whichever order and however often.
        verdicts = [_among(part, given) for part in gold] + [_among(part, gold) for part in given]
    return next((verdict for verdict in ("wrong", "undecided") if verdict in verdicts), "correct")


def _among(part: Form, others: tuple[Form, ...]) -> str:
    verdicts = {compare(part, other) for other in others}
    return next((verdict for verdict in ("correct", "undecided") if verdict in verdicts), "wrong")
