"""Choice: which model to use within a budget or for an accuracy, how sure that is, and what would make it surer.

``python -m paretoscope.choose --results results/demo --tflops 50 --memory 80G --benchmarks gsm8k=1,aime25=2``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..bootstrap import CELL_COSTS, COMPLETION_COSTS, Replicates, replicate
from ..power.results import read_cells, read_completions
from .candidates import (
    COST_BY_ID,
    IDENTITY,
    Candidate,
    Estimate,
    Memory,
    gather,
    in_words,
    memory_of,
    sequences,
    shown_costs,
    too_much,
    usable_bytes,
)
from .close_calls import CloseCall, close_calls
from .request import Request, check_filters
from .separation import Separation, separate

CELL_COLUMNS = (
    *IDENTITY,
    *("benchmark_name", "n_samples", "accuracy_se", "accuracy_low", "accuracy_high", "device"),
    *CELL_COSTS.values(),
)
"""What is read of the cells table."""

_COMPLETIONS = ("model", "benchmark", "item_id", "verdict", "looping", "prompt_tokens", "completion_tokens")
_COMPLETIONS += ("prefill_flops", "decode_flops")
_ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Answer:
    """What comes of a request. Its fields, and those of what it holds, are the keys of the JSON output."""

    results: str
    request: Request
    chosen: Candidate | None
    """The best by the means of those that fit; None: nothing fits."""
    runner_up: Candidate | None
    separation: Separation | None
    close_calls: tuple[CloseCall, ...]
    """Models that the choice could as well have fallen on, the likeliest first."""
    most_often_best: str | None
    """The model of the highest p_best: where it isn't the chosen one, it is a close call."""
    p_nothing_fits: float
    """Share of the replicates in which no model meets all conditions."""
    candidates: tuple[Candidate, ...]
    """All that can be judged: those that fit, the best first, then the others, the nearest miss first."""
    left_out: dict[str, str]
    """Why the others can't be judged, or may not be used."""
    assumed: tuple[str, ...]
    """What the answer rests on besides the tables."""


def choose(results: Path, request: Request, cells: pd.DataFrame) -> Answer:
    """Choose a model.

    Parameters
    ----------
    results : Path
        Results of one study.
    request : Request
    cells : DataFrame
        From :func:`paretoscope.power.results.read_cells`, with the columns :data:`CELL_COLUMNS`.

    Raises
    ------
    InputError
        A table is damaged, or the request names what there isn't.

    Notes
    -----
    The means decide; the replicates (:func:`paretoscope.bootstrap.replicate`) say how sure that is. Memory and costs
    that are measured for cells as a whole are taken as fixed. A model that is chosen for its accuracy among many was
    more often measured too high than too low; no correction is made. Left out: that the choice of benchmarks is itself
    a sample.
    """
    check_filters(request, cells)
    models, left_out = gather(request, cells)
    completions = _completions(results, request, models.index)
    memories, over = _memories(results, request, models.index, completions)
    left_out |= over
    models = models[~models.index.isin(list(over))]
    if models.empty:
        return Answer(str(results), request, None, None, None, (), None, 1.0, (), left_out, _assumed(request))
    mine = cells[cells["model"].isin(models.index) & cells["benchmark"].isin(list(request.weights))]
    costs = tuple(cost for cost in shown_costs(request) if models[cost].notna().any())
    drawn = _weighted(replicate(completions, mine, costs, request.replicates, request.seed), request, models.index)
    candidates = _candidates(request, models, memories, drawn)
    fit = [candidate for candidate in candidates if not candidate.fails]
    most = max(candidates, key=lambda candidate: candidate.p_best)
    pair = [candidate.model for candidate in fit[:2]]
    values = _values(completions)
    separation = _separation(request, models, drawn, values, mine, pair) if len(pair) == 2 else None
    return Answer(
        results=str(results),
        request=request,
        chosen=fit[0] if fit else None,
        runner_up=fit[1] if len(fit) > 1 else None,
        separation=separation,
        close_calls=close_calls(request, candidates, separation, values, mine),
        most_often_best=most.model if most.p_best > 0 else None,
        p_nothing_fits=float(1 - _feasible(request, drawn).any(axis=1).mean()),
        candidates=tuple(candidates),
        left_out=left_out,
        assumed=_assumed(request),
    )


def _completions(results: Path, request: Request, models: pd.Index) -> pd.DataFrame:
    table = read_completions(results, _COMPLETIONS, request.weights)
    return table[table["model"].isin(models)]


def _memories(results: Path, request: Request, models: pd.Index, completions: pd.DataFrame) -> tuple[dict, dict]:
    """Return the memory of each model that has one, and why models are out for it, where memory is asked for."""
    found = sequences(completions)
    memories, left_out = {}, {}
    for model in models:
        memory = memory_of(request, results, model, found)
        if isinstance(memory, Memory):
            memories[model] = memory
        if request.memory_bytes and isinstance(memory, str):
            left_out[model] = memory
        elif request.memory_bytes and memory.total_bytes > usable_bytes(request):
            left_out[model] = too_much(request, results, model, memory)
    return memories, left_out


@dataclass(frozen=True)
class _Drawn:
    """Replicates of the weighted means; arrays of shape (n_replicates, n_models)."""

    models: list[str]
    accuracy: np.ndarray
    cost: dict[str, np.ndarray]


def _weighted(drawn: Replicates, request: Request, models: pd.Index) -> _Drawn:
    rows = [drawn.models.index(model) for model in models]
    weights = np.array([request.weights[benchmark] for benchmark in drawn.benchmarks], dtype=np.float32)
    mean = {name: (values @ weights)[:, rows] for name, values in {"": drawn.accuracy, **drawn.cost}.items()}
    return _Drawn(list(models), mean.pop(""), mean)


def _feasible(request: Request, drawn: _Drawn) -> np.ndarray:
    fits = np.ones(drawn.accuracy.shape, dtype=bool)
    for cost, budget in request.budgets.items():
        fits &= drawn.cost[cost] <= budget
    return fits & (drawn.accuracy >= request.min_accuracy) if request.min_accuracy else fits


def _p_best(request: Request, drawn: _Drawn, feasible: np.ndarray) -> np.ndarray:
    """Return each model's share of the replicates in which it is the best; of equal ones the cheaper, more accurate."""
    accuracy = drawn.accuracy
    cost = drawn.cost.get(request.minimize or "flops", np.zeros_like(accuracy))
    first, second = (cost, -accuracy) if request.minimize else (-accuracy, cost)
    best = np.lexsort((second, np.where(feasible, first, np.inf)), axis=1)[:, 0]
    best = best[feasible.any(axis=1)]
    return np.bincount(best, minlength=accuracy.shape[1]) / len(accuracy)


def _candidates(request: Request, models: pd.DataFrame, memories: dict, drawn: _Drawn) -> list[Candidate]:
    feasible = _feasible(request, drawn)
    best = _p_best(request, drawn, feasible)
    found = []
    for at, (model, row) in enumerate(models.iterrows()):
        fails, excess = _fails(request, row)
        found.append(
            Candidate(
                **row[IDENTITY],
                accuracy=_estimate(row["accuracy"], drawn.accuracy[:, at]),
                costs={cost: _cost(row[cost], drawn, cost, at) for cost in shown_costs(request)},
                memory=memories.get(model),
                p_best=float(best[at]),
                p_feasible=float(feasible[:, at].mean()),
                p_within_budget={
                    cost: float((drawn.cost[cost][:, at] <= budget).mean()) for cost, budget in request.budgets.items()
                },
                p_reaches_accuracy=float((drawn.accuracy[:, at] >= request.min_accuracy).mean())
                if request.min_accuracy
                else None,
                fails=fails,
                excess=excess,
            )
        )
    return sorted(found, key=lambda candidate: _order(request, candidate))


def _order(request: Request, candidate: Candidate) -> tuple:
    if candidate.fails:
        return (1, candidate.excess, -candidate.accuracy.value)
    cost = candidate.costs[request.minimize or "flops"].value
    cost = np.inf if cost is None else cost
    return (0, cost, -candidate.accuracy.value) if request.minimize else (0, -candidate.accuracy.value, cost)


def _fails(request: Request, row: pd.Series) -> tuple[tuple[str, ...], float]:
    ratios = {f"too dear in {COST_BY_ID[cost].name}": row[cost] / most for cost, most in request.budgets.items()}
    if request.min_accuracy:
        ratios["below the accuracy"] = request.min_accuracy / max(row["accuracy"], 1e-9)
    fails = tuple(words for words, ratio in ratios.items() if ratio > 1)
    return fails, float(max(ratios.values(), default=0.0))


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    return Estimate(float(value), *map(float, np.quantile(drawn, _ENDS)))


def _cost(value: float, drawn: _Drawn, cost: str, at: int) -> Estimate:
    if np.isnan(value):
        return Estimate(None)
    return _estimate(value, drawn.cost[cost][:, at]) if cost in COMPLETION_COSTS else Estimate(float(value))


def _values(completions: pd.DataFrame) -> pd.DataFrame:
    """Add what a request can be about as columns."""
    return completions.assign(
        accuracy=(completions["verdict"] == "correct").astype(float),
        flops=completions["prefill_flops"] + completions["decode_flops"],
        tokens=completions["completion_tokens"].to_numpy(dtype=float, na_value=np.nan),
    )


def _separation(
    request: Request,
    models: pd.DataFrame,
    drawn: _Drawn,
    completions: pd.DataFrame,
    cells: pd.DataFrame,
    pair: list[str],
) -> Separation:
    of = request.minimize or "accuracy"
    cost = request.minimize or next(iter(request.budgets), "flops")
    one, other = (drawn.models.index(model) for model in pair)
    ratio: tuple = (None, None, None)
    if models.loc[pair, cost].notna().all():
        low = high = None
        if cost in COMPLETION_COSTS:
            low, high = map(float, np.quantile(drawn.cost[cost][:, one] / drawn.cost[cost][:, other], _ENDS))
        ratio = (float(models.loc[pair[0], cost] / models.loc[pair[1], cost]), low, high)
    samples = int(cells.loc[cells["model"].isin(pair), "n_samples"].min())
    return separate(of, request.weights, completions, tuple(pair), samples, cost, ratio)


def _assumed(request: Request) -> tuple[str, ...]:
    longest = "the model's longest prompt and completion here that neither loops nor was cut off (--length sets it)"
    length = f"{request.length:,} tokens" if request.length else longest
    said = [
        f"memory: weights as released (config.json) and the cache of {request.requests:,} "
        f"sequence{'s' if request.requests > 1 else ''} of {length}, {request.kv_bytes} bytes an element"
    ]
    if request.memory_bytes:
        said.append(f"{in_words(usable_bytes(request))} of the memory for these, the rest for the engine")
    return tuple(said)


__all__ = ["CELL_COLUMNS", "Answer", "Candidate", "Estimate", "Request", "choose", "read_cells"]
