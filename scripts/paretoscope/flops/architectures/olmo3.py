"""Olmo 3: OLMo 2's layer, three layers with a sliding window, then one of full attention.

Source: arXiv 2512.13961, section 3.2; config keys as transformers' Olmo3Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads(kv_heads_required=False)
    bias = config.flag("attention_bias", default=False)
    all_norms = norms(hidden, hidden, heads * head_size, kv_heads * head_size)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias)
    ffn = gated_ffn(hidden, config.size("intermediate_size"))
    windows = config.windows([(index + 1) % 4 != 0 for index in range(config.size("num_hidden_layers"))])
    return decoder(
        config.model_type,
        [(all_norms, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
