"""MiniMax-M2: full grouped-query attention, norms of queries and keys over all heads, routed experts alone.

The experts' size stands in ``intermediate_size``, their number in ``num_local_experts``.

Source: https://github.com/MiniMax-AI/MiniMax-M2; config keys as transformers' MiniMaxM2Config.
Left out: the multi-token-prediction modules (``num_mtp_modules``).
"""

from ..blocks import Architecture, attention, attention_projections, decoder, norms, routed_experts, router


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    config.refuse("shared_intermediate_size", because="no release of this model has shared experts")
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    experts = config.size("num_local_experts", "num_experts")
    top_k = config.size("num_experts_per_tok")
    of_heads = (heads * head_size, kv_heads * head_size) if config.flag("use_qk_norm", default=True) else ()
    layer = (
        norms(hidden, hidden, *of_heads),
        attention_projections(hidden, heads, kv_heads, head_size),
        attention(heads, kv_heads, head_size),
        router(hidden, experts, bias=config.flag("use_routing_bias", default=True)),
        routed_experts(hidden, config.size("intermediate_size"), experts, top_k),
    )
    if not all(config.layer_flags("attn_type_list", config.size("num_hidden_layers")) or [True]):
        raise config.error("'attn_type_list' has a 0, a lightning-attention layer, which is not supported")
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
