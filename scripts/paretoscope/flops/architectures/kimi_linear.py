"""Kimi Linear and the language model of Kimi K3: Kimi Delta Attention and latent attention in turn, routed experts.

``linear_attn_config`` numbers its layers from 1; transformers saves ``layer_types`` and flat keys instead. In K3 the
gate of the delta attention has full rank, latent attention has an output gate (``mla_use_output_gate``), routed experts
work on a narrower vector (``routed_expert_hidden_size``), projected down before and up after them, and a layer reads
the residual stream by attention over what earlier blocks of ``attn_res_block_size`` layers left.

Source: arXiv 2510.26692; for K3 arXiv 2607.24653, arXiv 2601.18089 (latent experts), arXiv 2603.15031 (attention over
residuals); config keys and shapes as transformers' KimiLinearConfig and, for K3, as SGLang's ``models/kimi_k3.py``.
Left out: group-limited routing's selection; of K3 the vision tower.
"""

from ..blocks import (
    Architecture,
    Work,
    decoder,
    dense_block,
    gated_ffn,
    norms,
    routed_experts,
    router,
    shared_experts,
)
from ..families import deepseek_sparse_layers, latent_blocks
from ..hybrids import output_gate
from ..recurrent import kimi_delta_attention
from ..sparse import residual_attention

_LINEAR, _FULL = "linear_attention", "full_attention"


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden, layers = config.size("hidden_size"), config.size("num_hidden_layers")
    kinds = _kinds(config, layers)
    mixers = {_LINEAR: _delta_attention(config, hidden), _FULL: _latent_attention(config, hidden)}
    dense, sparse = (gated_ffn(hidden, config.size("intermediate_size")),), _experts(config, hidden)
    blocks = [
        (*mixers[kind], *(sparse if is_sparse else dense))
        for kind, is_sparse in zip(kinds, deepseek_sparse_layers(config, layers), strict=True)
    ]
    period = config.size("attn_res_block_size", default=None)
    if period:
        # Rows: the blocks begun before, and what was added since; before the first is begun there is one row alone.
        rows = [(-(-index // period) + 1 if index else 0, index // period + 2) for index in range(layers)]
        blocks = [(*layer, residual_attention(hidden, *pair)) for layer, pair in zip(blocks, rows, strict=True)]
        blocks[-1] += (residual_attention(hidden, -(-layers // period) + 1),)
    return decoder(
        config.model_type,
        blocks,
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _kinds(config, layers: int) -> list[str]:
    kinds = config.layer_kinds("layer_types", names={_LINEAR: _LINEAR, _FULL: _FULL})
    nested = config.part("linear_attn_config")
    if not nested.has("kda_layers"):
        if kinds is None:
            what = "has no 'kda_layers'" if config.has("linear_attn_config") else "is missing"
            raise config.error(f"'layer_types' is missing and 'linear_attn_config' {what}; one of them is needed")
        return kinds
    linear, full = nested.integers("kda_layers"), nested.integers("full_attn_layers")
    if sorted((*linear, *full)) != list(range(1, layers + 1)):
        raise config.error(
            f"'kda_layers' and 'full_attn_layers' must name each of num_hidden_layers ({layers}) once, from 1"
        )
    listed = [_LINEAR if number in linear else _FULL for number in range(1, layers + 1)]
    if kinds not in (None, listed):
        raise config.error("'layer_types' and 'linear_attn_config' contradict each other")
    return listed


def _delta_attention(config, hidden: int):
    nested = config.part("linear_attn_config")
    flat = {"num_heads": "linear_num_heads", "head_dim": "linear_head_dim"}
    flat["short_conv_kernel_size"] = "linear_conv_kernel_dim"
    heads, head_size, kernel = (nested.size(old) if nested.has(old) else config.size(new) for old, new in flat.items())
    full_rank = nested.flag("use_full_rank_gate", default=False)
    mixer = kimi_delta_attention(hidden, heads, head_size, kernel=kernel, full_rank_gate=full_rank)
    return (norms(hidden, hidden), *mixer)


def _latent_attention(config, hidden: int):
    width = config.size("num_attention_heads") * config.size("v_head_dim")
    gate = (output_gate(hidden, width, bias=False),)
    return (*latent_blocks(config, hidden), *(gate if config.flag("mla_use_output_gate", default=False) else ()))


def _experts(config, hidden: int):
    experts, size = config.size("num_experts", "num_local_experts"), config.size("moe_intermediate_size")
    top_k = config.size("num_experts_per_tok", "num_experts_per_token")
    shared = config.nullable_size("num_shared_experts", "n_shared_experts", minimum=0)
    latent = config.size("routed_expert_hidden_size", default=None)
    blocks = (
        router(hidden, experts, bias=True),
        routed_experts(latent or hidden, size, experts, top_k),
        *((shared_experts(hidden, shared * size),) if shared else ()),
    )
    if latent is None:
        return blocks
    weights = 2 * hidden * latent
    norm = norms(latent if config.flag("latent_moe_use_norm", default=False) else 0)
    # No linear layers to quantise: K3 keeps them as they are.
    return (*blocks, dense_block("expert projections", weights, Work(2 * weights)), norm)
