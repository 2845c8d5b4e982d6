"""Accuracy within a budget of tokens or FLOPs, one panel per model, with the budget from which on more hardly pays."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ..saturation.tables import FORCED, STOPPED
from . import _panel, _scales, _sheet, _style
from ._style import FAINT, GREY, INK, PALETTE, plain

FIGURE = "Accuracy within a budget"

AXES = {
    "tokens": ("budget_tokens", "saturation_tokens", "completion_tokens_mean"),
    "flops": ("budget_flops", "saturation_flops", "total_flops_mean"),
}
"""Columns of each axis: the curves' budget, the fits' saturation point, what votes cost."""

IDENTIFIED = "identified"
_DASHES = ("solid", (0, (5, 1.5)), (0, (2.5, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))


def draw(curves: pd.DataFrame, fits: pd.DataFrame, votes: pd.DataFrame, axis: str, style: dict) -> Figure:
    """Draw accuracy against budget, a panel per model and a curve per benchmark, all on the same axes.

    Parameters
    ----------
    curves : table of saturation.CURVES
    fits : table of saturation.FITS
    votes : table of saturation.VOTES
    axis : str
        One of :data:`AXES`.
    style : dict
        See :func:`paretoscope.plots.frontier.draw`.
    """
    style = _style.complete(style)
    size = style["font_size"]
    budget, *_ = AXES[axis]
    curves = curves[curves[budget].notna() & (curves[budget] > 0)]
    votes = votes[(votes["k"] > 1) & votes["accuracy"].notna()]
    models = [model for _, model in curves.groupby("model", sort=False)]
    columns = min(max(len(models), 1), 3 if len(models) in (5, 6, 9) else 4)
    rows = max(math.ceil(len(models) / columns), 1)
    with _style.context(style):
        left, gap, bottom, top = 4.4 * size, 1.6 * size, 1.9 * size, 1.8 * size
        width = (72 * style["width_inches"] - 2 * _sheet.MARGIN - left - (columns - 1) * gap - 1.6 * size) / columns
        height = min(0.8 * width, 0.36 * 72 * style["width_inches"])
        looks = _looks(curves)
        sheet = _sheet.sheet(
            style,
            _title(fits),
            _subtitle(fits),
            _legend(curves, votes, looks),
            f"{style['study']}. {_panel.counts(curves)}. A completion counts if it is correct and no longer than the "
            f"budget. Thin bars: 95 % intervals. {_reasons(fits)}",
            height=rows * (height + bottom + top) + 1.6 * size,
        )
        if not models:
            _panel.say(sheet.axes(0, 0, sheet.width, sheet.height), "No completions with known lengths to show")
            return sheet.figure
        scale = _Scale(curves, axis)
        for i, model in enumerate(models):
            x = left + (i % columns) * (width + gap)
            y = sheet.height - (i // columns + 1) * (height + bottom + top) + bottom
            axes = sheet.axes(x, y, width, height)
            name = model["model"].iloc[0]
            _frame(axes, model["model_name"].iloc[0], scale, style, first=i % columns == 0)
            if i + columns >= len(models):
                axes.set_xlabel(scale.label, size=0.9 * size)
            _draw_model(axes, model, fits[fits["model"] == name], votes[votes["model"] == name], scale, looks)
    return sheet.figure


class _Scale:
    """What all panels share: columns, unit, limits and name of the budget's axis."""

    def __init__(self, curves: pd.DataFrame, axis: str):
        self.budget, self.point, self.cost = AXES[axis]
        self.whole = axis == "tokens"
        name, self.unit = ("tokens", 1.0) if self.whole else _scales.flops_unit(curves[self.budget])
        self.label = "Tokens allowed" if self.whole else f"{name} allowed"
        # The stretch where no answer fits yet says nothing.
        right = curves[curves["accuracy"] > 0]
        values = (right if len(right) else curves)[self.budget] / self.unit
        low = values.min() / 1.5
        self.limits = low, max(1.3 * values.max(), 12 * low)
        self.accuracy = _scales.accuracy_limits([0.0], curves["accuracy_high"].fillna(curves["accuracy"]))


def _frame(axes: Axes, name, scale: _Scale, style: dict, first: bool) -> None:
    size = style["font_size"]
    axes.set(xscale="log", xlim=scale.limits, ylim=scale.accuracy)
    most = max(int(axes.bbox.width / (3.6 * size)), 2)
    _scales.log_ticks(axes.xaxis, scale.limits, most=most, whole=scale.whole)
    if scale.whole:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tokens(value)))
    _scales.accuracy_ticks(axes.yaxis, scale.accuracy)
    axes.tick_params(labelsize=0.8 * size, labelleft=first)
    axes.grid(color=FAINT, linewidth=0.4)
    if first:
        axes.set_ylabel("Accuracy", size=0.9 * size)
    if style["labels"] != "none":
        title = _sheet.cut(plain(name), 0.9 * size, axes.bbox.width + 0.5 * size, "bold")
        axes.set_title(title, loc="left", size=0.9 * size, weight="bold", pad=0.4 * size)


def tokens(value: float) -> str:
    """Return a short number of tokens: 512, 1.5k, 16k (a k is 1,024)."""
    return f"{value:g}" if value < 1024 else f"{value / 1024:g}k"


def _draw_model(axes: Axes, curves: pd.DataFrame, fits: pd.DataFrame, votes: pd.DataFrame, scale, looks) -> None:
    for (benchmark, source), curve in curves.groupby(["benchmark", "source"], sort=False):
        colour, dash = looks[benchmark]
        x, y = curve[scale.budget].to_numpy(dtype=float) / scale.unit, 100 * curve["accuracy"].to_numpy()
        if source == FORCED:
            axes.plot(x, y, color=colour, marker="s", markersize=2.5, linewidth=0.7, linestyle=dash, zorder=3)
            continue
        axes.plot(x, y, color=colour, linewidth=1.3, linestyle=dash, zorder=3)
        low, high = 100 * curve["accuracy_low"].iloc[-1], 100 * curve["accuracy_high"].iloc[-1]
        axes.plot([x[-1]] * 2, [low, high], color=colour, linewidth=0.8, alpha=0.6, zorder=2)
        fit = fits[(fits["benchmark"] == benchmark) & (fits["source"] == source)]
        if len(fit):
            _draw_fit(axes, fit.iloc[0], (x, y), colour, scale)
    for benchmark, vote in votes.groupby("benchmark", sort=False):
        x, y = vote[scale.cost] / scale.unit, 100 * vote["accuracy"]
        axes.plot(x, y, color=looks[benchmark][0], marker="x", markersize=4, linewidth=0.6, zorder=4)


def _draw_fit(axes: Axes, fit: pd.Series, curve: tuple, colour: str, scale: _Scale) -> None:
    """Draw the saturation point with its interval and the ceiling, or an open end where they aren't identified."""
    x, y = curve
    point = {"marker": "o", "markersize": 4.5, "markeredgecolor": colour, "markeredgewidth": 0.9, "zorder": 5}
    if fit["status"] != IDENTIFIED or pd.isna(fit[scale.point]):
        axes.plot(x[-1], y[-1], markerfacecolor="white", clip_on=False, **point)
        return
    ceiling = 100 * fit["ceiling"]
    low, at, high = (fit[f"{scale.point}{end}"] / scale.unit for end in ("_low", "", "_high"))
    axes.plot([low, high], [ceiling, ceiling], color=colour, linewidth=3.2, alpha=0.45, zorder=4, solid_capstyle="butt")
    axes.plot(at, ceiling, markerfacecolor=colour, **point)
    axes.plot([at, scale.limits[1]], [ceiling, ceiling], color=INK, linewidth=0.6, linestyle=(0, (1, 1.5)), zorder=2.5)


def _looks(curves: pd.DataFrame) -> dict:
    """Return colour and line style of each benchmark."""
    names = curves["benchmark"].drop_duplicates()
    return {name: (PALETTE[i % len(PALETTE)], _DASHES[i % len(_DASHES)]) for i, name in enumerate(names)}


def _legend(curves: pd.DataFrame, votes: pd.DataFrame, looks: dict) -> list:
    if curves.empty:
        return []
    shown = curves.drop_duplicates("benchmark")
    patch = {"marker": "s", "markersize": 6, "linestyle": "none"}
    entries = [
        (patch | {"color": looks[benchmark][0]}, plain(name))
        for benchmark, name in zip(shown["benchmark"], shown["benchmark_name"], strict=True)
    ]
    point = {"marker": "o", "markersize": 5, "markeredgecolor": GREY, "linestyle": "none"}
    entries += [
        (point | {"markerfacecolor": GREY}, "saturation point, 95 % interval"),
        (point | {"markerfacecolor": "white"}, "not identified"),
    ]
    if (curves["source"] == FORCED).any():
        entries.append((patch | {"markersize": 3, "color": GREY}, "forced answers"))
    if len(votes):
        entries.append((patch | {"marker": "x", "markersize": 4, "color": GREY}, "majority votes"))
    return entries


def _title(fits: pd.DataFrame) -> str:
    rows = fits[fits["source"] == STOPPED]
    if rows.empty:
        return "Where more thinking stops paying"
    known = int((rows["status"] == IDENTIFIED).sum())
    return f"Where thinking stops paying: identified in {known} of {len(rows)} cases"


def _subtitle(fits: pd.DataFrame) -> str:
    gain = fits["gain_points"].iloc[0] if len(fits) else 1
    points = f"{gain:g} point{'s' if gain != 1 else ''}"
    return f"From the saturation point on, doubling the budget gains less than {points}. Dotted: the fitted ceiling."


def _reasons(fits: pd.DataFrame, most: int = 2) -> str:
    """Return why points aren't identified, most often."""
    status = fits.loc[fits["source"] == STOPPED, "status"]
    unknown = status[status != IDENTIFIED].str.removeprefix("not identified: ")
    if unknown.empty:
        return ""
    # Numbers differ from cell to cell, the reason doesn't.
    groups = sorted(
        (alike for _, alike in unknown.groupby(unknown.str.replace(_panel.NUMBER, "", regex=True))), key=len
    )
    parts = [f"{plain(_panel.ranged(list(alike)), 80)} ({len(alike)})" for alike in groups[::-1][:most]]
    return f"Not identified, most often since: {'; '.join(parts)}."
