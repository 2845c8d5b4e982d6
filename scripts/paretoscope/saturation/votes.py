"""Majority vote: the accuracy that k samples of an item reach together, and what they cost together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import comb

import numpy as np
import pandas as pd

from ..graders.layers.normalization import normalize
from ..schema import names
from ..statistics import clustered_mean, wilson_interval
from .tables import CELL, VOTES

log = logging.getLogger(__name__)

Answers = Mapping[tuple[str, int], str | None]
"""(item id, sample) -> the answer that the grader extracted, None where there was none."""


def votes(completions: pd.DataFrame, cells: pd.DataFrame, answers: Mapping[tuple[str, str], Answers]) -> pd.DataFrame:
    """Return the expected accuracy of a majority vote against the number of samples that vote.

    Parameters
    ----------
    completions : table of schema.COMPLETIONS
    cells : table of schema.CELLS
        Controls are dropped.
    answers : mapping
        Answers of each (model, benchmark).

    Returns
    -------
    table of VOTES
        For k from 1 to the fewest samples that an item has; a single row with a note where that is 1.

    Notes
    -----
    The vote is over all choices of k of an item's n samples (drawn without replacement), which is unbiased for k new
    samples. Right answers are one party, whatever their spelling; wrong ones are parties by their normalized text. No
    answer is no vote, and truncated completions don't vote. A tie is broken by lot, in expectation. Cost: the prompt is
    read once and its cache shared by the k samples, which are then decoded each for itself.
    """
    real = cells[cells["kind"] != "control"][names(CELL)]
    groups = dict(list(completions.groupby(["model", "benchmark"], observed=True)))
    rows = [
        {**cell, **row}
        for cell in real.to_dict("records")
        for row in _cell_votes(groups[cell["model"], cell["benchmark"]], answers[cell["model"], cell["benchmark"]])
    ]
    log.info("votes: %d cells", len(real))
    return pd.DataFrame(rows, columns=names(VOTES)).astype({column.name: column.dtype for column in VOTES})


def _cell_votes(completions: pd.DataFrame, answers: Answers) -> Iterator[dict]:
    """Yield a row for each number of samples that vote."""
    items = completions["item_id"].to_numpy()
    parties = list(_parties(items, completions["sample"], completions["verdict"], answers))
    fewest = min(right + sum(wrong) + silent for right, wrong, silent in parties)
    accuracy = np.array([majority_accuracy(*party)[:fewest] for party in parties])
    mean, se = clustered_mean(accuracy, np.arange(len(accuracy)))
    low, high = wilson_interval(mean, se, len(accuracy))
    costs = [completions[name].to_numpy(dtype=float, na_value=np.nan) for name in _COSTS]
    (tokens, prefill, decode), _ = clustered_mean(np.column_stack(costs), items)
    for k in range(1, fewest + 1):
        yield {
            "k": k,
            "accuracy": mean[k - 1],
            "accuracy_se": se[k - 1],
            "accuracy_low": low[k - 1],
            "accuracy_high": high[k - 1],
            "completion_tokens_mean": k * tokens,
            "total_flops_mean": prefill + k * decode,
            "n_items": len(accuracy),
            "n_samples": fewest,
            "note": "not applicable: one sample per item" if fewest == 1 else None,
        }


_COSTS = ("completion_tokens", "prefill_flops", "decode_flops")
_RIGHT = True


def _parties(
    items: Iterable[str], samples: Iterable[int], verdicts: Iterable[str], answers: Answers
) -> Iterator[tuple[int, tuple[int, ...], int]]:
    """Yield for each item the samples with a right answer, those of each wrong one (sorted), and those without any."""
    found: dict[str, Counter] = {}
    for item, sample, verdict in zip(items, samples, verdicts, strict=True):
        found.setdefault(item, Counter())[_party(verdict, answers[item, sample])] += 1
    for votes in found.values():
        right, silent = votes.pop(_RIGHT, 0), votes.pop(None, 0)
        yield right, tuple(sorted(votes.values())), silent


def _party(verdict: str, answer: str | None) -> bool | str | None:
    if verdict == "correct":
        return _RIGHT
    if verdict == "truncated" or answer is None:
        return None
    return "".join(normalize(answer).split()).casefold()


@lru_cache(maxsize=100_000)
def majority_accuracy(right: int, wrong: tuple[int, ...], silent: int) -> tuple[float, ...]:
    """Return the probability that the right answer wins the vote of k samples drawn without replacement.

    Parameters
    ----------
    right : int
        Samples with the right answer.
    wrong : tuple of int
        Samples with each wrong answer.
    silent : int
        Samples without an answer.

    Returns
    -------
    tuple of float, length n = right + sum(wrong) + silent
        For k = 1, ..., n.

    Notes
    -----
    Exact. With m right votes, draws in which no wrong answer has more and j have as many win with probability
    1 / (j + 1), which is the integral of u^j over [0, 1]. So each wrong answer with c samples contributes a polynomial
    in z (votes), sum over i < m of C(c, i) z^i, plus u C(c, m) z^m; their product is integrated over u by Gauss and
    Legendre's rule with enough nodes to be exact.
    """
    n = right + sum(wrong) + silent
    nodes, weights = np.polynomial.legendre.leggauss(len(wrong) // 2 + 1)
    u, weights = (nodes + 1) / 2, weights / 2
    silence = np.array([comb(silent, i) for i in range(silent + 1)], dtype=float)
    wins = np.zeros(n + 1)
    for m in range(1, right + 1):
        others = np.tile(silence, (len(u), 1))
        for count in wrong:
            party = np.array([comb(count, i) for i in range(min(count, m) + 1)], dtype=float)
            factor = np.tile(party, (len(u), 1))
            if count >= m:
                factor[:, m] *= u
            others = _products(others, factor)
        ways = weights @ others
        end = min(n + 1, m + len(ways))
        wins[m:end] += comb(right, m) * ways[: end - m]
    return tuple(wins[k] / comb(n, k) for k in range(1, n + 1))


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the products of polynomials, row by row; coefficients from the lowest power on."""
    product = np.zeros((len(a), a.shape[1] + b.shape[1] - 1))
    for power in range(b.shape[1]):
        product[:, power : power + a.shape[1]] += a * b[:, power, None]
    return product
