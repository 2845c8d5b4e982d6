r"""Brings an answer or a gold into one spelling, without changing what it says.

The result is LaTeX without math delimiters, spacing commands, units and labels: ``\dfrac12 \text{ cm}.`` becomes
``\frac{1}{2}``. It is compared as it is and handed to the symbolic comparison.
"""

from __future__ import annotations

import re

from .number_words import with_digits
from .units import currency, cut_unit

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
        (r"\\(?:bm|boldsymbol|mathbf|mathit)\s*\{([^{}]*)\}", r"\1"),
        (r"\\(?:mbox|text(?:rm|bf|it|normal|sf|tt)|math(?:rm|sf|tt)|operatorname\*?)\s*\{", r"\\text{"),
        # One letter alone is a variable or a constant, unless it is a unit's (m).
        (r"(?<=[a-zA-Z])\\text\s*\{(?![ghmsLWJNCF]\})([a-zA-Z])\}", r" \1"),
        (
            r"\\text\s*\{(?![ghmsLWJNCF]\})([a-zA-Z!]|\\pi ?)\}",
            lambda match: match[1].strip() + " " * (len(match[1]) > 1),
        ),
        (r"\\text\s*\{\s*\}", ""),
        (r"\\text\s*\{\s*(%|\\%|per\s?cent(?:age)?s?|pct)\s*\}|(?<!\\)%|\bper ?cent(?:age)?\b|\bpct\b", r"\\%"),
        (r"\\(?:leq|leqslant)(?![a-zA-Z])|<=", r"\\le "),
        (r"\\(?:geq|geqslant)(?![a-zA-Z])|>=", r"\\ge "),
        (r"\\neq(?![a-zA-Z])|\\not\s*=|(?<=\s)!=", r"\\ne "),
        (r"\\gt(?![a-zA-Z])", ">"),
        (r"\\lt(?![a-zA-Z])", "<"),
        (r"(?<=[\w)}])\*\*(-?\d+|[a-zA-Z]|\([^()]*\))", r"^{\1}"),  # as programs write powers
        (r"\{:\}", ":"),
        (r"\\varnothing(?![a-zA-Z])|\\\{\s*\\\}", r"\\emptyset "),
        (r"\\lbrace(?![a-zA-Z])", r"\\{"),
        (r"\\rbrace(?![a-zA-Z])", r"\\}"),
        (r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ(?![a-zA-Z])|\\degrees?(?![a-zA-Z])", r"^\\circ "),
        (r"\\text\s*\{\s*\^\\circ\s*([CF]?)\s*\}", r"^\\circ \1"),
        (r"\\frac\s*(\d)\s*(\d)(?!\d)", r"\\frac{\1}{\2}"),
        (r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d)", r"\1{\2}"),
        (r"(?<=\d) ?\{\s*(\\frac\s*\{\d+\}\s*\{\d+\})\s*\}", r"\1"),  # a mixed number
        (r"\\sqrt\s*(\d|[a-zA-Z])", r"\\sqrt{\1}"),
        (r"(?<![\\a-zA-Z])sqrt ?\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"(?<![\\a-zA-Z])pi(?![a-zA-Z])", r"\\pi "),
        (r"\s+", " "),
    )
)

_LABEL = re.compile(r"^(?:\\text\{\s*)?(?:the\s+)?(?:final\s+)?answer\s*(?:is\s*:?|[:=])\s*\}?\s*", re.IGNORECASE)
_APPROXIMATION = re.compile(r"\\approx(?![a-zA-Z])|\\simeq(?![a-zA-Z])")
_VARIABLE = re.compile(r"[a-zA-Z](?:_\{?\w+\}?)?|\\[a-zA-Z]+")

_PLAIN_DIGITS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
"""Most answers: nothing to rewrite."""


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
    sign = currency(text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = _strip_ends(text)
    text = _strip_ends(_LABEL.sub("", text))
    text = with_digits(without_approximation(text), question)
    text, unit = cut_unit(text, question)
    return _strip_ends(_unwrap(_strip_ends(text))), sign or unit


def without_approximation(text: str) -> str:
    r"""Return the exact side of ``exact \approx decimal``; the decimal where the exact side is only a name."""
    sides = [side.strip() for side in _APPROXIMATION.split(text)]
    if len(sides) == 1:
        return text
    exact = sides[0].rsplit("=", 1)[-1].strip()
    return sides[1] if _VARIABLE.fullmatch(exact) or not exact else sides[0]


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
