"""Times of day: 5:00 pm, 5 p.m. and 17:00 are one."""

from __future__ import annotations

import re

_TIME = re.compile(
    r"(?P<hour>[01]?\d|2[0-4])(?::(?P<minute>[0-5]\d))?(?:\s*(?:\\text\s*\{\s*)?(?P<half>[ap])\.?\s?m\.?\s*\}?)?",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:what|which|the \w+) time\b|\btime of day\b|o['’]clock|^when\b|[.?!,]\s+when\b|\bhour of the day\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\bratio\b|\bodds\b|\bscale\b|\bhow (?:many|much)\b|\bproportion\b", re.IGNORECASE)


def compare_times(gold: str, answer: str, question: str) -> str | None:
    """Return the verdict on two times of day; None where one of them is none.

    They are times where one says *am* or *pm* or the question asks for a time; else ``1:10`` may be a ratio. Where
    one side leaves *am* or *pm* out it may be either, unless its hours run to 24.
    """
    times = [_TIME.fullmatch(text) for text in (gold, answer)]
    if any(time and time["half"] and int(time["hour"]) > 12 for time in times):
        return "wrong"  # 17:00 am is no time
    if None in times or not any(time["minute"] or time["half"] for time in times):
        return None
    if any(int(time["hour"]) > 12 and not time["minute"] for time in times):
        return None
    if not any(time["half"] for time in times) and not _ASKED.search(question):
        return None
    only_answered = times[1]["half"] and not times[0]["half"] and not _ASKED.search(question)
    if only_answered and (not times[0]["minute"] or _COUNTED.search(question)):
        return "wrong"  # a count or a ratio is no time
    (hour, minute, said), (other_hour, other_minute, other_said) = map(_parts, times)
    if not (said and other_said):
        hour, other_hour = hour % 12, other_hour % 12
    if not (any(time["half"] for time in times) or said == other_said):
        return "wrong"  # nothing says that 5:00 is 17:00
    return "correct" if (hour, minute) == (other_hour, other_minute) else "wrong"


def _parts(time: re.Match) -> tuple[int, int, bool]:
    """Return hour from 0 to 23, minute, and whether it says which half of the day it is in."""
    hour, half = int(time["hour"]), (time["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    in_24_hours = bool(time["minute"]) and (hour > 12 or hour == 0)
    return hour % 24, int(time["minute"] or 0), bool(half) or in_24_hours
