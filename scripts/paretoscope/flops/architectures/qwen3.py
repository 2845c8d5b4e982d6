"""Qwen3: grouped-query attention with norms of queries and keys instead of biases, and a gated FFN.

The head size stands in the config: it is not ``hidden_size`` / heads. Sliding windows as in Qwen2: off in all releases.

Source: arXiv 2505.09388, section 2; config keys as transformers' Qwen3Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    windows = config.windows_of_late_layers(config.size("num_hidden_layers"))
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    bias = config.flag("attention_bias", default=False)
    all_norms = norms(hidden, hidden, head_size, head_size)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias)
    ffn = gated_ffn(hidden, config.size("intermediate_size"))
    return decoder(
        config.model_type,
        [(all_norms, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
