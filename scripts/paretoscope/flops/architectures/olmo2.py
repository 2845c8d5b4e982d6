"""OLMo 2: norms after attention and FFN instead of before, and norms of queries and keys over all heads together.

Source: arXiv 2501.00656, section 2.1; config keys as transformers' Olmo2Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads(kv_heads_required=False)
    bias = config.flag("attention_bias", default=False)
    layer = (
        norms(hidden, hidden, heads * head_size, kv_heads * head_size),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size),
        gated_ffn(hidden, config.size("intermediate_size")),
    )
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
