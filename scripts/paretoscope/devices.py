"""Device cards: memory, bandwidth and peak FLOP/s of a GPU, each figure with its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .cards import SCHEMAS, check, error_at, read_schema, read_yaml
from .errors import InputError, suggest


@dataclass(frozen=True)
class Device:
    """One GPU."""

    id: str
    name: str
    memory_bytes: int
    bandwidth_bytes_per_second: float
    flops_per_second: dict[str, float | None]
    """Peak dense FLOP/s by precision: bfloat16 (and float16), float8, float4; None where the device has none."""
    tdp_watts: float
    price_usd_per_gpu_hour: float | None
    reported_names: tuple[str, ...]
    """Names under which drivers report it."""


def load_device(name: str, folders: Iterable[Path] = (SCHEMAS.parent,)) -> Device:
    """Read the card ``devices/<name>.yaml`` of one of the folders.

    Raises
    ------
    InputError
        No such device (the message lists those there are), or the card is wrong.
    """
    files = {file.stem: file for folder in folders for file in sorted((Path(folder) / "devices").glob("*.yaml"))}
    if name not in files:
        known = suggest(name, files)
        raise InputError(f"unknown device '{name}'.{known} A card in config/devices makes another one known.")
    card = check(read_yaml(files[name]), read_schema("device"), files[name])
    if card["id"] != name:
        raise error_at(files[name], ("id",), f"the id '{card['id']}' isn't the file's name. Set id: {name}.")
    kept = {key: card[key] for key in Device.__dataclass_fields__}
    return Device(**{**kept, "reported_names": tuple(card["reported_names"])})


__all__ = ["Device", "load_device"]
