"""Finds completions that end in a loop: a model that repeats itself until something stops it.

Only the end of a text is looked at, since a model that finds its way out goes on to answer. It loops where its last
characters are one unit over and over, the last one cut anywhere; or where they are so once every number is set to 0,
which is how a counted loop looks (*Step 101: check again. Step 102: check again.*).

The thresholds were chosen on 7,442 recorded responses of eight models to GSM8K and MATH-500 (arXiv 2504.06514 and
2404.07965). By these thresholds 154 of them loop; all were read, and are loops or endless enumerations that break off
at about the token limit. No response that comes to an end does. To see what a limit could make a loop of, the others
were cut at 80,774 random places. Of 62,261 cuts in reasoning (DeepSeek-R1, its distillation to 32B, QwQ-32B,
s1.1-32B) none loops; of 13,940 in answers of the 1B and 7B base models seven do, all within a real loop.

Left out: loops that paraphrase, grow with each round, or are longer than ``TAIL`` holds.
"""

from __future__ import annotations

import re

TAIL = 12_000
"""Characters looked at, so that time doesn't grow with a text's length; units of up to 4,000 are found in them."""
REPEATS, LENGTH = 3, 400
"""What an exact loop must fill: so many units and so many characters. Cut reasoning never ended in three equal units
and 100 characters; the length is for what is written in equal parts: rows of zeros, ruled lines, decimals."""
NUMBERED_REPEATS, NUMBERED_LENGTH = 8, 1_000
"""The same with numbers set to 0. More, since tables and enumerations have equal lines: cut within one, reasoning
reached eight lines and 600 characters, not 800. An enumeration that runs on and on counts as a loop."""

_NUMBER = re.compile("[0-9]+")


def looping(text: str) -> bool:
    """Return whether a text ends in a loop."""
    tail = text[-TAIL:]
    return _ends_periodic(tail, REPEATS, LENGTH) or _ends_periodic(
        _NUMBER.sub("0", tail), NUMBERED_REPEATS, NUMBERED_LENGTH
    )


def _ends_periodic(text: str, repeats: int, length: int) -> bool:
    """Return whether a text ends in at least ``repeats`` times a unit, and in ``length`` characters of it."""
    backwards = text[::-1]
    # A unit of p characters needs the max(length, repeats * p) last ones, all but p of which occur again p earlier: at
    # least this many. The search for them is fast, and almost always ends it.
    last = backwards[: length - length // repeats]
    period = backwards.find(last, 1)
    while period != -1:
        needed = max(length, repeats * period)
        if needed > len(text):
            return False
        if backwards.startswith(backwards[: needed - period], period):
            return True
        period = backwards.find(last, period + 1)
    return False
