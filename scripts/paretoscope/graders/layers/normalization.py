r"""Brings an answer or a gold into one spelling, without changing what it says.

The result is LaTeX without math delimiters, spacing commands, units and labels: ``\dfrac12 \text{ cm}.`` becomes
``\frac{1}{2}``. It is compared as it is and handed to the symbolic comparison.
"""

from __future__ import annotations

import re

from .number_words import with_digits

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SYMBOLS = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "×": r"\times ",
        "·": r"\cdot ",
        "⋅": r"\cdot ",
        "÷": "/",
        "π": r"\pi ",
        "θ": r"\theta ",
        "∞": r"\infty ",
        "°": r"^\circ ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "≈": r"\approx ",
        "±": r"\pm ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "∈": r"\in ",
        "∅": r"\emptyset ",
        "²": "^{2}",
        "³": "^{3}",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
)
_ROOT_SIGN = re.compile(r"√\s*(\d+|[a-zA-Z]|\([^()]*\)|\{[^{}]*\})")

_REWRITES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Doubly escaped commands, which some recordings have; a row break is never followed by a bare "frac".
        (
            r"(?<!\\)\\\\(?=(?:[dtc]?frac|sqrt|text|pi|circ|cdot|times|left|right|binom|infty|pm|theta)(?![a-zA-Z]))",
            r"\\",
        ),
        (r"\\(?:text)?color(?:\s*\[[^\[\]]*\])?\s*\{[^{}]*\}\s*", ""),
        (r"(?<!\\)\\[()\[\]]|\\?[$€£¥₹]", ""),  # math delimiters and currencies
        (r"(?<=\d)(?:st|nd|rd|th)\b", ""),
        (r"(?<=\d) ?\((?=[\d.]+\))", r"\\cdot ("),  # else math-verify reads a function call
        (r"(?<!\\)\\!\s*|\{,\}\s*(?=\d)", lambda match: "," if match.group()[0] == "{" else ""),
        (r"(?<!\\)\\[,;: >]|(?<!\\)\\(?=\s)|\\(?:q?quad|thinspace|enspace|hfill)(?![a-zA-Z])|~", " "),
        (r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits)(?![a-zA-Z])\s*\.?", ""),
        (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
        (r"\\(?:mbox|text(?:rm|bf|it|normal|sf|tt)|math(?:rm|bf|it|sf|tt)|operatorname\*?)\s*\{", r"\\text{"),
        (r"\\(?:bm|boldsymbol|mathbf)\s*\{([^{}]*)\}", r"\1"),
        (r"\\text\s*\{\s*\}", ""),
        (r"\\text\s*\{\s*(%|\\%|percent(?:age)?s?)\s*\}|(?<!\\)%|\bpercent(?:age)?\b", r"\\%"),
        (r"\\(?:leq|leqslant)(?![a-zA-Z])|<=", r"\\le "),
        (r"\\(?:geq|geqslant)(?![a-zA-Z])|>=", r"\\ge "),
        (r"\\neq(?![a-zA-Z])|(?<=\s)!=", r"\\ne "),
        (r"\\gt(?![a-zA-Z])", ">"),
        (r"\\lt(?![a-zA-Z])", "<"),
        (r"(?<=[\w)}])\*\*(-?\d+|[a-zA-Z]|\([^()]*\))", r"^{\1}"),  # as programs write powers
        (r"\{:\}", ":"),
        (r"\\varnothing(?![a-zA-Z])|\\\{\s*\\\}", r"\\emptyset "),
        (r"\\lbrace(?![a-zA-Z])", r"\\{"),
        (r"\\rbrace(?![a-zA-Z])", r"\\}"),
        (r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ(?![a-zA-Z])|\\degrees?(?![a-zA-Z])", r"^\\circ "),
        (r"\\frac\s*(\d)\s*(\d)(?!\d)", r"\\frac{\1}{\2}"),
        (r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d)", r"\1{\2}"),
        (r"\\sqrt\s*(\d|[a-zA-Z])", r"\\sqrt{\1}"),
        (r"(?<![\\a-zA-Z])sqrt ?\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"(?<![\\a-zA-Z])pi(?![a-zA-Z])", r"\\pi "),
        (r"\s+", " "),
    )
)

_LABEL = re.compile(r"^(?:\\text\{\s*)?(?:the\s+)?(?:final\s+)?answer\s*(?:is\s*:?|[:=])\s*\}?\s*", re.IGNORECASE)
_APPROXIMATION = re.compile(r"\\approx(?![a-zA-Z])|\\simeq(?![a-zA-Z])")
_VARIABLE = re.compile(r"[a-zA-Z](?:_\{?\w+\}?)?|\\[a-zA-Z]+")

_TEXT_UNIT = re.compile(r"(?<=[^\s,;(\[{=])\s*\\text\s*\{([^{}]*)\}\s*(?:\^\s*(\d|\{\s*-?\d\s*\}))?$")
_WORD_UNIT = re.compile(r"(?<=[\d})])(\s+|(?<=\d))([a-zA-Z][a-zA-Z .'/-]*?)\s*(?:\^\s*(\d|\{\s*-?\d\s*\}))?$")
_DEGREES = re.compile(r"(?<=\S)\s*\^\\circ\s*([CF]?)$")
_ANGLE = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
"""Of an angle in a function degrees aren't dropped."""
_DEGREES_IN_FUNCTION = re.compile(r"(\d+(?:\.\d+)?) ?\^\\circ ?")
_CHINESE_UNIT = re.compile(r"(?<=[\d})])\s*(?![\u4e07\u4ebf\u5343\u767e])[\u4e00-\u9fff]{1,4}$")
"""Words that scale the number (ten thousand, a hundred million, thousand, hundred) stay."""
_SHORT_UNIT = re.compile(
    "m|s|g|h|L|ft|in|cm|mm|km|kg|mg|m[lL]|mph|km/?h|m/s|lbs?|oz|hrs?|min|sec|am|pm|kWh|W|J|N|Hz|cc",
)
_UNITS = {
    name: unit
    for unit, names in {
        "meter": "m metre",
        "centimeter": "cm centimetre",
        "millimeter": "mm millimetre",
        "kilometer": "km kilometre",
        "foot": "ft feet",
        "inch": "in inches",
        "yard": "yd",
        "mile": "mi",
        "gram": "g",
        "kilogram": "kg",
        "milligram": "mg",
        "pound": "lb",
        "ounce": "oz",
        "liter": "L litre",
        "milliliter": "mL ml cc millilitre",
        "second": "s sec",
        "minute": "min",
        "hour": "h hr",
        "day": "",
        "week": "",
        "month": "",
        "year": "",
        "am": "a.m",
        "pm": "p.m",
        "mph": "",
        "km/h": "kmh",
        "m/s": "",
        "watt": "W",
        "kilowatt-hour": "kWh",
        "joule": "J",
        "newton": "N",
        "hertz": "Hz",
        "dollar": "",
        "cent": "",
        "celsius": "C",
        "fahrenheit": "F",
    }.items()
    for name in (unit, *names.split())
}
"""Spellings of the units that are told apart; any other word after a number is dropped unread."""
_PLAIN_NUMBER = re.compile(
    r"[-+]? ?(?:(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?: ?/ ?\d+)?|(?:\d+ ?)?\\frac ?\{\d+\} ?\{\d+\})"
    r"(?: ?\\(?:times|cdot) ?10 ?\^ ?(?:\d|\{-?\d+\}))?"
)
_PLAIN_DIGITS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
"""Most answers: nothing to rewrite."""
_CONSTANTS = re.compile(r"\\(?:pi|sqrt|frac|cdot|times|pm|%)(?![a-zA-Z])")
_NOT_UNITS = re.compile(
    r"\b(?:and|or|to|plus|minus|over|by|sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|pi|inf|infinity|mod"
    r"|hundred|thousand|million|billion|trillion|dozen)\b",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """Return the text without invisible and control characters, full-width forms as ASCII, symbols as LaTeX."""
    text = _CONTROL.sub("", _INVISIBLE.sub("", text)).translate(_FULL_WIDTH).translate(_SYMBOLS)
    return _ROOT_SIGN.sub(lambda match: rf"\sqrt{{{match.group(1).strip('(){}')}}}", text)


def normalize(answer: str, question: str = "") -> str:
    """Return the answer in the one spelling that the comparisons read."""
    return split_unit(answer, question)[0]


def split_unit(answer: str, question: str = "") -> tuple[str, str]:
    r"""Return the normalized answer and its unit; the unit is empty where there is none or none that is known.

    Parameters
    ----------
    answer : str
        The answer as it was given.
    question : str
        A unit that it spells out (*meters*) is also dropped as a letter (``\sqrt{2} m``).
    """
    text = answer.strip()
    if _PLAIN_DIGITS.fullmatch(text):
        return text, ""
    text = clean(text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = _strip_ends(text)
    text = _strip_ends(_LABEL.sub("", text))
    text = with_digits(without_approximation(text))
    text, unit = _cut_unit(text, question)
    return _strip_ends(_unwrap(text)), unit


def in_radians(text: str) -> str:
    r"""Return ``\sin 60^\circ`` with its angle as math-verify reads it."""
    return _DEGREES_IN_FUNCTION.sub(r"\\frac{\1 \\pi}{180}", text) if _ANGLE.search(text) else text


def without_approximation(text: str) -> str:
    r"""Return the exact side of ``exact \approx decimal``; the decimal where the exact side is only a name."""
    sides = [side.strip() for side in _APPROXIMATION.split(text)]
    if len(sides) == 1:
        return text
    exact = sides[0].rsplit("=", 1)[-1].strip()
    return sides[1] if _VARIABLE.fullmatch(exact) or not exact else sides[0]


def _cut_unit(text: str, question: str) -> tuple[str, str]:
    r"""Return the text without the unit at its end (``\text{ cm}^2``, ``miles per hour``, degrees), and that unit.

    Words that scale the number (``million``) or join answers (``or``) stay, and so do letters that may be variables.
    """
    degrees = _DEGREES.search(text)
    if degrees and not _ANGLE.search(text):
        return text[: degrees.start()], _UNITS.get(degrees.group(1), "")
    text = _CHINESE_UNIT.sub("", text)
    match = _TEXT_UNIT.search(text)
    if match and not _NOT_UNITS.search(match.group(1)):
        return _strip_ends(text[: match.start()]), _known_unit(match.group(1), match.group(2))
    match = _WORD_UNIT.search(text)
    if match and _is_unit(match.group(2), not match.group(1), text[: match.start()], question):
        return _strip_ends(text[: match.start()]), _known_unit(match.group(2), match.group(3))
    return text, ""


def _known_unit(words: str, power: str | None) -> str:
    words = words.strip().rstrip(".")
    unit = _UNITS.get(words) or _UNITS.get(words.lower().removesuffix("s"), "")
    return unit + (power or "").strip(" {}") if unit else ""


def _is_unit(words: str, attached: bool, before: str, question: str) -> bool:
    r"""Tell whether words after a number are a unit; without a space between, only well-known symbols are.

    In ``2x + 3m`` or ``\pi r^2 h`` the last letter is a variable as the others are. One letter alone is a unit only
    after a plain number, or where the question spells that unit out.
    """
    words = words.strip().rstrip(".")
    value = before.rsplit("=", 1)[-1].strip()
    if not attached and len(words) > 3 and _known_unit(words, None):
        return True
    if re.search(r"[a-zA-Z]", _CONSTANTS.sub("", value)):
        return False
    if len(words) == 1:
        unit = _UNITS.get(words)
        return unit is not None and bool(_PLAIN_NUMBER.fullmatch(value) or unit in question.lower())
    if _SHORT_UNIT.fullmatch(words):
        return True
    return not attached and not _NOT_UNITS.search(words) and any(_is_word(word, question) for word in words.split())


def _is_word(word: str, question: str) -> bool:
    """Tell a word (*dollars*) from variables that are multiplied (*abc*); short ones count if the question has them."""
    if len(word) > 3:
        return bool(re.search(r"[aeiou]", word.lower())) and word.lower() not in "abcdefghijklmnopqrstuvwxyz"
    return _known_unit(word, None) != "" or bool(re.search(rf"\b{re.escape(word)}\b", question))


def _unwrap(text: str) -> str:
    r"""Return what ``\text{...}`` or ``{...}`` holds where it holds everything."""
    for opening in (r"\\text\s*\{", r"\{"):
        match = re.fullmatch(opening + r"([^{}]*)\}", text)
        if match:
            return match.group(1)
    return text


def _strip_ends(text: str) -> str:
    text = text.strip().strip("*_`").strip()
    text = re.sub(r"(?:[.,;:。、]|(?<!\\)\\)+$", "", text) if not text.endswith(r"\}") else text
    return text.strip()
