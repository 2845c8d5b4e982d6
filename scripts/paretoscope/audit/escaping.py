"""The one way by which untrusted text reaches a page."""

from __future__ import annotations

import html
import re

# Controls, marks that turn the direction of writing, what can't be seen, and halves of characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def escape(text: str) -> str:
    """Return text as HTML that shows it and does nothing; fit for attributes too.

    What can't be seen, or would turn the direction of writing, is shown by its number.
    """
    shown = _INVISIBLE.sub(lambda match: f"‹U+{ord(match.group()):04X}›", text.replace("\r", ""))
    return html.escape(shown, quote=True)
