"""Qwen3 mixture of experts: Qwen3's attention, and routed experts without shared ones in place of the FFN.

A layer keeps the FFN where ``mlp_only_layers`` names it or ``decoder_sparse_step`` skips it (none in the releases).
With ``use_sliding_window`` every layer slides.

Source: arXiv 2505.09388, section 2; config keys as transformers' Qwen3MoeConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture
from ..families import qwen3_moe


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return qwen3_moe(config)
