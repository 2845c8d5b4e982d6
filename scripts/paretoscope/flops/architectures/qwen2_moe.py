"""Qwen1.5-MoE and Qwen2's mixture of experts: Qwen2's attention, routed experts, and gated shared experts.

A layer keeps the FFN where ``mlp_only_layers`` names it or ``decoder_sparse_step`` skips it (none in the releases).
With ``use_sliding_window`` every other layer below ``max_window_layers`` slides (in no release).

Source: arXiv 2407.10671, section 2.2.2; config keys as transformers' Qwen2MoeConfig.
Left out: nothing beyond :mod:`paretoscope.flops`.
"""

from ..blocks import (
    Architecture,
    attention,
    attention_projections,
    decoder,
    gated_ffn,
    norms,
    routed_experts,
    router,
    shared_experts,
)


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    heads, kv_heads, head_size = config.attention_heads()
    experts = config.size("num_experts", "num_local_experts")
    size, top_k = config.size("moe_intermediate_size"), config.size("num_experts_per_tok")
    before = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=config.flag("qkv_bias", default=True)),
    )
    sparse = (
        router(hidden, experts),
        routed_experts(hidden, size, experts, top_k),
        shared_experts(hidden, config.size("shared_expert_intermediate_size"), gate=True),
    )
    dense = (gated_ffn(hidden, config.size("intermediate_size")),)
    slides = config.flag("use_sliding_window", default=False)
    below = config.size("max_window_layers", minimum=0) if slides else 0
    windows = config.windows([index % 2 == 0 and index < below for index in range(layers)])
    return decoder(
        config.model_type,
        [
            (*before, attention(heads, kv_heads, head_size, window), *(sparse if is_sparse else dense))
            for window, is_sparse in zip(windows, config.sparse_layers(), strict=True)
        ],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
