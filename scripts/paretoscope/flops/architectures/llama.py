"""Llama 2 and 3, and models of their shape: grouped-query attention and a gated FFN in every layer.

Source: arXiv 2407.21783, section 3.2; config keys as transformers' LlamaConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads()
    bias = config.flag("attention_bias", default=False)
    layer = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size),
        gated_ffn(hidden, config.size("intermediate_size"), bias=config.flag("mlp_bias", default=False)),
    )
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
