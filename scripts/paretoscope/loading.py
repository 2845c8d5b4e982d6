"""Loading a benchmark: rows from the hub, a file or a generator; items checked before anything is generated."""

from __future__ import annotations

import contextlib
import csv
import logging
from collections.abc import Iterable
from pathlib import Path

from . import hub, plugins
from .benchmarks import take_subset
from .errors import InputError, suggest
from .files import digest, read_jsonl
from .grading import Limits, compare_pairs
from .schema import Item, to_row

log = logging.getLogger(__name__)


def load_benchmark(card: dict) -> list[Item]:
    """Load and check a benchmark's items.

    Parameters
    ----------
    card : dict
        The benchmark's card, with ``grader`` for the name of its grader and ``card`` for the path it is shown by.

    Raises
    ------
    InputError
        The source can't be read, lacks a column, or holds another number of items or other contents than the card says;
        or an item is empty, double, or has a gold that its grader can't read.
    """
    rows, where = _rows(card)
    _check_columns(card, rows, where)
    items = list(plugins.load("benchmarks", card["format"]).load(rows, card["columns"]))
    check_items(items, card, where)
    items = take_subset(items, card["subset"])
    _check_content(items, card, where)
    return items


def check_items(items: list[Item], card: dict, where: str) -> None:
    """Check items against each other and against their card; ``where`` names the source in errors."""
    if len(items) != card["rows"]:
        raise InputError(
            f"{where}: {len(items)} items, but {card['card']} says rows: {card['rows']}. One of the two is wrong."
        )
    grader = plugins.load("graders", card["grader"])
    seen: dict[str, str] = {}
    golds: dict[tuple[str, str], Item] = {}
    for item in items:
        if not item.question or not item.target:
            raise InputError(f"{where}: item '{item.id}' has an empty {'question' if not item.question else 'target'}.")
        if not all(item.choices) or len(set(item.choices)) < len(item.choices):
            raise InputError(f"{where}: item '{item.id}' has an empty or a double option. Each option must differ.")
        if any("\ud800" <= char <= "\udfff" for char in "".join((item.id, item.question, item.target, *item.choices))):
            raise InputError(f"{where}: item '{item.id}' holds half a character (a lone surrogate). Repair its text.")
        for what, value in (("id", f"id\0{item.id}"), ("question", "\0".join((item.question, *item.choices)))):
            if value in seen:
                raise InputError(
                    f"{where}: item '{item.id}' has the same {what} as item '{seen[value]}'. Each item must be there once."
                )
            seen[value] = item.id
        try:
            pair = grader.check_target(item)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        if pair:
            golds.setdefault(pair, item)
    _compare_golds(golds, grader.__name__, where)


def _check_content(items: list[Item], card: dict, where: str) -> None:
    found = content_sha256(items)
    if card["content_sha256"] not in (None, found):
        raise InputError(
            f"{where}: the items' SHA-256 is {found}, but {card['card']} says {card['content_sha256']}: the source has changed."
        )
    log.info("%s: %d items, SHA-256 %s", where, len(items), found)


_BAD_GOLDS = {
    "timeout": "takes too long to compare",
    "crashed": "can't be compared",
    "unparsed": "can't be read",
    "wrong": "doesn't equal itself",
}


def _compare_golds(golds: dict[tuple[str, str], Item], grader: str, where: str) -> None:
    """Check that golds equal themselves, in a worker with limits; without golds none is started."""
    if not golds:
        return
    with contextlib.closing(compare_pairs(list(golds), grader, workers=1, limits=Limits())) as verdicts:
        for pair, (verdict, method) in verdicts:
            if verdict != "correct":
                item = golds[pair]
                raise InputError(
                    f"{where}: item '{item.id}': the gold answer {item.target[:80]!r} {_BAD_GOLDS[verdict]} ({method})."
                )


def content_sha256(items: list[Item]) -> str:
    """Return the digest of items as a card pins it."""
    return digest([to_row(item) for item in items])


def _rows(card: dict) -> tuple[Iterable[dict], str]:
    source = card["source"]
    if "generator" in source:
        rows = plugins.load("benchmarks", card["format"]).generate(source["generator"], card["rows"])
        return rows, f"{card['format']} generator"
    if "path" in source:
        return _file_rows(Path(source["path"])), source["path"]
    return _hub_rows(source, card), f"{source['hub_id']} at {source['revision']}"


def _file_rows(path: Path) -> list[dict]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; the benchmark card's source.path is relative to the card.")
    if path.name.endswith((".jsonl", ".jsonl.gz", ".jsonl.zst")):
        return [row for _, row in read_jsonl(path)]
    if path.suffix == ".csv":
        return _csv_rows(path)
    if path.suffix == ".parquet":
        return _parquet_rows(path)
    raise InputError(f"{path}: unknown kind of file; use .jsonl (also .gz or .zst), .csv or .parquet.")


def _csv_rows(path: Path) -> list[dict]:
    """Read every cell as the text it is: a gold of 007 or NA must not become 7 or nothing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream, strict=True))
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path}: can't be read as csv: {error}") from error


def _parquet_rows(path: Path) -> list[dict]:
    from pyarrow import ArrowException, parquet

    try:
        return parquet.read_table(path).to_pylist()
    except (ArrowException, OSError) as error:
        raise InputError(f"{path}: can't be read as parquet: {error}") from error


def _hub_rows(source: dict, card: dict) -> list[dict]:
    if source["revision"] is None:
        raise InputError(
            f"{card['card']}: revision is null. `make pin` writes the current commit of the data set {source['hub_id']} there; or give the 40-hex commit that you want. Then run again."
        )
    try:
        return hub.rows(source)
    except InputError as error:
        raise InputError(f"{card['card']}: {error}") from error


def _check_columns(card: dict, rows: list[dict], where: str) -> None:
    if not rows:
        raise InputError(f"{where}: no items.")
    wanted = [
        column for value in card["columns"].values() for column in (value if isinstance(value, list) else [value])
    ]
    for number, row in enumerate(rows, start=1):
        for column in wanted:
            if row.get(column) is None:
                absent = "has no column" if column not in row else "is empty in column"
                raise InputError(
                    f"{where}: item {number} {absent} '{column}' (columns in {card['card']}).{suggest(column, row)}"
                )


__all__ = ["check_items", "content_sha256", "load_benchmark"]
