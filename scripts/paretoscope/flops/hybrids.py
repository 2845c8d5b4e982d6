"""Parts of hybrid decoders (recurrent layers and attention) that several model types read from the same keys.

Each architecture's own file names the source and what is left out.
"""

from __future__ import annotations

from .blocks import (
    Block,
    Work,
    attention,
    attention_projections,
    gated_ffn,
    norms,
    routed_experts,
    router,
    shared_experts,
)
from .config import Config
from .recurrent import gated_delta_net, state_space_mixer

_LINEAR, _FULL = "linear_attention", "full_attention"


def qwen_mixers(config: Config) -> list[tuple[Block, ...]]:
    """Return each layer of Qwen3-Next or Qwen3.5 but for its FFN: gated DeltaNet, or attention with an output gate.

    The gate makes the query projection twice as wide, of which configs say nothing (Qwen3-Next) or
    ``attn_output_gate`` (Qwen3.5): it is there unless that is false.

    Raises
    ------
    InputError
        ``layer_types`` and ``full_attention_interval`` contradict each other, or both are missing.
    """
    hidden = config.size("hidden_size")
    blocks = {_LINEAR: _delta_net(config, hidden), _FULL: _gated_attention(config, hidden)}
    return [(norms(hidden, hidden), *blocks[kind]) for kind in _spaced_kinds(config)]


def qwen_ffn(config: Config) -> tuple[Block, ...]:
    """Return the FFN of a layer without experts."""
    return (gated_ffn(config.size("hidden_size"), config.size("intermediate_size")),)


def qwen_experts(config: Config) -> tuple[Block, ...]:
    """Return router, routed experts, and one shared expert with a gate that weighs it."""
    hidden = config.size("hidden_size")
    experts, top_k = config.size("num_experts", "num_local_experts"), config.size("num_experts_per_tok")
    return (
        router(hidden, experts),
        routed_experts(hidden, config.size("moe_intermediate_size"), experts, top_k),
        shared_experts(hidden, config.size("shared_expert_intermediate_size"), gate=True),
    )


def mamba_mixer(
    config: Config, hidden: int, inner: int, *, output_bias: bool, gated_norm: bool = True
) -> tuple[Block, ...]:
    """Return the Mamba-2 mixer that the ``mamba_`` keys of Granite 4 and Falcon-H1 describe.

    Parameters
    ----------
    config : Config
        ``mamba_n_heads``, ``mamba_d_state`` and ``mamba_d_conv`` must be there.
    hidden, inner : int
        Hidden size, and channels of all heads together, which heads and their size must make up.
    output_bias, gated_norm : bool
        As in :func:`paretoscope.flops.recurrent.state_space_mixer`.

    Raises
    ------
    InputError
        Heads times their size aren't ``inner``.
    """
    heads = config.size("mamba_n_heads")
    head_size = config.size("mamba_d_head", default=inner // heads)
    if heads * head_size != inner:
        raise config.error(f"mamba_n_heads ({heads}) heads of mamba_d_head don't make up the {inner} inner channels")
    return state_space_mixer(
        hidden,
        heads,
        head_size,
        groups=config.size("mamba_n_groups", default=1),
        state_size=config.size("mamba_d_state"),
        kernel=config.size("mamba_d_conv"),
        convolution_bias=config.flag("mamba_conv_bias", default=True),
        input_bias=config.flag("mamba_proj_bias", default=False),
        output_bias=output_bias,
        gated_norm=gated_norm,
    )


def _spaced_kinds(config: Config) -> list[str]:
    listed = config.layer_kinds("layer_types", names={_LINEAR: _LINEAR, _FULL: _FULL})
    key = "full_attention_interval"
    interval = config.size(key) if listed is None else config.size(key, default=None)
    if interval is None:
        return listed
    layers = range(config.size("num_hidden_layers"))
    spaced = [_LINEAR if (index + 1) % interval else _FULL for index in layers]
    if listed not in (None, spaced):
        raise config.error(f"'layer_types' and '{key}' ({interval}) contradict each other")
    return spaced


def _delta_net(config: Config, hidden: int) -> tuple[Block, ...]:
    return gated_delta_net(
        hidden,
        config.size("linear_num_key_heads"),
        config.size("linear_num_value_heads"),
        key_size=config.size("linear_key_head_dim"),
        value_size=config.size("linear_value_head_dim"),
        kernel=config.size("linear_conv_kernel_dim"),
    )


def _gated_attention(config: Config, hidden: int) -> tuple[Block, ...]:
    heads, kv_heads, head_size = config.attention_heads(head_size_required=True)
    bias = config.flag("attention_bias", default=False)
    gate = (output_gate(hidden, heads * head_size, bias=bias),)
    return (
        norms(head_size, head_size),
        attention_projections(hidden, heads, kv_heads, head_size, qkv_bias=bias, output_bias=bias),
        *(gate if config.flag("attn_output_gate", default=True) else ()),
        attention(heads, kv_heads, head_size),
    )


def output_gate(hidden: int, width: int, *, bias: bool) -> Block:
    """Projection of the gate on attention's output (arXiv 2505.06708, section 2): 2 FLOPs per weight."""
    weights = hidden * width
    parameters, work = weights + bias * width, Work(2 * weights)
    return Block("attention projections", parameters, parameters, work, work, weights)
