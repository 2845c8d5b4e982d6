"""DeepSeek-V2 and V2-Lite: multi-head latent attention (MLA), a few dense layers, then shared and routed experts.

V2-Lite projects queries directly (``q_lora_rank`` null). ``head_dim`` and ``num_key_value_heads`` aren't read.

Source: arXiv 2405.04434, section 2; config keys as transformers' DeepseekV2Config and, for ``moe_layer_freq``, as the
model's own code.
Left out: group-limited routing's selection.
"""

from ..blocks import Architecture
from ..families import deepseek


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return deepseek(config, router_bias=False)
