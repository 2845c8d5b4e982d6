"""Print parameters and FLOPs of one completion by component, and what a decode step at its end moves.

``python -m paretoscope.flops config.json --prompt 200 --completion 8000``
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..cards import read_yaml
from ..errors import InputError
from . import (
    CONVENTIONS,
    Architecture,
    breakdown,
    cache_bytes,
    completion_flops,
    decode_bytes,
    decode_flops,
    describe,
    executed_decode_flops,
    kv_bytes_per_token,
    weight_bytes,
)
from .config import Config

_COMPLETION = 8000
_COLUMNS = ("parameters", "active", "prefill", "decode")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m paretoscope.flops", description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="a model's config.json, or its card (config/models/*.yaml)")
    parser.add_argument("--prompt", type=int, default=200, help="prompt tokens (default: %(default)s)")
    parser.add_argument(
        "--completion", type=int, help=f"completion tokens (default: {_COMPLETION}, or what the context leaves)"
    )
    parser.add_argument("--cached", type=int, default=0, help="prompt tokens whose prefill is skipped (default: 0)")
    parser.add_argument("--samples", type=int, default=1, help="completions of the one prompt (default: 1)")
    parser.add_argument(
        "--rejected",
        type=int,
        default=0,
        help="drafted tokens that were rejected, in speculative decoding (default: 0)",
    )
    parser.add_argument("--batch", type=int, default=1, help="sequences decoded together (default: 1)")
    parser.add_argument("--kv-bytes", type=int, default=2, help="bytes of a cached element (default: %(default)s)")
    parser.add_argument(
        "--convention",
        default="exact",
        choices=CONVENTIONS,
        help="; ".join(f"{name}: {text}" for name, text in CONVENTIONS.items()),
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    try:
        config = _read(options.config)
        architecture = describe(config)
        completion = _completion(config, options.prompt, options.completion)
        components = breakdown(architecture, options.prompt, completion, options.cached, convention=options.convention)
        executed = _executed(architecture, options, completion)
        memory = _memory(architecture, config, options.prompt + completion, options.batch, options.kv_bytes)
    except InputError as error:
        sys.exit(f"{options.config}: {str(error).removeprefix(f'{options.config}: ')}")
    show = _as_json if options.json else _as_table
    print(show(architecture, components, executed, memory))


def _read(path: Path) -> dict:
    if path.suffix in (".yaml", ".yml"):
        return _architecture_of(read_yaml(path))
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_int=_integer, object_pairs_hook=_object)
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"is not JSON: {error}") from None
    except RecursionError:
        raise InputError("is nested too deeply to be a config.json") from None


def _architecture_of(card: dict) -> dict:
    """Return what a model card says of its config.json."""
    architecture = card.get("architecture")
    if not isinstance(architecture, dict):
        raise InputError("the card has no 'architecture' with the keys of a config.json")
    return {"max_position_embeddings": card.get("context_length"), **architecture}


def _integer(digits: str) -> int | float:
    """Return an integer; one that is too long for Python as a float, so that an error can name its key."""
    return int(digits) if len(digits) < 1000 else float(digits)


def _object(pairs: list[tuple[str, object]]) -> dict:
    """Return a JSON object whose keys don't contradict each other."""
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values and values[key] != value:
            raise InputError(f"key '{key}' stands there twice, with different values")
        values[key] = value
    return values


def _completion(config: dict, prompt: int, completion: int | None) -> int:
    """Return the completion's tokens if they fit into the context beside the prompt's.

    Here alone: recorded completions may come from an engine that stretched the context.
    """
    text = config if config.get("text_config") is None else config["text_config"]
    left = Config(text).size("max_position_embeddings", default=prompt + max(_COMPLETION, completion or 0)) - prompt
    if completion is None:
        completion = max(0, min(_COMPLETION, left))
    if completion > left:
        raise InputError(
            f"prompt and completion of {prompt} and {completion} tokens are longer than the context: "
            f"'max_position_embeddings' is {prompt + left}"
        )
    return completion


def _executed(architecture: Architecture, options: argparse.Namespace, completion: int) -> dict:
    """Return what an engine executes that computes a prompt once for all its samples, or drafts tokens."""
    if options.samples < 1:
        raise InputError(f"samples must be at least 1, not {options.samples}")
    others = completion_flops(architecture, options.prompt, completion, options.prompt, convention=options.convention)
    first = completion_flops(architecture, options.prompt, completion, options.cached, convention=options.convention)
    rejected = executed_decode_flops(architecture, options.prompt, completion, options.rejected)
    return {
        "samples": options.samples,
        "all_samples": options.samples * float(sum(first)),
        "all_samples_prompt_shared": float(sum(first)) + (options.samples - 1) * float(sum(others)),
        "rejected_tokens": options.rejected,
        "decode_with_rejected": float(rejected),
    }


def _memory(architecture: Architecture, config: dict, context: int, batch: int, kv_bytes: int) -> dict:
    """Return the memory of weights and cache, and FLOPs and bytes of the decode step at the end of the completion.

    Weights of a precision that isn't known here leave their bytes None, with the reason.
    """
    flops = decode_flops(architecture, context)
    report = {
        "kv_bytes_per_token": kv_bytes_per_token(architecture, kv_bytes),
        "cache_bytes": cache_bytes(architecture, context, kv_bytes),
        "weight_bytes": None,
        "weight_bytes_unknown": None,
        "decode_step": {
            **{"context": context, "batch": batch, "flops_per_token": flops},
            **{"bytes": None, "arithmetic_intensity": None},
        },
    }
    try:
        report["weight_bytes"] = weight_bytes(architecture, config)
    except InputError as error:
        return {**report, "weight_bytes_unknown": str(error)}
    moved = decode_bytes(architecture, config, context, batch, kv_dtype_bytes=kv_bytes)
    report["decode_step"] |= {"bytes": moved, "arithmetic_intensity": batch * flops / moved}
    return report


def _totals(components: dict[str, dict[str, int]]) -> dict[str, int]:
    return {column: sum(row[column] for row in components.values()) for column in _COLUMNS}


def _as_json(architecture: Architecture, components: dict[str, dict[str, int]], executed: dict, memory: dict) -> str:
    totals = _totals(components)
    parameters = architecture.parameters
    report = {
        "model_type": architecture.model_type,
        "parameters": {
            "total": parameters.total,
            "active": parameters.active,
            "embedding": parameters.embedding,
        },
        "flops": {
            "prefill": totals["prefill"],
            "decode": totals["decode"],
            "total": totals["prefill"] + totals["decode"],
        },
        "executed_flops": executed,
        **memory,
        "components": components,
    }
    return json.dumps(report, indent=2)


def _as_table(architecture: Architecture, components: dict[str, dict[str, int]], executed: dict, memory: dict) -> str:
    lines = [f"{architecture.model_type:<22}{'parameters':>19}{'active':>19}{'prefill FLOPs':>16}{'decode FLOPs':>16}"]
    for name, row in {**components, "total": _totals(components)}.items():
        counts = f"{row['parameters']:>19,}{row['active']:>19,}"
        lines.append(f"{name:<22}{counts}{row['prefill']:>16.6g}{row['decode']:>16.6g}")
    return "\n".join([*lines, "", *_executed_lines(executed), *_memory_lines(memory)])


def _executed_lines(executed: dict) -> list[str]:
    samples, rejected = executed["samples"], executed["rejected_tokens"]
    all_samples, shared = executed["all_samples"], executed["all_samples_prompt_shared"]
    return [
        *(
            [f"{samples:,} samples: {all_samples:.6g} FLOPs, {shared:.6g} with the prompt shared"]
            if samples > 1
            else ()
        ),
        *(
            [f"decode with {rejected:,} rejected tokens: {executed['decode_with_rejected']:.6g} FLOPs"]
            if rejected
            else ()
        ),
    ]


def _memory_lines(memory: dict) -> list[str]:
    step = memory["decode_step"]
    at = f"{step['context']:,} tokens"
    weights, moved = f"weights: not known, {memory['weight_bytes_unknown']}", "bytes not known"
    if memory["weight_bytes"] is not None:
        weights = f"weights: {memory['weight_bytes']:,} bytes as released"
        moved = f"{step['bytes']:.6g} bytes in all, {step['arithmetic_intensity']:.3g} FLOPs per byte"
    return [
        weights,
        f"cache: {memory['kv_bytes_per_token']:,} bytes per token, {memory['cache_bytes']:,} at {at}",
        f"decode step at {at}, {step['batch']:,} sequences: {step['flops_per_token']:.6g} FLOPs per token, {moved}",
    ]


if __name__ == "__main__":
    main()
