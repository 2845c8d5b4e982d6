"""The two stages of parsing: equal results, and the slow stage for errors alone."""

import pytest
from antlr4.atn.ParserATNSimulator import ParserATNSimulator
from latex2sympy2_extended.latex2sympy2 import _Latex2Sympy as Converter

from paretoscope.graders.layers.latex import parse_in_two_stages

SLOWLY = Converter.create_parser, Converter.parse

TEXTS = [
    *("5", "-5.25", r"\frac{1}{2}", r"\frac12", "2x+1", "xyz", r"\sqrt{3}", r"\sqrt[3]{x}", r"3\sqrt{2}+\pi", "5!"),
    *("(1, 2)", "(1,2),(3,4)", "[0, 1)", r"(-\infty, 3] \cup [5, \infty)", r"\{1, 2, 3\}", "1, 2", "1;2", "{1}"),
    *("x = 5", "x < 5", r"1 \le x < 3", r"x \in [0, 1]", "x = 1, y = 2", r"y = \frac{x}{2} + 3", "a^{2}+b^{2}=c^{2}"),
    *(r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\binom{5}{2}", r"\log_2 8", r"\sin x", r"|x|", r"50\%"),
    *(
        r"\int_0^1 x dx",
        r"\sum_{k=1}^{3} k",
        r"e^{i\pi}",
        r"2^{x^y}",
        r"\text{even}",
        "x_1",
        r"5^\circ",
        r"\frac{1}{",
        "(",
        "",
    ),
]


def result(latex):
    try:
        return repr(Converter(is_real=True).parse(latex))
    except Exception:
        return "an error"


@pytest.fixture
def full_parses(monkeypatch):
    """Count the decisions that were taken in full context."""
    taken = []
    full = ParserATNSimulator.execATNWithFullContext
    monkeypatch.setattr(
        ParserATNSimulator, "execATNWithFullContext", lambda *arguments: taken.append(1) or full(*arguments)
    )
    return taken


@pytest.mark.parametrize("latex", TEXTS)
def test_both_stages_read_the_same(latex, monkeypatch):
    parse_in_two_stages()
    in_two_stages = result(latex)
    monkeypatch.setattr(Converter, "create_parser", SLOWLY[0])
    monkeypatch.setattr(Converter, "parse", SLOWLY[1])
    assert result(latex) == in_two_stages


def test_a_point_is_read_in_the_first_stage(full_parses):
    parse_in_two_stages()
    assert result("(1, 2)") == "Interval.open(1, 2)"
    assert not full_parses


def test_what_the_first_stage_cannot_read_goes_to_the_second(full_parses):
    parse_in_two_stages()
    assert result("x_1") == "x_1"
    assert full_parses
