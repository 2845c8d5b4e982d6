"""MiniMax-M3: attention over selected blocks of tokens in most layers, dense layers, then a shared and routed experts.

``sparse_attention_config`` says which layers select (``sparse_attention_freq`` 1), of which an indexer of its own
scores all tokens before; ``moe_layer_freq`` says which have experts, of size ``intermediate_size``.

Source: https://github.com/MiniMax-AI/MiniMax-M3; config keys as transformers' MiniMaxM3VLTextConfig.
Left out: the multi-token-prediction modules (``num_mtp_modules``).
"""

from ..blocks import Architecture
from ..families import minimax_m3


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    return minimax_m3(config)
