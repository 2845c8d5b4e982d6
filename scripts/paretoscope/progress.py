"""Progress of long work as plain lines with a bar: readable on a terminal, in a log, and from several jobs at once."""

from __future__ import annotations

import logging
import time

WIDTH = 20


class ProgressLines:
    """Logs a line with a bar at the start, then at most every few seconds, and at the end.

    Parameters
    ----------
    what : str
        What is worked on, e.g. ``nano-chain x arithmetic-hard``.
    unit : str
        What the extra count counts, e.g. ``tokens``.
    every_seconds : float
        Least time between two lines.
    """

    def __init__(self, what: str, unit: str = "tokens", every_seconds: float = 10.0, clock=time.monotonic):
        self.what, self.unit, self.every_seconds, self.clock = what, unit, every_seconds, clock
        self.log = logging.getLogger("paretoscope.progress")
        self.started = clock()
        self.last: float | None = None
        self.first_done: int | None = None

    def __call__(self, done: int, total: int, count: int = 0) -> None:
        """Report ``done`` of ``total``, with ``count`` units produced since the start of this attempt."""
        now = self.clock()
        if self.first_done is None:
            self.first_done = done
        if self.last is not None and done < total and now - self.last < self.every_seconds:
            return
        self.last = now
        self.log.info(self.line(done, total, count, now - self.started))

    def line(self, done: int, total: int, count: int, seconds: float) -> str:
        """Return the line itself."""
        filled = WIDTH * done // total if total else WIDTH
        text = f"{self.what} [{'#' * filled}{'-' * (WIDTH - filled)}] {done}/{total}"
        if count and seconds > 0:
            text += f", {count / seconds:,.0f} {self.unit}/s"
        fresh = done - (self.first_done or 0)
        if fresh > 0 and done < total:
            text += f", about {_duration(seconds * (total - done) / fresh)} left"
        return text


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
