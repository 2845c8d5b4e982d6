r"""Exact comparison of formulas: tables, and random formulas against their values in floating point."""

import cmath
import math
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paretoscope.graders.layers.exact import compare
from paretoscope.graders.layers.number_words import with_digits

EQUAL = [
    (r"2\sqrt{3}", r"\sqrt{12}"),
    (r"\frac{1}{\sqrt{3}}", r"\frac{\sqrt{3}}{3}"),
    (r"\frac{1}{1+\sqrt{2}}", r"\sqrt{2}-1"),
    (r"\sqrt{2}\sqrt{3}", r"\sqrt{6}"),
    (r"\sqrt{3067}\sqrt{3067}", "3067"),
    (r"\sqrt{1018081}", "1009"),
    (r"\sqrt[3]{16}", r"2 \cdot 2^{1/3}"),
    (r"2^{25} \cdot 26!", r"26! \cdot 2^{25}"),
    (r"\frac{\pi}{2}", r"0.5\pi"),
    (r"\frac{1+i}{1-i}", "i"),
    ("i^{7}", "-i"),
    ("2^{3^2}", "512"),
    ("(x+1)^2", "x^{2}+2x+1"),
    (r"\frac{x^2-1}{x-1}", "x+1"),
    (r"\frac{1}{x}+\frac{1}{y}", r"\frac{x+y}{xy}"),
    (r"\frac{\sqrt{x}}{x}", r"\frac{1}{\sqrt{x}}"),
    ("x_{1}+1", "1+x_1"),
    (r"\binom{5}{2}", "10"),
    ("|-3|", "3"),
    (r"\sin 75^\circ", r"\frac{\sqrt{6}+\sqrt{2}}{4}"),
    (r"2-\sqrt{3}", r"\tan 15^\circ"),
    (r"\sin^2 60^\circ + \cos^2 60^\circ", "1"),
    (r"\sec \frac{\pi}{3}", "2"),
    (r"e^{\frac{2\pi i}{3}}", r"-\frac{1}{2}+\frac{\sqrt{3}}{2}i"),
    (r"e\pi", r"\pi e"),
    ("y=2x+3", "2x+3"),
    ("y=2x", "y=x+x"),
    ("5x - 7y + 4 = 0", "14y - 8 = 10x"),
    ("x^2+y^2=1", "y^2 = 1 - x^2"),
    ("1, -2", "-2, 1"),
    (r"\{1,2,2\}", "2, 1"),
    (r"(3,\frac{\pi}{2})", r"(3, \pi/2)"),
    (r"(0,1) \cup [2,\infty)", r"[2,+\infty)\cup(0,1)"),
    (r"\begin{pmatrix} 1 & 2 \end{pmatrix}", r"\begin{bmatrix} 1 & 4/2 \end{bmatrix}"),
    (r"\{(1,2),(3,4)\}", "(3,4), (1,2)"),
]
UNEQUAL = [
    (r"2\sqrt{3}", r"\sqrt{13}"),
    (r"\sqrt{2}+\sqrt{3}", r"\sqrt{5}"),
    (r"\pi", r"\frac{22}{7}"),
    ("x^2", "x^3"),
    ("5x - 7y + 4 = 0", "5x - 7y - 4 = 0"),
    ("5x - 7y + 4 = 0", "5x - 7z + 4 = 0"),
    (r"\sqrt[3]{2}", r"\sqrt{2}"),
    (r"\sin 30^\circ", r"\cos 30^\circ"),
    ("2i", "-2i"),
    ("1, -2", "1, -2, 3"),
    ("5", "(5,6)"),
    ("5", r"(5,\infty)"),
    ("1, -2", "1"),
    ("(1,2)", "(2,1)"),
    ("(1,1,2)", "(1,2)"),
    ("[0,1)", "(0,1)"),
    (r"(0,\infty)", r"[0,\infty)"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 2 \\ 1 \end{pmatrix}"),
    ("(1, 2)", "3, 4, 5"),
]
UNDECIDED = [
    ("1/2x", r"\frac{x}{2}"),  # or 1/(2x)
    ("f(x)", "fx"),
    ("x^10", "x^{10}"),
    (r"1\frac{1}{2}", "1.5"),
    ("2 3", "6"),
    (r"\frac{2}{3} + \pi", "3.808259"),  # six decimals may stand for more
    (r"e + \pi", "6"),  # nobody knows that their sum is irrational
    (r"\sqrt{x^2}", "x"),
    (r"\sqrt{5+2\sqrt{6}}", r"\sqrt{2}+\sqrt{3}"),
    ("(-8)^{1/3}", "-2"),
    (r"\cos 20^\circ", r"\sin 70^\circ"),
    (r"\cos 2x", "1"),
    (r"\sin^{-1} 1", r"\frac{\pi}{2}"),
    ("2^x", "2^{x}"),
    ("0^0", "1"),
    (r"\frac{1}{0}", "1"),
    ("0^{-1/2}", "0"),
    (r"\sqrt{2}+0^{-0.5}", r"\sqrt{2}"),
    (r"2{\frac{1}{2}}", "1"),  # or two and a half
    ("x or y", "x"),
    ("yes", "sey"),
    ("1,234", "1234"),
    ("1,234, 5", "5, 1234"),
    ("2,5", "5,2"),
    ("(1,2)", "[1,2]"),
    ("1, 2", "(1, 2)"),
    (r"(0,1)\cup[1,2)", "(0,2)"),
    ("(1,2)", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    ("x=5", "y=5"),
    ("2x=10", "x=5"),
    ("x+y=0", "(x+y)^2=0"),
    (r"\sqrt{2}x+2y=0", r"x+\sqrt{2}y=0"),
    ("a=b=c", "c=b=a"),
    (r"x+y \le 1", r"y+x \le 1"),
    (r"10\%", "0.1"),
    (r"30^\circ", "30"),
    (r"\text{east}", "5"),
    ("5", "(5"),
    ("5", ""),
    (r"\sqrt{1000003000002000001}", "1"),
]


@pytest.mark.parametrize(
    ("gold", "answer", "verdict"),
    [
        *((*pair, "correct") for pair in EQUAL),
        *((*pair, "wrong") for pair in UNEQUAL),
        *((*pair, None) for pair in UNDECIDED),
    ],
)
def test_pairs(gold, answer, verdict):
    assert compare(gold, answer)[0] == verdict
    assert compare(answer, gold)[0] == verdict


@pytest.mark.parametrize(
    "answer",
    [
        "9" * 1000,
        "(" * 1000,
        "{" * 500 + "}" * 500,
        "(x+y+z)^{12}" * 12,
        "(x+1)^{12}(y+1)^{12}(z+1)^{12}",
        "2^{9999}",
        "(2^{1999})^{1999}",
        r"\sqrt{" + "7" * 60 + "}",
        "100!^{20}",
        r"\binom{100}{50}" * 60,
        "x^{99999999999}",
        r"\frac{1}{x+\frac{1}{y+\frac{1}{z+\frac{1}{a+\frac{1}{b}}}}}" * 3,
        ",".join(map(str, range(300))),
        ", ".join(rf"\sqrt{{{n}}}" for n in range(24)),
        r"\pm" * 300,
    ],
    ids=lambda answer: answer[:16],
)
def test_heavy_answers_are_given_up_at_once(answer):
    started = time.process_time()
    assert compare("7", answer)[0] != "correct"
    compare(answer, answer + " ")
    assert time.process_time() - started < 0.5


X, Y = 0.7390851332151607, 1.9318516525781366  # no roots of what is drawn below
LEAVES = st.one_of(
    st.integers(0, 12).map(lambda n: (str(n), complex(n))),
    st.integers(2, 30).map(lambda n: (rf"\sqrt{{{n}}}", complex(math.sqrt(n)))),
    st.integers(2, 20).map(lambda n: (rf"\sqrt[3]{{{n}}}", complex(n ** (1 / 3)))),
    st.integers(0, 24).map(lambda n: (rf"\sin({15 * n}^\circ)", complex(math.sin(math.pi * n / 12)))),
    st.sampled_from([("x", complex(X)), ("y", complex(Y)), (r"\pi", complex(math.pi)), ("i", 1j), ("0.5", 0.5 + 0j)]),
)


def combined(parts):
    """Return two formulas as one, and its value; none of what has none, or is read in two ways."""
    (one, a), sign, (other, b) = parts
    if a is None or b is None:
        return rf"({one})+({other})", None
    if sign == "/":
        return (rf"\frac{{{one}}}{{{other}}}", a / b) if abs(b) > 1e-6 else (one, a)
    if sign == "^":
        return rf"({one})^2", a * a
    if sign == "^-":
        root = 1 / cmath.sqrt(a) if abs(a) > 1e-6 else None
        return (rf"({one})^{{-1/2}}", root) if root is None or one.isdigit() else (one, a)
    if sign == "{":
        return (rf"{one}{{{other}}}", None) if one.isdigit() else (rf"({one}){{{other}}}", a * b)
    return rf"({one}){sign}({other})", {"+": a + b, "-": a - b, r"\cdot ": a * b}[sign]


FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", r"\cdot ", "/", "^", "^-", "{"]), inner).map(combined),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(FORMULAS, FORMULAS)
def test_formulas_are_the_same_where_their_values_are(one, other):
    (text, value), (other_text, other_value) = one, other
    verdict = compare(text, other_text)[0]
    if value is None or other_value is None:
        assert verdict is None
        return
    close = cmath.isclose(value, other_value, rel_tol=1e-9, abs_tol=1e-9)
    assert verdict in (None, "correct" if close else "wrong")


REWRITTEN = (
    lambda text, other: f"{text}+{other}-({other})",
    lambda text, other: rf"{other}\cdot(0) + ({text})",
    lambda text, other: rf"2\cdot({text}) - ({text})",
    lambda text, other: rf"\frac{{3\cdot({text})}}{{3}}",
    lambda text, other: f"-(-({text}))",
    lambda text, other: f"{{{text}}}",
)


@pytest.mark.parametrize(("changed", "expected"), [(False, "correct"), (True, "wrong")])
def test_most_formulas_are_decided(changed, expected):
    """Where nothing is decided, nothing is wrong; so a share of equal and of different forms has to be."""
    verdicts = Counter()

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(FORMULAS, LEAVES, st.sampled_from(REWRITTEN))
    def decide(one, other, rewrite):
        if one[1] is not None:
            text = rewrite(one[0], other[0]) + ("+1" if changed else "")
            verdict = compare(one[0], text)[0]
            assert verdict in (None, expected)
            verdicts[verdict] += 1

    decide()
    assert verdicts[expected] > 0.8 * verdicts.total()


@given(st.text(max_size=60), st.text(alphabet="0123456789xyi+-*/^(){}[],.\\ frac sqrt pi", max_size=60))
def test_no_text_breaks_it(one, other):
    assert compare(one, other)[0] in ("correct", "wrong", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twelve", "12"),
        ("Twenty-one", "21"),
        (r"\text{two}", "2"),
        (r"\text{three apples}", "3 apples"),
        ("one hundred and five", "105"),
        ("two hundred three", "203"),
        ("two thousand five hundred", "2500"),
        ("one hundred thousand", "100000"),
        ("one million two thousand", "1002000"),
        ("zero", "0"),
        ("one half", r"\frac{1}{2}"),
        ("half", r"\frac{1}{2}"),
        ("a third", r"\frac{1}{3}"),
        ("two-thirds", r"\frac{2}{3}"),
        (r"\text{three eighths}", r"\frac{3}{8}"),
        ("seven twelfths of the cake", r"\frac{7}{12} of the cake"),
        ("3 quarters", r"\frac{3}{4}"),
        ("three and a half", r"\frac{7}{2}"),
        ("minus three and a half", r"-\frac{7}{2}"),
        ("negative five", "-5"),
        ("minus 5", "-5"),
        *((same, same) for same in ("one in six", "three times ten", "five squared", "two less than ten", "two score")),
        *((same, same) for same in ("half and half", "five factorial", "three over four", "not half", "two of three")),
        *((same, same) for same in ("two three", "twenty twelve", "hundred", "twenty-eleven")),
        *((same, same) for same in ("one or two", "one-to-one", "one point five", "one hundred zero", "east")),
        *((same, same) for same in ("three hundred hundred", "two million three million", "one thousand two million")),
    ],
)
def test_numbers_in_words(text, expected):
    assert with_digits(text) == expected
