"""Print parameters and FLOPs of one completion by component, and what a decode step at its end moves.

``python -m paretoscope.flops config.json --prompt 200 --completion 8000``
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..cards import read_yaml
from ..devices import load_device
from ..errors import InputError
from . import CONVENTIONS, describe
from .config import Config
from .report import WEIGHTS, Counted, report, with_weights

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
    parser.add_argument("--device", help="a device's card (config/devices): print the least time there, in a batch")
    parser.add_argument(
        "--weights-dtype", choices=WEIGHTS, help="precision of the weights in linear layers (default: as released)"
    )
    options = parser.parse_args(arguments)
    try:
        device = load_device(options.device) if options.device else None
    except InputError as error:
        sys.exit(str(error))
    try:
        config = _read(options.config)
        architecture = describe(config)
        counted = _counted(config, options)
        precision = with_weights(config, options.weights_dtype) if options.weights_dtype else config
        found = report(architecture, precision, counted, device)
    except InputError as error:
        sys.exit(f"{options.config}: {str(error).removeprefix(f'{options.config}: ')}")
    weights = f"linear layers in {options.weights_dtype}" if options.weights_dtype else "as released"
    print(json.dumps(found, indent=2) if options.json else _table(found, weights))


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


def _counted(config: dict, options: argparse.Namespace) -> Counted:
    """Return what is counted, its completion chosen where none is asked for.

    The context is kept to here alone: recorded completions may come from an engine that stretched it.
    """
    text = config if config.get("text_config") is None else config["text_config"]
    prompt, completion, note = options.prompt, options.completion, None
    context = Config(text).size("max_position_embeddings", default=prompt + max(_COMPLETION, completion or 0))
    if completion is None:
        completion = min(_COMPLETION, context - prompt)
        if 0 < completion < _COMPLETION:
            note = f"completion of {completion:,} tokens, which the context of {context:,} leaves"
        if completion == 0:
            raise InputError(
                f"the prompt fills the context: 'max_position_embeddings' is {context}; --completion 0 counts it alone"
            )
    if prompt + max(completion, 0) > context:
        raise InputError(
            f"prompt and completion of {prompt} and {max(completion, 0)} tokens are longer than the context: "
            f"'max_position_embeddings' is {context}"
        )
    return Counted(
        *(prompt, completion, options.cached, options.samples, options.rejected),
        *(options.convention, options.batch, options.kv_bytes, note),
    )


def _table(found: dict, weights: str) -> str:
    totals = {column: sum(row[column] for row in found["components"].values()) for column in _COLUMNS}
    lines = [f"{found['model_type']:<22}{'parameters':>19}{'active':>19}{'prefill FLOPs':>16}{'decode FLOPs':>16}"]
    for name, row in {**found["components"], "total": totals}.items():
        counts = f"{row['parameters']:>19,}{row['active']:>19,}"
        lines.append(f"{name:<22}{counts}{row['prefill']:>16.6g}{row['decode']:>16.6g}")
    below = (*_executed_lines(found), *_memory_lines(found, weights), *_device_lines(found.get("device")))
    return "\n".join([_counted_line(found["counted"]), *lines, "", *below])


def _counted_line(counted: dict) -> str:
    cached, note = counted["cached_tokens"], counted["note"]
    said = [
        f"prompt of {counted['prompt_tokens']:,} tokens" + (f", {cached:,} of them cached" if cached else ""),
        note or f"completion of {counted['completion_tokens']:,} tokens",
        f"convention '{counted['convention']}'",
    ]
    return "counted: " + "; ".join(said)


def _executed_lines(found: dict) -> list[str]:
    counted, executed = found["counted"], found["executed_flops"]
    samples, rejected = counted["samples"], counted["rejected_tokens"]
    all_samples, shared = executed["all_samples"], executed["all_samples_prompt_shared"]
    lines = []
    if samples > 1:
        lines.append(f"{samples:,} samples: {all_samples:.6g} FLOPs, {shared:.6g} with the prompt shared")
    if rejected:
        lines.append(f"decode with {rejected:,} rejected tokens: {executed['decode_with_rejected']:.6g} FLOPs")
    return lines


def _memory_lines(found: dict, weights: str) -> list[str]:
    step, counted = found["decode_step"], found["counted"]
    size, moved = f"not known, {found['weight_bytes_unknown']}", "bytes not known"
    if found["weight_bytes"] is not None:
        size = f"{found['weight_bytes']:,} bytes, {weights}"
    if step and step["bytes"] is not None:
        moved = f"{step['bytes']:.6g} bytes in all, {step['arithmetic_intensity']:.3g} FLOPs per byte"
    until = " until windows are full" if found["kv_windows"] else ""
    at = f"{step['context'] if step else counted['prompt_tokens']:,} tokens"
    lines = [
        f"weights: {size}",
        f"cache: {found['kv_bytes_per_token']:,} bytes per token{until}, {found['cache_bytes']:,} at {at}",
    ]
    if not step:
        return [*lines, "decode: no step, the first token comes from prefill"]
    batch, work = step["batch"], step["flops_per_token"]
    return [*lines, f"last decode step, at {at}, {batch:,} sequences: {work:.6g} FLOPs per token, {moved}"]


def _device_lines(on: dict | None) -> list[str]:
    if on is None:
        return []
    at = f"{on['flops_per_second']:.4g} FLOP/s, {on['bytes_per_second']:.4g} bytes/s, batch of {on['batch']:,}"
    phases = [
        f"  {name}: {on[f'{name}_gpu_seconds_least']:.4g} GPU-seconds, limited by {on[f'{name}_limit']}; "
        f"{on[f'{name}_bytes']:.4g} bytes, {on[f'{name}_arithmetic_intensity']:.3g} FLOPs per byte"
        for name in ("prefill", "decode")
        if on[f"{name}_limit"]
    ]
    least, joules = on["gpu_seconds_least"], on["energy_joules_least_at_tdp"]
    return [
        f"on {on['id']} ({at}): at least {least:.4g} GPU-seconds per completion, {joules:.4g} J if at full board power",
        *phases,
    ]


if __name__ == "__main__":
    main()
