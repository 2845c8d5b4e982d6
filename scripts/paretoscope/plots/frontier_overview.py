"""The frontiers of all scopes side by side, as small multiples."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from ..frontier import AVERAGE
from . import _panel, _scales, _sheet, _style

FIGURE = "Compute-accuracy frontiers of all benchmarks"


def draw(points: pd.DataFrame, probabilities: pd.DataFrame, band: pd.DataFrame, style: dict) -> Figure:
    """Draw the frontier of every scope in a small panel; only frontier models are named.

    Parameters
    ----------
    points : table of frontier.FRONTIER
        All scopes: benchmarks, groups of them, the average.
    probabilities : table of uncertainty.PROBABILITIES
    band : table of uncertainty.BAND
    style : dict
        See :func:`paretoscope.plots.frontier.draw`.
    """
    style = _style.complete(style)
    points = _panel.with_chances(points, probabilities)
    band = band[band["cost"] == "flops"]
    size = style["font_size"]
    if points["scope"].nunique() == 2:
        # The average of one benchmark is that benchmark.
        points = points[points["scope"] != AVERAGE]
    scopes = [scope for _, scope in points.groupby("scope", sort=False)]
    columns = 1 if len(scopes) == 1 else 2
    rows = math.ceil(len(scopes) / columns)
    shown = points[points["left_out"].isna()]
    with _style.context(style):
        colour_of = _style.colours(points)
        panel_height = 0.4 * 72 * style["width_inches"]
        sheet = _sheet.sheet(
            style,
            _title(shown),
            f"Up and to the left is better; models on a frontier are named. {_panel.BAND} {_panel.CHANCES}",
            _style.legend(shown, colour_of),
            _panel.footnote(points, style),
            height=rows * panel_height + 1.2 * size,
        )
        cell = sheet.width / columns
        left, bottom, top = 4.8 * size, 2.2 * size, 2.0 * size
        unit = _scales.flops_unit(shown["total_flops_mean"]) if len(shown) else None
        for i, scope in enumerate(scopes):
            x = (i % columns) * cell
            y = sheet.height - (i // columns + 1) * panel_height
            axes = sheet.axes(x + left, y + bottom, cell - left - 0.8 * size, panel_height - bottom - top)
            name = _style.plain(scope["scope_name"].iloc[0])
            axes.set_title(name[:1].upper() + name[1:], loc="left", size=size, weight="bold")
            labels = "none" if style["labels"] == "none" else "frontier"
            its_band = band[band["scope"] == scope["scope"].iloc[0]]
            _panel.draw_frontier(axes, scope, its_band, colour_of, style, labels, unit, small=True)
            if i + columns < len(scopes):
                axes.set_xlabel("")
            if i % columns:
                axes.set_ylabel("")
    return sheet.figure


def _title(shown: pd.DataFrame) -> str:
    benchmarks = shown[(shown["scope"] != AVERAGE) & (shown["n_benchmarks"] == 1)]
    n = benchmarks["scope"].nunique()
    if n < 2 or shown["model"].nunique() < 2:
        return "Compute-accuracy frontiers"
    front = benchmarks[benchmarks["on_frontier"]].groupby("model")["scope"].nunique()
    always = int((front == n).sum())
    models = "model is" if always == 1 else "models are"
    every = "both" if n == 2 else f"all {n}"
    return f"{always} of {shown['model'].nunique()} {models} on the frontier of {every} benchmarks"
