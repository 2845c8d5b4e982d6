"""The hub that models and data sets come from: fetching into the shared cache, checking what came, telling refusals.

The cache is the hub client's own (``$HF_HOME/hub``). Commits don't change, so what is cached is never asked for again.
While a process lives, the client continues a transfer that was cut where it stopped. A later run keeps every file that
was finished and fetches the others from their beginning.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from .errors import InputError
from .files import read_json, write_json

log = logging.getLogger(__name__)

WAITS = (5, 20)
"""Seconds before the second and third attempt where the hub itself fails; the client tries several times in each."""

LEFTOVER_SECONDS = 3600
"""A partial file that nobody has written to for so long is a killed process's."""

_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_WRITING = (errno.EACCES, errno.EPERM, errno.EROFS)


def fetch(source: dict, names: Iterable[str]) -> Path:
    """Fetch files of a model's repository at its pinned commit, check them, and return their folder in the cache.

    A file whose hash isn't the hub's is fetched anew, once.

    Parameters
    ----------
    source : dict
        ``hub_id`` and ``revision`` (40 hex digits) of a card.
    names : iterable of str
        Files to fetch; those that the repository doesn't hold are passed over.

    Raises
    ------
    InputError
        The hub refuses or can't be reached, the disk is too small, or a file is damaged again.
    """
    names = sorted(names)
    _remove_leftovers(source)
    _require_space(source, names)
    folder = Path(_snapshot(source, names))
    damaged = _damaged(folder, names)
    if damaged:
        log.warning("%s: %s: not what the hub holds; fetched anew", folder, ", ".join(damaged))
        for name in damaged:
            (folder / name).unlink()
        _snapshot(source, damaged, force_download=True)
        damaged = _damaged(folder, damaged)
    if damaged:
        raise InputError(
            f"{folder / damaged[0]}: its hash isn't the one that the hub gives for it, twice. Check the disk and any proxy, delete the file, then run again."
        )
    return folder


def cached(source: dict) -> Path:
    """Return the folder of a model in the cache without asking the network.

    Raises
    ------
    InputError
        The commit isn't in the cache, or a file has another size than when it was checked.
    """
    folder = Path(_snapshot(source, ["config.json"], local_files_only=True))
    for name, (size, _) in _checked(folder).items():
        if (folder / name).exists() and (folder / name).stat().st_size != size:
            raise InputError(
                f"{folder / name}: {(folder / name).stat().st_size:,} bytes, but {size:,} when it was fetched: it is damaged."
            )
    return folder


def sizes(source: dict) -> dict[str, int]:
    """Return the bytes of every file of a model's repository, as listed when something of that commit was fetched."""
    from huggingface_hub import get_cached_repo_tree

    tree = _ask("model", source, lambda: get_cached_repo_tree(source["hub_id"], revision=source["revision"]))
    return {file.path: file.size for file in tree}


def rows(source: dict) -> list[dict]:
    """Load the rows of a data set at its pinned commit.

    Parameters
    ----------
    source : dict
        ``hub_id``, ``config`` (None where there is one only), ``split`` and ``revision`` of a card.

    Raises
    ------
    InputError
        The hub refuses or can't be reached, or the data set isn't what the card says.
    """
    from datasets import load_dataset_builder

    try:
        builder = load_dataset_builder(source["hub_id"], source["config"], revision=source["revision"])
        if builder.hash == source["revision"]:
            builder.download_and_prepare()
            return list(builder.as_dataset(split=source["split"]))
        # Where the hub fails, the client is content with whatever commit it has loaded before.
        problem = LookupError("another commit of it is cached, but not this one")
    except Exception as error:  # dozens of kinds: network, access, missing files, formats
        problem = error
    raise _reason(problem, source) from problem


def _reason(problem: Exception, source: dict) -> InputError:
    """Ask the hub for a file that most data sets have: loading forgets what the hub said."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    try:
        hf_hub_download(source["hub_id"], "README.md", repo_type="dataset", revision=source["revision"])
    except RemoteEntryNotFoundError:
        pass
    except Exception as error:
        problem = error
    return refusal(problem, "dataset", source)


def commit(kind: str, source: dict) -> str:
    """Return the commit that a repository's revision is; revision None stands for the tip of its main branch.

    Parameters
    ----------
    kind : str
        model or dataset.

    Raises
    ------
    InputError
        The hub refuses, can't be reached, or names no commit.
    """
    from huggingface_hub import HfApi

    found = _ask(
        kind,
        source,
        lambda: HfApi().repo_info(source["hub_id"], repo_type=kind, revision=source["revision"], timeout=30).sha,
    )
    if not re.fullmatch(r"[0-9a-f]{40}", str(found)):
        raise InputError(f"{source['hub_id']}: the hub names no commit of 40 hex digits but {found!r}.")
    return found


def refusal(error: Exception, kind: str, source: dict) -> InputError:
    """Return what went wrong at the hub, and what to do about it.

    Parameters
    ----------
    error : Exception
        What a client raised. Clients wrap what the hub said, so its causes are read too.
    kind : str
        model or dataset.
    """
    from huggingface_hub import get_token
    from huggingface_hub.constants import ENDPOINT

    errors = list(_causes(error))
    said = next((cause for cause in errors if getattr(cause, "response", None) is not None), error)
    text = " ".join(str(said).split())[:400]
    signs = {name for cause in errors for name in _signs(cause)} | ({"token"} if get_token() else set())
    signs |= {"full"} if "No space left on device" in text else set()
    sentence = next(sentence for wanted, sentence in _SENTENCES if wanted <= signs)
    where = source["hub_id"] + (f" at {source['revision']}" if source["revision"] else "")
    page = f"{ENDPOINT}/{'datasets/' if kind == 'dataset' else ''}{source['hub_id']}"
    told = sentence.format(text=text, error=type(said).__name__, page=page, cache=_cache(), log_in=_LOG_IN)
    return InputError(f"{where}: {told}")


def _signs(error: BaseException) -> Iterator[str]:
    """Name what an error tells: its classes, the status of the hub's answer, and what the system's number means."""
    yield from (kind.__name__ for kind in type(error).__mro__)
    status = _status(error)
    yield f"status {status}"
    if status >= 500:
        yield "failing"
    number = getattr(error, "errno", None)
    if number in _FULL_DISK:
        yield "full"
    if number in _NO_WRITING:
        yield "unwritable"


def _status(error: BaseException) -> int:
    return getattr(getattr(error, "response", None), "status_code", None) or 0


_LOG_IN = "log in with `hf auth login` or set HF_TOKEN"
_MISSING = "there is no such repository, or no access to it. Correct hub_id or {log_in}."
_UNREACHED = (
    "the hub can't be reached ({text}). Check the network and the proxy, then run again; what was fetched is kept."
)
_SENTENCES: tuple[tuple[set[str], str], ...] = (
    (
        {"GatedRepoError", "token"},
        "access is gated, and the account of your token doesn't have it or has lost it. Ask for it on its page ({page}), or {log_in} as one that has it.",
    ),
    (
        {"GatedRepoError"},
        "access is gated, and there is no token. Accept the licence on its page ({page}), then {log_in}.",
    ),
    (
        {"RevisionNotFoundError"},
        "there is no such commit, or no longer: a rewritten history takes commits away. Correct the card's revision, or set it to null and run `make pin` for the current commit, which may be another model.",
    ),
    (
        {"status 401", "token"},
        "the hub refuses your token (revoked or expired), or has no such repository. Correct hub_id or {log_in} with a token that is valid.",
    ),
    ({"RepositoryNotFoundError"}, _MISSING),
    ({"status 401"}, _MISSING),
    (
        {"RemoteEntryNotFoundError"},
        "a file that the hub lists can't be had from it ({text}). Run again later, or pin another commit.",
    ),
    (
        {"status 403"},
        "the hub forbids it ({text}). Give the token the right to read gated repositories, or {log_in} with another.",
    ),
    (
        {"status 429"},
        "the hub asks for fewer requests. Wait some minutes and run again; what was fetched is kept. With a token it allows more: {log_in}.",
    ),
    ({"failing"}, "the hub fails, after several attempts ({text}). Run again later; what was fetched is kept."),
    (
        {"full"},
        "the disk is full ({text}). Free some space in {cache} or set HF_HOME to a larger disk, then run again; what was fetched is kept.",
    ),
    ({"unwritable"}, "the cache can't be written ({text}). Set HF_HOME to a folder that you may write to."),
    (
        {"OfflineModeIsEnabled"},
        "not in the cache ({cache}), and HF_HUB_OFFLINE forbids the network. Run the rules fetch_model and load_benchmark where there is a network, with the same HF_HOME.",
    ),
    ({"TransportError"}, _UNREACHED),
    ({"ConnectionError"}, _UNREACHED),
    ({"TimeoutError"}, _UNREACHED),
    ({"LocalEntryNotFoundError"}, "not in the local cache ({cache}), or not all of it."),
    (set(), "{error}: {text}"),
)
"""What to say where an error and its causes show all of some signs; the first that fits."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _cache() -> Path:
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def _ask(kind: str, source: dict, call: Callable):
    """Return what a call of the client gives; ask again where the hub fails, since one of hundreds of files will."""
    for wait in (*WAITS, None):
        try:
            return call()
        except Exception as error:  # the clients raise dozens of kinds: network, access, files, formats
            if wait is None or not _may_pass(error):
                raise refusal(error, kind, source) from error
            log.warning("%s: %s; asked again in %d s", source["hub_id"], type(error).__name__, wait)
            time.sleep(wait)


def _may_pass(error: Exception) -> bool:
    return any(_status(cause) >= 500 for cause in _causes(error)) or "Consistency check failed" in str(error)


def _snapshot(source: dict, names: list[str], **options):
    from huggingface_hub import snapshot_download

    patterns = [glob.escape(name) for name in names]
    options = {"revision": source["revision"], "allow_patterns": patterns, **options}
    return _ask("model", source, lambda: snapshot_download(source["hub_id"], **options))


def _require_space(source: dict, names: list[str]) -> None:
    plans = _snapshot(source, names, dry_run=True)
    needed = sum(plan.file_size or 0 for plan in plans if plan.will_download)
    cache = _cache()
    folder = next(folder for folder in (cache, *cache.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{source['hub_id']} at {source['revision']}: {needed:,} bytes are to be fetched, and {free:,} are free in {cache}. Free some space or set HF_HOME to a larger disk."
        )


def _remove_leftovers(source: dict) -> None:
    """Delete partial files of killed processes: the client never continues them, and they are large."""
    for file in (_cache() / f"models--{source['hub_id'].replace('/', '--')}" / "blobs").glob("*.incomplete"):
        with suppress(FileNotFoundError):  # another process's, which has just finished
            if time.time() - file.stat().st_mtime > LEFTOVER_SECONDS:
                file.unlink()
                log.info("%s: deleted, left behind by a process that was killed", file)


def _damaged(folder: Path, names: list[str]) -> list[str]:
    """Return the names of files whose contents aren't what the hub says; what was checked before is not read again."""
    checked = _checked(folder)
    files = [name for name in names if (folder / name).exists() and checked.get(name) != _stamp(folder / name)]
    damaged = []
    with ThreadPoolExecutor(8) as pool:
        for name, whole in zip(files, pool.map(lambda name: _is_whole(folder / name), files), strict=True):
            if whole:
                checked[name] = _stamp(folder / name)
            else:
                damaged.append(name)
    if files:
        log.info("%s: %d files read and compared with their hashes, %d damaged", folder, len(files), len(damaged))
        _write_checked(folder, checked)
    return damaged


def _is_whole(path: Path) -> bool:
    """Compare a file with the hash that the cache names it by: SHA-256 of large files, git's SHA-1 of small ones."""
    expected = path.readlink().name if path.is_symlink() else ""
    if not _DIGEST.fullmatch(expected):
        log.warning("%s: the cache doesn't say its hash, so its size alone was checked", path)
        return True
    with path.open("rb") as stream:
        if len(expected) == 64:
            return hashlib.file_digest(stream, "sha256").hexdigest() == expected
        content = stream.read()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == expected


def _stamp(path: Path) -> list[int]:
    """Return what changes when a file is written again: its size in bytes and its time in nanoseconds."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _marker(folder: Path) -> Path:
    """Return the file that remembers which files of a commit were checked, beside the client's own folders."""
    return folder.parents[1] / "checked" / f"{folder.name}.json"


def _checked(folder: Path) -> dict[str, list[int]]:
    try:
        return read_json(_marker(folder))
    except InputError:
        return {}


def _write_checked(folder: Path, checked: dict[str, list[int]]) -> None:
    try:
        write_json(_marker(folder), dict(sorted(checked.items())))
    except InputError as error:
        log.warning("%s The files will be checked again next time.", error)
