"""The math grader: one table of edge cases a layer, then whole responses."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.errors import InputError
from paretoscope.graders import math as grader
from paretoscope.graders.layers import numbers
from paretoscope.graders.layers.extraction import extract_answer
from paretoscope.graders.layers.limits import too_heavy
from paretoscope.graders.layers.normalization import normalize
from paretoscope.graders.layers.reasoning import visible_text
from paretoscope.schema import VERDICTS, Item

THINK = {"start": "<think>", "end": "</think>", "opened_by_template": True}
S1 = {"start": "<|im_start|>think", "end": "<|im_start|>answer", "opened_by_template": False}
GPT_OSS = {"start": "<|channel|>analysis", "end": "<|channel|>final<|message|>", "opened_by_template": False}


def item(target, question=""):
    return Item("1", question, target)


@pytest.mark.parametrize(
    "text, reasoning, expected",
    [
        ("plain", None, "plain"),
        ("<think>a</think>b", None, "b"),
        ("a</think>b", None, "b"),
        ("a</think>b", THINK, "b"),
        ("a</think>b</think>c", THINK, "c"),
        ("never closed", THINK, None),
        ("<think>never closed", None, None),
        ("  <think>never closed", None, None),
        ("a</think>b</think>\n", THINK, "b"),
        ("a</think>b</think>\n</think>", None, "b"),
        ("a</think>\n</think>", THINK, ""),
        ("a</think>", None, ""),
        ("a</think>the tag <think> b", THINK, "the tag <think> b"),
        ("a</think>b<think>again</think>", THINK, "b"),
        ("a</think><think>again</think>", THINK, ""),
        ("a</think>b<think>again</think>c", THINK, "c"),
        ("a</think>b</think><think>again", THINK, None),
        ("a</think>\n<think>again", None, None),
        ("Use the <think> tag.", None, "Use the <think> tag."),
        ("think\nso\nanswer\nAnswer: 4", None, "Answer: 4"),
        ("think\nso\nanswer\nAnswer: 4", S1, "Answer: 4"),
        ("think\nnever closed", S1, None),
        ("<|im_start|>think\nso<|im_start|>answer\n4", S1, "\n4"),
        ("the\nanswer\nis 4", None, "the\nanswer\nis 4"),
        ("<|channel|>analysis<|message|>x<|channel|>final<|message|>4", GPT_OSS, "4"),
        ("<|channel|>analysis<|message|>x", GPT_OSS, None),
        ("<|channel|>analysis<|message|>x<|channel|>final<|message|>4<|channel|>final<|message|>", GPT_OSS, "4"),
        ("", None, ""),
    ],
)
def test_reasoning_is_removed(text, reasoning, expected):
    assert visible_text(text, reasoning) == expected


@pytest.mark.parametrize(
    "text, answer, source",
    [
        (r"so \boxed{73}.", "73", "boxed"),
        (r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}", "boxed"),
        (r"\boxed{1} then \boxed{2}", "2", "boxed"),
        (r"\boxed{1} and \boxed{-2}", "1, -2", "boxed"),
        (r"$\boxed{1}$, $\boxed{2}$", "1, 2", "boxed"),
        (r"\boxed{5}. \boxed{5}", "5", "boxed"),
        (r"\fbox{7}", "7", "boxed"),
        (r"\boxed {8}", "8", "boxed"),
        (r"$\boxed 9$", "9", "boxed"),
        (r"\boxed{x = \boxed{5}}", "5", "boxed"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}", "boxed"),
        (r"\boxed{4} as asked: put it in \boxed{}", "4", "boxed"),
        (r"a = -\boxed{256}", "-256", "boxed"),
        (r"a = 5 - \boxed{3}", "3", "boxed"),
        (r"\boxed{3} The answer is 4.", "3", "boxed"),
        ("**Answer:** 73", "73", "answer_label"),
        ("**Answer**: 73 apples.", "73 apples", "answer_label"),
        ("### Final Answer\n\n73", "73", "answer_label"),
        ("Answer: The radius is **5 meters**.", "5 meters", "answer_label"),
        ("Final Answer: The final answer is $(3,4)$. I hope it is correct.", "(3,4)", "answer_is"),
        ("The answer is $x=1$ and $x=2$.", "x=1, x=2", "answer_is"),
        ("The answer is 1,234.", "1,234", "answer_is"),
        ("The answer is $3.50.", "$3.50", "answer_is"),
        ("So the answer to the question is east.", "east", "answer_is"),
        ("steps\n#### 42", "42", "hash"),
        ("Answer: The mean of $x$ is 7.", "7", "answer_label"),
    ],
)
def test_answer_is_extracted(text, answer, source):
    found = extract_answer(text, "", None)
    assert (found.answer, found.source, found.unreadable) == (answer, source, None)


@pytest.mark.parametrize(
    "text, unreadable",
    [
        (r"\boxed{3} ... \boxed{5", "unbalanced"),
        (r"\boxed{" * 5_000, "unbalanced"),
        (r"\boxed{" + "7" * 200_000 + "}", "too_long"),
        ("The answer is the set of all reals except $1$ and $2$.", "prose"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_not_replaced(text, unreadable):
    assert extract_answer(text, "", None).unreadable == unreadable


@pytest.mark.parametrize(
    "text",
    [
        "",
        "So it follows.",
        "I can't say what the answer is",
        "We get 5 and 6.",
        "#### Step 1: look at the sum of all",
        "#### Vanilla",
    ],
)
def test_no_answer_is_invented(text):
    assert extract_answer(text, "", None) is None


@pytest.mark.parametrize(
    "text, question, answer",
    [
        ("Therefore, Eliza earns $460.", "", "460"),
        ("She runs 50 miles in 7 hours.", "How far in 7 hours?", "50"),
        ("It costs **$38** for 5.", "", "$38"),
        ("So 3 + 4 = 7 apples.", "", "7"),
        ("She has 5.\n\nAsk me more!", "", "5"),
        ("Fred delivers 160 roses by 5 pm.", "by 5 pm", "160"),
        ("It takes 9 hours (3 hours and 6 more).", "", "9"),
        (r"He has \(60 / 60 = 1\) hour.", "", "1"),
        ("That is 43,200 pounds.", "", "43200"),
        ("Answer: Jeff gets $80.", "", "80"),
        ("The rate is 70%.", "", r"70\%"),
        ("**Note**: it stays at $200.", "", "200"),
        (
            "Answer: There are 50 books." + " They stand on shelves." * 20 + "\n\nThus there are **20**.",
            "",
            "20",
        ),
    ],
)
def test_the_closing_number(text, question, answer):
    assert extract_answer(text, question, "final_number").answer == answer


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Jeff has 86 glasses and 42 plates.", "ambiguous"),
        ("So it took 16 -", None),
        ("No number here.", None),
        ("The answer is not 72.", None),
        ("The answer can't be 72.", None),
        ("The answer to it is **not** 72.", None),
    ],
)
def test_the_closing_number_is_not_guessed(text, expected):
    found = extract_answer(text, "", "final_number")
    assert found is None if expected is None else found.unreadable == expected


@pytest.mark.parametrize(
    "text, answer",
    [
        ("Hence $x=6$.", "x=6"),
        (r"so $$a = \frac{1}{2}.$$", r"a = \frac{1}{2}"),
        ("The length is $15.975$ inches.", "15.975"),
        ("She will be facing **east**.", "east"),
        ("The number of boxes is 3.", "3"),
        ("The answer is not $72$.", None),
        ("The answer isn't **72**.", None),
        ("It is not 3, so the area is $4$.", "4"),
        ("the degree of $x^2$ is $2$, the degree of $", None),
        ("We put 5 in each, and go on", None),
        ("They need 8 meals for the 12 of them.", None),
        ("Let $x$ be the price of one of the many apples.", None),
    ],
)
def test_the_closing_formula(text, answer):
    found = extract_answer(text, "", "final_formula")
    assert (found and found.answer) == answer


@pytest.mark.parametrize(
    "answer, expected",
    [
        (r"\dfrac12", r"\frac{1}{2}"),
        (r"\frac 59", r"\frac{5}{9}"),
        (r"11\sqrt2", r"11\sqrt{2}"),
        (r"11,\! 111,\! 100", "11,111,100"),
        ("10{,}080", "10,080"),
        (r"\$32,\!348", "32,348"),
        (r"864 \mbox{ inches}^2", "864"),
        (r"5.4 \text{ cents}", "5.4"),
        ("60 miles per hour", "60"),
        ("5cm", "5"),
        (r"90^\circ", "90"),
        (r"90^{\circ}", "90"),
        ("90°", "90"),
        ("5d", "5d"),
        ("5 m", "5"),
        (r"\frac{1}{2} m", r"\frac{1}{2}"),
        ("x = 5 g", "x = 5"),
        (r"\pi r^2 h", r"\pi r^2 h"),
        (r"2 \pi h", r"2 \pi h"),
        ("2x+3m", "2x+3m"),
        ("2x + 3 in", "2x + 3 in"),
        ("2x + 3 dollars", "2x + 3"),
        ("5km/h", "5"),
        ("2xy", "2xy"),
        ("2 sin x", "2 sin x"),
        (r"5 \text{ million}", r"5 \text{ million}"),
        (r"5 \text{ and } 6", r"5 \text{ and } 6"),
        (r"\text{Evelyn}", "Evelyn"),
        (r"\text{Answer: } 5", "5"),
        ("**73**", "73"),
        ("73.", "73"),
        (r"$\left( 3, \frac{\pi}{2} \right)$", r"( 3, \frac{\pi}{2} )"),
        (r"\frac{\sqrt{3}}{3} \approx 0.577", r"\frac{\sqrt{3}}{3}"),
        (r"x \approx 0.577", "0.577"),
        ("1\u200b2", "12"),
        ("−5", "-5"),
        ("５", "5"),
        ("√5", r"\sqrt{5}"),
        ("6\x00", "6"),
        ("7\ud800", "7"),
        ("70%", r"70\%"),
        (r"\begin{pmatrix}1\\\frac23\end{pmatrix}", r"\begin{pmatrix}1\\\frac{2}{3}\end{pmatrix}"),
        (r"\\frac{1}{2}", r"\frac{1}{2}"),
        ("18th", "18"),
    ],
)
def test_normalization(answer, expected):
    assert normalize(answer) == expected


@given(st.text(max_size=60))
def test_normalization_takes_any_text_and_settles(text):
    once = normalize(text)
    assert "\x00" not in once
    assert not any(0xD800 <= ord(character) < 0xE000 for character in once)


@pytest.mark.parametrize(
    "text, value",
    [
        ("5", "5"),
        ("-5", "-5"),
        ("007", "7"),
        ("1,234", "1234"),
        ("1 234 567", "1234567"),
        (".5", "1/2"),
        ("3.50", "7/2"),
        ("5.", "5"),
        ("11/2", "11/2"),
        (r"\frac{-3}{4}", "-3/4"),
        (r"-\frac{3}{4}", "-3/4"),
        (r"1\frac{4}{5}", "9/5"),
        (r"137 \frac{1}{2}", "275/2"),
        ("2 1/2", "5/2"),
        (r"6.72 \times 10^{-5}", "672/10000000"),
        ("5 million", "5000000"),
        ("six", "6"),
        ("1e2", "100"),
        ("-2.5E-3", "-1/400"),
        (r"1.\overline{3}", "4/3"),
        (r"0.1\overline{6}", "1/6"),
        (r"70\%", "70"),
    ],
)
def test_plain_numbers_are_read_exactly(text, value):
    assert numbers.read_number(text).value == numbers.Fraction(value)


@pytest.mark.parametrize(
    "text",
    ["", "x", "5x", "1/0", r"\frac{1}{0}", "1,2", "0,111", "2:00", "5!", "1e1000", "2e", "e2", "1 e2", "--5", "."],
)
def test_anything_else_is_no_plain_number(text):
    assert numbers.read_number(text) is None


@given(st.fractions(max_denominator=10**6))
def test_a_fraction_is_read_back(value):
    for text in (f"{value.numerator}/{value.denominator}", rf"\frac{{{value.numerator}}}{{{value.denominator}}}"):
        assert numbers.read_number(normalize(text)).value == value


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("9^{9^{9^9}}", "too_large_power"),
        ("9^9^9^9", "too_large_power"),
        ("9^{9^9}", "too_large_power"),
        ("9^(9^(9^9))", "too_large_power"),
        ("2^{100000}", "too_large_power"),
        ("(10^9)!", "too_large_factorial"),
        ("100000!", "too_large_factorial"),
        ("9!!!!", "too_large_factorial"),
        ("((9!)!)!", "too_large_factorial"),
        ("1" * 201, "too_many_digits"),
        ("1" * 200_000, "too_long"),
        ("{" * 900, "too_deep"),
        ("(" * 21 + ")" * 21, "too_deep"),
        ("{5", "unbalanced"),
        ("5}", "unbalanced"),
    ],
)
def test_heavy_answers_are_not_read(answer, reason):
    assert too_heavy(answer) == reason


@pytest.mark.parametrize(
    "answer",
    [
        r"2^{25} \cdot 26!",
        "e^{x^2}",
        "x^{2^{3}}",
        r"\frac{1}{\sqrt{1+\sqrt{2}}}",
        "(a+b)!",
        "[0,1)",
        "10^{-5}",
        "2^{2025}",
    ],
)
def test_honest_answers_are_not_too_heavy(answer):
    assert too_heavy(answer) is None


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
        ("", False),
    ],
)
def test_whether_a_percentage_is_asked_for(question, asks):
    assert grader.asks_for_percentage(question) is asks


def test_a_long_question_is_searched_once_and_in_linear_time():
    started = time.process_time()
    for question in ("what " * 100_000, "what 5%" * 100_000):
        for _ in range(1_000):
            assert not grader.asks_for_percentage(question)
    assert time.process_time() - started < 2


SYMBOLIC = [
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
    ("x^3+3x-6", "x^3 + 3x - 6 = 0", "wrong"),
]


@pytest.mark.parametrize("gold, answer, question, verdict", CHEAP)
def test_cheap_comparison(gold, answer, question, verdict):
    decision = grader.decide(rf"\boxed{{{answer}}}", item(gold, question), "stop", None, {})
    assert decision.verdict == verdict


@pytest.mark.parametrize("gold, answer, verdict", SYMBOLIC)
def test_symbolic_comparison(gold, answer, verdict):
    text = rf"\boxed{{{answer}}}"
    assert grader.decide(text, item(gold), "stop", None, {}).verdict is None
    decision = grader.grade(text, item(gold), "stop", None, {})
    assert (decision.verdict, decision.method.startswith("boxed/math_verify")) == (verdict, True)


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
