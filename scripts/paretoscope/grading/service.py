"""The grading of a stream of completions: in order, in bounded memory, every answer compared once."""

from __future__ import annotations

import json
import logging
import platform
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from types import ModuleType

from .. import plugins
from ..degeneration import looping
from ..errors import InputError, suggest
from ..files import digest, dumps, parse_line
from ..schema import Completion, Grade, GradeTiming, Item, from_row, to_row
from .cache import VerdictCache, key_of
from .guard import OutOfTimeError, within
from .limits import Limits
from .pool import Outcome, Pair, Pool, Verdict

log = logging.getLogger(__name__)

WINDOW = 10_000
"""Completions that may wait for one before them; so many answers, no responses, are in memory."""
REMEMBERED = 50_000
"""Pairs whose verdict is remembered within a run."""
NOT_KEPT = ("killed", "wall_limit")
"""Methods that say something about the machine rather than the answer; such verdicts aren't cached."""
LIBRARIES = ("math-verify", "latex2sympy2-extended", "sympy", "antlr4-python3-runtime")


def grader_version(grader: str, reasoning: dict | None, options: dict, limits: Limits | None = None) -> str:
    """Return a digest of all that a verdict depends on beside item and response: settings, limits, code, libraries."""
    code = plugins.source_digest("graders", "grading", "degeneration.py")
    return digest([grader, reasoning, options, asdict(limits or Limits()), code, _libraries()])


def _libraries() -> list[str]:
    """Return the versions of what computer algebra rests on."""
    return [platform.python_version(), *(metadata.version(name) for name in LIBRARIES)]


@dataclass(frozen=True, slots=True)
class CompletionLine:
    """A completion as it stands in a file: parsing it takes longer than finding its grade by its bytes."""

    line: bytes
    where: str
    """File and number of the line."""

    def parsed(self) -> Completion:
        """Return the completion."""
        return from_row(Completion, parse_line(self.line, self.where))


def grade_completions(
    completions: Iterable[Completion | CompletionLine],
    items: Mapping[str, Item],
    grader: str,
    reasoning: dict | None = None,
    options: dict | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    limits: Limits | None = None,
    *,
    total: int | None = None,
    cache: VerdictCache | None = None,
    timings: Callable[[GradeTiming], object] | None = None,
) -> Iterator[Grade]:
    """Grade completions, in their order, as they come; in the main thread, since the limits are signals.

    Equal (gold, answer) pairs are compared once. sympy is never imported in this process, and no worker is started
    where the cheap layers decide everything.

    Parameters
    ----------
    completions : iterable of Completion or CompletionLine
        Read once, and not kept; a line is parsed only where its grade isn't in the cache.
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
    total : int or None
        Completions in all, for ``progress``; needed where they have no length.
    cache : VerdictCache or None
        Open, and of :func:`grader_version` of these settings.
    timings : callable or None
        Takes the timing of every grade, right before that grade is returned.

    Raises
    ------
    InputError
        Unknown grader, grading option or item.
    """
    module = plugins.load("graders", grader)
    options, limits = options or {}, limits or Limits()
    for name in options:
        if name not in module.SETTINGS:
            raise InputError(f"grader '{grader}' has no option '{name}'.{suggest(name, module.SETTINGS)}")
    run = _Run(module, items, reasoning, options, limits, cache)
    if progress and total is None:
        total = len(completions)
    return run.grades(completions, workers, timings, (lambda done: progress(done, total)) if progress else None)


@dataclass(slots=True)
class _Open:
    """A completion on its way to its grade."""

    item_id: str
    sample: int
    key: bytes | None
    grade: Grade | None
    milliseconds: float
    origin: str
    decision: object = None

    def close(self, verdict: Verdict) -> None:
        """Take the verdict on the pair that was pending."""
        decision, loops = self.decision
        method = f"{decision.method}/{verdict[1]}"
        self.grade = Grade(self.item_id, self.sample, verdict[0], decision.answer, method, loops, decision.span)
        self.decision = None


class _Run:
    """What the completions of one run share."""

    def __init__(
        self,
        module: ModuleType,
        items: Mapping[str, Item],
        reasoning: dict | None,
        options: dict,
        limits: Limits,
        cache: VerdictCache | None,
    ):
        self.module, self.items, self.reasoning, self.options = module, items, reasoning, options
        self.limits, self.cache = limits, cache
        self.verdicts: dict[Pair, Verdict] = {}
        self.waiting: dict[Pair, list[_Open]] = {}
        self.item_digests: dict[str, str] = {}
        self.origins: Counter[str] = Counter()
        self.done = 0

    def grades(self, completions, workers, timings, progress) -> Iterator[Grade]:
        """Yield the grades, waiting for workers only while the window is full or nothing is left to read."""
        window: deque[_Open] = deque()
        with Pool(self.module.__name__, workers, self.limits) as pool:
            for completion in completions:
                window.append(self.begin(completion, pool))
                if pool.outstanding:
                    self.settle(pool.poll())
                while window and (window[0].grade or len(window) >= WINDOW):
                    yield self.finish(window, pool, timings, progress)
            while window:
                yield self.finish(window, pool, timings, progress)
        log.info("%d completions graded: %s", self.done, dict(sorted(self.origins.items())))

    def begin(self, given: Completion | CompletionLine, pool: Pool) -> _Open:
        """Grade a completion as far as it goes without a worker."""
        key = _key_of(given) if self.cache is not None else None
        known = self.cache.get(key) if key else None
        entry = self.entry_of(known, key) if known else None
        if entry is None:
            completion = given.parsed() if isinstance(given, CompletionLine) else given
            item = self.items.get(completion.item_id)
            if item is None:
                raise InputError(f"completion of item '{completion.item_id}': the benchmark has no such item")
            entry = _Open(completion.item_id, completion.sample, key, None, 0.0, "text")
            # The thread's clock: while a timer on CPU time is set, the process's may move in steps of 4 ms.
            started = time.thread_time()
            self.decide(entry, completion, item, pool)
            entry.milliseconds += (time.thread_time() - started) * 1000
        return entry

    def entry_of(self, known: list, key: bytes) -> _Open | None:
        """Return what the cache holds of a completion, or None where its item is another one now."""
        item_id, sample, item_digest, *fields, span = known
        if item_digest != self.digest_of(item_id):
            return None
        grade = Grade(item_id, sample, *fields, tuple(span) if span else None)
        return _Open(item_id, sample, key, grade, 0.0, "cache")

    def decide(self, entry: _Open, completion: Completion, item: Item, pool: Pool) -> None:
        """Set the grade, or what it waits for."""
        loops = looping(completion.text)
        arguments = (completion.text, item, completion.finish_reason, self.reasoning, self.options)
        failed = None
        try:
            decision = within(self.limits.cpu_seconds, self.module.decide, *arguments)
        except OutOfTimeError:
            failed = ("timeout", "cpu_limit")
        except RecursionError:
            failed = ("unparsed", "too_deep")
        except MemoryError:
            failed = ("crashed", "memory")
        except Exception as error:  # a defect of the grader costs one verdict, and not the run
            log.warning("item '%s', sample %d: the grader failed", entry.item_id, entry.sample, exc_info=True)
            failed = ("crashed", type(error).__name__)
        if failed:
            entry.grade = Grade(entry.item_id, entry.sample, failed[0], None, f"text/{failed[1]}", loops)
        elif decision.verdict is not None:
            given = (decision.verdict, decision.answer, decision.method, loops, decision.span)
            entry.grade = Grade(entry.item_id, entry.sample, *given)
        else:
            entry.decision = (decision, loops)
            self.compare(entry, decision.pending, pool)

    def compare(self, entry: _Open, pair: Pair, pool: Pool) -> None:
        """Close the entry with a verdict that is known, or give its pair to a worker."""
        known = self.verdicts.get(pair)
        if known is None and pair not in self.waiting and self.cache is not None:
            kept = self.cache.get(_pair_key(pair))
            if kept:
                known = self.remember(pair, tuple(kept))
        entry.origin = "repeat"
        if known:
            entry.close(known)
        elif pair in self.waiting:
            self.waiting[pair].append(entry)
        else:
            entry.origin = "worker"
            self.waiting[pair] = [entry]
            pool.submit(pair)

    def settle(self, outcomes: list[Outcome]) -> None:
        """Close the entries that waited for these pairs."""
        for outcome in outcomes:
            entries = self.waiting.pop(outcome.pair)
            entries[0].milliseconds += outcome.milliseconds
            for entry in entries:
                entry.close(outcome.verdict)
            self.remember(outcome.pair, outcome.verdict)
            if self.cache is not None and outcome.verdict[1] not in NOT_KEPT:
                self.cache.put(_pair_key(outcome.pair), outcome.verdict)

    def remember(self, pair: Pair, verdict: Verdict) -> Verdict:
        """Keep a verdict for the next completion with that pair, and forget the oldest one."""
        self.verdicts[pair] = verdict
        if len(self.verdicts) > REMEMBERED:
            del self.verdicts[next(iter(self.verdicts))]
        return verdict

    def finish(self, window: deque[_Open], pool: Pool, timings, progress) -> Grade:
        """Return the grade of the first completion in the window, waiting for it."""
        while not window[0].grade:
            self.settle(pool.wait())
        entry = window.popleft()
        self.origins[entry.origin] += 1
        grade = entry.grade
        if entry.origin != "cache" and entry.key and grade.method.rpartition("/")[2] not in NOT_KEPT:
            kept = (grade.verdict, grade.answer, grade.method, grade.looping, grade.span)
            self.cache.put(entry.key, (entry.item_id, entry.sample, self.digest_of(entry.item_id), *kept))
        if timings:
            timings(GradeTiming(entry.item_id, entry.sample, round(entry.milliseconds, 3), entry.origin))
        self.done += 1
        if progress:
            progress(self.done)
        return grade

    def digest_of(self, item_id: str) -> str | None:
        """Return a digest of what a verdict depends on of an item, None where there is no such item."""
        known = self.item_digests.get(item_id)
        if known is None and (item := self.items.get(item_id)):
            stated = json.dumps([item.question, item.target, item.choices]).encode()
            known = self.item_digests[item_id] = key_of(stated).hex()
        return known


def _key_of(given: Completion | CompletionLine) -> bytes:
    line = given.line if isinstance(given, CompletionLine) else dumps(to_row(given)).encode()
    return key_of(line.rstrip())


def _pair_key(pair: Pair) -> bytes:
    return key_of(b"pair", *map(_bytes, pair))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
