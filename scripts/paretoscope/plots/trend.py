"""How the frontier moved with release dates, the FLOPs that an accuracy took, and the efficiency of each model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import _history, _labels, _panel, _scales, _sheet, _style

FIGURE = "Trend over release dates"


def draw(
    efficiency: pd.DataFrame,
    thresholds: pd.DataFrame,
    lines: pd.DataFrame,
    frontiers: pd.DataFrame,
    hypervolume: pd.DataFrame,
    style: dict,
) -> Figure:
    """Draw the frontier as of some dates, its hypervolume, the fewest FLOPs to each accuracy so far, and S_eff.

    Parameters
    ----------
    efficiency : table of trend.EFFICIENCY
    thresholds : table of trend.THRESHOLDS
    lines : table of trend.LINES
    frontiers : table of trend.FRONTIERS
        The rows of the average.
    hypervolume : table of trend.HYPERVOLUME
        The rows of the average.
    style : dict
        See :func:`paretoscope.plots.frontier.draw`.
    """
    style = _style.complete(style)
    size = style["font_size"]
    shown = efficiency[efficiency["left_out"].isna()].assign(date=lambda t: pd.to_datetime(t["release_date"]))
    with _style.context(style):
        colour_of = _style.colours(efficiency)
        height = 0.42 * 72 * style["width_inches"]
        sheet = _sheet.sheet(
            style,
            _title(thresholds),
            "",
            _style.legend(shown, colour_of),
            f"{style['study']}. S_eff = mean accuracy / log10(mean FLOPs); it depends on the unit, which is FLOPs. "
            f"Bars and band: 95 % intervals over items. {_line_note(lines)} "
            f"{_dates(shown)} {_panel.left_out(efficiency)}",
            height=3 * height + 1.2 * size,
        )
        left, bottom, top, right = 5.2 * size, 2.4 * size, 2.2 * size, 5.5 * size
        half = sheet.width / 2
        above = 2 * height + bottom + 2.4 * size
        moves = sheet.axes(left, above, half - left - 1.4 * size, height - bottom - top - 1.2 * size)
        grows = sheet.axes(half + left, above, half - left - size, height - bottom - top - 1.2 * size)
        lower = sheet.axes(left, height + bottom, sheet.width - left - right, height - bottom - top - 1.4 * size)
        upper = sheet.axes(left, bottom, sheet.width - left - right, height - bottom - top - 1.4 * size)
        moves.set_title("The frontier as of a date", loc="left", size=size, weight="bold")
        grows.set_title("Its hypervolume", loc="left", size=size, weight="bold")
        _heading(upper, "Compute efficiency of each model", _efficiency_note(lines), size)
        _heading(lower, "Fewest FLOPs to reach a mean accuracy, so far", halving(lines), size)
        if shown.empty:
            for axes in (upper, moves, grows):
                _panel.say(axes, "")
                axes.set_title("", loc="left")
            _panel.say(lower, "No model with a release date and an average to show")
            return sheet.figure
        for axes in (upper, lower, moves, grows):
            axes.yaxis.set_label_coords(-4.2 * size / axes.bbox.width, 0.5)
        dates = shown["date"]
        _draw_efficiency(upper, shown, dates, lines, colour_of, style)
        _history.draw_frontiers(moves, frontiers, size)
        _history.draw_hypervolume(grows, hypervolume, size)
        _draw_thresholds(lower, thresholds, lines, shown, dates, colour_of, style)
    return sheet.figure


def _draw_efficiency(axes: Axes, shown: pd.DataFrame, dates, lines: pd.DataFrame, colour_of: dict, style: dict) -> None:
    lines = lines[(lines["quantity"] == "s_eff") & lines["note"].isna()]
    values = np.concatenate([shown["s_eff_low"], shown["s_eff_high"], lines["value_at_first"], lines["value_at_last"]])
    room = 0.06 * np.ptp(values) + 1e-4
    limits = values.min() - room, values.max() + 1.5 * room
    axes.set_ylim(*limits)
    _scales.round_ticks(axes.yaxis, limits)
    axes.set_xlim(*_scales.date_axis(axes.xaxis, dates))
    axes.set_ylabel("S_eff")
    axes.grid(axis="y", color=_style.FAINT, linewidth=0.5)
    paths = []
    for row in shown.to_dict("records"):
        colour = colour_of[row["model"]]
        x = axes.convert_xunits(row["date"])
        paths.append(np.array([(x, row["s_eff_low"]), (x, row["s_eff_high"])]))
        axes.plot(*paths[-1].T, color=colour, alpha=0.45, linewidth=0.9, zorder=2, solid_capstyle="butt")
        axes.plot(x, row["s_eff"], zorder=3, **_style.marker(row, colour, 6.0))
    for line in lines.to_dict("records"):
        ends = axes.convert_xunits(pd.to_datetime([line["first_date"], line["last_date"]]))
        paths.append(np.column_stack([ends, [line["value_at_first"], line["value_at_last"]]]).astype(float))
        axes.plot(*paths[-1].T, color=_style.GREY, linewidth=1, linestyle=(0, (5, 3)), zorder=1.5)
    named = shown if style["labels"] == "all" else shown.iloc[:0]
    points = np.column_stack([axes.convert_xunits(shown["date"]), shown["s_eff"]])
    texts = [_style.plain(text) for text in named["model_name"]]
    _labels.place(axes, points, texts, [False] * len(texts), 0.72 * style["font_size"], paths, 6.0)


def _draw_thresholds(axes: Axes, thresholds: pd.DataFrame, lines, shown, dates, colour_of: dict, style: dict) -> None:
    reached = thresholds.dropna(subset="total_flops_min").assign(date=lambda t: pd.to_datetime(t["release_date"]))
    if reached.empty:
        _panel.say(axes, "No model reaches any of the thresholds")
        return
    size = style["font_size"]
    name, unit = _scales.flops_unit(reached["total_flops_min"])
    reached["y"] = reached["total_flops_min"] / unit
    limits = _scales.log_limits(reached["y"], pad=0.12)
    axes.set(yscale="log", ylim=limits, ylabel=f"Mean {name} per completion")
    _scales.log_ticks(axes.yaxis, limits, most=5)
    axes.set_xlim(*_scales.date_axis(axes.xaxis, dates))
    axes.grid(axis="y", color=_style.FAINT, linewidth=0.5)
    levels = sorted(reached["accuracy_threshold"].unique())
    looks = shown.set_index("model")
    stairs, ends, records = [], [], []
    for i, level in enumerate(levels):
        steps = reached[reached["accuracy_threshold"] == level]
        colour = colormaps["Greys"](0.45 + 0.5 * (i + 1) / len(levels))
        x = np.append(axes.convert_xunits(steps["date"]), axes.get_xlim()[1])
        y = np.append(steps["y"], steps["y"].iloc[-1])
        axes.step(x, y, where="post", color=colour, linewidth=1.2, linestyle=_DASHES[i % len(_DASHES)], zorder=2)
        stairs.append(np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]]))
        ends.append((f"{100 * level:g} % or more", y[-1]))
        records.append(steps[steps["is_record"]])
    records = pd.concat(records).drop_duplicates(["model", "y"])
    for row in records.to_dict("records"):
        look = looks.loc[row["model"]]
        axes.plot(row["date"], row["y"], zorder=3, **_style.marker(look, colour_of[row["model"]], 6.0))
    stairs += _draw_fits(axes, lines, levels, unit)
    _name_ends(axes, ends, 0.85 * size)
    texts = [_style.plain(text) for text in records["model_name"]] if style["labels"] != "none" else []
    points = np.column_stack([axes.convert_xunits(records["date"]), records["y"]])
    _labels.place(axes, points, texts, [True] * len(texts), 0.72 * size, stairs, 6.0)


_DASHES = ("solid", (0, (6, 2)), (0, (3, 2)), (0, (1, 1.5)))


def _heading(axes: Axes, title: str, sentence: str, size: float) -> None:
    """Put a title and a sentence under it above a panel."""
    axes.set_title(title, loc="left", size=size, weight="bold", pad=1.9 * size)
    place = {"xycoords": "axes fraction", "xytext": (0, 0.6 * size), "textcoords": "offset points"}
    sentence = _sheet.cut(_style.plain(sentence, 120), 0.85 * size, axes.bbox.width)
    axes.annotate(sentence, (0, 1), size=0.85 * size, color=_style.GREY, **place)


def halving(lines: pd.DataFrame) -> str:
    """Return in words how fast the FLOPs to an accuracy fall, or why that is not identified."""
    rows = lines[lines["quantity"] == "log10_flops_to_reach"]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    if pd.notna(row["halving_months"]):
        low, high = (f"{row[f'halving_months_{end}']:.2g}" for end in ("low", "high"))
        return (
            f"FLOPs to an accuracy halve every {row['halving_months']:.2g} months (95 %: {low} to {high}); dashed: fit"
        )
    reason = next((row[name] for name in ("note", "halving_note") if pd.notna(row[name])), "")
    return f"Halving time {reason}" if reason.startswith("not identified") else f"Halving time not identified: {reason}"


def _draw_fits(axes: Axes, lines: pd.DataFrame, levels: list[float], unit: float) -> list[np.ndarray]:
    """Draw the fitted FLOPs to each accuracy where they have a halving time, and return their paths."""
    fits = lines[(lines["quantity"] == "log10_flops_to_reach") & lines["halving_months"].notna()]
    paths = []
    for fit in fits[fits["accuracy_threshold"].isin(levels)].to_dict("records"):
        x = axes.convert_xunits(pd.to_datetime([fit["first_date"], fit["last_date"]]))
        y = 10 ** np.array([fit["value_at_first"], fit["value_at_last"]]) / unit
        axes.plot(x, y, color=_style.GREY, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1.5)
        paths.append(np.column_stack([x, y]).astype(float))
    return paths


def _name_ends(axes: Axes, ends, size: float) -> None:
    """Name lines at the right edge; lines that end together share a name."""
    shared: dict[float, list[str]] = {}
    for text, y in ends:
        shared.setdefault(y, []).append(text.split(" ")[0])
    wanted = axes.transData.transform([(axes.get_xlim()[1], y) for y in shared])[:, 1]
    heights = _labels.spread(wanted, 1.2 * size, axes.bbox.y0, axes.bbox.y1)
    for height, numbers in zip(heights, shared.values(), strict=True):
        y = (height - axes.bbox.y0) / axes.bbox.height
        axes.text(1.01, y, f"≥ {', '.join(numbers)} %", transform=axes.transAxes, size=size, va="center_baseline")


def _title(thresholds: pd.DataFrame) -> str:
    """Return the clearest fall of cost: that of the highest threshold that was lowered after it was reached."""
    reached = thresholds.dropna(subset="total_flops_min")
    for level, steps in reversed(list(reached.groupby("accuracy_threshold"))):
        fall = steps["total_flops_min"].iloc[0] / steps["total_flops_min"].iloc[-1]
        if fall > 1.05:
            first = steps["release_date"].iloc[0][:7]
            return f"{100 * level:g} % mean accuracy takes {fall:.2g} times fewer FLOPs than in {first}"
    return "How the frontier moved with release dates"


def _efficiency_note(lines: pd.DataFrame) -> str:
    """Return what a rise of S_eff does and doesn't say."""
    line = lines[lines["quantity"] == "s_eff"].iloc[0]
    if pd.notna(line["note"]):
        return ""
    return f"Rises also where models only spend more; permuted dates: p = {line['permutation_p']:.2g}"


def _line_note(lines: pd.DataFrame) -> str:
    line = lines[lines["quantity"] == "s_eff"].iloc[0]
    if pd.notna(line["note"]):
        return f"S_eff: {line['note']}."
    slope, low, high = (f"{line[c]:+.2g}" for c in ("slope_per_year", "slope_per_year_low", "slope_per_year_high"))
    return f"Dashed: least squares over {line['n_points']} models, {slope} per year (95 %: {low} to {high})."


def _dates(shown: pd.DataFrame) -> str:
    """Return all release dates, with how many models each has where that is more than one."""
    counted = shown["release_date"].value_counts().sort_index()
    return (
        ""
        if counted.empty
        else "Release dates: "
        + ", ".join(f"{date} ({count})" if count > 1 else date for date, count in counted.items())
        + "."
    )
