"""Llama-Nemotron Super and Ultra (``nemotron-nas``): Llama's layer, shaped by a search for each layer of its own.

``block_configs`` says it: ``n_heads_in_group`` query heads share a key-value head, ``ffn_mult`` sizes the FFN, and
``no_op`` leaves either half out with its norm.

Source: arXiv 2505.00949; arXiv 2411.19146 (the search); config keys as the model's own code.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    shapes = config.parts("block_configs")
    layers = config.size("num_hidden_layers")
    if len(shapes) != layers:
        raise config.error(f"'block_configs' must have one entry per layer ({layers}), not {len(shapes)}")
    return decoder(
        config.model_type,
        [(*_attention(config, shape.part("attention")), *_ffn(hidden, shape.part("ffn"))) for shape in shapes],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _attention(config, shape):
    if shape.flag("no_op", default=False):
        return ()
    shape.refuse("replace_with_linear", "sparsify", "window_length", "num_sink_tokens", because="no release has it")
    hidden, group = config.size("hidden_size"), shape.size("n_heads_in_group")
    kv_heads, rest = divmod(config.size("num_attention_heads"), group)
    if rest:
        raise config.error(f"num_attention_heads is not a multiple of n_heads_in_group ({group})")
    heads, kv_heads, head_size = config.with_defaults(num_key_value_heads=kv_heads).attention_heads()
    bias = config.flag("attention_bias", default=False)
    return (
        norms(hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size),
    )


def _ffn(hidden: int, shape):
    if shape.flag("no_op", default=False):
        return ()
    shape.refuse("replace_with_linear", "sparsify", because="no release has it")
    # Two thirds of mult x d for each of two matrices inward, rounded up to a multiple of 256.
    size = int(2 * shape.number("ffn_mult") * hidden / 3)
    return (norms(hidden), gated_ffn(hidden, -(-size // 256) * 256))
