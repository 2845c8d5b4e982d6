r"""Grades mathematical answers: boxed or announced, compared exactly, as numbers, then symbolically.

Layers, each in its own file under ``layers``: reasoning removed, answer extracted, both sides normalized, compared as
text, as numbers, by exact arithmetic, and what is left with math-verify (:func:`compare`), which alone is slow and can
run for ever.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, product

from ..errors import InputError
from ..schema import Item
from .layers import exact, symbolic
from .layers.boxes import Extract
from .layers.comparison import as_points, compare_plainly, is_plain, squeeze
from .layers.decision import Decision
from .layers.extraction import extract_answer
from .layers.limits import MAX_LENGTH, too_heavy
from .layers.normalization import clean, normalize, split_unit
from .layers.reasoning import visible_text
from .layers.regions import as_intervals, is_point_for_region
from .layers.span import locate
from .layers.times import compare_times
from .layers.units import differ, in_radians, is_unasked

SETTINGS = {
    "final_number": {
        "description": "Every answer is a single number: take the one in the closing sentence where none is marked.",
        "type": "boolean",
        "default": False,
    },
    "final_formula": {
        "description": "Take the formula, number or bold word that ends the closing sentence where no answer is marked.",
        "type": "boolean",
        "default": False,
    },
}

MAX_SHOWN = 200
"""Characters of an answer that are kept in a grade."""


def grade(text: str, item: Item, finish_reason: str | None, reasoning: dict | None, options: dict) -> Decision:
    """Grade one response, symbolic comparison included; for trusted text, since nothing limits its time.

    The grading service calls :func:`decide` and gives the pairs that are left to its worker processes.
    """
    decision = decide(text, item, finish_reason, reasoning, options)
    if decision.verdict is not None:
        return decision
    verdict, method = compare(*decision.pending)
    return Decision(verdict, decision.answer, f"{decision.method}/{method}", span=decision.span)


def decide(text: str, item: Item, finish_reason: str | None, reasoning: dict | None, options: dict) -> Decision:
    """Grade one response as far as it goes without a computer algebra system.

    Parameters
    ----------
    text : str
        The response as generated, reasoning included.
    item : Item
        The problem; ``target`` is its gold answer in LaTeX, without delimiters.
    finish_reason : str or None
        ``stop``, ``length`` or None where it isn't known.
    reasoning : dict or None
        The model card's reasoning block (see :func:`.layers.reasoning.visible_text`).
    options : dict
        The benchmark card's grading options, see :data:`SETTINGS`.
    """
    visible = visible_text(text, reasoning)
    if visible is None:
        return Decision("no_answer" if finish_reason == "stop" else "truncated", None, "reasoning/never_closed")
    closing = next((name for name in ("final_number", "final_formula") if options.get(name)), None)
    found = extract_answer(visible, item.question, closing)
    if found is None:
        return Decision("truncated" if finish_reason == "length" else "no_answer", None, "none")
    return replace(_judge(found, item, finish_reason), span=locate(text, visible, reasoning, found))


def _judge(found: Extract, item: Item, finish_reason: str | None) -> Decision:
    shown = _shown(found.answer)
    if finish_reason == "length":
        return Decision("truncated", shown, found.source)
    if found.unreadable:
        return Decision("unparsed", shown, f"{found.source}/{found.unreadable}")
    given = found.answer if "=" in item.target else _last_side(found.answer, item.question)
    # A gold x + y = 5 doesn't say 5 either.
    if given is None or ("=" not in given and _last_side(item.target, item.question) is None):
        return Decision("wrong", shown, f"{found.source}/equation")
    reason = too_heavy(given)
    if reason:
        return Decision("unparsed", shown, f"{found.source}/{reason}")
    (gold, gold_unit), (answer, unit) = split_unit(item.target, item.question), split_unit(given, item.question)
    verdict, method = compare_times(f"{gold} {gold_unit}".strip(), f"{answer} {unit}".strip(), item.question), "time"
    if verdict is None and (differ(gold_unit, unit) or (not gold_unit and is_unasked(unit, item.question))):
        verdict, method = "wrong", "unit"
    gold, answer = as_intervals(*as_points(gold, answer, item.question), item.question)
    if verdict is None and is_point_for_region(gold, answer, item.question):
        verdict, method = "wrong", "point"
    if verdict is None:
        verdict, method = compare_plainly(gold, answer, item.question)
    if verdict is None:
        gold, answer = _both_signs(gold), _both_signs(answer)
        verdict, method = exact.compare(gold, answer)
    if verdict is None:
        return Decision(None, shown, found.source, (in_radians(gold), in_radians(answer)))
    return Decision(verdict, shown, f"{found.source}/{method}")


def compare(gold: str, answer: str) -> tuple[str, str]:
    """Return the verdict and the method of the symbolic comparison (slow; see :mod:`.layers.symbolic`)."""
    return symbolic.compare(gold, answer)


def prepare() -> None:
    """Import and warm up what :func:`compare` needs, so that the first pair isn't charged for it."""
    compare(r"\frac{x}{2}", r"\sqrt{2}")


def _both_signs(text: str) -> str:
    r"""Return ``a \pm b`` as the two answers that it is; several such signs are independent, but for ``\mp``."""
    signs = _PLUS_MINUS.split(text)
    if not 2 <= len(signs) <= MAX_SIGNS + 1 or "," in text or "\\mp" in text:
        return text
    chosen = product("+-", repeat=len(signs) - 1)
    return ", ".join("".join(chain.from_iterable(zip(signs, (*row, ""), strict=True))) for row in chosen)


_PLUS_MINUS = re.compile(r"\\pm(?![a-zA-Z])")
MAX_SIGNS = 3
_EQUALS = re.compile(r"\\.|[{}()]|(?<![<>])(?<![^\d)]!)=")


def _last_side(text: str, question: str) -> str | None:
    """Return what an equation or a chain of them ends with; several equations, as for a point, stay.

    None: an equation in unknowns. ``2x = 10`` doesn't say 10, and ``a+b = 10`` only where the question names ``a+b``.
    """
    text = _NOT_EQUAL.sub(r"\\ne ", text)
    text = text.strip("$ ") if "=" in text else text
    before = text.rpartition("=")[0]
    if not before or len(text) > MAX_LENGTH or re.search(r"[,;]|\\q?quad|^\s*\([A-Z]\)", text) or "\\text" in before:
        return text
    depth, sides = 0, [0]
    for match in _EQUALS.finditer(text):
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(match.group(), 0)
        # The sign inside a group belongs to an index or an event, as in \\sum_{k=1} and P(X=2).
        if match.group() == "=" and depth == 0:
            sides.append(match.end())
    if len(sides) == 1:
        return text
    first, last = text[: sides[1] - 1].strip(), text[sides[-1] :].strip()
    if re.fullmatch(r"[a-zA-Z]", last):
        return first
    return None if _is_in_unknowns(first, last, question) else last


_NOT_EQUAL = re.compile(r"\\not\s*=")
_GREEK = re.compile(r"\\(?:var)?(?:alpha|beta|gamma|delta|epsilon|theta|lambda|mu|rho|sigma|phi|omega)(?![a-zA-Z])")
_NAMES = re.compile(r"\\[a-zA-Z]+|_(?:\w|\{[^{}]*\})|(?<![a-zA-Z])[a-zA-Z]['’]*\([^()]*\)|(?<![a-zA-Z])i(?![a-zA-Z])")
"""Commands, indices, values of functions (f(2)) and the imaginary unit, none of which makes an unknown."""
_CALLED = re.compile(
    r"[a-zA-Z]|[A-Z]+|[\[|][A-Z]+[\]|]|(?:m ?)?\\angle .*|\\(?:triangle|overline|vec|hat|bar) ?.*"
    r"|\\(?:lim|sum|prod|int|gcd|lcm|det|dim|deg|max|min)(?![a-zA-Z]).*",
    re.DOTALL,
)
"""Names of what is asked for: an unknown, a segment, an angle, a word; and what turns letters into a number."""
_WORD = re.compile(r"(?![a-cx-z]{3})[a-zA-Z]{3}")
_INDEX = re.compile(r"_(?:\w|\{[^{}]*\})")


def _is_in_unknowns(side: str, value: str, question: str) -> bool:
    """Tell an equation between an expression in unknowns, which the question doesn't name, and a number."""
    value = re.sub(r"\\text\s*\{[^{}]*\}", "", value)
    side_, value_ = (_GREEK.sub("x", text.replace("\\left", "").replace("\\right", "")) for text in (side, value))
    letters = _NAMES.sub("", side_)
    if not re.search(r"[a-zA-Z]", letters) or _WORD.search(letters) or _CALLED.fullmatch(_INDEX.sub("", side_).strip()):
        return False
    return not re.search(r"[a-zA-Z]", _NAMES.sub("", value_)) and squeeze(side) not in squeeze(question)


def _shown(answer: str) -> str:
    answer = clean(answer[: MAX_SHOWN + 1])
    return answer if len(answer) <= MAX_SHOWN else answer[:MAX_SHOWN] + "…"


def reference(item: Item) -> str:
    """Return a response that must be graded correct."""
    return f"The final answer is $\\boxed{{{item.target}}}$."


def check_target(item: Item) -> tuple[str, str] | None:
    """Check that a gold answer can be read, as far as that goes without a computer algebra system.

    Returns
    -------
    (str, str) or None
        The gold against itself, for :func:`compare` in a worker with limits: a gold can keep it busy for ever as an
        answer can. None: nothing is left to check.

    Raises
    ------
    InputError
        The gold can't be read.
    """
    reason = too_heavy(item.target)
    gold = "" if reason else normalize(item.target, item.question)
    if not gold:
        raise InputError(f"item '{item.id}': the gold answer {item.target[:80]!r} can't be read ({reason or 'empty'})")
    return None if is_plain(gold) else (_both_signs(gold), _both_signs(gold))
