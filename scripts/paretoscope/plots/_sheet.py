"""The sheet around the panels: title, subtitle, legend strip and footnote, measured so that nothing is clipped.

All lengths are in points (1/72 inch) from the lower left corner; figures are made at 72 dots per inch, so that a point
is also a pixel and text can be measured without drawing it.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

from ._style import GREY, INK

MARGIN = 8.0
LINE = 1.3
"""Line height over font size."""


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width in points of one line of text."""
    font = FontProperties(size=size, weight=weight)  # of the family that the style's context sets
    # The measure is rounded to whole units at the given size, so take it large and scale down.
    font.set_size(20 * size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 20


def cut(text: str, size: float, width: float, weight: str = "normal") -> str:
    """Return text cut to at most ``width`` points."""
    if text_width(text, size, weight) <= width:
        return text
    while len(text) > 1 and text_width(f"{text}…", size, weight) > width:
        text = text[:-1]
    return f"{text}…"


def wrap(text: str, size: float, width: float, weight: str = "normal") -> list[str]:
    """Break text at spaces into lines of at most ``width`` points; a longer word keeps a line to itself."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size, weight) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


@dataclass(frozen=True)
class Sheet:
    """A figure with its header and footer drawn, and the room left for panels (points)."""

    figure: Figure
    left: float
    bottom: float
    width: float
    height: float

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Add a panel at a place given in points from the lower left corner of the room."""
        w, h = self.figure.get_size_inches() * 72
        return self.figure.add_axes(((self.left + left) / w, (self.bottom + bottom) / h, width / w, height / h))


def sheet(style: dict, title: str, subtitle: str, entries, footnote: str, height: float) -> Sheet:
    """Make a figure with title, subtitle, legend strip and footnote around a room of ``height`` points.

    Parameters
    ----------
    style : dict
        A complete style.
    entries : list of (dict, str)
        Legend entries: look of the marker or line, text.
    """
    size = style["font_size"]
    width = 72 * style["width_inches"]
    inner = width - 2 * MARGIN
    line = 0.98 * inner  # rendering rounds the widths of letters
    parts = [(title, 1.2 * size, "bold", INK), (subtitle, 0.95 * size, "normal", GREY)]
    header = [(wrap(text, s, line, weight), s, weight, colour) for text, s, weight, colour in parts if text]
    strip = _flow(entries, 0.88 * size, line)
    small = 0.75 * size
    notes = wrap(footnote, small, line)
    top = MARGIN + sum(len(lines) * s * LINE for lines, s, _, _ in header) + len(strip) * 0.88 * size * 1.6 + 4
    bottom = MARGIN + len(notes) * small * LINE
    total = top + height + bottom
    figure = Figure(figsize=(width / 72, total / 72), dpi=72, facecolor="white")
    y = total - MARGIN
    for lines, s, weight, colour in header:
        for row in lines:
            figure.text(MARGIN / width, (y - s) / total, row, size=s, weight=weight, color=colour, va="baseline")
            y -= s * LINE
    for row in strip:
        y -= 0.88 * size * 1.6
        for x, look, text in row:
            _entry(figure, (MARGIN + x) / width, y / total, look, text, 0.88 * size)
    for i, row in enumerate(reversed(notes)):
        figure.text(MARGIN / width, (MARGIN + i * small * LINE) / total, row, size=small, color=GREY, va="baseline")
    return Sheet(figure, MARGIN, bottom, inner, height)


def _flow(entries, size: float, width: float):
    """Lay entries out from left to right, line by line."""
    lines, x = [], 0.0
    for look, text in entries:
        need = _KEY * size + text_width(text, size)
        if not lines or x + need > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, look, text))
        x += need + 1.1 * size
    return lines


_KEY = 1.2
"""Room of a legend key over the font size."""


def _entry(figure: Figure, x: float, y: float, look: dict, text: str, size: float) -> None:
    w, h = figure.get_size_inches() * 72
    middle = y + 0.36 * size / h
    figure.add_artist(Line2D([x + 0.45 * size / w], [middle], transform=figure.transFigure, **look))
    figure.text(x + _KEY * size / w, y, text, size=size, color=INK, va="baseline")
