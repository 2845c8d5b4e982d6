"""The place of an answer in its response."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.graders import math, multiple_choice
from paretoscope.graders.layers.reasoning import visible_text
from paretoscope.graders.layers.span import visible_start
from paretoscope.schema import Item

ITEM = Item("q", "What is it?", "5")
CHOICE = Item("q", "Which?", "B", ("w", "x", "y", "z"))
TEMPLATE_OPENS = {"start": "<think>", "end": "</think>", "opened_by_template": True}


def cut(text, **options):
    decision = math.decide(text, ITEM, "stop", TEMPLATE_OPENS if "</think>" in text else None, options)
    return text[slice(*decision.span)] if decision.span else None


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        (r"First \boxed{5}, no: \boxed{7}. Done.", "7"),
        (r"So \boxed{ \frac{1}{2} } it is", r"\frac{1}{2}"),
        (r"x = -\boxed{3}", "3"),
        (r"\boxed{3} and \boxed{5}", r"\boxed{3} and \boxed{5}"),
        (r"\boxed{5} is not \boxed{ 5", "5"),
        ("The answer is 15. Not 5.", "15"),
        ("The answer is: 5. It took 15 - 10 = 5 steps.", "5"),
        ("Answer: **1,234** dollars", "1,234** dollars"),
        ("#### 1,234", "1,234"),
        ("25 - 20 is 5", None),
        ("", None),
        ("<think>5</think>The answer is 5.", "5"),
    ],
)
def test_the_piece_is_the_answer(text, piece):
    assert cut(text) == piece


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("So 15 - 10 = 5 cats.", "5"),
        ("In all he pays\n$12,345.", "12,345"),
        ("It is 50%.", "50%"),
        ("He has 25 - 20, so 5 cats.", "He has 25 - 20, so 5 cats."),  # ambiguous
    ],
)
def test_the_piece_of_a_closing_sentence(text, piece):
    assert cut(text, final_number=True) == piece


def test_an_equal_answer_in_the_reasoning_or_after_the_turn_is_not_taken_for_it():
    text = r"\boxed{5}</think>So \boxed{5}<|im_end|>user: \boxed{5}"
    decision = math.decide(text, ITEM, "stop", TEMPLATE_OPENS, {})
    assert decision.span == (text.index("So") + len(r"So \boxed{"), text.index("So") + len(r"So \boxed{5"))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("Answer: B", (8, 9)),
        ("A.\nAnswer: **(b)**", (14, 15)),
        (r"\boxed{\text{B}}", (13, 14)),
        ("Ａnswer: Ｂ", None),  # full-width letters, which only the cleaned text shows
        ("I can't tell.", None),
    ],
)
def test_the_letter_of_a_choice(text, span):
    assert multiple_choice.decide(text, CHOICE, "stop", None, {}).span == span


PIECES = st.sampled_from(
    ["<think>", "</think>", "[/THINK]", "think\n", "\nanswer\n", "<|im_end|>", "a", "b ", "\n", ""]
)


@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from([None, TEMPLATE_OPENS]))
def test_the_visible_text_stands_where_it_is_said_to_begin(text, reasoning):
    visible = visible_text(text, reasoning)
    if visible:
        assert text.startswith(visible, visible_start(text, visible, reasoning))


@given(st.text(alphabet="5,. -=*\\{}()boxed$\nanswer is", max_size=80))
def test_spans_lie_within_the_response(text):
    for options in ({}, {"final_number": True}, {"final_formula": True}):
        decision = math.decide(text, ITEM, "stop", None, options)
        assert (decision.span is None) == (decision.answer is None)
        if decision.span:
            assert 0 <= decision.span[0] <= decision.span[1] <= len(text)


def test_stars_and_spaces_without_end_are_searched_once():
    started = time.process_time()
    for text in ("**" * 100_000, " \n" * 100_000, "_ " * 100_000, "The answer is" + " ," * 100_000):
        math.decide(text, ITEM, "stop", None, {"final_number": True})
    assert time.process_time() - started < 2
