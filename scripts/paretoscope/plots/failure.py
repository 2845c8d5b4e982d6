"""What failing costs, a row per model: the compute that it takes, its price against success, a correct answer's."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import _panel, _scales, _sheet, _style
from ._style import FAINT, GREY, INK, plain

FIGURE = "Cost of failure"

COST, AVERAGE = "flops", "average"
"""Rows of the table that are drawn."""

_OUTCOMES = {
    "stopped": ("#BDD7E7", "ended by itself"),
    "truncated": ("#6BAED6", "cut by the token limit"),
    "looping": ("#D95F0E", "repeated itself"),
    "undecided": ("#E3E3E3", "grader can't tell"),
}
_TITLES = ("Share of FLOPs on wrong answers", "FLOPs of a wrong over a right one", "FLOPs per correct answer")


def draw(cells: pd.DataFrame, style: dict) -> Figure:
    """Draw the models, from the cheapest correct answer down, with three panels beside their names.

    Parameters
    ----------
    cells : table of failure.CELLS
        The rows of one cost, FLOPs, and one scope.
    style : dict
        See :func:`paretoscope.plots.frontier.draw`.
    """
    style = _style.complete(style)
    size = style["font_size"]
    shown = cells[cells["left_out"].isna()].sort_values("per_correct", kind="stable").reset_index(drop=True)
    with _style.context(style):
        row_height = 1.75 * size
        sheet = _sheet.sheet(
            style,
            _title(shown),
            "" if shown.empty else "Cheapest correct answer at the top.",
            _legend(shown),
            f"{style['study']}. {_panel.counts(shown)}, mean over benchmarks. Bars: 95 % intervals (bootstrap over items). "
            f"{_missing(shown, 'ratio', '')} {_missing(shown, 'ratio_within', ' within items')} {_panel.left_out(cells)}",
            height=max(len(shown), 4) * row_height + 7.5 * size,
        )
        if shown.empty:
            _panel.say(sheet.axes(0, 0, sheet.width, sheet.height), "No model has a cost to show")
            return sheet.figure
        names = max(_sheet.text_width(plain(name), size) for name in shown["model_name"]) + 1.2 * size
        gap = 2.0 * size
        width = (sheet.width - names - 2 * gap - 1.5 * size) / 3
        panels = [sheet.axes(names + i * (width + gap), 3.6 * size, width, sheet.height - 6.6 * size) for i in range(3)]
        for panel, title in zip(panels, _TITLES, strict=True):
            _rows(panel, title, len(shown), size)
        panels[0].set_yticks(range(len(shown)), [plain(name) for name in shown["model_name"]])
        panels[0].tick_params(axis="y", length=0, labelsize=size)
        _draw_shares(panels[0], shown, size)
        _draw_ratios(panels[1], shown, size)
        _draw_prices(panels[2], shown, size)
    return sheet.figure


def _rows(axes: Axes, title: str, n: int, size: float) -> None:
    axes.set(ylim=(max(n, 4) - 0.4, -0.6), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    lines = _sheet.wrap(title, size, axes.bbox.width, "bold")
    axes.set_title("\n".join(lines), loc="left", size=size, weight="bold")


def _draw_shares(axes: Axes, shown: pd.DataFrame, size: float) -> None:
    rows = np.arange(len(shown))
    left = np.zeros(len(shown))
    for outcome, (colour, _) in _OUTCOMES.items():
        share = 100 * shown[f"{outcome}_share"].fillna(0).to_numpy()
        axes.barh(rows, share, left=left, height=0.62, color=colour, linewidth=0, zorder=2)
        left += share
    _intervals(axes, rows, 100 * shown["wrong_share_low"], 100 * shown["wrong_share_high"], INK)
    axes.set(xlim=(0, 102), xlabel="%")
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "", "50", "", "100"])


def _draw_ratios(axes: Axes, shown: pd.DataFrame, size: float) -> None:
    rows = np.arange(len(shown))
    columns = [f"{name}{end}" for name in ("ratio", "ratio_within") for end in ("", "_low", "_high")]
    values = shown[columns].to_numpy(dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    limits = _scales.log_limits(np.append(values, 1.0), least_decades=0.8)
    axes.set(xscale="log", xlim=limits)
    _scales.log_ticks(axes.xaxis, limits, most=4)
    axes.axvline(1, color=GREY, linewidth=0.8, zorder=1)
    apart = 0.14 if shown["ratio_within"].notna().any() else 0.0
    for name, shift, face in (("ratio", -apart, INK), ("ratio_within", apart, "white")):
        # A ratio without an interval says nothing.
        known = shown[[name, f"{name}_low", f"{name}_high"]].notna().all(axis=1).to_numpy()
        _intervals(axes, rows + shift, shown[f"{name}_low"], shown[f"{name}_high"], GREY)
        look = {"marker": "o", "markersize": 0.5 * size, "markerfacecolor": face, "markeredgecolor": INK}
        axes.plot(shown[name][known], (rows + shift)[known], linestyle="none", zorder=3, **look)
    axes.set_xlabel("times as many")


def _draw_prices(axes: Axes, shown: pd.DataFrame, size: float) -> None:
    finite = shown[np.isfinite(shown["per_correct"].astype(float))]
    if finite.empty:
        _panel.say(axes, "No answer is correct")
        return
    name, unit = _scales.flops_unit(finite["per_correct"])
    highs = finite["per_correct_high"].where(np.isfinite(finite["per_correct_high"]), finite["per_correct"])
    limits = _scales.log_limits(np.concatenate([finite["per_correct_low"], highs]) / unit)
    axes.set(xscale="log", xlim=limits, xlabel=name)
    _scales.log_ticks(axes.xaxis, limits, most=4)
    # An upper end that is infinite, since some resample has no correct answer, runs off the panel.
    _intervals(
        axes, finite.index, finite["per_correct_low"] / unit, finite["per_correct_high"] / unit, GREY, end=limits[1]
    )
    look = {"marker": "o", "markersize": 0.5 * size, "color": INK, "linestyle": "none"}
    axes.plot(finite["per_correct"] / unit, finite.index, zorder=3, **look)


def _intervals(axes: Axes, rows, low, high, colour: str, end: float = np.inf) -> None:
    for place, one, other in zip(rows, low, np.minimum(high, end), strict=True):
        if pd.notna(one) and pd.notna(other):
            axes.plot([one, other], [place, place], color=colour, linewidth=0.9, zorder=2.5, solid_capstyle="butt")


def _legend(shown: pd.DataFrame) -> list:
    if shown.empty:
        return []
    patch = {"marker": "s", "markersize": 6, "linestyle": "none"}
    entries = [
        (patch | {"color": colour}, text)
        for outcome, (colour, text) in _OUTCOMES.items()
        if (shown[f"{outcome}_share"] > 0).any()
    ]
    point = {"marker": "o", "markersize": 5, "markeredgecolor": INK, "linestyle": "none"}
    if shown["ratio_within"].notna().any():
        entries.append((point | {"markerfacecolor": INK}, "over all items"))
        entries.append((point | {"markerfacecolor": "white"}, "within items"))
    return entries


def _missing(shown: pd.DataFrame, name: str, kind: str) -> str:
    """Return how many models have no ratio of a kind, and the commonest reason; '' where all have one."""
    missing = shown[shown[name].isna()]
    if missing.empty:
        return ""
    notes = missing[f"{name}_note"].dropna().str.removeprefix("not identified: ")
    alike = [list(group) for _, group in notes.groupby(notes.str.replace(_panel.NUMBER, "", regex=True))]
    reason = _panel.ranged(max(alike, key=len)) if alike else "nothing to compare"
    return f"No ratio{kind} for {len(missing)} of {len(shown)} models ({plain(reason, 100)})."


def _title(shown: pd.DataFrame) -> str:
    if shown.empty or not np.isfinite(shown["per_correct"].astype(float)).any():
        return "Cost of failure"
    low, high = (f"{100 * value:.0f}" for value in (shown["wrong_share"].min(), shown["wrong_share"].max()))
    spent = f"{low} %" if low == high else f"{low} to {high} %"
    best = shown.iloc[0]
    about = [f"{100 * best['accuracy']:.0f} % right"]
    if len(shown) > 1 and pd.notna(best["p_cheapest"]):
        about.append(f"{_percent(best['p_cheapest'])} sure")
    price = f"{plain(best['model_name'])} has the cheapest correct one ({', '.join(about)})"
    return f"{spent} of the FLOPs go into wrong answers; {price}"


def _percent(probability: float) -> str:
    """Return a share of replicates in words; that none of them disagrees doesn't make it certain."""
    return "> 99.9 %" if probability >= 0.999 else f"{100 * probability:.0f} %"
