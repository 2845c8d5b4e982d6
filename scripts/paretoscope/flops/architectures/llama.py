"""Llama 2 and 3, and models of their shape: grouped-query attention and a gated FFN in every layer.

Source: arXiv 2407.21783, section 3.2; config keys as transformers' LlamaConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture
from ..families import llama


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return llama(config)
