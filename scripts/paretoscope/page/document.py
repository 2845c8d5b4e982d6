"""The page as one HTML file: text, data, drawings, style and scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from ..audit.escaping import escape
from ..files import dumps
from . import charts
from .data import page_data
from .methods import methods_html

_FOLDER = Path(__file__).parent
SCRIPTS = ("state", "table", "answer", "sections", "failure", "charts", "bubble", "filters", "main")
"""In the order in which they stand in the page."""
WARNINGS = 200
"""Warnings that are listed at most."""


def build(tables: Mapping[str, pd.DataFrame], meta: Mapping) -> str:
    """Return the page of a study as HTML.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As for :func:`.data.page_data`.
    meta : mapping
        ``study``: as for :func:`.methods.methods_html`, with ``title``; ``cells``: the meta files of all cells;
        ``warnings``: what a reader must know before trusting the figures, most important first.
    """
    data = page_data(tables)
    data["warnings"] = {"shown": list(meta["warnings"][:WARNINGS]), "n": len(meta["warnings"])}
    data["title"] = meta["study"]["title"]
    drawings = {
        "frontier": charts.frontier_chart(),
        "trend": charts.trend_chart(),
        "saturation": charts.saturation_chart(),
    }
    style = _FOLDER.joinpath("page.css").read_text(encoding="utf-8")
    own = "".join(_FOLDER.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    scripts = [f'"use strict";\n{own}', f"{_vega()}\nstart();"]
    title = escape(meta["study"]["title"])
    body = _FOLDER.joinpath("page.html").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(style, scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1><p id="scale" class="soft"></p></header>
{body}
<section aria-labelledby="h-methods"><details class="fold"><summary><h2 id="h-methods">How this was made</h2></summary>
{methods_html(meta["study"], meta["cells"])}
</details></section>
<script type="application/json" id="data">{_json(data)}</script>
<script type="application/json" id="charts">{_json(drawings)}</script>
<script>{scripts[0]}</script>
<script>{scripts[1]}</script>
</body>
</html>
"""


def _json(value) -> str:
    """Return JSON that ends no script element and opens no comment, whatever the names in it."""
    return dumps(value).replace("<", "\\u003c")


@cache
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, as vl-convert carries them (BSD 3-clause)."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Return a policy under which nothing is loaded, and nothing applies or runs but these texts."""
    style, *scripts = (f"'sha256-{_sha256(text)}'" for text in (style, *scripts))
    return f"default-src 'none'; style-src {style}; script-src {' '.join(scripts)}; base-uri 'none'; form-action 'none'"


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
