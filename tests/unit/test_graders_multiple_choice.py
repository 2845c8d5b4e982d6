"""The multiple-choice grader."""

import pytest

from paretoscope.errors import InputError
from paretoscope.graders import multiple_choice as grader
from paretoscope.schema import Item

ITEM = Item("1", "Which?", "B", ("w", "x", "y", "z"))


@pytest.mark.parametrize(
    "text, verdict, method",
    [
        ("Answer: B", "correct", "answer_line/letter"),
        ("Answer: C", "wrong", "answer_line/letter"),
        ("**Answer: B**", "correct", "answer_line/letter"),
        ("**Answer:** B", "correct", "answer_line/letter"),
        ("Answer: **B**", "correct", "answer_line/letter"),
        ("Answer: (B)", "correct", "answer_line/letter"),
        ("Answer: $B$", "correct", "answer_line/letter"),
        (r"Answer: \boxed{B}", "correct", "answer_line/letter"),
        (r"Answer: $\boxed{\text{B}}$", "correct", "answer_line/letter"),
        ("answer: b", "correct", "answer_line/letter"),
        ("Final Answer: B) 42 m/s", "correct", "answer_line/letter"),
        ("Answer: A\nNo, wait.\nAnswer: B", "correct", "answer_line/letter"),
        (r"so \boxed{B}", "correct", "boxed/letter"),
        (r"so \boxed{\textbf{(B)}}", "correct", "boxed/letter"),
        (r"\boxed{B. 42}", "correct", "boxed/letter"),
        (r"\boxed{A} is what I thought. Answer: B", "correct", "answer_line/letter"),
        ("The correct answer is B.", "correct", "answer_is/letter"),
        ("The answer is (B)", "correct", "answer_is/letter"),
        ("Answer: option B", "correct", "answer_line/letter"),
        ("Answer: Option (B)", "correct", "answer_line/letter"),
        ("**Answer:** **Choice B**", "correct", "answer_line/letter"),
        (r"\boxed{\text{Option B}}", "correct", "boxed/letter"),
        ("The correct answer is option B", "correct", "answer_is/letter"),
        ("The correct option is B", "correct", "answer_is/letter"),
        ("The right choice is **(B)**.", "correct", "answer_is/letter"),
        (r"The answer is not \boxed{B}", "no_answer", "none"),
        ("The answer is not B", "no_answer", "none"),
        (r"\boxed{B} is wrong", "no_answer", "none"),
        (r"\boxed{B. 42} isn't the answer", "no_answer", "none"),
        ("The answer is B is wrong.", "no_answer", "none"),
        ("Answer: B. Let me double check: Answer: C is wrong.", "correct", "answer_line/letter"),
        ("Answer: B. Answer: **(C)** can't be right.", "correct", "answer_line/letter"),
        ("Answer: B. It is wrong to assume C.", "correct", "answer_line/letter"),
        ("Answer: B is right.", "correct", "answer_line/letter"),
        (r"so \boxed{B}, not \boxed{C}", "correct", "boxed/letter"),
        ("The answer is B, not C.", "correct", "answer_is/letter"),
        ("The answer is not A but B.", "correct", "answer_is/letter"),
        ("The answer is not B but C.", "wrong", "answer_is/letter"),
        ("The answer is not (A), but rather (B).", "correct", "answer_is/letter"),
        ("The answer is B. No, that is wrong.", "no_answer", "none"),
        ("Answer: B\nWait, that is wrong.", "no_answer", "none"),
        ("Answer: C\nWait, that is wrong.\nAnswer: B", "correct", "answer_line/letter"),
        ("I don't think the answer is B.", "no_answer", "none"),
        (r"\boxed{A} and \boxed{B} are wrong", "no_answer", "none"),
        (r"A and B are wrong: \boxed{B}", "correct", "boxed/letter"),
        ("答案：B", "correct", "answer_line/letter"),
        ("**答案：Ｂ**", "correct", "answer_line/letter"),
        ("答案是 B", "correct", "answer_is/letter"),
        ("正确答案是（B）。", "correct", "answer_is/letter"),
        ("正确选项为B选项", "correct", "answer_is/letter"),
        ("故选 B", "correct", "answer_is/letter"),
        ("答案不是B", "no_answer", "none"),
        ("Ａｎｓｗｅｒ：Ｂ", "correct", "answer_line/letter"),
        ("<answer>B</answer>", "correct", "answer_line/letter"),
        ("Answer: option A or B", "no_answer", "none"),
        ("The next option is B", "no_answer", "none"),
        ("Answer: Optional", "no_answer", "none"),
        ("Answer: I don't know", "no_answer", "none"),
        ("Answer: I’m not sure", "no_answer", "none"),
        ("The answer is I think", "no_answer", "none"),
        ("Answer: A good guess would be the first.", "no_answer", "none"),
        ("The answer is A bit hidden.", "no_answer", "none"),
        ("Answer: A guess. Answer: B", "correct", "answer_line/letter"),
        ("Answer: A because it holds", "wrong", "answer_line/letter"),
        ("The answer is A.", "wrong", "answer_is/letter"),
        ("Answer: B good guess", "correct", "answer_line/letter"),
        ("Answer: I don't know. The answer is B", "correct", "answer_is/letter"),
        ("Answer: I", "unparsed", "answer_line/not_an_option"),
        ("Answer: E", "unparsed", "answer_line/not_an_option"),
        ("I must end with Answer: A/B/C/D", "no_answer", "none"),
        ("Answer: A or B", "no_answer", "none"),
        ("Answer: A, B", "no_answer", "none"),
        *(
            (text, "no_answer", "none")
            for text in (
                *("Answer: (B), (C)", "Answer: (B) and (C)", "Answer: $B$ or $C$", "Answer: **B** and **C**"),
                *("Answer: B; C", "Answer: B C", "Answer: B+C", "Answer: B & C", "Answer: B, and C", "答案：B和C"),
                *(r"\boxed{B \text{ or } C}", r"\boxed{B \text{ and } C}", r"\boxed{(B),(C)}", r"\boxed{B; C}"),
                *(r"\boxed{B = 5}", r"\boxed{B^2}", r"\boxed{B - C}", r"\boxed{B \& C}", r"\boxed{B\ C}"),
                *(r"\boxed{A}, \boxed{B}", r"$\boxed{A}$ and $\boxed{B}$", r"\boxed{(B)(C)}", "Answer: B-cell"),
                *("不应选B", "If the answer is B then contradiction.", "The answer is B (wrong).", "答案是B吗？不是"),
                *("Answer: B.\nWait, no, C.", "Answer: B\nWait, actually it is C."),
                *('It should end in "Answer: B", but I can\'t decide.', "Answer: B's"),
            )
        ),
        ("Answer: `B`", "correct", "answer_line/letter"),
        ('Answer: "B"', "correct", "answer_line/letter"),
        ("Answer: 'B'", "correct", "answer_line/letter"),
        ("Answer: “B”", "correct", "answer_line/letter"),
        ("Answer: B, I think", "correct", "answer_line/letter"),
        ("Answer: B, a cell", "correct", "answer_line/letter"),
        ("Answer: B - Carbon", "correct", "answer_line/letter"),
        ("Answer: B (C is close)", "correct", "answer_line/letter"),
        ("Answer: B\nC is close.", "correct", "answer_line/letter"),
        (r"So A and D fail. \boxed{B}", "correct", "boxed/letter"),
        (r"The pair is (A, D), hence \boxed{B}", "correct", "boxed/letter"),
        ("Answer: B.\nWait, yes, B.", "correct", "answer_line/letter"),
        ("Answer: Because of this", "no_answer", "none"),
        ("The answer is a matter of taste", "no_answer", "none"),
        ("The answer is Boron", "no_answer", "none"),
        ("So I choose B", "no_answer", "none"),
        (r"\boxed{42}", "no_answer", "none"),
        ("", "no_answer", "none"),
    ],
)
def test_letters(text, verdict, method):
    decision = grader.decide(text, ITEM, "stop", None, {})
    assert (decision.verdict, decision.method) == (verdict, method)


def test_a_letter_that_is_false_as_asked_for_is_the_answer():
    false = Item("1", "Which statement is false?", "B", ("w", "x", "y", "z"))
    assert grader.decide("Answer: B is false.", false, "stop", None, {}).verdict == "correct"


@pytest.mark.parametrize(
    "text, verdict",
    [("Answer: I", "correct"), ("Answer: I because it holds", "correct"), ("Answer: I guess so", "no_answer")],
)
def test_the_ninth_option_is_not_the_pronoun(text, verdict):
    nine = Item("1", "Which?", "I", tuple("stuvwxyz!"))
    assert grader.decide(text, nine, "stop", None, {}).verdict == verdict


@pytest.mark.parametrize(
    "text, finish_reason, verdict",
    [("Answer: B", "length", "truncated"), ("Answer: B", None, "truncated"), ("Answer: B", "stop", "no_answer")],
)
def test_an_unclosed_reasoning_gives_no_answer(text, finish_reason, verdict):
    reasoning = {"start": "<think>", "end": "</think>", "opened_by_template": True}
    assert grader.grade(text, ITEM, finish_reason, reasoning, {}).verdict == verdict


def test_the_reference_is_correct():
    grader.check_target(ITEM)
    assert grader.grade(grader.reference(ITEM), ITEM, "stop", None, {}).verdict == "correct"


@pytest.mark.parametrize("target", ["", "E", "b", "AB", "42"])
def test_a_target_must_be_an_option(target):
    with pytest.raises(InputError, match="one letter from A to D"):
        grader.check_target(Item("1", "Which?", target, ("w", "x", "y", "z")))
