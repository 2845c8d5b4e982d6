"""House style of all figures: fonts, colours, markers, plain text, saving."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager

from ..errors import InputError
from ..files import replacing, write_table

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#000000", "#56B4E9")
"""Okabe and Ito's colours, apart under the common colour-vision deficiencies; their yellow is too pale on white."""

OTHER = "#8C8C8C"
"""For families beyond the palette."""

INK, GREY, FAINT = "#1A1A1A", "#595959", "#D9D9D9"
MARKERS = {"dense": "o", "moe": "D", "hybrid": "^"}
KINDS = {"dense": "dense", "moe": "mixture of experts", "hybrid": "hybrid"}
DEFAULTS = {"study": "", "width_inches": 7.2, "font_size": 9.0, "font_family": "DejaVu Sans", "labels": "all"}
"""The style that :func:`complete` fills in: name of the study, width, font size and family, which points are named."""

PNG_DPI = 200


def complete(style: dict) -> dict:
    """Return the style with the defaults filled in.

    Raises
    ------
    InputError
        There is no such font on this machine.
    """
    style = DEFAULTS | {key: value for key, value in style.items() if value is not None}
    try:
        findfont(style["font_family"], fallback_to_default=False)
    except ValueError:
        known = ", ".join(sorted({font.name for font in fontManager.ttflist})[:30])
        raise InputError(f"figures.font_family: no font '{style['font_family']}' here. There are: {known}.") from None
    return style | {"study": plain(style["study"], 80)}


def context(style: dict):
    """Return the matplotlib context in which a figure is drawn.

    Names of models come from outside, so nothing is read as mathematics: a ``$`` is a dollar sign.
    """
    size = style["font_size"]
    return matplotlib.rc_context(
        {
            "font.family": [style["font_family"], "DejaVu Sans"],
            "font.size": size,
            "text.parse_math": False,
            "text.usetex": False,
            "text.color": INK,
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.labelsize": size,
            "axes.linewidth": 0.7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "xtick.color": GREY,
            "ytick.color": GREY,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.labelsize": 0.9 * size,
            "ytick.labelsize": 0.9 * size,
        }
    )


def plain(text, length: int = 40) -> str:
    """Return untrusted text as one line of printable characters, cut to ``length`` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def colours(table: pd.DataFrame) -> dict[str, str]:
    """Return the colour of each model: that of its family, or its own where there is one family and few models.

    Parameters
    ----------
    table : table with columns model and family
        All models of the study, those left out included: otherwise a colour would change from figure to figure.
    """
    models = table.drop_duplicates("model").astype({"model": "str", "family": "str"})
    key = "model" if models["family"].nunique() == 1 and len(models) <= len(PALETTE) else "family"
    values = sorted(models[key].unique(), key=str.casefold)
    colour = {value: PALETTE[i] if i < len(PALETTE) else OTHER for i, value in enumerate(values)}
    return dict(zip(models["model"], models[key].map(colour), strict=True))


def marker(row, colour: str, size: float) -> dict:
    """Return the look of a model's point: shape for the kind, filled if it reasons, colour as given.

    Parameters
    ----------
    row : mapping with kind and type
    size : float
        Diameter in points.
    """
    shape = MARKERS.get(row["kind"], "s")
    return {
        "marker": shape,
        "markersize": {"D": 0.88, "^": 1.12}.get(shape, 1.0) * size,
        "markerfacecolor": colour if row["type"] == "reasoning" else "white",
        "markeredgecolor": colour,
        "markeredgewidth": 0.16 * size,
        "linestyle": "none",
    }


def faded(colour: str) -> str:
    """Return a colour on its way to white, for what is less sure."""
    return to_hex([1 - 0.45 * (1 - part) for part in to_rgb(colour)])


def legend(table: pd.DataFrame, colour_of: dict[str, str]) -> list[tuple[dict, str]]:
    """Return the legend's entries (look, text), only for what differs between the models shown.

    Colours of single models need none: models are named at their points.
    """
    neutral = {"kind": "dense", "type": "reasoning"}
    families = table.drop_duplicates("family").sort_values(
        "family", key=lambda names: names.astype("str").str.casefold()
    )
    entries = []
    if len(families) > 1:
        known = [
            (colour_of[model], plain(name)) for model, name in zip(families["model"], families["family"], strict=True)
        ]
        entries = [(_patch(colour), name) for colour, name in known if colour != OTHER]
        if len(entries) < len(known):
            entries.append((_patch(OTHER), "other families"))
    kinds = [kind for kind in MARKERS if kind in set(table["kind"])]
    if len(kinds) > 1:
        entries += [(marker({"kind": kind, "type": "instruct"}, GREY, 6), KINDS[kind]) for kind in kinds]
    if table["type"].nunique() > 1:
        rest = " or ".join(sorted(set(table["type"]) - {"reasoning"}))
        if "reasoning" in set(table["type"]):
            entries += [
                (marker(neutral, GREY, 6), "filled: reasoning"),
                (marker(neutral | {"type": rest}, GREY, 6), f"open: {rest}"),
            ]
    return entries


def _patch(colour: str) -> dict:
    return {"marker": "s", "markersize": 6, "color": colour, "linestyle": "none"}


def save(figure: Figure, table: pd.DataFrame, path_stem) -> list[Path]:
    """Write a figure as PNG, SVG and PDF, and the table behind it as CSV, and return the four paths.

    The bytes depend on figure and table alone: no date, no random ids. Text in the vector images stays text.

    Parameters
    ----------
    path_stem : path
        Path without suffix; a dot in it is no suffix.
    """
    png, svg, pdf, csv = (Path(f"{path_stem}.{suffix}") for suffix in ("png", "svg", "pdf", "csv"))
    FigureCanvasAgg(figure)
    vector = {"svg.fonttype": "none", "svg.hashsalt": "paretoscope", "pdf.fonttype": 42, "text.parse_math": False}
    with matplotlib.rc_context(vector):
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=PNG_DPI)
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
        with replacing(pdf) as temporary:
            figure.savefig(temporary, format="pdf", metadata={"CreationDate": None})
    write_table(csv, table)
    return [png, svg, pdf, csv]
