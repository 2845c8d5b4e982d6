"""Problems with one short answer each, in a column of its own: MATH-500, AIME, HMMT and the like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..schema import Item

PROTOCOL = 1
COLUMNS = ("question", "target")


def load(rows: Iterable[dict], columns: dict) -> Iterator[Item]:
    """Yield an item per row. Without an id column items are numbered from 0 in the source's order."""
    for number, row in enumerate(rows):
        name = row[columns["id"]] if "id" in columns else number
        yield Item(str(name), str(row[columns["question"]]).strip(), str(row[columns["target"]]).strip())
