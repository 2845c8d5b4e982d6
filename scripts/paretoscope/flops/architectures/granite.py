"""Granite 3's dense models: Llama's layer with scaled residuals, embeddings and logits, which change no matmul.

Source: arXiv 2408.13359 (PowerLM, whose shape it has); config keys as transformers' GraniteConfig.
Left out: the multipliers.
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
