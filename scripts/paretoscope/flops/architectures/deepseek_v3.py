"""DeepSeek-V3 and R1: DeepSeek-V2's layers, with a bias that balances the load of the experts.

``head_dim`` and ``num_key_value_heads`` say nothing about MLA and aren't read.

Source: arXiv 2412.19437, section 2.1; config keys as transformers' DeepseekV3Config and, for ``moe_layer_freq``, as the
model's own code.
Left out: the multi-token-prediction module (``num_nextn_predict_layers``), group-limited routing's selection.
"""

from ..blocks import Architecture
from ..families import deepseek


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return deepseek(config)
