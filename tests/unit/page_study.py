"""A made-up study for the tests of the page: tables as the workflow makes them, of any size, with any names."""

import numpy as np
import pandas as pd

from paretoscope.frontier import cost_frontiers, frontier, points
from paretoscope.saturation.tables import STOPPED
from paretoscope.schema import CELLS, names
from paretoscope.statistics import wilson_interval
from paretoscope.trend import LINES

REVISION = "0123456789abcdef0123456789abcdef01234567"
DATES = ("2024-01-10", "2024-06-20", "2024-12-05", "2025-03", "2025-08-30")
KINDS = ("dense", "moe", "hybrid")
FITTED = [f"{name}{end}" for name in ("saturation_tokens", "ceiling") for end in ("", "_low", "_high")]
TYPES = ("reasoning", "instruct")


def models(n: int, families: int = 3) -> list[dict]:
    """Return what the tables say of ``n`` models."""
    return [
        {
            "model": f"model-{m:03}",
            "model_name": f"Model {m:03}",
            "family": f"Family {m % families}",
            "kind": KINDS[m % 3],
            "type": TYPES[m % 2],
            "release_date": DATES[m % len(DATES)],
        }
        for m in range(n)
    ]


def cells(rows: list[dict], benchmarks: dict[str, str], seed: int = 0) -> pd.DataFrame:
    """Return a cells table: dearer models are more accurate on the whole, FLOPs and tokens are known, seconds not."""
    rng = np.random.default_rng(seed)
    table = []
    for m, row in enumerate(rows):
        size = 10 ** (3 * m / max(1, len(rows) - 1))
        for benchmark, name in benchmarks.items():
            accuracy = np.round(np.clip(0.25 + 0.2 * np.log10(size) + rng.normal(0, 0.08), 0.01, 0.99), 3)
            low, high = wilson_interval(accuracy, np.nan, 200)
            flops, tokens = size * 1e12 * rng.uniform(0.7, 1.4), rng.uniform(200, 9000)
            table.append(
                {
                    **row,
                    **{"benchmark": benchmark, "benchmark_name": name, "n_items": 200, "n_samples": 1},
                    **{"accuracy": accuracy, "accuracy_se": 0.03, "accuracy_low": low, "accuracy_high": high},
                    **{"total_flops_mean": flops, "total_flops_se": flops / 30, "completion_tokens_mean": tokens},
                    **{"total_parameters": 8_000_000_000, "active_parameters": 3_000_000_000, "device": "GPU"},
                }
            )
    return pd.DataFrame(table, columns=names(CELLS))


def tables(rows: list[dict], benchmarks: dict[str, str], absent: tuple = ()) -> dict[str, pd.DataFrame]:
    """Return the tables that the page is made of; ``absent`` are (model, benchmark) without a result."""
    found = cells(rows, benchmarks)
    keys = list(zip(found["model"], found["benchmark"], strict=True))
    found = found[[key not in absent for key in keys]].reset_index(drop=True)
    costs, axes = cost_frontiers(found)
    return {
        "cells": found,
        "frontier": frontier(points(found)),
        "costs": costs,
        "axes": axes.assign(left_out=axes["left_out"].mask(axes["left_out"] == "")),
        **_uncertainty(costs),
        **_failure(costs),
        **_trend(rows),
        **_saturation(rows, benchmarks),
    }


def meta(rows: list[dict], benchmarks: dict[str, str], warnings: tuple = ()) -> dict:
    """Return what the page says beside the tables."""
    source = {"hub_id": "owner/name", "revision": REVISION}
    card = {"source": source, "rows": 200, "subset": None, "grading": {"grader": "math"}, "prompt": {"protocol": 1}}
    sampling = {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": None}
    cell_metas = [
        {
            **{"model": row["model"], "benchmark": benchmark, "revision": REVISION, "seed": 7, "samples": 1},
            **{"completions": 200, "engine": {"name": "sglang", "version": "0.5.21", "device": "GPU", "dtype": "bf16"}},
            **{"sampling": {"in_force": sampling}, "packages": {"python": "3.11.7"}, "utc": "2026-01-01T00:00:00"},
            "git": {"commit": "f" * 40, "dirty": False},
        }
        for row in rows
        for benchmark in benchmarks
    ]
    return {
        "study": {
            **{"name": "test", "title": "A study", "engine": "sglang", "samples_per_item": 1, "seed": 7},
            **{"sampling": {}, "analysis": {"accuracy_thresholds": [0.5, 0.7], "replicates": 10000, "groups": {}}},
            "models": {row["model"]: {"name": row["model_name"], "source": source} for row in rows},
            "benchmarks": {key: {**card, "name": name, "reference": "arXiv 0"} for key, name in benchmarks.items()},
        },
        "cells": cell_metas,
        "warnings": list(warnings),
    }


def _uncertainty(costs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    points = costs[costs["left_out"].isna()].reset_index(drop=True)
    ends = points.groupby(["cost", "scope"])["cost_mean"].agg(["min", "max"]).reset_index()
    band = [
        {**row, "cost_at": at, "accuracy_low": 0.3 + 0.05 * step, "accuracy_high": 0.4 + 0.05 * step}
        for row in ends[["cost", "scope"]].to_dict("records")
        for step, at in enumerate(np.geomspace(1e2, 1e15, 10))
    ]
    pairs = [_differences(scope, found) for scope, found in points[points["cost"] == "flops"].groupby("scope")]
    return {
        "probabilities": points.assign(frontier_probability=np.where(points["on_frontier"], 0.9, 0.1)),
        "band": pd.DataFrame(band, columns=["cost", "scope", "cost_at", "accuracy_low", "accuracy_high"]),
        "hypervolume": ends.assign(reliability=0.9, hypervolume=2.5, hypervolume_low=2.25, hypervolume_high=2.75),
        "differences": pd.concat(pairs, ignore_index=True),
    }


def _differences(scope: str, points: pd.DataFrame) -> pd.DataFrame:
    one, other = np.triu_indices(len(points), 1)
    ids, accuracy = points["model"].to_numpy(), points["accuracy"].to_numpy()
    difference = accuracy[one] - accuracy[other]
    table = pd.DataFrame({"scope": scope, "model_a": ids[one], "model_b": ids[other], "difference": difference})
    return table.assign(difference_low=difference - 0.03, difference_high=difference + 0.03)


def _failure(costs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return tables in which a third of all is spent on wrong answers, and a class is worth a tenth of a decade."""
    failure = costs[costs["left_out"].isna() & costs["scope"].isin(["average", costs["scope"].iloc[-1]])]
    failure = failure[["cost", "scope", "model", "cost_mean", "accuracy"]].assign(
        wrong_share=0.333, wrong_share_low=0.3, wrong_share_high=0.4, per_correct=failure["cost_mean"] * 2
    )
    failure = failure.assign(per_correct_low=failure["cost_mean"] * 1.5, per_correct_high=np.inf)
    ends = {"hypervolume_lost": 0.1, "hypervolume_lost_low": 0.04, "hypervolume_lost_high": 0.2}
    removed = [
        {"cost": cost, "scope": scope, "without": facet, "value": value, **ends}
        for cost, scope in dict.fromkeys(zip(failure["cost"], failure["scope"], strict=True))
        for facet, value in (("kind", "moe"), ("type", "reasoning"), *(("family", f"Family {n}") for n in range(7)))
    ]
    return {"failure": failure, "counterfactuals": pd.DataFrame(removed)}


def _trend(rows: list[dict]) -> dict[str, pd.DataFrame]:
    first = rows[0]["model_name"]
    steps = [(0.5, "2024-01-10", 5e12, True), (0.5, "2024-06-20", 2e12, True), (0.5, "2025-08-30", 2e12, False)]
    thresholds = [
        (*step, first) for step in [*steps, (0.7, "2024-12-05", 8e13, True), (0.9, "2025-08-30", None, False)]
    ]
    columns = ["accuracy_threshold", "release_date", "total_flops_min", "is_record", "model_name"]
    line = {"quantity": "log10_flops_at_equal_accuracy", "n_points": len(rows), "permutation_p": 0.02}
    line |= {"halving_months": 8.2, "halving_months_low": 5.1, "halving_months_high": 19.7}
    lines = pd.DataFrame([line], columns=names(LINES)).astype({"note": "str", "halving_note": "str"})
    return {"thresholds": pd.DataFrame(thresholds, columns=columns), "lines": lines}


def _saturation(rows: list[dict], benchmarks: dict[str, str]) -> dict[str, pd.DataFrame]:
    budgets = [32 * 2 ** (step / 2) for step in range(20)]
    curves, fits = [], []
    for m, row in enumerate(rows):
        for benchmark, name in benchmarks.items():
            key = {**row, "benchmark": benchmark, "benchmark_name": name, "source": STOPPED}
            top = 0.4 + 0.5 * (m + 1) / len(rows)
            curves += [
                {**key, "budget_tokens": round(budget), "accuracy": top * budget / (budget + 300)} for budget in budgets
            ]
            status = "identified" if m else "not identified: the last doubling still gains 3 points"
            fits.append(
                {
                    **key,
                    "status": status,
                    "gain_points": 1.0,
                    **(dict.fromkeys(FITTED[:3], 4000.0) | dict.fromkeys(FITTED[3:], 0.9) if m else {}),
                }
            )
    return {"curves": pd.DataFrame(curves), "fits": pd.DataFrame(fits)}
