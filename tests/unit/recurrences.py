"""Recurrent layers one token at a time, every product a matmul, in the place of transformers' own functions.

transformers runs prefill in chunks, which takes more FLOPs than the recurrence, and one token as elementwise products,
which FlopCounterMode counts as nothing; its convolutions also compute outputs that are thrown away. A test compares the
outputs of whole models, so these are the same functions.
"""

import sys
from contextlib import ExitStack, contextmanager
from unittest import mock


@contextmanager
def token_by_token(model):
    """Let a transformers model run its recurrent layers with the functions below."""
    module = sys.modules[type(model).__module__]
    with ExitStack() as stack:
        for name, function in FUNCTIONS.items():
            if hasattr(module, name):
                stack.enter_context(mock.patch.object(module, name, function))
        yield


def convolve(hidden, weight, bias=None, activation=None, **_):
    from torch.nn.functional import pad

    return _taps(pad(hidden, (weight.shape[-1] - 1, 0)), weight, bias, activation)


def convolve_next(hidden, state, weight, bias=None, activation=None):
    import torch

    inputs = torch.cat([state, hidden], dim=-1)
    state.copy_(inputs[..., -state.shape[-1] :])
    return _taps(inputs[..., -weight.shape[-1] :], weight, bias, activation)


def _taps(inputs, weight, bias, activation):
    from torch.nn.functional import conv1d, silu

    assert activation == "silu"
    return silu(conv1d(inputs, weight.unsqueeze(1), bias, groups=weight.shape[0]))


def gated_delta_rule(query, key, value, g, beta, initial_state=None, output_final_state=False, **_):
    """arXiv 2412.06464, section 3, with normalized queries and keys. Shapes (1, tokens, heads, size).

    The decay ``g`` is one per head, or one per channel of the keys (arXiv 2510.26692).
    """
    import torch
    from torch.nn.functional import normalize

    heads, size = value.shape[2], key.shape[3]
    query, key = (normalize(x[0], dim=-1).repeat_interleave(heads // x.shape[2], dim=1) for x in (query, key))
    state = value.new_zeros(heads, size, value.shape[3]) if initial_state is None else initial_state[0]
    outputs = []
    for q, k, v, decay, strength in zip(query / size**0.5, key, value[0], g[0].exp(), beta[0], strict=True):
        state = state * decay.reshape(heads, -1, 1)
        delta = (v[:, None] - torch.bmm(k[:, None], state)) * strength[:, None, None]
        state = state + torch.bmm(k[:, :, None], delta)
        outputs.append(torch.bmm(q[:, None], state)[:, 0])
    return torch.stack(outputs)[None], state[None] if output_final_state else None


def state_space_scan(x, dt, A, B, C, D, dt_bias, initial_states=None, dt_limit=(0.0, float("inf")), **_):
    """arXiv 2405.21060, section 2. Shapes (1, tokens, heads or groups, size) and, for dt, (1, tokens, heads)."""
    import torch

    _, tokens, heads, size = x.shape
    state = x.new_zeros(1, heads, size, B.shape[3]) if initial_states is None else initial_states
    outputs = []
    for i in range(tokens):
        step = torch.nn.functional.softplus(dt[:, i] + dt_bias).clamp(*dt_limit)
        output, state = _state_space_step(state, x[:, i], step, A, B[:, i], C[:, i], D)
        outputs.append(output)
    return torch.stack(outputs, dim=1), state


def state_space_next(state, x, dt, A, B, C, D, dt_bias, z=None, **_):
    """One token. Shapes (1, heads or groups, size); dt, A, D and dt_bias are repeated over a head's channels."""
    from torch.nn.functional import silu, softplus

    step = softplus(dt[..., 0] + dt_bias[:, 0])
    output, new = _state_space_step(state, x, step, A[:, 0, 0], B, C, D[:, 0])
    state.copy_(new)
    return output if z is None else output * silu(z)


def _state_space_step(state, x, step, A, B, C, D):
    import torch

    B, C = (part[0].repeat_interleave(x.shape[1] // part.shape[1], dim=0) for part in (B, C))
    decay = (step[0] * A).exp()
    state = state[0] * decay[:, None, None] + torch.bmm((x[0] * step[0][:, None])[:, :, None], B[:, None])
    output = torch.bmm(state, C[:, :, None])[..., 0] + x[0] * D[:, None]
    return output[None], state[None]


FUNCTIONS = {
    "causal_conv1d_fn": convolve,
    "causal_conv1d_update": convolve_next,
    "torch_chunk_gated_delta_rule": gated_delta_rule,
    "torch_recurrent_gated_delta_rule": gated_delta_rule,
    "chunk_kimi_delta_attention": gated_delta_rule,
    "recurrent_kimi_delta_attention": gated_delta_rule,
    "mamba2_chunk_scan": state_space_scan,
    "mamba2_selective_state_update": state_space_next,
}
