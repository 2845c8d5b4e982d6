import pytest

from paretoscope.crosscheck import multiple_choice as second
from paretoscope.schema import Item

ITEM = Item("a", "Which?", "C", ("one metre", "two metres", "three metres", "four metres"))

RESPONSES = [
    ("Answer: C", "correct", "C"),
    ("answer: C", "correct", "C"),
    ("**Answer: C**", "correct", "C"),
    ("Answer: **C**", "correct", "C"),
    ("Answer: (C)", "correct", "C"),
    ("Answer: $\\boxed{C}$", "correct", "C"),
    ("The answer is C.", "correct", "C"),
    ("The correct option is (B).", "wrong", "B"),
    ("So it is **B**.", "wrong", "B"),
    ("Therefore:\n\nC", "correct", "C"),
    ("\\boxed{C}", "correct", "C"),
    ("\\boxed{\\text{(C)}}", "correct", "C"),
    ("\\boxed{C) three metres}", "correct", "C"),
    ("\\boxed{three metres}", "correct", "C"),
    ("\\boxed{two metres}", "wrong", "B"),
    # More than one letter, none, or one that isn't an option: it can't tell.
    ("Answer: B\nAnswer: C", "undecided", None),
    ("The answer is B.\n\\boxed{C}", "undecided", None),
    ("\\boxed{five metres}", "undecided", None),
    ("Answer: E", "undecided", None),
    ("It could be A or C.", "undecided", None),
    ("A good guess would be three metres.", "undecided", None),
    ("Answer: Carbon", "undecided", None),
    ("", "undecided", None),
    ("The answer is C. No, that is wrong.", "undecided", None),
    ("I don't think the answer is C.", "undecided", None),
    ("\\boxed{C} is wrong", "undecided", None),
    *(
        (text, "undecided", None)
        for text in (
            *("Answer: C or D", "Answer: C, D", "Answer: C/D", "Answer: (C) and (D)", "Answer: **C** and **D**"),
            *("Answer: $C$ or $D$", "Answer: C D", "The answer is C or D", "Is the answer C?", "Answer: C-cell"),
            *(
                r"\boxed{(C),(D)}",
                r"\boxed{(C)(D)}",
                r"\boxed{C \text{ or } D}",
                "Answer: C.\nWait, no, D.",
                "答案是C吗？",
            ),
            *("If the answer is C then contradiction.", '"Answer: C", but I can\'t decide.'),
        )
    ),
    ("答案：Ｃ", "correct", "C"),
    ("正确答案是（C）。", "correct", "C"),
    # What is far from the end weighs the options.
    ("Option A is tempting. " + "But no. " * 200 + "Answer: C", "correct", "C"),
]


@pytest.mark.parametrize(("text", "verdict", "answer"), RESPONSES)
def test_responses(text, verdict, answer):
    found = second.check(text, ITEM, "stop", None, {})
    assert (found.verdict, found.answer) == (verdict, answer)


def test_a_response_that_was_cut_or_still_reasons_is_undecided():
    assert second.check("Answer: C", ITEM, "length", None, {}).verdict == "undecided"
    assert second.check("Answer: C", ITEM, None, {"opened_by_template": True}, {}).verdict == "undecided"
    assert second.check("Answer: B</think>Answer: C", ITEM, None, None, {}).verdict == "correct"
