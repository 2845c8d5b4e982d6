"""Reads answers that are plain numbers, exactly, without a computer algebra system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_NUMBER = r"(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?: \d{3})+|\d+)(?:\.\d*)?|\.\d+"
_INTEGER = r"\d+"
_SCALE = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_SCALE |= {"lakh": 10**5, "crore": 10**7}
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
SPELLED = "|".join(
    (*_WORDS[1:], "fifteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
)
_PLAIN = re.compile(
    rf"(?P<sign>[+-]?) ?(?:(?P<mixed>{_INTEGER})(?: ?(?=\\frac)| (?=\d+ ?/)))?"
    rf"(?:\\frac ?\{{ ?(?P<fs>-?) ?(?P<fn>{_NUMBER}) ?\}} ?\{{ ?(?P<fd>{_NUMBER}) ?\}}"
    rf"|(?P<n>{_NUMBER}) ?/ ?(?P<d>{_NUMBER})"
    rf"|(?P<number>{_NUMBER})(?:[eE](?P<e>[+-]?\d{{1,3}})| ?(?:\\times|\\cdot) ?10 ?\^ ?(?:(?P<p>\d)|\{{ ?(?P<power>[+-]?\d{{1,3}}) ?\}}))?)"
    rf" ?(?:\\text\{{ ?)?(?:(?P<scale>{'|'.join(_SCALE)})s?)?(?: ?\}})? ?(?P<percent>\\%)?"
)
_REPEATING = re.compile(r"(-?) ?(\d*)\.(\d*) ?\\overline ?\{ ?(\d+) ?\}")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    value: Fraction
    """The number without regard to a percent sign."""
    decimals: int
    """Digits after the decimal point."""
    percent: bool
    """Whether a percent sign follows."""
    scale: str = ""
    """The word that scales it, such as ``million``."""
    unscaled: Fraction = Fraction(0)
    """The number without regard to that word."""


def read_number(text: str) -> Number | None:
    r"""Return the number that a normalized answer is, or None where it is anything more than a number.

    Integers and decimals with thousands separators, ``a/b``, ``\frac{a}{b}``, mixed numbers, powers of ten (also
    ``1e2``), words such as ``million``, a percent sign; ``zero`` to ``twelve``, ``1.\overline{3}``.
    """
    if text.lower() in _WORDS:
        value = Fraction(_WORDS.index(text.lower()))
        return Number(value, 0, False, unscaled=value)
    repeating = _REPEATING.fullmatch(text)
    if repeating:
        return _repeating(*repeating.groups())
    match = _PLAIN.fullmatch(text)
    if not match:
        return None
    numerator, denominator = (match["fn"] or match["n"] or match["number"]), (match["fd"] or match["d"] or "1")
    bottom = _fraction(denominator)
    if bottom == 0:
        return None
    value = _fraction(numerator) / bottom
    if match["mixed"]:
        if match["fs"]:
            return None
        value += int(match["mixed"])
    value *= Fraction(10) ** int(match["e"] or match["p"] or match["power"] or 0)
    if (match["sign"] == "-") != (match["fs"] == "-"):
        value = -value
    decimals = len(match["number"].partition(".")[2]) if match["number"] else 0
    scale = match["scale"] or ""
    return Number(value * _SCALE.get(scale, 1), decimals, bool(match["percent"]), scale, value)


def _repeating(sign: str, whole: str, fixed: str, period: str) -> Number:
    """Return 1.2333... from its parts 1, 2 and 3."""
    value = int(whole or 0) + (int(fixed or 0) + Fraction(int(period), 10 ** len(period) - 1)) / 10 ** len(fixed)
    return Number(-value if sign else value, 0, False)


def _fraction(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").replace(" ", "").rstrip(".") or "0")


MIN_DECIMALS = 6
"""Decimals at which a rounded number counts as its endless decimal expansion."""
MIN_PRINTED = 15
"""Decimals from which a number may be one that a program printed, to the precision of floating point."""


def equal(gold: Number, answer: Number) -> bool:
    """Tell whether two numbers are equal; 0.333333 (six decimals or more, rounded) also equals 1/3.

    So does what a program prints for 1/3, which need not be rounded (0.6666666666666666 for 2/3).
    """
    if gold.value == answer.value:
        return True
    if answer.decimals < MIN_DECIMALS or not _has_endless_decimals(gold.value):
        return False
    printed = answer.decimals >= MIN_PRINTED and float(gold.value) == float(answer.value)
    return printed or round(gold.value, answer.decimals) == answer.value


def _has_endless_decimals(value: Fraction) -> bool:
    denominator = value.denominator
    for factor in (2, 5):
        while denominator % factor == 0:
            denominator //= factor
    return denominator != 1
