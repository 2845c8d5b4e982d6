r"""The second grader: tables of what it reads, what it leaves undecided, and that nothing makes it slow or crash."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paretoscope.crosscheck import crosscheck_completions
from paretoscope.crosscheck import math as second
from paretoscope.crosscheck._forms import Unreadable, compare, read
from paretoscope.errors import InputError
from paretoscope.schema import CROSSCHECK_VERDICTS, Completion, Item

NUMBER, FORMULA = {"final_number": True}, {"final_formula": True}


def compared(gold: str, answer: str) -> str:
    try:
        return compare(read(gold), read(answer))
    except Unreadable:
        return "undecided"


def checked(text, gold="5", finish="stop", reasoning=None, options=()):
    found = second.check(text, Item("a", "How many dogs?", gold), finish, reasoning, dict(options))
    return found.verdict, found.answer


EQUAL = [
    ("5", "5"),
    ("5", "5.0"),
    ("5", "+5"),
    ("5", " 5. "),
    ("1234", "1,234"),
    ("1234", "1{,}234"),
    ("1234", r"1,\!234"),
    (r"11,\! 111,\! 111", "11111111"),
    ("15 cm^2", r"15\mbox{ cm}^{2}"),
    ("1234", r"\$1,234.00"),
    ("-3", "−3"),
    ("0.5", ".5"),
    ("0.5", r"\frac12"),
    ("0.5", r"\dfrac{1}{2}"),
    ("0.5", "1/2"),
    ("-10/9", r"-\frac{10}{9}"),
    (r"\frac{3}{2}", r"1\frac{1}{2}"),
    ("1.5", "1 1/2"),
    (r"10\%", "10"),
    ("28", "28 percent"),
    (r"90^\circ", "90"),
    ("125", r"125\text{ miles}"),
    ("125", "125 square feet"),
    ("125", r"125 \text{ cm}^2"),
    ("5", "x = 5"),
    ("7", r"x \in 7"),
    ("22", "f(-2) = 22"),
    (r"\sqrt{3}", r"\sqrt3"),
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"),
    (r"2\sqrt{2}", r"\sqrt{8}"),
    ("2", r"\sqrt[3]{8}"),
    (r"\frac{\pi}{2}", r"0.5\pi"),
    ("120", "5!"),
    ("10", r"\binom{5}{2}"),
    ("8", "2^3"),
    ("8", "2^{3}"),
    ("1.5", "|-1.5|"),
    (r"1+\sqrt{2}", r"\sqrt{2} + 1"),
    ("x^2+2x+1", "(x+1)^2"),
    ("x^2+2x+1", "x^2 + 2*x - (-1)"),
    (r"\frac{x}{2}", r"\frac{1}{2}x"),
    (r"2\cos\theta", r"2 \cos(\theta)"),
    ("3+4i", "4i + 3"),
    ("(1,2)", r"\left( 1, 2 \right)"),
    (r"(1,\frac{9}{2})", "(1,4.5)"),
    ("(x,y)=(5,8)", "(5, 8)"),
    ("(0,1]", r"\left(0, \frac{2}{2}\right]"),
    (r"(2,\infty)", r"(2, \infty)"),
    (r"(2,12) \cup (12,102)", r"(12,102) \cup (2,12)"),
    ("1,2,3", "3, 1, 2"),
    ("-2,1", "1, -2"),
    (r"\{1,2\}", "2, 1"),
    (r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"),
    (r"\{1\pm\sqrt{5},-2\}", r"-2, 1 + \sqrt{5}, 1 - \sqrt{5}"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{bmatrix}1&2\\3&\frac{8}{2}\end{bmatrix}"),
    (r"\text{(C)}", "C"),
    (r"\text{Evelyn}", "evelyn"),
    ("2516_8", "2516_{8}"),
    (r"\frac{1}{4}", r"\\frac{1}{4}"),
]
UNEQUAL = [
    ("5", "6"),
    ("5", "-5"),
    ("5", "5.5"),
    ("5", "5/2"),
    ("1234", "1,235"),
    (r"\frac{1}{3}", r"\frac{1}{4}"),
    ("1.5", "1 1/3"),
    (r"\sqrt{2}", r"\sqrt{3}"),
    (r"2\pi", r"3\pi"),
    ("5", r"\infty"),
    ("x^2+1", "x^2-1"),
    ("125", "126 miles"),
    ("(1,2)", "(2,1)"),
    ("(1,2)", "(1,2,3)"),
    ("1,2,3", "1, 2"),
    ("1,2,3", "1, 2, 4"),
    (r"(0,\infty)", r"(0,1)"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 3 \end{pmatrix}"),
    (r"\begin{pmatrix} 1 & 2 \end{pmatrix}", r"\begin{pmatrix} 2 & 1 \end{pmatrix}"),
    ("even", "odd"),
    ("C", "D"),
    (r"\text{Evelyn}", "Briana"),
]
UNDECIDED = [
    ("e", r"\binom{100}{50}" * 11),  # too large for floating point
    (r"\frac{1}{3}", "0.333"),  # rounded
    ("2.67", r"\frac{8}{3}"),
    ("0.1", "0.12"),
    (r"\frac{2}{3}", "0.6666666666666666"),
    ("15 cm^2", r"15\mbox{ cm}^3"),
    ("1.22", "1,22"),  # a decimal comma, or two numbers
    ("5", "2x = 10"),  # equations and inequalities
    ("x=5", "5 = 2x"),
    ("x > 5", "x < 5"),
    ("x+y=1", "y+x=1"),
    ("60", "1 hour"),  # may be the same in another unit
    ("60", "5 dozen"),
    ("0.5", "50 cents"),
    ("5", "3 hours and 20 minutes"),
    ("5", "5x"),
    ("5", "x"),
    ("odd", "odd number"),
    ("2516_8", "2516"),
    ("2516_8", "1358"),
    ("(1,2)", "[1,2]"),
    ("1, 2", "(1, 2)"),
    ("8", "2^10"),  # LaTeX prints 2 to the power of 1, and a 0
    ("2", r"\sin^2 x"),
    ("1", r"\sin 2x"),
    ("1", r"\log_2 2"),
    ("1", "1 000 2"),
    ("1", "12 3"),
    ("p=1,q=2", "q=1,p=2"),
    ("5", r"\href{javascript:alert(1)}{5}"),
    ("5", ""),
    ("5", "+"),
    ("5", r"\frac{1}{0}"),
    ("5", "0^{-1}"),
    ("5", "(5"),
    ("5", "5)"),
    ("2", "(-8)^{1/3}"),
    (r"\frac12", r"\sin 30^\circ"),
    ("0.0015", "1.5e-3"),
    ("0.111", "0,111"),
    ("xy", "yx"),
    ("x", "X"),
    ("x=5", "y=5"),
    ("(x,y)=(1,2)", "(y,x)=(1,2)"),
]


@pytest.mark.parametrize(
    ("gold", "answer", "verdict"),
    [
        *((*pair, "correct") for pair in EQUAL),
        *((*pair, "wrong") for pair in UNEQUAL),
        *((*pair, "undecided") for pair in UNDECIDED),
    ],
)
def test_pairs(gold, answer, verdict):
    assert compared(gold, answer) == verdict


@pytest.mark.parametrize(("gold", "answer"), EQUAL + UNEQUAL)
def test_which_of_the_two_is_the_gold_does_not_matter(gold, answer):
    assert compared(gold, answer) == compared(answer, gold)


RESPONSES = [
    (r"So it is $\boxed{5}$.", {}, "correct", "5"),
    (r"First \boxed{4}." + "\n" + r"No: \boxed{5}.", {}, "correct", "5"),
    (r"\boxed{4} and \boxed{5}", {}, "undecided", None),
    (r"\boxed{5}, as in \boxed{5}", {}, "correct", "5"),
    (r"$-\boxed{5}$", {}, "undecided", None),
    (r"\boxed {5}", {}, "correct", "5"),
    (r"\boxed5", {}, "undecided", None),
    (r"\boxed{5", {}, "undecided", None),
    (r"\boxed{}", {}, "undecided", None),
    (r"\boxed{\text{5 dogs}}", {}, "correct", r"\text{5 dogs}"),
    ("The answer is 5.", {}, "correct", "5"),
    ("**Answer:** $5$", {}, "correct", "5"),
    ("**Answer**: **5** dogs and 3 cats", {}, "correct", "5"),
    ("#### 5", {}, "correct", "5"),
    ("2 + 3 = <<2+3=5>>5\nA: 5", NUMBER, "correct", "5"),
    ("Final Answer: The final answer is 5. I hope it is correct.", {}, "correct", "5"),
    ("Answer: 3 loaves cost 5 dollars more than 2 bagels.", NUMBER, "undecided", None),
    ("Answer:\n" + "There are 50 books in it. " * 20, {}, "undecided", None),
    ("The answer is 2 + 3 = 5.", {}, "correct", "2 + 3 = 5"),
    ("The answer is 2 + 2 = 5.", {}, "undecided", "2 + 2 = 5"),
    ("It comes to 5 dollars.", NUMBER, "correct", "5"),
    ("It comes to 5 dollars.", {}, "undecided", None),
    ("He has 3 dogs. In all, the sum of 2 and 3 is 5.", NUMBER, "correct", "5"),
    ("He has 3 dogs and 2 cats.", NUMBER, "undecided", None),
    ("They have **5** of the 12.", NUMBER, "correct", "5"),
    ("He had $21 + $50 = $5.", NUMBER, "correct", "5"),
    ("So it takes 16 / 2 = 5 seconds, and", NUMBER, "undecided", None),
    ("Hence the value is $5$.", FORMULA, "correct", "5"),
    ("Hence $x = 5$, and the degree of $", FORMULA, "undecided", None),
    ("", NUMBER, "undecided", None),
    ("I don't know.", NUMBER, "undecided", None),
    (r"\boxed{5}<|im_end|> user: and \boxed{6}?", {}, "correct", "5"),
    # What may be denied is undecided.
    ("The answer is 5. No, that is wrong.", {}, "undecided", None),
    ("I don't think the answer is 5", {}, "undecided", None),
    ("The answer is not 5.", {}, "undecided", None),
    (r"The answer is \boxed{5}. This isn't right.", {}, "undecided", None),
    (r"It cannot be \boxed{5}.", {}, "undecided", None),
    (r"\boxed{5} is wrong.", {}, "undecided", None),
    ("It comes to 5 dollars. That is incorrect.", NUMBER, "undecided", None),
    (r"They didn't lose any. So it is \boxed{5}.", {}, "correct", "5"),
    (r"It is wrong to subtract. Adding gives the answer: 5", {}, "correct", "5"),
    ("答案：5", {}, "correct", "5"),
    ("答案是 ５。", {}, "correct", "5"),
    ("答案不是 5", {}, "undecided", None),
    ("Answer：５", {}, "correct", "5"),
]


@pytest.mark.parametrize(("text", "options", "verdict", "answer"), RESPONSES)
def test_responses(text, options, verdict, answer):
    found = checked(text, options=options)
    assert found[0] == verdict
    if answer is not None:
        assert found[1] == answer


NO_PLAIN_UNIT = [
    *("5 hundred", "5 dozens", "5 cubed", "5 at most", "5分之一", "5 or more", "5 times", r"5\text{ thousandths}"),
    *("at least 5", "not 5", "twice 5", "5 shillings", r"\foo{5}\bar", "5+", "~5", r"\approx 5", "<5", "5的两倍"),
    *(r"5\text{ km}^2", "5 lbs of 7 dogs", "fewer than 5 dogs", "5, 5 dozens"),
]


@pytest.mark.parametrize("answer", NO_PLAIN_UNIT)
def test_what_is_no_plain_unit_is_undecided(answer):
    assert checked(rf"\boxed{{{answer}}}")[0] == "undecided"
    assert checked(f"The answer is {answer}.", options=NUMBER)[0] == "undecided"


@pytest.mark.parametrize(
    ("gold", "answer", "question", "verdict"),
    [
        ("5", "5 miles", "How many miles?", "correct"),
        ("5", "5 mi", "How many miles?", "correct"),
        ("5", "5 km", "How many miles?", "undecided"),
        ("5", "5 dollars", "How many miles?", "undecided"),
        ("5", "5 dollars", "How much is it?", "correct"),
        (r"\$5", "5 cents", "How much is it?", "undecided"),
        (r"\$5", "5 dollars", "How much is it?", "correct"),
        (r"5\text{ kg}", "5 lbs", "How heavy is it?", "undecided"),
        (r"5\text{ kg}", "5 kilograms", "How heavy is it?", "correct"),
        ("5 pm", "5 am", "When?", "undecided"),
        ("5", "5 hours", "It takes 300 minutes. How many hours is it?", "correct"),
        ("5", "5 minutes", "It takes 300 minutes. How many hours is it?", "undecided"),
        ("5", "5 square feet", "What is the area in square feet?", "correct"),
        ("5", "5 square feet", "How many feet?", "undecided"),
        (r"\sqrt{2}", r"\sqrt{2}\%", "How much is it?", "undecided"),
    ],
)
def test_a_unit_must_be_the_one_that_is_asked_for(gold, answer, question, verdict):
    assert second.check(rf"\boxed{{{answer}}}", Item("a", question, gold), "stop", None, {}).verdict == verdict


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Answer: Ann received $5 from her uncle.",
            "Answer: There are 5 dogs left.",
            "The answer is **5 dogs** in all.",
        ),
        *("The answer is 5 dogs.", "**Answer:** The dogs ran for 5 hours."),
    ],
)
def test_the_words_of_a_sentence_need_be_no_units(text):
    assert checked(text, options=NUMBER)[0] == "correct"


UNSURE = [
    *(r"\boxed{5}? No.", r"\boxed{5}. Hmm, wait. Actually it is 6.", r"\boxed{5} doesn't work.", r"\boxed{5} fails."),
    *(
        "The answer is 5? No.",
        "The answer is 5... no, it is 6.",
        "Is it 5?",
        "We can't determine it from 5.",
        "See problem 5.",
    ),
    *("Thus she has at least 5 apples.", "Thus she doesn't have 5 apples.", "The answer is unknown; 5 is a guess."),
    *(
        r"If the answer were \boxed{5}, we would fail.",
        r"We rule out \boxed{5}.",
        "答案是大于5",
        "答案是5吗？不是。",
        "5不是答案",
    ),
    *(
        "Okay. <think>\\boxed{5}",
        "<think>a</think>b<think>\\boxed{5}",
        "<analysis>\\boxed{5}",
        "<|thinking|>\\boxed{5}",
    ),
]


@pytest.mark.parametrize("text", UNSURE)
def test_what_may_be_no_answer_is_undecided(text):
    assert checked(text, options=NUMBER)[0] == "undecided"


TEMPLATE = {"start": "<think>", "end": "</think>", "opened_by_template": True}
OWN = {"start": "<<r>>", "end": "<</r>>", "opened_by_template": False}


@pytest.mark.parametrize(
    ("text", "reasoning", "verdict"),
    [
        (r"Hm, \boxed{4}?</think>\boxed{5}", TEMPLATE, "correct"),
        (r"Hm, \boxed{5}?</think>", TEMPLATE, "undecided"),
        (r"Hm, \boxed{5}", TEMPLATE, "undecided"),
        (r"<think>Hm, \boxed{5}", None, "undecided"),
        (r"<think>Hm, \boxed{4}</think>\boxed{5}", None, "correct"),
        (r"<<r>>\boxed{4}<</r>>\boxed{5}", OWN, "correct"),
        ("think\nIs it \\boxed{4}?\nanswer\n\\boxed{5}", None, "correct"),
        (r"\boxed{5}", OWN, "correct"),
        (r"<seed:think>\boxed{4}</seed:think>\boxed{5}", None, "correct"),
        (r"<mm:think>\boxed{5}", None, "undecided"),
        (r"◁think▷\boxed{4}◁/think▷\boxed{5}", None, "correct"),
        (r"◁think▷\boxed{5}", None, "undecided"),
        (r"<|START_THINKING|>\boxed{4}<|END_THINKING|>\boxed{5}", None, "correct"),
        (
            r"<|channel|>analysis<|message|>\boxed{4}<|end|><|start|>assistant<|channel|>final<|message|>\boxed{5}",
            None,
            "correct",
        ),
        (r"<|start|>assistant<|channel|>analysis<|message|>\boxed{5}", None, "undecided"),
        (r"<|channel>thought \boxed{4}<channel|>\boxed{5}<turn|>", None, "correct"),
        (r"analysisWe get \boxed{4}.assistantfinal\boxed{5}", None, "correct"),
        (r"analysisWe get \boxed{5}.", None, "undecided"),
        (r"Here is my thought process: \boxed{4} Here is my response: \boxed{5}", None, "correct"),
        (r"Here are my reasoning steps: \boxed{5}", None, "undecided"),
        (r"I think: Here is my response: \boxed{5}", None, "correct"),
    ],
)
def test_reasoning_is_cut_off(text, reasoning, verdict):
    assert checked(text, reasoning=reasoning)[0] == verdict


@pytest.mark.parametrize(
    ("gold", "answer", "question", "verdict"),
    [
        (r"8\%", "0.08", "", "correct"),
        (r"8\%", "8", "", "correct"),
        (r"8\%", r"8\%", "", "correct"),
        (r"8\%", "0.8", "", "wrong"),
        ("0.5", r"50\%", "How likely is it?", "correct"),
        ("50", r"50\%", "What percentage passed?", "correct"),
        ("50", "50 percent", "It fell. What is the rate of those who passed?", "correct"),
        ("50", r"50\%", "How many apples are left?", "wrong"),
        ("50", r"50\%", "20% of the apples rot. How many are left?", "undecided"),
        ("50", r"40\%", "What percentage passed?", "wrong"),
    ],
)
def test_a_percent_sign_counts(gold, answer, question, verdict):
    assert second.check(rf"\boxed{{{answer}}}", Item("a", question, gold), "stop", None, {}).verdict == verdict


def test_a_response_that_was_cut_is_undecided():
    assert checked(r"\boxed{5}", finish="length") == ("undecided", None)


HOSTILE = [
    "9" * 100_000,
    "(" * 100_000,
    "{" * 399,
    "\\{" * 199,
    "\\sqrt" * 79,
    "-" * 399,
    "2^" * 190 + "2",
    "9^{9^{9^{9^{9}}}}",
    "(9^{64})^{64}" * 20,
    "1/" * 190 + "3",
    "30!" * 100,
    "\\binom{100}{50}" * 20,
    "1," * 199 + "1",
    "((1,2),(3,4))," * 25,
    "\\pm" * 100,
    "x" * 390,
    "\\frac" * 70,
    "a b " * 99,
    "\\text{" * 60,
    "=" * 390,
    "\x00\ud800\u202e5",
    "1e999999999",
    "\\begin{pmatrix}" * 20,
]


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda answer: answer[:12].encode("unicode_escape").decode())
def test_hostile_answers_are_undecided_at_once(answer):
    started = time.process_time()
    for text in (f"\\boxed{{{answer}}}", f"The answer is {answer}", f"{answer}."):
        for options in ({}, NUMBER, FORMULA):
            assert checked(text, gold="7", options=options)[0] != "correct"
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "unit", ["\\boxed{", "\\boxed{1}", "**1", "$1", "answer is ", "1. ", "</think>", "\\(", "1,", " \n"]
)
def test_time_grows_with_the_length_alone(unit):
    text = unit * (2_000_000 // len(unit))
    started = time.process_time()
    checked(text, options={**NUMBER, **FORMULA})
    assert time.process_time() - started < 2


ANSWERS = st.text(alphabet="0123456789.,+-*/^!|()[]{}\\ xyzie=$%_&<>\n") | st.text() | st.sampled_from(HOSTILE)


@settings(max_examples=300, deadline=None)
@given(ANSWERS, ANSWERS)
def test_any_texts_get_a_verdict(gold, answer):
    assert checked(f"\\boxed{{{answer}}}", gold=gold)[0] in CROSSCHECK_VERDICTS
    assert checked(answer, gold=gold, options=NUMBER)[0] in CROSSCHECK_VERDICTS


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_fractions_are_compared_exactly(gold, answer):
    written = f"\\frac{{{abs(answer.numerator)}}}{{{answer.denominator}}}"
    written = f"-{written}" if answer < 0 else written
    assert compared(str(gold), written) == ("correct" if gold == answer else "wrong")


@given(st.integers(-(10**9), 10**9))
def test_an_integer_is_itself_however_written(number):
    for written in (str(number), f"{number:,}", f"{number}.00", f"${number}$", f"{number} dollars"):
        assert compared(str(number), written) == "correct"


def test_completions_keep_their_order_and_unknown_items_are_told():
    items = {"a": Item("a", "", "5"), "b": Item("b", "", "6")}
    rows = [Completion(item, sample, r"\boxed{5}", "stop", None, None) for item in "ba" for sample in (0, 1)]
    found = [(row.item_id, row.sample, row.verdict) for row in crosscheck_completions(rows, items, "math")]
    assert found == [("b", 0, "wrong"), ("b", 1, "wrong"), ("a", 0, "correct"), ("a", 1, "correct")]
    with pytest.raises(InputError, match="item 'c'"):
        list(crosscheck_completions([Completion("c", 0, "", None, None, None)], items, "math"))
    with pytest.raises(InputError, match="crosscheck"):
        list(crosscheck_completions(rows, items, "maths"))
