"""Language model of Qwen3-VL: Qwen3's.

Source: arXiv 2511.21631; config keys as transformers' Qwen3VLTextConfig.
Left out: the vision tower, and what it adds to the first layers (DeepStack).
"""

from ..blocks import Architecture
from ..families import qwen3


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return qwen3(config)
