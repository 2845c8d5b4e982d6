"""Pin cards: write into each the commit that its repository is at now.

``python -m paretoscope.pin config/models/*.yaml`` or, for all cards of a study, ``--study config/config.yaml``
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from pathlib import Path

import yaml

from . import hub
from .cards import read_yaml
from .catalog import CATALOG, find_cards, load_study, read_card
from .errors import InputError
from .files import write_text
from .loading import content_sha256, load_benchmark

KINDS = {"models": "model", "benchmarks": "benchmark"}
"""What the cards of a folder are."""

FAILURES = ("FAILED", "UNPINNED")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the exit status is 1 if a card couldn't be pinned, or checked."""
    parser = argparse.ArgumentParser(prog="python -m paretoscope.pin", description=__doc__.splitlines()[0])
    parser.add_argument("cards", type=Path, nargs="*", help="cards, in folders called models or benchmarks")
    parser.add_argument("--study", type=Path, help="all cards of this study")
    parser.add_argument("--check", action="store_true", help="change nothing; ask whether each commit is still there")
    options = parser.parse_args(arguments)
    try:
        cards = options.cards + (study_cards(options.study) if options.study else [])
    except InputError as error:
        sys.exit(f"Error: {error}")
    if not cards:
        parser.error("name cards, or a --study")
    outcomes = Counter(_report(card, check_card if options.check else pin_card) for card in cards)
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()))
    sys.exit(any(outcome in FAILURES for outcome in outcomes))


def _report(path: Path, act) -> str:
    try:
        outcome, detail = act(path)
    except InputError as error:
        outcome, detail = "FAILED", str(error)
    print(f"{outcome:<9}{path.stem:<32}{detail}", flush=True)
    return outcome


def study_cards(path: Path) -> list[Path]:
    """Return the files of a study's cards, models first, in the study's order; the judge's comes after them."""
    config = read_yaml(path)
    study = load_study(config, path)
    folders = [CATALOG, *(path.parent / folder for folder in config.get("cards", ()))]
    named = {"models": study.cards, "benchmarks": study.benchmarks}
    files = [find_cards(folders, kind)[name] for kind in KINDS for name in named[kind]]
    return [Path(os.path.relpath(file)) for file in files]


def pin_card(path: Path) -> tuple[str, str]:
    """Write the current commit of a card's repository into it, where it has none, and a benchmark's SHA-256.

    A benchmark is loaded once, so that its number of rows and its items are checked too. Nothing is written unless all
    of that succeeds; the rest of the file stays as it is.

    Returns
    -------
    (outcome, detail) : (str, str)
        pinned, as it was or local; and what was written.

    Raises
    ------
    InputError
        The card or its benchmark can't be read, the hub refuses, or the file can't be changed.
    """
    kind, card = _read(path)
    source = card["source"]
    if not _on_hub(card):
        return "local", "nothing to pin"
    unknown = [("source", "revision")] if source["revision"] is None else []
    unknown += [("content_sha256",)] if kind == "benchmark" and card["content_sha256"] is None else []
    if not unknown:
        return "as it was", f"{source['hub_id']} {source['revision']}"
    source["revision"] = hub.commit(_hub_kind(kind), source)
    if kind == "benchmark":
        items = load_benchmark({**card, "card": str(path), "grader": card["grading"]["grader"]})
        card["content_sha256"] = content_sha256(items)
    found = {keys: source["revision"] if len(keys) > 1 else card["content_sha256"] for keys in unknown}
    _write(path, found)
    return "pinned", f"{source['hub_id']} " + ", ".join(f"{keys[-1]} {value}" for keys, value in found.items())


def check_card(path: Path) -> tuple[str, str]:
    """Ask whether a card's commit is still on the hub.

    Returns
    -------
    (outcome, detail) : (str, str)
        there, UNPINNED or local; and the repository.

    Raises
    ------
    InputError
        The card can't be read, the commit is gone, or the hub refuses.
    """
    kind, card = _read(path)
    source = card["source"]
    if not _on_hub(card):
        return "local", "nothing to check"
    if source["revision"] is None:
        return "UNPINNED", f"{source['hub_id']}: revision is null"
    found = hub.commit(_hub_kind(kind), source)
    if found != source["revision"]:
        raise InputError(f"{source['hub_id']} at {source['revision']}: the hub takes it for {found}.")
    return "there", f"{source['hub_id']} {source['revision']}"


def _read(path: Path) -> tuple[str, dict]:
    folder = path.absolute().parent.name
    if folder not in KINDS:
        raise InputError(f"{path}: a card lies in a folder called {' or '.join(KINDS)}, not {folder}.")
    return KINDS[folder], read_card(path, KINDS[folder])


def _on_hub(card: dict) -> bool:
    return "hub_id" in (card["source"] or {})


def _hub_kind(kind: str) -> str:
    return "dataset" if kind == "benchmark" else kind


def _write(path: Path, found: dict[tuple[str, ...], str]) -> None:
    path = path.resolve()  # a link to a card stays a link
    with path.open(encoding="utf-8", newline="") as stream:
        text = stream.read()
    try:
        for keys, value in found.items():
            text = with_value(text, keys, value)
    except ValueError as error:
        values = ", ".join(f"{'.'.join(keys)}: {value}" for keys, value in found.items())
        raise InputError(f"{path}: {error}; write it yourself: {values}") from error
    write_text(path, text)


def with_value(text: str, keys: tuple[str, ...], value: str) -> str:
    """Return YAML text with one value changed, and everything else, comments included, as it was.

    Parameters
    ----------
    text : str
        A mapping.
    keys : tuple of str
        Where the value stands; a key of the outermost mapping may be absent, and is then put behind ``rows``.
    value : str
        Hexadecimal digits.

    Raises
    ------
    ValueError
        The text is written in a way in which the one value can't be changed alone.
    """
    wanted = _changed(yaml.safe_load(text), keys, value)
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in keys[:-1]:
        node = _child(node, key)[1]
    pair = _child(node, keys[-1])
    changed = _replace(text, pair[1], value) if pair else _insert(text, node, keys[-1], value)
    try:
        same = yaml.safe_load(changed) == wanted
    except yaml.YAMLError:
        same = False
    if not same:
        raise ValueError(f"{'.'.join(keys)} can't be changed alone, the way it is written there")
    return changed


def _changed(mapping: dict, keys: tuple[str, ...], value: str) -> dict:
    key, *rest = keys
    return {**mapping, key: _changed(mapping[key], rest, value) if rest else value}


def _child(mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next((pair for pair in mapping.value if pair[0].value == key), None)


def _replace(text: str, node: yaml.Node, value: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    space = "" if text[start - 1].isspace() else " "  # nothing at all may stand behind the colon
    return f"{text[:start]}{space}{_scalar(value)}{text[end:]}"


def _insert(text: str, mapping: yaml.MappingNode, key: str, value: str) -> str:
    """Put a key behind ``rows``: on a line of its own, or behind a comma where the mapping stands in braces."""
    name, rows = _child(mapping, "rows")
    if mapping.flow_style:
        end = rows.end_mark.index
        return f"{text[:end]}, {key}: {_scalar(value)}{text[end:]}"
    lines = text.splitlines(keepends=True)
    line = rows.end_mark.line
    ending = "\r\n" if lines[line].endswith("\r\n") else "\n"
    lines[line] = lines[line].rstrip("\r\n") + ending
    lines.insert(line + 1, f"{' ' * name.start_mark.column}{key}: {_scalar(value)}{ending}")
    return "".join(lines)


def _scalar(value: str) -> str:
    """Return digits in quotes where YAML would take them for a number."""
    return f'"{value}"' if re.fullmatch(r"\d+(e\d+)?", value) else value


if __name__ == "__main__":
    main()


__all__ = ["check_card", "main", "pin_card", "study_cards", "with_value"]
