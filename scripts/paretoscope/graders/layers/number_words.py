"""Numbers that are spelled out in English, as digits."""

from __future__ import annotations

import re

from .units import asks_for, changes_number

# fmt: off
_SMALL = {name: value for value, name in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
))}
# fmt: on
_TENS = {
    name: 10 * value
    for value, name in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
_POWERS = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_ANY = "|".join(sorted((*_SMALL, *_TENS, "hundred", *_POWERS), key=len, reverse=True))
_SPELLED = re.compile(
    rf"(?P<text>\\text ?\{{)?\s*(?P<words>(?:{_ANY})\b(?:(?:-|\s+(?:and\s+)?)(?:{_ANY})\b)*)"
    r"(?P<rest>(?:\s+[a-z ]*)?)(?(text)\})",
    re.IGNORECASE,
)
_PARTS = {
    "half": 2,
    "halve": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "eleventh": 11,
    "twelfth": 12,
    "sixteenth": 16,
    "twentieth": 20,
    "hundredth": 100,
    "thousandth": 1000,
    "millionth": 10**6,
    "billionth": 10**9,
}
_FRACTION = re.compile(
    r"(?:\\text ?\{\s*)?(?P<sign>-?)(?:(?P<whole>[a-z-]+(?: [a-z]+)*?|\d+) and )?(?P<top>[a-z]+(?:-[a-z]+)?|\d+)?"
    rf"[ -]?\b(?P<bottom>{'|'.join(_PARTS)})s?(?P<rest>(?: [a-z]+)*)\s*\}}?"
)
_SIGN = re.compile(r"(\\text ?\{\s*)?(?:negative|minus) ", re.IGNORECASE)


def with_digits(text: str, question: str = "") -> str:
    r"""Return ``\text{twenty-one}`` as 21, *three apples* as 3 apples, *three eighths* as a fraction.

    Any other text stays as it is, and so do quarters or the like where the question counts in them.
    """
    if not text[-1:].isalpha() and text[-1:] != "}":
        return (
            _SIGN.sub(lambda match: (match[1] or "") + "-", text) if re.search(r"^[nm]", text, re.IGNORECASE) else text
        )
    sign, positive = ("-", _SIGN.sub(lambda match: match[1] or "", text)) if _SIGN.match(text) else ("", text)
    fraction = _fraction(positive.lower(), question)
    if fraction:
        return sign + fraction
    match = _SPELLED.fullmatch(positive)
    if not match or changes_number(match["rest"], question) or match["rest"].split()[:1] in (["of"], ["point"], ["in"]):
        return text
    value = _value(re.findall(r"[a-z]+", match["words"].lower()))
    return text if value is None else f"{sign}{value}{match['rest']}"


def _fraction(text: str, question: str) -> str:
    """Return a fraction in words or with its lower part in words (*3 quarters*); nothing where there is none."""
    match = _FRACTION.fullmatch(text)
    if not match or asks_for(match["bottom"], question) or changes_number(match["rest"], question):
        return ""
    whole, top = _count(match["whole"] or "zero"), _count(match["top"] or "a")
    if whole is None or top is None:
        return ""
    bottom = _PARTS[match["bottom"]]
    return rf"{match['sign']}\frac{{{whole * bottom + top}}}{{{bottom}}}{match['rest']}"


def _count(words: str) -> int | None:
    if words.isdigit():
        return int(words)
    named = re.findall(r"[a-z]+", words)
    known = all(word in _SMALL or word in _TENS or word in _POWERS or word in ("hundred", "and") for word in named)
    return 1 if named in (["a"], ["an"]) else _value(named) if known else None


def _value(words: list[str]) -> int | None:
    """Return the number that words say; None where they are several numbers (*two three*)."""
    total = group = 0
    last = 10**12  # the value of the word before, which a word that is added must stay below
    for word in words:
        if word == "and":
            continue
        if word in _POWERS:
            power = _POWERS[word]
            if not group or (total and total % (power * 1000)):
                return None
            total, group, last = total + group * power, 0, power
        elif word == "hundred":
            if not 0 < group < 10:
                return None
            group, last = group * 100, 100
        else:
            value = _SMALL.get(word, _TENS.get(word, 0))
            room = 10 if last in _TENS.values() else last
            if value >= room or (group and not value):
                return None
            group, last = group + value, value if word in _TENS else 1
    return total + group
