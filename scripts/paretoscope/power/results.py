"""The tables that a run has left, read back with a refusal of what is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import read_table
from ..schema import CELLS

_ANEW = "Delete it, so that it is made anew."


def find_results(folder: Path = Path("results")) -> tuple[Path, list[Path]]:
    """Return the newest results in a folder, and all that there are.

    Raises
    ------
    InputError
        There are none.
    """
    tables = sorted(folder.glob("*/summary/cells.csv"), key=lambda table: table.stat().st_mtime)
    if not tables:
        raise InputError(f"no results in {folder}/: run a study first, or say where they are, --results <folder>.")
    found = [table.parents[1] for table in tables]
    return found[-1], found


def read_cells(results: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return columns of ``summary/cells.csv``: one row per (model, benchmark), controls dropped.

    Parameters
    ----------
    results : Path
        Results of one study.
    columns : tuple of str
        Names in schema.CELLS; results of an earlier version may lack others.

    Raises
    ------
    InputError
        There is no such table, or it is damaged.
    """
    if not results.is_dir():
        raise InputError(f"{results}: no such folder of results.")
    path = results / "summary" / "cells.csv"
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; {results} isn't the folder of a study's results, or it hasn't run yet."
        )
    if not path.read_bytes().endswith(b"\n"):
        raise InputError(f"{path}: ends in the middle of a line. {_ANEW}")
    wanted = {"model", "benchmark", "kind", "n_items", "accuracy", *columns}
    cells = read_table(path, tuple(column for column in CELLS if column.name in wanted))
    accuracy = cells["accuracy"].to_numpy()
    bad = (
        ~((accuracy >= 0) & (accuracy <= 1)) | (cells["n_items"] < 1) | cells[["model", "benchmark"]].isna().any(axis=1)
    )
    if bad.any():
        raise InputError(f"{path}, line {int(np.argmax(bad)) + 2}: not a graded cell. {_ANEW}")
    if cells.duplicated(["model", "benchmark"]).any():
        raise InputError(f"{path}: a cell stands there twice. {_ANEW}")
    real = cells[cells["kind"] != "control"].reset_index(drop=True)
    if real.empty:
        raise InputError(f"{path}: holds no cell of a model.")
    return real


def read_completions(results: Path, columns: tuple[str, ...], benchmarks=None) -> pd.DataFrame:
    """Return columns of ``summary/completions.parquet``, of all benchmarks or of some.

    Raises
    ------
    InputError
        There is no such table, or it is damaged.
    """
    path = results / "summary" / "completions.parquet"
    filters = None if benchmarks is None else [("benchmark", "in", list(benchmarks))]
    try:
        return pd.read_parquet(path, columns=list(columns), filters=filters)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not the table it should be ({reason}). {_ANEW}") from error
