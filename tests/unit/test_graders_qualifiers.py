"""Sentences that say something else of a number than that it is the answer."""

import pytest

from paretoscope.graders.layers.extraction import extract_answer


def read(text, question="How many?"):
    found = extract_answer(text, question, "final_number")
    return found and (found.unreadable or found.answer)


@pytest.mark.parametrize(
    "text",
    [
        *("The answer is twice 72.", "The answer is half of 72.", "The answer is greater than 72"),
        *("The answer is definitely more than 72.", "The answer is at most $72$.", "The answer is close to 72."),
        *("The answer is anything but 72.", "The answer could be anything except 72.", "The answer is off by 72."),
        *("The answer is something other than 72.", "The answer is the square root of 72.", "答案是72的两倍"),
        *("The answer is 72 squared.", "The answer is 72 hundredths", "The answer is 72 or so."),
        *("Thus she has at least 72 apples.", "Thus she has no more than **72** apples.", "Thus step 72 follows."),
        *("Thus she has fewer than 1,072 apples.", "See problem 72.", "Therefore it can't be 72."),
        *("Thus she doesn't have 72 apples.", "Thus she never had $72.", "Die Antwort ist nicht 72."),
    ],
)
def test_a_qualified_number_is_not_read(text):
    assert read(text) == "qualified"


@pytest.mark.parametrize(
    "text",
    [
        *("Is it 72?", "Would it be 72?", "So the answer is 72?", "Is the answer 72? I don't know.", "What is 72？"),
        *("We can't determine it from 72.", "She had 72 apples and I can't tell how many are left."),
        *("The answer is unknown; 72 is only a guess.", "There is not enough information: 72.", "72不知道"),
    ],
)
def test_what_is_left_open_is_no_answer(text):
    assert read(text) is None


@pytest.mark.parametrize(
    "text, question, answer",
    [
        ("The answer is negative 72.", "How many?", "-72"),
        ("The answer is minus 72.", "How many?", "-72"),
        ("Thus she needs at least 72 apples.", "What is the least number of apples?", "72"),
        ("Thus she can take up to 72 apples.", "How many can she take?", "72"),
        ("They need to buy at least 72 apples.", "How many?", "72"),
        ("He is on step 72.", "On which step is he?", "72"),
        ("She has 5 more than 72, so 77.", "She has 5 more than 72. How many?", "77"),
        ("So she didn't sell 72 apples.", "How many did she not sell?", "72"),
        ("He doesn't stop until 72.", "When does he stop?", "72"),
        ("She doesn't sell any, so she has 72.", "How many?", "72"),
        ("Half of them, 72, are red.", "How many?", "72"),
    ],
)
def test_what_the_question_asks_for_is_read(text, question, answer):
    assert read(text, question) == answer
