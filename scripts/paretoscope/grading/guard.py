"""A limit on the CPU time of a call in this process.

Extraction and the plain comparisons are regular expressions over hostile text. Python's regular expressions look for
signals while they search, so a timer on the CPU time can interrupt them.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from . import timer


class OutOfTimeError(BaseException):
    """The call has used its CPU time. No ``Exception``, since the call must not be able to catch it."""


_armed = False


def _interrupt(number: int, frame) -> None:
    # A signal that was under way while the timer was stopped must not hit what comes after.
    if _armed:
        raise OutOfTimeError


def within(cpu_seconds: float, function: Callable, *arguments):
    """Call a function and return what it returns. Works in the main thread alone, as signals do.

    Raises
    ------
    OutOfTimeError
        It has used more than ``cpu_seconds`` of the thread's CPU time (user and system).
    """
    global _armed
    # Stays in place between calls: it does nothing then.
    if signal.getsignal(timer.SIGNAL) is not _interrupt:
        signal.signal(timer.SIGNAL, _interrupt)
    started = time.thread_time()
    try:
        _armed = True
        timer.arm(cpu_seconds)
        result = function(*arguments)
    finally:
        _armed = False
        timer.arm(0)
    if time.thread_time() - started > cpu_seconds:  # the signal was late
        raise OutOfTimeError
    return result
