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
from .files import digest, read_json, read_jsonl, write_json, write_jsonl
from .schema import MEASURED, Completion, CutItem, Item, Request, Sampling, from_row, to_row
from .store import CompletionStore, completion_key

log = logging.getLogger(__name__)

MODEL_KEYS = ("id", "source", "chat_template", "system_prompt", "context_length", "reasoning")
"""What of a model card gives completions their meaning, or what is counted in them."""

FACTS_EVERY_SECONDS = 10.0
"""How often the store gets what an attempt has cost so far; an attempt that is killed loses that much of it."""

Progress = Callable[[int, int, int], None]
"""Called with completions done, completions in all, and tokens generated so far."""


def generation_spec(study: Study, model: str, benchmark: str) -> dict:
    """Return everything in the study that gives a cell's completions their meaning; a changed value regenerates.

    Grading, analysis, what is only shown, and how the engine works (batch size, device) stay out of it.
    """
    bench = study.benchmarks[benchmark]
    return {
        "model": model_spec(study, model),
        "benchmark": {"id": benchmark, "prompt": bench["prompt"], "grader": bench["grading"]["grader"]},
        "engine": engine_spec(study, model),
        "sampling": study.sampling_of(model),
        "samples": study.samples_of(model),
        "seed": study.seed,
    }


def model_spec(study: Study, model: str) -> dict:
    """Return what of a model's card gives completions their meaning."""
    return {key: study.cards[model][key] for key in MODEL_KEYS}


def engine_spec(study: Study, model: str) -> dict:
    """Return what of a model's engine gives completions their meaning."""
    engine = study.engine_of(model)
    module = plugins.load("engines", engine["name"])
    keyed = {setting: engine[setting] for setting in module.KEYED_SETTINGS}
    return {"name": engine["name"], "protocol": module.PROTOCOL, **keyed}


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
        As ``Study.engine_of`` returns it, for what isn't in the spec; a control has settings of its own.
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


def resolved_sampling(sampling: dict, weights: Path | None) -> dict:
    """Return a sampling without gaps: what it leaves open is as the model's own generation_config.json says, else off.

    Parameters
    ----------
    sampling : dict
        As ``Study.sampling_of`` returns it; keys may be None.
    weights : Path or None
        Folder of the weights; without one, what is left open is off.
    """
    own = {}
    if weights and (weights / "generation_config.json").is_file():
        own = read_json(weights / "generation_config.json")
    given = {key: value for key, value in sampling.items() if value is not None}
    # A model that says to decode greedily says nothing about where to cut when one samples all the same.
    advised = {key: own[key] for key in ("top_p", "top_k", "min_p") if own.get(key) is not None}
    filled = asdict(Sampling(**{**advised, **given}))
    return {**filled, "top_p": float(filled["top_p"]), "top_k": max(int(filled["top_k"]), 0)}


def build_requests(items: Sequence[Item], spec: dict, revision: str | None) -> list[Request]:
    """Return one request per item and sample, in that order.

    The spec's sampling has no gaps; ``choices``, where it has them, are the only texts that a completion may be.
    """
    reference = plugins.load("graders", spec["benchmark"]["grader"]).reference
    sampling = asdict(Sampling(**spec["sampling"]))
    system_prompt = spec["model"].get("system_prompt")
    system = ({"role": "system", "content": system_prompt},) if system_prompt is not None else ()
    choices = tuple(spec.get("choices", ()))
    requests = []
    for item in items:
        prompt = render(item, spec["benchmark"]["prompt"]["template"])
        messages = (*system, {"role": "user", "content": prompt})
        cut = item if isinstance(item, CutItem) else None
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
                choices=choices,
                cut=cut,
            )
            requests.append(Request(item.id, sample, messages, seed, key, reference(item), choices, cut))
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
    stats: Path,
    meta: Path,
    progress: Progress = lambda *_: None,
) -> None:
    """Generate what a cell still lacks, then write its completions, their statistics, and its meta file.

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
        The cell's completion store; what a server prints goes beside it.
    stats : Path
        Takes what differs from run to run: times, and tokens found in a cache.

    Raises
    ------
    InputError
        The engine can't run the cell; what was finished stays in the store.
    """
    spec = {**spec, "asked": spec["sampling"], "sampling": resolved_sampling(spec["sampling"], weights)}
    rows = (row for _, row in read_jsonl(items))
    asked = [from_row(CutItem if "kept_tokens" in row else Item, row) for row in rows]
    requests = build_requests(asked, spec, revision)
    module = plugins.load("engines", spec["engine"]["name"])
    with ExitStack() as stack:
        shelf = stack.enter_context(CompletionStore(store)) if module.KEEPS else None
        fresh: dict[str, dict] = {}
        missing = [r for r in requests if shelf is None or r.key not in shelf]
        log.info(
            "%d completions wanted, %d in the store, %d to generate",
            len(requests),
            len(requests) - len(missing),
            len(missing),
        )
        attempt = _Attempt(spec, settings, weights, files, store.with_suffix(".server.log"))
        if missing:
            progress(len(requests) - len(missing), len(requests), 0)
            for rows in attempt.run(missing, len(requests), progress):
                if shelf is not None:
                    shelf.add(rows)
                else:
                    fresh.update((row["key"], row) for row in rows)
        keys = [r.key for r in requests]
        finished = shelf.rows(keys) if shelf is not None else map(fresh.__getitem__, keys)
        facts = _write(zip(requests, finished, strict=True), spec, output, stats)
        attempts = _attempts(facts, shelf, attempt)
    write_json(meta, _meta(spec, revision, requests, facts, attempts))


def _write(finished: Iterator[tuple[Request, dict]], spec: dict, output: Path, stats: Path) -> list[dict]:
    """Write completions and statistics, one completion in memory at a time, and return the rows without their texts."""
    facts = []

    def completions() -> Iterator[dict]:
        for request, row in finished:
            # A stored completion belongs to its prompt; which item asks that today, the request knows.
            row = _with_known_reasoning({**row, "item_id": request.item_id, "sample": request.sample}, spec)
            facts.append(_without(row, ["text", "key"]))
            yield _without(to_row(from_row(Completion, row)), MEASURED)

    write_jsonl(output, completions())
    write_jsonl(stats, map(_stats_row, facts))
    return facts


class _Attempt:
    """One opening of an engine, and what it cost so far."""

    def __init__(self, spec: dict, settings: dict, weights: Path | None, files: Sequence[str], log_path: Path):
        self.spec, self.settings, self.files = spec, settings, files
        self.model = {**spec["model"], "weights": str(weights) if weights else None, "log": str(log_path)}
        self.key = f"attempt {time.time_ns()}"
        self.facts: dict = {}
        self.written = float("-inf")

    def run(self, requests: Sequence[Request], total: int, progress: Progress) -> Iterator[list[dict]]:
        """Yield rows for the store: completions, each with its share of the wall time, and this attempt's facts."""
        module = plugins.load("engines", self.spec["engine"]["name"])
        done, tokens, started = total - len(requests), 0, time.perf_counter()
        keys = {(r.item_id, r.sample): r.key for r in requests}
        with module.open_engine(self.model, Sampling(**self.spec["sampling"]), self.settings, self.files) as engine:
            clock = time.perf_counter()
            load_seconds = clock - started if module.KEEPS else None
            progress(done, total, 0)  # loading is over: from now on the speed is that of generation
            loading_seconds = getattr(engine, "loading_seconds", float)
            loaded = loading_seconds()
            for completions in engine.generate(requests):
                now, before, loaded = time.perf_counter(), loaded, loading_seconds()
                # What a server took that was started anew is loading, not generation.
                seconds, clock = (now - clock - (loaded - before)) / max(len(completions), 1), now
                done, tokens = done + len(completions), tokens + sum(c.completion_tokens or 0 for c in completions)
                progress(done, total, tokens)
                share = {"wall_seconds": seconds if module.KEEPS else None, "attempt": self.key}
                rows = [{"key": keys[c.item_id, c.sample], **self._row(c), **share} for c in completions]
                if done == total or now - self.written > FACTS_EVERY_SECONDS:
                    self.written = now
                    self._look(engine, module, load_seconds)
                    rows.append({"key": self.key, **self.facts})
                yield rows

    def _row(self, completion: Completion) -> dict:
        """Return a completion's row with the marker that its reasoning tokens were counted by."""
        marker = (self.model["reasoning"] or {}).get("end") if completion.reasoning_tokens is not None else None
        return {**to_row(completion), "reasoning_end": marker}

    def _look(self, engine, module, load_seconds: float | None) -> None:
        """Set the facts to what the engine says of itself and has cost so far."""
        costs = dict.fromkeys(COSTS)
        if module.KEEPS:
            costs |= {"load_seconds": load_seconds, "peak_memory_bytes": provenance.peak_memory_bytes()}
        costs |= getattr(engine, "costs", dict)()
        described = {"name": self.spec["engine"]["name"], **engine.describe()}
        self.facts = {"engine": described, **costs, "utc": provenance.utc_now()}


COSTS = (
    *("load_seconds", "warmup_seconds", "gpus", "peak_memory_bytes", "weights_bytes", "kv_cache_bytes"),
    *("energy_joules", "load_energy_joules"),
)
"""What an attempt costs as a whole; None where it wasn't measured."""


def _with_known_reasoning(row: dict, spec: dict) -> dict:
    """Return a row without reasoning tokens that were counted by another marker than today's card has."""
    marker = (spec["model"].get("reasoning") or {}).get("end")
    return row if row.get("reasoning_end") == marker else {**row, "reasoning_tokens": None}


def _without(row: dict, keys: Sequence[str]) -> dict:
    return {key: value for key, value in row.items() if key not in keys}


def _stats_row(row: dict) -> dict:
    keys = ("item_id", "sample", "attempt", "wall_seconds", "reasoning_tokens", *MEASURED)
    return {key: row.get(key) for key in keys}


def _attempts(rows: list[dict], shelf: CompletionStore | None, attempt: _Attempt) -> list[dict]:
    """Return the facts of the attempts that the cell's completions are from, oldest first."""
    keys = sorted({row["attempt"] for row in rows}, key=lambda key: int(key.rpartition(" ")[2]))
    known = {attempt.key: attempt.facts}
    return [_without(known.get(key) or (shelf and shelf.get(key)) or {}, ["key"]) for key in keys]


def _sum(rows: list[dict], name: str) -> float | None:
    """Return the sum of a field; None where one row doesn't know it."""
    values = [row.get(name) for row in rows]
    return None if None in values else sum(values)


def _largest(rows: list[dict], name: str) -> float | None:
    return max((row[name] for row in rows if row.get(name) is not None), default=None)


def _meta(
    spec: dict, revision: str | None, requests: Sequence[Request], rows: list[dict], attempts: list[dict]
) -> dict:
    last = attempts[-1] if attempts else {}
    engine = last.get("engine", {"name": spec["engine"]["name"]})
    generation_seconds = _sum(rows, "wall_seconds")
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
        "sampling": {
            "asked": spec["asked"],
            "in_force": engine.get("sampling", spec["sampling"]),
            "ignored": engine.get("ignored", {}),
        },
        "seed": engine.get("seed", spec["seed"]),
        "samples": spec["samples"],
        "completions": len(rows),
        **{name: _sum(rows, name) for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens")},
        "cached_tokens": _sum(rows, "cached_tokens"),
        "load_seconds": last.get("load_seconds"),
        "warmup_seconds": last.get("warmup_seconds"),
        "generation_seconds": generation_seconds,
        "gpus": last.get("gpus"),
        "gpu_seconds": _gpu_seconds(attempts, generation_seconds),
        **{name: _sum(attempts, name) if attempts else None for name in ("energy_joules", "load_energy_joules")},
        **{name: _largest(attempts, name) for name in ("peak_memory_bytes", "weights_bytes", "kv_cache_bytes")},
        "unmeasured": _unmeasured(attempts),
        "engine": engine,
        "attempts": attempts,
        "git": provenance.git_state(),
        "packages": provenance.versions(),
        "utc": provenance.utc_now(),
    }


def _unmeasured(attempts: list[dict]) -> dict[str, str]:
    """Return why costs are None, cost by cost, as the last attempt tells."""
    reasons = dict(attempts[-1].get("unmeasured", {})) if attempts else {}
    if attempts and not attempts[-1].get("gpus"):
        reasons["gpu_seconds"] = reasons.get("gpus", "no GPU is used")
    return reasons


def _gpu_seconds(attempts: list[dict], generation_seconds: float | None) -> float | None:
    """Return GPUs x wall seconds: loading and warm-up of every attempt, and generation; None where no GPU is used."""
    gpus = {facts.get("gpus") for facts in attempts}
    if len(gpus) != 1 or not gpus.isdisjoint({None, 0}) or generation_seconds is None:
        return None
    before = sum((facts["load_seconds"] or 0) + (facts["warmup_seconds"] or 0) for facts in attempts)
    return gpus.pop() * (before + generation_seconds)


def require_weights(spec: dict) -> bool:
    """Return whether the cell's engine loads the model's weights."""
    return plugins.load("engines", spec["engine"]["name"]).NEEDS_WEIGHTS


__all__ = [
    "Progress",
    "build_requests",
    "cell_files",
    "completion_seed",
    "engine_settings",
    "engine_spec",
    "generate_cell",
    "generation_spec",
    "model_spec",
    "require_weights",
    "resolved_sampling",
]
