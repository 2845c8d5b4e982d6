"""Models that are as likely a right choice as the chosen one, though the means speak against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from .candidates import Candidate
from .request import Request
from .separation import PER_COMPLETION, Separation, Settling, settle

CLOSE = 0.05
"""Share of the replicates from which on a model is named that is the best in them and doesn't fit by its means."""


@dataclass(frozen=True)
class CloseCall:
    """A model that the choice could as well have fallen on."""

    model: str
    p_best: float
    level: bool
    """Whether it fits and is level with the chosen one in practice."""
    cost: str
    """Id of the cost that ``cost_ratio`` is of."""
    cost_ratio: float | None
    """Its cost over that of the chosen; None: one isn't known, or none is chosen."""
    settling: tuple[Settling, ...]
    """What would tell whether it meets the conditions that it fails by its means; empty: it fits."""


def close_calls(
    request: Request,
    candidates: Sequence[Candidate],
    separation: Separation | None,
    completions: pd.DataFrame,
    cells: pd.DataFrame,
) -> tuple[CloseCall, ...]:
    """Return the close calls, the likeliest first.

    Parameters
    ----------
    request : Request
    candidates : sequence of Candidate
        Those that fit first, the best of them the chosen one, the next the runner-up.
    separation : Separation or None
        Of these two.
    completions : DataFrame
        As for :func:`paretoscope.choose.separation.separate`.
    cells : DataFrame
        Columns model and n_samples, of the request's benchmarks.

    Notes
    -----
    Of those that fail a condition by their means: those that are the best in a share of :data:`CLOSE` of the
    replicates. Of those that fit: the ones that are the best more often than the chosen one, and a runner-up that is
    level with it and costs less.
    """
    fit = [candidate for candidate in candidates if not candidate.fails]
    chosen, rival = [*fit, None, None][:2]
    cost = request.minimize or next(iter(request.budgets), "flops")
    found = []
    for candidate in candidates:
        level = candidate is rival and separation is not None and separation.level
        ratio = _ratio(candidate, chosen, cost)
        if candidate is chosen or not _is_close(candidate, chosen, level and ratio is not None and ratio < 1):
            continue
        samples = int(cells.loc[cells["model"] == candidate.model, "n_samples"].min())
        settling = tuple(
            settle(of, limit, request.weights, completions, candidate.model, samples)
            for of, limit in _failed(request, candidate).items()
        )
        found.append(CloseCall(candidate.model, candidate.p_best, level, cost, ratio, settling))
    return tuple(sorted(found, key=lambda call: -call.p_best))


def _is_close(candidate: Candidate, chosen: Candidate | None, cheaper: bool) -> bool:
    if candidate.fails:
        return candidate.p_best >= CLOSE
    return cheaper or candidate.p_best > chosen.p_best


def _ratio(candidate: Candidate, chosen: Candidate | None, cost: str) -> float | None:
    mine, other = (who and who.costs[cost].value for who in (candidate, chosen))
    return None if mine is None or not other else mine / other


def _failed(request: Request, candidate: Candidate) -> dict[str, float]:
    """Return the limits of the conditions that it fails by its means, where completions show how these vary."""
    failed = {cost: most for cost, most in request.budgets.items() if candidate.costs[cost].value > most}
    if request.min_accuracy and candidate.accuracy.value < request.min_accuracy:
        failed["accuracy"] = request.min_accuracy
    return {of: limit for of, limit in failed.items() if of in PER_COMPLETION}
