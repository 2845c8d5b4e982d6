"""DeepSeek-V3.2: DeepSeek-V3's layers with sparse attention: an indexer scores all tokens before, 2,048 are attended.

Attention is counted over the cached latents (multi-query form) in prefill too, the form that the selection is made
for; a kernel that expands keys and values for short prompts does less work there.

Source: arXiv 2512.02556, section 2.1; config keys as transformers' DeepseekV32Config.
Left out: as in DeepSeek-V3; of the indexer its Hadamard rotation, ReLU and top-k selection.
"""

from ..blocks import Architecture
from ..families import deepseek


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return deepseek(config, indexed=True)
