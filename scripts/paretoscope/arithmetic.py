"""Arithmetic word problems made by a formula, with the reasoning that a tiny language model can learn to write.

A problem states a first count and then one change per month: "Ana has 7 stamps. Jan: finds 2. Feb: doubles them. How
many stamps?". The number of months is the difficulty (:data:`LEVELS`). Doubling and halving make the order matter, so
that the answer can't be had by adding all changes up at once. Splits are disjoint by construction: a digest of the
problem's meaning (first count and changes, not names or verbs) decides whether it belongs to train, dev or test.

A training style says how much reasoning is written before the answer (:data:`STYLES`).
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from .errors import InputError, suggest

LEVELS = {"easy": (2, 3), "medium": (4, 6), "hard": (8, 10)}
"""Fewest and most operations of a problem, by level."""

SPLITS = ("train", "dev", "test")

STYLES = {
    "direct": "no reasoning, the answer at once",
    "brief": "the count after each month",
    "full": "each month's change and the count after it",
    "recheck": "as full, again until two attempts agree; some of it cut short and answered as it stands",
}
"""What a model trained in a style writes before its answer."""

TRAINING_OPERATIONS = (2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10, 10)
"""Operations of a dozen training batches; long ones twice, since only they teach when to stop after the last months."""
MAX_COUNT = 50
MAX_CHANGE = 9
SCALING_RATE = 0.25
"""Share of the months that double or halve, where the count allows it."""
PIECES_PER_MONTH = 4
"""Of the full style: month, change, equals sign, count."""
MAX_ATTEMPTS = 4
MISTAKE_RATE = 0.3
"""Share of the early attempts of the recheck style in which a mistake is planted."""
CUT_RATE = 0.5
"""Share of the responses of the recheck style that are cut short."""

NAMES = ("Ana", "Ben", "Eva", "Leo", "Mia", "Sam")
ITEMS = ("apples", "books", "coins", "stamps")
VERBS = {
    "+": ("buys ", "finds ", "wins "),
    "-": ("sells ", "loses ", "breaks "),
    "*": ("doubles them",),
    "/": ("halves them",),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct")

PAD, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
THINK_START, THINK_END, UNKNOWN = "<think>", "</think>", "<unk>"
SPECIAL = (PAD, TURN_START, TURN_END)
CONCLUSION, AGAIN = ". So ", ". Check: "
THINK_TAGS = (THINK_START, THINK_END)

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] + '\\n' + message['content'] }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>"
    "{% if enable_thinking is defined and not enable_thinking %}</think>{% endif %}{% endif %}"
)
"""Jinja source; ``enable_thinking=False`` closes the reasoning at once, which is what direct models are trained on."""


@dataclass(frozen=True)
class Problem:
    """One word problem."""

    id: str
    """Unique within its level and split, e.g. ``hard-0017``; empty in the training stream."""
    name: str
    item: str
    start: int
    changes: tuple[str, ...]
    """Change of each month: a sign of :data:`VERBS` and a number, e.g. ``+2``, ``-8``, ``*2`` or ``/2``."""
    verbs: tuple[str, ...]

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """Counts: the first one, then the one after each month; length ``len(changes) + 1``."""
        return follow(self.start, self.changes)

    @property
    def question(self) -> str:
        """The problem as text."""
        return "".join(question_pieces(self))

    @property
    def target(self) -> str:
        """The right answer, an integer without a leading zero."""
        return str(self.totals[-1])

    @property
    def meaning(self) -> tuple[int | str, ...]:
        """What the answer depends on; problems with equal meanings differ in wording alone."""
        return (self.start, *self.changes)


@dataclass(frozen=True)
class Example:
    """One training sequence: a problem and the response to learn, both as vocabulary pieces."""

    problem: Problem
    prompt: list[str]
    response: list[str]
    learned: list[bool]
    """Per response piece: False where a mistake was planted, which must not be learned."""


def apply(count: int, change: str) -> int:
    """Return the count after a change; halves are rounded down."""
    sign, amount = change[0], int(change[1:])
    return {"+": count + amount, "-": count - amount, "*": count * amount, "/": count // amount}[sign]


def follow(start: int, changes: Iterable[str]) -> tuple[int, ...]:
    """Return the counts along a series of changes, the first one included."""
    return tuple(accumulate(changes, apply, initial=start))


def split_of(meaning: tuple[int | str, ...]) -> str:
    """Return the split that a problem's meaning belongs to: 80 % train, 10 % dev, 10 % test."""
    digest = hashlib.blake2b(repr(meaning).encode(), digest_size=8).digest()
    return {0: "test", 1: "dev"}.get(int.from_bytes(digest, "big") % 10, "train")


def problems(level: str, split: str, n: int, seed: int) -> list[Problem]:
    """Return ``n`` different problems of one level and split.

    Parameters
    ----------
    level : str
        A key of :data:`LEVELS`.
    split : str
        One of :data:`SPLITS`. Problems of different splits are never the same, whatever the seeds.
    n : int
        A smaller ``n`` with the same seed gives the first problems of a larger one.
    seed : int

    Raises
    ------
    InputError
        Unknown level or split, or more problems asked for than could be found.
    """
    if level not in LEVELS:
        raise InputError(f"unknown level '{level}' of arithmetic problems.{suggest(level, LEVELS)}")
    if split not in SPLITS:
        raise InputError(f"unknown split '{split}' of arithmetic problems.{suggest(split, SPLITS)}")
    rng = random.Random(f"{level}/{split}/{seed}")
    found: dict[tuple, Problem] = {}
    for _ in range(100 * n + 1000):
        if len(found) == n:
            return list(found.values())
        problem = _draw(rng, rng.randint(*LEVELS[level]), f"{level}-{len(found):04d}")
        if split_of(problem.meaning) == split:
            found.setdefault(problem.meaning, problem)
    raise InputError(
        f"level '{level}' has too few different {split} problems for n = {n}: {len(found)} were found; ask for fewer"
    )


def _draw(rng: random.Random, operations: int, identifier: str = "") -> Problem:
    """Return a random problem whose counts stay within 0 and :data:`MAX_COUNT`."""
    count = start = rng.randint(2, 20)
    changes, verbs = [], []
    for _ in range(operations):
        change = _draw_change(rng, count)
        count = apply(count, change)
        changes.append(change)
        verbs.append(rng.choice(VERBS[change[0]]))
    return Problem(identifier, rng.choice(NAMES), rng.choice(ITEMS), start, tuple(changes), tuple(verbs))


def _draw_change(rng: random.Random, count: int) -> str:
    if rng.random() < SCALING_RATE and count > 0:
        if count % 2 == 0 and rng.random() < 0.5:
            return "/2"
        if 2 * count <= MAX_COUNT:
            return "*2"
    sign, amount = rng.choice("+-"), rng.randint(1, MAX_CHANGE)
    if not 0 <= apply(count, f"{sign}{amount}") <= MAX_COUNT:
        sign = "-" if sign == "+" else "+"
    return f"{sign}{amount}"


# Pieces: every text is a list of vocabulary entries, so that a sequence's tokens are known without a tokenizer.


def question_pieces(problem: Problem) -> list[str]:
    """Return the vocabulary pieces of the question."""
    pieces = [f"{problem.name} has ", str(problem.start), f" {problem.item}"]
    for month, verb, change in zip(MONTHS, problem.verbs, problem.changes, strict=False):
        pieces += [f". {month}: ", verb, *([change[1:]] if change[0] in "+-" else [])]
    return [*pieces, ". How many", f" {problem.item}", "?"]


def prompt_pieces(problem: Problem) -> list[str]:
    """Return the pieces of the chat prompt, as :data:`CHAT_TEMPLATE` renders it for one user message."""
    return [TURN_START, "user\n", *question_pieces(problem), TURN_END, TURN_START, "assistant\n", THINK_START]


def chain_pieces(counts: Sequence[int], changes: Sequence[str], style: str) -> list[str]:
    """Return one attempt's reasoning, ``brief`` or ``full``: ``len(changes) + 1`` counts and what leads to each."""
    pieces = [str(counts[0])]
    for month, change, after in zip(MONTHS, changes, counts[1:], strict=False):
        working = [change, "="] if style == "full" else []
        pieces += [f". {month}: ", *working, str(after)]
    return pieces


def answer_pieces(answer: int | str) -> list[str]:
    """Return the end of a response: reasoning closed, boxed answer, end of turn."""
    return [THINK_END, "\\boxed{", str(answer), "}", TURN_END]


def response_pieces(problem: Problem, style: str, rng: random.Random) -> tuple[list[str], list[bool]]:
    """Return what a model of a style should write after the prompt, and which pieces to learn.

    Raises
    ------
    InputError
        Unknown style.
    """
    if style not in STYLES:
        raise InputError(f"unknown training style '{style}'.{suggest(style, STYLES)}")
    if style == "recheck":
        return _recheck(problem, rng)
    thinking = [] if style == "direct" else chain_pieces(problem.totals, problem.changes, style)
    pieces = thinking + answer_pieces(problem.target)
    return pieces, [True] * len(pieces)


def _recheck(problem: Problem, rng: random.Random) -> tuple[list[str], list[bool]]:
    """Attempt until two attempts agree, mistakes planted in some; cut some of the reasoning short.

    Nothing that should not be imitated is learned: neither a planted count nor the moment of a cut. The answer to a
    cut is the last conclusion, or the last count written where there is none.
    """
    pieces, learned, answers = [], [], []
    while len(answers) < 2 or answers[-1] not in answers[:-1]:
        sound = len(answers) >= MAX_ATTEMPTS - 2 or rng.random() >= MISTAKE_RATE
        counts, slip = (problem.totals, None) if sound else _slip(problem, rng)
        answers.append(str(counts[-1]))
        attempt = [*chain_pieces(counts, problem.changes, "full"), CONCLUSION, answers[-1]]
        flags = [True] * len(attempt)
        if slip is not None:
            flags[PIECES_PER_MONTH * (slip + 1)] = False  # the first count precedes the months, each count ends its own
        again = [AGAIN] * bool(pieces)
        pieces, learned = pieces + again + attempt, learned + [True] * len(again) + flags
    if rng.random() >= CUT_RATE:
        return pieces + answer_pieces(answers[-1]), learned + [True] * 5
    kept = pieces[: rng.randrange(len(pieces))]
    return kept + answer_pieces(_answer_so_far(kept, problem)), learned[: len(kept)] + [False] + [True] * 4


def _answer_so_far(pieces: list[str], problem: Problem) -> str:
    """Return the last conclusion, or the last count where nothing is concluded yet."""
    for before, piece in zip(reversed(pieces[:-1]), reversed(pieces), strict=False):
        if before == CONCLUSION:
            return piece
    return next((piece for piece in reversed(pieces) if piece.isdigit()), str(problem.start))


def _slip(problem: Problem, rng: random.Random) -> tuple[tuple[int, ...], int | None]:
    """Return counts that are wrong from a random month on, and that month; right ones where no mistake fits."""
    month = rng.randrange(len(problem.changes))
    for error in rng.sample((-10, -2, -1, 1, 2, 10), 6):
        later = follow(problem.totals[month + 1] + error, problem.changes[month + 1 :])
        if min(later) >= 0 and max(later) <= MAX_COUNT:
            return problem.totals[: month + 1] + later, month
    return problem.totals, None


def training_stream(style: str, steps: int, batch_size: int, seed: int) -> Iterator[list[Example]]:
    """Yield ``steps`` batches of ``batch_size`` examples from the train split, fixed by style and seed.

    Problems of one batch have the same number of operations, so that little of it is padding. The numbers are dealt
    from a shuffled deck, so that any dozen batches hold all lengths.
    """
    rng = random.Random(f"{style}/{seed}")
    deck: list[int] = []
    for _ in range(steps):
        deck = deck or rng.sample(TRAINING_OPERATIONS, len(TRAINING_OPERATIONS))
        operations = deck.pop()
        yield [_example(rng, operations, style) for _ in range(batch_size)]


def _example(rng: random.Random, operations: int, style: str) -> Example:
    problem = _draw(rng, operations)
    while split_of(problem.meaning) != "train":
        problem = _draw(rng, operations)
    return Example(problem, prompt_pieces(problem), *response_pieces(problem, style, rng))


def overlap(batches: Iterable[list[Example]], held_out: Iterable[Problem]) -> list[Problem]:
    """Return the held-out problems whose meaning, and so whose question, occurs in a training stream."""
    trained = {example.problem.meaning for batch in batches for example in batch}
    return [problem for problem in held_out if problem.meaning in trained]


def _vocabulary() -> dict[str, int]:
    words = [*SPECIAL, *THINK_TAGS, UNKNOWN, "\\boxed{", "}", "user\n", "assistant\n", "=", "?", ". How many"]
    words += [CONCLUSION, AGAIN]
    words += [str(number) for number in range(MAX_COUNT + 1)]
    words += [f"{sign}{amount}" for sign in "+-" for amount in range(1, MAX_CHANGE + 1)]
    words += [f". {month}: " for month in MONTHS] + [f"{name} has " for name in NAMES]
    words += [f" {item}" for item in ITEMS] + [verb for verbs in VERBS.values() for verb in verbs] + ["*2", "/2"]
    # Inference servers pad the embedding to a multiple of 64 for tensor parallelism; doing it here keeps shapes equal.
    words += [f"<reserved_{index}>" for index in range(-len(words) % 64)]
    return {word: index for index, word in enumerate(words)}


VOCABULARY = _vocabulary()
"""Token id of each piece, padded to a multiple of 64."""


def piece_pattern() -> str:
    """Return the regular expression that splits text into pieces, longest first; any other character stands alone."""
    markup = {*SPECIAL, *THINK_TAGS, UNKNOWN}
    words = (word for word in VOCABULARY if len(word) > 1 and word not in markup and not word.startswith("<reserved"))
    return "|".join([*map(re.escape, sorted(words, key=lambda word: (-len(word), word))), r"[\s\S]"])
