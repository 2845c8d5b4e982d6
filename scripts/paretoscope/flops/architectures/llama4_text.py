"""Llama 4's language model: three layers that attend within chunks, then a full one; a shared and routed experts.

Layers with rotary embedding (``no_rope_layers`` 1; absent, all but each fourth) are chunked. Each
``interleave_moe_layer_step``-th layer has experts of ``intermediate_size``; the others an FFN of
``intermediate_size_mlp``. The norm of queries and keys has no weights.

Source: https://ai.meta.com/blog/llama-4-multimodal-intelligence; config keys as transformers' Llama4TextConfig.
Left out: the vision tower and its projector.
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
from ..masks import Causal, Chunks


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    heads, kv_heads, head_size = config.attention_heads()
    experts, size = config.size("num_local_experts", "num_experts"), config.size("intermediate_size")
    bias = config.flag("attention_bias", default=False)
    before = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
    )
    sparse = (
        router(hidden, experts),
        routed_experts(hidden, size, experts, config.size("num_experts_per_tok")),
        shared_experts(hidden, size),
    )
    dense = (gated_ffn(hidden, config.size("intermediate_size_mlp")),)
    every = config.size("interleave_moe_layer_step", default=1)
    listed = config.integers("moe_layers")
    config.check_layers("moe_layers", listed, layers)
    sparse_layers = listed or range(every - 1, layers, every)
    return decoder(
        config.model_type,
        [
            (
                *before,
                attention(heads, kv_heads, head_size, mask=mask),
                *(sparse if index in sparse_layers else dense),
            )
            for index, mask in enumerate(_masks(config, layers))
        ],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _masks(config, layers: int) -> list[Causal | Chunks]:
    kinds = config.layer_kinds("layer_types", names={"chunked_attention": "chunked", "full_attention": "full"})
    chunked = [kind == "chunked" for kind in kinds] if kinds else config.rotary_layers(layers)
    size = config.nullable_size("attention_chunk_size")
    return [Chunks(size) if inside and size else Causal() for inside in chunked]
