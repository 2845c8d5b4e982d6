"""Panels on the past of a frontier: where it was as of some dates, and the area that it dominated."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes

from . import _panel, _scales
from ._style import FAINT, INK

MOST_DATES = 5


def draw_frontiers(axes: Axes, frontiers: pd.DataFrame, size: float) -> None:
    """Draw the staircase of a few dates, the later the darker.

    Parameters
    ----------
    frontiers : table of trend.FRONTIERS
        Rows of one scope.
    size : float
        Base font size in points.
    """
    if frontiers.empty:
        _panel.say(axes, "No model with a date to show")
        return
    name, unit = _scales.flops_unit(frontiers["total_flops_mean"])
    table = frontiers.assign(x=frontiers["total_flops_mean"] / unit, y=100 * frontiers["accuracy"])
    table = table[table["on_frontier"]]
    limits = _scales.log_limits(table["x"], pad=0.12)
    y_limits = _scales.accuracy_limits(table["accuracy"], table["accuracy"])
    axes.set(xscale="log", xlim=limits, ylim=y_limits, xlabel=f"Mean {name} per completion", ylabel="Accuracy")
    _scales.log_ticks(axes.xaxis, limits, most=4)
    _scales.accuracy_ticks(axes.yaxis, y_limits)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    dates = some_dates(table)
    for i, date in enumerate(dates):
        share = (i + 1) / len(dates)
        colour = INK if share == 1 else colormaps["Blues"](0.25 + 0.65 * share)
        stairs = _panel.staircase(table[table["as_of"] == date], limits[1], y_limits[0])
        axes.plot(*stairs.T, color=colour, linewidth=0.7 + 0.8 * share, zorder=2 + share)
        # Under the staircases there is room: the latest lowest, as the key of all.
        y = 0.05 + 1.1 * size * (len(dates) - 1 - i) / axes.bbox.height
        label = axes.text(0.98, y, date, size=0.8 * size, ha="right", transform=axes.transAxes, color=colour, zorder=6)
        label.set_bbox({"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.2})


def some_dates(frontier: pd.DataFrame) -> list[str]:
    """Return dates on which the frontier changed: at most :data:`MOST_DATES`, the first and the last among them."""
    changed, before = [], None
    for date, models in frontier.groupby("as_of")["model"]:
        if set(models) != before:
            changed.append(date)
        before = set(models)
    at = np.unique(np.linspace(0, len(changed) - 1, min(MOST_DATES, len(changed))).round().astype(int))
    return [changed[i] for i in at]


def draw_hypervolume(axes: Axes, hypervolume: pd.DataFrame, size: float) -> None:
    """Draw the hypervolume over time with its band.

    Parameters
    ----------
    hypervolume : table of trend.HYPERVOLUME
        Rows of one scope.
    size : float
        Base font size in points.
    """
    if hypervolume.empty:
        _panel.say(axes, "No model with a date to show")
        return
    dates = pd.to_datetime(hypervolume["as_of"])
    first, last = _scales.date_axis(axes.xaxis, dates, most=max(int(axes.bbox.width / (5.5 * size)), 2))
    known = hypervolume[["hypervolume", "hypervolume_low", "hypervolume_high"]].to_numpy(dtype=float)
    room = 0.08 * np.nanmax(known) + 1e-3
    limits = max(np.nanmin(known) - room, 0), np.nanmax(known) + room
    axes.set(xlim=(first, last), ylim=limits, ylabel="Decades of FLOPs")
    _scales.round_ticks(axes.yaxis, limits)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    x = np.append(axes.convert_xunits(dates), axes.get_xlim()[1])
    middle, low, high = (np.append(column, column[-1]) for column in known.T)
    axes.fill_between(x, low, high, step="post", color="#000000", alpha=0.1, linewidth=0)
    axes.step(x, middle, where="post", color=INK, linewidth=1.2)
