"""Least time that completions can take on a device, and how near measured cells come to it.

Source: the roofline model, as in arXiv 2402.16363. What takes F FLOPs and moves M bytes lasts at least

    max(F / peak FLOP/s, M / bandwidth)

With several GPUs both are shared evenly, so GPU-seconds don't depend on their number. F are
:func:`paretoscope.flops.completion_flops`, M :func:`paretoscope.flops.completion_bytes`, which depends on how many
sequences share a reading of the weights.

Phases
    Prefill and decode each have such a bound, and the larger of its sides says what limits the phase. Their sum is no
    bound of the whole, since engines mix both in one forward: :func:`least_seconds` is.
Left out
    Communication between GPUs, activations, sampling, the host's work: all that a real engine spends beside. Where
    there are experts, uneven routing reads fewer weights than is assumed (:mod:`paretoscope.flops.traffic`): the bound
    then is none. Speculative decoding reads weights and cache once per step, so a cell that used it has a bound where
    its steps were counted; the draft model and rejected tokens are left out.
Energy
    Has no such bound from a data sheet: it states no power below which a busy GPU can't be, and one that waits for
    memory draws less than its TDP. TDP x the least seconds is what these would take at full board power, an estimate;
    TDP x measured seconds is an upper bound of what GPUs take.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from . import flops
from .devices import Device
from .flops.bounds import Phase, least_seconds, phases
from .schema import Column, names

__all__ = ["ROOFLINE", "Phase", "cell_bounds", "least_seconds", "phases"]


ROOFLINE = (
    Column("model", "str", "", "model id"),
    Column("benchmark", "str", "", "benchmark id"),
    Column("device", "str", "", "device it ran on"),
    Column("gpus", "Int64", "GPUs", "GPUs in use"),
    Column("batch_mean", "float64", "sequences", "sum of latencies / generation_seconds: in flight on average"),
    Column("ridge_intensity", "float64", "FLOPs/byte", "peak FLOP/s / bandwidth: memory limits what has less"),
    Column("prefill_intensity", "float64", "FLOPs/byte", "FLOPs per byte moved in prefill, at that batch"),
    Column("prefill_limit", "str", "", "what limits prefill: compute or memory"),
    Column("decode_intensity", "float64", "FLOPs/byte", "FLOPs per byte moved in decode, at that batch"),
    Column("decode_limit", "str", "", "what limits decode: compute or memory"),
    Column("gpu_seconds_least", "float64", "GPU s", "least GPU-seconds per completion at the device's peaks"),
    Column("gpu_seconds_per_completion", "float64", "GPU s", "GPU-seconds measured"),
    Column("achieved", "float64", "fraction", "gpu_seconds_least / gpu_seconds_per_completion"),
    Column("mfu", "float64", "fraction", "model FLOPs utilisation"),
    Column("energy_joules_per_completion", "float64", "J", "energy measured while generating"),
    Column(
        "energy_joules_least_at_tdp",
        "float64",
        "J",
        "TDP x gpu_seconds_least: the least seconds at full board power; an estimate, no bound",
    ),
    Column(
        "energy_joules_most",
        "float64",
        "J",
        "upper bound of it: TDP x gpu_seconds_per_completion; no measurement",
    ),
    Column("note", "str", "", "why there is no bound; empty where there is one"),
)
"""``roofline/roofline.csv``: one row per cell of a model."""


def cell_bounds(
    cells: pd.DataFrame,
    completions: pd.DataFrame,
    metas: Mapping[tuple[str, str], dict],
    configs: Mapping[str, dict],
    devices: Mapping[str, Device],
) -> pd.DataFrame:
    """Return for each cell the least time that it could have taken, beside what was measured.

    Parameters
    ----------
    cells, completions : tables of schema.CELLS and schema.COMPLETIONS
        Controls are left out.
    metas : mapping
        Meta file of each cell.
    configs : mapping
        config.json of each model.
    devices : mapping
        Devices by the names under which drivers report them.

    Returns
    -------
    table of ROOFLINE

    Notes
    -----
    The batch is that of Little's law: time that completions spent in the engine, waiting included, over the time that
    all took. It thus is at least that of the forwards, which makes the bound lower, never higher.
    """
    groups = dict(list(completions.groupby(["model", "benchmark"], observed=True)))
    rows = []
    for cell in cells[cells["kind"] != "control"].to_dict("records"):
        key = cell["model"], cell["benchmark"]
        device = devices.get(cell["device"])
        rows.append(_bounds(cell, groups[key], metas[key], configs[cell["model"]], device))
    table = pd.DataFrame(rows, columns=names(ROOFLINE))
    return table.astype({column.name: column.dtype for column in ROOFLINE})


_TAKEN = ("model", "benchmark", "device", "gpus", "gpu_seconds_per_completion", "mfu", "energy_joules_per_completion")


def _bounds(cell: dict, group: pd.DataFrame, meta: dict, config: dict, device: Device | None) -> dict:
    row = {name: cell[name] for name in _TAKEN}
    if device and pd.notna(cell["gpu_seconds_per_completion"]):
        row["energy_joules_most"] = device.tdp_watts * cell["gpu_seconds_per_completion"]
    in_force = meta["engine"].get("in_force", {})
    released, asked = flops.quantisation_method(config), meta["engine"].get("quantization")
    peak = device and device.peak_flops(meta["engine"].get("dtype"), asked or released)
    missing = _why_not(cell, group, device, peak, in_force) or (
        "the engine quantized the weights: their bytes aren't known" if asked and not released else None
    )
    if missing:
        return {**row, "note": missing}
    batch = max(group["latency_seconds"].sum() / cell["generation_seconds"], 1.0)
    prompt, completion = (group[name].to_numpy("int64") for name in ("prompt_tokens", "completion_tokens"))
    drafted = bool(in_force.get("speculative_algorithm"))
    prefill, decode = phases(
        flops.describe(config),
        config,
        prompt,
        completion,
        group["cached_tokens"].fillna(0).to_numpy("int64"),
        flops_per_second=peak,
        bytes_per_second=device.bandwidth_bytes_per_second,
        verify_steps=group["verify_steps"].fillna(0).to_numpy("int64") if drafted else None,
        batch=min(batch, len(group)),
        kv_dtype_bytes=1 if str(in_force.get("kv_cache_dtype")).startswith("fp8") else 2,
    )
    least = least_seconds(prefill, decode)
    return row | {
        "batch_mean": batch,
        "ridge_intensity": peak / device.bandwidth_bytes_per_second,
        "prefill_intensity": prefill.intensity,
        "prefill_limit": prefill.limit,
        "decode_intensity": decode.intensity,
        "decode_limit": decode.limit or None,
        "gpu_seconds_least": least,
        "energy_joules_least_at_tdp": device.tdp_watts * least,
        "achieved": least / cell["gpu_seconds_per_completion"],
    }


def _why_not(cell: dict, group: pd.DataFrame, device: Device | None, peak: float | None, in_force: dict) -> str | None:
    """Return why a cell has no bound; None where it has one."""
    if pd.isna(cell["generation_seconds"]):
        return "not timed"
    if device is None:
        return f"no device card reports '{cell['device']}'" if pd.notna(cell["device"]) else "device not known"
    if pd.isna(cell["gpus"]) or not cell["generation_seconds"]:
        return "GPU-seconds not known"
    if peak is None:
        return "the device's peak at this dtype and quantization isn't known"
    decoded = group[group["completion_tokens"].fillna(2) > 1]
    if in_force.get("speculative_algorithm") and decoded["verify_steps"].isna().any():
        return "speculative decoding: how often the weights were read isn't known"
    for name in ("latency_seconds", "prompt_tokens", "completion_tokens"):
        if group[name].isna().any():
            return f"{name} not known of every completion"
    return None
