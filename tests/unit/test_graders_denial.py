"""Answers that a response denies, before them or after."""

import time

import pytest

from paretoscope.graders.layers.extraction import extract_answer


@pytest.mark.parametrize(
    "text, answer, source",
    [
        (r"So $x$ cannot be \boxed{3}.", "3", "boxed"),
        (r"The answer is \boxed{71}, not \boxed{72}.", "71", "boxed"),
        (r"It is \boxed{71} rather than $\boxed{72}$.", "71", "boxed"),
        (r"The answer is not \boxed{72}. It is \boxed{71}. The answer isn't \(\boxed{73}\).", "71", "boxed"),
        (r"The answer cannot be $\boxed{72}$; the answer is 71.", "71", "answer_is"),
        (r"The answer, not surprisingly, is \boxed{72}.", "72", "boxed"),
        (r"so \boxed{73}. It is wrong to assume that it's 72.", "73", "boxed"),
        (r"so \boxed{73}, and it is wrong to say 72.", "73", "boxed"),
        ("so $\\boxed{73}$\n\nIs it wrong? No.", "73", "boxed"),
        (r"\boxed{73} is correct.", "73", "boxed"),
        (r"\boxed{73} is not wrong.", "73", "boxed"),
        (r"\boxed{73} is not a prime.", "73", "boxed"),
        (r"\boxed{71} holds, while $\boxed{72}$ is wrong.", "71", "boxed"),
        (r"\boxed{71}. \(\boxed{72}\), which is incorrect, came first.", "71", "boxed"),
        (r"\boxed{71} it is. **\boxed{72}** can't be right.", "71", "boxed"),
        (r"\boxed{72} is wrong. Yes, \boxed{72}.", "72", "boxed"),
        (r"It is wrong to stop, so the answer is \boxed{72}.", "72", "boxed"),
        (r"It is not impossible for the answer to be \boxed{72}.", "72", "boxed"),
        ("The answer is 73, not 74.", "73", "answer_is"),
        ("The answer is 73 (not 74).", "73", "answer_is"),
        ("The answer is **73**, not **74**.", "73", "answer_is"),
        ("The answer is 73 rather than 74.", "73", "answer_is"),
        ("The answer is 73 not 74.", "73", "answer_is"),
        ("The answer is 4 weeks, so not 5.", "4 weeks, so not 5", "answer_is"),
        ("The answer is 73, not surprisingly.", "73, not surprisingly", "answer_is"),
        ("The answer is 2 < x, not 3.", "2 < x, not 3", "answer_is"),
        ("The answer is not 72 but 73.", "73", "answer_is"),
        ("The answer is not $72$, but rather $73$.", "73", "answer_is"),
        ("The answer is 72. No, that is wrong. The answer is 73.", "73", "answer_is"),
        ("The answer is 73. The answer is 72. No, that's wrong.", "73", "answer_is"),
        (r"\boxed{73}. Someone said 72. That is wrong.", "73", "boxed"),
        (r"\boxed{73}. It is wrong that it's 72.", "73", "boxed"),
        (r"\boxed{73}. That is correct.", "73", "boxed"),
        (r"\boxed{73}. That is not wrong.", "73", "boxed"),
        (r"\boxed{73}. This is not a prime.", "73", "boxed"),
        (r"\boxed{73}. No other is right.", "73", "boxed"),
        (r"\boxed{73}. This is not possible for larger n.", "73", "boxed"),
        (r"\boxed{73}. This is not true in general.", "73", "boxed"),
        (r"\boxed{73}. It's impossible otherwise.", "73", "boxed"),
        ("I'm not sure, but the answer is 73.", "73", "answer_is"),
        ("I don't think so; the answer is 73.", "73", "answer_is"),
        (r"\boxed{71}, \boxed{72} is wrong", "71", "boxed"),
        (r"\boxed{72}. Wait, let me check. Yes, it holds.", "72", "boxed"),
        (r"\boxed{72}. Actually, it is 72.", "72", "boxed"),
        (r"\boxed{72}. Actually, 5 of them would do.", "72", "boxed"),
        (r"\boxed{72}. No 5 divides it.", "72", "boxed"),
        (r"\boxed{72} 不对称", "72", "boxed"),
        (r"If we add them, the answer is \boxed{72}.", "72", "boxed"),
        (r"If x is 5 then the answer is \boxed{72}.", "72", "boxed"),
        (r"It is not 5, it is \boxed{72}.", "72", "boxed"),
        ("The answer is 71. The answer is 72... no, it is 73.", "71", "answer_is"),
    ],
)
def test_an_answer_that_is_not_denied_is_taken(text, answer, source):
    found = extract_answer(text, "", None)
    assert (found.answer, found.source, found.unreadable) == (answer, source, None)


@pytest.mark.parametrize(
    "text",
    [
        r"The answer can't be **\boxed{72}**.",
        r"The answer is not \boxed{72}",
        r"The answer isn't $\boxed{72}$.",
        r"\boxed{73} is wrong",
        r"\boxed{73} isn't the answer.",
        r"We find \boxed{3} is incorrect, hence no solution.",
        r"It is impossible for the answer to be \boxed{3}",
        r"It's not the case that the answer is $\boxed{3}$.",
        r"$\boxed{3}$ is clearly **not** correct.",
        r"\boxed{3} cannot be right.",
        r"\boxed{3} (which is wrong)",
        r"The answer is \boxed{73}. No, \boxed{73} is wrong.",
        "The answer is not 72 but close.",
        "The answer is 72. No, that is wrong.",
        "The answer is $72$.\n\nWait, this isn't right.",
        "The answer is 72 apples. Hmm, it can't be correct.",
        "The answer is 72, which is wrong.",
        "The answer is 72. The answer is 72. But that's not the answer.",
        r"\boxed{72}. That is incorrect.",
        r"\boxed{72} apples. Actually, my answer was wrong because I forgot 3.",
        r"\boxed{71} and \boxed{72} are wrong",
        r"$\boxed{71}$ or $\boxed{72}$ aren't correct.",
        "I don't think the answer is 72",
        "I do not believe that the answer is 72.",
        "I doubt the answer is 72.",
        r"I doubt that the answer is \boxed{72}.",
        "The answer is unlikely to be 72.",
        "答案不是 72",
        r"It is not $\boxed{72}$.",
        r"This cannot be \boxed{72}.",
        r"It is certainly not \boxed{72}.",
        r"It doesn't equal \boxed{72}.",
        r"\boxed{72} must be wrong.",
        r"\boxed{72} seems wrong.",
        r"\boxed{72} turned out wrong.",
        r"\boxed{72} fails.",
        r"\boxed{72} doesn't work.",
        r"\boxed{72}? No.",
        r"\boxed{72}. No, that's not it.",
        r"I got \boxed{72} (incorrect).",
        r"\boxed{72} 是错误的",
        r"\boxed{72}不对",
        r"答案是 \boxed{72}，这是错的。",
        r"My first guess \boxed{72} turned out to be wrong.",
        r"Someone might say \boxed{72}, but that is wrong.",
        r"We can rule out \boxed{72}.",
        r"\boxed{72}. Hold on, that does not work.",
        r"If the answer were \boxed{72}, then x would be negative, a contradiction.",
        "The answer is 72? No.",
        "答案是 72。不，这是错误的",
    ],
)
def test_a_denied_answer_is_none(text):
    for closing in (None, "final_formula"):
        assert extract_answer(text, "", closing) is None


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 72. No, that is wrong.",
        "I don't think the answer is 72.",
        "So 72 apples. That is wrong.",
        r"It is not $\boxed{72}$.",
        r"\boxed{72}不对",
        "72不是答案",
    ],
)
def test_a_denied_number_ends_no_text(text):
    assert extract_answer(text, "", "final_number") is None


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{72}. Hmm, wait. Actually it is 73.",
        r"\boxed{72}. Wait, I made an error. The answer is 73.",
        "The answer is 72... no, it is 73.",
        "The answer is 72. Sorry, the correct answer is $73$.",
        "So it is 72. Oops, it should be 73.",
    ],
)
def test_another_takes_the_place_of_an_answer(text):
    found = extract_answer(text, "", "final_number")
    assert (found.answer, found.unreadable) == ("73", None)


@pytest.mark.parametrize(
    "question, answer",
    [
        ("Which statement is false?", "C"),
        ("Which of them isn't true?", "C"),
        ("Which is not always correct?", "C"),
        ("Which statement is correct?", None),
    ],
)
@pytest.mark.parametrize("predicate", ["false", "not true", "incorrect"])
def test_what_the_question_asks_for_denies_nothing(question, answer, predicate):
    found = extract_answer(rf"So \boxed{{C}} is {predicate}.", question, None)
    assert (found and found.answer) == answer


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 7" + " " * 19_000 + "x",
        "The answer is not" + " " * 19_000 + "7",
        r"\boxed{7}" + " " * 19_000 + "is wrong",
        r"\boxed{7} is" + " " * 19_000 + "wron",
        "7 is not " * 2_000,
        "The answer is 7. No, " * 1_000,
        r"\boxed{7}. " + "no, " * 5_000,
        "I don't think the answer is " * 1_000,
    ],
)
def test_denials_are_looked_for_in_linear_time(text):
    started = time.process_time()
    extract_answer(text, "", "final_number")
    assert time.process_time() - started < 2
