r"""Grades multiple choice: the letter on the last line ``Answer: X``, else a boxed letter, else "answer is X".

The order is that of Artificial Analysis (Intelligence Benchmarking Methodology, multiple-choice extraction). Its looser
fallbacks, which take the last capital letter that stands anywhere, are left out: they turn any unfinished text into a
guess.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..errors import InputError
from ..schema import CHOICE_LETTERS, Item
from .layers.decision import Decision
from .layers.denial import denies_several, is_denied, is_denied_before
from .layers.extraction import TAIL
from .layers.normalization import clean
from .layers.reasoning import visible_text
from .layers.span import visible_start

SETTINGS: dict = {}

_WRAP = r"(?:[\s*_(\[{$`\"'“‘]|\\boxed|\\text(?:bf|rm)?|\\math(?:bf|rm)|\\\(){0,20}"
"""What may stand before the letter; bounded, as the search would take quadratic time."""
_OPTION = rf"{_WRAP}(?:(?i:option|choice)\b{_WRAP})?"
_CLOSED = r"[\s*_)\]}$`\"'”’]{0,8}"
_JOINT = (
    r"(?:\\?[,;/&+、]|\\[ :]|-|–|(?:\\text\w{0,2}\s*\{\s*)?\b(?:or|and|und)\b\s*\}?|或|和|与|及"
    r"|\\cup(?![a-z]))"
)
_NEXT = r"(?:[B-HJ-Z]|[AI](?!\s+[a-z]))(?![\w'’])"
"""A second letter; A and I before a word are the article and the pronoun."""
_SECOND = (
    rf"{_CLOSED}{_JOINT}(?:\s*{_JOINT}){{0,2}}{_WRAP}{_NEXT}"
    rf"|\)\s*\([A-Z]\)|[ \t]+(?:[A-Z][ \t]+)*[A-Z][ \t*_)}}\]$.]*(?:$|\n)"
)
_ALONE = rf"(?!(?![\u4e00-\u9fff])\w|['’]\w|-[a-z])(?!{_SECOND})"
"""What may follow the letter: neither the rest of a word nor a second letter (``A/B/C/D``, ``A or B``)."""
_FIRST = re.compile(rf"(?<![\w'’])[A-Z]{_CLOSED}{_JOINT}[\s$]*$")
"""A letter and what joins it to a box behind it."""
_NOT_A_WORD = r"(?![AI]\s+(?!(?:because|since|as|is|was|by|which)\b)[a-z])"
"""Keeps out the article (*A good guess*) and the pronoun (*I don't know*), which name options as well."""
_CORRECTED = rf"(?:\s{{0,5}}not{_OPTION}[A-Z][\s*_)\]}}$,]{{1,10}}but\s+(?:rather\s+)?)?"
"""*Not A but* before the letter."""

_SOURCES = (
    (
        "answer_line",
        re.compile(
            rf"(?:(?i:\banswer|答案)[ \t*_]*[:：]|<answer>){_OPTION}{_NOT_A_WORD}(?P<letter>[A-Z]|[a-z](?=[\s*.)]*$)){_ALONE}",
            re.M,
        ),
    ),
    ("boxed", re.compile(rf"\\(?:boxed|fbox)\s*\{{{_OPTION}(?P<letter>[A-Z])(?!\s*(?:\^|=)){_ALONE}")),
    (
        "answer_is",
        re.compile(
            r"(?:(?i:\b(?:answer|(?:correct|right)\s+(?:option|choice))\s+is)|(?:答案|选项)(?:应该|应)?[是为选]|[故应]选)\s*:?"
            rf"{_CORRECTED}{_OPTION}{_NOT_A_WORD}(?P<letter>[A-Z]){_ALONE}"
        ),
    ),
)


_OPTION_END = re.compile(r"(?:[^{}\n]{0,200}\})?")
"""What a box holds after the letter (``\\boxed{B. 42}``)."""


def grade(text: str, item: Item, finish_reason: str | None, reasoning: dict | None, options: dict) -> Decision:
    """Grade one response; the parameters are those of :func:`paretoscope.graders.math.decide`."""
    visible = visible_text(text, reasoning)
    if visible is None:
        return Decision("no_answer" if finish_reason == "stop" else "truncated", None, "reasoning/never_closed")
    letter, source, _ = _letter(clean(visible[-TAIL:]), item.question)
    return replace(
        _judge(letter, source, item, finish_reason), span=_span(text, visible, reasoning, letter, item.question)
    )


def _judge(letter: str | None, source: str, item: Item, finish_reason: str | None) -> Decision:
    if finish_reason == "length":
        return Decision("truncated", letter, source)
    if letter is None:
        return Decision("no_answer", None, source)
    if letter not in _letters(item):
        return Decision("unparsed", letter, f"{source}/not_an_option")
    return Decision("correct" if letter == item.target else "wrong", letter, f"{source}/letter")


decide = grade


def _letter(text: str, question: str) -> tuple[str | None, str, int]:
    """Return the letter, how it was found, and where; one that is denied is passed over, there and further up."""
    for source, pattern in _SOURCES:
        denied: set[str] = set()
        none_of = -1
        for found in list(pattern.finditer(text))[::-1]:
            letter, end = found["letter"].upper(), _OPTION_END.match(text, found.end()).end()
            among_several = end <= none_of and re.fullmatch(r"[\s$,]*(?:and|or)?[\s$]*", text[end:none_of])
            doubted = is_denied_before(text, found.start("letter")) or _is_second(text, found, source)
            if among_several or doubted or is_denied(text, found.start(), end, question):
                denied.add(letter)
                none_of = found.start() if among_several or denies_several(text, end) else -1
            if letter not in denied:
                return letter, source, found.start("letter")
    return None, "none", 0


def _is_second(text: str, found: re.Match, source: str) -> bool:
    """Tell a box that another letter is joined to, as in ``\\boxed{A}, \\boxed{B}``."""
    return source == "boxed" and bool(_FIRST.search(text[max(0, found.start() - 40) : found.start()]))


def _span(text: str, visible: str, reasoning: dict | None, letter: str | None, question: str) -> tuple[int, int] | None:
    """Return where the letter stands in the response; None where it is read only in the cleaned text."""
    tail = visible[-TAIL:]
    found, _, place = _letter(tail, question)
    if letter is None or found != letter:
        return None
    start = visible_start(text, visible, reasoning) + len(visible) - len(tail) + place
    return start, start + 1


def _letters(item: Item) -> str:
    return CHOICE_LETTERS[: len(item.choices)] if item.choices else CHOICE_LETTERS


def reference(item: Item) -> str:
    """Return a response that must be graded correct."""
    return f"Answer: {item.target}"


def check_target(item: Item) -> None:
    """Check that the gold answer is the letter of an option, which leaves nothing to compare.

    Raises
    ------
    InputError
        It isn't.
    """
    letters = _letters(item)
    if len(item.target) != 1 or item.target not in letters:
        raise InputError(
            f"item '{item.id}': the gold answer {item.target[:80]!r} should be one letter from A to {letters[-1]}"
        )
