import logging

import pytest

from paretoscope.progress import ProgressLines


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines(clock, caplog):
    caplog.set_level(logging.INFO, "paretoscope.progress")
    # The log of a job keeps its lines to itself, and a test may have set one up before.
    logging.getLogger("paretoscope").propagate = True
    return ProgressLines("cell", every_seconds=10, clock=clock), caplog


def report(lines, clock, *steps):
    progress, caplog = lines
    for seconds, done, total, count in steps:
        clock.now = 100.0 + seconds
        progress(done, total, count)
    return [record.message for record in caplog.records]


def test_a_line_at_the_start_then_every_ten_seconds_and_at_the_end(lines, clock):
    steps = [(0, 0, 8, 0), (1, 1, 8, 50), (9.9, 2, 8, 90), (10, 4, 8, 100), (15, 6, 8, 120), (16, 8, 8, 160)]
    assert report(lines, clock, *steps) == [
        "cell [--------------------] 0/8",
        "cell [##########----------] 4/8, 10 tokens/s, about 10 s left",
        "cell [####################] 8/8, 10 tokens/s",
    ]


def test_a_resumed_cell_is_timed_by_what_this_attempt_does(lines, clock):
    steps = [(0, 90, 100, 0), (20, 95, 100, 5000)]
    assert report(lines, clock, *steps)[1] == "cell [###################-] 95/100, 250 tokens/s, about 20 s left"


@pytest.mark.parametrize(
    ("seconds", "left"), [(59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (3660, "1 h 01 min")]
)
def test_times_left(lines, clock, seconds, left):
    assert report(lines, clock, (0, 0, 2, 0), (seconds, 1, 2, 0))[1].endswith(f", about {left} left")


def test_nothing_to_do_is_a_full_bar(lines, clock):
    assert report(lines, clock, (0, 0, 0, 0)) == ["cell [####################] 0/0"]
