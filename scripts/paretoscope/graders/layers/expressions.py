r"""Reads an expression exactly (see :mod:`.fields`), in one pass over its tokens.

Known are ``+ - * / ^ !``, brackets, ``\frac``, ``\sqrt``, ``\binom``, sine, cosine and the like of multiples of 15
degrees, ``e`` to the power of ``i`` times such an angle, letters with and without an index. What can be read in two
ways (``1/2x``, ``f(x)``, ``x^10``, ``1\frac{2}{3}``) and all else is :class:`.fields.Undecidable`, which leaves it to
math-verify.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import cache

from .fields import Undecidable, Value, generator, number, power, root

MAX_TOKENS = 120
MAX_DIGITS = 60
MAX_DEPTH = 15
MAX_FACTORIAL = 100

_TOKEN = re.compile(
    r" *(\d+(?:\.\d+)?|\.\d+|\\[a-zA-Z]+|[a-zA-Z](?:_(?:\w|\{\w+\}))?|[-+*/^!()\[\]{}|])(?!_)", re.ASCII
)
_WORD = re.compile(r"(?<![\\a-zA-Z])(?:[a-zA-Z]{3,}|or|to|in|is|no|am|pm)(?![a-zA-Z])|[a-zA-Z]['’]")
_FUNCTION_NAMES = frozenset("fghFGHPQ")
"""Letters that name a function where a bracket follows."""
_GREEK = {"\\alpha", "\\beta", "\\gamma", "\\delta", "\\theta", "\\lambda", "\\mu", "\\rho", "\\sigma", "\\phi", "\\pi"}
_TIMES = {"*", "\\cdot", "\\times"}
_CLOSING = {"(": ")", "{": "}", "[": "]"}
_TRIGONOMETRIC = {"\\sin", "\\cos", "\\tan", "\\cot", "\\sec", "\\csc"}
_ENDS = {"", "+", "-", ")", "]", "}", "|", *_TIMES, "/"}


@cache
def _pi() -> Value:
    return generator("\\pi")


def read(text: str) -> Value:
    """Return the value of an expression in normalized LaTeX.

    Raises
    ------
    Undecidable
    """
    if _WORD.search(text):
        raise Undecidable("words")
    parser = _Parser(_tokens(text))
    value = parser.sum()
    if parser.next:
        raise Undecidable(parser.next)
    return value


def _tokens(text: str) -> list[str]:
    tokens, end = [], 0
    text = text.rstrip()
    for match in _TOKEN.finditer(text):
        if match.start() != end or len(tokens) == MAX_TOKENS:
            raise Undecidable(text[end:])
        tokens.append(match[1])
        end = match.end()
    if end != len(text) or not tokens:
        raise Undecidable(text[end:])
    return tokens


class _Parser:
    """Every method reads a part and returns its value."""

    def __init__(self, tokens: list[str]):
        self.tokens, self.position, self.depth = tokens, 0, 0

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise Undecidable(f"no {token}")

    def sum(self) -> Value:
        negative = self.next in ("+", "-") and self.take() == "-"
        value = -self.product() if negative else self.product()
        while self.next in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def product(self) -> Value:
        value = self.power()
        divided = False
        while self.next in _TIMES or self.next == "/" or self.next not in _ENDS:
            sign = self.take() if self.next in _TIMES or self.next == "/" else ""
            if not sign and (divided or self.next[0].isdigit() or self.next[0] == "." or self._is_mixed_group()):
                raise Undecidable("what is divided, or two numbers side by side")
            negative = sign and self.next == "-" and self.take()
            factor = self.power()
            factor = -factor if negative else factor
            value = value / factor if sign == "/" else value * factor
            divided = divided or sign == "/"
        return value

    def power(self) -> Value:
        token = self.next
        base = self.atom()
        if self.next == "!":
            self.take()
            base = number(math.factorial(_small(base, MAX_FACTORIAL)))
        if self.next != "^":
            return base
        self.take()
        exponent = self.argument()
        if self.next in ("^", "!"):
            raise Undecidable("powers of powers")
        if token == "e" and exponent.generators == {"i", "\\pi"}:
            cosine, sine = _cosine_and_sine(exponent / (generator("i") * _pi()))
            return cosine + generator("i") * sine
        if exponent.rational is None:
            raise Undecidable("a letter in an exponent")
        if not exponent.rational and not base.top:
            raise Undecidable("zero to the power of zero")
        return power(base, exponent.rational)

    def argument(self) -> Value:
        """Return a group in braces, or the one character that LaTeX takes."""
        if self.next[:1].isdigit() and len(self.next) > 1:
            raise Undecidable("which digits are meant")
        if self.next in ("", "-", "+"):
            raise Undecidable("no argument")
        return self.atom()

    def atom(self) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Undecidable("too deep")
        value = self._atom(self.take())
        self.depth -= 1
        return value

    def _atom(self, token: str) -> Value:
        if token[:1].isdigit() or token[:1] == ".":
            if len(token) > MAX_DIGITS or (self.next == "\\frac" and self._is_mixed()):
                raise Undecidable("a mixed number, or too many digits")
            return number(Fraction(token) if "." in token else int(token))
        if token in ("(", "{", "["):
            value = self.sum()
            self.expect(_CLOSING[token])
            return value
        if token == "|":
            value = self.sum().rational
            self.expect("|")
            if value is None:
                raise Undecidable("absolute value of no rational number")
            return number(abs(value))
        if token in _GREEK or token[:1].isalpha():
            if self.next == "(" and token in _FUNCTION_NAMES:
                raise Undecidable("a function or a product")
            return generator(re.sub("[{}]", "", token))
        return self.command(token)

    def _is_mixed(self) -> bool:
        return [token.isdigit() for token in self.tokens[self.position + 2 : self.position + 6 : 3]] == [True, True]

    def _is_mixed_group(self) -> bool:
        r"""Tell a number before a group (``2{\frac{1}{2}}``), which may be a mixed number or a product."""
        return self.next == "{" and self.tokens[self.position - 1][0].isdigit()

    def command(self, token: str) -> Value:
        if token == "\\frac":
            top = self.argument()
            return top / self.argument()
        if token == "\\sqrt":
            degree = _small(self.atom(), 12) if self.next == "[" else 2
            return root(self.argument(), max(degree, 1))
        if token == "\\binom":
            return number(math.comb(_small(self.argument(), MAX_FACTORIAL), _small(self.argument(), MAX_FACTORIAL)))
        if token in _TRIGONOMETRIC:
            return self.trigonometric(token)
        raise Undecidable(token)

    def trigonometric(self, name: str) -> Value:
        exponent = None
        if self.next == "^":
            self.take()
            exponent = self.argument().rational
            if exponent is None or exponent < 1:
                raise Undecidable("an inverse function or a reciprocal")
        cosine, sine = _cosine_and_sine(self.angle() / _pi())
        value = {
            "\\sin": lambda: sine,
            "\\cos": lambda: cosine,
            "\\tan": lambda: sine / cosine,
            "\\cot": lambda: cosine / sine,
            "\\sec": cosine.inverse,
            "\\csc": sine.inverse,
        }[name]()
        return power(value, exponent) if exponent else value

    def angle(self) -> Value:
        r"""Return an angle in radians: ``(60^\circ)``, ``60^\circ``, ``\frac{\pi}{3}``, ``(2\pi/3)``."""
        closing = _CLOSING[self.take()] if self.next in ("(", "{") else None
        following = self.tokens[self.position : self.position + 3]
        if following[1:] == ["^", "\\circ"] and following[0][0].isdigit():
            self.position += 3
            value = number(Fraction(following[0]) / 180) * _pi()
        else:
            value = self.sum() if closing else self.atom()
        if closing:
            self.expect(closing)
        if self.next not in _ENDS - {"/"} | _TRIGONOMETRIC:
            raise Undecidable("where the argument ends")
        return value


def _small(value: Value, most: int) -> int:
    count = value.rational
    if count is None or count.denominator != 1 or not 0 <= count <= most:
        raise Undecidable("no small count")
    return int(count)


def _cosine_and_sine(turns: Value) -> tuple[Value, Value]:
    """Return cosine and sine of so many times pi."""
    steps = turns.rational * 12 if turns.rational is not None else Fraction(1, 2)
    if steps.denominator != 1:
        raise Undecidable("no multiple of 15 degrees")
    return _sine(int(steps + 6) % 24), _sine(int(steps) % 24)


@cache
def _sine(steps: int) -> Value:
    """Return the sine of so many times 15 degrees, below 360."""
    if steps >= 12:
        return -_sine(steps - 12)
    values = ("0", r"(\sqrt{6}-\sqrt{2})/4", "1/2", r"\sqrt{2}/2", r"\sqrt{3}/2", r"(\sqrt{6}+\sqrt{2})/4", "1")
    return read(values[min(steps, 12 - steps)])
