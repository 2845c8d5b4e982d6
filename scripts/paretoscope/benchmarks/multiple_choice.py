"""Multiple choice with the right option in one column and the wrong ones in others, as in GPQA.

Options are put in an order that depends on the question's text alone, so it is the same everywhere and for every model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from ..schema import CHOICE_LETTERS, Item

PROTOCOL = 2
COLUMNS = ("question", "target", "distractors")


def load(rows: Iterable[dict], columns: dict) -> Iterator[Item]:
    """Yield an item per row; its target is the letter of the right option."""
    for number, row in enumerate(rows):
        question = str(row[columns["question"]]).strip()
        right = str(row[columns["target"]]).strip()
        options = [right, *(str(row[column]).strip() for column in columns["distractors"])]
        keys = [hashlib.sha256(f"{question}\0{option}".encode()).digest() for option in options]
        order = tuple(sorted(range(len(options)), key=keys.__getitem__))
        name = row[columns["id"]] if "id" in columns else number
        yield Item(str(name), question, CHOICE_LETTERS[order.index(0)], tuple(options[i] for i in order), order)
