"""Audit pages: what the graders made of the completions of a cell, for a reader who wants to check them.

One self-contained HTML file per cell, with every disagreement of the two graders, every completion that the first one
couldn't decide, and some drawn at random. What models and benchmarks wrote is untrusted: it reaches the page through
one escape function (:func:`.escaping.escape`), or as MathML built element by element (:mod:`.mathml`), and the page's
policy lets nothing run but its own script and nothing load at all.
"""

from .page import audit_page
from .selection import Row, read_rows, read_shown, select

__all__ = ["Row", "audit_page", "read_rows", "read_shown", "select"]
