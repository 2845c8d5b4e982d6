"""Numbers that are spelled out in English, as digits."""

from __future__ import annotations

import re

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
_PART = re.compile(
    r"\s*(?:hal(?:f|ves)|thirds?|fourths?|quarters?|fifths?|sixths?|tenths?|and|or|to|of|by|over|point)\b"
)
"""Words after a number that make it a part, or the beginning of something else."""


def with_digits(text: str) -> str:
    r"""Return ``\text{twenty-one}`` as 21 and *three apples* as 3 apples; any other text as it is."""
    match = _SPELLED.fullmatch(text)
    if not match or _PART.match(match["rest"].lower()):
        return text
    value = _value(re.findall(r"[a-z]+", match["words"].lower()))
    return text if value is None else f"{value}{match['rest']}"


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
