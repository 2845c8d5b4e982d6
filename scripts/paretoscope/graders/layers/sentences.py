"""Which numbers of a sentence are the answer: what the question asks for and doesn't give itself."""

from __future__ import annotations

import re

_NUMBER = re.compile(
    r"(?<![\w.,:])(?P<denied>\bnot[ ])?-?\$?\s?(?P<number>\d[\d,]*(?:\.\d+)?(?:/\d+|:\d\d)?)(?P<percent>\s?\\?%)?"
)


def answering_numbers(sentence: str, question: str) -> list[str]:
    """Return the numbers of a sentence that may be the answer: one where that is clear, several where it isn't.

    Of several, the one after *a total of* is it; else those that the question doesn't have, then those before the
    word that the question counts, then those that something *is*.
    """
    sides = _after_last_equals(re.sub(r"\([^()]*\)", "", sentence.replace("\\(", "").replace("\\)", "")))
    numbers = list(dict.fromkeys(_numbers(sides)))
    for narrow in (_total_numbers, _new_numbers, _counted_numbers, _predicated_numbers):
        if len(numbers) > 1:
            numbers = narrow(numbers, sides, question) or numbers
    return numbers


def _new_numbers(numbers: list[str], sentence: str, question: str) -> list[str]:
    """Return the numbers that aren't in the question; if all are, those that aren't in what it asks in the end."""
    for text in (question, _asked(question)):
        known = set(_numbers(text))
        new = [number for number in numbers if number not in known]
        if new:
            return new
    return []


_TOTAL = re.compile(r"\b(?:a|grand) total of[\s*]*(?=-?\$?\d)", re.IGNORECASE)


def _total_numbers(numbers: list[str], sentence: str, question: str) -> list[str]:
    """Return the number after *a total of*, where the question doesn't have it as well (*to reach a total of 20*)."""
    totals = [match for total in _TOTAL.finditer(sentence) if (match := _NUMBER.match(sentence, total.end()))]
    # 6 scoops aren't known from $6.00.
    known = {(_as_written(match), "$" in match.group()) for match in _NUMBER.finditer(question)}
    return [_as_written(match) for match in totals if (_as_written(match), "$" in match.group()) not in known]


_COUNTED = re.compile(
    r"\bhow many (?:(?:more|additional|total|different)\s)*([a-z]+(?:\s(?:and\s)?[a-z]+)?)", re.IGNORECASE
)
_NO_NOUN = {
    *("of", "are", "is", "was", "were", "in", "on", "at", "did", "does", "do", "has", "have", "had", "it", "he", "she"),
    *("will", "would", "can", "could", "should", "must"),
}


def _counted_numbers(numbers: list[str], sentence: str, question: str) -> list[str]:
    """Return the numbers right before a word that the question counts (*how many sheep*: 15 sheep)."""
    asked = _COUNTED.search(_asked(question))
    nouns = {*asked.group(1).lower().split()} - _NO_NOUN if asked else set()
    found = [
        _as_written(match)
        for match in _NUMBER.finditer(sentence)
        if "/" not in match["number"]
        and (word := re.match(r"[\s*]*([A-Za-z]+)", sentence[match.end() :]))
        and word.group(1).lower() in nouns
    ]
    return [number for number in numbers if number in found]


_PREDICATE_NUMBER = re.compile(r"(?P<joint>\bwhich\s)?(?:\b(?:is|are|was|were|equals)|['’]s)\s+(?=[^\w\s]{0,3}\d)")


def _predicated_numbers(numbers: list[str], sentence: str, question: str) -> list[str]:
    """Return the numbers after the only *is*, or after the last one where it goes on from another (*which is*)."""
    predicates = list(_PREDICATE_NUMBER.finditer(sentence))
    if not predicates or (len(predicates) > 1 and not predicates[-1]["joint"]):
        return []
    return [number for number in numbers if number in _numbers(sentence[predicates[-1].end() :])]


def _asked(question: str) -> str:
    """Return the sentence in which a question asks: its last."""
    return re.split(r"(?<=[.!?])\s+", question.strip())[-1]


def _after_last_equals(sentence: str) -> str:
    result = sentence.rsplit("=", 1)[-1]
    return result if re.search(r"\d", result) else sentence


def _numbers(text: str) -> list[str]:
    text = re.sub(r"\\!|\{,\}(?=\d)", lambda match: "," if match.group() == "{,}" else "", text).replace("\\$", "$")
    return [_as_written(match) for match in _NUMBER.finditer(text) if not match["denied"]]


_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?")
"""12,345,678 and, as in India, 1,23,45,678; any other comma is a decimal one or separates numbers."""


def _as_written(match: re.Match) -> str:
    number = match["number"].rstrip(",")
    number = number.replace(",", "") if _THOUSANDS.fullmatch(number) else number
    number = re.sub(r"\.0+$", "", number)
    sign = "-" if match.group().removeprefix(match["denied"] or "").startswith("-") else ""
    return sign + number + (r"\%" if match["percent"] else "")
