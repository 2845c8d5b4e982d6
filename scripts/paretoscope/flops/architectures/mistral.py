"""Mistral: grouped-query attention, a gated FFN, and one sliding window for every layer (or none, where it is null).

Source: arXiv 2310.06825, section 2; config keys as transformers' MistralConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads()
    layer = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size),
        attention(heads, kv_heads, head_size, config.nullable_size("sliding_window")),
        gated_ffn(hidden, config.size("intermediate_size")),
    )
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
