r"""Values of short expressions: exact where they are rational, else in floating point.

A recursive-descent parser over a few dozen tokens, which knows ``+ - * / ^ !``, brackets, bars, ``\frac``, ``\sqrt``,
``\binom``, a few functions, pi, e, i and letters. Letters get fixed irrational-looking values, so that two expressions
with the same letters are taken for equal where they are equal there, at two points (R. Zippel, EUROSAM 1979: a
polynomial that isn't zero is seldom zero at a random point). Everything else is :class:`Unreadable`.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

MAX_TOKENS, MAX_DEPTH, MAX_DIGITS, MAX_BITS = 200, 20, 40, 2048
"""Beyond these an expression isn't read, so that reading one takes a bounded time."""

POINTS = 2
_SLACK, _PRINTED = Fraction(1_000_001, 1_000_000), Fraction(1, 10**14)
"""How much more than half a unit a rounded decimal may be off; how exactly programs print their numbers."""
SAME, DIFFERENT = 1e-9, 1e-6
"""Relative differences up to which two floating-point values are equal, and from which they aren't."""


class Unreadable(Exception):
    """An expression that isn't understood, or is too large."""


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression is worth."""

    at: tuple
    """Its value at each of the points; one alone where there are no letters. Fraction, float or complex."""
    letters: frozenset[str] = frozenset()
    rounding: Fraction | None = None
    """Half a unit in the last place of a decimal; None for anything else."""


_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|\\[a-zA-Z]+|[a-zA-Z]|[-+*/^!()\[\]{}|]")
_DECIMAL = re.compile(r"-?\d*\.(\d+)")
_FUNCTIONS: dict[str, Callable] = {
    "\\sin": cmath.sin,
    "\\cos": cmath.cos,
    "\\tan": cmath.tan,
    "\\ln": cmath.log,
    "\\arctan": cmath.atan,
}
# Infinity as a number that no other expression comes near; as infinity, an end of an interval would have no sums.
_CONSTANTS = {"\\pi": math.pi, "e": math.e, "i": 1j, "\\infty": 1.2345e300}
_BRACKETS = {"(": ")", "[": "]", "{": "}", "|": "|"}
_STOPS = {")", "]", "}", "|", "+", "-", ""}
_LETTERS = {
    letter: tuple(1 + math.modf(math.sqrt(7 + 3 * index + 101 * point) * 17)[0] for point in range(POINTS))
    for index, letter in enumerate("abcdfghjklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
}
_GREEK = {
    f"\\{name}": tuple(0.5 + math.modf(math.sqrt(11 + 5 * index + 103 * point) * 13)[0] for point in range(POINTS))
    for index, name in enumerate(("alpha", "beta", "gamma", "theta", "lambda", "mu", "phi", "omega"))
}
_UNKNOWNS = _LETTERS | _GREEK


def value_of(text: str) -> Value:
    """Return the value of an expression without spaces.

    Raises
    ------
    Unreadable
    """
    tokens = _tokens(text)
    letters = frozenset(token for token in tokens if token in _UNKNOWNS)
    try:
        at = tuple(_Parser(tokens, point).whole() for point in range(POINTS if letters else 1))
    except (ArithmeticError, ValueError, TypeError) as error:
        raise Unreadable(str(error)) from error
    if not all(_finite(value) for value in at):
        raise Unreadable("not a finite number")
    decimal = _DECIMAL.fullmatch(text)
    return Value(at, letters, Fraction(1, 2 * 10 ** len(decimal[1])) if decimal else None)


def compare(expected: Value, given: Value) -> str:
    """Return whether two values are the same: ``correct``, ``wrong`` or ``undecided``.

    A decimal that another value would be rounded to is undecided: whether that will do is a convention. So is a number
    that is too large for floating point, where one must be compared in it.
    """
    try:
        return _compare_at_points(expected, given)
    except OverflowError:
        return "undecided"


def _compare_at_points(expected: Value, given: Value) -> str:
    if expected.letters != given.letters:
        return "undecided"
    if expected.at == given.at:
        return "correct"
    if expected.letters:
        return _worst(_compare(*pair) for pair in zip(expected.at, given.at, strict=True))
    (gold,), (answer,) = expected.at, given.at
    gap = _gap(gold, answer)
    for value, rounding in ((expected, given.rounding), (given, expected.rounding)):
        if rounding and value.rounding != rounding and (gap <= rounding * _SLACK or gap <= abs(gold) * _PRINTED):
            return "undecided"
    return _compare(gold, answer)


def _compare(gold, answer) -> str:
    if isinstance(gold, Fraction) and isinstance(answer, Fraction):
        return "correct" if gold == answer else "wrong"
    relative = _gap(gold, answer) / max(1.0, abs(gold), abs(answer))
    return "correct" if relative <= SAME else "wrong" if relative >= DIFFERENT else "undecided"


def _worst(verdicts) -> str:
    found = set(verdicts)
    return next(verdict for verdict in ("wrong", "undecided", "correct") if verdict in found)


def _gap(gold, answer):
    exact = isinstance(gold, Fraction) and isinstance(answer, Fraction)
    return abs(gold - answer) if exact else abs(complex(gold) - complex(answer))


def _tokens(text: str) -> list[str]:
    tokens, end = [], 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        tokens.append(match.group())
        end = match.end()
    if end != len(text) or not tokens or len(tokens) > MAX_TOKENS:
        raise Unreadable(text)
    return tokens


def _finite(value) -> bool:
    return isinstance(value, Fraction) or cmath.isfinite(value)


class _Parser:
    """One pass over the tokens; every method reads a part and returns its value at the point."""

    def __init__(self, tokens: list[str], point: int):
        self.tokens, self.point = tokens, point
        self.position = self.depth = 0

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.position += 1
        return token

    def whole(self):
        value = self.sum()
        if self.next:
            raise Unreadable(self.next)
        return value

    def sum(self):
        negative = self.next in ("+", "-") and self.take() == "-"
        value = -self.product() if negative else self.product()
        while self.next in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return _limited(value)

    def product(self):
        value = self.power()
        while self.next not in _STOPS:
            sign = self.take() if self.next in ("*", "/") else ""
            if not sign and self.next[0].isdigit():
                raise Unreadable("a number after a factor")
            negative = bool(sign) and self.next == "-" and bool(self.take())
            factor = -self.power() if negative else self.power()
            value = _limited(value / factor if sign == "/" else value * factor)
        return value

    def power(self):
        base = self.atom()
        if self.next == "!":
            self.take()
            base = Fraction(math.factorial(_small(base, 30)))
        if self.next != "^":
            return base
        self.take()
        return _power(base, self.argument())

    def argument(self):
        """A group in braces or one token. Of several digits LaTeX takes one, and people mean all of them."""
        if self.next.isdigit():
            if len(self.next) > 1:
                raise Unreadable("which digits are meant is a convention")
            return Fraction(self.take())
        return self.atom()

    def atom(self):
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("too deep")
        value = self._atom(self.take())
        self.depth -= 1
        return value

    def _atom(self, token: str):
        if token[:1].isdigit() or token[:1] == ".":
            if len(token) > MAX_DIGITS:
                raise Unreadable("too many digits")
            return self.mixed(Fraction(token)) if self.next == "\\frac" and token.isdigit() else Fraction(token)
        if token in _BRACKETS:
            value = self.sum()
            if self.take() != _BRACKETS[token]:
                raise Unreadable(token)
            return abs(value) if token == "|" else value
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if token in _UNKNOWNS:
            return _UNKNOWNS[token][self.point]
        return self.command(token)

    def mixed(self, whole: Fraction):
        r"""Read ``1\frac{2}{3}`` as 1 + 2/3, but ``2\frac{x}{3}`` as a product."""
        following = [token for token in self.tokens[self.position + 1 : self.position + 7] if token not in "{}"]
        part = self.atom()
        if len(following) > 1 and following[0].isdigit() and following[1].isdigit() and 0 < part < 1:
            return whole + part
        return whole * part

    def command(self, token: str):
        if token == "\\frac":
            top, bottom = self.argument(), self.argument()
            return top / bottom
        if token == "\\sqrt":
            degree = self.atom() if self.next == "[" else Fraction(2)
            return _power(self.argument(), 1 / degree)
        if token == "\\binom":
            return Fraction(math.comb(_small(self.argument(), 100), _small(self.argument(), 100)))
        if token in _FUNCTIONS:
            bracketed = self.next in ("(", "{")
            argument = self.atom()
            if not bracketed and self.next not in _STOPS | {"*", "/"}:
                raise Unreadable("where the argument ends is a convention")
            return _real(_FUNCTIONS[token](complex(argument)))
        raise Unreadable(token)


def _small(value, most: int) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= most:
        raise Unreadable("not a small count")
    return int(value)


def _limited(value):
    if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise Unreadable("too many digits")
    return value


def _power(base, exponent):
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        root = _root(base, exponent.denominator)
        if root is not None:
            bits = max(root.numerator.bit_length(), root.denominator.bit_length())
            if bits * abs(exponent.numerator) > MAX_BITS:
                raise Unreadable("too large a power")
            return root**exponent.numerator
        if base < 0 and exponent.denominator % 2:
            raise Unreadable("which root is meant is a convention")
    return _real(complex(base) ** complex(exponent))


def _root(base: Fraction, degree: int) -> Fraction | None:
    """Return the exact root; None where it isn't rational, or isn't looked for."""
    if degree == 1:
        return base
    if base < 0 or degree > 6:
        return None
    parts = [round(part ** (1 / degree)) for part in (base.numerator, base.denominator) if part < 2**52]
    if len(parts) == 2 and Fraction(parts[0] ** degree, parts[1] ** degree) == base:
        return Fraction(*parts)
    return None


def _real(value: complex):
    return value.real if abs(value.imag) <= 1e-12 * max(1.0, abs(value.real)) else value
