"""The worker processes that compare pairs, and the one place that waits for them."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import allocation, timer
from .limits import Limits

Pair = tuple[str, str]
"""A gold and an answer, normalized."""
Verdict = tuple[str, str]
"""A verdict and the method that reached it."""

PAIRS_PER_WORKER = 20
"""Pairs that pay for starting one more worker (about one CPU second of imports)."""
AHEAD_PAIRS, AHEAD_BYTES = 8, 32_768
"""What a worker is sent ahead of its answers, so that it never waits; a pipe holds more, so that sending never does."""
OUTSIDE = ("killed", "wall_limit", "memory")
"""Methods that may be the machine's doing, or that of the pairs before: such a pair is tried again, alone."""
LEAST_CPU_SECONDS = 0.01
"""CPU time by which a worker shows within ``Limits.wall_seconds`` that it works and only gets too little of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a pair."""

    pair: Pair
    verdict: Verdict
    milliseconds: float
    """CPU time of the comparison; 0 where its worker died of something else than its CPU limit."""


def compare_pairs(pairs: list[Pair], module: str, workers: int, limits: Limits) -> Iterator[tuple[Pair, Verdict]]:
    """Compare distinct pairs with ``compare`` of a module, each within limits, in the order in which they end.

    Parameters
    ----------
    pairs : list of (str, str)
        Distinct (gold, answer) pairs.
    module : str
        Import name; its ``prepare()`` runs once per worker, outside the limits.

    Raises
    ------
    RuntimeError
        A worker can't start.
    """
    with Pool(module, workers, limits) as pool:
        for pair in pairs:
            pool.submit(pair)
        while pool.outstanding:
            for outcome in pool.wait():
                yield outcome.pair, outcome.verdict


class Pool:
    """Workers, started as pairs come and replaced as they end. Use as a context manager.

    Parameters
    ----------
    module : str
        Import name of a grader.
    size : int
        Workers at most.
    """

    def __init__(self, module: str, size: int, limits: Limits):
        self.module, self.size, self.limits = module, max(1, size), limits
        self.workers: list[_Worker] = []
        self.outstanding = 0
        """Pairs submitted and not returned yet."""
        self._queue: deque[Pair] = deque()
        self._alone: deque[Pair] = deque()
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_) -> None:
        for worker in self.workers:
            worker.end()
        self._selector.close()

    def submit(self, pair: Pair) -> None:
        """Take a pair to compare; the outcome comes out of :meth:`poll` or :meth:`wait`."""
        self.outstanding += 1
        self._queue.append(pair)
        self._assign()

    def poll(self) -> list[Outcome]:
        """Return what has been compared, without waiting."""
        return self._collect(0.0)

    def wait(self) -> list[Outcome]:
        """Wait until something happens, end workers that are overdue, and return what has been compared."""
        self._assign()
        first = min(worker.deadline for worker in self.workers)
        return self._collect(max(0.0, first - time.monotonic()) if first < math.inf else None)

    def _collect(self, seconds: float | None) -> list[Outcome]:
        outcomes = []
        for key, _ in self._selector.select(seconds):
            worker = key.data
            data = os.read(worker.process.stdout.fileno(), 65536)
            if not data:
                outcomes += self._bury(worker, worker.cause_of_death())
            for outcome in worker.receive(data) if data else ():
                outcomes += self._accept(worker, outcome)
            if worker.finished:
                self._bury(worker, None)
        now = time.monotonic()
        for worker in [worker for worker in self.workers if worker.deadline <= now]:
            if not worker.has_worked():
                outcomes += self._bury(worker, ("timeout", "wall_limit"))
        self.outstanding -= len(outcomes)
        self._assign()
        return outcomes

    def _assign(self) -> None:
        ordinary = self.outstanding - len(self._alone)
        wanted = min(self.size, math.ceil(ordinary / PAIRS_PER_WORKER) + len(self._alone))
        while len(self.workers) < wanted:
            self._start()
        for worker in self.workers:
            while self._queue and worker.takes(self._queue[0]):
                worker.give(self._queue.popleft())

    def _start(self) -> None:
        worker = _Worker(self.module, self.limits, self._alone.popleft() if self._alone else None)
        self.workers.append(worker)
        self._selector.register(worker.process.stdout, selectors.EVENT_READ, worker)

    def _bury(self, worker: _Worker, cause: Verdict | None) -> list[Outcome]:
        """End a worker; ``cause`` is the verdict on the pair that it was at, None where that pair isn't to blame."""
        if worker not in self.workers:
            return []
        self._selector.unregister(worker.process.stdout)
        self.workers.remove(worker)
        worker.end()
        if not worker.prepared:
            raise RuntimeError(f"a grading worker for {self.module} can't start; the cause is in the lines above")
        blamed = worker.given.popleft() if cause and worker.given else None
        self._queue.extendleft(reversed(worker.given))
        used = self.limits.cpu_seconds * 1000 if cause and cause[1] == "cpu_limit" else 0.0
        return self._accept(worker, Outcome(blamed, cause, used)) if blamed else []

    def _accept(self, worker: _Worker, outcome: Outcome) -> list[Outcome]:
        """Return an outcome, or nothing where the pair is to be tried again in a worker of its own."""
        if outcome.verdict[1] not in OUTSIDE or worker.alone:
            return [outcome]
        worker.finished = True
        self._alone.append(outcome.pair)
        return []


class _Worker:
    """One worker process, seen from the parent.

    Parameters
    ----------
    only : (str, str) or None
        The one pair that it is started for.
    """

    def __init__(self, module: str, limits: Limits, only: Pair | None = None):
        package = Path(__file__).resolve().parents[1]
        path = os.pathsep.join(filter(None, (str(package.parent), os.environ.get("PYTHONPATH"))))
        # Pure-Python integers can be interrupted, a long computation inside a C library can't be by Python itself.
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "SYMPY_GROUND_TYPES": "python"}
        arguments = [module, str(limits.cpu_seconds), str(limits.memory_bytes), str(os.getpid())]
        # A fresh interpreter and not multiprocessing, which would run the calling script a second time.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", f"{__package__}.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
        )
        self.limits = limits
        self.prepared = self.finished = False
        self.alone = only is not None
        self.given: deque[Pair] = deque()
        """Pairs sent and not answered yet; the worker is at the first."""
        self._only = only
        self._ahead_bytes = 0
        self._received = b""
        self._expect()

    def _expect(self) -> None:
        """Start waiting for the next answer."""
        self.deadline = time.monotonic() + self.limits.wall_seconds
        self._cpu_seconds = _cpu_seconds(self.process.pid)

    def has_worked(self) -> bool:
        """Tell whether it has used CPU time since the deadline was set, and if so, set another."""
        if _cpu_seconds(self.process.pid) < self._cpu_seconds + LEAST_CPU_SECONDS:
            return False
        self._expect()
        return True

    def takes(self, pair: Pair) -> bool:
        """Tell whether it can be sent a pair."""
        if not self.prepared or self.alone or self.finished:
            return False
        ahead = self._ahead_bytes + len(_line(pair))
        return not self.given or (len(self.given) < AHEAD_PAIRS and ahead <= AHEAD_BYTES)

    def give(self, pair: Pair) -> None:
        """Send a pair to compare."""
        if not self.given:
            self._expect()
        self.given.append(pair)
        line = _line(pair)
        self._ahead_bytes += len(line)
        with contextlib.suppress(BrokenPipeError):  # if it just died, its closed output says so next
            self.process.stdin.write(line)

    def receive(self, data: bytes) -> list[Outcome]:
        """Take what came out of the pipe; return the pairs that are done."""
        *lines, self._received = (self._received + data).split(b"\n")
        outcomes = []
        for line in lines:
            if not self.prepared:
                self.prepared = True
                if self._only:
                    self.give(self._only)
                continue
            pair = self.given.popleft()
            self._ahead_bytes -= len(_line(pair))
            verdict, method, milliseconds = json.loads(line)
            outcomes.append(Outcome(pair, (verdict, method), milliseconds))
            self.finished = self.alone
        self._expect()
        if not self.given:
            self.deadline = math.inf
        return outcomes

    def cause_of_death(self) -> Verdict | None:
        """Return the verdict on the pair of a worker that ended by itself or by a signal; None: it retired."""
        code = self.process.wait()
        if code == 0:
            return None
        causes = {timer.SIGNAL: ("timeout", "cpu_limit"), allocation.SIGNAL: ("crashed", "memory")}
        return causes.get(-code, ("crashed", "killed"))

    def end(self) -> None:
        """Kill the process, if it still runs, and collect it."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def _line(pair: Pair) -> bytes:
    return json.dumps(pair).encode() + b"\n"


def _cpu_seconds(process: int) -> float:
    """Return the CPU time of a process; 0 where the system can't tell (all but Linux) or the process is gone."""
    try:
        return time.clock_gettime((~process << 3) | 2)  # what clock_getcpuclockid(3) returns there
    except (AttributeError, OSError, OverflowError):
        return 0.0
