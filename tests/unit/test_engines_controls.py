import pytest

from paretoscope import plugins
from paretoscope.schema import Item, Request, Sampling

CONTROLS = [name for name in plugins.available("engines") if getattr(plugins.load("engines", name), "CONTROL", False)]
PROBLEMS = {
    "math": [Item("0", "How many?", "7"), Item("1", "How much?", r"\frac{1}{2}"), Item("2", "Where?", "(1, 2)")],
    "multiple_choice": [Item("0", "Which?", "B", ("x", "y", "z"))],
}


def answers(control: str, requests):
    with plugins.load("engines", control).open_engine({}, Sampling(0.0), {"name": control}, []) as engine:
        assert engine.describe()["version"]
        return [completion for batch in engine.generate(requests) for completion in batch]


def requests_for(items, grader, samples=2):
    reference = plugins.load("graders", grader).reference
    return [Request(item.id, sample, (), 0, "", reference(item)) for item in items for sample in range(samples)]


def test_both_controls_are_there():
    assert {name: plugins.load("engines", name).EXPECTED_ACCURACY for name in CONTROLS} == {"oracle": 1.0, "empty": 0.0}


@pytest.mark.parametrize("grader", sorted(set(PROBLEMS) & set(plugins.available("graders"))))
@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_scores_what_it_must(control, grader):
    grading, items = plugins.load("graders", grader), {item.id: item for item in PROBLEMS[grader]}
    requests = requests_for(items.values(), grader)
    completions = answers(control, requests)
    assert [(c.item_id, c.sample) for c in completions] == [(r.item_id, r.sample) for r in requests]
    for completion in completions:
        decision = grading.grade(completion.text, items[completion.item_id], completion.finish_reason, None, {})
        assert (decision.verdict == "correct") == (plugins.load("engines", control).EXPECTED_ACCURACY == 1)


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_counts_no_tokens_and_reads_no_files(control):
    module = plugins.load("engines", control)
    (completion,) = answers(control, requests_for(PROBLEMS["math"][:1], "math", samples=1))
    assert (completion.prompt_tokens, completion.completion_tokens) == (None, None)
    assert module.files({}, {}, {}) == [] and not module.NEEDS_WEIGHTS and not module.KEEPS
