"""Ministral 3: Mistral's layer without a window; queries are scaled by position, which changes no matmul.

Source: arXiv 2601.08584, section 2; config keys as transformers' Ministral3Config.
Left out: the vision tower and its projector.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads()
    layer = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size),
        attention(heads, kv_heads, head_size, config.size("sliding_window", default=None)),
        gated_ffn(hidden, config.size("intermediate_size")),
    )
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
