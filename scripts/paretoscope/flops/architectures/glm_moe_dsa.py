"""GLM-5: DeepSeek-V3.2's sparse attention and experts; from GLM-5.2 on, some layers reuse an earlier layer's selection.

``indexer_types`` says which layers have an indexer, or ``index_topk_pattern`` by letters (F, S), or ``index_topk_freq``
and ``index_skip_topk_offset``; without these all have one.

Source: arXiv 2602.15763; arXiv 2603.12201 (shared selection); config keys as transformers' GlmMoeDsaConfig.
Left out: as in DeepSeek-V3.2.
"""

from ..blocks import Architecture
from ..families import deepseek


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return deepseek(config, indexed=True)
