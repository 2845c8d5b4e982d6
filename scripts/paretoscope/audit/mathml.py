r"""LaTeX to MathML that is safe to show: of what a converter makes, the elements that are known to be harmless.

The converter (latex2mathml) writes the text of a formula unescaped, and ``\href``, ``\class`` and ``\style`` as
attributes. So what it writes is never used: of its tree the elements and attributes listed here are written anew, with
all text escaped.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from xml.etree.ElementTree import Element

from .escaping import escape

MAX_LENGTH = 400
"""Characters of a formula that is converted."""
MAX_NESTING = 12
"""Braces within braces of one that is; the converter calls itself for each."""
MAX_OUTPUT = 12_000

_ELEMENTS = frozenset(
    (
        *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mpadded", "mphantom", "mstyle", "menclose"),
        *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
        *("mmultiscripts", "mprescripts", "none", "mtable", "mtr", "mtd"),
    )
)
_ATTRIBUTES = {
    **dict.fromkeys(
        ("mathvariant", "notation", "linethickness", "columnalign", "form"), re.compile("[a-z0-9 .-]{1,40}")
    ),
    **dict.fromkeys(("stretchy", "displaystyle", "fence", "accent", "accentunder"), re.compile("true|false")),
    **dict.fromkeys(("width", "minsize", "maxsize", "rowspacing", "columnspacing"), re.compile(r"[\d. a-z]{1,30}")),
}
_REFUSED = re.compile(r"\\\\[a-zA-Z]{2,}|\\(?:href|url|class|style|cssId|html[a-zA-Z]+)(?![a-zA-Z])")
"""A backslash that was doubled somewhere, which would be taken for a new line; links, classes and styles."""
_UNKNOWN = re.compile(r"\\[a-zA-Z]+")


@lru_cache(maxsize=4096)
def convert(latex: str, block: bool = False) -> str | None:
    """Return a formula as a MathML element, or None where it can't be converted.

    Parameters
    ----------
    latex : str
        Without delimiters.
    block : bool
        Whether it stands on a line by itself.
    """
    if not 0 < len(latex) <= MAX_LENGTH or _nesting(latex) > MAX_NESTING or _REFUSED.search(latex):
        return None
    from latex2mathml.converter import convert_to_element

    try:
        written = _written(convert_to_element(latex.strip()))
    except Exception:  # whatever a converter makes of hostile input, the page shows the source instead
        return None
    if len(written) > MAX_OUTPUT or _UNKNOWN.search(re.sub("<[^>]*>", "", written)):
        return None
    display = ' display="block"' if block else ""
    return f'<math alttext="{escape(latex.strip())}"{display}>{written}</math>'


def _nesting(latex: str) -> int:
    depth = deepest = 0
    for character in latex:
        depth += {"{": 1, "}": -1, "[": 1, "]": -1}.get(character, 0)
        deepest = max(deepest, depth)
    return max(deepest, latex.count("\\left"), latex.count("\\begin"))


def _written(element: Element) -> str:
    """Return the inside of a tree as MathML, without elements and attributes that aren't listed."""
    inside = escape(html.unescape(element.text or "")) + "".join(map(_written, element))
    if element.tag == "math":
        return inside
    if element.tag not in _ELEMENTS:
        raise ValueError(f"the element {element.tag}")
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and _ATTRIBUTES[name].fullmatch(value)
    )
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"
