"""Mistral: grouped-query attention, a gated FFN, and one sliding window for every layer (or none, where it is null).

Source: arXiv 2310.06825, section 2; config keys as transformers' MistralConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture
from ..families import mistral


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return mistral(config, config.nullable_size("sliding_window"))
