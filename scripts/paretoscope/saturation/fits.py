"""Saturating curves of every cell by maximum likelihood: ceiling, saturation point, and whether they are identified."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..schema import names
from . import forms, points, stopped
from .curves import Cell
from .forced import forced_right
from .observed import covering, observed_saturation
from .resampling import cluster_weights
from .tables import FITS, FORCED, STOPPED
from .verdicts import (
    FEWEST_ITEMS,
    IDENTIFIED,
    Saturation,
    best_form,
    doubt_about_agreement,
    doubt_about_fit,
    doubt_about_form,
    doubt_about_point,
    misfit,
    saturation,
)

log = logging.getLogger(__name__)

FEWEST_BUDGETS = 5
"""A rise from a floor to a ceiling has four parameters."""
FITTED_DISTANCE = 75.0
"""Points, per square root of accuracy / items: Kolmogorov and Smirnov's distance to a curve of three parameters that
was fitted to the same data and is the best of four shapes. 0 to 5 of 100 simulated curves of these shapes pass it."""
POINT_DISTANCE = 163.0
"""Points, per square root of 1 / items: the 1 % point of that distance to a curve known beforehand. At a few budgets
with a floor it is a wide margin."""


def fits(cells: list[Cell], forced: Mapping[tuple[str, str], pd.DataFrame], gain_points: float = 1.0) -> pd.DataFrame:
    """Fit a saturating curve and its alternatives to every cell.

    Parameters
    ----------
    cells : list of Cell
        As ``curves.known_cells`` gives them.
    forced : mapping
        By (model, benchmark), the forced answers: a table of ``forced.ANSWERS``.
    gain_points : float
        What a doubling must gain to be worth it, in percentage points.

    Returns
    -------
    table of FITS
        Ceiling and saturation point only where the status is "identified".

    Notes
    -----
    The forms are compared by an information criterion that knows that samples of one item resemble each other
    (``likelihood.information_criterion``); intervals are over resampled items, each resample with a shape drawn by its
    likelihood. The saturation point lies in the curve's tail, where few answers are: it rests on the shape, so what is
    read off without one (``observed``) is the check on it. Where that lies outside of the fitted interval, the interval
    is widened to hold both. "No form fits" is the verdict where the curve is off by more than chance, a doubling at the
    fitted point surely gains enough, or the two intervals don't meet. Forced answers, at a few budgets only, are
    checked for the curve alone. Left out: doubt about verdicts.
    """
    rows = [_stopped_row(cell, gain_points) for cell in cells]
    rows += [
        _forced_row(cell, forced[key], gain_points)
        for cell in cells
        if (key := _key(cell)) in forced and len(forced[key])
    ]
    table = pd.DataFrame(rows, columns=names(FITS))
    log.info("fits: %d, of which identified: %d", len(table), int(table["status"].eq(IDENTIFIED).sum()))
    return table.astype({column.name: column.dtype for column in FITS})


def _key(cell: Cell) -> tuple[str, str]:
    return cell.about["model"], cell.about["benchmark"]


def _stopped_row(cell: Cell, gain_points: float) -> dict:
    row = _about(cell, STOPPED, cell.budgets, gain_points)
    accuracy = cell.accuracy.mean(axis=0)
    if accuracy[-1] == 0:
        return row | {"status": _not("no correct completion")}
    if reason := _too_few(cell, gain_points):
        return row | {"status": _not(reason)}
    data = stopped.answers(cell.items, cell.tokens, cell.verdicts, cell.budgets)
    fitted = stopped.fit(data, cluster_weights(len(cell.item_ids)))
    criteria = {"saturating": fitted.aic_saturating, "straight": fitted.aic_straight}
    found = saturation(fitted.shape, fitted.parameters[:3], fitted.curves, gain_points, data.x)
    gap = misfit(forms.saturating(fitted.shape, fitted.parameters[None, :3], data.x)[0], accuracy)
    seen = observed_saturation(cell, found.point, gain_points)
    covered = covering(found, seen)
    # Among right answers the gap is that of a distribution function, whose ceiling is the accuracy.
    spread = FITTED_DISTANCE * np.sqrt(accuracy[-1] / len(cell.item_ids))
    doubt = (
        doubt_about_form(criteria)
        or doubt_about_point(covered, data.x, 100 * cell.truncated_rate, gain_points)
        or doubt_about_fit(gap, gain_points, spread)
        or doubt_about_agreement(found, seen, gain_points)
    )
    return row | _criteria(criteria, fitted.shape) | {"misfit_points": gap} | _found(cell, covered, doubt)


def _forced_row(cell: Cell, answers: pd.DataFrame, gain_points: float) -> dict:
    budgets, right = forced_right(cell, answers)
    row = _about(cell, FORCED, budgets, gain_points)
    if reason := _too_few(cell, gain_points):
        return row | {"status": _not(reason)}
    if len(budgets) < FEWEST_BUDGETS:
        return row | {"status": _not(f"{len(budgets)} budgets, at least {FEWEST_BUDGETS} are needed")}
    accuracy = cell.item_means(right)
    # Every item counts alike, whatever the number of its samples.
    data = points.Points(np.log2(budgets), accuracy, np.ones_like(accuracy), has_floor=True)
    fitted = points.fit(data, cluster_weights(len(accuracy)))
    found = saturation(fitted.shape, fitted.parameters, fitted.resampled, gain_points, data.x)
    gap = misfit(fitted.curves["saturating"], data.accuracy)
    doubt = (
        doubt_about_form(fitted.criteria)
        or doubt_about_point(found, data.x, 100.0, gain_points)
        or doubt_about_fit(gap, gain_points, POINT_DISTANCE / np.sqrt(len(accuracy)))
    )
    return row | _criteria(fitted.criteria, fitted.shape) | {"misfit_points": gap} | _found(cell, found, doubt)


def _about(cell: Cell, source: str, budgets: np.ndarray, gain_points: float) -> dict:
    return cell.about | {
        "source": source,
        "gain_points": gain_points,
        "last_budget_tokens": int(budgets[-1]),
        "n_items": len(cell.item_ids),
        "n_completions": len(cell.tokens),
        "truncated_rate": cell.truncated_rate,
    }


def _criteria(criteria: dict[str, float], shape: str) -> dict:
    by_form = {f"aic_{form.lower().replace('-', '_')}": value for form, value in criteria.items()}
    return {"form": best_form(criteria), "shape": shape, **by_form}


def _found(cell: Cell, found: Saturation, doubt: str | None) -> dict:
    if doubt:
        return {"status": _not(doubt)}
    tokens = 2.0 ** np.array([found.point, *found.interval])
    in_flops, _ = cell.flops_at(np.rint(tokens).astype(np.int64))
    suffixes = ("", "_low", "_high")
    return {
        "status": IDENTIFIED,
        **{f"ceiling{end}": v for end, v in zip(suffixes, (found.ceiling, *found.ceiling_interval), strict=True)},
        **{f"saturation_tokens{end}": value for end, value in zip(suffixes, tokens, strict=True)},
        **{f"saturation_flops{end}": value for end, value in zip(suffixes, in_flops, strict=True)},
    }


def _too_few(cell: Cell, gain_points: float) -> str | None:
    """Return why there are too few items or completions, None where there are enough."""
    if len(cell.item_ids) < FEWEST_ITEMS:
        return f"{len(cell.item_ids)} items, at least {FEWEST_ITEMS} are needed"
    # Smaller gains than that show in the assumed shape of the tail alone.
    worth = 100 / len(cell.tokens)
    return f"one completion is worth {worth:.1f} points" if worth > gain_points else None


def _not(reason: str) -> str:
    return f"not identified: {reason}"
