"""What earlier runs measured: the meta files of finished cells, and the completion stores of unfinished ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..files import NOT_JSON, read_json

Cell = tuple[str, str]
"""Ids of a model and a benchmark."""


@dataclass(frozen=True)
class Measured:
    """What is known of a cell that has run, or of the part of it that has."""

    completions: int
    finished: bool
    prompt_tokens: float | None
    """Mean per completion; None where a recording doesn't say."""
    completion_tokens: float | None
    """Mean per completion."""
    gpu_seconds: float | None = None
    """GPU time spent generating, of all its GPUs; None on a CPU."""
    load_gpu_seconds: float | None = None
    """GPU time spent loading and warming up, in the last attempt."""
    device: str | None = None
    """As the driver reports it."""
    gpus: int = 0
    weights_bytes: int | None = None
    """On each GPU."""
    peak_memory_bytes: int | None = None
    """On each GPU; None on a CPU."""
    disk_bytes: int | None = None
    """Bytes of the completion store and of the packed completions."""


def read_results(folder: Path) -> dict[Cell, Measured]:
    """Return what a results folder says of its finished cells.

    Raises
    ------
    InputError
        A meta file can't be read, or isn't one.
    """
    cells = {}
    for meta in sorted(Path(folder).glob("generations/*/*.meta.json")):
        name = meta.name.removesuffix(".meta.json")
        if meta.with_name(f"{name}.jsonl.zst").exists():
            cells[meta.parent.name, name] = _of_meta(Path(folder), meta, name)
    return cells


def _of_meta(folder: Path, meta: Path, benchmark: str) -> Measured:
    facts = read_json(meta)
    try:
        completions, engine = facts["completions"], facts["engine"]
        tokens = {key: facts[key] for key in ("prompt_tokens", "completion_tokens")}
        seconds = {key: facts[key] for key in ("generation_seconds", "load_seconds")}
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{meta}: not the meta file of a cell ({error} is missing). Delete it, so that it is made anew."
        ) from error
    device = engine.get("device")
    # An engine that doesn't say how many GPUs it used works on one device: a GPU if it is called like one.
    gpus = facts.get("gpus") or int(_is_gpu(device))
    files = (meta.with_name(f"{benchmark}.jsonl.zst"), folder / "work" / meta.parent.name / f"{benchmark}.jsonl")
    return Measured(
        completions=completions,
        finished=True,
        **{key: _per(total, completions) for key, total in tokens.items()},
        gpu_seconds=_times(seconds["generation_seconds"], gpus),
        load_gpu_seconds=_times(_plus(seconds["load_seconds"], facts.get("warmup_seconds")), gpus),
        device=device,
        gpus=gpus,
        weights_bytes=facts.get("weights_bytes"),
        peak_memory_bytes=facts.get("peak_memory_bytes") if gpus else None,
        disk_bytes=sum(file.stat().st_size for file in files if file.exists()),
    )


def _is_gpu(device: str | None) -> bool:
    return device is not None and device.startswith(("NVIDIA", "AMD Instinct", "Tesla"))


def _plus(seconds: float | None, more: float | None) -> float | None:
    return None if seconds is None else seconds + (more or 0)


def _times(seconds: float | None, gpus: int) -> float | None:
    return seconds * gpus if seconds is not None and gpus else None


def _per(total: float | None, count: int) -> float | None:
    return total / count if total is not None and count else None


def read_store(path: Path, samples: int) -> Measured | None:
    """Return what the completion store of an unfinished cell holds; None where there is none.

    Whether a stored completion is still one that the study asks for is known by its key alone, which needs the prompts:
    so this is the most that can be taken from it.

    Parameters
    ----------
    samples : int
        Completions per item that the study asks for; others don't count.
    """
    if not Path(path).exists():
        return None
    found: dict[tuple, tuple] = {}
    with Path(path).open("rb") as lines:
        for line in lines:
            try:
                row = json.loads(line)
                if row["sample"] < samples:
                    found[row["item_id"], row["sample"]] = (row["prompt_tokens"], row["completion_tokens"])
            except (*NOT_JSON, KeyError, TypeError):
                continue  # facts of an attempt, or a line that a kill cut; the engine tells damage when it opens it
    if not found:
        return None
    prompt, completion = zip(*found.values(), strict=True)
    return Measured(len(found), False, _mean(prompt), _mean(completion))


def _mean(values: tuple) -> float | None:
    return None if None in values else sum(values) / len(values)
