"""Memory of a model: its weights as released, and the cache of one sequence.

Left out: activations, an engine's workspace and block rounding, vision and audio towers, multi-token prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import ceil, inf

import numpy as np

from ..errors import InputError
from .blocks import Architecture, Block
from .config import shown
from .counts import token_counts

_DTYPE_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1}

_NEVER_QUANTISED = {"embedding", "norms", "router", "vocabulary head"}
"""Components that every scheme's releases leave in the dtype of the config."""


def kv_bytes_per_token(architecture: Architecture, dtype_bytes: int = 2) -> int:
    """Return the bytes by which the cache of a sequence grows with each token.

    Layers with a sliding window are included, so this is the growth until the first window is full;
    :func:`cache_bytes` applies the windows. Latent attention caches its latent and its rotary key. Entries that stand
    for several tokens count in parts.

    Parameters
    ----------
    architecture : Architecture
        From :func:`paretoscope.flops.describe`.
    dtype_bytes : int
        Bytes of a cached element: 2 for bfloat16 and float16, 1 for an fp8 cache.

    Raises
    ------
    InputError
        ``dtype_bytes`` is less than 1.
    """
    check_element(dtype_bytes)
    caches = [(count, block.cache) for count, block in architecture.body]
    growth = sum(count * Fraction(cache.token, getattr(cache.mask, "rate", 1)) for count, cache in caches)
    return ceil(dtype_bytes * growth)


def cache_bytes(architecture: Architecture, tokens, dtype_bytes: int = 2) -> int | np.ndarray:
    """Return the bytes of the cache of one sequence of ``tokens`` tokens.

    A layer with a sliding window keeps the last ``window`` tokens. States of recurrent layers are included, in their
    own precision: they don't grow.

    Parameters
    ----------
    architecture : Architecture
        From :func:`paretoscope.flops.describe`.
    tokens : int or array of int, shape (n,)
        Prompt and completion together, at least 0.
    dtype_bytes : int
        As in :func:`kv_bytes_per_token`.

    Raises
    ------
    InputError
        ``tokens`` aren't integers of at least 0, or ``dtype_bytes`` is less than 1.
    """
    check_element(dtype_bytes)
    counts = token_counts("tokens", tokens, minimum=0)
    fed = counts if counts.ndim else int(counts)
    caches = [(count, block.cache) for count, block in architecture.body]
    kept = sum(count * cache.token * cache.mask.kept_tokens(fed) for count, cache in caches)
    return dtype_bytes * kept + sum(count * cache.state_bytes for count, cache in caches)


def check_element(dtype_bytes: int) -> None:
    """Raise InputError where the bytes of a cached element aren't a number of at least 1."""
    if not 1 <= dtype_bytes < inf:
        raise InputError(f"a cached element must take at least 1 byte, not {dtype_bytes}")


def weight_bytes(architecture: Architecture, config: Mapping) -> int:
    """Return the bytes of the weights as released: dtype and quantisation of the config, scales included.

    Parameters
    ----------
    architecture : Architecture
        What :func:`paretoscope.flops.describe` returned for ``config``.
    config : mapping
        The parsed ``config.json``. Read: ``dtype`` or ``torch_dtype`` (absent means 16 bits, in which engines then
        serve), ``quantization_config``, here or in ``text_config``, and ``expert_dtype``.

    Raises
    ------
    InputError
        A dtype or quantisation scheme that isn't known here.
    """
    stored = bytes_as_stored(config)
    return ceil(sum(count * stored(block) for count, block in (*architecture.body, (1, architecture.head))))


def bytes_as_stored(config: Mapping) -> Callable[[Block], Fraction]:
    """Return a function from a block to the bytes of its weights as released; errors as of :func:`weight_bytes`."""
    plain = plain_bytes(config)
    bits, others = _quantisation(_value(config, "quantization_config"), 8 * plain)
    bits_of = {name: 8 * plain if own is None else own for name, own in others.items()}
    bits_of |= dict.fromkeys(_NEVER_QUANTISED, 8 * plain) | _expert_bits(config)

    def stored(block: Block) -> Fraction:
        linear = block.linear_parameters
        return linear * Fraction(bits_of.get(block.name, bits)) / 8 + (block.parameters - linear) * plain

    return stored


def quantisation_method(config: Mapping) -> str | None:
    """Return what a config calls the scheme of its quantised weights; None where there are none."""
    if config.get("expert_dtype"):
        return config["expert_dtype"]
    scheme = _value(config, "quantization_config")
    return scheme.get("quant_method") if isinstance(scheme, Mapping) else None


def _value(config: Mapping, key: str):
    """Return a key of the config, or of its language model's part."""
    text = config.get("text_config")
    inner = text.get(key) if isinstance(text, Mapping) else None
    return config.get(key) if inner is None else inner


def plain_bytes(config: Mapping) -> int:
    """Return the bytes of a weight that isn't quantised; errors as of :func:`weight_bytes`."""
    named = {key: _value(config, key) for key in ("dtype", "torch_dtype")}
    given = {key: value for key, value in named.items() if value is not None}
    for key, value in given.items():
        if not isinstance(value, str) or value not in _DTYPE_BYTES:
            raise InputError(f"config.json: '{key}' is {shown(value)}; known: {', '.join(_DTYPE_BYTES)}")
    if len(set(given.values())) > 1:
        raise InputError("config.json: 'dtype' and 'torch_dtype' contradict each other")
    return _DTYPE_BYTES[next(iter(given.values()), "bfloat16")]


_Bits = tuple[Fraction | int | None, dict[str, Fraction | None]]
"""Bits of a weight of a linear layer, scales included, and those of components that differ; None: not quantised."""


def _quantisation(scheme, plain: int) -> _Bits:
    if scheme is None:
        return plain, {}
    if not isinstance(scheme, Mapping):
        raise InputError(f"config.json: 'quantization_config' must be an object, not {shown(scheme)}")
    method = scheme.get("quant_method")
    if not isinstance(method, str) or method not in _SCHEMES:
        raise InputError(
            f"config.json: quantization_config: 'quant_method' is {shown(method)}; known: {', '.join(_SCHEMES)}"
        )
    bits, others = _SCHEMES[method](scheme)
    return plain if bits is None else bits, others


def _expert_bits(config: Mapping) -> dict[str, Fraction]:
    """Return the bits of experts that have a precision of their own (DeepSeek-V4): microscaling, as in mxfp4."""
    dtype = config.get("expert_dtype")
    if dtype is not None and dtype != "fp4":
        raise InputError(f"config.json: 'expert_dtype' is {shown(dtype)}; known: fp4")
    return {"experts": _mxfp4({})[0]} if dtype else {}


def _mxfp4(scheme: Mapping) -> _Bits:
    """OCP Microscaling Formats 1.0 (MXFP4): 4 bits and one 8-bit scale per 32 weights; of experts alone."""
    plain = ("attention projections", "recurrent projections", "feed-forward", "shared experts")
    return Fraction(4) + Fraction(8, 32), dict.fromkeys(plain)


def _fp8(scheme: Mapping) -> _Bits:
    """8 bits, and in the block-wise form (arXiv 2412.19437, section 3.3.2) a 32-bit scale per block of weights."""
    block = scheme.get("weight_block_size")
    scale = Fraction(0)
    if block is not None:
        if not isinstance(block, list) or len(block) != 2:
            raise InputError("config.json: quantization_config: 'weight_block_size' must be two integers")
        scale = Fraction(32, _positive("weight_block_size", block[0]) * _positive("weight_block_size", block[1]))
    return 8 + scale, _kept(scheme, "modules_to_not_convert", "ignored_layers")


def _modelopt(scheme: Mapping) -> _Bits:
    """NVIDIA Model Optimizer: FP8 with a scale per matrix; NVFP4, 4 bits and one 8-bit scale per 16 weights."""
    algorithm = scheme.get("quant_algo")
    known = {"FP8": Fraction(8), "NVFP4": 4 + Fraction(8, 16)}
    if not isinstance(algorithm, str) or algorithm not in known:
        raise InputError(
            f"config.json: quantization_config: 'quant_algo' is {shown(algorithm)}; known: {', '.join(known)}"
        )
    return known[algorithm], _kept(scheme, "ignore", "exclude_modules")


def _grouped_integers(scheme: Mapping) -> _Bits:
    """AWQ (arXiv 2306.00978) and GPTQ (arXiv 2210.17323): integers with a 16-bit scale and a zero point per group."""
    bits = _positive("bits", scheme.get("bits"))
    group = scheme.get("group_size")
    per_group = 0 if group == -1 else Fraction(16 + bits, _positive("group_size", group))
    return bits + per_group, _kept(scheme, "modules_to_not_convert")


def _compressed_tensors(scheme: Mapping) -> _Bits:
    """Groups of linear layers, each with bits of its own: all (``Linear``), or those that its targets name."""
    groups = scheme.get("config_groups")
    if not isinstance(groups, Mapping) or not groups:
        raise InputError("config.json: quantization_config: 'config_groups' must be an object of groups of layers")
    bits, others = None, {}
    for group in groups.values():
        if not isinstance(group, Mapping) or not isinstance(group.get("weights"), Mapping):
            raise InputError("config.json: quantization_config: a group of 'config_groups' must have 'weights'")
        stored = _bits_of_group(group["weights"])
        for name in _names(group, "targets"):
            named = {} if name == "Linear" else dict.fromkeys(_components("targets", name), stored)
            if any(others.get(component, stored) != stored for component in named):
                raise InputError(f"config.json: quantization_config: 'targets' name {name!r} in groups that differ")
            others |= named
            if name == "Linear":
                if bits not in (None, stored):
                    raise InputError("config.json: quantization_config: 'targets' name 'Linear' in groups that differ")
                bits = stored
    return bits, others | _kept(scheme, "ignore")


def _bits_of_group(weights: Mapping) -> Fraction:
    bits, size = _positive("num_bits", weights.get("num_bits")), weights.get("group_size")
    scale = Fraction(0)
    if weights.get("strategy") in ("group", "tensor_group"):
        # Scales of 4-bit floats have 8 bits (mxfp4, nvfp4), those of integers 16.
        scale_bits = 8 if weights.get("type") == "float" and bits == 4 else 16
        zero_point = 0 if weights.get("symmetric") else bits
        scale = Fraction(scale_bits + zero_point, _positive("group_size", size))
    return bits + scale


_SCHEMES = {
    "mxfp4": _mxfp4,
    "fp8": _fp8,
    "awq": _grouped_integers,
    "gptq": _grouped_integers,
    "compressed-tensors": _compressed_tensors,
    "modelopt": _modelopt,
}


def _positive(key: str, value) -> int:
    if type(value) is not int or value < 1:
        raise InputError(f"config.json: quantization_config: '{key}' must be a positive integer, not {shown(value)}")
    return value


_PART_OF_A_NAME = {
    # part of a module's name: the component it stands for; the first that occurs decides
    "shared_expert": "shared experts",
    "experts": "experts",
    **dict.fromkeys(("linear_attn", "mamba"), "recurrent projections"),
    "attn": "attention projections",
    "mlp": "feed-forward",
}
_NOT_COUNTED = ("visual", "vision", "audio", "mm_proj", "multi_modal", "mtp")
_NOT_LINEAR_LAYERS = ("norm", "embed", "lm_head", "gate", "router", "score", "conv1d")
"""What no scheme quantises; ``gate_proj`` and the like are linear layers for all that."""


def _kept(scheme: Mapping, *keys: str) -> dict[str, None]:
    """Return the components that a scheme's list of exceptions names; its patterns are searched, never run."""
    names = ((key, name) for key in keys for name in _names(scheme, key))
    return dict.fromkeys(component for key, name in names for component in _components(key, name))


def _names(scheme: Mapping, key: str) -> list[str]:
    names = scheme.get(key) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"config.json: quantization_config: '{key}' must be a list of module names")
    return names


def _components(key: str, name: str) -> Iterator[str]:
    if any(part in name for part in _NOT_COUNTED):
        return
    if "_proj" not in name and any(part in name for part in _NOT_LINEAR_LAYERS):
        return
    component = next((component for part, component in _PART_OF_A_NAME.items() if part in name), None)
    # One projection of attention isn't all of it; those of an FFN are named together.
    is_part = "_proj" in name and component != "feed-forward"
    if component is None or is_part or any(character.isdigit() for character in name):
        raise InputError(
            f"config.json: quantization_config: '{key}' names {name!r}; supported are lm_head, gates, norms, and "
            "attention, experts or feed-forward of all layers"
        )
    yield component
