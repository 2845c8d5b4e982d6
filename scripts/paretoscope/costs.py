"""What every completion of a cell cost: its tokens, and the FLOPs computed from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from . import flops
from .files import read_json, read_jsonl


def completion_costs(generations: Path, config: Path) -> pd.DataFrame:
    """Return tokens and FLOPs of every completion of a cell.

    Parameters
    ----------
    generations : Path
        The cell's completions.
    config : Path
        The model's config.json.

    Returns
    -------
    DataFrame
        One row per completion: item_id, sample, prompt_tokens, completion_tokens, prefill_flops, decode_flops. Where
        the prompt's tokens are unknown the FLOPs are too, and empty.
    """
    rows = [row for _, row in read_jsonl(generations)]
    columns = ("item_id", "sample", "prompt_tokens", "completion_tokens")
    table = pd.DataFrame({name: [row[name] for row in rows] for name in columns})
    table = table.astype({"item_id": "str", "prompt_tokens": "Int64", "completion_tokens": "Int64"})
    known = table[["prompt_tokens", "completion_tokens"]].notna().all(axis=1).to_numpy()
    for name in ("prefill_flops", "decode_flops"):
        table[name] = np.nan
    if known.any():
        tokens = table.loc[known, ["prompt_tokens", "completion_tokens"]].astype("int64")
        prefill, decode = flops.completion_flops(
            flops.describe(read_json(config)),
            tokens["prompt_tokens"].to_numpy(),
            tokens["completion_tokens"].to_numpy(),
        )
        table.loc[known, "prefill_flops"], table.loc[known, "decode_flops"] = prefill, decode
    return table
