"""Qwen2 and Qwen2.5 (QwQ too): grouped-query attention with query, key and value biases, and a gated FFN.

``use_sliding_window`` is false in all releases, and then ``sliding_window`` means nothing; where it is true, the layers
from ``max_window_layers`` on slide.

Source: arXiv 2407.10671, section 2.2; arXiv 2412.15115, section 2; config keys as transformers' Qwen2Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    windows = config.windows_of_late_layers(config.size("num_hidden_layers"))
    heads, kv_heads, head_size = config.attention_heads()
    around = norms(hidden, hidden)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=True)
    ffn = gated_ffn(hidden, config.size("intermediate_size"))
    return decoder(
        config.model_type,
        [(around, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
