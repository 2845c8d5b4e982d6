"""GPU memory that a model needs: its weights, and the key-value cache of its sequences.

Left out: activations and an engine's own workspace, for which a share of the memory is kept free; copies of the cache
where there are more GPUs than key-value heads, or latent attention, which every GPU keeps whole; weights that an engine
quantises while it loads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .. import flops, hub
from ..catalog import Study
from ..devices import Device
from ..errors import InputError
from ..files import read_json

MEMORY_SHARE = 0.9
"""Share of a GPU's memory for weights and cache, where neither card nor study sets memory_fraction (assumed)."""
GPU_COUNTS = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of GPUs that a model is split over: powers of two, since heads must divide by them."""


@dataclass(frozen=True)
class Shape:
    """What the plan needs to know of a model's config.json."""

    architecture: flops.Architecture
    config: Mapping
    weight_bytes: int
    context: int | None
    """Prompt and completion tokens at most."""
    kv_dtype_bytes: int
    source: str
    """``config.json`` or ``card``, and whether a precision had to be assumed."""

    def cache_bytes(self, tokens: float) -> int:
        """Return the bytes of the cache of one sequence."""
        return flops.cache_bytes(self.architecture, round(tokens), self.kv_dtype_bytes)

    def sequence_bytes(self, tokens: float | None) -> int:
        """Return the bytes of weights and of the cache of one sequence; of weights alone where no length is known."""
        return self.weight_bytes + (0 if tokens is None else self.cache_bytes(tokens))


def read_shape(study: Study, model: str, results: Iterable[Path]) -> Shape:
    """Return a model's shape: of a config.json that is on this machine, else of its card.

    Raises
    ------
    InputError
        Neither is there, or it can't be used; the message says what would help.
    """
    card = study.models[model]
    found = next((file for file in _config_files(card, model, results) if file.exists()), None)
    if found is None and not (card["architecture"] or card["config"]):
        raise InputError(
            f"{card['card']}: no config.json is here yet, and the card has neither architecture nor config. --fetch-configs gets it, some kilobytes, if the revision is pinned."
        )
    try:
        config = read_json(found or Path(card["config"])) if found or card["config"] else card["architecture"]
        config = _in_precision(config, study.engine_of(model).get("dtype"))
        architecture = flops.describe(config)
        weight_bytes = flops.weight_bytes(architecture, config)
    except InputError as error:
        raise InputError(f"{card['card']}: {error}") from error
    text = config.get("text_config") or config
    named = any(part.get(key) for part in (config, text) for key in ("dtype", "torch_dtype", "quantization_config"))
    return Shape(
        architecture=architecture,
        config=config,
        weight_bytes=weight_bytes,
        context=card["context_length"] or text.get("max_position_embeddings"),
        kv_dtype_bytes=_kv_dtype_bytes(study.engine_of(model)),
        source=("config.json" if found else "card") + ("" if named else "; 16 bits a weight assumed"),
    )


def _in_precision(config: dict, dtype: str | None) -> dict:
    """Return a config.json in the precision that the engine is told to run it in; as it is, where it is told none."""
    if dtype in (None, "auto", "checkpoint") or config.get("quantization_config"):
        return config
    text = config.get("text_config")
    return {**config, "torch_dtype": None, "dtype": dtype} | (
        {"text_config": {**text, "torch_dtype": None, "dtype": dtype}} if text else {}
    )


def _kv_dtype_bytes(engine: dict) -> int:
    if str(engine.get("kv_cache_dtype")).startswith("fp8"):
        return 1
    return 4 if engine.get("dtype") == "float32" else 2


def _config_files(card: dict, model: str, results: Iterable[Path]) -> Iterator[Path]:
    """Yield where a model's config.json may be: among results, beside local weights, in the hub's cache."""
    yield from (Path(folder) / "models" / model / "config.json" for folder in results)
    source = card["source"]
    if "path" in source:
        yield Path(source["path"]) / "config.json"
    if source.get("revision"):
        with suppress(InputError):  # not fetched yet
            yield hub.cached(source) / "config.json"


def usable_bytes(study: Study, model: str, device: Device) -> float:
    """Return the bytes of one GPU that weights and cache may take."""
    return device.memory_bytes * (study.engine_of(model).get("memory_fraction") or MEMORY_SHARE)


def gpus_needed(needed: float, usable: float) -> int | None:
    """Return on how many GPUs so many bytes fit; None: on no number of them."""
    return next((count for count in GPU_COUNTS if needed <= count * usable), None)


def sequences_that_fit(shape: Shape, gpus: int, usable: float, tokens: float) -> int:
    """Return how many sequences of so many tokens the cache beside the weights holds, at least 1."""
    free = gpus * usable - shape.weight_bytes
    return max(int(free // max(shape.cache_bytes(tokens), 1)), 1)
