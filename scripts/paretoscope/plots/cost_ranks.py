"""Where FLOPs and measured time rank models differently: a line per model from one place to the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import _panel, _sheet, _style
from ._style import FAINT, GREY, INK, plain

FIGURE = "Ranks by FLOPs and by time"

TIMES = {"gpu_seconds": "GPU-seconds", "seconds": "wall seconds"}


def draw(ranks: pd.DataFrame, axes: pd.DataFrame, style: dict) -> Figure:
    """Draw the models' places by FLOPs on the left, by time on the right.

    Parameters
    ----------
    ranks : table of frontier.RANKS
        Without rows, a sentence says that no time was measured.
    axes : table of frontier.COST_AXES
        Names the device.
    style : dict
        See :func:`paretoscope.plots.frontier.draw`.
    """
    style = _style.complete(style)
    size = style["font_size"]
    with _style.context(style):
        sheet = _sheet.sheet(
            style,
            _title(ranks),
            ""
            if ranks.empty
            else "Cheapest and fastest at the top. Black names: moved by a fifth of the places or more.",
            _style.legend(ranks, _style.colours(ranks)) if len(ranks) else [],
            f"{style['study']}. Mean per completion, every benchmark counting the same. {_device(ranks, axes)}",
            height=max(1.7 * size * len(ranks), 12 * size) + 3 * size,
        )
        titles = [_sheet.text_width(f"by {title}", size, "bold") for title in TIMES.values()]
        widths = [_sheet.text_width(plain(name), size) + 3.5 * size for name in ranks["model_name"]]
        names = max(titles + widths)
        panel = sheet.axes(names, 0.5 * size, sheet.width - 2 * names, sheet.height - 2.5 * size)
        if ranks.empty:
            _panel.say(panel, "No time was measured for models that have FLOPs on all benchmarks")
        else:
            _draw_lines(panel, ranks, style)
    return sheet.figure


def discordant_pairs(ranks: pd.DataFrame) -> tuple[int, int]:
    """Return how many pairs of models the two costs order differently, and how many pairs there are; ties agree."""
    flops, time = (ranks[name].to_numpy(dtype=int) for name in ("flops_rank", "time_rank"))
    signs = np.sign(np.subtract.outer(flops, flops)) * np.sign(np.subtract.outer(time, time))
    return int((signs < 0).sum()) // 2, len(ranks) * (len(ranks) - 1) // 2


def _title(ranks: pd.DataFrame) -> str:
    if ranks.empty:
        return "No ranks by time: none was measured"
    if len(ranks) < 2:
        return "Ranks by FLOPs and by time"
    swapped, pairs = discordant_pairs(ranks)
    return (
        f"{swapped} of {pairs} pairs of models are ordered differently by FLOPs and by {TIMES[ranks['time'].iloc[0]]}"
    )


def _device(ranks: pd.DataFrame, axes: pd.DataFrame) -> str:
    if ranks.empty:
        times = axes[axes["cost"].isin(TIMES) & (axes["left_out"].fillna("") != "")]
        return " ".join(f"{TIMES[row['cost']]}: {plain(row['left_out'], 100)}." for row in times.to_dict("records"))
    row = axes[axes["cost"] == ranks["time"].iloc[0]].iloc[0]
    return f"Time: {row['name']} on {plain(row['device'])}, measured once, so that near-equal models swap by chance."


def _draw_lines(axes: Axes, ranks: pd.DataFrame, style: dict) -> None:
    size, colour_of = style["font_size"], _style.colours(ranks)
    n = len(ranks)
    # Equal ranks are set apart, in the order of the other cost, so that no two names are in one place.
    left = ranks.sort_values(["flops_rank", "time_rank", "model"])["model"].tolist()
    right = ranks.sort_values(["time_rank", "flops_rank", "model"])["model"].tolist()
    axes.set(xlim=(0, 1), ylim=(n - 0.5, -0.5))
    axes.set_axis_off()
    for x, title in ((0, "FLOPs"), (1, TIMES[ranks["time"].iloc[0]])):
        axes.annotate(
            f"by {title}",
            (x, 1),
            xycoords="axes fraction",
            xytext=(0, 0.7 * size),
            textcoords="offset points",
            ha="right" if x == 0 else "left",
            weight="bold",
            color=INK,
        )
    for row in ranks.to_dict("records"):
        places = left.index(row["model"]), right.index(row["model"])
        moves = abs(places[0] - places[1]) >= max(0.2 * n, 1)
        ink = INK if moves else GREY
        axes.plot((0, 1), places, color=colour_of[row["model"]] if moves else FAINT, linewidth=1.6, zorder=2 + moves)
        for x, place, rank in zip((0, 1), places, (row["flops_rank"], row["time_rank"]), strict=True):
            axes.plot(x, place, clip_on=False, zorder=5, **_style.marker(row, colour_of[row["model"]], 6))
            name = plain(row["model_name"])
            axes.annotate(
                f"{name}  {rank}" if x == 0 else f"{rank}  {name}",
                (x, place),
                xytext=((-1 if x == 0 else 1) * 0.8 * size, 0),
                textcoords="offset points",
                ha="right" if x == 0 else "left",
                va="center",
                size=0.9 * size,
                color=ink,
            )
