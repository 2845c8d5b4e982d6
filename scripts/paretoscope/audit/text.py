"""Long untrusted text as HTML: cut in the middle, its formulas as MathML, a part of it marked."""

from __future__ import annotations

import re

from . import mathml
from .escaping import escape

# A dollar before a digit, or after a space, is money and ends no formula.
_FORMULA = re.compile(
    r"\$\$(?P<a>[^$]{1,400}?)\$\$|\\\[(?P<b>.{1,400}?)\\\]|\\\((?P<c>[^\n]{1,400}?)\\\)"
    r"|(?<![\\$\d])\$(?!\s)(?P<d>[^$\n]{1,400}?)(?<![\s\\])\$(?!\d)"
    r"|(?P<e>\\boxed\{(?:[^{}\n$]|\{(?:[^{}\n$]|\{[^{}\n$]{0,200}\}){0,200}\}){1,400}\})",  # needs no delimiters
    re.DOTALL,
)


class Budget:
    """Characters of HTML that formulas may still become; they are left as source when it is used up."""

    def __init__(self, characters: int):
        self.left = characters

    def convert(self, latex: str, block: bool = False) -> str | None:
        """Return a formula as MathML, or None where it can't be converted or nothing is left."""
        converted = mathml.convert(latex, block) if self.left > 0 else None
        self.left -= len(converted or "")
        return converted


def with_formulas(text: str, budget: Budget) -> str:
    """Return text as HTML, its formulas as MathML where they can be converted."""
    return _rendered(text, 0, None, budget)


def with_formula(latex: str, budget: Budget) -> str:
    """Return an answer as MathML, or nothing where it is no formula or can't be converted."""
    source = latex.strip().strip("$").strip()
    return (budget.convert(source) or "") if re.search(r"[\\^_]", source) else ""


def excerpt(text: str, offset: int, span: tuple[int, int] | None, most: int, budget: Budget | None) -> str:
    """Return text as HTML: its beginning, its end and what is around the span, with the span marked.

    Parameters
    ----------
    text : str
        A part of a response.
    offset : int
        Where in the response it begins; spans count from the response's start.
    span : (int, int) or None
        First character to mark, and the one after the last.
    most : int
        Characters to show.
    budget : Budget or None
        What formulas may use; None: they are left as source.
    """
    pieces = []
    end = 0
    for start, stop in _kept(len(text), offset, span, most):
        if start > end:
            pieces.append(f'<span class="cut">… {start - end:,} characters left out …</span>')
        part, place = text[start:stop], offset + start
        pieces.append(_rendered(part, place, span, budget) if budget else _marked(part, place, span))
        end = stop
    return "".join(pieces)


def _kept(length: int, offset: int, span: tuple[int, int] | None, most: int) -> list[tuple[int, int]]:
    """Return the parts to keep: a quarter at the beginning, the rest at the end, and around the span."""
    if length <= most:
        return [(0, length)]
    parts = [(0, most // 4), (length - most // 2, length)]
    if span and 0 <= span[0] - offset < length:
        around = span[0] - offset
        parts.append((max(0, around - most // 8), min(length, around + most // 8)))
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(parts):
        if merged and start <= merged[-1][1]:
            start, stop = merged[-1][0], max(stop, merged.pop()[1])
        merged.append((start, stop))
    return merged


def _rendered(text: str, offset: int, span: tuple[int, int] | None, budget: Budget) -> str:
    """Return text with its formulas drawn; the one that the span is in, behind its source, in which it is marked."""
    pieces, end = [], 0
    for match in _FORMULA.finditer(text):
        inside = bool(span) and offset + match.start() < span[1] and span[0] < offset + match.end()
        source = next(group for group in match.groups() if group is not None)
        converted = budget.convert(source, block=match["a"] is not None or match["b"] is not None)
        if converted is None:
            continue
        shown = match.end() if inside else match.start()
        drawn = f'<span class="drawn">{converted}</span>' if inside else converted
        pieces += [_marked(text[end:shown], offset + end, span), drawn]
        end = match.end()
    return "".join((*pieces, _marked(text[end:], offset + end, span)))


def _marked(text: str, offset: int, span: tuple[int, int] | None) -> str:
    if not span:
        return escape(text)
    start, stop = (min(max(place - offset, 0), len(text)) for place in span)
    marked = f"<mark>{escape(text[start:stop])}</mark>" if start < stop else ""
    return escape(text[:start]) + marked + escape(text[stop:])
