"""Bytes that a model moves between memory and processor, beside which its FLOPs say what limits its speed.

What is counted
    Weights as stored, read once per forward; of routed experts those that some token of the forward is routed to.
    Keys and values (latents, compressed entries) that a token attends, read once per sequence and layer, and the new
    token's written. States of recurrent layers, read and written.
Routing
    Each token draws its k of E experts independently and evenly: 1 - (1 - k/E)^n of them are read for n tokens. Uneven
    routing reads fewer, so where there are experts these bytes are an expectation, and no lower bound.
Left out
    Activations, logits, the rows looked up in an embedding table, keys and values read again within a prefill, what an
    engine moves beside that; several GPUs, each of which reads its share. Tokens of a sequence are decoded one by one
    unless ``verify_steps`` says in how many forwards (speculative decoding); what the draft model moves is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from ..errors import InputError
from .blocks import Architecture, Block
from .counts import broadcast, token_counts
from .memory import bytes_as_stored, check_element, plain_bytes


def decode_flops(architecture: Architecture, context):
    """Return the FLOPs of decoding one token that attends ``context`` keys, its own included.

    Parameters
    ----------
    architecture : Architecture
        From :func:`paretoscope.flops.describe`.
    context : int or array of int, shape (n,)
        Keys attended in a layer without a window, at least 1.

    Returns
    -------
    int, or float64 array of shape (n,)
        FLOPs: an exact integer of a single context.

    Raises
    ------
    InputError
        Contexts that aren't integers of at least 1.
    """
    contexts = _exact("context", context)
    work = sum(
        count * (block.decode.token + block.decode.key * _attended(block, contexts - 1, contexts))
        for count, block in _all_blocks(architecture)
    )
    return work if isinstance(contexts, int) else np.asarray(work + 0 * contexts, dtype=float)


def weights_read(architecture: Architecture, config: Mapping, tokens: float) -> float:
    """Return the bytes of weights that one forward of ``tokens`` tokens reads, of all its sequences together.

    An embedding table is looked up, not read, unless the head reuses it.

    Parameters
    ----------
    architecture : Architecture
        What :func:`paretoscope.flops.describe` returned for ``config``.
    config : mapping
        The parsed ``config.json``, of which dtype and quantisation are read.
    tokens : float
        In decode the sequences decoded together; in prefill the tokens of all prompts computed together.

    Raises
    ------
    InputError
        A dtype or quantisation scheme that isn't known here.
    """
    stored, plain = bytes_as_stored(config), plain_bytes(config)
    # Products of the embedding (per-layer inputs) and of the head take 2 FLOPs per weight, tied or not.
    read = plain * (architecture.embedding.prefill.token + architecture.head.prefill.token) / 2
    for count, block in architecture.body:
        if block is not architecture.embedding:
            idle = 1 - block.active_parameters / block.parameters if block.parameters else 0.0
            read += count * float(stored(block)) * (1 - idle**tokens)
    return read


def decode_bytes(
    architecture: Architecture, config: Mapping, context, batch: int = 1, *, kv_dtype_bytes: int = 2
) -> float | np.ndarray:
    """Return the bytes moved by one decode step of ``batch`` sequences, a token each that attends ``context`` keys.

    Parameters
    ----------
    architecture, config
        As in :func:`weights_read`.
    context : int or array of int, shape (n,)
        Keys attended, the new token's included, in a layer without a window.
    batch : int
        Sequences decoded together.
    kv_dtype_bytes : int
        Bytes of a cached element: 2 for bfloat16 and float16, 1 for an fp8 cache.

    Raises
    ------
    InputError
        ``context``, ``batch`` or ``kv_dtype_bytes`` isn't an integer of at least 1; a dtype or quantisation scheme that
        isn't known here.
    """
    contexts, sequences = _exact("context", context), int(token_counts("batch", batch, minimum=1))
    check_element(kv_dtype_bytes)
    of_a_sequence = _cache_read(architecture, contexts - 1, contexts, kv_dtype_bytes)
    fixed = float(_written(architecture, kv_dtype_bytes) + _state_moved(architecture))
    return weights_read(architecture, config, sequences) + sequences * (of_a_sequence + fixed)


def arithmetic_intensity(
    architecture: Architecture, config: Mapping, context, batch: int = 1, *, kv_dtype_bytes: int = 2
) -> float | np.ndarray:
    """Return the FLOPs per byte moved of a decode step; arguments and errors as of :func:`decode_bytes`.

    A device is limited by compute above its peak FLOP/s / bandwidth, by memory below (arXiv 2402.16363).
    """
    moved = decode_bytes(architecture, config, context, batch, kv_dtype_bytes=kv_dtype_bytes)
    return batch * decode_flops(architecture, context) / moved


def completion_bytes(
    architecture: Architecture,
    config: Mapping,
    prompt_tokens,
    completion_tokens,
    cached_tokens=0,
    *,
    verify_steps=None,
    batch: float = 1,
    kv_dtype_bytes: int = 2,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes that completions move in prefill and in decode, weights shared with the rest of their batch.

    Parameters
    ----------
    architecture, config, kv_dtype_bytes
        As in :func:`decode_bytes`.
    prompt_tokens, completion_tokens, cached_tokens : int or array of int, shape (n,)
        As in :func:`paretoscope.flops.completion_flops`, whose forwards these are.
    verify_steps : int or array of int, shape (n,), or None
        Forwards that decoding took under speculative decoding; each reads weights and cache once for all its tokens.
        None: one forward per token.
    batch : float
        Sequences that are in the same prefill, and decoded together, on average.

    Returns
    -------
    prefill, decode : float64 array, shape (n,)

    Raises
    ------
    InputError
        Counts as of :func:`paretoscope.flops.completion_flops`; ``batch`` less than 1; a dtype or quantisation scheme
        that isn't known here.
    """
    if not 1 <= batch < np.inf:
        raise InputError(f"batch must be at least 1, not {batch}")
    check_element(kv_dtype_bytes)
    prompt, completion, cached, verified = broadcast(
        prompt_tokens=token_counts("prompt_tokens", prompt_tokens, minimum=1),
        completion_tokens=token_counts("completion_tokens", completion_tokens, minimum=0),
        cached_tokens=token_counts("cached_tokens", cached_tokens, minimum=0),
        verify_steps=token_counts("verify_steps", 0 if verify_steps is None else verify_steps, minimum=0),
    )
    computed = prompt - np.minimum(cached, prompt - 1)
    fed = np.maximum(completion - 1, 0)
    steps = fed if verify_steps is None else np.minimum(verified, fed)
    written = float(_written(architecture, kv_dtype_bytes))
    state = _state_moved(architecture)
    # What the average prompt reads: the share of experts read is no linear function of the tokens.
    of_prefill = weights_read(architecture, config, batch * float(np.mean(computed)) if computed.size else 0.0) / batch
    prefill = of_prefill + computed * written + state / 2
    attended = _cache_read(architecture, prompt, prompt + fed, kv_dtype_bytes) * (steps / np.maximum(fed, 1))
    decode = steps * (weights_read(architecture, config, batch) / batch + state) + fed * written + attended
    return np.asarray(prefill, dtype=float), np.asarray(decode, dtype=float)


def _all_blocks(architecture: Architecture) -> tuple[tuple[int, Block], ...]:
    return (*architecture.body, (1, architecture.head))


def _attended(block: Block, before, after):
    """Return the keys that the tokens after ``before``, up to ``after``, attend when decoded."""
    mask = block.decode.mask
    return mask.attended_keys(after) - mask.attended_keys(before)


def _cache_read(architecture: Architecture, before, after, dtype_bytes: int):
    """Return the bytes of cache that decoding the tokens after ``before``, up to ``after``, reads."""
    return dtype_bytes * sum(
        count * (block.cache.token + block.cache.shared) * _attended(block, before, after)
        for count, block in architecture.body
        if block.decode.key
    )


def _written(architecture: Architecture, dtype_bytes: int) -> Fraction:
    """Return the bytes of cache that a new token adds; entries that stand for several tokens count in parts."""
    caches = ((count, block.cache) for count, block in architecture.body)
    return dtype_bytes * sum(
        (count * Fraction(cache.token, getattr(cache.mask, "rate", 1)) for count, cache in caches), Fraction(0)
    )


def _state_moved(architecture: Architecture) -> int:
    """Return the bytes of recurrent states that a token reads and writes."""
    return 2 * sum(count * block.cache.state_bytes for count, block in architecture.body)


def _exact(name: str, values) -> int | np.ndarray:
    """Return counts of at least 1 as what no sum of them overflows: Python's integers, alone or in an array."""
    counts = token_counts(name, values, minimum=1)
    return int(counts) if counts.ndim == 0 else counts.astype(object)
