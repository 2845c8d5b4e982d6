r"""Checks multiple choice: every letter that the end of the reply announces, and only if they are one.

Announced are a letter in a box, after *answer* (``Answer: C``, *the answer is (C)*), in bold, and one that is a line
by itself. Two different ones leave it undecided, whichever comes last, and so does a denial or a letter beside one. A
box may also hold the text of an option.
"""

from __future__ import annotations

import re

from ..schema import CHOICE_LETTERS, Item
from ._reply import UNDECIDED, Check, is_denied, last_box, reply_of

TAIL = 600
"""Characters at the end of a reply in which it announces its answer; further up it weighs the options."""

_ANNOUNCED = re.compile(
    r"""
    \b(?:[Aa]nswer|ANSWER|[Oo]ption|[Cc]hoice)\b (?:\s+is\b|\s+would\s+be\b)? [\s:*$({\[]* (?:\\boxed\{|\\text\{)*
        (?:[Oo]ption\s+)? [({]? (?P<after>[A-Z]) (?![\w'’])
  | 答案 \s*[是为选:]* [\s*({\[]* (?P<chinese>[A-Z]) (?![A-Za-z0-9_'’])
  | ^[\s*$({\[]* (?P<line>[A-Z]) [\s*.$)}\]]*$
  | \*\*\s*\(?(?P<bold>[A-Z])\)?[.)]?\s*\*\*
    """,
    re.VERBOSE | re.MULTILINE,
)
_ANOTHER = re.compile(
    r"[\s*$_)\]}`'\"]*(?:(?:\\?[,;&/+、]|-|–|\\?\s|\\text\w*\{|\b(?:or|and)\b|[或和])[\s(*$_\[{}`'\"]*)+"
    r"(?:\\boxed\{)?[A-Z](?![\w'’])|\)\([A-Z]\)|-[a-z]"
)
"""A second letter behind the first; A and I may be words, which it doesn't try to tell."""
_BOXED_LETTER = re.compile(r"(?:\\(?:text|textbf|mathrm|mathbf)\s*\{)?\s*\(?\s*([A-Z])\s*(?:$|[).:}])")


def check(text: str, item: Item, finish_reason: str | None, reasoning: dict | None, options: dict) -> Check:
    """Grade one response a second time; the parameters are those of a grader's ``decide``."""
    reply = reply_of(text, finish_reason, reasoning)
    tail = reply[-TAIL:]
    found = list(_ANNOUNCED.finditer(tail))
    if any(is_denied(tail, match.start(), match.end()) or _ANOTHER.match(tail, match.end()) for match in found):
        return UNDECIDED
    letters = {match["after"] or match["chinese"] or match["line"] or match["bold"] for match in found}
    if "\\boxed" in reply:
        letters.add(_boxed_letter(last_box(reply) or "", item))
    if len(letters) != 1 or not letters <= set(CHOICE_LETTERS[: len(item.choices) or None]):
        return UNDECIDED
    (letter,) = letters
    return Check("correct" if letter == item.target else "wrong", letter)


def _boxed_letter(content: str, item: Item) -> str | None:
    match = _BOXED_LETTER.match(content)
    if match and not _ANOTHER.match(content, match.end(1)):
        return match[1]
    same = [letter for letter, choice in zip(CHOICE_LETTERS, item.choices, strict=False) if choice.strip() == content]
    return same[0] if len(same) == 1 else None
