"""Accuracy where the answer is asked for at the budget: completions that ended before keep their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from .. import flops
from ..schema import Column, Completion, Grade
from .curves import Cell, curve_table
from .tables import CURVES, FORCED

ANSWERS = (
    Column("item_id", "str", "", "item id within the benchmark"),
    Column("sample", "int64", "", "0-based sample index"),
    Column("budget_tokens", "int64", "tokens", "tokens of the completion that were kept"),
    Column("verdict", "str", "", "of the forced answer"),
    Column("answer_tokens", "int64", "tokens", "generated for it"),
    Column("total_flops", "float64", "FLOPs", "prompt, the tokens kept, what closes them, and the answer"),
    Column("reread_flops", "float64", "FLOPs", "of reading prompt and kept tokens again, which a cache would save"),
)
"""``forced/answers/{model}/{benchmark}.parquet``: one row per answer; completions that ended by then have none."""


def forced_right(cell: Cell, answers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the budgets, shape (k,), and which completions are right at each, shape (n, k).

    A completion that is longer than the budget and wasn't forced, as its context has no room for an answer, is wrong.
    """
    budgets = np.unique(answers["budget_tokens"].to_numpy(dtype="int64"))
    right = (cell.verdicts == "correct")[:, None] & (cell.tokens[:, None] <= budgets)
    row, column = _places(cell, answers, budgets)
    right[row, column] = answers["verdict"].eq("correct").to_numpy()
    return budgets, right


def forced_curves(cells: list[Cell], forced: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Return accuracy against budget for every cell that has forced answers.

    Parameters
    ----------
    cells : list of Cell
        As ``curves.known_cells`` gives them.
    forced : mapping
        By (model, benchmark), a table of ANSWERS.

    Returns
    -------
    table of CURVES
        ``total_flops_mean`` counts the prefix once, as if the model had gone on from its cache.
    """
    keys = [(cell, forced.get((cell.about["model"], cell.about["benchmark"]))) for cell in cells]
    tables = [_forced_curve(cell, answers) for cell, answers in keys if answers is not None and len(answers)]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[c.name for c in CURVES])
    return table.astype({column.name: column.dtype for column in CURVES})


def _forced_curve(cell: Cell, answers: pd.DataFrame) -> pd.DataFrame:
    budgets, right = forced_right(cell, answers)
    row, column = _places(cell, answers, budgets)
    tokens = np.minimum(cell.tokens[:, None], budgets)
    tokens[row, column] += answers["answer_tokens"].to_numpy(dtype="int64")
    whole, _ = cell.flops_at(budgets)
    spent = cell.completion_flops(np.minimum(cell.tokens[:, None], budgets))
    spent[row, column] = answers["total_flops"].to_numpy(dtype=float)
    by_item = (cell.item_means(values).mean(axis=0) for values in (spent, tokens))
    return curve_table(cell, FORCED, budgets, cell.item_means(right), whole, *by_item)


def _places(cell: Cell, answers: pd.DataFrame, budgets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the row (completion) and column (budget) of each answer."""
    at = {
        (item, sample): i for i, (item, sample) in enumerate(zip(cell.item_ids[cell.items], cell.samples, strict=True))
    }
    rows = [at[key] for key in zip(answers["item_id"], answers["sample"], strict=True)]
    return np.array(rows, dtype=int), np.searchsorted(budgets, answers["budget_tokens"].to_numpy(dtype="int64"))


def forced_costs(
    places: Iterable[tuple[str, int, int]],
    forced: Iterable[Completion],
    grades: Iterable[Grade],
    prompts: Mapping[tuple[str, int], int],
    config: dict,
) -> pd.DataFrame:
    """Return verdicts and FLOPs of forced answers.

    Parameters
    ----------
    places : iterable of (str, int, int)
        Item id, sample and budget of each forced answer.
    forced : iterable of Completion
        The answers as they were generated, in the same order.
    grades : iterable of Grade
        In the same order.
    prompts : mapping
        Prompt tokens of each (item id, sample).
    config : dict
        The model's config.json.

    Returns
    -------
    table of ANSWERS
        Total FLOPs: prefill of the prompt, decode up to the budget, and from its last token on the closing marker, the
        lead and the answer. The prefix is so counted once, as the trace that it is from; that an engine without it in
        its cache reads it again is counted apart.
    """
    rows = [
        (*place, grade.verdict, answer.prompt_tokens, answer.completion_tokens)
        for place, answer, grade in zip(places, forced, grades, strict=True)
    ]
    names = ("item_id", "sample", "budget_tokens", "verdict", "read_tokens", "answer_tokens")
    table = pd.DataFrame(rows, columns=names).astype({"item_id": "str", "verdict": "str"})
    numbers = [name for name in names if name.endswith("tokens") or name == "sample"]
    table = table.astype(dict.fromkeys(numbers, "int64"))
    prompt = np.array([prompts[key] for key in zip(table["item_id"], table["sample"], strict=True)], dtype=np.int64)
    kept = table["budget_tokens"].to_numpy()
    architecture, read = flops.describe(config), table.pop("read_tokens").to_numpy()
    in_cache = prompt + kept - 1
    trace = sum(flops.completion_flops(architecture, prompt, kept))
    led, decoded = flops.completion_flops(architecture, read, table["answer_tokens"].to_numpy(), in_cache)
    whole, _ = flops.completion_flops(architecture, read, 0)
    return table.assign(total_flops=trace + led + decoded, reread_flops=whole - led)
