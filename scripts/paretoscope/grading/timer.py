"""A signal after so much CPU time of the calling thread, by what the scheduler counts of it.

``setitimer`` is not good enough: Linux counts for it which process it finds running at each tick, so on a busy machine
the signal may come far too early or too late. A POSIX timer is never early. It is late where the kernel finds something
else running at each tick, so whoever needs a sharp limit compares :func:`time.thread_time` as well.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from functools import cache

SIGNAL = signal.SIGPROF

_THREAD_CPU_TIME, _SIGNAL_EVENT = 3, 0  # CLOCK_THREAD_CPUTIME_ID and SIGEV_SIGNAL in <linux/time.h>, <signal.h>


class _Event(ctypes.Structure):
    """``struct sigevent``."""

    _fields_ = [
        *(("value", ctypes.c_void_p), ("number", ctypes.c_int), ("notify", ctypes.c_int)),
        ("unused", ctypes.c_byte * 48),
    ]


class _Times(ctypes.Structure):
    """``struct itimerspec``: how often, which is never again, and when."""

    _fields_ = [(name, ctypes.c_long) for name in ("every", "every_nanoseconds", "seconds", "nanoseconds")]


@cache
def _timer() -> tuple[ctypes.CDLL, ctypes.c_void_p]:
    library, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    event = _Event(number=SIGNAL, notify=_SIGNAL_EVENT)
    if library.timer_create(_THREAD_CPU_TIME, ctypes.byref(event), ctypes.byref(timer)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return library, timer


def arm(seconds: float) -> None:
    """Send the process :data:`SIGNAL` when the calling thread, always the same one, has used so much more CPU time.

    Elsewhere than on Linux there is only ``setitimer``. 0 seconds: never.
    """
    if sys.platform == "linux":
        library, timer = _timer()
        times = _Times(seconds=int(seconds), nanoseconds=int(seconds % 1 * 1e9))
        library.timer_settime(timer, 0, ctypes.byref(times), None)
    else:
        signal.setitimer(signal.ITIMER_PROF, seconds)
