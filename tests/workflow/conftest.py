"""The real workflow, run in copies of the repository."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"

CONTRACT_STUDY = """\
study: contract
models: [nano-smoke-a, oracle]
benchmarks: [arithmetic-smoke]
engine: {name: transformers, device: cpu}
"""


def tracked_files():
    """Files of the repository that git tracks, or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


class Checkout:
    """A copy of the repository in which to run Snakemake and break things."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def fresh(cls, folder: Path) -> "Checkout":
        for name in tracked_files():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        return cls(folder)

    def copy(self, folder: Path) -> "Checkout":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} isn't in {name}"
        self.write(name, text.replace(old, new))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", *arguments]

    def environment(self) -> dict:
        return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(self.folder / ".cache")}

    # Dry runs report errors on standard output, real runs on standard error: both are read as one.
    def snakemake(self, *arguments: str, ok: bool = True, **options) -> subprocess.CompletedProcess:
        run = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(),
            **options,
        )
        assert (run.returncode == 0) == ok, f"exit status {run.returncode}\n{run.stdout[-8000:]}"
        return run

    def run(self, study: str, *arguments: str, **options) -> subprocess.CompletedProcess:
        return self.snakemake("--cores", "2", "--configfile", f"config/{study}.yaml", *arguments, **options)

    def planned(self, study: str, *arguments: str) -> Counter:
        """Jobs that a dry run lists, by rule; `all` left out."""
        output = self.snakemake("-n", "--configfile", f"config/{study}.yaml", *arguments).stdout
        return planned_jobs(output)


def planned_jobs(output: str) -> Counter:
    if "Nothing to be done" in output:
        return Counter()
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total +\d+$", output, re.MULTILINE | re.DOTALL)
    assert table, output
    jobs = Counter({name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table.group(1), re.MULTILINE)})
    del jobs["all"]
    return jobs


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Checkout:
    """A checkout in which the contract study ran to its end. Copy it before changing anything."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("finished") / "paretoscope")
    checkout.write("config/contract.yaml", CONTRACT_STUDY)
    checkout.run("contract")
    return checkout


@pytest.fixture
def checkout(finished, tmp_path) -> Checkout:
    """A copy of the finished checkout, to be changed."""
    return finished.copy(tmp_path / "paretoscope")


@pytest.fixture
def clone(tmp_path) -> Checkout:
    """A fresh copy of the repository in which nothing has run."""
    return Checkout.fresh(tmp_path / "paretoscope")
