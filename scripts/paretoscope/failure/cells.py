"""What each model spends on right and wrong answers, and the cheapest per correct answer."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

from ..schema import MODEL, UNDECIDED, names
from ..statistics import wilson_interval
from .tables import AVERAGE, CELLS, CHEAPEST, COSTS, MIN_ITEMS, OUTCOMES

N_REPLICATES = 10_000

_BOOTSTRAPPED = ("present", "correct", "cost_correct", "cost_wrong", "mixed", "mixed_correct", "mixed_wrong")
_PARTS = (
    *_BOOTSTRAPPED,
    *("solved", "solved_cost", "failed"),
    *(f"{outcome}_{part}" for outcome in OUTCOMES for part in ("rate", "cost")),
)
_PART = {name: position for position, name in enumerate(_PARTS)}
_INTERVALS = {
    "wrong_share": ("solved", "failed"),
    "ratio": ("solved", "failed"),
    "ratio_within": ("mixed",),
    "per_correct": ("solved",),
}
"""The parts whose items, those of the rarer, say how well a statistic is known."""
_COUNTED = ("solved", "failed", "mixed")
_BLOCK = 500

_log = logging.getLogger(__name__)


def cost_of_failure(
    completions: pd.DataFrame, cells: pd.DataFrame, n_replicates: int = N_REPLICATES, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what each model spends on right and wrong answers, and which is the cheapest per correct answer.

    Parameters
    ----------
    completions : table of schema.COMPLETIONS
    cells : table of schema.CELLS
        Says which cells there are and what they are called; controls are dropped.
    n_replicates : int
        Bootstrap replicates behind every interval.
    seed : int

    Returns
    -------
    cells : table of CELLS
    cheapest : table of CHEAPEST

    Notes
    -----
    Not correct is everything but the verdict correct. Its ways (:data:`OUTCOMES`) are told apart: undecided where the
    grader could not tell; else looping where the text ends in a loop, whether or not a limit cut it; else truncated;
    else stopped.

    ``ratio`` compares the answers to different items: wrong ones are mostly to hard items, which take longer anyway. It
    takes :data:`tables.MIN_ITEMS` items with a wrong answer, and as many with a right one, on every benchmark of it.
    ``ratio_within`` keeps to the items that have both, and takes of each the mean of its wrong and of its correct
    samples: sum of the ones over sum of the others. Difficulty is the same on both sides.

    ``per_correct`` is cost of pass (Erol, El, Suzgun, Yuksekgonul and Zou, arXiv 2504.13359): expected cost of one
    attempt over the probability that it is right, which is what trying until an answer is right costs on average,
    where each attempt gets an item at random. The source takes that ratio per item and then the mean over items, which
    is infinite as soon as one item has no correct sample, and with few samples per item is governed by luck;
    ``per_correct_solved`` is that mean over the items solved, to be read beside ``solved_rate``. Its frontier there is
    the lowest cost of each item over the models, a router that knows best: ``per_correct_routed``. With one sample per
    item it picks the lucky ones, so it is a lower bound. Left out: the source's human expert, who makes every cost
    finite.

    Intervals come from a bootstrap over items, which all models share, so that models are compared on the same draws.
    Drawing items alone carries the samples' variation as well (a mean over samples varies between items by both). How
    far out its percentiles are taken depends on the items behind a statistic (:func:`interval`); with less than two
    solved items, ``per_correct`` has the ends of accuracy's Wilson interval instead. Every item counts the same, every
    benchmark too. Left out: the choice of benchmarks.
    """
    real = cells[cells["kind"] != "control"]
    rows, cheapest = [], []
    for cost, columns in COSTS.items():
        spent = (
            completions[list(columns)]
            .astype("Float64")
            .sum(axis=1, skipna=False)
            .to_numpy(dtype=float, na_value=np.nan)
        )
        costed = completions[["model", "benchmark", "item_id", "verdict", "looping"]].assign(spent=spent)
        for scope in _scopes(costed, real, n_replicates, seed):
            found = _rows(scope, real)
            rows += [{"cost": cost} | row for row in found]
            cheapest.append({"cost": cost} | _cheapest(scope, found))
        _log.info("cost of failure in %s: %d rows so far", cost, len(rows))
    table = pd.DataFrame(rows, columns=names(CELLS))
    table = table.astype(dict.fromkeys(("ratio_note", "ratio_within_note", "left_out"), "str"))
    best = pd.DataFrame(cheapest, columns=names(CHEAPEST)).astype({"model": "str", "model_name": "str"})
    return table, best


def _scopes(completions: pd.DataFrame, cells: pd.DataFrame, n_replicates: int, seed: int) -> list[dict]:
    """Return, for the average and for every benchmark, the mean parts of all models and their replicates."""
    models = list(cells["model"].unique())
    by_cell = dict(list(completions.groupby(["model", "benchmark"], observed=True)))
    scopes = []
    for number, (benchmark, group) in enumerate(cells.groupby("benchmark", sort=False)):
        here = {model: by_cell[model, benchmark] for model in group["model"]}
        why = {model: _why_left_out(here.get(model)) for model in models}
        used = [model for model in models if not why[model]]
        items = pd.Index(np.unique(np.concatenate([here[m]["item_id"] for m in used]))) if used else pd.Index([])
        parts = np.stack([_item_parts(here[m], items) for m in used]) if used else np.empty((0, 0, len(_PARTS)))
        scopes.append(
            {
                "scope": benchmark,
                "scope_name": group["benchmark_name"].iloc[0],
                "why": why,
                "used": used,
                "size": {m: (here[m]["item_id"].nunique(), len(here[m])) for m in here},
                "counts": {
                    m: {name: int(part[:, _PART[name]].sum()) for name in _COUNTED}
                    for m, part in zip(used, parts, strict=True)
                },
                "ratio_notes": {m: _ratio_note(part) for m, part in zip(used, parts, strict=True)},
                "means": _of_present(parts.sum(axis=1)),
                "draws": _replicates(parts, n_replicates, np.random.default_rng([seed, number])),
                "routed": _routed(parts),
            }
        )
    return [_average(scopes, models), *scopes]


def _why_left_out(cell: pd.DataFrame | None) -> str:
    if cell is None:
        return "no result"
    return "cost not known" if cell["spent"].isna().any() else ""


def _item_parts(cell: pd.DataFrame, items: pd.Index) -> np.ndarray:
    """Return of each item what its samples come to: means over its samples, shape (items, parts)."""
    code = items.get_indexer(cell["item_id"])
    counts = np.bincount(code, minlength=len(items))
    present = counts > 0

    def mean(values):
        return np.bincount(code, values, len(items)) / np.maximum(counts, 1)

    spent, right = cell["spent"].to_numpy(dtype=float), cell["verdict"].eq("correct").to_numpy()
    correct, cost_correct, cost_wrong = mean(right), mean(spent * right), mean(spent * ~right)
    mixed, solved = (correct > 0) & (correct < 1), correct > 0
    outcome = _outcomes(cell)
    parts = {
        "present": present,
        "correct": correct,
        "cost_correct": cost_correct,
        "cost_wrong": cost_wrong,
        "mixed": mixed,
        "mixed_correct": np.where(mixed, cost_correct / np.where(mixed, correct, 1), 0),
        "mixed_wrong": np.where(mixed, cost_wrong / np.where(mixed, 1 - correct, 1), 0),
        "solved": solved,
        "solved_cost": np.where(solved, (cost_correct + cost_wrong) / np.where(solved, correct, 1), 0),
        "failed": present & (correct < 1),
        **{f"{name}_rate": mean(outcome == name) for name in OUTCOMES},
        **{f"{name}_cost": mean(spent * (outcome == name)) for name in OUTCOMES},
    }
    return np.column_stack([parts[name] for name in _PARTS]).astype(float)


def _outcomes(cell: pd.DataFrame) -> np.ndarray:
    """Return how each completion failed; empty for the correct ones."""
    verdict = cell["verdict"].astype("str")
    return np.select(
        [verdict == "correct", verdict.isin(UNDECIDED), cell["looping"].astype(bool), verdict == "truncated"],
        ["", "undecided", "looping", "truncated"],
        default="stopped",
    )


def _ratio_note(part: np.ndarray) -> str:
    """Return why right and wrong answers aren't compared, from the parts of a model's items; '' where they are."""
    for name, what in (("failed", "wrong"), ("solved", "right")):
        n = int(part[:, _PART[name]].sum())
        if n < MIN_ITEMS:
            return f"{n} of at least {MIN_ITEMS} items with a {what} answer"
    return ""


def _replicates(parts: np.ndarray, n_replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Return mean parts of bootstrap draws of items, shape (replicates, models, bootstrapped parts)."""
    models, items, _ = parts.shape
    wanted = len(_BOOTSTRAPPED)
    draws = np.empty((n_replicates, models, wanted))
    flat = np.ascontiguousarray(parts[:, :, :wanted].transpose(1, 0, 2)).reshape(items, models * wanted)
    for start in range(0, n_replicates if models else 0, _BLOCK):
        size = min(_BLOCK, n_replicates - start)
        picked = rng.integers(items, size=(size, items)) + items * np.arange(size)[:, None]
        weights = np.bincount(picked.ravel(), minlength=size * items).reshape(size, items).astype(float)
        draws[start : start + size] = _of_present((weights @ flat).reshape(size, models, wanted))
    return draws


def _of_present(sums: np.ndarray) -> np.ndarray:
    """Divide sums over items by the number of items that a model has."""
    present = sums[..., _PART["present"], None]
    return np.divide(sums, present, out=np.full_like(sums, np.nan), where=present > 0)


def _routed(parts: np.ndarray) -> tuple[float, float]:
    """Return the cost of a right answer by the cheapest model of each item, mean over solved items, and their share."""
    solved = parts[:, :, _PART["solved"]] > 0
    if not solved.any():
        return np.nan, 0.0
    lowest = np.where(solved, parts[:, :, _PART["solved_cost"]], np.inf).min(axis=0)
    return float(lowest[np.isfinite(lowest)].mean()), float(np.isfinite(lowest).mean())


def _average(scopes: list[dict], models: list[str]) -> dict:
    """Return the scope that averages the parts of the models that have all benchmarks."""
    used = [model for model in models if all(model in scope["used"] for scope in scopes)]
    rows = [[scope["used"].index(model) for model in used] for scope in scopes]
    missing = {
        m: "; ".join(f"{scope['why'][m]}: {scope['scope_name']}" for scope in scopes if scope["why"][m]) for m in models
    }
    routed = [scope["routed"] for scope in scopes]
    return {
        "scope": AVERAGE,
        "scope_name": f"average of {len(scopes)} benchmark{'s' if len(scopes) > 1 else ''}",
        "why": missing,
        "used": used,
        "size": {m: tuple(np.sum([scope["size"].get(m, (0, 0)) for scope in scopes], axis=0)) for m in models},
        "counts": {m: {name: sum(scope["counts"][m][name] for scope in scopes) for name in _COUNTED} for m in used},
        "ratio_notes": {m: _average_note(scopes, m) for m in used},
        "means": np.mean([scope["means"][row] for scope, row in zip(scopes, rows, strict=True)], axis=0),
        "draws": sum(scope["draws"][:, row] for scope, row in zip(scopes, rows, strict=True)) / len(scopes),
        "routed": (np.mean([cost for cost, _ in routed]), np.mean([share for _, share in routed])),
    }


def _average_note(scopes: list[dict], model: str) -> str:
    notes = {scope["scope_name"]: scope["ratio_notes"][model] for scope in scopes}
    # One benchmark's few answers weigh as much in the average as another's many.
    return "; ".join(f"{note}: {name}" for name, note in notes.items() if note)


def _statistics(parts: np.ndarray) -> dict[str, np.ndarray]:
    """Return what follows from mean parts, along their last axis; NaN where it isn't defined."""
    part = {name: parts[..., _PART[name]] for name in _BOOTSTRAPPED}
    spent = part["cost_correct"] + part["cost_wrong"]
    with np.errstate(divide="ignore", invalid="ignore"):
        correct_mean = part["cost_correct"] / part["correct"]
        wrong_mean = np.where(part["correct"] < 1, part["cost_wrong"] / (1 - part["correct"]), np.nan)
        return {
            "cost_mean": spent,
            "correct_mean": correct_mean,
            "wrong_mean": wrong_mean,
            "wrong_share": part["cost_wrong"] / spent,
            "ratio": wrong_mean / correct_mean,
            "ratio_within": part["mixed_wrong"] / part["mixed_correct"],
            "per_correct": np.where(part["correct"] > 0, spent / part["correct"], np.inf),
        }


def _rows(scope: dict, cells: pd.DataFrame) -> list[dict]:
    means, draws = _statistics(scope["means"]), _statistics(scope["draws"])
    lowest = draws["per_correct"].min(axis=1, initial=np.inf, keepdims=True)
    first = (draws["per_correct"] == lowest) & np.isfinite(lowest)
    rows = []
    for model in cells.drop_duplicates("model")[names(MODEL)].to_dict("records"):
        n_items, n_completions = scope["size"].get(model["model"], (0, 0))
        row = {"scope": scope["scope"], "scope_name": scope["scope_name"], **model}
        row |= {"n_items": n_items, "n_completions": n_completions, "n_mixed_items": 0, "is_cheapest": False}
        if reason := scope["why"][model["model"]]:
            rows.append(row | {"left_out": reason})
            continue
        place = scope["used"].index(model["model"])
        row |= _model_row(scope, place, means, draws)
        row["p_cheapest"] = first[:, place].mean()
        row["is_cheapest"] = bool(np.isfinite(row["per_correct"]) and row["per_correct"] == means["per_correct"].min())
        rows.append(row)
    return rows


def _model_row(scope: dict, place: int, means: dict, draws: dict) -> dict:
    part = dict(zip(_PARTS, scope["means"][place], strict=True))
    row = {"accuracy": part["correct"]} | {name: values[place] for name, values in means.items()}
    counts = scope["counts"][scope["used"][place]]
    for name, parts in _INTERVALS.items():
        row[f"{name}_low"], row[f"{name}_high"] = interval(draws[name][:, place], min(counts[part] for part in parts))
    if note := scope["ratio_notes"][scope["used"][place]]:
        row |= dict.fromkeys(("ratio", "ratio_low", "ratio_high"), np.nan) | {"ratio_note": f"not identified: {note}"}
    if counts["solved"] < 2:
        low, high = wilson_interval(part["correct"], np.nan, scope["size"][scope["used"][place]][0])
        row["per_correct_low"] = row["cost_mean"] / high
        row["per_correct_high"] = row["cost_mean"] / low if low else np.inf
    for outcome in OUTCOMES:
        rate, spent = part[f"{outcome}_rate"], part[f"{outcome}_cost"]
        row[f"{outcome}_rate"] = rate
        row[f"{outcome}_mean"] = spent / rate if rate else np.nan
        row[f"{outcome}_share"] = spent / row["cost_mean"] if row["cost_mean"] else np.nan
    mixed = counts["mixed"]
    row |= {"n_mixed_items": mixed, "solved_rate": part["solved"]}
    row["per_correct_solved"] = part["solved_cost"] / part["solved"] if part["solved"] else np.nan
    if mixed < MIN_ITEMS:
        row |= dict.fromkeys(("ratio_within", "ratio_within_low", "ratio_within_high"), np.nan)
        row["ratio_within_note"] = f"not identified: {mixed} of at least {MIN_ITEMS} items with both"
    return row


def _cheapest(scope: dict, rows: list[dict]) -> dict:
    cheapest = next((row for row in rows if row["is_cheapest"]), {})
    draws = _statistics(scope["draws"])["per_correct"].min(axis=1, initial=np.inf)
    solved = scope["counts"][cheapest["model"]]["solved"] if cheapest else 0
    low, high = interval(draws, solved)
    return {
        "scope": scope["scope"],
        "scope_name": scope["scope_name"],
        "n_models": len(scope["used"]),
        **{name: cheapest.get(name) for name in ("model", "model_name", "p_cheapest", "per_correct")},
        "per_correct_low": low,
        "per_correct_high": high,
        "per_correct_routed": scope["routed"][0],
        "solved_rate": scope["routed"][1],
    }


def interval(draws: np.ndarray, n_items: int) -> tuple[float, float]:
    """Return the 95 % interval that bootstrap replicates give; NaN where over a twentieth of them is not defined.

    Parameters
    ----------
    draws : array of shape (replicates,)
        Infinite ones count as very large.
    n_items : int
        Items that the statistic rests on. Fewer than two give no interval.

    Notes
    -----
    Expanded percentiles (Hesterberg, The American Statistician 69, 2015): percentiles alone are too narrow
    for few items, by sqrt((n - 1) / n) and by the normal distribution in the place of Student's t, so they are taken
    further out.
    """
    known = draws[~np.isnan(draws)]
    if n_items < 2 or len(known) < 0.95 * len(draws):
        return np.nan, np.nan
    tail = 100 * ndtr(-np.sqrt(n_items / (n_items - 1)) * stdtrit(n_items - 1, 0.975))
    # No interpolation: between a number and infinity there is nothing to interpolate.
    low, high = np.percentile(known, [tail, 100 - tail], method="inverted_cdf")
    return float(low), float(high)
