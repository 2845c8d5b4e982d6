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
from .memory import bytes_as_stored, plain_bytes


def decode_flops(architecture: Architecture, context: int) -> int:
    """Return the FLOPs of decoding one token that attends ``context`` keys, its own included.

    Raises
    ------
    InputError
        ``context`` is less than 1.
    """
    _at_least_one("context", context)
    return sum(
        count * (block.decode.token + block.decode.key * _attended(block, context - 1, context))
        for count, block in _all_blocks(architecture)
    )


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
    architecture: Architecture, config: Mapping, context: int, batch: int = 1, *, kv_dtype_bytes: int = 2
) -> float:
    """Return the bytes moved by one decode step of ``batch`` sequences, a token each that attends ``context`` keys.

    Parameters
    ----------
    architecture, config
        As in :func:`weights_read`.
    context : int
        Keys attended, the new token's included, in a layer without a window.
    batch : int
        Sequences decoded together.
    kv_dtype_bytes : int
        Bytes of a cached element: 2 for bfloat16 and float16, 1 for an fp8 cache.

    Raises
    ------
    InputError
        ``context`` or ``batch`` is less than 1; a dtype or quantisation scheme that isn't known here.
    """
    _at_least_one("context", context)
    _at_least_one("batch", batch)
    of_a_sequence = _cache_read(architecture, context - 1, context, kv_dtype_bytes)
    of_a_sequence += _written(architecture, kv_dtype_bytes) + _state_moved(architecture)
    return weights_read(architecture, config, batch) + batch * float(of_a_sequence)


def arithmetic_intensity(
    architecture: Architecture, config: Mapping, context: int, batch: int = 1, *, kv_dtype_bytes: int = 2
) -> float:
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
        ``batch`` is less than 1; a dtype or quantisation scheme that isn't known here.
    """
    _at_least_one("batch", batch)
    prompt, completion = np.asarray(prompt_tokens), np.asarray(completion_tokens)
    computed = prompt - np.minimum(cached_tokens, prompt - 1)
    fed = np.maximum(completion - 1, 0)
    steps = fed if verify_steps is None else np.minimum(verify_steps, fed)
    written = float(_written(architecture, kv_dtype_bytes))
    state = _state_moved(architecture)
    # What the average prompt reads: the share of experts read is no linear function of the tokens.
    of_prefill = weights_read(architecture, config, batch * float(np.mean(computed))) / batch
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


def _at_least_one(name: str, value: float) -> None:
    if value < 1:
        raise InputError(f"{name} must be at least 1, not {value}")
