"""Least time of completions on a device by the roofline model, as in arXiv 2402.16363; :mod:`paretoscope.roofline`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import completion_flops
from .blocks import Architecture
from .traffic import completion_bytes


@dataclass(frozen=True, slots=True)
class Phase:
    """Prefill or decode of one completion, on average."""

    flops: float
    bytes: float
    compute_seconds: float
    """GPU-seconds of the arithmetic at the peak."""
    memory_seconds: float
    """GPU-seconds of moving the bytes at the peak."""

    @property
    def seconds(self) -> float:
        """GPU-seconds that the phase takes at least."""
        return max(self.compute_seconds, self.memory_seconds)

    @property
    def limit(self) -> str:
        """``compute`` or ``memory``; empty where nothing is done."""
        if not self.seconds:
            return ""
        return "compute" if self.compute_seconds >= self.memory_seconds else "memory"

    @property
    def intensity(self) -> float | None:
        """FLOPs per byte; None where no byte is moved."""
        return self.flops / self.bytes if self.bytes else None


def phases(
    architecture: Architecture,
    config: Mapping,
    prompt_tokens,
    completion_tokens,
    cached_tokens=0,
    *,
    flops_per_second: float,
    bytes_per_second: float,
    verify_steps=None,
    batch: float = 1,
    kv_dtype_bytes: int = 2,
) -> tuple[Phase, Phase]:
    """Return prefill and decode of completions, per completion.

    Parameters
    ----------
    architecture, config
        As for :func:`paretoscope.flops.completion_bytes`.
    prompt_tokens, completion_tokens, cached_tokens : int or array of int, shape (n,)
        As for :func:`paretoscope.flops.completion_flops`.
    flops_per_second, bytes_per_second : float
        Of one GPU: its peaks, for a bound; less, for an estimate.
    verify_steps : int or array of int, shape (n,), or None
        As for :func:`paretoscope.flops.completion_bytes`.
    batch : float
        Sequences whose tokens share a reading of the weights, on average.
    kv_dtype_bytes : int
        Bytes of a cached element.

    Raises
    ------
    InputError
        Counts or a batch below their minimum; a dtype or quantisation scheme that isn't known here.
    """
    counts = prompt_tokens, completion_tokens, cached_tokens
    work = completion_flops(architecture, *counts)
    shared = {"verify_steps": verify_steps, "batch": batch, "kv_dtype_bytes": kv_dtype_bytes}
    moved = completion_bytes(architecture, config, *counts, **shared)
    means = [(float(np.mean(count)), float(np.mean(size))) for count, size in zip(work, moved, strict=True)]
    prefill, decode = (Phase(count, size, count / flops_per_second, size / bytes_per_second) for count, size in means)
    return prefill, decode if decode.flops else Phase(0.0, 0.0, 0.0, 0.0)


def least_seconds(prefill: Phase, decode: Phase) -> float:
    """Return the GPU-seconds that a completion takes at least, however its phases are mixed with those of others."""
    return max(prefill.compute_seconds + decode.compute_seconds, prefill.memory_seconds + decode.memory_seconds)
