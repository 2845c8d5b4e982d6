"""Step 3.5 Flash and the language model of Step 3.7 Flash: sliding windows and full attention, routed experts.

Sliding-window layers have heads of their own (``attention_other_setting``; as transformers saves it,
``num_sliding_attention_heads``). Each head's output is weighed by a gate. ``moe_layers_enum`` (or ``mlp_layer_types``)
says which layers have experts, one of them shared; lists of layers go on with those of multi-token prediction.

Source: arXiv 2602.10604; config keys as SGLang's Step3p5Config, keys and shapes as transformers' Step3p7TextConfig and
model.
Left out: the multi-token-prediction module (``num_nextn_predict_layers``), limits of activations, the vision tower.
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
from ..hybrids import output_gate

_KINDS = {"full_attention": "full", "sliding_attention": "sliding"}


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden, layers = config.size("hidden_size"), config.size("num_hidden_layers")
    config = config.with_defaults(num_key_value_heads=config.size("num_key_value_heads", "num_attention_groups"))
    predicted = config.size("num_nextn_predict_layers", default=0, minimum=0)
    kinds = config.layer_kinds("layer_types", names=_KINDS, beyond=predicted)
    if kinds is None:
        raise config.error("key 'layer_types' is missing; it lists which layers slide")
    mixers = {kind: _attention(config, hidden, slides=kind == "sliding") for kind in set(kinds)}
    dense, sparse = (gated_ffn(hidden, config.size("intermediate_size")),), _experts(config, hidden)
    return decoder(
        config.model_type,
        [
            (*mixers[kind], *(sparse if is_sparse else dense))
            for kind, is_sparse in zip(kinds, _sparse_layers(config, layers, predicted), strict=True)
        ],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _attention(config, hidden: int, *, slides: bool):
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    window = None
    if slides:
        other, window = config.part("attention_other_setting"), config.size("sliding_window")
        own = other.has("num_attention_heads")
        heads = other.size("num_attention_heads") if own else config.size("num_sliding_attention_heads")
        kv_heads = other.size("num_attention_groups", default=kv_heads)
        head_size = other.size("head_dim", default=head_size)
        if heads % kv_heads:
            raise config.error(f"{heads} heads of sliding-window layers aren't a multiple of {kv_heads} groups")
    bias = config.flag("attention_bias", default=False)
    gate = (output_gate(hidden, heads, bias=False),)
    return (
        norms(hidden, hidden, head_size, head_size),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        *(gate if config.flag("use_head_wise_attn_gate", default=True) else ()),
        attention(heads, kv_heads, head_size, window),
    )


def _sparse_layers(config, layers: int, predicted: int) -> list[bool]:
    kinds = config.layer_kinds("mlp_layer_types", names={"dense": "dense", "sparse": "sparse"}, beyond=predicted)
    if kinds is not None:
        return [kind == "sparse" for kind in kinds]
    if not config.has("moe_layers_enum"):
        raise config.error("key 'moe_layers_enum' is missing; without it 'mlp_layer_types' must say which have experts")
    listed = config.integers("moe_layers_enum")
    config.check_layers("moe_layers_enum", listed, layers + predicted)
    return [index in listed for index in range(layers)]


def _experts(config, hidden: int):
    experts = config.size("n_routed_experts", "num_local_experts", "moe_num_experts")
    size, top_k = config.size("moe_intermediate_size"), config.size("num_experts_per_tok", "moe_top_k")
    return (
        router(hidden, experts, bias=config.flag("use_moe_router_bias", default=True)),
        routed_experts(hidden, size, experts, top_k),
        shared_experts(hidden, config.size("share_expert_dim", "share_expert_dims")),
    )
