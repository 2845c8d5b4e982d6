"""Generating a cell: requests from items, finished completions from the store, the rest from an engine.

The final file depends on the completions alone: it is written in the order of items and samples, and times and memory
go to the meta file. So an interrupted cell ends in the same bytes as an undisturbed one.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from . import plugins, provenance
from .benchmarks import render
from .catalog import Study
from .files import digest, read_jsonl, write_json, write_jsonl
from .schema import Completion, Item, Request, Sampling, from_row, to_row
from .store import CompletionStore, completion_key

log = logging.getLogger(__name__)

Progress = Callable[[int, int, int], None]
"""Called with completions done, completions in all, and tokens generated so far."""


def generation_spec(study: Study, model: str, benchmark: str) -> dict:
    """Return everything in the study that gives a cell's completions their meaning; a changed value regenerates.

    Grading, analysis, what is only shown, and how the engine works (batch size, device) stay out of it.
    """
    card, bench = study.models[model], study.benchmarks[benchmark]
    engine = study.engine_of(model)
    module = plugins.load("engines", engine["name"])
    return {
        "model": {key: card[key] for key in ("id", "source", "chat_template", "context_length")},
        "benchmark": {"id": benchmark, "prompt": bench["prompt"], "grader": bench["grading"]["grader"]},
        "engine": {
            "name": engine["name"],
            "protocol": module.PROTOCOL,
            **{setting: engine[setting] for setting in module.KEYED_SETTINGS},
        },
        "sampling": study.sampling_of(model),
        "samples": study.samples_of(model),
        "seed": study.seed,
    }


def cell_files(study: Study, model: str, benchmark: str) -> list[str]:
    """Return the files, beside items and weights, that a cell's completions depend on."""
    engine = study.engine_of(model)
    return plugins.load("engines", engine["name"]).files(engine, study.models[model], study.benchmarks[benchmark])


def engine_settings(spec: dict, configured: dict) -> dict:
    """Return all settings of a cell's engine.

    Parameters
    ----------
    spec : dict
        As :func:`generation_spec` returned it.
    configured : dict
        The study's engine block, for what isn't in the spec; a control has settings of its own.
    """
    name = spec["engine"]["name"]
    declared = plugins.load("engines", name).SETTINGS
    defaults = {setting: part["default"] for setting, part in declared.items() if "default" in part}
    return {**defaults, **(configured if configured["name"] == name else {}), **spec["engine"]}


def completion_seed(seed: int, prompt: str, sample: int) -> int:
    """Return the seed of one completion, from the study's seed, the text of its turn and its sample index.

    63 bits, so that every engine can take it.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}\0{sample}\0{prompt}".encode()).digest()[:8]) >> 1


def build_requests(items: Sequence[Item], spec: dict, revision: str | None) -> list[Request]:
    """Return one request per item and sample, in that order."""
    reference = plugins.load("graders", spec["benchmark"]["grader"]).reference
    sampling = asdict(Sampling(**spec["sampling"]))
    requests = []
    for item in items:
        prompt = render(item, spec["benchmark"]["prompt"]["template"])
        messages = ({"role": "user", "content": prompt},)
        for sample in range(spec["samples"]):
            seed = completion_seed(spec["seed"], prompt, sample)
            key = completion_key(
                revision=revision or "",
                messages=messages,
                prompt_protocol=spec["benchmark"]["prompt"]["protocol"],
                chat_template=spec["model"]["chat_template"],
                context_length=spec["model"]["context_length"],
                sampling=sampling,
                seed=seed,
                sample=sample,
                engine=spec["engine"],
            )
            requests.append(Request(item.id, sample, messages, seed, key, reference(item)))
    return requests


def generate_cell(
    *,
    items: Path,
    spec: dict,
    settings: dict,
    revision: str | None,
    weights: Path | None,
    files: Sequence[str],
    store: Path,
    output: Path,
    meta: Path,
    progress: Progress = lambda *_: None,
) -> None:
    """Generate what a cell still lacks, then write its completions and its meta file.

    Parameters
    ----------
    items : Path
        The benchmark's items.
    spec : dict
        As :func:`generation_spec` returned it.
    settings : dict
        As :func:`engine_settings` returned it.
    revision : str or None
        Revision of the weights, 40 hex digits; None for controls and unpinned recordings.
    weights : Path or None
        Folder of the weights, where the engine needs them.
    store : Path
        The cell's completion store.

    Raises
    ------
    InputError
        The engine can't run the cell; what was finished stays in the store.
    """
    requests = build_requests([from_row(Item, row) for _, row in read_jsonl(items)], spec, revision)
    module = plugins.load("engines", spec["engine"]["name"])
    with ExitStack() as stack:
        shelf = stack.enter_context(CompletionStore(store)) if module.KEEPS else None
        finished = {r.key: shelf.get(r.key) for r in requests} if shelf else {}
        missing = [r for r in requests if not finished.get(r.key)]
        log.info(
            "%d completions wanted, %d in the store, %d to generate",
            len(requests),
            len(requests) - len(missing),
            len(missing),
        )
        attempt = _Attempt(spec, settings, weights, files)
        if missing:
            progress(len(requests) - len(missing), len(requests), 0)
            for rows in attempt.run(missing, len(requests), progress):
                finished.update((row["key"], row) for row in rows)
                if shelf is not None:
                    shelf.add([*rows, {"key": attempt.key, **attempt.facts}])
        # A stored completion belongs to its prompt; which item asks that today, the request knows.
        rows = [{**finished[r.key], "item_id": r.item_id, "sample": r.sample} for r in requests]
        attempts = _attempts(rows, shelf, attempt)
    write_jsonl(output, (to_row(from_row(Completion, row)) for row in rows))
    write_json(meta, _meta(spec, revision, requests, rows, attempts))


class _Attempt:
    """One loading of an engine, and what it cost so far."""

    def __init__(self, spec: dict, settings: dict, weights: Path | None, files: Sequence[str]):
        self.spec, self.settings, self.weights, self.files = spec, settings, weights, files
        self.key = f"attempt {time.time_ns()}"
        self.facts: dict = {}

    def run(self, requests: Sequence[Request], total: int, progress: Progress) -> Iterator[list[dict]]:
        """Yield rows for the store, batch by batch, each with its share of the wall time."""
        module = plugins.load("engines", self.spec["engine"]["name"])
        model = {**self.spec["model"], "weights": str(self.weights) if self.weights else None}
        done, tokens, started = total - len(requests), 0, time.perf_counter()
        keys = {(r.item_id, r.sample): r.key for r in requests}
        with module.open_engine(model, Sampling(**self.spec["sampling"]), self.settings, self.files) as engine:
            clock = time.perf_counter()
            load_seconds = clock - started if module.KEEPS else None
            for completions in engine.generate(requests):
                now = time.perf_counter()
                seconds, clock = (now - clock) / max(len(completions), 1), now
                peak = getattr(engine, "peak_memory_bytes", lambda: None)() or provenance.peak_memory_bytes()
                self.facts = {
                    "engine": {"name": self.spec["engine"]["name"], **engine.describe()},
                    "load_seconds": load_seconds,
                    "peak_memory_bytes": peak if module.KEEPS else None,
                    "utc": provenance.utc_now(),
                }
                done, tokens = done + len(completions), tokens + sum(c.completion_tokens or 0 for c in completions)
                progress(done, total, tokens)
                share = {"wall_seconds": seconds if module.KEEPS else None, "attempt": self.key}
                yield [{"key": keys[c.item_id, c.sample], **to_row(c), **share} for c in completions]


def _attempts(rows: list[dict], shelf: CompletionStore | None, attempt: _Attempt) -> list[dict]:
    """Return the facts of the attempts that the cell's completions are from, oldest first."""
    keys = sorted({row["attempt"] for row in rows}, key=lambda key: int(key.rpartition(" ")[2]))
    known = {attempt.key: attempt.facts}
    return [
        {name: value for name, value in (known.get(key) or (shelf and shelf.get(key)) or {}).items() if name != "key"}
        for key in keys
    ]


def _sum(rows: list[dict], name: str) -> float | None:
    values = [row[name] for row in rows]
    return None if None in values else sum(values)


def _meta(
    spec: dict, revision: str | None, requests: Sequence[Request], rows: list[dict], attempts: list[dict]
) -> dict:
    last = attempts[-1] if attempts else {}
    peaks = [facts["peak_memory_bytes"] for facts in attempts if facts.get("peak_memory_bytes") is not None]
    return {
        "model": spec["model"]["id"],
        "benchmark": spec["benchmark"]["id"],
        "source": spec["model"]["source"],
        "revision": revision,
        "prompt": {
            "protocol": spec["benchmark"]["prompt"]["protocol"],
            "sha256": digest([list(r.messages) for r in requests]),
        },
        "chat_template": spec["model"]["chat_template"],
        "sampling": spec["sampling"],
        "seed": spec["seed"],
        "samples": spec["samples"],
        "completions": len(rows),
        "prompt_tokens": _sum(rows, "prompt_tokens"),
        "completion_tokens": _sum(rows, "completion_tokens"),
        "load_seconds": last.get("load_seconds"),
        "generation_seconds": _sum(rows, "wall_seconds"),
        "peak_memory_bytes": max(peaks, default=None),
        "engine": last.get("engine", {"name": spec["engine"]["name"]}),
        "attempts": attempts,
        "git": provenance.git_state(),
        "packages": provenance.versions(),
        "utc": provenance.utc_now(),
    }


def require_weights(spec: dict) -> bool:
    """Return whether the cell's engine loads the model's weights."""
    return plugins.load("engines", spec["engine"]["name"]).NEEDS_WEIGHTS


__all__ = [
    "Progress",
    "build_requests",
    "cell_files",
    "completion_seed",
    "engine_settings",
    "generate_cell",
    "generation_spec",
    "require_weights",
]
