r"""Exact arithmetic with rationals, roots, i, pi and letters, for comparing answers without computer algebra.

A :class:`Value` is a quotient of two sums of terms. A term is a rational times powers of generators: letters, ``\pi``,
``i`` with i^2 = -1, and primes with an exponent between 0 and 1 (``2`` to the power of 1/2 is the square root of 2).
Roots of that form are linearly independent over the rationals (L. J. Mordell, *On the linear independence of algebraic
numbers*, Pacific Journal of Mathematics 3, 1953), and pi is transcendental, so two sums are equal only where their
terms are: what this finds different is different. e is a letter here; whether it is independent of pi isn't known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

MAX_TERMS = 60
MAX_BITS = 2_000
"""Of a coefficient."""
MAX_POWER = 12
"""Of a sum of several terms."""
LARGEST_PRIME = 1_000
"""Largest factor looked for below a root; what is left, or its square root, is prime if less than this squared."""

Term = tuple[tuple[str, int | Fraction], ...]
"""Generators with their exponents, sorted."""
Sum = dict[Term, int | Fraction]
"""Coefficients by term, none of them zero."""


class Undecidable(Exception):
    """An expression that isn't read here, or is too large to be."""


@dataclass(frozen=True, slots=True)
class Value:
    """A quotient of two sums; the lower one isn't zero."""

    top: Sum
    bottom: Sum

    def __add__(self, other: Value) -> Value:
        if self.bottom == other.bottom:
            return Value(_added(self.top, other.top), self.bottom)
        top = _added(_multiplied(self.top, other.bottom), _multiplied(other.top, self.bottom))
        return Value(top, _multiplied(self.bottom, other.bottom))

    def __neg__(self) -> Value:
        return Value({term: -factor for term, factor in self.top.items()}, self.bottom)

    def __sub__(self, other: Value) -> Value:
        return self + -other

    def __mul__(self, other: Value) -> Value:
        return Value(_multiplied(self.top, other.top), _multiplied(self.bottom, other.bottom))

    def __truediv__(self, other: Value) -> Value:
        return self * other.inverse()

    def inverse(self) -> Value:
        """Return 1 / self; division by a single term leaves no lower sum."""
        if not self.top:
            raise Undecidable("division by zero")
        if len(self.top) > 1:
            return Value(self.bottom, self.top)
        ((term, factor),) = self.top.items()
        turned = _reduced(((name, -exponent) for name, exponent in term), Fraction(1) / factor)
        return Value(_multiplied(self.bottom, turned), ONE.top)

    def equals(self, other: Value) -> bool:
        """Tell whether both are the same, exactly."""
        if self.bottom == other.bottom:
            return self.top == other.top
        return _multiplied(self.top, other.bottom) == _multiplied(other.top, self.bottom)

    @property
    def rational(self) -> Fraction | None:
        """The number, where it is rational."""
        if self.bottom != ONE.top or not self.top.keys() <= {()}:
            return None
        return Fraction(self.top.get((), 0))

    @property
    def generators(self) -> set[str]:
        """All that it is made of beside rationals."""
        return {name for part in (self.top, self.bottom) for term in part for name, _ in term}


def number(value: int | Fraction) -> Value:
    """Return a rational number as a value."""
    return Value({(): value} if value else {}, ONE.top)


def generator(name: str, exponent: int | Fraction = 1) -> Value:
    r"""Return a letter, ``\pi`` or ``i`` as a value."""
    return Value({((name, exponent),): 1}, ONE.top)


def power(base: Value, exponent: Fraction) -> Value:
    """Return a power; only of positive rationals and single letters where the exponent is no integer."""
    if exponent.denominator != 1:
        return _fractional_power(base, exponent)
    count = abs(exponent.numerator)
    if len(base.top) > 1 or len(base.bottom) > 1:
        if count > MAX_POWER:
            raise Undecidable("too large a power")
    elif count * max([1, *(_bits(factor) for factor in base.top.values())]) > MAX_BITS:
        raise Undecidable("too large a power")
    result, square = ONE, base
    while count:
        if count % 2:
            result = result * square
        square, count = (square * square, count // 2) if count > 1 else (square, 0)
    return result.inverse() if exponent < 0 else result


def root(base: Value, degree: int) -> Value:
    r"""Return ``\sqrt[degree]{base}``: of a negative number the real root where the degree is odd, else i times one."""
    value = base.rational
    if value is not None and value < 0 and degree % 2:
        return -root(-base, degree)
    if value is not None and value < 0 and degree == 2:
        return generator("i") * root(-base, 2)
    return _fractional_power(base, Fraction(1, degree))


def _fractional_power(base: Value, exponent: Fraction) -> Value:
    value = base.rational
    if value == 0 and exponent < 0:
        raise Undecidable("division by zero")
    if value is not None and value >= 0:
        return _power_of_rational(value, exponent) if value else number(0)
    if base.bottom == ONE.top and len(base.top) == 1:
        ((term, factor),) = base.top.items()
        if factor == 1 and len(term) == 1 and term[0][1] == 1 and term[0][0] != "i":
            return generator(term[0][0], exponent)
    raise Undecidable("root of a sum or of a negative number")


def _power_of_rational(value: Fraction, exponent: Fraction) -> Value:
    if exponent.denominator > 12 or abs(exponent.numerator) > 24:
        raise Undecidable("too large a root")
    powers = [(str(prime), count * exponent) for prime, count in _factors(value.numerator)]
    powers += [(str(prime), -count * exponent) for prime, count in _factors(value.denominator)]
    return Value(_reduced(sorted(powers), 1), ONE.top)


def _factors(count: int) -> list[tuple[int, int]]:
    """Return the prime factors of a positive integer with their exponents."""
    found, prime = [], 2
    while prime <= LARGEST_PRIME and prime * prime <= count:
        exponent = 0
        while count % prime == 0:
            count, exponent = count // prime, exponent + 1
        if exponent:
            found.append((prime, exponent))
        prime += 1 + (prime > 2)
    if count >= LARGEST_PRIME**2:
        half = math.isqrt(count)
        if half >= LARGEST_PRIME**2 or half**2 != count:
            raise Undecidable("too large below a root")
        return [*found, (half, 2)]
    return [*found, (count, 1)] if count > 1 else found


def _added(one: Sum, other: Sum) -> Sum:
    result = dict(one)
    for term, factor in other.items():
        result[term] = result.get(term, 0) + factor
    return _limited(result)


def _multiplied(one: Sum, other: Sum) -> Sum:
    if one == ONE.top or other == ONE.top:
        return other if one == ONE.top else one
    result: Sum = {}
    for term, factor in one.items():
        for other_term, other_factor in other.items():
            product, scale = _product(term, other_term) if term and other_term else (term or other_term, 1)
            result[product] = result.get(product, 0) + factor * other_factor * scale
    return _limited(result)


def _product(term: Term, other: Term) -> tuple[Term, int | Fraction]:
    exponents = dict(term)
    for name, exponent in other:
        exponents[name] = exponents.get(name, 0) + exponent
    ((product, scale),) = _reduced(sorted(exponents.items()), 1).items()
    return product, scale


def _limited(total: Sum) -> Sum:
    """Return a sum without the terms that cancel."""
    result = {term: factor for term, factor in total.items() if factor}
    if len(result) > MAX_TERMS or any(_bits(factor) > MAX_BITS for factor in result.values()):
        raise Undecidable("too many terms, or too large a coefficient")
    return result


def _reduced(powers, factor: int | Fraction) -> Sum:
    """Return a term with i to the power of 0 or 1, and primes to powers between 0 and 1."""
    kept = []
    for name, exponent in powers:
        if name == "i":
            factor = -factor if exponent % 4 in (2, 3) else factor
            exponent %= 2
        elif name.isdigit():
            whole = exponent.__floor__()
            factor = factor * Fraction(int(name)) ** whole
            exponent -= whole
        if exponent:
            kept.append((name, exponent))
    return {tuple(kept): factor}


def _bits(factor: int | Fraction) -> int:
    return max(factor.numerator.bit_length(), factor.denominator.bit_length())


ONE = Value({(): 1}, {(): 1})
