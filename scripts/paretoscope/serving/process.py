"""A server as a child process: started on a free port, watched, told apart from a dead one, and always ended.

The server has a process group of its own, so that a Ctrl-C reaches us alone and we end it in order. The group's leader
is a guard, which kills the group when we die without having done so (:mod:`paretoscope.serving.guard`).
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError

log = logging.getLogger(__name__)

TAIL_LINES = 25
CAUSE_LINES = 400
"""How far back the reason is looked for: a crash may print much after it."""
POLL_SECONDS = 0.2
STOP_SECONDS = 15
"""Time that a server gets to end by itself before it is killed."""

GONE_SECONDS = 10
"""Time that killed processes get to disappear; a large one takes a moment to give its memory back."""

PORT_TAKEN = "port"
OUT_OF_MEMORY = "memory"
KILLED = "killed"


class Cause(NamedTuple):
    """Why a server failed, as its log tells."""

    kind: str
    pattern: str
    advice: str


CAUSES = (
    Cause(PORT_TAKEN, r"address already in use|port .{0,40}is (already|not) (in use|available)", "Its port was taken."),
    Cause(
        OUT_OF_MEMORY,
        r"out of memory|OutOfMemoryError|not enough memory|no GPU memory|memory pool size is too small|Cannot allocate memory",
        "The GPU's memory doesn't suffice: give the card more serving.gpus, another serving.memory_fraction, a smaller context_length, or a quantised model.",
    ),
    Cause("disk", r"No space left on device", "A disk is full: free some space."),
    Cause(
        "device",
        r"CUDA error|NCCL error|device-side assert|has fallen off the bus|no CUDA-capable device|No accelerator",
        "The GPU failed or isn't there: look at `nvidia-smi` on that node.",
    ),
    Cause(
        "code",
        r"trust_remote_code=True",
        "The model brings Python code of its own. If you trust it, say why on its card: serving.trust_remote_code.",
    ),
    Cause("arguments", r"unrecognized arguments|invalid choice", "The engine doesn't know one of its arguments."),
    Cause("weights", r"SafetensorError", "The weights are damaged: get the model again."),
    Cause(
        "missing",
        r"ModuleNotFoundError: No module named|^\S*python\S*: No module named",
        "The interpreter in engine.python lacks a package.",
    ),
)
"""Looked for in this order in the last lines of a log. None may match what a sound server prints."""

ECHO = "server_args="
"""A line that repeats all arguments says nothing of what went wrong."""


class ServerDied(Exception):
    """The server ended, or no longer does anything.

    ``kind`` is that of :data:`CAUSES`, "killed" where a signal ended it and its log tells nothing, "hang", or None.
    """

    def __init__(self, message: str, kind: str | None = None):
        super().__init__(message)
        self.kind = kind


def free_port() -> int:
    """Return a TCP port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ServerProcess:
    """A running server. Use :meth:`stop` in a ``finally``.

    Parameters
    ----------
    command : sequence of str
        What to run.
    environment : mapping
        Set on top of this process's own environment.
    log_path : Path
        Takes what the server prints; what earlier servers printed there stays.

    Raises
    ------
    InputError
        There is no such command.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log_path: Path):
        if not shutil.which(command[0]):
            raise InputError(
                f"{command[0]}: there is no such program. engine.python names the Python interpreter that has the engine."
            )
        self.log_path = Path(log_path)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        read_end, self._lifeline = os.pipe()
        guard = [sys.executable, str(Path(__file__).with_name("guard.py")), str(read_end)]
        try:
            with self.log_path.open("ab") as output:
                self._process = subprocess.Popen(
                    [*guard, *command],
                    pass_fds=[read_end],
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        finally:
            os.close(read_end)
        self.pid = self._process.pid
        log.info("server started as process %d, log %s: %s", self.pid, self.log_path, " ".join(command))

    def check(self) -> None:
        """Raise :class:`ServerDied` if the server has ended."""
        status = self._process.poll()
        if status is not None:
            raise self.death(f"The server ended ({_status(status)})", KILLED if status < 0 else None)

    def death(self, what: str, kind: str | None = None) -> ServerDied:
        """Return the error that says ``what`` happened, why as far as the log tells, and the log's last lines.

        Parameters
        ----------
        kind : str or None
            Of the error, where the log tells nothing.
        """
        printed = "\n".join(line for line in self.tail(CAUSE_LINES).splitlines() if ECHO not in line)
        flags = re.IGNORECASE | re.MULTILINE
        cause = next((cause for cause in CAUSES if re.search(cause.pattern, printed, flags)), None)
        advice = f" {cause.advice}" if cause else ""
        message = f"{what}.{advice} Last lines of {self.log_path}:\n{self.tail() or '(nothing was printed)'}"
        # A server that crashes may end itself by a signal: then its log says so.
        return ServerDied(message, cause.kind if cause else None if "Traceback" in printed else kind)

    def wait_until(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until ``ready()`` holds.

        Raises
        ------
        ServerDied
            It ended before, or took longer than ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise self.death(f"The server wasn't {what} within {seconds:.0f} s (engine.start_seconds)")
            time.sleep(POLL_SECONDS)

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last ``lines`` that this server printed."""
        with self.log_path.open("rb") as printed:
            size = printed.seek(0, os.SEEK_END)
            printed.seek(max(self._log_start, size - 200 * 1000))
            text = printed.read().decode("utf-8", errors="replace")
        return "\n".join(line[:400] for line in text.splitlines()[-lines:])

    def stop(self) -> None:
        """End the server and all that it started: asked first, killed after :data:`STOP_SECONDS`."""
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("server process %d didn't end when asked to; killing it", self.pid)
        finally:
            self._signal(signal.SIGKILL)  # the children that it may have left behind
            self._process.wait()
            self._wait_for_group()
            self._let_go()

    def _wait_for_group(self) -> None:
        """Wait until the killed processes are gone: the next server needs the memory that they held."""
        deadline = time.monotonic() + GONE_SECONDS
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(self.pid, 0)
                time.sleep(0.01)

    def _let_go(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _status(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
