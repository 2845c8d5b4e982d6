"""Time of a cell on GPUs by a roofline (:mod:`paretoscope.roofline`) at the share of the peaks that kernels reach.

Prefill and decode are added up, each at the larger of its arithmetic and its memory traffic; peaks are those of 16-bit
arithmetic. All completions are of the mean length, so the tail is left out in which few sequences remain, and with it
communication between GPUs and scheduling. The shares are assumed: after a first run the speed that was measured
replaces all of this.
"""

from __future__ import annotations

from ..devices import Device
from ..roofline import phases
from .memory import Shape

PREFILL_EFFICIENCY = 0.4
"""Share of the peak FLOP/s that matrix arithmetic reaches (assumed)."""
DECODE_EFFICIENCY = 0.5
"""Share of the peak memory bandwidth that is reached (assumed)."""
LOAD_BYTES_PER_SECOND = 1e9
"""Speed at which weights come from storage to the GPUs (assumed)."""
START_SECONDS = 60.0
"""Start of an engine beside its weights: imports, compiling kernels, recording graphs, warming up (assumed)."""


def generation_seconds(
    shape: Shape, device: Device, gpus: int, completions: int, batch: int, prompt: float, tokens: float
) -> float:
    """Return the seconds that ``gpus`` GPUs need for a cell, the loading of the weights left out.

    Parameters
    ----------
    batch : int
        Sequences decoded together.
    prompt, tokens : float
        Mean tokens of a prompt and of a completion.
    """
    prefill, decode = phases(
        shape.architecture,
        shape.config,
        max(round(prompt), 1),
        round(tokens),
        flops_per_second=device.flops_per_second["bfloat16"] * PREFILL_EFFICIENCY,
        bytes_per_second=device.bandwidth_bytes_per_second * DECODE_EFFICIENCY,
        batch=batch,
        kv_dtype_bytes=shape.kv_dtype_bytes,
    )
    return completions * (prefill.seconds + decode.seconds) / gpus


def load_seconds(shape: Shape) -> float:
    """Return the seconds for which a model's GPUs wait until a cell can be generated."""
    return START_SECONDS + shape.weight_bytes / LOAD_BYTES_PER_SECOND
