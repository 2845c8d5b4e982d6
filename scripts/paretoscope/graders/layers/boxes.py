r"""Second layer, first half: the answer in the last ``\boxed{}`` of a response."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .denial import denies_several, is_denied

MAX_BOX = 5_000
"""Characters after which a box counts as never closed."""
MAX_BOXES = 20


@dataclass(frozen=True, slots=True)
class Extract:
    """An answer as it stands in the response."""

    answer: str
    source: str
    """``boxed``, ``answer_is``, ``answer_label``, ``hash`` or ``final_line``."""
    unreadable: str | None = None
    """Why the answer can't be taken as it stands: ``unbalanced``, ``too_long``, ``prose`` or ``ambiguous``."""
    region: tuple[int, int] | None = None
    """Where to look for it (see :mod:`.span`), as distances from the end of the text; None: look from the end."""


def boxed_answer(text: str, question: str = "") -> Extract | None:
    r"""Return what the last ``\boxed{}`` or ``\fbox{}`` holds.

    Boxes joined by no more than a comma, *and* or *or* are one answer. A box that is never closed is the answer, not
    an earlier one that is: the earlier one is an intermediate result. *The answer is not* before a box, or *is wrong*
    after it, denies what it holds, there and further up.
    """
    contents: list[str] = []
    denied: set[str] = set()
    end = next_box = last_stop = len(text)
    none_of = -1
    for _ in range(MAX_BOXES):
        start = _last_box(text, end)
        if start < 0:
            break
        start, content, stop = _outermost(text, start)
        if content is None:
            reason = "too_long" if len(text) - start > MAX_BOX else "unbalanced"
            inside = text.index("{", start) + 1
            inside = inside if text[inside:].strip() else start
            shown = text[inside : inside + MAX_BOX].strip()
            return None if contents else Extract(shown, "boxed", reason, (len(text) - inside, 0))
        if contents and not (stop <= next_box and _is_conjunction(text[stop:next_box])):
            break
        end = start
        among_several = stop <= none_of and _is_conjunction(text[stop:none_of])
        if among_several or is_denied(text, start, stop, question):
            denied.add(content.strip())
            none_of = start if among_several or denies_several(text, stop) else -1
        if not content.strip() or content.strip() in denied:
            continue
        next_box, last_stop = start, last_stop if contents else stop
        content = _sign_before(text[:start]) + content.strip()
        if content not in contents:
            contents.insert(0, content)
    region = (len(text) - next_box, len(text) - last_stop)
    return Extract(", ".join(contents), "boxed", region=region) if contents else None


MAX_NESTED = 5
"""Boxes further up of which one may hold the last box."""


def _last_box(text: str, end: int) -> int:
    """Return where the last box before a place begins; -1 where there is none."""
    return max(text.rfind("\\boxed", 0, end), text.rfind("\\fbox", 0, end))


def _outermost(text: str, start: int) -> tuple[int, str | None, int]:
    r"""Return where the outermost box around a box begins, what it holds, and where it ends.

    ``\boxed{x = \boxed{5}}`` holds only the inner one; of ``\boxed{5 + \boxed{2}}``, the sum is the answer.
    """
    content, stop = _box_content(text, start)
    outer = start
    for _ in range(MAX_NESTED if content is not None else 0):
        outer = _last_box(text, outer)
        if outer < 0:
            break
        around, end = _box_content(text, outer)
        if around is not None and end > stop:
            start, content, stop = outer, _unnested(around), end
    return start, content, stop


_BOX = re.compile(r"\\(?:boxed|fbox)")
_TERM = re.compile(r"[-+*/^_\d,;<>()|!]|\\(?!text|q?quad|[,;: ])[a-zA-Z]+")


def _unnested(content: str) -> str:
    """Return what a box holds without the boxes inside; the one inside, where the rest is a name or words."""
    rest, inner, position = [], [], 0
    while box := _BOX.search(content, position):
        held, stop = _box_content(content, box.start())
        if held is None:
            break
        rest.append(content[position : box.start()])
        inner.append(_unnested(held))
        position = stop
    rest.append(content[position:])
    before, behind = rest[0].rstrip(), rest[-1].strip()
    if len(inner) == 1 and not behind and (before.endswith("=") or not _TERM.search(before)):
        return inner[0]
    return "".join(part + box for part, box in zip(rest, [*inner, ""], strict=True))


def _box_content(text: str, start: int) -> tuple[str | None, int]:
    """Return the content of the box that begins at ``start`` and the position after it; None: never closed."""
    position = text.index("x", start) + 1 if text.startswith("\\fbox", start) else start + len("\\boxed")
    while position < len(text) and text[position].isspace():
        position += 1
    if text[position : position + 1] != "{":
        bare = re.compile(r"[^\s$\\]*").match(text, position)
        return bare.group(), bare.end()
    depth = 0
    for brace in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, position, position + MAX_BOX):
        if brace.group() in "{}":
            depth += 1 if brace.group() == "{" else -1
            if depth == 0:
                return text[position + 1 : brace.start()], brace.end()
    return None, len(text)


_SIGN = re.compile(r"(?:[=$(\[{]|\\approx|\\to)\s*-[\s\\]*$")


def _sign_before(text: str) -> str:
    r"""Return the minus sign of ``= -\boxed{3}``; in ``5 - \boxed{3}`` it is an operator."""
    return "-" if _SIGN.search(text[-20:]) else ""


def _is_conjunction(between: str) -> bool:
    words = re.sub(r"\\(?:text|quad|qquad|[()\[\],;: ])|[\s${}]", "", between)
    return words in {",", ";", "and", "or", ",and", ",or", "and/or"} or bool(re.fullmatch(r"(?:and)+", words))
