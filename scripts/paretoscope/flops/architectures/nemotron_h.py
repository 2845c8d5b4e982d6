"""Nemotron-H and Nemotron 3: layers of one kind each - Mamba-2, attention, FFN or experts - with one norm before.

``hybrid_override_pattern`` (a letter per layer: M, *, -, E) or ``layers_block_type`` (names) says which. FFN and
experts have two matrices and a squared ReLU: no gate. With ``moe_latent_size`` the routed experts work on a narrower
vector, projected down before and up after them; router and shared expert see the full one. ``expand`` isn't read: the
Mamba-2 width is ``mamba_num_heads`` x ``mamba_head_dim``.

Source: arXiv 2504.03624; arXiv 2512.20856 (experts in Nemotron 3); arXiv 2601.18089 (latent
experts); config keys and shapes as transformers' NemotronHConfig and model.
Left out: the multi-token-prediction module (``mtp_layers_block_type``).
"""

from ..blocks import Architecture, Block, Work, attention, attention_projections, decoder, norms, router
from ..recurrent import state_space_mixer

_KINDS = {
    **dict.fromkeys(("M", "mamba", "linear_attention"), "mamba"),
    **dict.fromkeys(("*", "attention", "full_attention"), "attention"),
    **dict.fromkeys(("-", "mlp"), "mlp"),
    **dict.fromkeys(("E", "moe"), "moe"),
}


def describe(config) -> Architecture:
    """Return the architecture of a ``Config``; InputError for what it lacks or contradicts."""
    hidden = config.size("hidden_size")
    kinds = config.layer_kinds("hybrid_override_pattern", "layers_block_type", "layer_types", names=_KINDS)
    if kinds is None:
        raise config.error("key 'hybrid_override_pattern' is missing, or 'layers_block_type', the kinds of the layers")
    # Only the kinds that occur: a model without experts has no sizes of experts, or those that transformers saves.
    config.allow("n_routed_experts", "num_local_experts", "n_shared_experts", "mamba_num_heads", "ssm_state_size")
    mixers = {kind: _MIXERS[kind](config, hidden) for kind in dict.fromkeys(kinds)}
    return decoder(
        config.model_type,
        [(norms(hidden), *mixers[kind]) for kind in kinds],
        hidden=hidden,
        vocabulary=config.size("vocab_size"),
        tied=config.flag("tie_word_embeddings", default=False),
    )


def _mamba(config, hidden: int):
    bias = config.flag("use_bias", default=False)
    return state_space_mixer(
        hidden,
        config.size("mamba_num_heads"),
        config.size("mamba_head_dim"),
        groups=config.size("n_groups", "mamba_n_groups"),
        state_size=config.size("ssm_state_size"),
        kernel=config.size("conv_kernel", "mamba_d_conv"),
        convolution_bias=config.flag("use_conv_bias", default=True),
        input_bias=bias,
        output_bias=bias,
    )


def _attention(config, hidden: int):
    named = config.with_defaults(head_dim=config.size("head_dim", "attention_head_dim"))
    heads, kv_heads, head_size = named.attention_heads(head_size_required=True)
    return (attention_projections(hidden, heads, kv_heads, head_size), attention(heads, kv_heads, head_size))


def _mlp(config, hidden: int):
    bias = config.flag("mlp_bias", default=False)
    return (_ffn("feed-forward", hidden, config.size("intermediate_size"), bias=bias),)


def _moe(config, hidden: int):
    bias = config.flag("mlp_bias", default=False)
    experts, top_k = config.size("n_routed_experts", "num_local_experts"), config.size("num_experts_per_tok")
    if top_k > experts:
        raise config.error(f"num_experts_per_tok ({top_k}) is more than n_routed_experts ({experts})")
    if config.size("n_shared_experts", default=1, minimum=0) != 1:
        raise config.error("'n_shared_experts' must be 1: moe_shared_expert_intermediate_size is the size of one")
    latent = config.size("moe_latent_size", default=None)
    expert = _ffn("experts", latent or hidden, config.size("moe_intermediate_size"))
    work = Work(top_k * expert.prefill.token)
    weights = expert.parameters
    blocks = (
        router(hidden, experts, bias=True),
        Block("experts", experts * weights, top_k * weights, work, work, experts * weights),
        _ffn("shared experts", hidden, config.size("moe_shared_expert_intermediate_size"), bias=bias),
    )
    # Down to the latent and up again has the shape of an FFN without its activation.
    return (*blocks, _ffn("expert projections", hidden, latent, bias=bias)) if latent else blocks


def _ffn(name: str, hidden: int, intermediate: int, *, bias: bool = False) -> Block:
    """Up and down projection: 4df FLOPs, 2df parameters."""
    weights = 2 * hidden * intermediate
    parameters, work = weights + bias * (hidden + intermediate), Work(2 * weights)
    return Block(name, parameters, parameters, work, work, weights)


_MIXERS = {"mamba": _mamba, "attention": _attention, "mlp": _mlp, "moe": _moe}
