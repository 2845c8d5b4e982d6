"""Granite 3's dense models: Llama's layer with scaled residuals, embeddings and logits, which change no matmul.

Source: arXiv 2408.13359 (PowerLM, whose shape it has); config keys as transformers' GraniteConfig.
Left out: the multipliers.
"""

from ..blocks import Architecture
from ..families import llama


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return llama(config)
