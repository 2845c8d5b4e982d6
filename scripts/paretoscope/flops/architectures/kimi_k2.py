"""Kimi K2 and the language model of K2.5: DeepSeek-V3's layers, with fewer heads and more experts.

Source: arXiv 2507.20534, section 2.3; config keys as transformers' DeepseekV3Config, which the releases use.
Left out: as in DeepSeek-V3; of K2.5 also the vision tower.
"""

from ..blocks import Architecture
from ..families import deepseek


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return deepseek(config)
