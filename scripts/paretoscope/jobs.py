"""What every script of a rule needs once: a log, and errors that are told rather than traced."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from .errors import InputError

log = logging.getLogger(__name__)

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def _end(number: int, frame) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: a second one must not cut the clean-up short
    raise _Terminated(128 + number)


class _Terminated(SystemExit):
    """SIGTERM came. A SystemExit, since asyncio lets only that and Ctrl-C through."""


@contextmanager
def job(log_file: str) -> Iterator[None]:
    """Log to ``log_file``; show progress, warnings and errors on the terminal too.

    An :class:`InputError` ends the process with status 1 and its message alone; any other exception keeps its
    traceback, in the log too. SIGTERM, by which schedulers end a job, ends it like a Ctrl-C: in order.

    The log of an attempt that failed stays as ``<log>.attempt-1.log`` and so on, however it ended.
    """
    signal.signal(signal.SIGTERM, _end)
    file = logging.FileHandler(log_file, encoding="utf-8")
    kept = _second_name(Path(log_file))
    file.setFormatter(logging.Formatter(FORMAT))
    terminal = logging.StreamHandler()
    terminal.setFormatter(logging.Formatter("%(message)s"))
    terminal.addFilter(lambda record: record.levelno >= logging.WARNING or record.name == "paretoscope.progress")
    root = logging.getLogger("paretoscope")
    root.setLevel(logging.INFO)
    root.propagate = False
    root.handlers[:] = [file, terminal]
    try:
        yield
    except InputError as error:
        root.error("Error: %s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        root.error("Interrupted; what was finished is kept.")
        sys.exit(130)
    except _Terminated:
        root.error("Ended by SIGTERM; what was finished is kept.")
        raise
    except Exception:
        # The traceback reaches the terminal by itself; the log needs it as well.
        terminal.addFilter(lambda record: False)
        root.exception("Unexpected error (log: %s)", Path(log_file))
        raise
    if kept:
        kept.unlink()


def _second_name(log_file: Path) -> Path | None:
    """Return a second name for a log, since Snakemake deletes the first when it tries again; None: it can have none."""
    numbers = (log_file.with_name(f"{log_file.stem}.attempt-{number}.log") for number in count(1))
    name = next(path for path in numbers if not path.exists())
    try:
        name.hardlink_to(log_file)
    except OSError as error:
        log.warning("the log isn't kept if this attempt fails: %s can't be linked: %s", name, error.strerror or error)
        return None
    return name
