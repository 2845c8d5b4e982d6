"""Fixtures for unit and workflow tests alike: the stand-in for an SGLang server, and the real one on a CPU."""

import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


class StandIn:
    """A Python interpreter that seems to have SGLang: give ``python`` to the engine.

    Parameters
    ----------
    folder : Path
        For its notes.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.python = folder / "python"
        self.python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{TESTS / "sglang_stand_in.py"}" "$@"\n')
        self.python.chmod(0o755)
        self.faults()

    def faults(self, *starts: dict) -> None:
        """Set what goes wrong with the first server that is started, the second, and so on; the others are sound.

        ``fail_at_start``: out_of_memory, no_memory_for_cache or killed. ``port_taken``. ``start_seconds``: slow start.
        ``out_of_memory_at``, ``die_at`` (SIGKILL), ``hang_at``: number of the request at which that happens.
        ``bad_replies``: {``kind``: status_500, malformed, lacking, wrong_count, abort or cut; ``every``: one prompt in
        so many gets them; ``times``: on so many first tries}. ``token_seconds``: time per token. ``ignore_sigterm``.
        ``leave_child``: start a process that outlives it. ``info``: put over what /server_info says. ``ignore_regex``:
        answer as if any text were allowed.
        """
        (self.folder / "faults.json").write_text(json.dumps(starts))

    @property
    def starts(self) -> list[list[str]]:
        """Process id and arguments of each server started so far."""
        path = self.folder / "starts"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def requests(self) -> list[dict]:
        """Bodies of all requests, in the order in which they came."""
        path = self.folder / "requests.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def running(self) -> list[int]:
        """Process ids of the servers, and of children that they left, which still run."""
        child = self.folder / "child"
        pids = [int(start[0]) for start in self.starts] + ([int(child.read_text())] if child.exists() else [])
        return [pid for pid in pids if _is_running(pid)]


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def stand_in(tmp_path, monkeypatch) -> StandIn:
    """A stand-in for SGLang's server; sound until :meth:`StandIn.faults` says otherwise."""
    folder = tmp_path / "stand_in"
    folder.mkdir()
    monkeypatch.setenv("SGLANG_STAND_IN", str(folder))
    return StandIn(folder)


@pytest.fixture(scope="session")
def sglang_python() -> Path:
    """The interpreter that has the real SGLang, for a CPU."""
    folder = TESTS.parent / ".venv-sglang"
    if not (folder / ".installed").exists():
        pytest.skip("SGLang for a CPU isn't installed (make sglang-cpu)")
    return folder / "bin/python"
