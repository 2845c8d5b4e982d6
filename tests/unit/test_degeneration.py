"""Loops at the end of a completion: what is one, what only looks like one, and how long it takes to tell."""

import gzip
import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.degeneration import LENGTH, NUMBERED_LENGTH, NUMBERED_REPEATS, REPEATS, TAIL, looping

TRACES = Path(__file__).resolve().parents[2] / "../shared/data/traces"

START = "Let x be the number of apples that Ana has left. "
WAIT = "Wait, let me check that again. "
THOUGHT = " ".join("".join(random.Random(i).choices("aeinorst", k=5)) for i in range(200))


def lines(template: str, n: int) -> str:
    return "".join(template.format(i=i, twice=2 * i, square=i * i, power=2**i) for i in range(n))


@pytest.mark.parametrize(
    "text",
    [
        START + WAIT * 20,
        WAIT * 20,
        START + WAIT * 20 + WAIT[:17],
        START + "So the answer is 4.\n\n" * 20,
        START + "x" * 500,
        START + "\n" * 500,
        START + "0.1" + "6" * 500,
        START + "1 " * 300,
        START + "再检查一遍。" * 80,
        START + "\ud83d" * 500,
        THOUGHT[:1000] * 3,
        START + ("B" + THOUGHT[:1000] + "C" + THOUGHT[:300]) * 4,
        START + "".join(str(i) for i in range(1000)) * 3,
        START + lines("Step {i}: let me check that again.\n", 60),
        START + lines("On day {i} it is {power} feet tall. ", 60),
        START + lines("({i}, {twice}), ", 300),
        START + lines("{i}, ", 2_000),
        START + lines("n = {i}: n^2 = {square}, which isn't a multiple of 7919.\n", 400)[:9_000],
    ],
    ids=lambda text: f"{text[:8]}...{text[-16:]}",
)
def test_loops_are_found(text):
    assert looping(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        START,
        START * 2,
        START * 20 + r"So the answer is \boxed{4}.",  # it found its way out
        START + WAIT * 5,
        START + WAIT * 20 + "</think>\n\nThe answer is 4.",
        START + "0." + "3" * 300,
        START + "-" * 120 + "\n" + "| --- " * 20 + "|\n",
        START + "\n" * 100,
        START + "1 " * 150,
        START + r"\begin{pmatrix} " + (" & ".join("0" * 8) + r" \\ ") * 8 + r"\end{pmatrix}",
        START + r"\begin{pmatrix} " + (" & ".join("0" * 8) + r" \\ ") * 8,
        START + lines("| {i} | {square} |\n", 60),
        START + lines("f({i}) = {square}, ", 40),
        START + lines("{i}, ", 100),
        START + lines("Month {i}: {square} - 25 = {twice}, interest {i}.{square}.\n", 12),
        THOUGHT[:1000] + "So no. " + THOUGHT[:1000] + "Or rather: " + THOUGHT[:1000],
        str(3**2000),
    ],
    ids=lambda text: f"{text[:8]}...{text[-16:]}",
)
def test_what_only_looks_like_a_loop_is_none(text):
    assert not looping(text)


# No unit below repeats itself within, so that a text's own period is the unit's length.
UNITS = {10: "abcdefghij", 150: "".join(map(chr, range(200, 350))), 4_000: "".join(map(chr, range(1000, 5000)))}


@pytest.mark.parametrize("period", UNITS)
def test_an_exact_loop_fills_so_many_units_and_characters(period):
    needed = max(LENGTH, REPEATS * period)
    loop = (UNITS[period] * needed)[:needed]
    assert looping("?" + loop)
    assert not looping("?" + loop[1:])


@pytest.mark.parametrize("period", [10, 150, TAIL // NUMBERED_REPEATS])
def test_a_numbered_loop_fills_so_many_units_and_characters(period):
    needed = max(NUMBERED_LENGTH, NUMBERED_REPEATS * period)
    unit = "".join(map(chr, range(1000, 999 + period)))
    digits = random.Random(0).choices("0123456789", k=-(-needed // period))
    loop = "".join(digit + unit for digit in digits)[-needed:]
    assert looping("?" + loop)
    assert not looping("?" + loop[1:])


def test_a_unit_longer_than_the_tail_holds_is_not_found():
    assert not looping("".join(map(chr, range(1000, 1001 + TAIL // REPEATS))) * 3)


@given(st.text(max_size=300), st.text(min_size=1, max_size=200), st.data())
def test_a_text_that_ends_in_enough_units_loops(start, unit, data):
    enough = max(REPEATS, -(-LENGTH // len(unit)))
    cut = data.draw(st.integers(0, len(unit) - 1))
    assert looping(start + unit * enough + unit[:cut])


@given(st.integers(0, 2**32), st.sampled_from(["ab", "abcdefgh .\n", "0123456789", "01 ", "a1"]), st.integers(0, 3_000))
def test_random_text_does_not_loop(seed, alphabet, length):
    text = "".join(random.Random(seed).choices(alphabet, k=length))
    # Random numbers alone are all alike once they are set to 0: a list of them is what an enumeration looks like.
    assert not looping(text) or set(text) <= set("0123456789 ")


def naive(text: str) -> bool:
    """The definition, written down."""

    def periodic(text, repeats, length):
        return any(
            len(text) >= (needed := max(length, repeats * period))
            and all(text[-i] == text[-i - period] for i in range(1, needed - period + 1))
            for period in range(1, len(text) // repeats + 1)
        )

    zeroed = "".join("0" if c.isdigit() else c for c in text)
    while "00" in zeroed:
        zeroed = zeroed.replace("00", "0")
    return periodic(text, REPEATS, LENGTH) or periodic(zeroed, NUMBERED_REPEATS, NUMBERED_LENGTH)


@given(
    st.lists(st.sampled_from(["a", "b", "7", "12 ", "ab"]), min_size=1, max_size=12),
    st.integers(1, 600),
    st.sampled_from(["", "a", "b", "7"]),
    st.integers(0, 20),
)
def test_the_search_agrees_with_the_definition(parts, times, tail, cut):
    text = ("x" + "".join(parts) * times + tail)[: 1_500 - cut]
    assert looping(text) == naive(text)


HOSTILE = {
    "one letter": "a" * 10_000_000,
    "digits": "1234567890" * 1_000_000,
    "ones": "1 " * 5_000_000,
    "almost periodic": ("ab" * 133 + "a") * 30_000,
    "runs of growing length": "".join("a" * (267 + i % 400) + "b" for i in range(20_000)),
    "random runs": "".join("a" * random.Random(i).randrange(250, 500) + "b" for i in range(20_000)),
    "surrogates": "\ud800\udfff" * 1_000_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_long(text):
    started = time.process_time()
    looping(text)
    assert time.process_time() - started < 0.05


def test_a_thousand_long_completions_take_less_than_a_second():
    text = "".join(THOUGHT[i:] + lines("{i} is {square}. ", 30) for i in range(8))
    texts = [text[-8_192 - i :] + str(i) for i in range(1_000)]
    started = time.process_time()
    assert sum(map(looping, texts)) == 0
    assert time.process_time() - started < 1


LOOPS = {
    ("rho-math-1b-v0.1", "gsm8k"): 21,
    ("rho-math-1b-v0.1", "math500"): 76,
    ("rho-math-7b-v0.1", "gsm8k"): 12,
    ("rho-math-7b-v0.1", "math500"): 44,
    ("Qwen2.5-32B-Instruct", "math500"): 1,
}
"""Recorded responses that loop, as read by hand; the other recordings have none."""


@pytest.mark.skipif(not TRACES.is_dir(), reason="../shared/data, the recorded responses, is not here")
def test_recorded_responses_loop_at_their_token_limit_alone():
    found = {}
    for path in TRACES.glob("*.jsonl.gz"):
        key = tuple(path.name.removesuffix(".jsonl.gz").split("__"))
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            tokens = [row["n_tokens_qwen2"] for row in map(json.loads, rows) if looping(row["response"])]
        found |= {key: len(tokens)} if tokens else {}
        # The limit was 1024 tokens of another tokenizer for the base models.
        assert min(tokens, default=0) >= 600 or not tokens
    assert found == LOOPS
