"""Verdicts kept between runs: one append-only file per cell, beside its completion store.

Two kinds of entries stand in it. A grade, by the digest of its completion's line in the file: to parse it, extract the
answer and compare takes several times longer than to find it here, so a job that was killed, or gets three more samples
per item, grades only what is new. And a verdict on a (gold, answer) pair, which the new responses often share with the
old ones: computer algebra takes a hundred times longer than all the rest.

The file begins with the version of all that grades, and is begun anew under any other, so a verdict of another grader
is never found. Every line ends in a checksum of itself. The cache is no result: whatever is wrong with it, damage, a
full disk, another process that holds the lock, costs time and nothing else.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
import zlib
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path

from ..files import NOT_JSON, dumps

log = logging.getLogger(__name__)

KEY_BYTES = 16
FLUSH_BYTES, FLUSH_SECONDS = 2**16, 5.0
"""What is lost at most when a job is killed."""
SCAN_BYTES, CHUNK_BYTES = 2**20, 2**16
_START, _MIDDLE = b'{"key":"', b'","value":'
_KEY = slice(len(_START), len(_START) + 2 * KEY_BYTES)
_SEAL_BYTES = len(b',"crc32":"01234567"}\n')


def key_of(*parts: bytes) -> bytes:
    """Return the key of an entry: a digest of everything, beside the version, that determines its value."""
    digest = blake2b(digest_size=KEY_BYTES)
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def _to_line(key: bytes, value) -> bytes:
    body = _START + key.hex().encode() + _MIDDLE + dumps(value).encode("utf-8")
    return body + b',"crc32":"%08x"}\n' % zlib.crc32(body)


def _is_sound(line: bytes) -> bool:
    return line[-_SEAL_BYTES:] == b',"crc32":"%08x"}\n' % zlib.crc32(line[:-_SEAL_BYTES])


class VerdictCache:
    """Values by key, for one version of everything that determines them. Use as a context manager.

    In memory are the places of the entries alone, about 150 bytes each.

    Parameters
    ----------
    path : Path
        The ``.jsonl`` file; made when absent.
    version : str
        What the values depend on beside their key.
    """

    def __init__(self, path: Path, version: str):
        self.path = Path(path)
        self._header = _to_line(bytes(KEY_BYTES), version)
        self._places: dict[int, int] = {}  # first half of each key: the first byte of its line
        self._unwritten: list[bytes] = []
        self._unwritten_bytes = 0
        self._flushed = time.monotonic()
        self._end = self._chunk_start = 0
        self._chunk = b""
        self._writable = False
        self._file = None

    def __enter__(self) -> VerdictCache:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as opened:
                # Unbuffered: what a full disk refused must not linger and be written later, without its beginning.
                self._file = opened.enter_context(self.path.open("a+b", buffering=0))
                self._writable = self._lock()
                self._scan()
                self._opened = opened.pop_all()
        except OSError as error:
            self._do_without(error)
        return self

    def __exit__(self, *_) -> None:
        if self._file:
            self._flush()
            self._opened.close()

    def __len__(self) -> int:
        return len(self._places)

    def _lock(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Another job of this cell, or a file system without locks.
            log.info("%s can't be locked (%s): it is read, and nothing is added", self.path, error.strerror)
            return False
        return True

    def _scan(self) -> None:
        """Find the places of the entries; begin anew where they are of another version or start with damage."""
        damaged = 0
        with open(self._file.fileno(), "rb", buffering=SCAN_BYTES, closefd=False) as lines:
            lines.seek(0)
            if next(lines, None) == self._header:
                self._end = len(self._header)
                for line in lines:
                    if not line.endswith(b"\n"):  # cut by a kill
                        break
                    if line.startswith(_START) and _is_sound(line):
                        self._places[_place(line[_KEY])] = self._end
                    else:
                        damaged += 1
                    self._end += len(line)
        if damaged:
            log.warning("%s: %d damaged lines; what they held is graded again", self.path, damaged)
        if self._writable:
            self._file.truncate(self._end)
            if not self._end:
                self._append(self._header)

    def get(self, key: bytes):
        """Return the value of a key, or None."""
        written = key.hex().encode()
        place = self._places.get(_place(written))
        if place is None:
            return None
        try:
            line = self._read_line(place)
            if line[_KEY] != written or not _is_sound(line):
                return None
            return json.loads(line[:-_SEAL_BYTES] + b"}")["value"]
        except (OSError, *NOT_JSON):
            return None

    def _read_line(self, place: int) -> bytes:
        """Return the line that begins at a place. Most are read in the order in which they stand there."""
        start = place - self._chunk_start
        end = self._chunk.find(b"\n", start) if 0 <= start < len(self._chunk) else -1
        size = CHUNK_BYTES
        while end < 0:
            self._chunk, self._chunk_start, start = os.pread(self._file.fileno(), size, place), place, 0
            end = self._chunk.find(b"\n")
            if end < 0 and len(self._chunk) < size:
                return b""
            size *= 2
        return self._chunk[start : end + 1]

    def put(self, key: bytes, value) -> None:
        """Add an entry; on the disk it is within seconds, or at the end."""
        if not self._writable:
            return
        line = _to_line(key, value)
        self._unwritten.append(line)
        self._unwritten_bytes += len(line)
        if self._unwritten_bytes > FLUSH_BYTES or time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        lines, self._unwritten, self._unwritten_bytes = self._unwritten, [], 0
        self._flushed = time.monotonic()
        if not lines or not self._writable:
            return
        try:
            if os.fstat(self._file.fileno()).st_size != self._end:
                raise OSError("something else changed it while this process held its lock")
            self._append(b"".join(lines))
        except OSError as error:
            self._do_without(error)

    def _append(self, data: bytes) -> None:
        unwritten = memoryview(data)
        while unwritten:
            unwritten = unwritten[self._file.write(unwritten) :]
        self._end += len(data)

    def _do_without(self, error: OSError) -> None:
        self._writable = False
        log.warning("%s: verdicts can't be kept for the next run: %s", self.path, error.strerror or error)


def _place(key: bytes) -> int:
    return int(key[:KEY_BYTES], 16)
