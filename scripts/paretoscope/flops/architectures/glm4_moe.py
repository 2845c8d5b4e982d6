"""GLM-4.5 to GLM-4.7: grouped-query attention, a few dense layers, then shared and routed experts.

``use_qk_norm`` is true in GLM-4.5 and false in GLM-4.5-Air; ``attention_bias`` is for queries, keys and values alone.

Source: arXiv 2508.06471, section 2.1; config keys as transformers' Glm4MoeConfig.
Left out: the multi-token-prediction module (``num_nextn_predict_layers``), group-limited routing's selection.
"""

from ..blocks import Architecture, attention, attention_projections, decoder, gated_ffn, norms
from ..families import deepseek_experts, deepseek_sparse_layers


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    layers = config.size("num_hidden_layers")
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    of_heads = (head_size, head_size) if config.flag("use_qk_norm", default=False) else ()
    bias = config.flag("attention_bias", default=False)
    attend = (
        norms(hidden, hidden, *of_heads),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias),
        attention(heads, kv_heads, head_size),
    )
    dense = (*attend, gated_ffn(hidden, config.size("intermediate_size")))
    sparse = (*attend, *deepseek_experts(config, hidden))
    return decoder(
        config.model_type,
        [sparse if is_sparse else dense for is_sparse in deepseek_sparse_layers(config, layers)],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )
