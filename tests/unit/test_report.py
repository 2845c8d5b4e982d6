"""The summary in words: what it warns of, and what it leaves unsaid."""

import pandas as pd
import pytest

from paretoscope.frontier import FRONTIER
from paretoscope.report import summary_text, warnings
from paretoscope.schema import ABSENT_CELLS, CELLS, VERDICTS, names

RATES = [f"{verdict}_rate" for verdict in VERDICTS if verdict != "correct"] + ["looping_rate", "truncated_looping_rate"]
NO_CELLS = pd.DataFrame(columns=names(ABSENT_CELLS))
NO_FRONTIER = pd.DataFrame(columns=names(FRONTIER))


def cells(kind="dense", **rates) -> pd.DataFrame:
    row = {"model": "tiny", "benchmark": "sums", "kind": kind, **dict.fromkeys(RATES, 0.0), **rates}
    return pd.DataFrame([row], columns=names(CELLS))


def warned(**rates) -> list[str]:
    return warnings(cells(**rates), NO_CELLS, NO_FRONTIER)


@pytest.mark.parametrize(
    ("rates", "parts"),
    [
        (
            {"truncated_rate": 0.12, "truncated_looping_rate": 0.009, "looping_rate": 0.009},
            ["tiny x sums: 12% of the completions were cut by the token limit, 1% in a loop;", "max_new_tokens"],
        ),
        ({"looping_rate": 0.025}, ["tiny x sums: 2.5% of the completions end in a loop", "sampling, chat_template"]),
        ({"no_answer_rate": 0.03, "unparsed_rate": 0.03}, ["no answer could be read in 6% of the completions"]),
        ({"timeout_rate": 0.001}, ["the grader gave up on 0.1% of the answers"]),
        (
            {"disagreement_rate": 0.021},
            ["tiny x sums: two graders disagree on 2.1% of the answers", "read them in audit/tiny/sums.html"],
        ),
        ({"crashed_rate": 0.001}, ["the grader gave up on 0.1% of the answers"]),
    ],
)
def test_a_cell_that_must_not_be_trusted_is_named_with_the_cause(rates, parts):
    (warning,) = warned(**rates)
    assert all(part in warning for part in parts), warning


@pytest.mark.parametrize(
    "rates", [{}, {"truncated_rate": 0.05, "looping_rate": 0.01}, {"wrong_rate": 1.0}, {"disagreement_rate": 0.02}]
)
def test_what_is_usual_is_not_warned_of(rates):
    assert warned(**rates) == []


def test_a_cell_that_is_cut_in_loops_is_named_for_both_in_order():
    first, second = warned(truncated_rate=0.5, looping_rate=0.5, truncated_looping_rate=0.5)
    assert "50% of the completions were cut by the token limit, 50% in a loop" in first
    assert "50.0% of the completions end in a loop" in second


def test_controls_are_not_warned_of():
    assert warned(kind="control", no_answer_rate=1.0, truncated_rate=1.0, looping_rate=1.0) == []


def test_the_summary_carries_the_warnings():
    text = summary_text("Test", cells(looping_rate=0.5), NO_CELLS, NO_FRONTIER, ["plots/trend.png"])
    assert "\n! tiny x sums: 50.0% of the completions end in a loop" in text
    assert text.endswith("Figures:\n  plots/trend.png\n")


def test_accuracy_is_told_with_and_without_a_judge():
    facts = {"judge": "judge-7b", "judged_rate": 0.05, "accuracy": 0.5, "accuracy_with_judge": 0.53}
    costs = {"judge_flops_mean": 2e10, "total_flops_mean": 4e12}
    table = pd.concat([cells(**facts, **costs), cells(kind="control", accuracy=1.0)])
    text = summary_text("Study", table, NO_CELLS, NO_FRONTIER, [])
    (line,) = [line for line in text.splitlines() if "judge" in line]
    assert "judge-7b as judge of 5.0% of the completions" in line
    assert "the cells is 53.0%; without it, as everywhere here, 50.0%." in line
    assert "2e+10 FLOPs per completion, 0.50% of the models' own." in line
    assert "judge" not in summary_text("Study", cells(), NO_CELLS, NO_FRONTIER, [])
