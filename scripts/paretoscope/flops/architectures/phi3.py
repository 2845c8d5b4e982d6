"""Phi-3, Phi-3.5, Phi-4 and Phi-4-mini: grouped-query attention and a gated FFN, their projections stored fused.

Where rotary embedding is partial (Phi-4-mini) no matmul changes. Phi-3 mini slides over a window, Phi-4 doesn't.

Source: arXiv 2404.14219, section 2; arXiv 2503.01743, section 2.1 (Phi-4-mini); keys as transformers' Phi3Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture
from ..families import mistral


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return mistral(config, config.size("sliding_window", default=None), kv_heads_required=False)
