"""Parameters, FLOPs and memory of a model, computed from its ``config.json``.

>>> architecture = describe(config)
>>> architecture.parameters.total
8190735360
>>> prefill, decode = completion_flops(architecture, prompt_tokens=[200, 180], completion_tokens=[8000, 512])

What is counted
    Every matmul of the language model at 2 FLOPs per multiply-add: attention projections, scores and weighted sum,
    feed-forward, router, the experts that a token is routed to, shared experts, vocabulary head.
Recurrent layers
    Projections, causal convolution, update and reading of the state, token by token in prefill too, whatever a kernel
    spends on chunks (:mod:`paretoscope.flops.recurrent`).
Causal attention
    Token i attends i keys, itself included (min(i, window) in a sliding-window layer), not the full T x T square: the
    algorithm's work, whatever a kernel spends on masked scores.
Prefill
    The prompt's tokens through all layers, and the vocabulary head for the last position alone: the first completion
    token needs no other. A prompt counts whole, also where an engine found its prefix in a cache or n samples share it:
    that is the algorithm's cost of one completion. With ``cached_tokens`` the cost executed is counted instead; of n
    samples of one prompt all but the first then have the prompt as cached tokens.
Decode
    ``completion_tokens`` - 1 forwards of one token against the key-value cache, head included. The first completion
    token comes from prefill and the last one is never fed back, so the tokens fed attend prompt + 1 up to
    prompt + completion - 1 keys.
Left out
    Everything that isn't a product with weights, between queries, keys and values, or with a recurrent state: embedding
    lookup, norms, biases, rotary embedding, scaling, softmax, soft-capping, activations, elementwise products, decay of
    a state, expert selection and weighting, residual additions, sampling. Also multi-token-prediction modules, vision
    and audio towers.
Speculative decoding
    Changes nothing: the tokens of the completion are counted, each once, whoever drafted them. With the drafted tokens
    that were rejected, on which the model was run too, :func:`executed_decode_flops` counts the cost executed. Left out
    is the draft model.

Another convention than this one is that of ``convention="paper"`` (:data:`CONVENTIONS`); docs/flops.md compares them.

A test compares the counts with PyTorch's FlopCounterMode over transformers' models, to the last digit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np

from .. import plugins
from ..errors import InputError, suggest
from .blocks import Architecture, Block, Parameters
from .config import Config, shown
from .counts import broadcast, token_counts
from .memory import cache_bytes, kv_bytes_per_token, quantisation_method, weight_bytes
from .traffic import arithmetic_intensity, completion_bytes, decode_bytes, decode_flops, weights_read

__all__ = [
    "CONVENTIONS",
    "Architecture",
    "Parameters",
    "arithmetic_intensity",
    "breakdown",
    "cache_bytes",
    "completion_bytes",
    "completion_flops",
    "decode_bytes",
    "decode_flops",
    "describe",
    "executed_decode_flops",
    "kv_bytes_per_token",
    "quantisation_method",
    "weight_bytes",
    "weights_read",
]

CONVENTIONS = {
    "exact": "what generating takes: the vocabulary head for the last prompt token alone, the last token never fed",
    "paper": "arXiv 2512.24776 as read here: every token of prompt and completion through every component, head included",
}
"""What is counted as a completion.

The paper counts attention projections, attention over the cached keys, gated FFN, router and active experts, and the
vocabulary head, for prefill and KV-aware decode. Whether its head is applied to all prompt tokens and whether it feeds
the last token isn't known here: ``paper`` is its sum per token taken at its word. Causal attention, windows, and terms
that the paper doesn't name (recurrent layers, latent attention) are those of ``exact``.
"""

_FOLDER = "flops/architectures"
_FAMILY = re.compile("[a-z]+")
"""The letters that a model type begins with are its family's name."""

_AT_ONCE = 2**13
"""Completions computed in one go, so few that the arrays in between stay in a processor's cache."""

_NOT_SUPPORTED = {
    # model_type: why, where its config.json doesn't say enough or nothing public says what is computed
    "step3p7": "its sliding-window layers have heads of their own, which its config.json may leave out",
}

_READ_AS = {"kimi_k3": "kimi_linear"}
"""Multimodal types, not language models, whose name says another family than their language model's type."""

_TYING_LEFT_OUT = {"gemma3_text", "llama4_text", "mistral"}
"""Language models whose multimodal releases leave out ``tie_word_embeddings``: their own default is what holds.

(Mistral Small 3 stores a head of its own, although transformers' class for it would tie.)
"""


def describe(config: Mapping) -> Architecture:
    """Return the architecture that a parsed ``config.json`` stands for.

    A multimodal config (one with ``text_config``) gives its language model; the other towers are left out.

    Parameters
    ----------
    config : mapping
        Parsed ``config.json``; ``model_type`` names the file in ``flops/architectures`` that reads it.

    Returns
    -------
    Architecture
        With ``.parameters`` (total, active, embedding).

    Raises
    ------
    InputError
        Unknown ``model_type``, or one that isn't supported; a key that is missing, of the wrong kind, or contradicts
        another.
    """
    if not isinstance(config, Mapping):
        raise InputError(f"config.json must hold an object, not a {type(config).__name__}")
    config = _language_model(config)
    model_type = config.get("model_type")
    if model_type is None and config and all(isinstance(value, Mapping) for value in config.values()):
        names = shown(", ".join(map(str, config)))
        raise InputError(f"config.json holds {len(config)} configs by name ({names}); write one of them into a file")
    if not isinstance(model_type, str):
        what = "is missing; it" if model_type is None else f"must be a string, not {shown(model_type)}; it"
        raise InputError(f"config.json: key 'model_type' {what} names the architecture, e.g. \"qwen3\"")
    if model_type in _NOT_SUPPORTED:
        raise InputError(
            f"config.json: model_type '{model_type}' is not supported, because {_NOT_SUPPORTED[model_type]}"
        )
    known, name = plugins.available(_FOLDER), model_type.replace("-", "_")
    if name not in known:
        raise InputError(f"config.json: unknown model_type '{model_type}'.{_nearest(name.lower(), known)}")
    checked = Config(config)
    architecture = plugins.load(_FOLDER, name).describe(checked)
    checked.refuse_unread()
    return architecture


def completion_flops(
    architecture: Architecture, prompt_tokens, completion_tokens, cached_tokens=0, *, convention: str = "exact"
) -> tuple[np.ndarray, np.ndarray]:
    """Return prefill and decode FLOPs of completions, in closed form.

    Parameters
    ----------
    architecture : Architecture
        From :func:`describe`.
    prompt_tokens : int or array of int, shape (n,)
        Tokens of each prompt, at least 1.
    completion_tokens : int or array of int, shape (n,)
        Tokens of each completion, at least 0. Broadcast against ``prompt_tokens``.
    cached_tokens : int or array of int, shape (n,)
        Prompt tokens whose prefill was skipped; by default none, the algorithm's cost. The last prompt token is always
        computed, since its logits are needed: what an engine reports beyond that counts as all the others.
    convention : str
        One of :data:`CONVENTIONS`.

    Returns
    -------
    prefill, decode : float64 array, shape (n,)
        FLOPs. Computed in exact integers and rounded once, so exact below 2**53 (9.0e15) and the nearest float64 above.

    Raises
    ------
    InputError
        Counts that aren't integers, are below their minimum or of shapes that don't go together; an unknown convention.
    """
    prompt, completion, cached = broadcast(
        prompt_tokens=token_counts("prompt_tokens", prompt_tokens, minimum=1),
        completion_tokens=token_counts("completion_tokens", completion_tokens, minimum=0),
        cached_tokens=token_counts("cached_tokens", cached_tokens, minimum=0),
    )
    _check_convention(convention)
    dtype = _dtype(architecture, prompt, completion)
    body, head = architecture.body, ((1, architecture.head),)
    any_cached = cached.any()
    counts = [each.ravel() for each in (prompt, completion, cached)]
    flops = np.empty((2, prompt.size))
    for start in range(0, prompt.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        tokens, generated = (each[part].astype(dtype) for each in counts[:2])
        skipped = np.minimum(counts[2][part].astype(dtype), tokens - 1) if any_cached else 0
        computed = _prefill(body, tokens) - (_prefill(body, skipped) if any_cached else 0)
        flops[0, part] = computed + _prefill(head, _with_head(tokens - skipped, convention))
        flops[1, part] = _decode((*body, *head), tokens, _fed(generated, convention))
    return tuple(row.reshape(prompt.shape)[()] for row in flops)


def executed_decode_flops(
    architecture: Architecture, prompt_tokens, completion_tokens, rejected_tokens, *, convention: str = "exact"
) -> np.ndarray:
    """Return the FLOPs of decoding that were executed under speculative decoding (arXiv 2211.17192).

    A step feeds the last token that is certain and the tokens drafted after it, and keeps some of these and one more of
    its own. So the model was run on the tokens of the completion and on those rejected.

    Parameters
    ----------
    architecture, prompt_tokens, completion_tokens, convention
        As of :func:`completion_flops`.
    rejected_tokens : int or array of int, shape (n,)
        Tokens that were drafted and not accepted.

    Returns
    -------
    float64 array, shape (n,)
        FLOPs. Where rejected tokens stood isn't known, so each counts what a token of the completion takes on average;
        where none was fed, what one after the prompt takes.

    Raises
    ------
    InputError
        Counts that aren't integers, are below their minimum or of shapes that don't go together; an unknown convention.
    """
    _, completion, rejected = broadcast(
        prompt_tokens=token_counts("prompt_tokens", prompt_tokens, minimum=1),
        completion_tokens=token_counts("completion_tokens", completion_tokens, minimum=0),
        rejected_tokens=token_counts("rejected_tokens", rejected_tokens, minimum=0),
    )
    _check_convention(convention)
    fed = _fed(completion, convention)
    feeding = np.maximum(completion, 1 if convention == "paper" else 2)
    _, decode = completion_flops(architecture, prompt_tokens, feeding, convention=convention)
    return decode * ((fed + rejected) / np.maximum(fed, 1))


def breakdown(
    architecture: Architecture,
    prompt_tokens: int,
    completion_tokens: int,
    cached_tokens: int = 0,
    *,
    convention: str = "exact",
) -> dict[str, dict[str, int]]:
    """Return parameters and FLOPs of one completion by component; arguments as of :func:`completion_flops`.

    Returns
    -------
    dict
        Component name -> ``parameters``, ``active``, ``prefill`` and ``decode`` (FLOPs), all exact integers that add up
        to the architecture's parameters and to :func:`completion_flops`.

    Raises
    ------
    InputError
        As :func:`completion_flops`.
    """
    prompt = token_counts("prompt_tokens", [prompt_tokens], minimum=1).astype(object)
    completion = token_counts("completion_tokens", [completion_tokens], minimum=0).astype(object)
    cached = np.minimum(token_counts("cached_tokens", [cached_tokens], minimum=0).astype(object), prompt - 1)
    _check_convention(convention)
    decoded = _fed(completion, convention)
    with_head = np.ones_like(prompt) * _with_head(prompt - cached, convention)
    rows: dict[str, dict[str, int]] = {}
    for count, block in (*architecture.body, (1, architecture.head)):
        row = rows.setdefault(block.name, dict.fromkeys(("parameters", "active", "prefill", "decode"), 0))
        row["parameters"] += count * block.parameters
        row["active"] += count * block.active_parameters
        counted = [(count, block)]
        is_head = block is architecture.head
        row["prefill"] += (
            _prefill(counted, with_head) if is_head else _prefill(counted, prompt) - _prefill(counted, cached)
        )[0]
        row["decode"] += _decode([(count, block)], prompt, decoded)[0]
    return rows


def _nearest(name: str, known: Sequence[str]) -> str:
    """Return the hint for a model type that isn't known: the nearest of its family, where the family is known."""
    if name in _READ_AS:
        return f" Its language model is a '{_READ_AS[name]}'."
    kin = [other for other in known if _related(name, other)]
    if not kin:
        return f" No model of its family is known; known: {', '.join(known)}."
    # What the name begins is nearer than what merely resembles it: gemma3 is gemma3_text rather than gemma2.
    nearest = max(
        kin,
        key=lambda other: (
            *(other == name, other.startswith(name + "_")),
            *(SequenceMatcher(None, name, other).ratio(), other),  # the last: of equals the newest
        ),
    )
    others = [other for other in kin if other != nearest]
    return f" Nearest of its family: '{nearest}'" + (f" (others: {', '.join(others)})." if others else ".")


def _related(name: str, other: str) -> bool:
    """Return whether one's letters begin the other's (phimoe, phi3); "gpt" is no family's name."""
    own, known = (_FAMILY.match(each) for each in (name, other))
    if not own or len(own[0]) < 3 or own[0] == "gpt":
        return name.startswith("gpt_oss") and other == "gpt_oss"
    return own[0].startswith(known[0]) or known[0].startswith(own[0])


def _language_model(config: Mapping) -> Mapping:
    """Return the language model's part of a multimodal config, and any other config as it is."""
    text = config.get("text_config")
    if text is None:
        return config
    if not isinstance(text, Mapping):
        raise InputError(f"config.json: 'text_config' must be an object, not {shown(text)}")
    if text.get("model_type") is None:
        raise InputError(
            "config.json: 'text_config' has no 'model_type', which names the language model's architecture"
        )
    key = "tie_word_embeddings"
    tied = [part[key] for part in (config, text) if part.get(key) is not None]
    if not tied and str(text.get("model_type")) in _TYING_LEFT_OUT:
        return text
    # Either level may be the one that counts, and their defaults differ: don't guess.
    if not tied or tied != [tied[0]] * len(tied):
        raise InputError(
            f"config.json: '{key}' must be stated beside 'text_config' or in it, and not differ between them"
        )
    return {**text, key: tied[0]}


def _check_convention(convention: str) -> None:
    if convention not in CONVENTIONS:
        raise InputError(f"unknown convention '{convention}'.{suggest(convention, CONVENTIONS)}")


def _with_head(tokens, convention: str):
    """Return for how many of the prompt tokens computed there are logits."""
    return tokens if convention == "paper" else 1


def _fed(completion, convention: str):
    """Return how many completion tokens are fed back."""
    return completion if convention == "paper" else np.maximum(completion - 1, 0)


def _dtype(architecture: Architecture, prompt: np.ndarray, completion: np.ndarray) -> type:
    """Return the dtype in which no sum overflows: int64, or object (Python's integers) for extreme lengths."""
    longest = np.array([int(prompt.max(initial=1))], dtype=object)
    decoded = np.array([int(completion.max(initial=2))], dtype=object)
    everything = (*architecture.body, (1, architecture.head))
    bound = (_prefill(everything, longest + decoded) + _decode(everything, longest, decoded))[0]
    return np.int64 if 2 * bound < 2**63 else object  # twice: n(n + 1) is halved only after it is formed


def _prefill(counted, tokens):
    """Return the FLOPs of a prompt of ``tokens`` through ``counted``, (times, block) pairs."""
    token, keys = _per_token(counted, "prefill")
    return token * tokens + sum(key * mask.attended_keys(tokens) for mask, key in keys.items())


def _decode(counted, prompt, decoded):
    """Return the FLOPs of feeding ``decoded`` tokens one by one after a prompt."""
    token, keys = _per_token(counted, "decode")
    end = prompt + decoded
    attended = (key * (mask.attended_keys(end) - mask.attended_keys(prompt)) for mask, key in keys.items())
    return token * decoded + sum(attended)


def _per_token(counted: tuple[tuple[int, Block], ...], phase: str) -> tuple[int, dict]:
    """Return FLOPs per token, and FLOPs per attended key by mask, summed over blocks so that arrays are few."""
    token, keys = 0, {}
    for count, block in counted:
        work = getattr(block, phase)
        token += count * work.token
        if work.key:
            keys[work.mask] = keys.get(work.mask, 0) + count * work.key
    return token, keys
