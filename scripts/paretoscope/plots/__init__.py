"""Figures, one file each: ``draw(tables, style) -> matplotlib figure``, and ``FIGURE``, what it is called.

Files whose names start with an underscore are shared by the figures: style, sheet, scales, labels, panel.
"""
