"""Benchmark formats: what turns a source's rows into items. One file each; the file's name is the format's name.

Every format file has

- ``PROTOCOL``, an integer: raise it when the same source would give other items, which loads them anew;
- ``COLUMNS``: the meanings (see ``columns`` on a card) that a card of this format must map to columns;
- ``load(rows, columns) -> Iterator[Item]``: rows are dictionaries, columns maps meanings to column names;
- ``generate(arguments, rows) -> list[dict]``, only in a procedural format: the rows themselves.
"""

from ..schema import CHOICE_LETTERS, Item


def render(item: Item, template: str) -> str:
    """Return the text of the user turn that asks an item: ``{question}`` and ``{choices}`` replaced, nothing else."""
    choices = "\n".join(f"{letter}) {choice}" for letter, choice in zip(CHOICE_LETTERS, item.choices, strict=False))
    parts = [part.replace("{choices}", choices) for part in template.split("{question}")]
    return item.question.join(parts)
