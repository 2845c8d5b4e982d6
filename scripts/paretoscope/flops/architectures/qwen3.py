"""Qwen3: grouped-query attention with norms of queries and keys instead of biases, and a gated FFN.

The head size stands in the config: it is not ``hidden_size`` / heads. Sliding windows as in Qwen2: off in all releases.

Source: arXiv 2505.09388, section 2; config keys as transformers' Qwen3Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture
from ..families import qwen3


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return qwen3(config)
