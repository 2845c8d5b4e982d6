"""Ministral 3: Mistral's layer without a window; queries are scaled by position, which changes no matmul.

Source: arXiv 2601.08584; config keys as transformers' Ministral3Config.
Left out: the vision tower and its projector.
"""

from ..blocks import Architecture
from ..families import mistral


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return mistral(config, config.size("sliding_window", default=None))
