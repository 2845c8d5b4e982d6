"""The models that a request is about: their accuracy and cost on its benchmarks, their memory, and who is left out."""

from __future__ import annotations

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


def memory_of(request: Request, results: Path, model: str, longest: int | None) -> Memory | str:
    """Return the memory of a model, or why it isn't known.

    Parameters
    ----------
    request : Request
    results : Path
        Where ``models/<model>/config.json`` is.
    model : str
    longest : int or None
        Tokens of the model's longest prompt and completion; None where that isn't known.

    Notes
    -----
    Weights as released and the cache of ``request.requests`` sequences, see :mod:`paretoscope.flops.memory`. Left out:
    what an engine needs besides, for which :func:`usable_bytes` keeps a share, as :mod:`paretoscope.plan` does.
    """
    length = request.length or longest
    if length is None:
        return "length of its sequences not known; say --length"
    try:
        config = read_json(results / "models" / model / "config.json")
        architecture = flops.describe(config)
        cache = request.requests * flops.cache_bytes(architecture, length, request.kv_bytes)
        weights = flops.weight_bytes(architecture, config)
        return Memory(weights, cache, weights + cache, length)
    except InputError as error:
        return f"memory not known: {error}"


def usable_bytes(request: Request) -> float:
    """Return the part of the memory that weights and cache may take."""
    return request.memory_bytes * MEMORY_SHARE


def in_words(count: float) -> str:
    """Return a number of bytes, in powers of 1000."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min(max(int(log10(max(count, 1)) // 3), 0), len(units) - 1)
    return f"{count / 1000**power:,.4g} {units[power]}"
