"""What is asked of the chooser: quantities with units, benchmarks with weights, and what a model must be."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from ..errors import InputError, suggest

_DECIMAL = {"": 1.0, **{prefix: 1000.0**power for power, prefix in enumerate("KMGTPEZ", start=1)}}
_BINARY = {f"{prefix}I": 1024.0**power for power, prefix in enumerate("KMGTP", start=1)}
_NUMBER = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity))\s*([A-Za-z]*)", re.IGNORECASE
)

LEAST_WEIGHT = 1e-6
"""Of a benchmark, beside the largest; one that is smaller must be a slip."""


@dataclass(frozen=True)
class Request:
    """One question to the chooser."""

    weights: dict[str, float]
    """Of each benchmark, by its id; they sum to 1."""
    budgets: dict[str, float] = field(default_factory=dict)
    """Mean cost per completion at most, by the id of the cost."""
    memory_bytes: float | None = None
    requests: int = 1
    """Sequences whose cache is in memory together."""
    length: int | None = None
    """Tokens of each, prompt included; None: of the model's longest here that neither looped nor was cut off."""
    kv_bytes: int = 2
    """Bytes of a cached element."""
    min_accuracy: float | None = None
    """Weighted accuracy at least, a fraction."""
    minimize: str | None = None
    """Id of the cost to keep low; None: the accuracy is to be high."""
    family: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    """Which models to consider: any of these; empty: all."""
    without: tuple[str, ...] = ()
    """Models, families, kinds or types that aren't considered."""
    replicates: int = 4000
    seed: int = 0


def number(option: str, text: str, unit: str = "") -> float:
    """Return a positive number with an optional prefix: ``50``, ``1e-6``, ``50T``; with unit ``B`` also ``80GiB``.

    K, M, G, T, P, E and Z are powers of 1000, and Ki, Mi ... of 1024 where bytes are counted.

    Parameters
    ----------
    option : str
        Names the value in errors.
    text : str
    unit : str
        What may follow the prefix; of bytes (``B``), some prefix or unit must stand there.

    Raises
    ------
    InputError
        It isn't a number above 0, or its unit isn't known.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise InputError(f"--{option}: '{text}' isn't a number{_units(unit)}.")
    suffix = found[2].upper()
    prefixes = _DECIMAL | (_BINARY if unit == "B" else {})
    if suffix not in prefixes and unit:
        suffix = suffix.removesuffix(unit.upper())
    if suffix not in prefixes or (unit == "B" and not found[2]):
        said = f"unknown unit '{found[2]}' in '{text}'" if found[2] else f"'{text}' says no unit"
        raise InputError(f"--{option}: {said}{_units(unit)}.")
    value = float(found[1]) * prefixes[suffix]
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"--{option}: must be a number above 0, not '{text}'.")
    return value


def _units(unit: str) -> str:
    return "; write it like 80G, 80GB or 80GiB" if unit == "B" else "; write it like 50, 1e-6 or 50T"


def accuracy(text: str) -> float:
    """Return an accuracy above 0 and at most 1.

    Raises
    ------
    InputError
        It isn't one.
    """
    value = number("min-accuracy", text)
    if value > 1:
        raise InputError(f"--min-accuracy: a fraction from 0 to 1, not {text}; 70 % is 0.7.")
    return value


def weights(text: str | None, known: list[str]) -> tuple[dict[str, float], dict[str, str]]:
    """Read ``gsm8k=1,aime25=2``: benchmarks and their weights; 1 where none is given.

    Parameters
    ----------
    text : str or None
        None: all benchmarks, equally.
    known : list of str
        Ids of the benchmarks that there are.

    Returns
    -------
    weights : dict
        By id; their sum is 1.
    taken : dict
        Id by what was written, where that isn't the id.

    Raises
    ------
    InputError
        A weight isn't a number above 0; a benchmark isn't known, could be several, or is named twice.
    """
    if text is None:
        return dict.fromkeys(known, 1 / len(known)), {}
    given, taken = {}, {}
    for part in text.split(","):
        name, equals, weight = (piece.strip() for piece in part.partition("="))
        benchmark = find_benchmark(name, known)
        if benchmark in given:
            raise InputError(f"--benchmarks: {benchmark} is named twice in '{text}'.")
        given[benchmark] = number(f"benchmarks: weight of {name}", weight) if equals else 1.0
        if name != benchmark:
            taken[name] = benchmark
    return _normalised(given), taken


def _normalised(given: dict[str, float]) -> dict[str, float]:
    """Return the weights so that they sum to 1."""
    largest = max(given.values())
    total = sum(weight / largest for weight in given.values())  # the weights' own sum may be too large for a float
    for benchmark, weight in given.items():
        if weight / largest < LEAST_WEIGHT:
            raise InputError(
                f"--benchmarks: weight of {benchmark}: {weight:g} is nothing beside {largest:g}; leave it out, or let it "
                f"be {LEAST_WEIGHT:g} of that at least."
            )
    return {benchmark: weight / largest / total for benchmark, weight in given.items()}


def find_benchmark(name: str, known: list[str]) -> str:
    """Return the benchmark of that id, or the only one that a short form stands for.

    The short form of an id has small letters and digits alone, and a year's last two digits: ``aime25`` is
    ``aime2025``, and ``hmmt`` is ``hmmt-feb-2025`` where no other short form starts so.

    Raises
    ------
    InputError
        No benchmark is called so, or several could be.
    """
    if name in known:
        return name
    short = _short(name)
    for matches in (lambda other: other == short, lambda other: other.startswith(short)):
        found = [benchmark for benchmark in known if short and matches(_short(benchmark))]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f"--benchmarks: '{name}' could be {' or '.join(found)}; write out which.")
    raise InputError(f"--benchmarks: no results of a benchmark '{name}'.{suggest(name, known)}")


def _short(name: str) -> str:
    return re.sub(r"(?<!\d)20(?=\d\d(?!\d))", "", "".join(filter(str.isalnum, name.lower())))


def check_filters(request: Request, models) -> None:
    """Refuse names that no model has.

    Parameters
    ----------
    request : Request
    models : DataFrame
        Columns model, family, kind and type.

    Raises
    ------
    InputError
        A family, kind or type is asked for, or anything excluded, that there isn't.
    """
    for option in ("family", "kind", "type", "without"):
        columns = ["model", "family", "kind", "type"] if option == "without" else [option]
        known = {value for column in columns for value in models[column].dropna()}
        for name in getattr(request, option):
            if name not in known:
                raise InputError(f"--{option}: no model has '{name}'.{suggest(name, known)}")
