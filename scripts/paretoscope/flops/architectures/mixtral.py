"""Mixtral: Mistral's attention, and eight routed experts without shared ones. Their size is ``intermediate_size``.

Source: arXiv 2401.04088, section 2; config keys as transformers' MixtralConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, norms, routed_experts, router


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads()
    experts = config.size("num_local_experts", "num_experts")
    top_k = config.size("num_experts_per_tok")
    layer = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size),
        attention(heads, kv_heads, head_size, config.size("sliding_window", default=None)),
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
