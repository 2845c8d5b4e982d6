"""One table of cells, and one of completions: the only input of all analysis.

Made from the grades, crosschecks, statistics, FLOPs and meta files of all cells.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import parquet

from . import flops, plugins
from .crosscheck import disagree
from .devices import Device
from .errors import InputError
from .files import read_jsonl
from .schema import ABSENT_CELLS, CELLS, COMPLETIONS, CROSSCHECK_VERDICTS, UNDECIDED, VERDICTS, Column, Judgement, names
from .statistics import clustered_mean, wilson_interval

log = logging.getLogger(__name__)

_KEYS = ["item_id", "sample"]
_GRADED = [*_KEYS, "verdict", "looping"]
_MEASURED = [*_KEYS, "reasoning_tokens", "cached_tokens", "latency_seconds", "first_token_seconds"]
_SPECULATION = ["verify_steps", "drafted_tokens", "accepted_tokens"]
_TYPES = {column.name: "str" if column.dtype == "category" else column.dtype for column in COMPLETIONS}
_CELLS_AT_ONCE = 100
"""Made into one frame: one for each cell takes as long as reading its files, and lists of all take much memory."""


def completions_table(cells: Iterable[tuple[str, str, Path, Path, Path, Path | None]]) -> pd.DataFrame:
    """Return one row per completion of all cells.

    Parameters
    ----------
    cells : iterable of (model, benchmark, grades path, crosschecks path, statistics path, costs path)
        The costs path is None for a control.

    Raises
    ------
    InputError
        The files of a cell hold different completions, or something else than they should.
    """
    cells, parts = iter(cells), []
    while some := list(islice(cells, _CELLS_AT_ONCE)):
        parts.append(_frame([_cell_completions(*cell) for cell in some]))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names(COMPLETIONS))
    return _typed(table, COMPLETIONS)


def _cell_completions(
    model: str, benchmark: str, grades: Path, crosschecks: Path, stats: Path, costs: Path | None
) -> dict[str, list]:
    graded = _read_verdicts(grades, _GRADED, VERDICTS)
    checked = _read_verdicts(crosschecks, [*_KEYS, "verdict"], CROSSCHECK_VERDICTS)
    checked["crosscheck"] = checked.pop("verdict")
    others = {crosschecks: checked, stats: _read(stats, _MEASURED, _SPECULATION)}
    others |= {costs: parquet.read_table(costs).to_pydict()} if costs else {}
    count = len(graded["verdict"])
    columns = dict.fromkeys(_TYPES, [None] * count) | {"model": [model] * count, "benchmark": [benchmark] * count}
    for path, other in {grades: graded, **others}.items():
        columns |= _in_order_of(graded, grades, other, path)
    return columns


def _frame(cells: list[dict[str, list]]) -> pd.DataFrame:
    columns = {name: list(chain.from_iterable(cell[name] for cell in cells)) for name in _TYPES}
    return pd.DataFrame({name: pd.array(values, dtype=_TYPES[name]) for name, values in columns.items()})


def _read_verdicts(path: Path, columns: list[str], known: tuple[str, ...]) -> dict[str, list]:
    table = _read(path, columns)
    unknown = set(table["verdict"]) - set(known)
    if unknown:
        raise InputError(f"{path}: unknown verdicts {sorted(unknown)}; delete the file so that it is graded anew.")
    return table


def _read(path: Path, columns: list[str], optional: Sequence[str] = ()) -> dict[str, list]:
    """Return columns of a file, None in those that older files don't have."""
    rows = [row for _, row in read_jsonl(path)]
    try:
        known = {name: [row[name] for row in rows] for name in columns}
        return known | {name: [row.get(name) for row in rows] for name in optional}
    except KeyError as error:
        raise InputError(f"{path}: a row has no {error}; delete the file so that it is made anew.") from error


def _in_order_of(graded: dict[str, list], grades: Path, other: dict[str, list], path: Path) -> dict[str, list]:
    """Return the columns of another file of the cell in the order of the graded completions."""
    if all(other[key] == graded[key] for key in _KEYS):  # as they are written
        return other
    wanted, found = (list(zip(*(table[key] for key in _KEYS), strict=True)) for table in (graded, other))
    position = {key: row for row, key in enumerate(found)}
    if not len(position) == len(found) == len(wanted) or position.keys() != set(wanted):
        raise InputError(
            f"{grades} and {path} don't hold the same completions; delete both so that they are made anew."
        )
    return {name: [values[position[key]] for key in wanted] for name, values in other.items()}


def cells_table(
    spec: dict, completions: pd.DataFrame, metas: dict[tuple[str, str], dict], configs: dict[str, dict]
) -> pd.DataFrame:
    """Return one row per cell.

    Parameters
    ----------
    spec : dict
        As ``Study.summary_spec`` returns it, and under ``devices`` the device cards by reported name.
    completions : DataFrame
        As :func:`completions_table` returns it.
    metas : dict
        Meta file of each cell.
    configs : dict
        config.json of each model that isn't a control.

    Raises
    ------
    InputError
        A control didn't score what it must: then no number of that benchmark can be trusted.
    """
    models = {model: (flops.describe(config), config) for model, config in configs.items()}
    groups = dict(list(completions.groupby(["model", "benchmark"], observed=True, sort=False)))
    rows = [
        _cell(spec, model, benchmark, groups[model, benchmark], metas[model, benchmark], *models.get(model, (None, {})))
        for model, benchmark in metas
    ]
    table = _typed(pd.DataFrame(rows, columns=names(CELLS)), CELLS)
    _check_controls(table)
    return table


def with_judgements(
    cells: pd.DataFrame,
    completions: pd.DataFrame,
    judge: str | None,
    judgements: dict[tuple[str, str], list[Judgement]],
) -> pd.DataFrame:
    """Return the table of cells with what a judge said; all else, accuracy too, stays as the graders have it.

    Parameters
    ----------
    cells, completions : DataFrame
        As :func:`cells_table` and :func:`completions_table` return them.
    judge : str or None
        Model id of the judge, if there is one.
    judgements : dict
        Its judgements of each cell that it was asked about.

    Raises
    ------
    InputError
        A judgement is of a completion that the cell doesn't have.
    """
    groups = dict(list(completions.groupby(["model", "benchmark"], observed=True, sort=False)))
    table = cells.set_index(["model", "benchmark"])
    for cell, said in judgements.items():
        for name, value in {"judge": judge, **_judged(groups[cell], said, cell)}.items():
            table.loc[cell, name] = value
    return _typed(table.reset_index(), CELLS)


def _judged(group: pd.DataFrame, judgements: list[Judgement], cell: tuple[str, str]) -> dict:
    said = {(judgement.item_id, judgement.sample): judgement.verdict for judgement in judgements}
    keys = list(zip(group["item_id"], group["sample"], strict=True))
    if strange := said.keys() - set(keys):
        raise InputError(f"{' x '.join(cell)}: judged is {min(strange)}, which it doesn't have; delete its judgements.")
    # Where the judge said neither of its words, the grader's verdict stays.
    verdicts = [
        graded if said.get(key, "undecided") == "undecided" else said[key]
        for key, graded in zip(keys, group["verdict"], strict=True)
    ]
    means, _ = clustered_mean(np.array([[verdict == "correct"] for verdict in verdicts]), group["item_id"])
    return {
        "judged_rate": len(said) / len(group),
        "accuracy_with_judge": means[0],
        "judge_flops_mean": sum(j.prefill_flops + j.decode_flops for j in judgements) / len(group),
    }


def absent_cells(spec: dict) -> pd.DataFrame:
    """Return the cells of the grid that have no row in the cells table, each with its reason."""
    return pd.DataFrame(spec["absent"], columns=names(ABSENT_CELLS))


def _cell(
    spec: dict,
    model: str,
    benchmark: str,
    group: pd.DataFrame,
    meta: dict,
    architecture: flops.Architecture | None,
    config: dict,
) -> dict:
    card, shape = spec["models"][model], architecture and architecture.parameters
    executed = _executed_prefill(group, architecture)
    device = spec["devices"].get(meta["engine"].get("device"))
    return {
        "model": model,
        "model_name": card["name"],
        "family": card["family"],
        "kind": card["kind"],
        "type": card["type"],
        "release_date": card["release_date"] or "",
        "total_parameters": shape.total if shape else None,
        "active_parameters": shape.active if shape else None,
        "benchmark": benchmark,
        "benchmark_name": spec["benchmarks"][benchmark],
        "n_samples": group["sample"].nunique(),
        **_accuracy_and_flops(group),
        **_rates(group),
        **_crosschecked(group),
        **_distribution(group, "prompt_tokens", (50, 95)),
        **_distribution(group, "completion_tokens", (50, 95)),
        **_distribution(group, "reasoning_tokens"),
        **_distribution(group, "cached_tokens"),
        **_distribution(group, "latency_seconds", (50, 95)),
        **_distribution(group, "first_token_seconds", (50, 95)),
        **_costs(meta),
        "executed_prefill_flops_mean": executed.mean(),
        **_speculation(group, architecture),
        **_per_completion(meta, len(group)),
        **_on_device(meta, len(group), _executed_flops(group, executed), device and Device(**device), config),
        **_origin(meta),
    }


def _accuracy_and_flops(group: pd.DataFrame) -> dict:
    correct = (group["verdict"] == "correct").to_numpy()
    prefill, decode = (group[f"{phase}_flops"].to_numpy(dtype=float) for phase in ("prefill", "decode"))
    total = prefill + decode
    items, ids = pd.factorize(group["item_id"])
    means, errors = clustered_mean(np.column_stack([correct, total]), items)
    low, high = wilson_interval(means[0], errors[0], len(ids))
    return {
        "n_items": len(ids),
        "accuracy": means[0],
        "accuracy_se": errors[0],
        "accuracy_low": low,
        "accuracy_high": high,
        "prefill_flops_mean": prefill.mean(),
        "decode_flops_mean": decode.mean(),
        "total_flops_mean": total.mean(),
        "total_flops_se": errors[1],
        "total_flops_correct_mean": total[correct].mean() if correct.any() else None,
        "total_flops_incorrect_mean": total[~correct].mean() if not correct.all() else None,
    }


def _rates(group: pd.DataFrame) -> dict:
    verdicts, loops = group["verdict"].to_numpy(), group["looping"].to_numpy()
    return {
        **{f"{verdict}_rate": np.mean(verdicts == verdict) for verdict in VERDICTS if verdict != "correct"},
        "looping_rate": loops.mean(),
        "truncated_looping_rate": np.mean(loops & (verdicts == "truncated")),
    }


def _crosschecked(group: pd.DataFrame) -> dict:
    """What the second grader says of the first, and how far accuracy could move.

    Open is what no grader could read or finish, and what the graders disagree on. That a response gives no answer, or
    was cut, is a fact about the completion, and stays as it is unless the second grader finds the answer.
    """
    correct, checked = (group["verdict"] == "correct").to_numpy(), group["crosscheck"].to_numpy()
    differ = [disagree(*pair) for pair in zip(group["verdict"], checked, strict=True)]
    both, disputed = np.array([known is not None for known in differ]), np.array([bool(known) for known in differ])
    undecided = disputed | np.isin(group["verdict"].to_numpy(), UNDECIDED)
    bounds, _ = clustered_mean(np.column_stack([correct & ~undecided, correct | undecided]), group["item_id"])
    return {
        "accuracy_if_undecided_wrong": bounds[0],
        "accuracy_if_undecided_right": bounds[1],
        "crosschecked_rate": np.mean(checked != "undecided"),
        "disagreement_rate": disputed.sum() / both.sum() if both.any() else None,
    }


def _distribution(group: pd.DataFrame, name: str, percentiles: tuple[int, ...] = ()) -> dict:
    """Mean and percentiles of a quantity; all empty where it isn't known of every completion."""
    values = group[name].to_numpy(dtype=float, na_value=np.nan)
    if np.isnan(values).any():
        return {}
    values_at = zip(percentiles, np.percentile(values, percentiles), strict=True)
    return {f"{name}_mean": values.mean(), **{f"{name}_p{percent}": value for percent, value in values_at}}


def _costs(meta: dict) -> dict:
    """What the meta file says that a cell cost; a recording or another engine may not know all of it."""
    load, generation = meta["load_seconds"], meta["generation_seconds"]
    known = load is not None and generation is not None
    energy = ("energy_joules", "load_energy_joules")
    measured = ("warmup_seconds", "gpus", "gpu_seconds", *energy, "weights_bytes", "kv_cache_bytes")
    return {
        "load_seconds": load,
        "generation_seconds": generation,
        "wall_seconds": load + (meta.get("warmup_seconds") or 0) + generation if known else None,
        "tokens_per_second": meta["completion_tokens"] / generation
        if generation and meta["completion_tokens"] is not None
        else None,
        "peak_memory_bytes": meta["peak_memory_bytes"],
        **{name: meta.get(name) for name in measured},
    }


def _executed_prefill(group: pd.DataFrame, architecture: flops.Architecture | None) -> pd.Series:
    """Return the prefill FLOPs of completions without those of cached prompt tokens; empty where either is unknown."""
    counts = [group[name] for name in ("prompt_tokens", "cached_tokens")]
    if architecture is None or any(count.hasnans for count in counts):
        return pd.Series(np.nan, index=group.index)
    prompt, cached = (count.to_numpy(dtype="int64") for count in counts)
    prefill, _ = flops.completion_flops(architecture, prompt, 0, cached)
    return pd.Series(prefill, index=group.index)


def _executed_flops(group: pd.DataFrame, executed_prefill: pd.Series) -> float:
    """Return the FLOPs executed; whole prefills for an engine that says nothing of a cache."""
    prefill = group["prefill_flops"] if executed_prefill.isna().any() else executed_prefill
    return float((prefill + group["decode_flops"]).sum(skipna=False))


def _speculation(group: pd.DataFrame, architecture: flops.Architecture | None) -> dict:
    """What speculative decoding gave and took; empty where it isn't known of all completions that were decoded."""
    if group["verify_steps"].isna().all():  # most engines; all else takes long for small cells
        return {}
    decoded = group[group["completion_tokens"].fillna(0) > 1]
    counts = decoded[["prompt_tokens", "completion_tokens", *_SPECULATION]]
    if architecture is None or decoded.empty or counts.isna().any(axis=None):
        return {}
    prompt, completion, steps, drafted, accepted = counts.astype("int64").to_numpy().T
    # An engine that adapts how much it drafts counts by its last setting, which may be less than was accepted.
    rejected = np.maximum(drafted - accepted, 0)
    executed = flops.executed_decode_flops(architecture, prompt, completion, rejected)
    return {
        "tokens_per_step_mean": 1 + accepted.sum() / steps.sum(),
        "executed_decode_flops_mean": executed.sum() / len(group),
    }


def _per_completion(meta: dict, completions: int) -> dict:
    """Measured costs by completion; empty where they weren't measured."""
    seconds, gpus = meta["generation_seconds"], meta.get("gpus")
    measured = {
        "seconds_per_completion": seconds,
        "gpu_seconds_per_completion": gpus * seconds if gpus and seconds is not None else None,
        "energy_joules_per_completion": meta.get("energy_joules"),
    }
    return {name: None if total is None else total / completions for name, total in measured.items()}


def _on_device(meta: dict, completions: int, executed_flops: float, device: Device | None, config: dict) -> dict:
    """What a cell cost at the price of its device's card, and what it made of the card's peak FLOP/s."""
    seconds, gpus, engine = meta["generation_seconds"], meta.get("gpus"), meta["engine"]
    if device is None or not gpus or not seconds:
        return {}
    price = device.price_usd_per_gpu_hour
    # An engine says nothing of a scheme that it took from the model's config.
    peak = device.peak_flops(engine.get("dtype"), engine.get("quantization") or flops.quantisation_method(config))
    return {
        "usd_per_completion": None if price is None else price * gpus * seconds / 3600 / completions,
        "mfu": executed_flops / (gpus * seconds * peak) if peak else None,
    }


def _origin(meta: dict) -> dict:
    engine = meta["engine"]
    stated = ("device", "dtype", "quantization", "attention_backend")
    return {
        "engine": engine["name"],
        "engine_version": engine.get("version"),
        **{name: engine.get(name) for name in stated},
        "revision": meta["revision"],
    }


def _check_controls(cells: pd.DataFrame) -> None:
    for row in cells[cells["kind"] == "control"].itertuples():
        expected = plugins.load("engines", row.engine).EXPECTED_ACCURACY
        if row.accuracy != expected:
            raise InputError(
                f"the control {row.model} scored {row.accuracy:.4f} on {row.benchmark} instead of {expected}: its grading can't be trusted. Look at that cell's grades for verdicts other than expected."
            )


def _typed(table: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Return the table with exactly these columns, in order and of their types."""
    return table.reindex(columns=names(columns)).astype({column.name: column.dtype for column in columns})


__all__ = ["absent_cells", "cells_table", "completions_table", "with_judgements"]
