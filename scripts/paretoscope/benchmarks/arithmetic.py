"""Arithmetic word problems, made by :mod:`paretoscope.arithmetic`: what the embedded models are trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import arithmetic
from ..schema import Item

PROTOCOL = 1
COLUMNS = ("id", "question", "target")


def generate(arguments: dict, rows: int) -> list[dict]:
    """Return ``rows`` problems of a level and split; test, dev and train are disjoint."""
    problems = arithmetic.problems(arguments["level"], arguments["split"], rows, arguments["seed"])
    return [{"id": problem.id, "question": problem.question, "target": problem.target} for problem in problems]


def load(rows: Iterable[dict], columns: dict) -> Iterator[Item]:
    """Yield an item per problem; the columns are the generator's own."""
    for row in rows:
        yield Item(row["id"], row["question"], row["target"])
