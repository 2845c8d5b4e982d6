"""Granite 4: Mamba-2 and attention layers as ``layer_types`` lists them, then routed experts and a shared one.

Without routed experts (``num_local_experts`` of 0, the small releases) the shared expert is a plain FFN.

Source: arXiv 2405.21060, section 7 (Mamba-2); arXiv 2401.06066, section 3.2 (shared expert); config keys and shapes as
transformers' GraniteMoeHybridConfig and model.
Left out: multipliers of embedding, attention, residual and logits.
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
from ..hybrids import mamba_mixer

_KINDS = {"mamba": "mamba", "linear_attention": "mamba", "attention": "attention", "full_attention": "attention"}


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    kinds = config.layer_kinds("layer_types", "layers_block_type", names=_KINDS)
    if kinds is None:
        raise config.error("key 'layer_types' is missing; it lists which layers are 'mamba' and which 'attention'")
    mixers = {"mamba": _mamba(config, hidden), "attention": _attention(config, hidden)}
    ffn = _ffn(config, hidden)
    return decoder(
        config.model_type,
        [(norms(hidden, hidden), *mixers[kind], *ffn) for kind in kinds],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _mamba(config, hidden: int):
    bias = config.flag("mamba_proj_bias", default=False)
    return mamba_mixer(config, hidden, config.size("mamba_expand") * hidden, output_bias=bias)


def _attention(config, hidden: int):
    heads, kv_heads, head_size = config.attention_heads(kv_heads_required=False)
    bias = config.flag("attention_bias", default=False)
    return (
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size),
    )


def _ffn(config, hidden: int):
    shared = config.size("shared_intermediate_size")
    experts = config.size("num_local_experts", minimum=0)
    if not experts:
        return (gated_ffn(hidden, shared),)
    return (
        router(hidden, experts),
        routed_experts(hidden, config.size("intermediate_size"), experts, config.size("num_experts_per_tok")),
        shared_experts(hidden, shared),
    )
