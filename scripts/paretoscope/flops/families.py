"""Decoders that several model types share, and parts of them that are read from the same keys.

Each architecture's own file names the source and what is left out.
"""

from __future__ import annotations

from .blocks import (
    Architecture,
    Block,
    attention,
    attention_projections,
    decoder,
    gated_ffn,
    latent_attention,
    latent_projections,
    norms,
    routed_experts,
    router,
    shared_experts,
)
from .config import Config
from .masks import Selected
from .sparse import block_indexer, indexer

_INDEXERS = {"full": "full", "shared": "shared", "F": "full", "S": "shared"}


def llama(config: Config) -> Architecture:
    """Return Llama's decoder (arXiv 2407.21783, section 3.2)."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads(kv_heads_required=False)
    bias = config.flag("attention_bias", default=False)
    layer = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        attention(heads, kv_heads, head_size),
        gated_ffn(hidden, config.size("intermediate_size"), bias=config.flag("mlp_bias", default=False)),
    )
    return _of_equal_layers(config, layer, hidden)


def mistral(config: Config, window: int | None, *, kv_heads_required: bool = True) -> Architecture:
    """Return Mistral's decoder (arXiv 2310.06825, section 2): all layers slide over ``window`` tokens, if any."""
    hidden = config.size("hidden_size")
    heads, kv_heads, head_size = config.attention_heads(kv_heads_required=kv_heads_required)
    layer = (
        norms(hidden, hidden),
        attention_projections(hidden, heads, kv_heads, head_size),
        attention(heads, kv_heads, head_size, window),
        gated_ffn(hidden, config.size("intermediate_size")),
    )
    return _of_equal_layers(config, layer, hidden)


def _of_equal_layers(config: Config, layer: tuple[Block, ...], hidden: int) -> Architecture:
    return decoder(
        config.model_type,
        [layer] * config.size("num_hidden_layers"),
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def qwen3(config: Config) -> Architecture:
    """Return Qwen3's dense decoder (arXiv 2505.09388, section 2)."""
    hidden = config.size("hidden_size")
    windows = config.windows_of_late_layers(config.size("num_hidden_layers"))
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    bias = config.flag("attention_bias", default=False)
    all_norms = norms(hidden, hidden, head_size, head_size)
    projections = attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias)
    ffn = gated_ffn(hidden, config.size("intermediate_size"))
    return decoder(
        config.model_type,
        [(all_norms, projections, attention(heads, kv_heads, head_size, window), ffn) for window in windows],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def qwen3_moe(config: Config) -> Architecture:
    """Return Qwen3's decoder with routed experts (arXiv 2505.09388, section 2)."""
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
    size, top_k = config.size("moe_intermediate_size"), config.size("num_experts_per_tok")
    sparse = (*attend, router(hidden, experts), routed_experts(hidden, size, experts, top_k))
    dense = (*attend, gated_ffn(hidden, config.size("intermediate_size")))
    return decoder(
        config.model_type,
        [sparse if is_sparse else dense for is_sparse in config.sparse_layers()],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def deepseek(config: Config, *, router_bias: bool = True, indexed: bool = False) -> Architecture:
    """Return DeepSeek's decoder: latent attention, dense layers, then shared and routed experts.

    Source: arXiv 2405.04434, section 2.

    Parameters
    ----------
    config : Config
        Of DeepSeek-V2 or a later model of its shape.
    router_bias : bool
        A bias corrects the selection of experts (arXiv 2412.19437, section 2.1.2).
    indexed : bool
        Attention is sparse: over the ``index_topk`` tokens that an indexer selects (arXiv 2512.02556, section 2.1).
    """
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    attend = latent_blocks(config, hidden, selected=config.size("index_topk") if indexed else None)
    dense = (gated_ffn(hidden, config.size("intermediate_size")),)
    sparse = deepseek_experts(config, hidden, router_bias=router_bias)
    index = (_indexer(config, hidden),) if indexed else ()
    selects = _selecting_layers(config, layers)
    return decoder(
        config.model_type,
        [
            (*attend, *(index if select == "full" else ()), *(sparse if is_sparse else dense))
            for select, is_sparse in zip(selects, deepseek_sparse_layers(config, layers), strict=True)
        ],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def deepseek_sparse_layers(config: Config, layers: int) -> list[bool]:
    """Return for each layer whether it has experts: as listed, or from ``first_k_dense_replace`` on."""
    kinds = config.layer_kinds("mlp_layer_types", names={"dense": "dense", "sparse": "sparse"})
    if kinds is not None:
        return [kind == "sparse" for kind in kinds]
    first = config.size("first_k_dense_replace", minimum=0)
    if first > layers:
        raise config.error(f"'first_k_dense_replace' ({first}) is more than num_hidden_layers ({layers})")
    every = config.size("moe_layer_freq", default=1)
    return [index >= first and index % every == 0 for index in range(layers)]


def deepseek_experts(config: Config, hidden: int, *, router_bias: bool = True) -> tuple[Block, ...]:
    """Return router, routed experts and shared experts (arXiv 2412.19437, section 2.1.2)."""
    experts = config.size("n_routed_experts", "num_local_experts")
    size = config.size("moe_intermediate_size")
    shared = config.nullable_size("n_shared_experts", minimum=0)
    blocks = (
        router(hidden, experts, bias=router_bias),
        routed_experts(hidden, size, experts, config.size("num_experts_per_tok")),
    )
    return (*blocks, shared_experts(hidden, shared * size)) if shared else blocks


def minimax_m3(config: Config) -> Architecture:
    """Return MiniMax-M3's decoder: grouped-query attention over selected blocks, shared and routed experts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    dense = (gated_ffn(hidden, config.size("dense_intermediate_size")),)
    experts = config.size("num_local_experts", "num_experts")
    size, top_k = config.size("intermediate_size", "moe_intermediate_size"), config.size("num_experts_per_tok")
    sparse = (
        router(hidden, experts, bias=config.flag("use_routing_bias", default=True)),
        routed_experts(hidden, size, experts, top_k),
        shared_experts(hidden, config.size("n_shared_experts", default=1) * config.size("shared_intermediate_size")),
    )
    kinds = config.layer_kinds("mlp_layer_types", names={"dense": "dense", "sparse": "sparse"})
    listed = [kind == "sparse" for kind in kinds] if kinds else config.layer_flags("moe_layer_freq", layers)
    attend = _block_sparse_attention(config, hidden, layers)
    return decoder(
        config.model_type,
        [
            (*blocks, *(sparse if is_sparse else dense))
            for blocks, is_sparse in zip(attend, listed or [True] * layers, strict=True)
        ],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _block_sparse_attention(config: Config, hidden: int, layers: int) -> list[tuple[Block, ...]]:
    """Return the attention blocks of each layer; the index is described flat, or in ``sparse_attention_config``."""
    config.refuse("attention_output_gate", because="no release of this model has one")
    nested = config.part("sparse_attention_config")
    nested.refuse("sparse_init_block", because="no release of this model has one")
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    of_heads = (head_size, head_size) if config.flag("use_qk_norm", default=True) else ()
    before = (norms(hidden, hidden, *of_heads), attention_projections(hidden, heads, kv_heads, head_size))
    full = (*before, attention(heads, kv_heads, head_size))
    selects = _block_sparse_layers(config, nested, layers)
    if not any(selects):
        return [full] * layers
    index = {
        new: nested.size(old) if nested.has(old) else config.size(new)
        for new, old in {
            "index_n_heads": "sparse_num_index_heads",
            "index_head_dim": "sparse_index_dim",
            "index_block_size": "sparse_block_size",
            "index_topk_blocks": "sparse_topk_blocks",
            # At least one: a token's own block is always selected.
            "index_local_blocks": "sparse_local_block",
        }.items()
    }
    mask = Selected(index["index_topk_blocks"], index["index_block_size"])
    choose = block_indexer(hidden, index["index_n_heads"], index["index_head_dim"])
    sparse = (*before, attention(heads, kv_heads, head_size, mask=mask), choose)
    return [sparse if select else full for select in selects]


def _block_sparse_layers(config: Config, nested: Config, layers: int) -> list[bool]:
    kinds = config.layer_kinds("layer_types", names={"full_attention": "full", "minimax_m3_sparse": "sparse"})
    if kinds:
        return [kind == "sparse" for kind in kinds]
    if not config.has("sparse_attention_config"):
        raise config.error("'layer_types' is missing and 'sparse_attention_config' is missing; one of them is needed")
    if not nested.flag("use_sparse_attention", default=True):
        return [False] * layers
    return nested.layer_flags("sparse_attention_freq", layers) or [False] * layers


def latent_blocks(config: Config, hidden: int, *, selected: int | None = None) -> tuple[Block, ...]:
    """Return norms, projections and attention of a layer with latent attention (arXiv 2405.04434, section 2.1)."""
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
        latent_attention(heads, kv_rank=kv_rank, selected=selected, **sizes),
    )


def _selecting_layers(config: Config, layers: int) -> list[str]:
    """Return which layers select (full) and which reuse a selection: as listed, or each ``index_topk_freq``-th selects.

    The first ``index_skip_topk_offset`` layers all select (transformers' GlmMoeDsaConfig).
    """
    listed = config.layer_kinds("indexer_types", "index_topk_pattern", names=_INDEXERS)
    every = config.size("index_topk_freq", default=1)
    if listed or every == 1:
        return listed or ["full"] * layers
    offset = config.size("index_skip_topk_offset")
    return ["shared" if max(index - offset + 1, 0) % every else "full" for index in range(layers)]


def _indexer(config: Config, hidden: int) -> Block:
    rank, heads = config.size("q_lora_rank"), config.size("index_n_heads")
    return indexer(hidden, rank, heads, config.size("index_head_dim"))
