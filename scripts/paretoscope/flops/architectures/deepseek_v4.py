"""DeepSeek-V4: sliding windows and compressed entries of all that is before, one key-value head, residual streams.

``compress_ratios`` says for each layer how many tokens an entry stands for: 0 none (the window alone), 4 with an
indexer that selects ``index_topk`` entries, 128 without. transformers saves ``layer_types`` and ``compress_rates``
instead. Key and value are one and the same. In the first ``num_hash_layers`` layers a table chooses the experts and the
router only weighs them.

Source: https://huggingface.co/deepseek-ai/DeepSeek-V4-Pro (technical report); config keys as its config.json
and transformers' DeepseekV4Config.
Left out: the multi-token-prediction module, the tables of hash routing.
"""

from ..blocks import Architecture, attention, decoder, norms, routed_experts, router, shared_experts
from ..masks import Compressed
from ..sparse import (
    compressed_attention,
    compressed_indexer,
    compressor,
    hyper_connection,
    hyper_head,
    shared_key_projections,
)

_SLIDING, _SELECTED, _HEAVY = "sliding_attention", "compressed_sparse_attention", "heavily_compressed_attention"
_RATES = {_SELECTED: 4, _HEAVY: 128}


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden, layers = config.size("hidden_size"), config.size("num_hidden_layers")
    streams = config.size("hc_mult")
    around = (hyper_connection(hidden, streams), hyper_connection(hidden, streams))
    hashed = config.layer_kinds("mlp_layer_types", names={"hash_moe": "hash", "moe": "learned"}) or [
        "hash" if index < config.size("num_hash_layers", minimum=0) else "learned" for index in range(layers)
    ]
    blocks = [
        (*_attention(config, hidden, kind), *around, *_experts(config, hidden, bias=routing == "learned"))
        for kind, routing in zip(_kinds(config, layers), hashed, strict=True)
    ]
    blocks[-1] += (hyper_head(hidden, streams),)
    return decoder(
        config.model_type,
        blocks,
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _kinds(config, layers: int) -> list[str]:
    config.allow("compress_ratios", "index_topk")
    kinds = config.layer_kinds("layer_types", names={kind: kind for kind in (_SLIDING, _SELECTED, _HEAVY)})
    if kinds:
        return kinds
    if not config.has("compress_ratios"):
        raise config.error(
            "key 'compress_ratios' is missing; without it 'layer_types' must say the kinds of the layers"
        )
    ratios = config.integers("compress_ratios")
    by_ratio = {0: _SLIDING, **{rate: kind for kind, rate in _RATES.items()}}
    # The release lists the module of multi-token prediction too.
    if len(ratios) < layers or not set(ratios) <= by_ratio.keys():
        raise config.error(f"'compress_ratios' must be a list of {sorted(by_ratio)} for each layer ({layers})")
    return [by_ratio[ratio] for ratio in ratios[:layers]]


def _attention(config, hidden: int, kind: str):
    heads, head_size = config.size("num_attention_heads"), config.size("head_dim")
    rank = config.size("q_lora_rank")
    window = config.size("sliding_window")
    blocks = (
        norms(hidden, hidden, rank, head_size),
        shared_key_projections(
            hidden,
            heads,
            head_size,
            rank=rank,
            groups=config.size("o_groups"),
            output_rank=config.size("o_lora_rank"),
        ),
        # Key and value are one head: half of what one key-value head would cache.
        attention(heads, 1, head_size, window, sinks=True, value_cached=False),
    )
    if kind == _SLIDING:
        return blocks
    rate = config.part("compress_rates").size(kind, default=_RATES[kind])
    if kind == _HEAVY:
        entries = compressed_attention(heads, head_size, Compressed(rate))
        return (*blocks, compressor(hidden, head_size, rate, overlapping=False), entries)
    entries = compressed_attention(heads, head_size, Compressed(rate, config.size("index_topk")))
    index = compressed_indexer(hidden, rank, config.size("index_n_heads"), config.size("index_head_dim"), rate)
    return (*blocks, compressor(hidden, head_size, rate, overlapping=True), entries, index)


def _experts(config, hidden: int, *, bias: bool):
    experts, size = config.size("n_routed_experts", "num_local_experts"), config.size("moe_intermediate_size")
    return (
        router(hidden, experts, bias=bias),
        routed_experts(hidden, size, experts, config.size("num_experts_per_tok")),
        shared_experts(hidden, config.size("n_shared_experts") * size),
    )
