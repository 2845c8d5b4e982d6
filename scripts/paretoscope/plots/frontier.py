"""Compute against accuracy of one scope, with the Pareto frontier as a staircase, and how sure it is."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from . import _panel, _sheet, _style

FIGURE = "Compute-accuracy frontier"


def draw(points: pd.DataFrame, probabilities: pd.DataFrame, band: pd.DataFrame, style: dict) -> Figure:
    """Draw the frontier of one scope.

    Parameters
    ----------
    points : table of frontier.FRONTIER
        The rows of one scope, those left out included.
    probabilities : table of uncertainty.PROBABILITIES
    band : table of uncertainty.BAND
    style : dict
        ``study`` (name to show), ``width_inches``, ``font_size``, ``font_family``, ``labels`` (all, frontier or none).
    """
    style = _style.complete(style)
    points = _panel.with_chances(points, probabilities)
    band = band[(band["cost"] == "flops") & band["scope"].isin(points["scope"])]
    size = style["font_size"]
    shown = points[points["left_out"].isna()]
    with _style.context(style):
        colour_of = _style.colours(points)
        sheet = _sheet.sheet(
            style,
            _panel.finding(points),
            f"Up and to the left is better. {_panel.BAND} {_panel.CHANCES}",
            _style.legend(shown, colour_of),
            _panel.footnote(points, style),
            height=min(0.62 * 72 * style["width_inches"], 420),
        )
        left, bottom = 4.8 * size, 3.4 * size
        axes = sheet.axes(left, bottom, sheet.width - left, sheet.height - bottom)
        _panel.draw_frontier(axes, points, band, colour_of, style, style["labels"])
    return sheet.figure
