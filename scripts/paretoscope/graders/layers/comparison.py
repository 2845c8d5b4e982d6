"""Comparison without computer algebra: as text, words, brackets, numerals with a base, numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from . import numbers
from .limits import MAX_LENGTH
from .marks import compare_marks
from .units import asking_sentences, asks_for, asks_for_unit


def compare_plainly(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Compare two normalized answers without sympy; the verdict is None where that can't tell."""
    if not answer:
        return "unparsed", "empty"
    if squeeze(gold) == squeeze(answer):
        return "correct", "exact"
    for rule in (
        _compare_words,
        compare_marks,
        _compare_brackets,
        _compare_numerals,
        _compare_numbers,
        _compare_commas,
        _compare_percentages,
    ):
        verdict, method = rule(gold, answer, question)
        if verdict is not None:
            return verdict, method
    return None, ""


def squeeze(text: str) -> str:
    """Return the text without spaces, but for those between digits: 1 1/2 isn't 11/2, nor is 3. 14 a decimal."""
    return re.sub(r"(?<![\d.])\s+|\s+(?!\d)", "", text)


_WORDS = re.compile(r"\(?\s*([A-Za-z])\s*\)|[A-Za-z]{2,}(?: [A-Za-z]+)*")


def _compare_words(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Compare where the gold is a word (*even*) or a choice ((C)); letter case and brackets don't matter."""
    if not _WORDS.fullmatch(gold):
        letter = _OPTION.fullmatch(answer) if re.fullmatch(r"[A-Z]", gold) else None
        return (_verdict(gold in letter.groups()), "words") if letter else (None, "")
    spelled = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", answer)
    choice = _CHOICE.match(spelled)
    if choice and len(_letters(gold)) == 1:
        spelled = choice.group()
    joined = re.sub(r"(?<=[a-z]{2})-(?=[a-z]{2})", " ", spelled)
    if _OPERATOR.search(joined) or (gold.islower() and _is_product(gold, spelled)):
        return (None, "") if _MAY_BE_VARIABLES.fullmatch(gold) else ("wrong", "words")
    return _verdict(_letters(gold).removesuffix("s") == _letters(spelled).removesuffix("s")), "words"


def _is_product(gold: str, answer: str) -> bool:
    """Tell whether an answer has the letters of the gold in another order."""
    return _letters(gold) != _letters(answer) and sorted(_letters(gold)) == sorted(_letters(answer))


_OPERATOR = re.compile(r"[-+*/^=_<>,|]|\\(?:cdot|times|frac|sqrt|pm|div|cup|cap)(?![a-zA-Z])")
_MAY_BE_VARIABLES = re.compile(
    r"(?!no|on|or|to|in|is|am|pm|of|up|if|go|so)[a-zA-Z]{2}|[a-dx-z]{3}|[b-df-hj-np-tv-z]{3,4}"
)
"""Letters that may be a product, whose order says nothing, or segments; words are compared by their letters."""
_CHOICE = re.compile(r"\s*\(\s*[A-Z]\s*\)")
"""The letter of an option before the option itself: (B) 5."""
_OPTION = re.compile(r"\\text\s*\{\s*\(([A-Z])\)\s*\}.*|\(([A-Z])\)(?:[\s:.]+[^-+*/^=()\s:.].*)?", re.DOTALL)
"""The same where the gold is a letter alone, which may be a variable: (A)(B) and (A) + 1 hold it as well."""


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9\\]+", "", text.lower())


_INSIDE = r"(?:[^()\[\]]|\([^()]*\))*"
_POINT = re.compile(rf"[(\[]{_INSIDE},{_INSIDE}[)\]]")
_LISTED_SET = re.compile(r"\\\{(?:(?!\\[{}]|\\mid|\\l[et]|\\g[et]|\\in(?![a-z])|[|:<>]).)*,.*\\\}", re.DOTALL)


def _compare_brackets(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Tell a set of listed elements from a point or an interval; a gold without brackets may be either."""
    kinds = {bool(_LISTED_SET.fullmatch(text)) - bool(_POINT.fullmatch(text)) for text in (gold, answer)}
    return ("wrong", "brackets") if kinds == {1, -1} else (None, "")


_NUMERAL = re.compile(r"([0-9][0-9A-F]*)\s*_\s*(?:\{\s*(?:\\text\{)?\s*)?(\d+|[a-z]+)\s*\}?\}?", re.IGNORECASE)
_BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "sixteen": 16,
}


def _compare_numerals(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Compare numerals with a base (2516_8); a base that isn't written is the one that the question asks for."""
    (gold_digits, gold_base), (digits, base) = _numeral(gold), _numeral(answer)
    if gold_base is None and base is None:
        return None, ""
    if digits is None or gold_digits is None:
        return ("wrong", "base") if gold_digits is not None else (None, "")
    asked = _bases_in(question)
    bases_agree = gold_base == base or (None in (gold_base, base) and (gold_base or base) in asked | {10})
    return ("correct" if gold_digits == digits and bases_agree else "wrong"), "base"


def _numeral(text: str) -> tuple[str | None, int | None]:
    match = _NUMERAL.fullmatch(text)
    if match:
        base = match.group(2)
        number = int(base) if base.isdigit() else _BASES.get(base.lower())
        return (match.group(1).lstrip("0"), number) if number else (None, None)
    plain = re.sub(r"(?<=\d)[, ](?=\d{3})", "", text)
    return (plain.lstrip("0"), None) if re.fullmatch(r"\d+", plain) else (None, None)


def _bases_in(question: str) -> set[int]:
    named = re.findall(r"base[- ]\$?(\d+|[a-z]+)", question, re.IGNORECASE)
    named += re.findall(r"(?<![a-zA-Z\\])(?:[0-9A-F]*\d[0-9A-F]*|[A-F]{2,})_\{?(\d+)", question)  # no index, as in a_8
    return {int(base) if base.isdigit() else _BASES.get(base.lower(), 0) for base in named}


_SEPARATOR = re.compile(r"[,;]|\\text\s*\{\s*(?:and|or)\s*\}|\b(?:and|or)\b")
_NAMED = re.compile(r"\s*(?P<name>[a-zA-Z](?:_\{?\w\}?)?)\s*=\s*(?P<value>[^=<>]*[^=<>\s])\s*")


def as_points(gold: str, answer: str, question: str = "") -> tuple[str, str]:
    """Return solutions of a system, such as ``p=5, q=2; p=7, q=2``, as points where both name the same unknowns.

    Where one of them is a point itself, its coordinates have the order in which the question names that point, else
    that of the alphabet.
    """
    if max(gold.count("="), answer.count("=")) < 2:
        return gold, answer
    (names, points), (other_names, other_points) = _points(gold, question), _points(answer, question)
    if names and other_names:
        return (points, other_points) if names == other_names else (gold, answer)
    if names and _POINT.fullmatch(answer):
        return points, answer
    return (gold, other_points) if other_names and _POINT.fullmatch(gold) else (gold, answer)


def _points(text: str, question: str) -> tuple[tuple[str, ...], str]:
    """Return the unknowns and their values as one text, (5,2),(7,2); nothing where the text is anything else."""
    if len(text) > MAX_LENGTH or re.search(r"[(\[]|\\\{", text):
        return (), ""
    points: list[dict[str, str]] = []
    for part in filter(str.strip, _SEPARATOR.split(text)):
        match = _NAMED.fullmatch(part)
        if not match:
            return (), ""
        if not points or match["name"] in points[-1]:
            points.append({})
        points[-1][match["name"]] = match["value"]
    names = tuple(sorted(points[0])) if points else ()
    if len(names) < 2 or any(tuple(sorted(point)) != names for point in points):
        return (), ""
    asked = [tuple(re.split(r"\s*,\s*", inside.strip())) for inside in re.findall(r"\(([\w\s,{}]+)\)", question)]
    names = next((order for order in asked if tuple(sorted(order)) == names), names)
    return names, ", ".join("(" + ",".join(point[name] for name in names) + ")" for point in points)


_ASSIGNMENT = re.compile(
    r"(?P<name>(?:[A-Za-z]|\\[a-z]+|\\text\{[^{}]*\}|[A-Za-z ]{2,40})(?:_\{?\w+\}?|\([a-z]\))?|[-+*/\d\s.,()×]+)"
    r" ?= ?(?P<value>[^=]+)"
)


def _compare_numbers(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Compare two plain numbers exactly; percent signs count unless the question asks for a percentage."""
    (gold_name, gold_value), (name, value) = _assignment(gold), _assignment(answer)
    if gold_name and name and gold_name != name:
        return None, ""
    expected, given = numbers.read_number(gold_value), numbers.read_number(value)
    if expected is None or given is None:
        return None, ""
    method = "integer" if expected.value.denominator == 1 else "number"
    if expected.percent == given.percent or (given.percent and asks_for_percentage(question)):
        # "5 dozen" is 5 where the question counts in dozens, and 60 everywhere.
        unscaled = bool(given.scale) and asks_for(given.scale, question)
        same = numbers.equal(expected, given) or (unscaled and expected.value == given.unscaled)
        return _verdict(same), method
    if expected.percent:
        # A gold of 10\% takes 10 and 0.1.
        return _verdict(numbers.equal(expected, given) or expected.value / 100 == given.value), "percent"
    return _verdict(expected.value == given.value / 100), "percent"


_DECIMAL_COMMA = re.compile(r"[+-]?(?!(?:[1-9]\d{0,2}),\d{3}$)\d+,\d+")


def _compare_commas(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Take a decimal comma for a point where the other side has one: 2,5 is 2.5; 1,234 is a thousand and more."""
    for comma, point in ((gold, answer), (answer, gold)):
        if _DECIMAL_COMMA.fullmatch(comma) and "." in point:
            expected, given = numbers.read_number(comma.replace(",", ".")), numbers.read_number(point)
            if given is not None and expected.value == given.value:
                return "correct", "decimal_comma"
    return None, ""


def _compare_percentages(gold: str, answer: str, question: str) -> tuple[str | None, str]:
    """Tell a list of percentages from one of numbers, unless the question asks for percentages."""
    if "," not in gold or ("\\%" in gold) == ("\\%" in answer) or "\\%" in gold or asks_for_percentage(question):
        return None, ""
    return "wrong", "percent"


def _verdict(same: bool) -> str:
    return "correct" if same else "wrong"


def _assignment(text: str) -> tuple[str, str]:
    """Return name and value where a text assigns a value to a name or a sum (``x = 5``, ``3 + 2 = 5``)."""
    match = _ASSIGNMENT.fullmatch(text)
    return (match["name"].strip(), match["value"].strip()) if match else ("", text)


_PERCENTAGE = re.compile(r"(?<!\d)(?<!\d )(?<!\d\\)(?<!-)(?:percent|per cent|\\?%)")
_SPELLED_PERCENTAGE = re.compile(rf"\b(?:{numbers.SPELLED})[ -]per ?cent")
_OF_THINGS = re.compile(r"\s*how (?:many|much|far|long|fast|old|tall)\b(?! percent)")
_AS_PERCENTAGE = re.compile(r"\b(?:in|as a|as|the|a|to the nearest(?: [a-z]+)*) (?:percent|%|\\%)")


@lru_cache(maxsize=4096)
def asks_for_percentage(question: str) -> bool:
    """Tell whether a question wants a percentage or a rate; one that only mentions 20% doesn't.

    Takes time linear in the question's length, and once for all completions of it.
    """
    for asking in asking_sentences(question):
        asking = _SPELLED_PERCENTAGE.sub("", asking)
        pattern = _AS_PERCENTAGE if _OF_THINGS.match(asking) else _PERCENTAGE
        if pattern.search(asking) or (re.search(r"\brate\b", asking) and not asks_for_unit(question)):
            return True
    return False


def is_plain(gold: str) -> bool:
    """Tell whether a gold is a number, a word or a numeral, which needs no computer algebra to be read."""
    number = numbers.read_number(_assignment(gold)[1])
    return number is not None or bool(_WORDS.fullmatch(gold)) or _numeral(gold) != (None, None)
