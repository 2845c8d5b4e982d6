"""What hybrid models have beside attention: layers with a state of constant size, fed one token after the other.

What is counted: products with weights (projections, the taps of the causal convolution) and between a token's vectors
and the state (reading it, and adding an outer product to it), at 2 FLOPs per multiply-add, as for attention. Left out
as elementwise: decay of the state, discretization, gates, the skip connection, norms, activations.

Which form: the recurrence itself, in prefill and in decode. It is the algorithm's work, the same for every token.
Kernels run prefill in chunks, which trades more FLOPs (scores within a chunk) for matmuls that suit the hardware;
their size of chunk is an engine's choice and isn't in the count, as masked scores aren't in that of attention.

Symbols: d hidden size, h heads, p head size, n state size, g groups, w kernel width.
"""

from __future__ import annotations

from ..errors import InputError
from .blocks import Block, Cache, Work, norms

_STATE_BYTES = 4
"""Per element of a recurrent state: float32 (SGLang's default, ``mamba_ssm_dtype`` in configs)."""
_CONVOLUTION_BYTES = 2
"""Per element of a convolution's state: bfloat16 (SGLang's default)."""


def causal_convolution(channels: int, kernel: int, *, bias: bool = False) -> Block:
    """Depthwise convolution over the last w tokens, channel by channel: 2w FLOPs per channel.

    A product of inputs with weights, so it is counted, small as it is. The state holds the w - 1 inputs before.

    Source: arXiv 2405.21060, section 7. Left out: activation, addition of the bias.
    """
    work = Work(2 * kernel * channels)
    weights = channels * (kernel + bias)
    cache = Cache(state_bytes=_CONVOLUTION_BYTES * channels * (kernel - 1))
    return Block("convolution", weights, weights, work, work, cache=cache)


def state_space_mixer(
    hidden: int,
    heads: int,
    head_size: int,
    *,
    groups: int,
    state_size: int,
    kernel: int,
    convolution_bias: bool,
    input_bias: bool = False,
    output_bias: bool = False,
    gated_norm: bool = True,
) -> tuple[Block, ...]:
    """Mamba-2: projections, convolution of x, B and C, state-space recurrence, norm of the gated output.

    Projections: in to gate, x (hp each), B, C (gn each) and time step (h), and out from hp; 2 FLOPs per weight.
    Recurrence: adding the outer product of x and B to each head's p x n state and reading it with C, 4hpn FLOPs; its
    weights are the decay, the skip connection and the bias of the time step, one each per head.

    Source: arXiv 2405.21060, section 2 (state space with a scalar decay) and section 7 (the block).

    Parameters
    ----------
    hidden, heads, head_size, groups, state_size, kernel : int
        d, h, p, g, n and w.
    convolution_bias, input_bias, output_bias : bool
        Which of convolution, in and out projection have a bias.
    gated_norm : bool
        Whether the output is normed.

    Raises
    ------
    InputError
        Heads that aren't a multiple of the groups.
    """
    if heads % groups:
        raise InputError(f"{heads} state-space heads can't share {groups} groups of B and C evenly")
    inner, shared = heads * head_size, 2 * groups * state_size
    return (
        _projections(hidden, 2 * inner + shared + heads, inner, input_bias=input_bias, output_bias=output_bias),
        causal_convolution(inner + shared, kernel, bias=convolution_bias),
        _recurrence(3 * heads, 4 * inner * state_size, inner * state_size),
        norms(inner if gated_norm else 0),
    )


def gated_delta_net(
    hidden: int, key_heads: int, value_heads: int, *, key_size: int, value_size: int, kernel: int
) -> tuple[Block, ...]:
    """Gated DeltaNet: projections, convolution of queries, keys and values, gated delta rule, norm of the output.

    Projections: in to queries and keys of the key heads, values and output gate of the value heads, and for each value
    head a decay and a write strength; out from the values; 2 FLOPs per weight. Queries and keys are shared by
    value heads, each with a state of key_size x value_size. Gated delta rule per state: what it returns for the key,
    adding the outer product of the key and of the value's difference from that, and reading it with the query, 6 FLOPs
    per element; its weights are a decay and a bias for each value head.

    Source: arXiv 2412.06464, section 3.

    Raises
    ------
    InputError
        Value heads that aren't a multiple of the key heads.
    """
    if value_heads % key_heads:
        raise InputError(f"{value_heads} value heads can't share {key_heads} key heads evenly")
    keys, values = key_heads * key_size, value_heads * value_size
    state = values * key_size
    return (
        _projections(hidden, 2 * keys + 2 * values + 2 * value_heads, values),
        causal_convolution(2 * keys + values, kernel),
        _recurrence(2 * value_heads, 6 * state, state),
        norms(value_size),
    )


def kimi_delta_attention(
    hidden: int, heads: int, head_size: int, *, kernel: int, full_rank_gate: bool = False
) -> tuple[Block, ...]:
    """Kimi Delta Attention: :func:`gated_delta_net` whose state decays channel by channel; all heads of one size p.

    Projections: in to queries, keys, values and output gate (hp each), the write strength (h) and, through p channels,
    the decay (hp); out from hp; 2 FLOPs per weight. Without ``full_rank_gate`` the gate goes through p channels too.
    The state's update and reading are the gated delta rule's, 6 FLOPs per element; its weights are a decay for each
    head and a bias for each channel.

    Source: arXiv 2510.26692; transformers' KimiLinearDeltaAttention. Left out: as of the gated delta rule.
    """
    width = heads * head_size
    low_rank = head_size * (hidden + width)
    gate = hidden * width if full_rank_gate else low_rank
    weights = 4 * hidden * width + hidden * heads + low_rank + gate
    work, state = Work(2 * weights), width * head_size
    return (
        # Named as attention's, whose name its weights have in checkpoints too.
        Block("attention projections", weights, weights, work, work, weights),
        causal_convolution(3 * width, kernel),
        _recurrence(heads + width, 6 * state, state),
        norms(head_size),
    )


def _projections(
    hidden: int, inputs: int, outputs: int, *, input_bias: bool = False, output_bias: bool = False
) -> Block:
    """Projections from hidden size to ``inputs`` channels and from ``outputs`` channels back."""
    weights = hidden * (inputs + outputs)
    parameters = weights + input_bias * inputs + output_bias * hidden
    return Block("recurrent projections", parameters, parameters, Work(2 * weights), Work(2 * weights), weights)


def _recurrence(parameters: int, flops: int, state: int) -> Block:
    """State of ``state`` elements, and the FLOPs to update and read it."""
    cache = Cache(state_bytes=_STATE_BYTES * state)
    return Block("recurrence", parameters, parameters, Work(flops), Work(flops), cache=cache)
