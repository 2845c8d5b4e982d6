r"""Checks mathematical answers: the last box, or what is announced, compared as text, then by value.

Texts are compared after a normalization in the manner of those of MATH (D. Hendrycks et al., arXiv 2103.03874,
section 3) and Minerva (A. Lewkowycz et al., arXiv 2206.14858, appendix on the evaluation of MATH): units, percent and
degree signs and dollars don't count. Values are those of :mod:`._values`, of numbers and expressions, of lists, sets,
points, intervals, their unions and matrices. Percent signs, denials and markers of reasoning follow docs/grading.md.
Left undecided: equations, inequalities, words that are near each other, decimals that may be rounded, values that a
unit may tell apart, what may be denied.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..schema import Item
from ._forms import Form, Unreadable, compare, last_side, read
from ._reply import MAX_ANSWER, UNDECIDED, Check, is_denied, is_hedged, last_box, reply_of
from ._words import is_plain_unit

TAIL = 1_000
"""Characters at the end of a reply in which it announces its answer where it has no box."""
AFTER = 250
"""Characters that may follow such an announcement; a whole solution may stand under *Answer:* as well."""

_ANNOUNCES = re.compile(
    r"\banswer\**(?:\s+is|\s*:)(?:\*\*(?=\s))?|####|^A:|答案\s*(?:[是为]\s*:?|:)", re.IGNORECASE | re.MULTILINE
)
# A dollar before a digit, or after a space, is money and ends no formula.
_FORMULA = re.compile(r"\$(?!\s)([^$\n]+)(?<!\s)\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_NUMBER = re.compile(r"(?<![\d.,A-Za-z])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\d])(?!,\d)")
_FIRST_WORD = re.compile(r"[\s*_$}]*(?:\\text\w{0,6}\s*\{)?\s*[A-Za-z\u4e00-\u9fff]+")
_WORDS = re.compile(r"(?<!\\)\b[A-Za-z'’-]+")
_STATED = re.compile(rf"(?:\b(?:is|are|was|be|equals?)|=)[\s\\$*(]*({_NUMBER.pattern})[^\d]*$")
_SENTENCE_END = re.compile(r"(?<![A-Z])[.!](?=\s|\*|$)|。")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")


def check(text: str, item: Item, finish_reason: str | None, reasoning: dict | None, options: dict) -> Check:
    """Grade one response a second time; the parameters are those of a grader's ``decide``."""
    reply = reply_of(text, finish_reason, reasoning)
    answer = _answer(reply, options) if reply else None
    if not answer or len(answer) > MAX_ANSWER:
        return UNDECIDED
    one_number = bool(options.get("final_number"))
    try:
        given = _given(answer, one_number)
        if given.unit and not is_plain_unit(given.unit, item.question, item.target):
            return Check("undecided", answer)
        return Check(_compared(_gold(item.target), given, item, answer), answer)
    except Unreadable:
        return Check("undecided", answer)


_PERCENT = re.compile(r"%|\b(?:percent|per cent|percentage|pct)\b", re.IGNORECASE)
_PERCENTAGE_ASKED = re.compile(r"(?<!\d)(?<!\d )(?<!\\)(?:%|\bpercent(?:age)?\b|\brate\b)", re.IGNORECASE)


def _compared(gold: Form, given: Form, item: Item, answer: str) -> str:
    """Compare two forms, whose percent signs were dropped: 50% is one half, and 50 where a percentage is wanted."""
    verdict = compare(gold, given)
    signs = bool(_PERCENT.search(item.target)), bool(_PERCENT.search(answer))
    if signs[0] == signs[1]:
        return verdict
    if not (gold.is_number and given.is_number):
        return "undecided"
    scaled = [_hundredth(form) if sign else form for form, sign in zip((gold, given), signs, strict=True)]
    if "correct" in (compare(*scaled), verdict if signs[0] else None):
        return "correct"
    if signs[0] or verdict != "correct":
        return verdict
    if _PERCENTAGE_ASKED.search(item.question.rstrip().rpartition(". ")[2]):
        return "correct"
    return "undecided" if _PERCENT.search(item.question) or "rate" in item.question else "wrong"


def _hundredth(form: Form) -> Form:
    return Form(f"({form.text})/100", "leaf")


@lru_cache(maxsize=4096)
def _gold(target: str) -> Form:
    return read(target)


def _given(answer: str, one_number: bool) -> Form:
    """Read an answer; where every answer is one number, the only one among words will do."""
    try:
        if answer.lstrip(" $").startswith("~"):
            raise Unreadable(answer)
        form = last_side(read(answer))
        if not one_number or form.is_number:
            return form
    except Unreadable:
        if not one_number:
            raise
    numbers = list(_NUMBER.finditer(answer))
    if len(numbers) != 1 or is_hedged(answer):
        raise Unreadable(answer)
    number = numbers[0]
    behind = answer[number.end() :]
    unit = _FIRST_WORD.match(behind)
    # Of a sentence, what is beside the number and isn't a word; of its words, only the first behind may be a unit.
    others = _WORDS.sub(" ", f"{answer[: number.start()]} {behind[unit.end() :] if unit else behind}")
    return read(number.group().replace(",", ""), unit=f"{unit.group() if unit else ''} {_NUMBER.sub(' ', others)}")


def _answer(reply: str, options: dict) -> str | None:
    if "\\boxed" in reply:
        return last_box(reply)
    tail = reply[-TAIL:]
    announced = list(_ANNOUNCES.finditer(tail))
    if announced and len(tail) - announced[-1].end() <= AFTER:
        if is_denied(tail, announced[-1].start(), announced[-1].end()) or is_hedged(
            tail[announced[-1].end() :].partition("\n")[0]
        ):
            return None
        return _in_words(tail[announced[-1].end() :].strip(" \t:").partition("\n")[0])
    if _is_finished(tail) and (options.get("final_number") or options.get("final_formula")):
        return _in_closing(tail)
    return None


def _is_finished(tail: str) -> bool:
    """Tell whether a text comes to an end; one that breaks off has no closing sentence."""
    return tail.endswith((".", "!", "*", ")", "]", "}")) or (tail.endswith("$") and tail.count("$") % 2 == 0)


def _formulas(text: str) -> set[str]:
    return {"".join(parts).strip() for parts in _FORMULA.findall(text)}


def _bold(text: str) -> set[str]:
    return {words for words in _BOLD.findall(text) if re.search(r"\d", words)}


def _in_words(announced: str) -> str:
    """Return the answer in the rest of a line that announces it: its one formula or bold number, or its sentence."""
    sentence = _SENTENCE_END.split(announced, maxsplit=1)[0]
    for found in (_formulas(announced), _bold(announced)):
        if len(found) == 1:
            return found.pop()
    return sentence.strip(" *\"'")


def _in_closing(tail: str) -> str | None:
    """Return the one formula or number of the last sentence that has any, or the one that it states (*... is 5*)."""
    sentences = _SENTENCE_END.split(tail)
    for place in reversed(range(len(sentences))):
        sentence = sentences[place]
        numbers, formulas = set(_NUMBER.findall(sentence)), _formulas(sentence)
        if not numbers and not formulas:
            continue
        line = sentence.strip().rpartition("\n")[2]
        if is_hedged(line):
            return None
        if is_denied("".join(sentences[place + 1 :]), 0, 0) or is_denied(line, len(line), len(line)):
            return None
        plain = line if not re.search(r"\\[a-zA-Z]|\^", line) else ""  # the digits of a formula are no answer
        for found in (_formulas(line), _bold(line), set(_NUMBER.findall(plain)), set(_STATED.findall(plain))):
            if len(found) == 1:
                return found.pop()
        return None
    return None
