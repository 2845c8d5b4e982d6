import random
import re
import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import arithmetic
from paretoscope.errors import InputError

CARDS = sorted(Path("config/models").glob("nano-*.yaml"))


def example_problem(*changes: str) -> arithmetic.Problem:
    verbs = tuple(arithmetic.VERBS[change[0]][0] for change in changes)
    return arithmetic.Problem("", "Ana", "stamps", 7, changes, verbs)


def solve(question: str) -> int:
    """Work the question out from its words alone."""
    count = int(re.match(r"\w+ has (\d+) ", question)[1])
    for verb, rest in re.findall(r"\. [A-Z][a-z]{2}: (\w+) (\d+|them)", question):
        if rest == "them":
            count = {"doubles": count * 2, "halves": count // 2}[verb]
        else:
            count += int(rest) * {"buys": 1, "finds": 1, "wins": 1, "sells": -1, "loses": -1, "breaks": -1}[verb]
    return count


def test_question_reads_as_intended():
    problem = example_problem("+2", "*2", "-8", "/2")
    text = "Ana has 7 stamps. Jan: buys 2. Feb: doubles them. Mar: sells 8. Apr: halves them. How many stamps?"
    assert problem.question == text
    assert problem.totals == (7, 9, 18, 10, 5)
    assert problem.target == "5"


@pytest.mark.parametrize("level", arithmetic.LEVELS)
@pytest.mark.parametrize("split", arithmetic.SPLITS)
def test_problems_are_solvable_different_and_of_their_level(level, split):
    found = arithmetic.problems(level, split, 200, seed=0)
    fewest, most = arithmetic.LEVELS[level]
    assert [problem.id for problem in found] == [f"{level}-{index:04d}" for index in range(200)]
    assert len({problem.question for problem in found}) == len({problem.meaning for problem in found}) == 200
    assert {len(problem.changes) for problem in found} == set(range(fewest, most + 1))
    for problem in found:
        assert problem.target == str(solve(problem.question))
        assert arithmetic.split_of(problem.meaning) == split
        assert min(problem.totals) >= 0 and max(problem.totals) <= arithmetic.MAX_COUNT


def test_fewer_problems_are_the_first_of_more():
    assert arithmetic.problems("easy", "test", 150, 0)[:40] == arithmetic.problems("easy", "test", 40, 0)
    assert arithmetic.problems("easy", "test", 40, 0) != arithmetic.problems("easy", "test", 40, 1)


def test_problems_do_not_depend_on_the_hash_seed_of_the_process():
    code = "from paretoscope.arithmetic import problems; print([p.question for p in problems('hard', 'dev', 5, 3)])"
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "scripts"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert answers == {f"{[problem.question for problem in arithmetic.problems('hard', 'dev', 5, 3)]}\n"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hrad", "test", 1, 0), r"unknown level 'hrad'.*'hard'"),
        (("hard", "tset", 1, 0), r"unknown split 'tset'.*'test'"),
    ],
)
def test_impossible_requests_say_what_is_wrong(arguments, message):
    with pytest.raises(InputError, match=message):
        arithmetic.problems(*arguments)


def test_more_problems_than_there_are_is_an_error(monkeypatch):
    monkeypatch.setitem(arithmetic.LEVELS, "easy", (1, 1))
    with pytest.raises(InputError, match="too few different test problems for n = 100"):
        arithmetic.problems("easy", "test", 100, 0)


def test_unknown_style_is_refused():
    with pytest.raises(InputError, match=r"unknown training style 'ful'.*'full'"):
        arithmetic.response_pieces(example_problem("+2"), "ful", random.Random(0))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_no_held_out_problem_is_in_a_cards_training_stream(card):
    training = yaml.safe_load(card.read_text())["source"]["training"]
    held_out = [
        problem
        for level in arithmetic.LEVELS
        for split in ("dev", "test")
        for problem in arithmetic.problems(level, split, 300, 0)
    ]
    keys = ("style", "steps", "batch_size", "seed")
    batches = list(islice(arithmetic.training_stream(*(training[key] for key in keys)), 100))
    assert {len(batch) for batch in batches} == {training["batch_size"]}
    assert arithmetic.overlap(batches, held_out) == []


def test_a_stream_has_its_steps_and_all_lengths():
    batches = list(arithmetic.training_stream("brief", 24, 2, 0))
    lengths = Counter(len(batch[0].problem.changes) for batch in batches)
    assert lengths == Counter(2 * arithmetic.TRAINING_OPERATIONS)


def test_overlap_finds_a_problem_that_was_trained_on():
    batches = list(arithmetic.training_stream("direct", 3, 4, 0))
    trained = batches[1][2].problem
    renamed = arithmetic.Problem("x", "Nobody", "things", trained.start, trained.changes, trained.verbs)
    assert arithmetic.overlap(batches, [renamed, *arithmetic.problems("hard", "test", 5, 0)]) == [renamed]


@pytest.mark.parametrize(
    ("style", "response"),
    [
        ("direct", "</think>\\boxed{1}<|im_end|>"),
        ("brief", "7. Jan: 9. Feb: 1</think>\\boxed{1}<|im_end|>"),
        ("full", "7. Jan: +2=9. Feb: -8=1</think>\\boxed{1}<|im_end|>"),
    ],
)
def test_plain_styles(style, response):
    pieces, learned = arithmetic.response_pieces(example_problem("+2", "-8"), style, random.Random(0))
    assert "".join(pieces) == response
    assert len(learned) == len(pieces) and all(learned)


def recheck(seed: int) -> tuple[arithmetic.Problem, list[str], list[bool]]:
    problem = example_problem("+2", "*2", "-8", "-1")
    return problem, *arithmetic.response_pieces(problem, "recheck", random.Random(seed))


@given(st.integers(0, 10_000))
def test_recheck_ends_on_agreement_or_is_a_cut(seed):
    problem, pieces, learned = recheck(seed)
    thinking, _, end = "".join(pieces).partition("</think>")
    answer = re.fullmatch(r"\\boxed\{(\d+)\}<\|im_end\|>", end)[1]
    attempts = thinking.split(". Check: ")
    whole = re.findall(r"\. So (\d+)", thinking)
    assert all(re.search(r"Apr: -1=(\d+)\. So \1$", attempt) for attempt in attempts[:-1])
    cut = not learned[pieces.index("</think>")]
    assert len(learned) == len(pieces) and all(learned[-4:])
    assert len(attempts) <= arithmetic.MAX_ATTEMPTS
    if cut:
        written = re.findall(r"(?:^|: |=)(\d+)", thinking)
        assert answer == (whole or written or [str(problem.start)])[-1]
    else:
        assert len(whole) == len(attempts) and whole[-1] == answer
        assert answer in whole[:-1]
        assert all(earlier != later for earlier, later in pairwise(whole[:-1]))


def test_recheck_never_learns_a_wrong_sum():
    slips = 0
    for seed in range(300):
        _, pieces, learned = recheck(seed)
        for index in range(4, len(pieces)):
            if pieces[index - 1] == "=" and pieces[index].isdigit():
                right = int(pieces[index]) == arithmetic.apply(int(pieces[index - 4]), pieces[index - 2])
                assert learned[index] == right
                slips += not right
    assert slips > 20


def test_recheck_has_cuts_and_second_thoughts():
    responses = ["".join(recheck(seed)[1]) for seed in range(300)]
    assert 0.3 < sum("Apr: " not in text.split("Check")[0] for text in responses) * 4 / 300 < 1.7
    assert sum(text.count("Check") == 2 for text in responses) > 20


def test_vocabulary_is_padded_and_covers_every_piece():
    assert len(arithmetic.VOCABULARY) % 64 == 0
    assert sorted(arithmetic.VOCABULARY.values()) == list(range(len(arithmetic.VOCABULARY)))
    for style in arithmetic.STYLES:
        for batch in arithmetic.training_stream(style, 10, 8, 0):
            for example in batch:
                assert set(example.prompt + example.response) <= set(arithmetic.VOCABULARY)


def test_pieces_are_what_the_pattern_splits_text_into():
    pattern = re.compile(arithmetic.piece_pattern())
    for problem in arithmetic.problems("medium", "dev", 50, 0):
        assert pattern.findall(problem.question) == arithmetic.question_pieces(problem)
        chain = arithmetic.chain_pieces(problem.totals, problem.changes, "full")
        assert pattern.findall("".join(chain)) == chain


def test_importing_needs_no_torch():
    code = "import sys, paretoscope.arithmetic; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "scripts"}, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
