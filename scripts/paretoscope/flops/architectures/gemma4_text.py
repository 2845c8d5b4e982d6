"""Gemma 4's language model: sliding-window layers and, each sixth and last, full attention with larger heads.

Full layers have heads of ``global_head_dim`` (absent: 512); with ``attention_k_eq_v`` they have
``num_global_key_value_heads`` key-value heads, and their values are their keys before norm and rotary embedding, so the
projection of values is missing, while the cache holds both. transformers saves both sizes in ``per_layer_config``
instead, by the layer's index, zero-padded.
The last ``num_kv_shared_layers`` layers attend keys and values of an earlier layer and cache none;
``use_double_wide_mlp`` doubles their FFN. With ``enable_moe_block`` a layer has routed experts beside its FFN.
``hidden_size_per_layer_input`` (0: none) is the width of inputs that each layer gets from a table of its own.

Source: https://ai.google.dev/gemma/docs/core/model_card_4; config keys as transformers' Gemma4TextConfig.
Left out: the vision and audio towers; that layers which share keys and values could be skipped for all prompt tokens
but the last, as some engines do.
"""

from ..blocks import (
    Architecture,
    attention,
    attention_projections,
    decoder,
    gated_ffn,
    norms,
    per_layer_embedding,
    per_layer_inputs,
    routed_experts,
    router,
)


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden, vocabulary = config.size("hidden_size"), config.size("vocab_size")
    layers = config.size("num_hidden_layers")
    windows = [*config.windows([(index + 1) % 6 != 0 for index in range(layers)])[:-1], None]
    first_shared = layers - config.size("num_kv_shared_layers", default=0, minimum=0)
    inputs = config.size("hidden_size_per_layer_input", minimum=0)
    after = (*_experts(config, hidden), *((per_layer_inputs(hidden, inputs),) if inputs else ()))
    table = config.size("vocab_size_per_layer_input") if inputs else 0
    shapes = config.parts_by_layer("per_layer_config", layers)
    return decoder(
        config.model_type,
        [
            (
                *_attention(config, hidden, window, shapes[index], shared=index >= first_shared),
                _ffn(config, hidden, shared=index >= first_shared),
                *after,
            )
            for index, window in enumerate(windows)
        ],
        hidden=hidden,
        vocabulary=vocabulary,
        tied=config.flag("tie_word_embeddings", default=True),
        embedding=per_layer_embedding(vocabulary, hidden, layers, table, inputs) if inputs else None,
    )


def _attention(config, hidden: int, window: int | None, shape, *, shared: bool):
    heads, kv_heads, head_size = _heads(config, shape, full=window is None)
    bias = config.flag("attention_bias", default=False)
    own_values = not shared and not (window is None and config.flag("attention_k_eq_v", default=False))
    of_heads = (head_size,) if shared else (head_size, head_size)
    return (
        # One more weight scales the layer's output.
        norms(hidden, hidden, hidden, hidden, *of_heads, 1),
        attention_projections(
            hidden, heads, kv_heads, head_size, keys=not shared, values=own_values, qkv_bias=bias, output_bias=bias
        ),
        attention(heads, kv_heads, head_size, window, cached=not shared),
    )


def _heads(config, shape, *, full: bool) -> tuple[int, int, int]:
    if not full:
        shape.refuse("num_key_value_heads", "head_dim", because="only full layers have heads of their own in releases")
        return config.attention_heads(head_size_required=True)
    named = config.with_defaults(
        num_global_key_value_heads=shape.size("num_key_value_heads", default=None),
        global_head_dim=shape.size("head_dim", default=512),
    )
    own = shape.has("num_key_value_heads") or config.flag("attention_k_eq_v", default=False)
    kv_heads_key = "num_global_key_value_heads" if own else "num_key_value_heads"
    return named.attention_heads(kv_heads_key=kv_heads_key, head_size_key="global_head_dim")


def _ffn(config, hidden: int, *, shared: bool):
    wide = shared and config.flag("use_double_wide_mlp", default=False)
    return gated_ffn(hidden, config.size("intermediate_size") * (2 if wide else 1))


def _experts(config, hidden: int):
    if not config.has("enable_moe_block") and config.has("num_experts"):
        raise config.error("key 'enable_moe_block' is missing; beside 'num_experts' it says whether there are experts")
    if not config.flag("enable_moe_block", default=False):
        return ()
    experts, size = config.size("num_experts"), config.size("moe_intermediate_size")
    return (
        # Three norms more, and the router's scales of channels and of experts.
        norms(hidden, hidden, hidden, hidden, experts),
        router(hidden, experts),
        routed_experts(hidden, size, experts, config.size("top_k_experts", "num_experts_per_tok")),
    )
