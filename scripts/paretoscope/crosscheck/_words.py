r"""Which words beside an answer are a plain unit; the second grader decides nothing where any other word stands."""

from __future__ import annotations

import re

_KINDS = (
    "dollar dollars usd $|cent cents ¢ penny pennies|euro euros €|pound-sterling £|yuan 元|rupee rupees ₹",
    "second seconds sec secs|minute minutes min mins|hour hours hr hrs 小时|day days 天|week weeks 周|month months"
    "|year years yr yrs 年 岁|decade decades|century centuries",
    "mm millimeter millimeters millimetres|cm centimeter centimeters centimetres 厘米"
    "|meter meters metre metres 米|km kilometer kilometers kilometres 公里|inch inches|foot feet ft|yard yards"
    "|mile miles mi",
    "mg milligram milligrams|gram grams|kg kilogram kilograms kilos 千克|ounce ounces oz|lb lbs|ton tons|tonne tonnes",
    "ml mL milliliter milliliters|liter liters litre litres|gallon gallons|quart quarts|pint pints|cup cups"
    "|tablespoon tablespoons|teaspoon teaspoons",
    "degree degrees|radian radians",
    "mph|kmh kph",
    "am|pm",
)
_UNITS = {
    word: (kind, unit.split()[0])
    for kind, units in enumerate(_KINDS)
    for unit in units.split("|")
    for word in unit.split()
}
"""What a unit measures, and its name, by the ways to write it; ``pounds`` is money or a weight, so it is neither."""
_RISKY = re.compile(
    r"hundred|thousand|million|billion|trillion|dozen|score|pairs?$|couple|gross|hal(?:f|ves)|third|quarter|(?:[a-z]{2}th|nth)s?$"
    r"|times?$|twice|thrice|double|triple|squared|cubed|square$|cubic|sq$|least|most|more|less|few|than|over|under|above|below"
    r"|not?$|never|none|without|except|other|but$|or$|if$|minus|negative|percent|about|almost|nearly|hundredfold|fold$"
)
_NEUTRAL = frozenset(
    (
        *(
            "the",
            "an",
            "of",
            "is",
            "are",
            "was",
            "it",
            "so",
            "in",
            "total",
            "all",
            "there",
            "and",
            "final",
            "altogether",
        ),
        *(
            "left",
            "remaining",
            "per",
            "each",
            "every",
            "from",
            "to",
            "for",
            "on",
            "at",
            "with",
            "after",
            "now",
            "still",
        ),
        *("long", "old", "tall", "together", "when", "by", "during"),
    )
)
_WRAPPED = re.compile(r"\\(?:text\w{0,6}|math(?:rm|bf)|mbox|boxed|left|right|quad|qquad)(?![a-zA-Z])|\\[$%,;:! ]")
_WORD = re.compile(r"[A-Za-z]+|[\u4e00-\u9fff]+|[$€£¢₹]")
_SQUARED = re.compile(r"\b(?:square|area|cubic|volume|surface)\b|[²³]|\^", re.IGNORECASE)


def is_plain_unit(beside: str, question: str, target: str) -> bool:
    """Tell whether what stands beside an answer changes nothing about it.

    A word does that which the question or the gold has, or which is a unit, unless it counts (*dozens*), compares (*at
    most*) or denies. A unit is that of the gold, else the only one of its kind in what the question asks; where
    that has none, nothing else may be measured there.

    Parameters
    ----------
    beside : str
        The answer without its value.
    """
    rest = _WRAPPED.sub(" ", beside)
    words = _WORD.findall(rest)
    if re.search(r"[²³^]|\d", rest) and not _SQUARED.search(f"{question} {target}"):
        return False
    if re.search(r"[\\+<>≤≥≈~=?？]", rest):
        return False
    known = {_stem(word) for word in _WORD.findall(f"{question} {target}".lower())}
    return all(_is_plain(word, known) and _fits(word, question, target) for word in words)


def _stem(word: str) -> str:
    return re.sub(r"(?:es|s)$", "", word)


def _is_plain(word: str, known: set[str]) -> bool:
    lower = word.lower()
    if lower in ("square", "cubic", "sq") and lower in known | {"sq"}:
        return True
    return not _RISKY.match(lower) and (word in _UNITS or lower in _UNITS or lower in _NEUTRAL or _stem(lower) in known)


def _fits(word: str, question: str, target: str) -> bool:
    """Tell whether a unit is the one that is asked for; what is no unit fits."""
    measured = _UNITS.get(word) or _UNITS.get(word.lower())
    if not measured:
        return True
    asked = re.split(r"(?<=[.!?])\s+", question.strip())[-1]
    for text in (target, asked, question):
        named = {
            _UNITS[found][1] for found in _WORD.findall(text.lower()) if _UNITS.get(found, (None,))[0] == measured[0]
        }
        if named:
            return named == {measured[1]}
    return not any(found in _UNITS for found in _WORD.findall(asked.lower()))
