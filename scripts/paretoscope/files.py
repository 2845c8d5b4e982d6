"""Reading and writing: whole files appear or don't, and what can't be read says which line."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError

ZSTD_LEVEL = 6


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
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, all of it or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value) -> None:
    """Write ``value`` as indented JSON, all of it or nothing."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path):
    """Read a JSON file.

    Raises
    ------
    InputError
        The file is absent or isn't JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: not JSON: {error}") from error


def dumps(row: dict) -> str:
    """Return one line of JSON. Lone surrogates, which UTF-8 can't hold, are escaped."""
    try:
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        line.encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(row, separators=(",", ":"), allow_nan=False)
    return line


def write_jsonl(path: Path, rows: Iterable[dict]) -> int:
    """Write rows to a ``.jsonl`` or ``.jsonl.zst`` file, all of them or nothing, and return their number.

    The bytes depend on the rows alone.
    """
    import zstandard

    count = 0
    with replacing(path) as temporary, temporary.open("wb") as raw:
        packed = Path(path).suffix == ".zst"
        stream = zstandard.ZstdCompressor(level=ZSTD_LEVEL).stream_writer(raw, closefd=False) if packed else raw
        for row in rows:
            stream.write(dumps(row).encode("utf-8") + b"\n")
            count += 1
        if packed:
            stream.close()
    return count


@contextmanager
def _open_text(path: Path) -> Iterator[io.TextIOBase]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            yield stream
    elif path.suffix == ".zst":
        import zstandard

        with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as packed:
            yield io.TextIOWrapper(packed, encoding="utf-8")
    else:
        with path.open(encoding="utf-8") as stream:
            yield stream


def read_jsonl(path: Path) -> Iterator[tuple[int, dict]]:
    """Yield (line number, row) of a ``.jsonl``, ``.jsonl.gz`` or ``.jsonl.zst`` file, one line at a time.

    Raises
    ------
    InputError
        The file is absent, cut short or not UTF-8, or a line isn't a JSON object; the message names file and line.
    """
    import zstandard

    path = Path(path)
    number = 0
    try:
        with _open_text(path) as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise InputError(f"{path}, line {number}: expected a JSON object, found {type(row).__name__}")
                yield number, row
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {number}: not JSON: {error.msg} at column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, after line {number}: not UTF-8: {error.reason}") from error
    except (EOFError, gzip.BadGzipFile, zstandard.ZstdError, OSError) as error:
        raise InputError(
            f"{path}, after line {number}: can't be read to its end ({error}). The file is damaged or cut short; get it again."
        ) from error


def write_table(path: Path, table) -> None:
    """Write a pandas table as CSV or Parquet (by suffix), all of it or nothing."""
    path = Path(path)
    with replacing(path) as temporary:
        if path.suffix == ".parquet":
            table.to_parquet(temporary, index=False, compression="zstd")
        else:
            table.to_csv(temporary, index=False, lineterminator="\n")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(value) -> str:
    """Return the SHA-256 of a JSON-ready value, in a canonical form, as hex."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
