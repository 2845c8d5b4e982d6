"""Granite 3's mixtures of experts: Granite's attention, and routed experts without shared ones in every layer.

Their size is ``intermediate_size``.

Source: arXiv 2408.13359 (PowerLM, whose shape it has); config keys as transformers' GraniteMoeConfig.
Left out: the multipliers.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, norms, routed_experts, router


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads(kv_heads_required=False)
    bias = config.flag("attention_bias", default=False)
    experts = config.size("num_local_experts", "num_experts")
    top_k = config.size("num_experts_per_tok")
    layer = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size),
        router(hidden, experts),
        routed_experts(hidden, config.size("intermediate_size"), experts, top_k),
    )
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
