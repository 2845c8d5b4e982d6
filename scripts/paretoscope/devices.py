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

    def peak_flops(self, dtype: str | None, quantization: str | None) -> float | None:
        """Return the peak FLOP/s of the narrowest arithmetic that a model may be computed in.

        Weights of integers (AWQ, GPTQ) are computed in 16 bits; 8- and 4-bit floats in their own precision where the
        device has one, else in 16 bits.

        Parameters
        ----------
        dtype : str or None
            Of weights that aren't quantised, and of activations.
        quantization : str or None
            What the engine or the config calls the scheme; None where weights aren't quantised.

        Returns
        -------
        float or None
            None for a precision that cards don't state a peak of, and for a scheme that isn't known here.
        """
        if dtype not in ("bfloat16", "float16") or (quantization and quantization not in _PRECISIONS):
            return None
        precision = _PRECISIONS[quantization] if quantization else "bfloat16"
        return self.flops_per_second.get(precision) or self.flops_per_second["bfloat16"]


_PRECISIONS = {
    # scheme: the precision it is computed in at best
    **dict.fromkeys(("awq", "awq_marlin", "gptq", "gptq_marlin"), "bfloat16"),
    **dict.fromkeys(("fp8", "w8a8_fp8", "modelopt_fp8", "fbgemm_fp8"), "float8"),
    **dict.fromkeys(("mxfp4", "fp4", "modelopt_fp4"), "float4"),
}


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


def devices_by_reported_name(folders: Iterable[Path] = (SCHEMAS.parent,)) -> dict[str, Device]:
    """Return the devices of all cards by the names under which drivers report them.

    Raises
    ------
    InputError
        A card is wrong.
    """
    folders = list(folders)
    names = sorted({file.stem for folder in folders for file in (Path(folder) / "devices").glob("*.yaml")})
    devices = [load_device(name, folders) for name in names]
    return {name: device for device in devices for name in device.reported_names}


__all__ = ["Device", "devices_by_reported_name", "load_device"]
