"""The completion store: finished completions below the level of a cell, kept across kills and changed sample counts.

One append-only JSON-lines file per cell, outside Snakemake's declared outputs, under an exclusive lock. Each line holds
a completion under the key of everything that determines it, so a completion is found again exactly when nothing that
matters has changed. A line cut by a kill is dropped when the file is next opened.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from pathlib import Path

from .errors import InputError
from .files import NOT_JSON, digest, dumps

log = logging.getLogger(__name__)


def completion_key(
    *,
    revision: str,
    messages,
    prompt_protocol: int,
    chat_template: dict,
    context_length: int | None,
    sampling: dict,
    seed: int,
    sample: int,
    engine: dict,
) -> str:
    """Return the key of one completion: a digest of everything that determines it.

    ``engine`` holds the engine's name, its protocol and those of its settings that change what is generated.
    """
    return digest(
        [revision, list(messages), prompt_protocol, chat_template, context_length, sampling, seed, sample, engine]
    )


class CompletionStore:
    """Completions of one cell by key. Use as a context manager; one process holds it at a time.

    Parameters
    ----------
    path : Path
        The ``.jsonl`` file; made when absent.

    Raises
    ------
    InputError
        The file can't be written (read-only, disk full).
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._rows: dict[str, dict] = {}

    def __enter__(self) -> CompletionStore:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what a full disk refused must not linger and be written later, without its beginning.
            self._file = self.path.open("a+b", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._lock()
            self._read()
        except OSError as error:
            self._file.close()
            raise self._unwritable(error) from error
        return self

    def __exit__(self, *exc) -> None:
        self._file.close()  # also releases the lock

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # An orphan of a killed run may still be generating this cell: what it finishes is ours for nothing.
            log.warning("%s is being written by another process; waiting for it to finish", self.path)
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def _read(self) -> None:
        end = 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    log.warning("%s, line %d was cut by a kill: dropped", self.path, number)
                    self._file.truncate(end)
                    break
                end += len(line)
                try:
                    row = json.loads(line)
                    self._rows[row["key"]] = row
                except (*NOT_JSON, KeyError, TypeError):
                    log.warning("%s, line %d is damaged: that completion will be generated again", self.path, number)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> dict | None:
        """Return the stored row, or None."""
        return self._rows.get(key)

    def add(self, rows: list[dict]) -> None:
        """Append rows (each with its ``key``) and flush them to the disk.

        Raises
        ------
        InputError
            The disk is full or read-only. What was stored before is intact.
        """
        unwritten = memoryview("".join(dumps(row) + "\n" for row in rows).encode("utf-8"))
        end = os.fstat(self._file.fileno()).st_size
        try:
            while unwritten:
                unwritten = unwritten[self._file.write(unwritten) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self._forget_partial_write(end)
            raise self._unwritable(error) from error
        self._rows.update((row["key"], row) for row in rows)

    def _forget_partial_write(self, end: int) -> None:
        try:
            self._file.truncate(end)
        except OSError:
            log.warning("%s may end in a cut line; it is dropped when the file is next opened", self.path)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"{self.path}: can't be written: {error.strerror or error}. Free some space (or check the permissions), then run again; the {len(self)} completions stored before are kept."
        )
