"""The math grader: comparisons that need no algebra, those that do, then whole responses."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.errors import InputError
from paretoscope.graders import math as grader
from paretoscope.graders.layers.comparison import asks_for_percentage
from paretoscope.schema import VERDICTS, Item

THINK = {"start": "<think>", "end": "</think>", "opened_by_template": True}


def item(target, question=""):
    return Item("1", question, target)


CHEAP = [
    # gold, boxed answer, question, verdict
    ("73", "073", "", "correct"),
    ("73", "73.0", "", "correct"),
    ("336", r"336^\circ", "", "correct"),
    ("10080", r"10,\!080", "", "correct"),
    ("50", r"50\%", "How many apples are left of the 20%?", "wrong"),
    ("70", r"70\%", "What percentage passed?", "correct"),
    ("70", r"70\%", "What is the school's pass rate?", "correct"),
    ("0.15", r"15\%", "", "correct"),
    (r"10\%", "10", "", "correct"),
    (r"\frac13", "0.333", "", "wrong"),
    (r"\frac13", "0.3333333", "", "correct"),
    (r"\frac{11}{2}", "11/2", "", "correct"),
    ("2516_8", "2516", "Write it in base 8.", "correct"),
    ("2516_8", "2516", "Write it down.", "wrong"),
    ("2516_8", "2516_7", "", "wrong"),
    ("2516", "2516_8", "", "wrong"),
    ("4210_{5}", r"4210_{\text{five}}", "", "correct"),
    (r"\text{(C)}", "C", "", "correct"),
    (r"\text{(C)}", "B", "", "wrong"),
    (r"\text{east}", "East", "", "correct"),
    (r"\text{even}", "odd", "", "wrong"),
    ("5", "5 million", "", "wrong"),
    ("5000000", "5 million", "", "correct"),
    ("5", "5 dozen", "How many dozen eggs?", "correct"),
    ("5", "x=5", "", "correct"),
    ("x=5", "5", "", "correct"),
    ("366", "60 + 180 + 126 = 366", "", "correct"),
    ("1", "1^{(2^{235423523})} = 1", "", "correct"),
    ("15", r"15\text{ square centimeters}", "", "correct"),
    ("5", r"\text{Answer: } 5", "", "correct"),
    ("5g", "5h", "", "wrong"),
    ("5 cm", "5 centimeters", "", "correct"),
    ("5 cm", r"5\text{ cm}^2", "", "wrong"),
    ("5 am", "5 pm", "", "wrong"),
    (r"20^\circ C", r"20^\circ F", "", "wrong"),
    (r"20^\circ C", "20 degrees", "", "correct"),
    (r"\sqrt{2}", r"\sqrt{2} m", "How many meters?", "correct"),
    ("15 widgets", "15 pieces", "", "correct"),
    ("100", "1e2", "", "correct"),
    (r"\{1,2\}", "(1,2)", "", "wrong"),
    ("(1,2)", r"\{1,2\}", "", "wrong"),
    ("[1,2]", r"\{1,2\}", "", "wrong"),
    (r"( f(1), 2 )", r"\{f(1), 2\}", "", "wrong"),
    ("5", " ", "", "no_answer"),
    # Spaces between digits say something.
    ("11/2", "1 1/2", "", "wrong"),
    ("3/2", "1 1/2", "", "correct"),
    ("1000", "1 000", "", "correct"),
    # A decimal comma, and a comma that is none.
    ("2.5", "2,5", "", "correct"),
    ("2,5", "2.50", "", "correct"),
    ("0.123", "0,123", "", "correct"),
    ("1.234", "1,234", "", "wrong"),
    ("1234", "1.234", "", "wrong"),
    # An equation in unknowns is no number, unless the question asks for its side.
    ("10", "2x = 10", "Solve $3x - 15 = 0$.", "wrong"),
    ("10", "a+b = 10", "Solve it.", "wrong"),
    ("10", "a + b = 10", "Find $a+b$.", "correct"),
    ("10", "f(2) = 10", "", "correct"),
    ("10", r"x_{1} = 10", "", "correct"),
    ("10", "AB = 10", "", "correct"),
    ("10", r"\log_2 1024 = 10", "", "correct"),
    ("10", "S = 2x + 4 = 10", "", "correct"),
    ("-1", "i^2 = -1", "", "correct"),
    ("x^3+3x-6", "x^3 + 3x - 6 = 0", "", "wrong"),
    # Letters after a number are variables where they are no word.
    ("2", "2 men", "How many men?", "correct"),
    ("2", "2 pupils", "", "correct"),
    # Systems: the order of unknowns doesn't matter, their names do.
    ("x=1, y=2", "y=2, x=1", "", "correct"),
    ("x=1, y=2", r"x = 1 \text{ and } y = 2", "", "correct"),
    # A time on the hour, where a time is asked for.
    ("2", r"2:00 \text{ pm}", "At what time does it start?", "correct"),
    ("2", "02:00", "What is the latest time of day?", "correct"),
    ("2", "3:00", "At what time does it start?", "wrong"),
    ("5 pm", "5:00 pm", "", "correct"),
    (r"5\text{ p.m.}", "17:00", "", "correct"),
    ("5:30 pm", "5:30", "", "correct"),
    ("5:30 pm", "5:30 am", "", "wrong"),
    ("5:00", "17:00", "At what time does it start?", "wrong"),
    ("12:00 am", "0:00", "", "correct"),
    ("11:30", "11{:}30", "", "correct"),
    # A system's solution as a point: by the names of the unknowns, in the order of the question or the alphabet.
    ("(1,2)", "y=2, x=1", "", "correct"),
    ("(2,1)", "y=2, x=1", "Find the pair $(y, x)$.", "correct"),
    ("x=1, y=2", "(1, 2)", "", "correct"),
    # The empty set, numbers in words, a fraction as a program prints it.
    (r"\emptyset", r"\varnothing", "", "correct"),
    (r"\emptyset", r"\{ \}", "", "correct"),
    (r"\emptyset", "∅", "", "correct"),
    ("12", "twelve", "", "correct"),
    ("21", "twenty-one", "", "correct"),
    ("21", "Twenty one", "", "correct"),
    ("2", r"\text{two}", "", "correct"),
    (r"\text{two}", "2", "", "correct"),
    ("3", "three apples", "", "correct"),
    ("105", "one hundred and five", "", "correct"),
    ("105", "one hundred and four", "", "wrong"),
    (r"\frac{2}{3}", "0.6666666666666666", "", "correct"),
    (r"\frac{1}{7}", "0.14285714285714285", "", "correct"),
    (r"\frac{2}{3}", "0.66666666", "", "wrong"),
    ("0.7", "0.6999999999999999", "", "wrong"),
    ("12", "12个", "", "correct"),
    # Words, and options with their letter.
    (r"\text{no solution}", "No solutions.", "", "correct"),
    (r"\text{yes}", "no", "", "wrong"),
    (r"\text{(B)}", "(B) 5", "", "correct"),
    (r"\text{(B)}", "(B) x = 5", "", "correct"),
    (r"\text{(B)}", "(C) x = B", "", "wrong"),
    (r"\text{(B)}", "(C) B", "", "wrong"),
    (r"\text{(B)}", r"\text{(B)}\ 5", "", "correct"),
    (r"\text{B}", r"\textbf{(B)}\ 5", "", "correct"),
    (r"\text{B}", "(B) 5", "", "correct"),
    (r"\text{B}", r"\textbf{(C)}\ B", "", "wrong"),
    (r"\text{B}", "(C) B", "", "wrong"),
    # Colours and the direction of writing say nothing.
    ("73", r"\textcolor{red}{73}", "", "correct"),
    ("73", r"\color{red}73", "", "correct"),
    ("73", r"{\color[rgb]{1,0,0} 73}", "", "correct"),
    ("73", r"\textcolor{red}{72}", "", "wrong"),
    ("3", "\u20683\u2069", "", "correct"),
    ("3", "\u202a3\u202c", "", "correct"),
    ("3", "\u202e4\u202c", "", "wrong"),
    # What is asked for tells the unit, the scale, the base and the percentage; what is only mentioned doesn't.
    (r"\$5", "5 cents", "", "wrong"),
    (r"\$5", "€5", "", "wrong"),
    (r"\$5", "5", "", "correct"),
    (r"\$5", "5 dollars", "", "correct"),
    ("5 dollars", "5 euros", "", "wrong"),
    ("5 acres", "5 hectares", "", "wrong"),
    ("5 cups", "5 liters", "", "wrong"),
    ("5 decades", "5 years", "", "wrong"),
    ("5 mph", "5 miles per hour", "", "correct"),
    ("5", "5 km", "How far is it in miles?", "wrong"),
    ("5", "5 hours", "How many minutes does it take?", "wrong"),
    ("5", "5 cents", "How many dollars is it?", "wrong"),
    ("5", "5 dollars", "How many dollars is it?", "correct"),
    ("24", "24 dozen", "There are 5 dozen eggs. How many eggs are left?", "wrong"),
    ("300", "300 million", "Of 2 million people, how many people moved?", "wrong"),
    ("36", "3 dozens", "", "correct"),
    ("36", "3 dozen eggs", "", "correct"),
    ("3", "3 dozen eggs", "How many eggs?", "wrong"),
    ("3", "3 dozen eggs", "How many dozen eggs?", "correct"),
    ("1500000", r"1.5\text{ million dollars}", "", "correct"),
    ("3", "3 dozens", "", "wrong"),
    ("50", r"50\%", "At what rate in mph does it move?", "wrong"),
    ("50", r"50\%", "How many apples remain if twenty percent rot?", "wrong"),
    ("10", "10 per cent", "How many apples are there?", "wrong"),
    ("10", "10 pct", "What percentage is red?", "correct"),
    ("2516", "2516_8", "Let $a_8$ be the last term.", "wrong"),
    ("2516", "2516_8", "Add $77_8$ to it.", "correct"),
    ("3 quarters", "3", "How many quarters has he?", "correct"),
    (r"\frac{3}{4}", "three quarters", "", "correct"),
    (r"\frac{3}{8}", r"\text{three eighths}", "", "correct"),
    ("3", "three eighths", "", "wrong"),
    ("-5", "minus 5", "", "correct"),
    ("2", "2:00 pm", "How many apples?", "wrong"),
    ("2", "2 pm", "How many apples?", "wrong"),
    ("5 am", "17:00 am", "", "wrong"),
    ("1:10", "1:10 pm", "What is the ratio?", "wrong"),
    ("1:10", "1:10 pm", "When does it start?", "correct"),
    # Letters: signs between them count, and so does their order where they are no product.
    (r"\text{(C)}", "-C", "", "wrong"),
    (r"\text{east}", "e-a-s-t", "", "wrong"),
    (r"\text{cat}", "act", "", "wrong"),
    (r"\text{well-known}", "well-known", "", "correct"),
    # An equation of something that the question doesn't name.
    *(
        ("5", rf"{side} = 5", "", "wrong")
        for side in (r"\sqrt{x}", "|x|", r"\ln x", "xy", r"\frac{a}{b}", "y'", r"2\theta")
    ),
    *(("5", rf"{side} = 5", "", "correct") for side in ("AB", "f(2)", "|AB|", r"m\angle A", r"\text{area}", r"\theta")),
    *(
        ("5", rf"{side} = 5", "", "correct")
        for side in ("f'(2)", "P(X=2)", r"\lim_{x \to 0} x+5", "[ABC]", "4 apples + 1")
    ),
    ("5", r"xy=5\text{ cm}", "", "wrong"),
    ("5", r"\sqrt{x} = 5", r"Find $\sqrt{x}$.", "correct"),
    ("x+y=5", "5", "", "wrong"),
    # Marks that algebra passes over.
    ("f'", "f", "", "wrong"),
    ("A'", "A", "", "wrong"),
    (r"f^{\prime}(x)", "f(x)", "", "wrong"),
    ("y''+y=0", "y'+y=0", "", "wrong"),
    ("5''", "5'", "", "wrong"),
    ("f'g+fg'", "fg+fg'", "", "wrong"),
    (r"30^\circ", "30'", "", "wrong"),
    (r"\angle ABC", r"\angle CBA", "", "correct"),
    (r"\angle ABC", r"\angle ACB", "", "wrong"),
    (r"\triangle ABC", r"\triangle CAB", "", "correct"),
    (r"\triangle ABC", r"\angle ABC", "", "wrong"),
    ("5", r"5\ldots", "", "wrong"),
    (r"\infty", r"2\infty", "", "wrong"),
    (r"\infty", r"+\infty", "", "correct"),
    (r"-\infty", r"\infty", "", "wrong"),
    ("20,30", r"20\%, 30\%", "", "wrong"),
    ("(1,2)", "1 < x < 2", "", "wrong"),
    ("(1,2)", "1 < x < 2", "Solve the inequality.", "correct"),
    ("(0,1)", "x > 0, x < 1", "For what values is it positive?", "correct"),
]


@pytest.mark.parametrize(
    "question, asks",
    [
        ("What percentage passed?", True),
        ("What is the rate?", True),
        ("Give it as a %.", True),
        ("What is 20% of 50?", False),
        (r"What is 20\% of 50?", False),
        ("The percentage is 5. What is left?", False),
        ("It rose by 20%. How many are left?", False),
        ("What is 20% of 50 in percent?", True),
        ("At what rate in mph does it go?", False),
        ("How many apples are left if twenty percent rot?", False),
        ("How many percent are red?", True),
        ("How many of them, as a percent, are red?", True),
        ("", False),
    ],
)
def test_whether_a_percentage_is_asked_for(question, asks):
    assert asks_for_percentage(question) is asks


def test_a_long_question_is_searched_once_and_in_linear_time():
    started = time.process_time()
    for question in ("what " * 100_000, "what 5%" * 100_000):
        for _ in range(1_000):
            assert not asks_for_percentage(question)
    assert time.process_time() - started < 2


FORMULAS = [
    ("B", "(B)(C)", "wrong"),
    ("B", "(B) + 1", "wrong"),
    (r"\pi", "3.141593", "wrong"),
    (r"\sqrt{23}-2 \sqrt{3}", "1.331730", "wrong"),
    ("5", "5d", "wrong"),
    ("5d", "5", "wrong"),
    (r"\pi r^2 h", r"\pi r^2", "wrong"),
    ("2x+3m", "2x+3", "wrong"),
    (r"2 \pi h", r"2 \pi", "wrong"),
    ("12,13", "12 or 13", "correct"),
    ("1,-2", "-2,1", "correct"),
    ("1,-2", "1", "wrong"),
    ("(1,2)", "(2,1)", "wrong"),
    ("1,2", r"\{2,1\}", "correct"),
    (r"\{1,2\}", "1, 2", "correct"),
    ("1,2", "(1,2)", "correct"),
    ("(1,2),(3,4)", r"\{(3,4),(1,2)\}", "correct"),
    ("[0,1)", "(0,1)", "wrong"),
    ("x=5", "y=5", "wrong"),
    ("y=2x+3", "2x+3", "correct"),
    (r"3 \pm 2 \sqrt{2}", r"3 + 2\sqrt{2}, 3 - 2\sqrt{2}", "correct"),
    (r"\frac{-1+\sqrt{17}}{2}, \frac{-1-\sqrt{17}}{2}", r"\frac{-1\pm\sqrt{17}}{2}", "correct"),
    ("4", r"\pm 4", "wrong"),
    (r"x \in [-2,7]", r"-2 \le x \le 7", "correct"),
    (r"\begin{pmatrix} -1/3 \\ 2/3 \end{pmatrix}", r"\begin{bmatrix}-\frac13\\\frac23\end{bmatrix}", "correct"),
    (r"2^{25} \cdot 26!", r"26! \cdot 2^{25}", "correct"),
    (r"\sqrt{\frac{95}{24}}", r"\frac{\sqrt{570}}{12}", "correct"),
    ("26000", "1000(26)", "correct"),
    ("2", "2:00", "wrong"),
    (r"\frac{1}{6}", r"\sum_{k=1}^{3} \frac{k}{36}", "correct"),
    (r"y = 2x + 3", r"y = 2x + 3 = 2(x+1) + 1", "correct"),
    (r"\frac{1}{2}", r"\frac{1}{2} \left( 1 + ", "unparsed"),
    ("2", "2 abc", "wrong"),
    ("2", "2 abcd", "wrong"),
    ("2", "2 xyz", "wrong"),
    ("2,5", "2.51", "wrong"),
    ("12,34", "12.35", "wrong"),
    ("2", "2:30", "wrong"),
    (r"x=1,y=2 \text{ or } x=3,y=4", "x=3, y=4; x=1, y=2", "correct"),
    (r"x=1,y=2 \text{ or } x=3,y=4", "x=3, y=2; x=1, y=4", "wrong"),
    ("x=1,y=2", "x=2,y=1", "wrong"),
    ("x=1,y=2", "a=1,b=2", "wrong"),
    ("[1,2]", r"1 \le x \le 2", "correct"),
    (r"1 \le x \le 2", "[1,2]", "correct"),
    (r"x \ge 5", r"x \gt 5", "wrong"),
    ("x > 5", "5 < x", "correct"),
    ("x > 5", "5", "wrong"),
    ("5", "x > 5", "wrong"),
    (r"x \ne 3", "3", "wrong"),
    (r"\{1,2,3\}", r"\{1,2\}", "wrong"),
    ("(1,1,2)", "(1,2)", "wrong"),
    (r"90^\circ", r"\frac{\pi}{2}", "wrong"),
    ("12", "12万", "unparsed"),
    # Angles in a function keep their degrees.
    (r"\frac{\sqrt{3}}{2}", r"\sin 60^\circ", "correct"),
    (r"\frac{\sqrt{3}}{2}", r"\sin(60°)", "correct"),
    (r"\frac{\sqrt{3}}{2}", r"\sin 60", "wrong"),
    (r"\sin 60^\circ", r"\frac{\sqrt3}2", "correct"),
    (r"\cos 20^\circ", r"\sin 70^\circ", "correct"),
    (r"\cos 20^\circ", r"\cos 20", "wrong"),
    # Powers of e, roots of negative numbers, powers as programs write them.
    ("-1", r"e^{i\pi}", "correct"),
    ("1", r"e^{i\pi}", "wrong"),
    ("2i", r"\sqrt{-4}", "correct"),
    ("-2i", r"\sqrt{-4}", "wrong"),
    ("-2", r"\sqrt[3]{-8}", "correct"),
    ("x^2", "x**2", "correct"),
    ("x^{10}+1", "x**10 + 1", "correct"),
    ("x^{-1}", "x**(-1)", "correct"),
    ("x^2", "x**3", "wrong"),
    ("x^2", "x*2", "wrong"),
    # Inequalities in one unknown are intervals.
    (r"(-\infty,0)\cup(1,\infty)", "x<0 or x>1", "correct"),
    (r"(-\infty,0)\cup(1,\infty)", r"x > 1 \text{ or } 0 > x", "correct"),
    (r"(-\infty,0)\cup(1,\infty)", r"x \le 0 or x > 1", "wrong"),
    (r"(-\infty,0)\cup(1,\infty)", "x<0", "wrong"),
    (r"(-\infty,0)\cup(1,\infty)", "x<0, y>1", "wrong"),
    (r"x < 0 \text{ or } x > 1", r"(1,\infty) \cup (-\infty,0)", "correct"),
    (r"x < 2", "y < 2", "wrong"),
    (r"[0,1]", r"1 \ge x \ge 0", "correct"),
    (r"(0,1]", r"1 \ge x \ge 0", "wrong"),
    (r"x \in (0,1]", r"0 < x \leq 1", "correct"),
    # A comma between inequalities is *and*, but for a gold that nothing could fulfil.
    ("x<0 or x>1", "x<0, x>1", "wrong"),
    (r"x<-\sqrt{2} or x>\sqrt{2}", r"x<-\sqrt{2}, x>\sqrt{2}", "wrong"),
    (r"(-\infty,0)\cup(1,\infty)", "x<0 and x>1", "wrong"),
    ("x>0, x<1", "0<x<1", "correct"),
    ("x<0, x>1", "x<0 or x>1", "correct"),
    ("x=0 or x=1", "x=0, x=1", "correct"),
    # Letters in roman or bold are letters, and their products have no order.
    *(
        ("3", given, "wrong")
        for given in (r"3\mathrm{i}", r"1+2\mathrm{i}", r"3\mathrm{\pi}", r"3\text{x}", r"3\text{!}")
    ),
    *(
        ("2", given, "wrong")
        for given in (r"2\mathrm{e}", r"2\mathrm{e}^{3}", "2 thirds", "2 score", "2 less than ten")
    ),
    *(
        ("5", given, "wrong")
        for given in (r"5\text{ is wrong}", r"5\text{ is not the answer}", "5 at most", "5 excluded")
    ),
    *(("5", given, "unparsed") for given in ("5分之一", "5十", "5萬", "5億", "5多万", "5个半", "5成")),
    ("5", "five squared", "wrong"),
    *(
        ("3", given, "wrong")
        for given in ("3 squared", "3 choose two", "3 times x", "3 repeating", "3 gross", "3 lakh")
    ),
    ("10", "10 degrees below zero", "wrong"),
    ("5000000", "5 million squared", "wrong"),
    ("n", r"n\text{ even}", "wrong"),
    (r"3\mathbf{i}", r"3\mathbf{j}", "wrong"),
    ("2+3i", r"2+3\mathrm{i}", "correct"),
    ("4+i", r"4+\text{i}", "correct"),
    ("2e", r"2\mathrm{e}", "correct"),
    ("xy", "yx", "correct"),
    ("xy", r"x \cdot y", "correct"),
    *(("xy", given, "wrong") for given in ("x+y", "-xy", "x-y", "x/y", "x^y", "x,y")),
    ("AB", "A,B", "wrong"),
    (r"0.5\pi", "1.570796", "wrong"),
    (r"1.5\sqrt{2}", "2.121320", "wrong"),
    (r"0.5\pi", r"\frac{\pi}{2}", "correct"),
    # Signs are independent.
    (r"\pm 1 \pm 2", "3, -3", "wrong"),
    (r"\pm 1 \pm 2", "1, -1, 3, -3", "correct"),
    ("0", "0^{-1/2}", "wrong"),
    ("5", r"x \not= 5", "wrong"),
    ("f'(x)=2x", "2x", "correct"),
    ("3.14", "3. 14", "unparsed"),
    ("1", r"2{\frac12}", "wrong"),
]


@given(st.integers(1, 50), st.integers(51, 99))
def test_two_signs_are_four_answers(one, other):
    gold = item(rf"\pm {one} \pm {other}")
    values = [str(sign * one + other_sign * other) for sign in (1, -1) for other_sign in (1, -1)]
    for count, verdict in ((4, "correct"), (3, "wrong"), (2, "wrong")):
        decision = grader.decide(rf"\boxed{{{', '.join(values[:count])}}}", gold, "stop", None, {})
        assert decision.verdict == verdict


@pytest.mark.parametrize("gold, answer, question, verdict", CHEAP)
def test_cheap_comparison(gold, answer, question, verdict):
    decision = grader.decide(rf"\boxed{{{answer}}}", item(gold, question), "stop", None, {})
    assert decision.verdict == verdict


@pytest.mark.parametrize("gold, answer, verdict", FORMULAS)
def test_comparison_of_formulas(gold, answer, verdict):
    decision = grader.grade(rf"\boxed{{{answer}}}", item(gold), "stop", None, {})
    assert decision.verdict == verdict


@pytest.mark.parametrize(
    "gold, answer",
    [
        (r"\frac{1}{6}", r"\sum_{k=1}^{3} \frac{k}{36}"),
        (r"\cos 20^\circ", r"\sin 70^\circ"),
        (r"x^2 + y^2 = 1", r"x^4 + y^2 = 1"),
        ("x > 5", "5"),
        ("2", "2 abc"),
        (r"\pi", "3.141593"),
    ],
)
def test_what_only_algebra_can_tell_is_left_to_the_worker(gold, answer):
    assert grader.decide(rf"\boxed{{{answer}}}", item(gold), "stop", None, {}).verdict is None


def test_a_full_memory_is_no_wrong_answer(monkeypatch):
    def fill(*_, **__):
        raise MemoryError

    grader.prepare()
    monkeypatch.setattr("math_verify.grader.sympy_symbolic_eq", fill)
    monkeypatch.setattr("math_verify.grader.sympy_numeric_eq", fill)
    with pytest.raises(MemoryError):
        grader.compare(r"\sqrt{2} + x", r"\sqrt{3} + x")


@pytest.mark.parametrize(
    "text, finish_reason, reasoning, verdict, method",
    [
        (r"\boxed{5}", "stop", None, "correct", "boxed/exact"),
        (r"\boxed{5}", None, None, "correct", "boxed/exact"),
        (r"\boxed{6}", "stop", None, "wrong", "boxed/integer"),
        ("The answer is 5.0.", "stop", None, "correct", "answer_is/integer"),
        ("nothing", "stop", None, "no_answer", "none"),
        ("nothing", "length", None, "truncated", "none"),
        (r"\boxed{5} and on and on", "length", None, "truncated", "boxed"),
        (r"so \boxed{5}", "length", THINK, "truncated", "reasoning/never_closed"),
        (r"so \boxed{5}", None, THINK, "truncated", "reasoning/never_closed"),
        (r"so \boxed{5}", "stop", THINK, "no_answer", "reasoning/never_closed"),
        (r"\boxed{4}</think>\boxed{5}", "stop", THINK, "correct", "boxed/exact"),
        (r"\boxed{5}</think>I don't know", "stop", THINK, "no_answer", "none"),
        ("so</think> \\boxed{5}\n</think>", "stop", THINK, "correct", "boxed/exact"),
        (r"so</think>after the tag <think> comes \boxed{5}", "stop", THINK, "correct", "boxed/exact"),
        (r"so</think>\boxed{5}<think>or \boxed{6}</think>", "stop", THINK, "correct", "boxed/exact"),
        (r"<think>so \boxed{5}", "stop", None, "no_answer", "reasoning/never_closed"),
        ("The answer is not 5.", "stop", None, "no_answer", "none"),
        ("The answer is **not** $5$.", "stop", None, "no_answer", "none"),
        ("The answer is clearly not 5, as 5 is odd.", "stop", None, "no_answer", "none"),
        ("Answer: not 5", "stop", None, "no_answer", "none"),
        ("The answer is 5. The answer is not 6.", "stop", None, "correct", "answer_is/exact"),
        (r"The answer is not 6. So \boxed{5}", "stop", None, "correct", "boxed/exact"),
        (r"\boxed{5", "stop", None, "unparsed", "boxed/unbalanced"),
        (r"\boxed{9^{9^{9^9}}}", "stop", None, "unparsed", "boxed/too_large_power"),
        (r"\boxed{\$}", "stop", None, "unparsed", "boxed/empty"),
    ],
)
def test_verdicts_are_a_taxonomy(text, finish_reason, reasoning, verdict, method):
    decision = grader.decide(text, item("5"), finish_reason, reasoning, {})
    assert (decision.verdict, decision.method) == (verdict, method)
    assert decision.verdict in VERDICTS


@pytest.mark.parametrize(
    "gold", ["5", r"\frac{14}{3}", r"\text{Evelyn}", r"\left( 3, \frac{\pi}{2} \right)", "x=5", "2516_8"]
)
def test_the_reference_is_correct(gold):
    assert grader.grade(grader.reference(item(gold)), item(gold), "stop", None, {}).verdict == "correct"
    pair = grader.check_target(item(gold))
    assert pair is None or grader.compare(*pair)[0] == "correct"


@pytest.mark.parametrize(
    "gold, pair",
    [
        ("5", None),
        (r"\frac{14}{3}", None),
        ("x=5", None),
        ("2516_8", None),
        (r"\text{Evelyn}", None),
        (r"\dfrac{\pi}2", (r"\frac{\pi}{2}",) * 2),
        (r"1 \pm x", ("1 + x, 1 - x",) * 2),
        (r"\binom{1000000000}{500000000}", (r"\binom{1000000000}{500000000}",) * 2),
        (r"\left( 1 + ", ("( 1 +",) * 2),
    ],
)
def test_a_gold_is_left_to_the_worker_where_only_algebra_can_tell(gold, pair):
    assert grader.check_target(item(gold)) == pair


@pytest.mark.parametrize("gold", ["", " ", r"\frac{1}{", "9^{9^{9^9}}"])
def test_a_gold_that_cannot_be_read_is_an_error(gold):
    with pytest.raises(InputError, match="gold answer"):
        grader.check_target(item(gold))


def test_shown_answers_are_short_and_printable():
    decision = grader.decide(r"\boxed{" + "1\x00\ud800" * 400 + "}", item("5"), "stop", None, {})
    assert len(decision.answer) <= grader.MAX_SHOWN + 1
    decision.answer.encode("utf-8")


@given(st.text(max_size=200), st.sampled_from(["stop", "length", None]))
def test_no_text_breaks_the_cheap_layers(text, finish_reason):
    for options in ({}, {"final_number": True}, {"final_formula": True}):
        decision = grader.decide(text, item("5"), finish_reason, None, options)
        assert decision.verdict in (*VERDICTS, None)
