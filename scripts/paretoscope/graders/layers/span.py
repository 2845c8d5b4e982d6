r"""Where an answer stands in the response that it was taken from: evidence for whoever checks a verdict.

The layers before work on parts of the response and clean what they find (``**1,234**`` becomes 1234), so the place is
found again from the end of the text, in the region that the extraction names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .boxes import Extract
from .extraction import TAIL
from .reasoning import ends_in

MAX_LOOSE = 60
"""Characters of an answer up to which it is also found with commas, spaces and stars between them."""


def locate(text: str, visible: str, reasoning: dict | None, found: Extract) -> tuple[int, int]:
    """Return the first character of an answer and the one after its last, counted from the start of the response.

    Several boxes that are one answer give the span from the first to the last; an answer that was put together in
    another way, the line that it was taken from.

    Parameters
    ----------
    text : str
        The response as generated.
    visible : str
        What :func:`.reasoning.visible_text` left of it.
    """
    offset = visible_start(text, visible, reasoning)
    from_end = found.region or (min(TAIL, len(visible)), 0)
    start, end = len(visible) - from_end[0], len(visible) - from_end[1]
    first, last = _find(visible[start:end], found)
    return offset + start + first, offset + start + last


def visible_start(text: str, visible: str, reasoning: dict | None) -> int:
    """Return where the visible text begins: at the start, or behind the last end of a reasoning that it follows."""
    if text.endswith(visible):
        return len(text) - len(visible)
    ends = ends_in(text, reasoning)
    return max((_last_before(text, marker, visible) for marker in ends if marker in text), default=0)


def _last_before(text: str, marker: str, visible: str) -> int:
    """Return the last place behind a marker at which the visible text stands; 0 where there is none."""
    place = text.rfind(marker)
    while place >= 0:
        if text.startswith(visible, place + len(marker)):
            return place + len(marker)
        place = text.rfind(marker, 0, place)
    return 0


def _find(region: str, found: Extract) -> tuple[int, int]:
    """Return the place of an answer in a region: as it is, else loosely, else the region's line."""
    answer = found.answer.strip()
    if answer and region.count(answer) == 1:
        return region.index(answer), region.index(answer) + len(answer)
    for pattern in _patterns(answer):
        spans = [match.span() for match in re.finditer(pattern, region)]
        if spans:
            return spans[0] if found.region else spans[-1]
    return _line(region, from_the_end=found.region is None)


def _patterns(answer: str) -> Iterator[str]:
    """Yield what to look for: the answer as it is, rather than in the middle of a word or number; last, loosely."""
    for exact in filter(None, (answer, answer.removeprefix("-"))):
        yield rf"(?<![\w.]){re.escape(exact)}(?!\w)"
        yield re.escape(exact)
    essence = re.sub(r"[\s,*\\]", "", answer)
    if essence and len(answer) <= MAX_LOOSE:
        yield r"(?:[\s,*!{}]|\\[!$])*".join(map(re.escape, essence))


def _line(region: str, from_the_end: bool) -> tuple[int, int]:
    """Return the first line of a region that isn't blank, or the last one."""
    lines = list(re.finditer(r"\S[^\n]*", region))
    return lines[-1 if from_the_end else 0].span() if lines else (0, len(region))
