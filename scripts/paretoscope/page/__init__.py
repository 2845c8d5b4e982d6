"""The interactive page of a study: one HTML file that needs no network and no other file.

``data`` packs the tables into columns, ``charts`` specifies the drawings, ``methods`` says how the study was made, and
``document`` joins them with the style and the script that lie beside it. What a reader chooses (benchmark, cost,
filters, date) is worked out in the browser from those columns. Names come from outside and are untrusted: they reach
the page as JSON in which no tag can be closed and are written there as text nodes, or through
:func:`paretoscope.audit.escaping.escape`; the page's policy lets nothing run but its own scripts, and nothing load.
"""

from .document import build

__all__ = ["build"]
