"""The models that a request is about: their accuracy and cost on its benchmarks, their memory, and who is left out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from math import log10
from pathlib import Path

import pandas as pd

from .. import flops
from ..errors import InputError
from ..files import read_json
from ..frontier import COSTS, Cost
from ..plan.memory import MEMORY_SHARE
from ..schema import MODEL, names
from .request import Request

COST_BY_ID = {cost.id: cost for cost in COSTS}
IDENTITY = names(MODEL)


@dataclass(frozen=True)
class Memory:
    """Memory that one model needs."""

    weight_bytes: int
    """As released: dtype and quantisation of its config.json."""
    cache_bytes: int
    """Of all sequences together."""
    total_bytes: int
    """Both."""
    length: int
    """Tokens of each sequence."""
    longer: int
    """Completions here that, with their prompts, are longer than that."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, from the replicates."""

    value: float | None
    """None: not known."""
    low: float | None = None
    """None: nothing shows how it varies."""
    high: float | None = None


@dataclass(frozen=True)
class Candidate:
    """A model that can be judged by the request."""

    model: str
    model_name: str
    family: str
    kind: str
    type: str
    accuracy: Estimate
    """Weighted over the benchmarks; a fraction."""
    costs: dict[str, Estimate]
    """Mean cost per completion, weighted likewise, by the id of the cost."""
    memory: Memory | None
    """None: not known."""
    p_best: float
    """Share of the replicates in which it meets all conditions and no other that does is better."""
    p_feasible: float
    """Share of the replicates in which it meets all conditions."""
    p_within_budget: dict[str, float]
    """The same for each budget alone, by the id of the cost."""
    p_reaches_accuracy: float | None
    """The same for the accuracy alone; None: none was asked for."""
    fails: tuple[str, ...]
    """The conditions that it doesn't meet, going by its means; empty: it fits."""
    excess: float
    """By what factor it fails the condition that it fails most; 1 or less: it fits."""


def shown_costs(request: Request) -> tuple[str, ...]:
    """Return the ids of the costs that the answer names: FLOPs, and those that the request does."""
    asked = {*request.budgets, *filter(None, [request.minimize])}
    return tuple(cost.id for cost in COSTS if cost.id == "flops" or cost.id in asked)


def needed_costs(request: Request) -> tuple[str, ...]:
    """Return the ids of the costs without which a model can't be judged."""
    return tuple(cost for cost in shown_costs(request) if cost in request.budgets or cost == request.minimize)


def gather(request: Request, cells: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the models that can be judged, and why the others can't.

    Parameters
    ----------
    request : Request
    cells : table of schema.CELLS
        Without controls.

    Returns
    -------
    models : DataFrame
        Indexed by model: what schema.MODEL says of it, ``accuracy`` and one column per cost, each the mean over the
        benchmarks by their weights.
    left_out : dict
        Reason by model.
    """
    everyone = cells.drop_duplicates("model").set_index("model", drop=False)[IDENTITY]
    weights = pd.Series(request.weights)

    def by_benchmark(column: str) -> pd.DataFrame:
        return cells.pivot(index="model", columns="benchmark", values=column).reindex(columns=weights.index)

    table = everyone.assign(accuracy=by_benchmark("accuracy").mul(weights).sum(axis=1, skipna=False))
    missing = by_benchmark("accuracy").isna()
    left_out = {}
    for model, facts in everyone.iterrows():
        absent = weights.index[missing.loc[model]]
        reason = _excluded(request, facts) or (f"no result on {', '.join(absent)}" if len(absent) else "")
        if reason:
            left_out[model] = reason
    for cost in (COST_BY_ID[cost] for cost in shown_costs(request)):
        known, device = _comparable(cost, cells)
        values = by_benchmark(cost.column).where(known)
        table[cost.id] = values.mul(weights).sum(axis=1, skipna=False)
        if cost.id in needed_costs(request):
            for model in table.index[table[cost.id].isna()]:
                absent = values.loc[model].isna()
                which = "" if absent.all() else f": {', '.join(weights.index[absent])}"
                left_out.setdefault(model, f"{cost.name} not measured{f' on {device}' if device else ''}{which}")
    return table[~table.index.isin(list(left_out))], left_out


def _excluded(request: Request, facts: pd.Series) -> str:
    for name in ("family", "kind", "type"):
        wanted = getattr(request, name)
        if wanted and facts[name] not in wanted:
            return f"{name} is {facts[name]}"
    without = [name for name in request.without if name in facts[["model", "family", "kind", "type"]].tolist()]
    return f"excluded: {without[0]}" if without else ""


def _comparable(cost: Cost, cells: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return which cells have a cost that compares with the others', by model and benchmark, and its device."""
    known, device = cells[cost.column] > 0, ""
    if cost.of_one_device and known.any():
        devices = cells["device"].fillna("unknown device")
        device = devices[known].mode()[0]
        known &= devices == device
    return cells.assign(known=known).pivot(index="model", columns="benchmark", values="known").eq(True), device


def sequences(completions: pd.DataFrame) -> pd.DataFrame:
    """Return the tokens of every completion with its prompt, and whether it came to an end of its own.

    Parameters
    ----------
    completions : DataFrame
        Columns model, prompt_tokens, completion_tokens, looping and verdict.

    Returns
    -------
    DataFrame
        Columns model, ``tokens`` and ``ended``; completions of unknown length are dropped.
    """
    tokens = completions["completion_tokens"].astype("Float64") + completions["prompt_tokens"].fillna(0)
    ended = ~completions["looping"] & (completions["verdict"] != "truncated")
    table = pd.DataFrame({"model": completions["model"].astype("str"), "tokens": tokens, "ended": ended})
    return table.dropna(subset="tokens")


def _longest(own: pd.DataFrame) -> int | None:
    """Return the tokens of the longest that ended: how long a loop is tells of the limit alone."""
    ended = own.loc[own["ended"], "tokens"]
    tokens = own["tokens"] if ended.empty else ended
    return None if tokens.empty else int(tokens.max())


def memory_of(request: Request, results: Path, model: str, found: pd.DataFrame) -> Memory | str:
    """Return the memory of a model, or why it isn't known.

    Parameters
    ----------
    request : Request
    results : Path
        Where ``models/<model>/config.json`` is.
    model : str
    found : DataFrame
        From :func:`sequences`.

    Notes
    -----
    Weights as released and the cache of ``request.requests`` sequences, see :mod:`paretoscope.flops.memory`. Left out:
    what an engine needs besides, for which :func:`usable_bytes` keeps a share, as :mod:`paretoscope.plan` does.
    """
    own = found[found["model"] == model]
    length = request.length or _longest(own)
    if length is None:
        return "length of its sequences not known; say --length"
    try:
        weights, cache = _weights_and_cache(request, results, model)
    except InputError as error:
        return f"memory not known: {error}"
    return Memory(weights, cache(length), weights + cache(length), length, int((own["tokens"] > length).sum()))


def _weights_and_cache(request: Request, results: Path, model: str) -> tuple[int, Callable[[int], int]]:
    """Return the bytes of the weights, and what gives those of the cache by the length of the sequences."""
    config = read_json(results / "models" / model / "config.json")
    architecture = flops.describe(config)
    weights = flops.weight_bytes(architecture, config)
    return weights, lambda length: request.requests * flops.cache_bytes(architecture, length, request.kv_bytes)


def too_much(request: Request, results: Path, model: str, memory: Memory) -> str:
    """Say how far a model is too large for the memory, and which length of sequences would fit."""
    weights, cache = _weights_and_cache(request, results, model)
    lengths = range(1, memory.length + 1)
    fitting = bisect_right(lengths, usable_bytes(request), key=lambda length: weights + cache(length))
    fits = f", fits with --length {fitting}" if fitting else ""
    return f"too much memory: {in_words(memory.total_bytes)} at {memory.length:,} tokens{fits}"


def usable_bytes(request: Request) -> float:
    """Return the part of the memory that weights and cache may take."""
    return request.memory_bytes * MEMORY_SHARE


def in_words(count: float) -> str:
    """Return a number of bytes, in powers of 1000."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min(max(int(log10(max(count, 1)) // 3), 0), len(units) - 1)
    return f"{count / 1000**power:,.4g} {units[power]}"
