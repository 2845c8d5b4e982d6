"""Time of a cell on GPUs by a roofline: compute for prefill, memory traffic or compute for decode.

Source: the roofline model of arXiv 2402.16363, sections 2.2 and 2.3. With N completions of C tokens after prompts of P,
B of them decoded together, on G GPUs:

    prefill  N F_prefill(P) / (G peak e_prefill)
    decode   the larger of
             (N C / B weights(B) + N C cache(P + C/2)) / (G bandwidth e_decode)   every step reads weights and caches
             N F_decode(P, C) / (G peak e_prefill)                                its arithmetic

weights(B) are the bytes that a step of B sequences reads: of experts those that at least one token is routed to, when
every token draws its k of E independently, 1 - (1 - k/E)^B of them. F are :func:`paretoscope.flops.completion_flops`,
peak that of 16-bit arithmetic.

Left out: the spread of lengths about their mean, and with it the tail in which few sequences are left; communication
between GPUs; scheduling. e_prefill and e_decode stand for kernels that reach a share of the peaks. They are assumed:
after a first run the speed that was measured replaces all of this.
"""

from __future__ import annotations

from .. import flops
from ..devices import Device
from .memory import Shape

PREFILL_EFFICIENCY = 0.4
"""Share of the peak FLOP/s that matrix arithmetic reaches (assumed)."""
DECODE_EFFICIENCY = 0.5
"""Share of the peak memory bandwidth that decoding reaches (assumed)."""
LOAD_BYTES_PER_SECOND = 1e9
"""Speed at which weights come from storage to the GPUs (assumed)."""


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
    peak = gpus * device.flops_per_second["bfloat16"] * PREFILL_EFFICIENCY
    bandwidth = gpus * device.bandwidth_bytes_per_second * DECODE_EFFICIENCY
    prefill, decode = flops.completion_flops(shape.architecture, max(round(prompt), 1), round(tokens))
    steps = completions * tokens
    traffic = steps / batch * weights_read(shape, batch) + steps * shape.cache_bytes(prompt + tokens / 2)
    return float(completions * prefill / peak + max(traffic / bandwidth, completions * decode / peak))


def weights_read(shape: Shape, batch: int) -> float:
    """Return the bytes of weights that one decode step of ``batch`` sequences reads.

    Weights are taken to have as many bytes each, which is not so where experts alone are quantised.
    """
    architecture = shape.architecture
    read = 0.0
    for count, block in (*architecture.body, (1, architecture.head)):
        if block is architecture.embedding and architecture.head.parameters:
            continue  # a table of its own is looked up, not read
        idle = 1 - block.active_parameters / block.parameters if block.parameters else 0.0
        read += count * block.parameters * (1 - idle**batch)
    return shape.weight_bytes * read / architecture.parameters.total


def load_seconds(shape: Shape) -> float:
    """Return the seconds for which a model's GPUs wait for its weights."""
    return shape.weight_bytes / LOAD_BYTES_PER_SECOND
