"""The completion store: finished completions below the level of a cell, kept across kills and changed sample counts.

One append-only JSON-lines file per cell, outside Snakemake's declared outputs, under an exclusive lock. Each line holds
a completion under the key of everything that determines it, so a completion is found again exactly when nothing that
matters has changed, and ends in a checksum of itself. Opening a store reads the file once and keeps where each key's
line is: damage is known before anything is generated, and memory doesn't grow with the texts. A line cut by a kill is
dropped then.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import platform
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from .errors import InputError
from .files import digest, dumps, write_text
from .provenance import utc_now
from .schema import CutItem

log = logging.getLogger(__name__)

SCAN_BYTES = 2**20
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What locking a file raises on a network file system that is mounted without locks."""


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
    choices: Sequence[str] = (),
    cut: CutItem | None = None,
) -> str:
    """Return the key of one completion: a digest of everything that determines it.

    ``engine`` holds the engine's name, its protocol and those of its settings that change what is generated. A
    completion that may be any text has no ``choices`` in its key, one that goes on from its prompt no ``cut``.
    """
    facts = [revision, list(messages), prompt_protocol, chat_template, context_length, sampling, seed, sample, engine]
    facts += [list(choices)] if choices else []
    return digest([*facts, [cut.response, cut.kept_tokens, cut.close, cut.lead]] if cut else facts)


START = b'{"key":"'


def _seal(body: bytes) -> bytes:
    """Return how a line that starts with ``body`` ends."""
    return b',"crc32":"%08x"}\n' % zlib.crc32(body)


SEAL_BYTES = len(_seal(b""))


def _to_line(row: dict) -> bytes:
    body = dumps({"key": row["key"], **row})[:-1].encode("utf-8")
    return body + _seal(body)


def _key_of(line: bytes) -> str | None:
    """Return the key of a line, None where it is damaged.

    Lines are told by their checksum and not parsed: that is several times faster, and finds a changed letter too.
    """
    body = line[:-SEAL_BYTES]
    if not line.startswith(START) or line[-SEAL_BYTES:] != _seal(body):
        return None
    key = body[len(START) : body.find(b'"', len(START))]
    return _to_row(line)["key"] if b"\\" in key else key.decode("utf-8")


def _to_row(line: bytes) -> dict:
    return json.loads(line[:-SEAL_BYTES] + b"}")


class CompletionStore:
    """Completions of one cell by key. Use as a context manager; one process holds it at a time.

    While it is held, a small file beside it, ``.writer`` appended to its name, says which process that is.

    Parameters
    ----------
    path : Path
        The ``.jsonl`` file; made when absent.

    Raises
    ------
    InputError
        The file can't be written (read-only, disk full) or locked (a network file system without locks).
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._writer = self.path.with_name(f"{self.path.name}.writer")
        self._places: dict[str, tuple[int, int]] = {}  # of each key's last line: its first byte, its length
        self._end = 0
        self._torn = False

    def __enter__(self) -> CompletionStore:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as opened:
                # Unbuffered: what a full disk refused must not linger and be written later, without its beginning.
                self._file = opened.enter_context(self.path.open("a+b", buffering=0))  # closing it also unlocks it
                self._lock()
                opened.callback(self._sign_off)
                write_text(self._writer, f"process {os.getpid()} on {platform.node()} (since {utc_now()})\n")
                self._scan()
                self._opened = opened.pop_all()
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(self, *exc) -> None:
        self._opened.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # An orphan of a killed run may still be generating this cell: what it finishes is ours for nothing.
            log.warning("%s is being written by %s; waiting for it to finish", self.path, self._holder())
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            raise InputError(
                f"{self.path}: its file system can't lock files ({error.strerror}), so two jobs could write there at once. Mount it with locks (Lustre: option flock; NFS: without nolock, its lock service running), or run in a directory on another file system."
            ) from error

    def _holder(self) -> str:
        with suppress(OSError):
            return self._writer.read_text(encoding="utf-8", errors="replace").strip() or "another process"
        return "another process"

    def _sign_off(self) -> None:
        with suppress(OSError):
            self._writer.unlink()

    def _scan(self) -> None:
        damaged = []
        # By the same descriptor: on some network file systems, closing another one of the file would unlock it.
        with open(self._file.fileno(), "rb", buffering=SCAN_BYTES, closefd=False) as lines:
            lines.seek(0)
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    log.warning("%s, line %d was cut by a kill: dropped", self.path, number)
                    self._file.truncate(self._end)
                    break
                key = _key_of(line)
                if key is None:
                    damaged.append(number)
                else:
                    self._places[key] = self._end, len(line)
                self._end += len(line)
        if damaged:
            log.warning(
                "%s: damaged lines: %d, the first is line %d; their completions will be generated again",
                self.path,
                len(damaged),
                damaged[0],
            )

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def get(self, key: str) -> dict | None:
        """Return the stored row, or None; raises as :meth:`rows` does."""
        return next(self.rows([key])) if key in self else None

    def rows(self, keys: Iterable[str]) -> Iterator[dict]:
        """Yield the rows of ``keys``, in that order, reading one at a time.

        Raises
        ------
        KeyError
            A key isn't in the store.
        InputError
            A line can't be read, or isn't what it was when the store was opened.
        """
        for key in keys:
            start, length = self._places[key]
            try:
                line = os.pread(self._file.fileno(), length, start)
            except OSError as error:
                raise InputError(f"{self.path}: can't be read at byte {start}: {error.strerror or error}") from error
            if _key_of(line) != key:
                raise self._changed()
            yield _to_row(line)

    def add(self, rows: list[dict]) -> None:
        """Append rows (each with its ``key``) and flush them to the disk.

        Raises
        ------
        InputError
            The disk is full or read-only, or another process writes to the file. What was stored before is intact.
        """
        lines = [_to_line(row) for row in rows]
        try:
            self._append(b"".join(lines))
        except OSError as error:
            raise self._unwritable(error) from error
        for row, line in zip(rows, lines, strict=True):
            self._places[row["key"]] = self._end, len(line)
            self._end += len(line)

    def _append(self, data: bytes) -> None:
        if self._torn:
            self._file.truncate(self._end)
            self._torn = False
        if os.fstat(self._file.fileno()).st_size != self._end:
            raise self._changed()
        unwritten = memoryview(data)
        try:
            while unwritten:
                unwritten = unwritten[self._file.write(unwritten) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._forget_partial_write()
            raise

    def _forget_partial_write(self) -> None:
        try:
            self._file.truncate(self._end)
        except OSError:
            self._torn = True
            log.warning("%s may end in a cut line; it is dropped when the file is next written or opened", self.path)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"{self.path}: can't be written: {error.strerror or error}. Free some space (or check the permissions), then run again; the {len(self)} completions stored before are kept."
        )

    def _changed(self) -> InputError:
        return InputError(
            f"{self.path}: something else changed it while this process held its lock. Leave it alone while a run is on, and mount a network file system so that locks hold on all machines (Lustre: flock, not localflock; NFS: without nolock). Then run again; what is damaged is generated again."
        )
