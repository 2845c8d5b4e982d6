"""Accuracy within a completion-token budget, one panel per benchmark, with the budget that is enough."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..saturation.tables import STOPPED
from . import _labels, _panel, _scales, _sheet, _style

FIGURE = "Accuracy within a token budget"

_BANDS_UP_TO = 6
"""More curves than this in a panel get bars at their ends, as bands would hide each other."""
_LEADER = "#B3B3B3"
_DASHES = ("solid", (0, (5, 1.5)), (0, (2.5, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))


def draw(curves: pd.DataFrame, budgets: pd.DataFrame, style: dict) -> Figure:
    """Draw accuracy against token budget for every model, a panel per benchmark.

    Parameters
    ----------
    curves : table of saturation.CURVES
        Those of forced answers are left out.
    budgets : table of saturation.BUDGETS
    style : dict
        See :func:`paretoscope.plots.frontier.draw`.
    """
    style = _style.complete(style)
    curves = curves[curves["source"] == STOPPED]
    size = style["font_size"]
    panels = [panel for _, panel in curves.groupby("benchmark", sort=False)]
    most = max((panel["model"].nunique() for panel in panels), default=1)
    bottom, top, name_size = 3.0 * size, 2.4 * size, 0.8 * size
    panel_height = max(0.28 * 72 * style["width_inches"], 1.2 * name_size * most) + bottom + top
    with _style.context(style):
        colour_of = _style.colours(curves) if len(curves) else {}
        dash_of = _dashes(curves)
        sheet = _sheet.sheet(
            style,
            _title(budgets),
            _subtitle(budgets),
            _legend(curves, colour_of),
            f"{style['study']}. {_panel.counts(curves)}. A completion counts if it is correct and no longer than the "
            f"budget. {'Bands' if most <= _BANDS_UP_TO else 'Bars at the ends'}: 95 % intervals over items (Wilson).",
            height=max(1, len(panels)) * panel_height,
        )
        names = [_style.plain(name) for name in curves["model_name"].unique()] if style["labels"] != "none" else []
        right = max((_sheet.text_width(name, name_size) for name in names), default=0) + 16
        left = 4.8 * size
        for i, panel in enumerate(panels):
            y = sheet.height - (i + 1) * panel_height
            axes = sheet.axes(left, y + bottom, sheet.width - left - right, panel_height - bottom - top)
            axes.set_title(_style.plain(panel["benchmark_name"].iloc[0]), loc="left", size=size, weight="bold")
            enough = budgets[budgets["benchmark"] == panel["benchmark"].iloc[0]].set_index("model")
            _draw_panel(axes, panel, enough, colour_of, dash_of, most <= _BANDS_UP_TO, size)
            if names:
                _name_ends(axes, panel, name_size)
        if not panels:
            _panel.say(sheet.axes(0, 0, sheet.width, sheet.height), "No completions with known lengths to show")
    return sheet.figure


def _draw_panel(
    axes: Axes, panel: pd.DataFrame, enough, colour_of: dict, dash_of: dict, bands: bool, size: float
) -> None:
    # The stretch where no answer fits yet says nothing.
    best = panel.groupby("budget_tokens")["accuracy"].max()
    first = best.index[max(int((best.cummax() == 0).sum()) - 1, 0)] if best.max() > 0 else best.index[0]
    limits = first, max(panel["budget_tokens"].max(), 2 * first) * 1.02
    y_limits = _scales.accuracy_limits(panel["accuracy"], panel["accuracy_high"])
    axes.set(xscale="log", xlim=limits, ylim=y_limits, xlabel="Completion tokens allowed", ylabel="Accuracy")
    _scales.log_ticks(axes.xaxis, limits, most=int(axes.bbox.width / (4.5 * size)), whole=True)
    _scales.accuracy_ticks(axes.yaxis, y_limits)
    axes.yaxis.set_label_coords(-3.9 * size / axes.bbox.width, 0.5)
    axes.grid(color=_style.FAINT, linewidth=0.4)
    for model, curve in panel.groupby("model", sort=False):
        colour = colour_of[model]
        x, y = curve["budget_tokens"], 100 * curve["accuracy"]
        low, high = 100 * curve["accuracy_low"], 100 * curve["accuracy_high"]
        axes.plot(x, y, color=colour, linewidth=1.3 if bands else 1.0, linestyle=dash_of[model], zorder=3)
        if bands:
            axes.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
        else:
            axes.plot([x.iloc[-1]] * 2, [low.iloc[-1], high.iloc[-1]], color=colour, linewidth=0.9, alpha=0.45)
        row = enough.loc[model]
        if pd.notna(row["saturation_budget_tokens"]):
            spot = row["saturation_budget_tokens"], 100 * row["accuracy_at_budget"]
            axes.plot(*spot, zorder=5, clip_on=False, **_style.marker(row, colour, 5.0))


def _name_ends(axes: Axes, panel: pd.DataFrame, size: float) -> None:
    """Name the curves to the right of the panel, each joined to its end."""
    ends = panel.groupby("model", sort=False).tail(1)
    spots = axes.transData.transform(ends[["budget_tokens", "accuracy"]].to_numpy(dtype=float) * [1, 100])
    heights = _labels.spread(spots[:, 1], 1.2 * size, axes.bbox.y0, axes.bbox.y1 + size)
    edge = axes.bbox.x1
    to_axes = axes.transAxes.inverted().transform
    for (x, y), height, name in zip(spots, heights, ends["model_name"], strict=True):
        path = to_axes([(x, y), (edge + 2, y), (edge + 9, height)])
        axes.plot(*path.T, transform=axes.transAxes, color=_LEADER, linewidth=0.5, clip_on=False, zorder=1)
        axes.text(
            *to_axes((edge + 11, height)), _style.plain(name), transform=axes.transAxes, size=size, va="center_baseline"
        )


def _dashes(curves: pd.DataFrame) -> dict:
    """Return a line style per model, different within a family."""
    models = curves.drop_duplicates("model")
    rank = models.groupby("family").cumcount()
    return {model: _DASHES[i % len(_DASHES)] for model, i in zip(models["model"], rank, strict=True)}


def _legend(curves: pd.DataFrame, colour_of: dict) -> list:
    return _style.legend(curves, colour_of)


def _title(budgets: pd.DataFrame) -> str:
    missing = int(budgets["saturation_budget_tokens"].isna().sum())
    if budgets.empty or not missing:
        return "How many tokens each model needs for its accuracy"
    return f"More tokens would still pay, or none did, in {missing} of {len(budgets)} model-benchmark pairs"


def _subtitle(budgets: pd.DataFrame) -> str:
    gain = budgets["gain_points"].iloc[0] if len(budgets) else 1
    points = f"{gain:g} point{'s' if gain != 1 else ''}"
    return (
        f"Marker: from this budget on, a doubling gains less than {points}. No marker: not reached, or nothing correct."
    )
