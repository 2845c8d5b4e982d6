"""Grades the completions of a cell: cheap comparisons here, symbolic ones in worker processes that can be killed.

Model output is hostile by accident: a short expression can keep a computer algebra system busy for ever or fill the
memory. So pairs that the cheap layers can't decide go to long-lived worker processes, one pipe each. A worker that
spends its CPU seconds is ended by the kernel, one that hangs by the parent, and is replaced; nobody else waits for it.
CPU seconds decide, not wall time, so a busy machine gives the same verdicts.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import math
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import plugins
from .degeneration import looping
from .errors import InputError, suggest
from .schema import Completion, Grade, Item

log = logging.getLogger(__name__)

Pair = tuple[str, str]
"""A gold and an answer, normalized."""
Verdict = tuple[str, str]
"""A verdict and the method that reached it."""

PAIRS_PER_WORKER = 20
"""Pairs that pay for starting one more worker (about two CPU seconds of imports)."""
ATTEMPTS = 2
"""Times a pair is tried when its worker dies for no reason of its own; the machine may have been out of memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one comparison may use."""

    cpu_seconds: float = 5.0
    """CPU time (user and system); beyond: ``timeout``."""
    memory_bytes: int = 2 * 2**30
    """Address space of a worker; beyond: ``crashed``."""
    wall_seconds: float = 300.0
    """Backstop for a worker that neither works nor ends; far more than cpu_seconds on a crowded machine."""


def grade_completions(
    completions: Iterable[Completion],
    items: Mapping[str, Item],
    grader: str,
    reasoning: dict | None = None,
    options: dict | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    limits: Limits | None = None,
) -> Iterator[Grade]:
    """Grade completions, in their order.

    Equal (gold, answer) pairs are compared once. sympy is never imported in this process, and no worker is started
    where the cheap layers decide everything.

    Parameters
    ----------
    completions : iterable of Completion
        Read once, and not kept.
    items : mapping of str to Item
        The benchmark's items by id.
    grader : str
        File name below ``graders``.
    reasoning : dict or None
        The model card's reasoning block.
    options : dict or None
        The benchmark card's grading options.
    workers : int
        Worker processes at most.
    progress : callable or None
        Called with the completions graded so far and their total.

    Raises
    ------
    InputError
        Unknown grader, grading option or item.
    """
    module = plugins.load("graders", grader)
    options = options or {}
    for name in options:
        if name not in module.SETTINGS:
            raise InputError(f"grader '{grader}' has no option '{name}'.{suggest(name, module.SETTINGS)}")
    decisions = []
    for completion in completions:
        item = items.get(completion.item_id)
        if item is None:
            raise InputError(f"completion of item '{completion.item_id}': the benchmark has no such item")
        decision = module.decide(completion.text, item, completion.finish_reason, reasoning, options)
        decisions.append((completion.item_id, completion.sample, decision, looping(completion.text)))

    waiting = Counter(decision.pending for _, _, decision, _ in decisions if decision.verdict is None)
    log.info(
        "%d completions, %d of them left to %d symbolic comparisons", len(decisions), waiting.total(), len(waiting)
    )
    verdicts = {}
    if waiting:
        done = len(decisions) - waiting.total()
        for pair, verdict in compare_pairs(list(waiting), module.__name__, workers, limits or Limits()):
            verdicts[pair] = verdict
            done += waiting[pair]
            if progress:
                progress(done, len(decisions))
    elif progress:
        progress(len(decisions), len(decisions))

    return (_grade(*decided, verdicts) for decided in decisions)


def _grade(item_id: str, sample: int, decision, loops: bool, verdicts: dict[Pair, Verdict]) -> Grade:
    if decision.verdict is not None:
        return Grade(item_id, sample, decision.verdict, decision.answer, decision.method, loops)
    verdict, method = verdicts[decision.pending]
    return Grade(item_id, sample, verdict, decision.answer, f"{decision.method}/{method}", loops)


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
    queue = deque(pairs)
    failures: Counter[Pair] = Counter()
    left = len(queue)
    wanted = max(1, min(workers, math.ceil(left / PAIRS_PER_WORKER)))
    with _Pool(module, limits) as pool:
        while left:
            while len(pool.workers) < min(wanted, left):
                pool.start()
            for worker in pool.workers:
                if queue and worker.idle:
                    worker.give(queue.popleft())
            for pair, verdict in pool.wait():
                if verdict[1] in ("killed", "wall_limit"):
                    failures[pair] += 1
                    if failures[pair] < ATTEMPTS:
                        queue.append(pair)
                        continue
                left -= 1
                yield pair, verdict


class _Pool:
    """The workers, and the one place that waits for them."""

    def __init__(self, module: str, limits: Limits):
        self.module, self.limits = module, limits
        self.workers: list[_Worker] = []
        self.selector = selectors.DefaultSelector()

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_) -> None:
        for worker in self.workers:
            worker.end()
        self.selector.close()

    def start(self) -> None:
        """Start one more worker."""
        worker = _Worker(self.module, self.limits)
        self.workers.append(worker)
        self.selector.register(worker.process.stdout, selectors.EVENT_READ, worker)

    def wait(self) -> list[tuple[Pair, Verdict]]:
        """Wait until something happens, end workers that are overdue, and return the pairs that are done."""
        first = min(worker.deadline for worker in self.workers)
        ready = self.selector.select(max(0.0, first - time.monotonic()) if first < math.inf else None)
        results = []
        for key, _ in ready:
            worker = key.data
            data = os.read(worker.process.stdout.fileno(), 65536)
            results += worker.receive(data) if data else self._bury(worker, worker.cause_of_death())
        now = time.monotonic()
        for worker in [worker for worker in self.workers if worker.deadline <= now]:
            results += self._bury(worker, ("timeout", "wall_limit"))
        return results

    def _bury(self, worker: _Worker, verdict: Verdict) -> list[tuple[Pair, Verdict]]:
        self.selector.unregister(worker.process.stdout)
        self.workers.remove(worker)
        worker.end()
        if not worker.prepared:
            raise RuntimeError(f"a grading worker for {self.module} can't start; the cause is in the lines above")
        return [(worker.pair, verdict)] if worker.pair else []


class _Worker:
    """One worker process, seen from the parent."""

    def __init__(self, module: str, limits: Limits):
        package = Path(__file__).resolve().parent
        path = os.pathsep.join(filter(None, (str(package.parent), os.environ.get("PYTHONPATH"))))
        # Pure-Python integers can be interrupted, a long computation inside a C library can't be by Python itself.
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "SYMPY_GROUND_TYPES": "python"}
        arguments = [module, str(limits.cpu_seconds), str(limits.memory_bytes), str(os.getpid())]
        # A fresh interpreter and not multiprocessing, which would run the calling script a second time.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", f"{__package__}.grading", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
        )
        self.limits = limits
        self.prepared = False
        self.pair: Pair | None = None
        self.deadline = time.monotonic() + limits.wall_seconds
        self.received = b""

    @property
    def idle(self) -> bool:
        """Whether it can take a pair."""
        return self.prepared and self.pair is None

    def give(self, pair: Pair) -> None:
        """Send a pair to compare."""
        self.pair = pair
        self.deadline = time.monotonic() + self.limits.wall_seconds
        with contextlib.suppress(BrokenPipeError):  # if it just died, its closed output says so next
            self.process.stdin.write(json.dumps(pair).encode() + b"\n")

    def receive(self, data: bytes) -> list[tuple[Pair, Verdict]]:
        """Take what came out of the pipe; return the pair if it is done."""
        self.received += data
        if not self.received.endswith(b"\n"):
            return []
        reply, self.received, self.deadline = json.loads(self.received), b"", math.inf
        if not self.prepared:
            self.prepared = True
            return []
        pair, self.pair = self.pair, None
        return [(pair, tuple(reply))]

    def cause_of_death(self) -> Verdict:
        """Return the verdict on the pair of a worker that ended by itself or by a signal."""
        code = self.process.wait()
        return ("timeout", "cpu_limit") if code == -signal.SIGPROF else ("crashed", "killed")

    def end(self) -> None:
        """Kill the process, if it still runs, and collect it."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def _work(module: str, cpu_seconds: float, memory_bytes: int, parent: int) -> None:
    """Compare pairs from standard input until it closes: one JSON line in, one out."""
    _end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not end up among the replies
    grader = importlib.import_module(module)
    grader.prepare()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    replies.write(b'"prepared"\n')
    for line in sys.stdin.buffer:
        # The kernel counts the CPU time and ends the process with SIGPROF, inside a C library as well.
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        verdict, method = _compare(grader, *json.loads(line))
        signal.setitimer(signal.ITIMER_PROF, 0)
        replies.write(json.dumps((verdict, method)).encode() + b"\n")
        if method == "memory":
            return  # with the memory full of what is left behind, the next pair would fail as well


def _compare(grader, gold: str, answer: str) -> Verdict:
    try:
        return grader.compare(gold, answer)
    except MemoryError:
        return "crashed", "memory"
    except RecursionError:
        return "unparsed", "too_deep"
    except Exception as error:
        return "crashed", type(error).__name__


def _end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent dies, where there is such a thing (Linux)."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1  # PR_SET_PDEATHSIG in <linux/prctl.h>
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


if __name__ == "__main__":
    _work(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
