"""Qwen3 mixture of experts: Qwen3's attention, and routed experts without shared ones in place of the FFN.

A layer keeps the FFN where ``mlp_only_layers`` names it or ``decoder_sparse_step`` skips it (none in the releases).
With ``use_sliding_window`` every layer slides.

Source: arXiv 2505.09388, section 2; config keys as transformers' Qwen3MoeConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms, routed_experts, router


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads()
    bias = config.flag("attention_bias", default=False)
    window = config.size("sliding_window") if config.flag("use_sliding_window", default=False) else None
    attend = (
        norms(hidden, hidden, head_size, head_size),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size, window),
    )
    experts = config.size("num_experts", "num_local_experts")
    top_k = config.size("num_experts_per_tok")
    sparse = (
        *attend,
        router(hidden, experts),
        routed_experts(hidden, config.size("moe_intermediate_size"), experts, top_k),
    )
    dense = (*attend, gated_ffn(hidden, config.size("intermediate_size")))
    step = config.size("decoder_sparse_step", default=1)
    kept_dense = config.integers("mlp_only_layers")
    layers = range(config.size("num_hidden_layers"))
    return decoder(
        config.model_type,
        [sparse if (index + 1) % step == 0 and index not in kept_dense else dense for index in layers],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
