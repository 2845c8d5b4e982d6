"""The frontier by every cost that was measured, side by side: FLOPs, tokens, time, energy, money."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from . import _panel, _scales, _sheet, _style

FIGURE = "Frontiers by measured cost"


def draw(
    points: pd.DataFrame, axes: pd.DataFrame, probabilities: pd.DataFrame, band: pd.DataFrame, style: dict
) -> Figure:
    """Draw the frontier of one scope by each cost in a small panel; only frontier models are named.

    Parameters
    ----------
    points : table of frontier.COST_FRONTIERS
        The rows of one scope.
    axes : table of frontier.COST_AXES
        Costs without a frontier are named below the panels, with the reason.
    probabilities : table of uncertainty.PROBABILITIES
    band : table of uncertainty.BAND
    style : dict
        See :func:`paretoscope.plots.frontier.draw`.
    """
    style = _style.complete(style)
    points = _panel.with_chances(points, probabilities)
    band = band[band["scope"].isin(points["scope"])]
    size = style["font_size"]
    drawn = axes[axes["left_out"].isna() | (axes["left_out"] == "")]
    columns = 1 if len(drawn) < 2 else 2
    rows = max(math.ceil(len(drawn) / columns), 1)
    shown = points[points["left_out"].isna()]
    with _style.context(style):
        colour_of = _style.colours(points)
        panel_height = 0.4 * 72 * style["width_inches"]
        sheet = _sheet.sheet(
            style,
            _title(shown),
            f"Up and to the left is better; models on a frontier are named. {_panel.BAND} {_panel.CHANCES}",
            _style.legend(shown, colour_of),
            f"{_panel.footnote(points, style)} {_devices(drawn)} {_not_drawn(axes)}",
            height=rows * panel_height + 1.2 * size,
        )
        cell = sheet.width / columns
        left, bottom, top = 4.8 * size, 3.6 * size, 2.0 * size
        for i, cost in enumerate(drawn.to_dict("records")):
            x, y = (i % columns) * cell, sheet.height - (i // columns + 1) * panel_height
            panel = sheet.axes(x + left, y + bottom, cell - left - 0.8 * size, panel_height - bottom - top)
            panel.set_title(cost["name"][:1].upper() + cost["name"][1:], loc="left", size=size, weight="bold")
            scope = points[points["cost"] == cost["cost"]]
            values = scope["cost_mean"].dropna()
            unit = _scales.cost_unit(values, _text(cost["unit"])) if len(values) else None
            labels = "none" if style["labels"] == "none" else "frontier"
            its_band = band[band["cost"] == cost["cost"]]
            _panel.draw_frontier(panel, scope, its_band, colour_of, style, labels, unit, small=True, cost="cost")
            if i % columns:
                panel.set_ylabel("")
    return sheet.figure


def _text(value) -> str:
    """Return a text of a table, in which the empty one may have become a gap."""
    return "" if pd.isna(value) else str(value)


def _devices(drawn: pd.DataFrame) -> str:
    devices = dict.fromkeys(filter(None, (_style.plain(_text(device)) for device in drawn["device"])))
    return f"Measured on {'; '.join(devices)}." if devices else ""


def _not_drawn(axes: pd.DataFrame) -> str:
    missing = axes[axes["left_out"].map(_text) != ""]
    parts = [f"{'; '.join(rows['name'])} ({reason})" for reason, rows in missing.groupby("left_out", sort=False)]
    return f"Not drawn: {'. '.join(parts)}." if parts else ""


def _title(shown: pd.DataFrame) -> str:
    costs = shown["cost"].nunique()
    if costs < 2 or shown["model"].nunique() < 2:
        return "Frontiers by measured cost"
    front = shown[shown["on_frontier"]].groupby("model")["cost"].nunique()
    models = shown["model"].nunique()
    every = "both" if costs == 2 else f"all {costs}"
    verb = "is" if (front == costs).sum() == 1 else "are"
    return f"{(front == costs).sum()} of {models} models {verb} on the frontier by {every} costs, {len(front)} by any"
