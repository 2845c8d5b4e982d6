"""MiMo: Qwen2's layer (query, key and value biases) beside a multi-token-prediction module.

Source: arXiv 2505.07608, section 2.2; config keys as its own code, which derives from transformers' Qwen2Config.
Left out: the multi-token-prediction module (``num_nextn_predict_layers``), which serving may use as a draft.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    windows = config.windows_of_late_layers(config.size("num_hidden_layers"))
    heads, kv_heads, head_size = config.attention_heads()
    around = norms(hidden, hidden)
    bias = config.flag("attention_bias", default=True)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias)
    ffn = gated_ffn(hidden, config.size("intermediate_size"))
    return decoder(
        config.model_type,
        [(around, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
