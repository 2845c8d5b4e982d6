"""Gemma 2: full and sliding-window attention in turn (the first layer slides), norms before and after each half layer.

The head size stands in the config: it isn't ``hidden_size`` / heads. The vocabulary head is tied unless said otherwise.

Source: arXiv 2408.00118, section 2; config keys as transformers' Gemma2Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    bias = config.flag("attention_bias", default=False)
    all_norms = norms(hidden, hidden, hidden, hidden)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias)
    ffn = gated_ffn(hidden, config.size("intermediate_size"))
    windows = config.windows([index % 2 == 0 for index in range(layers)])
    return decoder(
        config.model_type,
        [(all_norms, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=True),
    )
