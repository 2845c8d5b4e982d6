"""Which completions a reader should see."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..crosscheck import disagree
from ..errors import InputError
from ..files import read_jsonl
from ..schema import UNDECIDED, Crosscheck, Grade, from_row

SAMPLE = 20
"""Completions drawn at random."""
MOST = 250
"""Disagreements, and undecided completions, that a page holds; of more, so many are drawn."""


@dataclass(frozen=True, slots=True)
class Row:
    """One completion, with what both graders made of it."""

    grade: Grade
    crosscheck: Crosscheck

    @property
    def key(self) -> tuple[str, int]:
        """Item and sample."""
        return self.grade.item_id, self.grade.sample

    @property
    def disputed(self) -> bool | None:
        """Whether the graders disagree; None where one of them decided nothing."""
        return disagree(self.grade.verdict, self.crosscheck.verdict)

    @property
    def tags(self) -> tuple[str, ...]:
        """What the page can be filtered by, the reasons to be on it first."""
        grade = self.grade
        found = {"disagreement": bool(self.disputed), "undecided": grade.verdict in UNDECIDED, "looping": grade.looping}
        return (*(tag for tag, holds in found.items() if holds), grade.verdict)


def read_rows(grades: Path, crosschecks: Path) -> list[Row]:
    """Return all completions of a cell, in the order of the files.

    Raises
    ------
    InputError
        The files hold different completions.
    """
    first = (from_row(Grade, row) for _, row in read_jsonl(grades))
    second = {(row["item_id"], row["sample"]): from_row(Crosscheck, row) for _, row in read_jsonl(crosschecks)}
    try:
        return [Row(grade, second[grade.item_id, grade.sample]) for grade in first]
    except KeyError as error:
        raise InputError(
            f"{crosschecks}: no row for {error}, which {grades} has. Delete it, so that it is made anew."
        ) from error


def read_shown(kind: type, path: Path, keys: Collection[tuple[str, int]]) -> dict:
    """Return the records of some completions by item and sample; of a file of any size only these are kept.

    Raises
    ------
    InputError
        One isn't there.
    """
    rows = (((row["item_id"], row["sample"]), row) for _, row in read_jsonl(path))
    found = {key: from_row(kind, row) for key, row in rows if key in keys}
    if missing := set(keys) - found.keys():
        raise InputError(f"{path}: no row for {min(missing)}. Delete it, so that it is made anew.")
    return found


def select(cell: str, rows: Iterable[Row]) -> tuple[list[Row], set[tuple[str, int]]]:
    """Return the rows to show, and the keys of those among them that were drawn at random.

    Disagreements come first, then what is undecided, then the others. The draw is by a hash of cell, item and sample:
    it doesn't change when other completions come or are graded anew.

    Parameters
    ----------
    cell : str
        Model and benchmark, the seed of the draw.
    """
    drawn = sorted(rows, key=lambda row: _place(cell, row.key))
    sample = {row.key for row in drawn[:SAMPLE]}
    disputed = [row for row in drawn if row.disputed][:MOST]
    undecided = [row for row in drawn if row.grade.verdict in UNDECIDED][:MOST]
    others = [row for row in drawn[:SAMPLE] if not row.disputed and row.grade.verdict not in UNDECIDED]
    return [*disputed, *undecided, *others], sample


def _place(cell: str, key: tuple[str, int]) -> bytes:
    return hashlib.sha256(f"{cell}\n{key[0]}\n{key[1]}".encode("utf-8", "surrogatepass")).digest()
