"""Benchmark formats: what turns a source's rows into items. One file each; the file's name is the format's name.

Every format file has

- ``PROTOCOL``, an integer: raise it when the same source would give other items, which loads them anew;
- ``COLUMNS``: the meanings (see ``columns`` on a card) that a card of this format must map to columns;
- ``load(rows, columns) -> Iterator[Item]``: rows are dictionaries, columns maps meanings to column names;
- ``generate(arguments, rows) -> list[dict]``, only in a procedural format: the rows themselves.
"""

import hashlib
from collections.abc import Sequence

from ..schema import CHOICE_LETTERS, Item


def render(item: Item, template: str) -> str:
    """Return the text of the user turn that asks an item: ``{question}`` and ``{choices}`` replaced, nothing else."""
    choices = "\n".join(f"{letter}) {choice}" for letter, choice in zip(CHOICE_LETTERS, item.choices, strict=False))
    parts = [part.replace("{choices}", choices) for part in template.split("{question}")]
    return item.question.join(parts)


def take_subset(items: Sequence[Item], subset: dict | None) -> list[Item]:
    """Return the items of a card's ``subset``, in the order of the source; all of them where it is None.

    The questions whose hashes come first are taken. So the choice depends on the question and the seed alone, and a
    smaller subset with the same seed is part of a larger one.

    Raises
    ------
    ValueError
        There are fewer items than the subset asks for.
    """
    if subset is None:
        return list(items)
    if subset["items"] > len(items):
        raise ValueError(f"a subset of {subset['items']} from {len(items)} items")

    def rank(item: Item) -> bytes:
        # The options too, since a question may be asked with others.
        text = "\0".join((str(subset["seed"]), item.question, *sorted(item.choices)))
        return hashlib.sha256(text.encode()).digest()

    last = sorted(map(rank, items))[subset["items"] - 1]
    return [item for item in items if rank(item) <= last]
