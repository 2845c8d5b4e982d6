"""The log of a job's attempts."""

import logging
import os
import signal

import pytest

from paretoscope.errors import InputError
from paretoscope.jobs import job


@pytest.fixture(autouse=True)
def as_before():
    """A job is a process of its own; here its log and its way to end must not outlive the test."""
    root, ends = logging.getLogger("paretoscope"), signal.getsignal(signal.SIGTERM)
    before = root.handlers[:], root.level, root.propagate
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level, root.propagate = before
    signal.signal(signal.SIGTERM, ends)


def attempt(path, error=None):
    path.unlink(missing_ok=True)  # as Snakemake does before it tries again
    with job(str(path)):
        if error:
            raise error


def test_logs_of_failed_attempts_stay_and_those_of_others_dont(tmp_path, monkeypatch):
    log = tmp_path / "cell.log"
    for error in (InputError("no room"), ValueError("odd"), None):
        with pytest.raises((SystemExit, ValueError)) if error else monkeypatch.context():
            attempt(log, error)
    assert {path.name for path in tmp_path.iterdir()} == {"cell.log", "cell.attempt-1.log", "cell.attempt-2.log"}
    assert "no room" in (tmp_path / "cell.attempt-1.log").read_text()
    assert "odd" in (tmp_path / "cell.attempt-2.log").read_text()


def test_file_system_without_links_costs_only_the_second_name(tmp_path, monkeypatch):
    def refuse(*names, **options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    attempt(tmp_path / "cell.log")
    assert [path.name for path in tmp_path.iterdir()] == ["cell.log"]
