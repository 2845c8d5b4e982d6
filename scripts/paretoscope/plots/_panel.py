"""One scope's frontier on one pair of axes, and the words that figures of the frontier share."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from . import _labels, _scales
from ._style import FAINT, GREY, INK, faded, marker, plain


def draw_frontier(
    axes: Axes,
    scope: pd.DataFrame,
    band: pd.DataFrame,
    colour_of: dict,
    style: dict,
    labels: str,
    unit: tuple[str, float] | None = None,
    small: bool = False,
    cost: str = "total_flops",
) -> None:
    """Draw one scope: attainment band, frontier, intervals, points, labels.

    Parameters
    ----------
    scope : table of frontier.FRONTIER
        Rows of one scope, as :func:`with_chances` returns them; without points it gets a sentence instead.
    band : table of uncertainty.BAND
        Rows of the same scope and cost.
    colour_of : dict of str to str
        See :func:`paretoscope.plots._style.colours`.
    labels : str
        all, frontier or none.
    unit : (str, float), optional
        Name and size of the unit of the cost; otherwise one of FLOPs that fits.
    small : bool
        Whether the panel is one of many: smaller points and names, more room for names to the left.
    cost : str
        What the column of the cost is called, before ``_mean``.
    """
    marker_size, label_size = (5.0, 0.72) if small else (7.0, 0.8)
    shown = scope[scope["left_out"].isna()]
    if shown.empty:
        say(axes, "No model has a result to show")
        return
    name, size = unit or _scales.flops_unit(shown[f"{cost}_mean"])
    points = shown.assign(x=shown[f"{cost}_mean"] / size, y=100 * shown["accuracy"])
    points["x_low"] = (points["cost_low"] / size).fillna(points["x"])
    points["x_high"] = (points["cost_high"] / size).fillna(points["x"])
    x_limits = _scales.log_limits(np.concatenate([points["x_low"], points["x_high"]]))
    if small:
        x_limits = x_limits[0] * (x_limits[0] / x_limits[1]) ** 0.25, x_limits[1]
    y_limits = _scales.accuracy_limits(points["accuracy_low"], points["accuracy_high"], headroom=0.07)
    axes.set(xscale="log", xlim=x_limits, ylim=y_limits, xlabel=f"Mean {name} per completion", ylabel="Accuracy")
    _scales.log_ticks(axes.xaxis, x_limits, most=max(int(axes.bbox.width / (5.5 * style["font_size"])), 3))
    _scales.accuracy_ticks(axes.yaxis, y_limits)
    axes.yaxis.set_label_coords(-3.9 * style["font_size"] / axes.bbox.width, 0.5)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    stairs = staircase(points[points["on_frontier"]], x_limits[1], y_limits[0])
    _draw_band(axes, band, size)
    axes.plot(*stairs.T, color=INK, linewidth=1.1, zorder=2.5)
    bars = []
    for row in points.to_dict("records"):
        colour = colour_of[row["model"]]
        low, high = 100 * row["accuracy_low"], 100 * row["accuracy_high"]
        bars += [
            np.array([(row["x"], low), (row["x"], high)]),
            np.array([(row["x_low"], row["y"]), (row["x_high"], row["y"])]),
        ]
        for bar in bars[-2:]:
            axes.plot(*bar.T, color=colour, alpha=0.6, linewidth=0.9, zorder=2, solid_capstyle="butt")
        look = marker(row, colour if row["is_likely"] else faded(colour), marker_size)
        axes.plot(row["x"], row["y"], zorder=5 if row["on_frontier"] else 3, **look)
    named = points if labels == "all" else points[points["on_frontier"]] if labels == "frontier" else points.iloc[:0]
    hidden = points.drop(named.index)
    _labels.place(
        axes,
        pd.concat([named, hidden])[["x", "y"]],
        [named_with_chance(row) for row in named.to_dict("records")],
        list(named["on_frontier"]),
        label_size * style["font_size"],
        # Twice, to weigh more: what a name covers of the frontier is missed more than a piece of a bar.
        [*bars, stairs, stairs],
        marker_size,
        # Where no probability is known, the frontier by the means is all there is.
        list(named["is_likely"] & (named["on_frontier"] | named["frontier_probability"].notna())),
    )


def _draw_band(axes: Axes, band: pd.DataFrame, size: float) -> None:
    """Shade where 95 % of the replicates have their frontier, at each cost."""
    low, high = 100 * band["accuracy_low"], 100 * band["accuracy_high"]
    axes.fill_between(band["cost_at"] / size, low, high, step="post", color="#000000", alpha=0.1, linewidth=0)


def with_chances(points: pd.DataFrame, probabilities: pd.DataFrame) -> pd.DataFrame:
    """Return points of a frontier with how sure they are.

    Parameters
    ----------
    points : table of frontier.FRONTIER or frontier.COST_FRONTIERS
    probabilities : table of uncertainty.PROBABILITIES
        Of FLOPs where points have no column ``cost``.

    Returns
    -------
    DataFrame
        With frontier_probability, cost_low and cost_high, empty for models that are left out, and ``is_likely``: the
        probability is a half or more, or not known.
    """
    keys = [key for key in ("cost", "scope", "model") if key in points]
    known = probabilities if "cost" in points else probabilities[probabilities["cost"] == "flops"]
    table = points.merge(known[[*keys, "frontier_probability", "cost_low", "cost_high"]], on=keys, how="left")
    return table.assign(is_likely=~(table["frontier_probability"] < 0.5))


def named_with_chance(row: dict) -> str:
    """Return a model's name, and how probably it is on the frontier where that is neither sure nor hardly possible."""
    chance = row["frontier_probability"]
    name = plain(row["model_name"])
    return f"{name} ({100 * chance:.0f} %)" if UNLIKELY <= chance < 1 - UNLIKELY else name


UNLIKELY = 0.05
"""Probabilities below this, and above one less this, need no mention."""

CHANCES = (
    f"In brackets: probability of being on the frontier, from {100 * UNLIKELY:g} to {100 - 100 * UNLIKELY:g} %; "
    f"surely: {100 - 100 * UNLIKELY:g} % or more; pale: under 50 %."
)
BAND = "Shaded: 95 % band of the frontier."


def staircase(front: pd.DataFrame, right: float, bottom: float) -> np.ndarray:
    """Return the corners of the best accuracy at each cost, from the axis up and on to the right edge: (n, 2)."""
    front = front.drop_duplicates(["x", "y"]).sort_values("x")
    x = np.append(np.repeat(front["x"].to_numpy(), 2), right)
    y = np.insert(np.repeat(front["y"].to_numpy(), 2), 0, bottom)
    return np.column_stack([x, y])


def say(axes: Axes, sentence: str) -> None:
    """Put a sentence in place of a plot that has nothing to show."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center", color=GREY)


def finding(scope: pd.DataFrame) -> str:
    """Return the frontier of one scope in one sentence."""
    shown = scope[scope["left_out"].isna()]
    front = shown[shown["on_frontier"]]
    if shown.empty:
        return "No model to compare"
    where = plain(scope["scope_name"].iloc[0])
    if len(shown) == 1:
        return f"{plain(front['model_name'].iloc[0])} is the only model: {where}"
    if shown["accuracy"].max() == 0:
        return f"No model has a correct completion: {where}"
    if len(front) == 1:
        return f"{plain(front['model_name'].iloc[0])} is the cheapest and the most accurate: {where}"
    sure = (front["frontier_probability"] >= 1 - UNLIKELY).sum() if "frontier_probability" in front else len(front)
    surely = "" if sure == len(front) else f", {sure or 'none'} of them surely"
    return f"{len(front)} of {len(shown)} models are on the compute-accuracy frontier{surely}: {where}"


def counts(table: pd.DataFrame) -> str:
    """Return the numbers of items and of completions per item behind the rows of a table, as ranges where they vary."""
    if table.empty:
        return "No items"
    items = _range(table["n_items"])
    samples = _range((table["n_completions"] / table["n_items"]).round(1))
    return f"{items} item{'s' if items != '1' else ''}, {samples} completion{'s' if samples != '1' else ''} each"


def footnote(points: pd.DataFrame, style: dict) -> str:
    """Return what stands below a frontier: study, numbers, what the bars are, and the models that are left out."""
    shown = points[points["left_out"].isna()]
    bars = "Thin bars: 95 % intervals over items (Wilson for accuracy, bootstrap for the cost)."
    return f"{style['study']}. {counts(shown)}. {bars} {left_out(points)}"


def _range(values: pd.Series) -> str:
    low, high = (f"{value:,.10g}" for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


NUMBER = r"[0-9]+(?:\.[0-9]+)?"


def ranged(texts: list[str]) -> str:
    """Return texts that differ in their numbers alone as one, with the range of each number."""
    numbers = zip(*(re.findall(NUMBER, text) for text in texts), strict=True)
    ends = ((min(each, key=float), max(each, key=float)) for each in numbers)
    ranges = iter([low if low == high else f"{low} to {high}" for low, high in ends])
    return re.sub(NUMBER, lambda _: next(ranges), texts[0])


def left_out(table: pd.DataFrame, most: int = 4) -> str:
    """Return the models that are left out, with the reason; '' where there are none."""
    missing = table[table["left_out"].notna()].drop_duplicates("model")
    if missing.empty:
        return ""
    parts = [
        f"{plain(row['model_name'])} ({plain(row['left_out'], 100)})" for row in missing.head(most).to_dict("records")
    ]
    more = f" and {len(missing) - most} more" if len(missing) > most else ""
    return f"Left out: {', '.join(parts)}{more}."
