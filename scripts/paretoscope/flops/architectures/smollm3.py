"""SmolLM3: Llama's layer; every fourth layer goes without rotary embedding, which changes no matmul. Tied unless said.

With ``use_sliding_window`` the layers without rotary embedding slide (``no_rope_layers`` 0); no release does.

Source: arXiv 2501.18795 (layers without rotary embedding); config keys as transformers' SmolLM3Config.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    heads, kv_heads, head_size = config.attention_heads()
    bias = config.flag("attention_bias", default=False)
    around = norms(hidden, hidden)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias)
    ffn = gated_ffn(hidden, config.size("intermediate_size"), bias=config.flag("mlp_bias", default=False))
    rotary = config.rotary_layers(layers)
    slides = config.flag("use_sliding_window", default=False)
    windows = config.windows([slides and not rotates for rotates in rotary])
    return decoder(
        config.model_type,
        [(around, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=True),
    )
