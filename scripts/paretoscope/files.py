"""Reading and writing: whole files appear or don't, and what can't be read says which line."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from .errors import InputError

ZSTD_LEVEL = 6
READ_BYTES = 2**16
"""Read from a compressed file at a time; many system calls would take longer than the unpacking."""

NOT_JSON = (ValueError, RecursionError)
"""What parsing raises: bad syntax, bad UTF-8, a number of thousands of digits; nesting of thousands of levels."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it into place when the block succeeds.

    Raises
    ------
    InputError
        The disk is full or the folder can't be written; ``path`` is then as it was.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path}: can't be written: {error.strerror or error}. Free some space or choose another folder, then run again; finished work is kept."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, all of it or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value) -> None:
    """Write ``value`` as indented JSON, all of it or nothing."""
    write_text(path, dumps(value, indent=2, separators=(",", ": ")) + "\n")


def read_json(path: Path):
    """Read a JSON file.

    Raises
    ------
    InputError
        The file is absent, can't be read or isn't JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error
    except NOT_JSON as error:
        raise InputError(f"{path}: not JSON: {error}") from error


def dumps(value, indent: int | None = None, separators: tuple[str, str] = (",", ":")) -> str:
    """Return JSON, on one line by default. Lone surrogates, which UTF-8 can't hold, are escaped."""
    text = _encoder(False, indent, separators).encode(value)
    if not text.isascii() and _SURROGATE.search(text):
        text = _encoder(True, indent, separators).encode(value)
    return text


_SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def _encoder(ascii_only: bool, indent: int | None, separators: tuple[str, str]) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=ascii_only, indent=indent, separators=separators, allow_nan=False)


def write_jsonl(path: Path, rows: Iterable[dict]) -> int:
    """Write rows to a ``.jsonl`` or ``.jsonl.zst`` file, all of them or nothing, and return their number.

    The bytes depend on the rows alone.
    """
    count = 0
    with writing_jsonl(path) as write:
        for row in rows:
            write(row)
            count += 1
    return count


@contextmanager
def writing_jsonl(path: Path) -> Iterator[Callable[[dict], object]]:
    """Give a function that writes one row, for files that are written side by side; else as :func:`write_jsonl`."""
    import zstandard

    with replacing(path) as temporary, temporary.open("wb") as raw:
        packed = Path(path).suffix == ".zst"
        stream = zstandard.ZstdCompressor(level=ZSTD_LEVEL).stream_writer(raw, closefd=False) if packed else raw
        yield lambda row: stream.write(dumps(row).encode("utf-8") + b"\n")
        if packed:
            stream.close()


class _ZstdStream(io.RawIOBase):
    """The bytes in a zstd file. The library's own reader takes a file that ends within a frame for a whole one."""

    def __init__(self, raw: io.BufferedIOBase):
        import zstandard

        self._raw, self._new_frame = raw, zstandard.ZstdDecompressor().decompressobj
        self._frame, self._ready = self._new_frame(), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._ready:
            packed = self._raw.read(READ_BYTES)
            if not packed and not self._frame.eof:
                raise EOFError("it ends within a compressed frame")
            if not packed:
                return 0
            self._ready = memoryview(self._unpack(packed))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _unpack(self, packed: bytes) -> bytes:
        unpacked = []
        while packed:
            if self._frame.eof:
                self._frame = self._new_frame()
            unpacked.append(self._frame.decompress(packed))
            packed = self._frame.unused_data
        return b"".join(unpacked)


@contextmanager
def _open_unpacked(path: Path) -> Iterator[Iterable[bytes]]:
    if path.suffix == ".gz":
        with gzip.open(path) as stream:
            yield stream
    elif path.suffix == ".zst":
        with path.open("rb") as raw, io.BufferedReader(_ZstdStream(raw), READ_BYTES) as stream:
            yield stream
    else:
        with path.open("rb") as stream:
            yield stream


def read_jsonl(path: Path) -> Iterator[tuple[int, dict]]:
    """Yield (line number, row) of a ``.jsonl``, ``.jsonl.gz`` or ``.jsonl.zst`` file, one line at a time.

    Raises
    ------
    InputError
        The file is absent, cut short or not UTF-8, or a line isn't a JSON object; the message names file and line.
    """
    for number, line in read_lines(path):
        yield number, parse_line(line, f"{path}, line {number}")


def count_rows(path: Path) -> int:
    """Return how many rows :func:`read_jsonl` would find in a file, without parsing any."""
    return sum(1 for _ in read_lines(path))


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (line number, line) as :func:`read_jsonl` does, with no line parsed; blank ones are left out.

    Raises
    ------
    InputError
        The file is absent or cut short.
    """
    import zstandard

    path, number = Path(path), 0
    try:
        with _open_unpacked(path) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (EOFError, zlib.error, zstandard.ZstdError, OSError) as error:
        raise InputError(
            f"{path}, after line {number}: can't be read to its end ({error}). The file is damaged or cut short; get it again."
        ) from error


def parse_line(line: bytes, where: str) -> dict:
    """Return the JSON object on a line; ``where`` names the line in the InputError that is raised if there is none."""
    try:
        row = json.loads(line.decode("utf-8").rstrip())  # with its end, columns would count from there
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON: {error.msg} at column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8: {error.reason} at byte {error.start + 1}") from error
    except NOT_JSON as error:
        raise InputError(f"{where}: can't be read as JSON: {error}") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected a JSON object, found {type(row).__name__}")
    return row


def write_table(path: Path, table) -> None:
    """Write a pandas table as CSV or Parquet (by suffix), all of it or nothing."""
    path = Path(path)
    with replacing(path) as temporary:
        if path.suffix == ".parquet":
            table.to_parquet(temporary, index=False, compression="zstd")
        else:
            table.to_csv(temporary, index=False, lineterminator="\n")


def read_table(path: Path, columns: tuple):
    """Read a CSV table with the types that its columns declare.

    Only an empty field is missing: a model may be called NA.

    Parameters
    ----------
    columns : tuple of schema.Column

    Raises
    ------
    InputError
        A column is missing, or holds something else than it declares.
    """
    import pandas as pd

    types = {column.name: column.dtype for column in columns}
    try:
        return pd.read_csv(path, dtype=types, usecols=list(types), na_values=[""], keep_default_na=False)[list(types)]
    except (ValueError, OSError) as error:
        raise InputError(
            f"{path}: not the table it should be ({error}). Delete it, so that it is made anew."
        ) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(value) -> str:
    """Return the SHA-256 of a JSON-ready value, in a canonical form, as hex."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
