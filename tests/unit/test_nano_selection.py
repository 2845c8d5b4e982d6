import re

import pytest

from paretoscope import arithmetic, nano_selection, training

ANSWERED = [*arithmetic.THINK_END.split(), "\\boxed{", "12", "}", arithmetic.TURN_END]


class Pretender:
    """Stands in for a trained model: reasons soundly, answers with the last count it was given."""

    def __init__(self):
        self.questions = []

    def respond(self, folder, prompts, temperature, max_new_tokens, seed):
        return [self._one(prompt) for prompt in prompts]

    def _one(self, prompt):
        thought = prompt[prompt.index(arithmetic.THINK_START) + 1 :]
        question = "".join(prompt)
        self.questions.append(question)
        if thought[-1:] == [arithmetic.THINK_END]:
            counts = [piece for piece in thought if piece.isdigit()] or re.findall(r"has (\d+)", question)
            return arithmetic.answer_pieces(counts[-1])[1:]
        problem = next(problem for problem in self.known if problem.question in question)
        return arithmetic.response_pieces(problem, "full", None)[0]


@pytest.fixture
def model(monkeypatch):
    pretender = Pretender()
    pretender.known = arithmetic.problems("easy", "dev", 30, 0)
    monkeypatch.setattr(training, "respond", pretender.respond)
    return pretender


def test_a_sound_model_scores_one_and_its_tokens_are_counted(model):
    found = nano_selection.evaluate_dev("folder", "easy", 30)
    lengths = [len(problem.changes) for problem in model.known]
    assert found["accuracy"] == 1
    assert found["completion_tokens"] == pytest.approx(sum(4 * months + 6 for months in lengths) / 30)


def test_only_the_dev_split_is_read(model):
    held_out = {problem.question for problem in arithmetic.problems("easy", "test", 300, 0)}
    nano_selection.evaluate_dev("folder", "easy", 30, thinks=False)
    assert len(model.questions) == 30
    assert not any(question in prompt for prompt in model.questions for question in held_out)


def test_direct_models_are_asked_with_reasoning_closed(model):
    nano_selection.evaluate_dev("folder", "easy", 30, thinks=False)
    assert all(question.endswith("<think></think>") for question in model.questions)


def test_forced_answers_improve_with_the_budget_and_then_stay(model):
    curve = nano_selection.forced_answer_curve("folder", "easy", 30, budgets=(0, 5, 9, 13, 100))
    accuracies = [row["accuracy"] for row in curve]
    assert accuracies == sorted(accuracies) and accuracies[0] < 0.3 and accuracies[-2:] == [1, 1]
    assert curve[0]["thinking_tokens"] == 0 and curve[-1]["thinking_tokens"] == curve[-2]["thinking_tokens"] < 100


@pytest.mark.parametrize(
    ("response", "right"),
    [
        (ANSWERED, True),
        (["12", *ANSWERED], True),
        ([*ANSWERED[:2], "13", *ANSWERED[3:]], False),
        (ANSWERED[:-1], False),
        (["12"], False),
        ([], False),
    ],
)
def test_only_a_finished_right_box_counts(response, right):
    problem = arithmetic.Problem("", "Ana", "coins", 10, ("+2",), ("finds ",))
    assert nano_selection._accuracy([response], [problem]) == right
