"""DeepSeek-V3 and R1: multi-head latent attention (MLA), a few dense layers, then shared and routed experts.

``head_dim`` and ``num_key_value_heads`` say nothing about MLA and aren't read.

Source: arXiv 2412.19437, section 2.1; config keys as transformers' DeepseekV3Config and, for ``moe_layer_freq``, as the
model's own code.
Left out: the multi-token-prediction module (``num_nextn_predict_layers``), group-limited routing's selection.
"""

from ..blocks import (
    Architecture,
    decoder,
    gated_ffn,
    latent_attention,
    latent_projections,
    norms,
    routed_experts,
    router,
    shared_experts,
)


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    first_sparse = config.size("first_k_dense_replace", minimum=0)
    every = config.size("moe_layer_freq", default=1)
    attend = _attention(config, hidden)
    dense = (*attend, gated_ffn(hidden, config.size("intermediate_size")))
    sparse = (*attend, *_experts(config, hidden))
    layers = range(config.size("num_hidden_layers"))
    return decoder(
        config.model_type,
        [sparse if index >= first_sparse and index % every == 0 else dense for index in layers],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _attention(config, hidden: int):
    heads = config.size("num_attention_heads")
    query_rank = config.nullable_size("q_lora_rank")
    kv_rank = config.size("kv_lora_rank")
    sizes = {
        "nope_size": config.size("qk_nope_head_dim"),
        "rope_size": config.size("qk_rope_head_dim"),
        "value_size": config.size("v_head_dim"),
    }
    bias = config.flag("attention_bias", default=False)
    return (
        norms(hidden, hidden, query_rank or 0, kv_rank),
        latent_projections(hidden, heads, query_rank=query_rank, kv_rank=kv_rank, bias=bias, **sizes),
        latent_attention(heads, kv_rank=kv_rank, **sizes),
    )


def _experts(config, hidden: int):
    experts = config.size("n_routed_experts", "num_local_experts")
    size = config.size("moe_intermediate_size")
    shared = config.size("n_shared_experts", default=0, minimum=0)
    blocks = (
        router(hidden, experts, bias=True),
        routed_experts(hidden, size, experts, config.size("num_experts_per_tok")),
    )
    return (*blocks, shared_experts(hidden, shared * size)) if shared else blocks
