"""Gemma 3: five sliding-window layers, then one of full attention; norms before and after each half layer.

``sliding_window_pattern`` (absent: 6) is the period where ``layer_types`` is absent. The multimodal releases leave out
what is as in transformers' Gemma3TextConfig, so that is the default here: 8 heads, 4 key-value heads, head size 256,
262,208 tokens, tied.

Source: arXiv 2503.19786, section 2; config keys as transformers' Gemma3TextConfig.
Left out: the vision tower and its projector.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    config = config.with_defaults(num_attention_heads=8, num_key_value_heads=4, head_dim=256, vocab_size=262_208)
    hidden = config.size("hidden_size")
    period = config.size("sliding_window_pattern", default=6)
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    bias = config.flag("attention_bias", default=False)
    all_norms = norms(hidden, hidden, hidden, hidden, head_size, head_size)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias)
    ffn = gated_ffn(hidden, config.size("intermediate_size"))
    windows = config.windows([(index + 1) % period != 0 for index in range(config.size("num_hidden_layers"))])
    return decoder(
        config.model_type,
        [(all_norms, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=True),
    )
