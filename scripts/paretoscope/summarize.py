"""One table of cells, and one of completions, from grades, FLOPs and meta files: the only input of all analysis."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from . import flops, plugins
from .errors import InputError
from .files import read_jsonl
from .schema import ABSENT_CELLS, CELLS, COMPLETIONS, VERDICTS, Column, names
from .statistics import clustered_mean, wilson_interval

log = logging.getLogger(__name__)


def completions_table(cells: Iterable[tuple[str, str, Path, Path | None]]) -> pd.DataFrame:
    """Return one row per completion of all cells.

    Parameters
    ----------
    cells : iterable of (model, benchmark, grades path, costs path)
        The costs path is None for a control.
    """
    parts = [_cell_completions(*cell) for cell in cells]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names(COMPLETIONS))
    return _typed(table, COMPLETIONS)


def _cell_completions(model: str, benchmark: str, grades: Path, costs: Path | None) -> pd.DataFrame:
    rows = [(row["item_id"], row["sample"], row["verdict"]) for _, row in read_jsonl(grades)]
    table = pd.DataFrame(rows, columns=["item_id", "sample", "verdict"])
    unknown = set(table["verdict"]) - set(VERDICTS)
    if unknown:
        raise InputError(f"{grades}: unknown verdicts {sorted(unknown)}; delete the file so that it is graded anew.")
    if costs is not None:
        priced = pd.read_parquet(costs)
        merged = table.merge(priced, on=["item_id", "sample"], how="inner", validate="one_to_one")
        if not len(merged) == len(table) == len(priced):
            raise InputError(
                f"{grades} and {costs} don't hold the same completions; delete both so that they are made anew."
            )
        table = merged
    return table.assign(model=model, benchmark=benchmark)


def cells_table(
    spec: dict, completions: pd.DataFrame, metas: dict[tuple[str, str], dict], configs: dict[str, dict]
) -> pd.DataFrame:
    """Return one row per cell.

    Parameters
    ----------
    spec : dict
        As ``Study.summary_spec`` returns it.
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
    shapes = {model: flops.describe(config).parameters for model, config in configs.items()}
    groups = dict(list(completions.groupby(["model", "benchmark"], observed=True, sort=False)))
    rows = [
        _cell(spec, model, benchmark, groups[model, benchmark], metas[model, benchmark], shapes.get(model))
        for model, benchmark in metas
    ]
    table = _typed(pd.DataFrame(rows, columns=names(CELLS)), CELLS)
    _check_controls(table)
    return table


def absent_cells(spec: dict) -> pd.DataFrame:
    """Return the cells of the grid that have no row in the cells table, each with its reason."""
    return pd.DataFrame(spec["absent"], columns=names(ABSENT_CELLS))


def _cell(spec: dict, model: str, benchmark: str, group: pd.DataFrame, meta: dict, shape) -> dict:
    card = spec["models"][model]
    correct = (group["verdict"] == "correct").to_numpy()
    total = (group["prefill_flops"] + group["decode_flops"]).to_numpy(dtype=float)
    items = group["item_id"].to_numpy()
    n_items = group["item_id"].nunique()
    accuracy, accuracy_se = clustered_mean(correct, items)
    low, high = wilson_interval(accuracy, accuracy_se, n_items)
    generation_seconds, load_seconds = meta["generation_seconds"], meta["load_seconds"]
    engine = meta["engine"]
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
        "n_items": n_items,
        "n_samples": int(group["sample"].nunique()),
        "accuracy": accuracy,
        "accuracy_se": accuracy_se,
        "accuracy_low": low,
        "accuracy_high": high,
        **{f"{verdict}_rate": (group["verdict"] == verdict).mean() for verdict in VERDICTS if verdict != "correct"},
        **_token_columns(group, "prompt_tokens"),
        **_token_columns(group, "completion_tokens"),
        "prefill_flops_mean": group["prefill_flops"].mean(skipna=False),
        "decode_flops_mean": group["decode_flops"].mean(skipna=False),
        "total_flops_mean": total.mean(),
        "total_flops_se": clustered_mean(total, items)[1],
        "total_flops_correct_mean": total[correct].mean() if correct.any() else None,
        "total_flops_incorrect_mean": total[~correct].mean() if not correct.all() else None,
        "load_seconds": load_seconds,
        "generation_seconds": generation_seconds,
        "wall_seconds": None
        if generation_seconds is None or load_seconds is None
        else load_seconds + generation_seconds,
        "tokens_per_second": meta["completion_tokens"] / generation_seconds
        if generation_seconds and meta["completion_tokens"] is not None
        else None,
        "peak_memory_bytes": meta["peak_memory_bytes"],
        "engine": engine["name"],
        "engine_version": engine.get("version"),
        "device": engine.get("device"),
        "revision": meta["revision"],
    }


def _token_columns(group: pd.DataFrame, name: str) -> dict:
    """Mean and percentiles of a token count; all empty where any completion's count is unknown."""
    if group[name].isna().any():
        return {}
    counts = group[name].to_numpy(dtype=float)
    return {
        f"{name}_mean": counts.mean(),
        f"{name}_p50": np.percentile(counts, 50),
        f"{name}_p95": np.percentile(counts, 95),
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


__all__ = ["absent_cells", "cells_table", "completions_table"]
