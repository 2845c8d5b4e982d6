"""What the command line tells of one completion: parameters, FLOPs, bytes and, on a device, the least time.

Everything that was counted is said beside what it came to, under ``counted``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction

from ..devices import Device
from ..errors import InputError
from . import breakdown, cache_bytes, decode_bytes, decode_flops, kv_bytes_per_token, quantisation_method, weight_bytes
from .blocks import Architecture
from .bounds import least_seconds, phases
from .counts import token_counts
from .masks import Chunks, SlidingWindow
from .memory import plain_bytes

WEIGHTS = {
    # name: what a config says whose weights have this precision
    "bfloat16": {"dtype": "bfloat16"},
    "fp8": {"dtype": "bfloat16", "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}},
    "int4": {"dtype": "bfloat16", "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}},
}
"""Precisions that weights may be given instead of the released one: block-wise FP8, and GPTQ in groups of 128."""

_COLUMNS = ("parameters", "active", "prefill", "decode")


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    samples: int = 1
    rejected_tokens: int = 0
    convention: str = "exact"
    batch: int = 1
    kv_bytes: int = 2
    note: str | None = None
    """How the completion's tokens came about, where nobody asked for them."""

    @property
    def fed(self) -> int:
        """Tokens fed one by one in decode."""
        return self.completion_tokens if self.convention == "paper" else max(self.completion_tokens - 1, 0)


def with_weights(config: Mapping, precision: str) -> dict:
    """Return the config of a model whose linear layers have another precision, one of :data:`WEIGHTS`."""
    said = ("dtype", "torch_dtype", "quantization_config", "expert_dtype")
    parts = {key: value for key, value in config.items() if key not in said} | WEIGHTS[precision]
    if isinstance(text := config.get("text_config"), Mapping):
        parts["text_config"] = {key: value for key, value in text.items() if key not in said}
    return parts


def report(architecture: Architecture, config: Mapping, counted: Counted, device: Device | None = None) -> dict:
    """Return everything that is printed, FLOPs and parameters as exact integers.

    Parameters
    ----------
    architecture : Architecture
        What :func:`paretoscope.flops.describe` returned for ``config``.
    config : mapping
        The parsed ``config.json``, of which dtype and quantisation are read.
    counted : Counted
        Tokens, samples, convention, batch.
    device : Device or None
        GPU to bound the time on.

    Raises
    ------
    InputError
        Counts that contradict each other or are below their minimum; an unknown convention.
    """
    _check(counted)
    components = _components(architecture, counted, counted.cached_tokens)
    totals = {column: sum(row[column] for row in components.values()) for column in _COLUMNS}
    parameters = architecture.parameters
    return {
        "model_type": architecture.model_type,
        "counted": asdict(counted),
        "parameters": {
            "total": parameters.total,
            "active": parameters.active,
            "embedding": parameters.embedding,
        },
        "flops": {
            "prefill": totals["prefill"],
            "decode": totals["decode"],
            "total": totals["prefill"] + totals["decode"],
        },
        "executed_flops": _executed(architecture, counted, totals),
        **_memory(architecture, config, counted),
        **({"device": _on(device, architecture, config, counted)} if device else {}),
        "components": components,
    }


def _check(counted: Counted) -> None:
    for name, minimum in {"samples": 1, "batch": 1, "rejected_tokens": 0}.items():
        token_counts(name, getattr(counted, name), minimum=minimum)
    if counted.cached_tokens > counted.prompt_tokens >= 1:
        raise InputError(
            f"cached tokens are tokens of the prompt: {counted.cached_tokens} are more than its {counted.prompt_tokens}"
        )
    if counted.rejected_tokens and not counted.fed:
        raise InputError(
            f"{counted.rejected_tokens} rejected tokens need a decode step to be drafted in, "
            f"but a completion of {counted.completion_tokens} tokens has none"
        )


def _components(architecture: Architecture, counted: Counted, cached: int) -> dict[str, dict[str, int]]:
    tokens = counted.prompt_tokens, counted.completion_tokens, cached
    return breakdown(architecture, *tokens, convention=counted.convention)


def _executed(architecture: Architecture, counted: Counted, totals: dict[str, int]) -> dict:
    """Return what an engine executes that computes a prompt once for all its samples, or drafts tokens."""
    rows = _components(architecture, counted, counted.prompt_tokens).values()
    first, others = totals["prefill"] + totals["decode"], sum(row["prefill"] + row["decode"] for row in rows)
    decode, rejected = totals["decode"], counted.rejected_tokens
    return {
        "all_samples": counted.samples * first,
        "all_samples_prompt_shared": first + (counted.samples - 1) * others,
        "decode_with_rejected": decode + round(Fraction(decode * rejected, max(counted.fed, 1))),
    }


def _memory(architecture: Architecture, config: Mapping, counted: Counted) -> dict:
    """Return the memory of weights and cache, and FLOPs and bytes of the completion's last decode step.

    Weights of a precision that isn't known here leave their bytes None, with the reason.
    """
    context, element = counted.prompt_tokens + counted.fed, counted.kv_bytes
    sizes = {
        "kv_bytes_per_token": kv_bytes_per_token(architecture, element),
        "kv_windows": any(
            block.cache.token and isinstance(block.cache.mask, SlidingWindow | Chunks) for _, block in architecture.body
        ),
        "cache_bytes": cache_bytes(architecture, context, element),
        "weight_bytes": None,
        "weight_bytes_unknown": None,
        "decode_step": None,
    }
    try:
        sizes["weight_bytes"] = weight_bytes(architecture, config)
    except InputError as error:
        sizes["weight_bytes_unknown"] = str(error)
    if not counted.fed:
        return sizes
    step = {"context": context, "batch": counted.batch, "flops_per_token": decode_flops(architecture, context)}
    step |= {"bytes": None, "arithmetic_intensity": None}
    if sizes["weight_bytes"] is not None:
        moved = decode_bytes(architecture, config, context, counted.batch, kv_dtype_bytes=element)
        step |= {"bytes": moved, "arithmetic_intensity": counted.batch * step["flops_per_token"] / moved}
    return sizes | {"decode_step": step}


def _on(device: Device, architecture: Architecture, config: Mapping, counted: Counted) -> dict:
    """Return what the completion takes at least on a device, with the tokens that a bound of time feeds."""
    if counted.convention != "exact":
        raise InputError(f"least seconds are of what is executed, which convention '{counted.convention}' isn't")
    plain = "bfloat16" if plain_bytes(config) == 2 else None
    peak = device.peak_flops(plain, quantisation_method(config))
    if peak is None:
        raise InputError(f"the peak of {device.name} at this precision of the weights isn't known")
    prefill, decode = phases(
        *(architecture, config, counted.prompt_tokens, counted.completion_tokens, counted.cached_tokens),
        flops_per_second=peak,
        bytes_per_second=device.bandwidth_bytes_per_second,
        batch=counted.batch,
        kv_dtype_bytes=counted.kv_bytes,
    )
    least = least_seconds(prefill, decode)
    return {
        "id": device.id,
        "batch": counted.batch,
        "flops_per_second": peak,
        "bytes_per_second": device.bandwidth_bytes_per_second,
        "gpu_seconds_least": least,
        "energy_joules_least_at_tdp": device.tdp_watts * least,
        **{
            f"{name}_{key}": value
            for name, phase in (("prefill", prefill), ("decode", decode))
            for key, value in (
                *(("gpu_seconds_least", phase.seconds), ("limit", phase.limit or None)),
                *(("bytes", phase.bytes), ("arithmetic_intensity", phase.intensity)),
            )
        },
    }


__all__ = ["WEIGHTS", "Counted", "report", "with_weights"]
