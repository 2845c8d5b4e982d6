"""Language model of Qwen3-VL's mixtures of experts: Qwen3's.

Source: arXiv 2511.21631; config keys as transformers' Qwen3VLMoeTextConfig.
Left out: the vision tower, and what it adds to the first layers (DeepStack).
"""

from ..blocks import Architecture
from ..families import qwen3_moe


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return qwen3_moe(config)
