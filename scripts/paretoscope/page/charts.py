"""The drawings of the page as Vega-Lite specifications, without data.

Colours are custom properties of the page's style sheet, so dark mode and print need no second drawing. What depends on
the reader's choice is left open: data sets and parameters (limits, ticks) are filled in by the page's script, and so
are the words COST and UNIT in titles and the type ``log`` of a scale.
"""

from __future__ import annotations

import altair as alt

INK, SOFT, LINE = "var(--ink)", "var(--soft)", "var(--line)"
FONT = "system-ui, sans-serif"


def frontier_chart() -> dict:
    """Return accuracy against cost: attainment band, frontier, intervals, points, names and the budget."""
    x = _axis("x", "COST per completion →", "x_ticks", "x_min", "x_max")
    y = _axis("y", "Answered correctly (%)", "y_ticks", "y_min", "y_max", log=False)
    colour = alt.Color("color:N", scale=None)
    layers = [
        _data("band").mark_area(color=INK, opacity=0.1, interpolate="step-after", clip=True).encode(x, y, y2="y2:Q"),
        _data("steps").mark_line(color=INK, strokeWidth=1.6, interpolate="step-after", clip=True).encode(x, y),
        _data("budget").mark_rule(color="var(--accent)", strokeWidth=1.5, strokeDash=[5, 3], clip=True).encode(x),
        _data("points")
        .mark_rule(opacity=0.4, strokeWidth=1.2, clip=True)
        .encode(x, _at("low", y), y2="high:Q", color=colour),
        _data("points")
        .mark_rule(opacity=0.4, strokeWidth=1.2, clip=True)
        .encode(_at("x_low", x), y, x2="x_high:Q", color=colour),
        _data("points")
        .mark_point(strokeWidth=1.8, clip=True, opacity=1, tooltip=alt.TooltipContent("data"))
        .encode(
            x,
            y,
            stroke=alt.Stroke("color:N", scale=None),
            fill=alt.Fill("fill:N", scale=None),
            shape=alt.Shape("shape:N", scale=None),
            size=alt.Size("size:Q", scale=None),
        ),
        _data("chosen")
        .mark_point(shape="circle", size=330, stroke="var(--accent)", strokeWidth=2.5, clip=True)
        .encode(x, y),
        _names(),
    ]
    return _chart(layers, ["x_min", "x_max", "x_ticks", "y_min", "y_max", "y_ticks"])


def trend_chart() -> dict:
    """Return the fewest FLOPs that reach an accuracy, over release dates: one falling step line for each accuracy."""
    x = alt.X("date:T", title=None, axis=alt.Axis(tickCount=4, format="%b %Y", grid=False, labelOverlap=True))
    y = _axis("y", "UNIT per completion", "y_ticks", "y_min", "y_max", channel=alt.Y)
    dash = alt.StrokeDash("label:N", legend=None)
    layers = [
        _data("steps").mark_line(color=INK, strokeWidth=1.6, interpolate="step-after").encode(x, y, dash),
        _data("records")
        .mark_point(filled=True, size=60, color=INK, opacity=1, tooltip=alt.TooltipContent("data"))
        .encode(x, y),
        _names(),
    ]
    return _chart(layers, ["y_min", "y_max", "y_ticks"])


def saturation_chart() -> dict:
    """Return accuracy within a token budget: one line for each model, a ring where more thinking stops paying."""
    x = _axis("x", "Token budget per completion →", "x_ticks", "x_min", "x_max")
    y = _axis("y", "Answered correctly (%)", "y_ticks", "y_min", "y_max", log=False)
    colour = alt.Color("color:N", scale=None)
    layers = [
        _data("lines")
        .mark_line(strokeWidth=1.8, tooltip=alt.TooltipContent("data"))
        .encode(x, y, colour, detail="m:Q"),
        _data("enough")
        .mark_point(size=90, strokeWidth=2, fill="var(--card)", opacity=1, tooltip=alt.TooltipContent("data"))
        .encode(x, y, colour),
        _names(),
    ]
    return _chart(layers, ["x_min", "x_max", "x_ticks", "y_min", "y_max", "y_ticks"])


def _data(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def _axis(field: str, title: str, ticks: str, low: str, high: str, log: bool = True, channel=None):
    """Return the channel of a field on an axis whose limits and ticks are parameters."""
    limits = [alt.ExprRef(low), alt.ExprRef(high)]
    return (channel or {"x": alt.X, "y": alt.Y}[field])(
        f"{field}:Q",
        title=title,
        axis=alt.Axis(values=alt.ExprRef(ticks), format=",.12~g", grid=field == "y", labelOverlap=True),
        scale=alt.Scale(type="log", domain=limits, nice=False)
        if log
        else alt.Scale(domain=limits, nice=False, zero=False),
    )


def _at(field: str, channel):
    """Return a channel with another field in its place."""
    moved = channel.copy()
    moved.shorthand = f"{field}:Q"
    return moved


def _names() -> alt.Chart:
    """Return names that the page's script has placed, in pixels, where they collide with nothing."""
    pixel = {"scale": None, "axis": None}
    return (
        _data("names")
        .mark_text(align="left", baseline="middle", fontSize=12, color=INK)
        .encode(
            alt.X("px:Q", **pixel), alt.Y("py:Q", **pixel), text="text:N", opacity=alt.Opacity("opacity:Q", scale=None)
        )
    )


def _chart(layers: list[alt.Chart], parameters: list[str]) -> dict:
    config = {
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": SOFT,
            "labelFontSize": 12,
            "titleColor": INK,
            "titleFontSize": 12.5,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "domainColor": SOFT,
            "tickColor": SOFT,
            "gridColor": LINE,
        },
    }
    chart = alt.layer(*layers).add_params(*(alt.param(name=name, value=1) for name in parameters))
    chart = chart.properties(
        width=600, height=400, background="transparent", autosize=alt.AutoSizeParams(type="fit", contains="padding")
    )
    return chart.configure(**config).to_dict()
