"""GSM8K: the answer column holds a worked solution, then ``#### `` and the gold number, perhaps with commas.

Source: Cobbe et al., arXiv 2110.14168.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..schema import Item

PROTOCOL = 1
COLUMNS = ("question", "target")
MARK = "####"


def load(rows: Iterable[dict], columns: dict) -> Iterator[Item]:
    """Yield an item per row; a row without the mark gets an empty target, which loading refuses."""
    for number, row in enumerate(rows):
        _, mark, gold = str(row[columns["target"]]).rpartition(MARK)
        name = row[columns["id"]] if "id" in columns else number
        yield Item(str(name), str(row[columns["question"]]).strip(), gold.strip().replace(",", "") if mark else "")
