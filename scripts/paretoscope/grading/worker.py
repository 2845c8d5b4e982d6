"""What a worker process runs: ``python -m paretoscope.grading.worker MODULE CPU_SECONDS MEMORY_BYTES PARENT``.

One line of JSON in for every pair, one out: ``[verdict, method, CPU milliseconds]``. The first line out says that the
grader is loaded. A worker that ends with status 0 retires; any other end is the doing of the pair that it worked on.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from ..provenance import peak_memory_bytes
from . import allocation, timer

FULL = 0.5
"""Share of its address space from which a worker is too full to go on, and above which it is ended where it asks for
that much at once. So no allocation fails unseen: what is refused is either more than the other half, or comes when the
peak is in it."""


def main(module: str, cpu_seconds: float, memory_bytes: int, parent: int) -> None:
    """Compare pairs from standard input until it closes."""
    _end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(timer.SIGNAL, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not end up among the replies
    grader = importlib.import_module(module)
    grader.prepare()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    allocation.end_at(int((1 - FULL) * memory_bytes))
    replies.write(b'"prepared"\n')
    for line in sys.stdin.buffer:
        # The kernel counts the CPU time and ends the process by a signal, inside a C library as well.
        timer.arm(cpu_seconds)
        started = time.thread_time()
        verdict, method = _compare(grader, *json.loads(line))
        seconds = time.thread_time() - started
        timer.arm(0)
        if seconds > cpu_seconds:  # the signal was late
            verdict, method = "timeout", "cpu_limit"
        full = _peak_address_space() > FULL * memory_bytes
        if full and verdict != "correct":
            # No reason to believe it: libraries take a MemoryError of theirs for an expression that differs.
            verdict, method = "crashed", "memory"
        replies.write(json.dumps((verdict, method, seconds * 1000)).encode() + b"\n")
        if full or method == "memory":
            return  # with the memory full of what is left behind, the next pair would fail as well


def _compare(grader, gold: str, answer: str) -> tuple[str, str]:
    try:
        return grader.compare(gold, answer)
    except MemoryError:
        return "crashed", "memory"
    except RecursionError:
        return "unparsed", "too_deep"
    except Exception as error:
        return "crashed", type(error).__name__


def _peak_address_space() -> int:
    """Return the most bytes of addresses that this process ever had, or of memory where the system can't tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return peak_memory_bytes()
    return int(status.partition("VmPeak:")[2].split(maxsplit=1)[0]) * 1024


def _end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent dies, where there is such a thing (Linux)."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1  # PR_SET_PDEATHSIG in <linux/prctl.h>
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
