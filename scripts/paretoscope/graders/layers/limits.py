"""Input caps: answers that no honest solution needs and that could keep a computer algebra system busy for ever."""

from __future__ import annotations

import re

MAX_LENGTH = 1_000
"""Characters; the longest gold answer of the benchmarks has about 70."""
MAX_DEPTH = 20
"""Levels of nested brackets."""
MAX_DIGITS = 200
"""Digits in a row; 2^25 * 26! has 35."""
MAX_EXPONENT = 10_000
MAX_POWER_DEPTH = 2
"""Exponents inside each other: x^{y^{z}} is the most that the answer to a problem has."""
MAX_FACTORIAL = 1_000
MAX_NUMBER_BEFORE_BRACKET_FACTORIAL = 100

_DIGIT_RUN = re.compile(rf"\d{{{MAX_DIGITS + 1}}}")
_BRACKET = re.compile(r"\\[{}]|[{}()\[\]]")
_POWER = re.compile(r"\^\s*[{(]?|[{}()]")
_EXPONENT = re.compile(r"\^\s*[{(]?\s*[-+]?\s*(\d+)")
_TOWER = re.compile(r"\^\s*[{(]?\s*[-+]?\s*(\d+)\s*\^\s*[{(]?\s*(\d+)")
_CHAIN = re.compile(r"(?:\^\s*\w+\s*){3}")
_FACTORIAL = re.compile(r"(\d+|[)}\]])\s*!")
_REPEATED_FACTORIAL = re.compile(r"!\s*[)}\]]*\s*!")


def too_heavy(answer: str) -> str | None:
    """Return why an answer won't be read, as one word for ``Grade.method``, or None where it is fine."""
    if len(answer) > MAX_LENGTH:
        return "too_long"
    if _DIGIT_RUN.search(answer):
        return "too_many_digits"
    depth, balanced = _nesting(answer)
    if depth > MAX_DEPTH:
        return "too_deep"
    if not balanced:
        return "unbalanced"
    if _has_large_power(answer):
        return "too_large_power"
    if _has_large_factorial(answer):
        return "too_large_factorial"
    return None


def _nesting(answer: str) -> tuple[int, bool]:
    """Return the deepest level of brackets, and whether the LaTeX groups (curly brackets) close."""
    depth = deepest = groups = 0
    for bracket in _BRACKET.findall(answer):
        step = 1 if bracket[-1] in "{([" else -1
        depth = max(0, depth + step)
        deepest = max(deepest, depth)
        if bracket in "{}":
            groups += step
            if groups < 0:
                return deepest, False
    return deepest, groups == 0


def _has_large_power(answer: str) -> bool:
    if _power_depth(answer) > MAX_POWER_DEPTH or _CHAIN.search(answer):
        return True
    if any(_exceeds(digits, MAX_EXPONENT) for digits in _EXPONENT.findall(answer)):
        return True
    # 2 ** 20 is past the limit, so a longer exponent need not be computed.
    return any(
        int(base) > 1 and (_exceeds(exponent, 20) or int(base) ** int(exponent) > MAX_EXPONENT)
        for base, exponent in _TOWER.findall(answer)
    )


def _power_depth(answer: str) -> int:
    """Return how many exponents stand inside each other."""
    opened_by_power: list[bool] = []
    deepest = 0
    for token in _POWER.findall(answer):
        if token[0] == "^":
            deepest = max(deepest, sum(opened_by_power) + 1)
        if token[-1] in "{(":
            opened_by_power.append(token[0] == "^")
        elif token in "})" and opened_by_power:
            opened_by_power.pop()
    return deepest


def _has_large_factorial(answer: str) -> bool:
    if _REPEATED_FACTORIAL.search(answer):
        return True
    operands = _FACTORIAL.findall(answer)
    if any(operand.isdigit() and _exceeds(operand, MAX_FACTORIAL) for operand in operands):
        return True
    # What a bracket comes to isn't computed here: its factorial is fine only if every number in sight is small.
    return not all(operand.isdigit() for operand in operands) and (
        "^" in answer or any(_exceeds(n, MAX_NUMBER_BEFORE_BRACKET_FACTORIAL) for n in re.findall(r"\d+", answer))
    )


def _exceeds(digits: str, limit: int) -> bool:
    return len(digits.lstrip("0")) > len(str(limit)) or int(digits) > limit
