"""The layers that graders are made of: one table of edge cases each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.graders.layers import numbers
from paretoscope.graders.layers.extraction import extract_answer
from paretoscope.graders.layers.limits import too_heavy
from paretoscope.graders.layers.normalization import normalize, split_unit
from paretoscope.graders.layers.units import is_unasked


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
        (r"\boxed{\text{It is }\fbox{5}}", "5", "boxed"),
        (r"\boxed{\boxed{\boxed{5}}}", "5", "boxed"),
        (r"\boxed{5+\boxed{72}}", "5+72", "boxed"),
        (r"\boxed{\boxed{7}+\boxed{2}}", "7+2", "boxed"),
        (r"\boxed{\sqrt{\boxed{2}}} after \boxed{3}", "3", "boxed"),
        (r"\boxed{3} so \boxed{\sqrt{\boxed{2}}}", r"\sqrt{2}", "boxed"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}", "boxed"),
        (r"\boxed{4} as asked: put it in \boxed{}", "4", "boxed"),
        (r"a = -\boxed{256}", "-256", "boxed"),
        (r"a = 5 - \boxed{3}", "3", "boxed"),
        (r"\boxed{3} The answer is 4.", "3", "boxed"),
        ("### Answer\n$$73$$", "73", "answer_label"),
        ("#### Answer\n\n73", "73", "answer_label"),
        ("**Answer**\n73", "73", "answer_label"),
        (r"It does not depend on $k$: \boxed{3}", "3", "boxed"),
        ("Hence $y < 4$ is our answer.", "y < 4", "answer_is"),
        ("So $3$ is the final answer!", "3", "answer_is"),
        ("We see that 17 is the answer.", "17", "answer_is"),
        ("Thus **17** is the only solution.", "17", "answer_is"),
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
        ("The answer is 72, which is even.", "72", "answer_is"),
        ("答案：73", "73", "answer_label"),
        ("答案是 73。", "73", "answer_label"),
        ("因此，答案为：$73$，因为这是和。", "73", "answer_label"),
        ("**答案：** 1，2", "1，2", "answer_label"),
        ("<answer> 73</answer>", "73", "answer_label"),
        ("<answer>$x=1$</answer> as asked", "x=1", "answer_label"),
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
        ("Answer: all the real numbers except 5", "prose"),
        ("Answer: There are 5 hens and 6 ducks there.", "prose"),
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
        "the answer\n73",
        "So $x=2$ is not the answer.",
        "Whether 5 is the answer depends on $k$.",
        "Here 5 is a solution.",
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
        # What the question asks for in the end tells the answer from the givens.
        ("So 6 birds flew in the first 20 days.", "6 of 9 flew. How many flew in the first 20 days?", "6"),
        ("So 4 teams play 12 games.", "There are 12 days and 4 halls. How many teams play 12 games?", "4"),
        # What the question counts tells it from what else is new.
        ("So there are 15 ducks and 5 hens.", "Of 20, how many ducks are there?", "15"),
        ("So there are 15 ducks and 5 hens.", "Of 20, how many more hens are there?", "5"),
        ("With $6.00 he buys 4 pens and gets a total of 6 pens.", "How many pens for $6.00?", "6"),
        ("He needs 5 more to have a total of 20.", "He wants 20. How many more does he need?", "5"),
        ("That makes 12 which is 1,000.5m²", "", "1000.5"),
        ("It's not 10, it's 12.", "", "12"),
        ("It weighs 2,75 kg.", "", "2,75"),
        ("It cost 1,00,000 rupees.", "", "100000"),
        (r"So it is $\frac{3}{4}$ of them.", "", r"\frac{3}{4}"),
        (r"So it is $(9+1)$.", "", "(9+1)"),
        ("So it is 5.<|im_end|>", "", "5"),
        ("As 6 is impossible, it is 5.", "", "5"),
    ],
)
def test_the_closing_number(text, question, answer):
    assert extract_answer(text, question, "final_number").answer == answer


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Jeff has 86 glasses and 42 plates.", "ambiguous"),
        ("Each roll is 4 inches long and each bun is 6 inches long.", "ambiguous"),
        ("So there were 23 and 2/3 left.", "ambiguous"),
        ("So it took 16 -", None),
        ("No number here.", None),
        ("The answer is not 72.", None),
        ("The answer can't be 72.", None),
        ("The answer to it is **not** 72.", None),
        ("So 72 is wrong.", None),
        (r"So \boxed{72} is not the answer.", None),
    ],
)
def test_the_closing_number_is_not_guessed(text, expected):
    found = extract_answer(text, "", "final_number")
    assert found is None if expected is None else found.unreadable == expected


def test_the_closing_number_of_two_things_asked_for_is_not_guessed():
    question = "How many glasses and plates are there?"
    assert extract_answer("Jeff has 86 glasses and 42 plates.", question, "final_number").unreadable == "ambiguous"


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
        ("So $72$ is wrong.", None),
        (r"Then $\boxed{72}$ isn't right.", None),
        ("It is not 3, so the area is $4$.", "4"),
        ("the degree of $x^2$ is $2$, the degree of $", None),
        ("We put 5 in each, and go on", None),
        ("They need 8 meals for the 12 of them.", None),
        ("Let $x$ be the price of one of the many apples.", None),
        # A conclusion around one number that the question doesn't have.
        ("Thus there are 1251 pupils.", "1251"),
        ("**So she ordered 8 meals for the 12 of them.**", "8"),
        ("Therefore, **4/9** of the books are red.", "4/9"),
        ("It can only be **3**.\n\nLet me know if you have 5 more!", "3"),
        ("Thus there are 5 hens and 6 ducks.", None),
        ("Thus it is arccos(-12 / 7) degrees.", None),
        ("Thus it is √7 feet long there and then.", None),
        ("Thus $x$ has 5 values.", None),
        ("Thus there are 5", None),
        ("From it follows the value of $k$.", None),
        ("Hence the vertex is $V$.", "V"),
        ("Answer: There are 210 ways for the 12 of them to sit.", "210"),
    ],
)
def test_the_closing_formula(text, answer):
    found = extract_answer(text, "There are 12 people.", "final_formula")
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
        ("-12.50", "-12.50"),
        ("2 abc", "2 abc"),
        ("2 abcd", "2 abcd"),
        ("2 xyzt", "2 xyzt"),
        ("2 men", "2 men"),
        ("12 square units", "12"),
        ("5 sq ft", "5"),
        ("3 pi", r"3 \pi"),
        ("2*sqrt(3)", r"2*\sqrt{3}"),
        (r"x \gt 5", "x > 5"),
        ("x != 3", r"x \ne 3"),
        ("5!=120", "5!=120"),
        (r"3\mathrm{i}", "3i"),
        (r"2\mathrm{e}^{3}", "2e^{3}"),
        (r"3\mathrm{\pi}", r"3\pi"),
        (r"x\mathrm{y}", "x y"),
        (r"5\text{!}", "5!"),
        (r"5\mathrm{m}", "5"),
        (r"n\text{ even}", r"n\text{ even}"),
        (r"\sqrt{2}\text{ units}", r"\sqrt{2}"),
        ("-10\\,\\text{°F}", "-10"),
        ("5 per cent", r"5 \%"),
        *((same, same) for same in ("3 dozens", "5 tens", "3 squared", "5 at most", r"5\text{ is wrong}", "3 times x")),
        *((same, same) for same in ("10 degrees below zero", "5 more than six", "0.3 repeating")),
        *((same, same) for same in ("5分之一", "5十", "5萬", "5億", "5多万", "5个半", "5成")),
        *(
            (given, "5")
            for given in ("5个", "5个苹果", "5 平方米", "5元", "5 more logs", "5 bars", "5 two-digit numbers")
        ),
    ],
)
def test_normalization(answer, expected):
    assert normalize(answer) == expected


@pytest.mark.parametrize("question, expected", [("How many men?", "2"), ("How many mentors?", "2 men"), ("", "2 men")])
def test_a_short_word_is_a_unit_where_the_question_has_it(question, expected):
    assert normalize("2 men", question) == expected


@pytest.mark.parametrize(
    "answer, unit",
    [
        (r"\$5", "dollar"),
        ("$5", "dollar"),
        ("$5$", ""),
        (r"$\$5$", "dollar"),
        ("€5", "euro"),
        ("5 square feet", "foot2"),
        (r"5\text{ cubic meters}", "meter3"),
        ("5 meters squared", "meter2"),
        ("5 miles per hour", "mile/hour"),
        (r"5\,\mathrm{cm^2}", "centimeter2"),
        (r"5\,\mathrm{cm^{3}}", "centimeter3"),
        (r"5\ \mathrm{m/s^2}", "meter/second2"),
        (r"5\ \mathrm{kg \cdot m}", ""),
        ("5 mph", "mile/hour"),
        ("5 feet long", "foot"),
        ("5 degrees Celsius", "celsius"),
        ("5 平方米", "meter2"),
        ("5 in total", ""),
        ("5 apples", ""),
        ("5 hours", "hour"),
    ],
)
def test_units_are_told_apart(answer, unit):
    assert split_unit(answer) == ("5", unit)


@pytest.mark.parametrize(
    "unit, question, unasked",
    [
        ("kilometer", "How far is it in miles?", True),
        ("mile", "How far is it in miles?", False),
        ("hour", "How many minutes does it take?", True),
        ("hour", "She has 20 minutes. How many apples are there?", False),
        ("cent", "How many dollars is that?", True),
        ("inch", "What is it in square inches?", False),
        ("hour", "How many miles in 5 minutes?", False),
        ("foot", "How many feet and inches?", False),
        ("inch", "How many feet and inches?", False),
        ("", "How many feet?", False),
    ],
)
def test_the_unit_that_is_asked_for(unit, question, unasked):
    assert is_unasked(unit, question) is unasked


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
