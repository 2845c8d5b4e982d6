"""What goes wrong on clusters, on a real Slurm, with a slow stand-in for SGLang.

After each fault nothing is lost, nothing is computed twice but what was in flight, and the completions are those of an
undisturbed run. Most faults strike cells of one run, each another: what a run costs is paid once.
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import StandIn
from unit.conftest import random_model  # noqa: F401 - a fixture
from workflow.conftest import Checkout

from paretoscope.files import read_jsonl

from .conftest import ClusterCheckout, submitted
from .controller import DEVICES, kill, processes_with, until

ITEMS = 24
IN_FLIGHT = 2
MODELS = [f"model-{number}" for number in range(1, 8)]
FULL_DISK = MODELS[0]

STUDY = """\
study: faults
models: [{models}]
benchmarks: [sums]
engine: {{name: sglang, python: {python}, concurrency: {concurrency}, restarts: 0}}
"""
MODEL = """\
id: {model}
name: {model}
family: Test
source: {{path: {weights}}}
licence: MIT
release_date: "2025-01-31"
kind: dense
type: instruct
sampling: {{temperature: 0.6, max_new_tokens: 60}}
"""
BENCHMARK = """\
id: sums
name: Sums
source: {{generator: {{level: easy, split: test, seed: 1}}}}
format: arithmetic
rows: {rows}
licence: MIT
prompt: {{protocol: 1, template: "{{question}}"}}
grading: {{grader: math}}
"""


class Cells:
    """A checkout with a study of slow cells, and what their jobs leave.

    Parameters
    ----------
    folder : Path
    stand_in : StandIn
    """

    def __init__(self, checkout: Checkout, stand_in: StandIn, weights: Path, models: list[str]):
        self.checkout, self.stand_in, self.models = checkout, stand_in, models
        checkout.write("config/benchmarks/sums.yaml", BENCHMARK.format(rows=ITEMS))
        for model in models:
            checkout.write(f"config/models/{model}.yaml", MODEL.format(model=model, weights=weights))
        names = {"models": ", ".join(models), "python": stand_in.python, "concurrency": IN_FLIGHT}
        checkout.write("config/faults.yaml", STUDY.format(**names))

    def file(self, kind: str, model: str, suffix: str = "jsonl.zst") -> Path:
        return self.checkout.folder / f"results/faults/{kind}/{model}/sums.{suffix}"

    def stored(self, model: str) -> list[str]:
        """Keys of a cell's completions in its store, once for each time that one was stored."""
        path = self.file("work", model, "jsonl")
        rows = [row for _, row in read_jsonl(path)] if path.exists() else []
        return [row["key"] for row in rows if "item_id" in row]

    def are_under_way(self, *models: str) -> bool:
        return all(_lines(self.file("work", model, "jsonl")) > 3 for model in models)

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start a run whose words go to a file."""
        checkout = self.checkout
        with (checkout.folder / "run.log").open("a") as log:
            return subprocess.Popen(
                checkout.command("--configfile", "config/faults.yaml", "--until", "generate", *arguments),
                cwd=checkout.folder,
                env=checkout.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return (self.checkout.folder / "run.log").read_text()

    def finish(self, run: subprocess.Popen, seconds: float = 240) -> None:
        try:
            assert run.wait(timeout=seconds) == 0, self.log[-6000:]
        finally:
            run.kill()


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def make_stand_in(folder: Path, starts: int = 0, token_seconds: float = 0) -> StandIn:
    """Return a stand-in whose first servers are slow; a completion has twenty tokens on average."""
    folder.mkdir()
    stand_in = StandIn(folder)
    stand_in.faults(*[{"token_seconds": token_seconds}] * starts)
    return stand_in


@pytest.fixture(scope="module")
def undisturbed(random_model, tmp_path_factory) -> bytes:  # noqa: F811
    """The completions of a cell whose run nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    checkout = Checkout.fresh(folder / "paretoscope")
    checkout.environment = lambda: {**os.environ, "SGLANG_STAND_IN": str(folder / "stand_in"), "OMP_NUM_THREADS": "1"}
    cells = Cells(checkout, make_stand_in(folder / "stand_in"), random_model, MODELS[:1])
    checkout.run("faults", "--until", "generate", "--resources", "gpu=1")
    assert len(cells.stored(MODELS[0])) == ITEMS == len(cells.stand_in.requests)
    return cells.file("generations", MODELS[0]).read_bytes()


@pytest.fixture
def make_cells(slurm, random_model, tmp_path_factory):  # noqa: F811
    return lambda models: _make_cells(slurm, random_model, tmp_path_factory, models, token_seconds=0.1)


def _make_cells(slurm, weights, tmp_path_factory, models, token_seconds) -> Cells:
    folder = tmp_path_factory.mktemp("faults")
    checkout = ClusterCheckout.fresh(folder / "paretoscope", slurm)
    checkout.variables = {"SGLANG_STAND_IN": str(folder / "stand_in")}
    return Cells(checkout, make_stand_in(folder / "stand_in", len(models), token_seconds), weights, models)


class Disturbed:
    """One run, and the faults that struck its cells; ``disk`` is None where there can be no full one."""

    def __init__(self, cells: Cells, slurm, disk: Path | None):
        self.cells, self.slurm, self.disk = cells, slurm, disk
        self.struck: dict[str, str] = {}  # fault -> model
        self.job: dict[str, str] = {}  # model -> Slurm's number of its first job

    def run(self) -> None:
        run = self.cells.start()
        try:
            self._strike(run)
        finally:
            if "controller" not in self.struck:
                run.kill()
        self.cells.finish(run)

    def _strike(self, run: subprocess.Popen) -> None:
        others = [model for model in self.cells.models if model != FULL_DISK]
        until(lambda: self.cells.are_under_way(*others), "all cells generate", 150, run)
        if self.disk:
            self._free_disk(run)
        jobs = {row["comment"].split("_")[3]: row for row in self.slurm.jobs("RUNNING").values()}
        self.job = {model: row["id"] for model, row in jobs.items()}
        nodes = {model: row["node"] for model, row in jobs.items()}
        self._preempt([model for model in others if nodes[model] == "gpu1"])
        left = sorted(set(others) - set(self.struck.values()), key=nodes.get)
        assert nodes[left[-1]] == "gpu2"
        cancelled, killed, late = left[:3]
        self.struck |= {"scancel": cancelled, "kill -9": killed, "wall time": late, "node": left[-1]}
        self.slurm.ask("scancel", self.job[cancelled])
        kill([pid for pid in processes_with(f"SLURM_JOB_ID={self.job[killed]}") if "generate.py" in _command(pid)])
        self.slurm.ask("scontrol", "update", f"JobId={self.job[late]}", "EndTime=now+1")
        ended = {self.job[model] for model in left[:3]}
        until(lambda: not ended & set(self.slurm.jobs("RUNNING")), "the jobs that were struck end")
        self._lose_node()
        self.slurm.stop_controller()
        self.slurm.start_controller()
        self.struck["controller"] = left[-1]

    def _preempt(self, models: list[str]) -> None:
        """A job of higher priority needs one GPU more than these leave of their node."""
        needed = ("--nodes=1", "--nodelist=gpu1", f"--gpus={len(DEVICES) - len(models) + 1}")
        self.slurm.ask("sbatch", "--partition=urgent", *needed, "--output=/dev/null", "--wrap=true")
        self.struck["preemption"] = until(lambda: next(filter(self._was_requeued, models), None), "a preemption")

    def _was_requeued(self, model: str) -> bool:
        return "Restarts=1" in self.slurm.ask("scontrol", "show", "job", self.job[model])

    def _free_disk(self, run) -> None:
        job = next(row for row in self.slurm.jobs("all").values() if FULL_DISK in row["comment"])
        until(lambda: job["id"] not in self.slurm.jobs(), "a full disk ends its job", 60, run)
        (self.disk / "filler").unlink()
        self.struck["full disk"] = FULL_DISK

    def _lose_node(self) -> None:
        self.slurm.kill_node("gpu2")
        until(lambda: self.slurm.nodes()["gpu2"].startswith("down"), "the lost node is noticed")
        self.slurm.start_node("gpu2")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A small file system with room for the log of a server and few completions; None where it can't be mounted."""
    folder = tmp_path_factory.mktemp("disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], capture_output=True).returncode:
        yield None
        return
    (folder / "filler").write_bytes(b"\0" * (128 - 12) * 1024)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="module")
def disturbed(slurm, random_model, tmp_path_factory, disk) -> Disturbed:  # noqa: F811
    # Slow enough that a cell is still under way when Slurm, after half a minute, notices that its time is over.
    cells = _make_cells(slurm, random_model, tmp_path_factory, MODELS if disk else MODELS[1:], token_seconds=0.2)
    work = cells.checkout.folder / "results/faults/work"
    work.mkdir(parents=True)
    if disk:
        (work / FULL_DISK).symlink_to(disk)
    run = Disturbed(cells, slurm, disk)
    run.run()
    return run


def struck_by(disturbed: Disturbed, fault: str) -> str:
    """Return the model whose cell a fault struck."""
    if fault == "full disk" and not disturbed.disk:
        pytest.skip("a small file system can't be mounted here")
    return disturbed.struck[fault]


FAULTS = ["preemption", "scancel", "kill -9", "wall time", "full disk", "node", "controller"]


@pytest.mark.parametrize("fault", FAULTS)
def test_cell_that_was_struck_is_as_if_it_had_not_been(disturbed, undisturbed, fault):
    model = struck_by(disturbed, fault)
    stored = disturbed.cells.stored(model)
    assert len(stored) == len(set(stored)) == ITEMS
    assert disturbed.cells.file("generations", model).read_bytes() == undisturbed


def test_nothing_was_asked_for_twice_but_what_was_in_flight(disturbed):
    asked = len(disturbed.cells.stand_in.requests)
    models = len(disturbed.cells.models)
    again = len(disturbed.cells.stand_in.starts) - models
    assert ITEMS * models < asked <= ITEMS * models + IN_FLIGHT * again


@pytest.mark.parametrize("fault", ["scancel", "kill -9", "wall time", "full disk"])
def test_log_of_the_attempt_that_failed_is_kept(disturbed, fault):
    logs = disturbed.cells.file("logs/generate", struck_by(disturbed, fault), "log").parent
    assert {path.name for path in logs.iterdir()} == {"sums.attempt-1.log", "sums.log"}
    text = (logs / "sums.attempt-1.log").read_text()
    assert "0 in the store" in text
    assert ("No space left on device" in text) == (fault == "full disk")


def test_slurm_saw_what_was_meant(disturbed, slurm):
    states = {row["id"]: row["state"] for row in slurm.jobs("all").values()}
    first = {fault: states[disturbed.job[model]] for fault, model in disturbed.struck.items() if model != FULL_DISK}
    assert first["scancel"] == "CANCELLED"
    assert first["kill -9"] == "FAILED"
    assert first["wall time"] == "TIMEOUT"
    # Slurm started these again by itself, under the same number.
    assert first["preemption"] == first["node"] == "COMPLETED"


def test_jobs_got_gpus_and_the_time_that_the_plan_expects(disturbed, slurm):
    row = slurm.jobs("all")[disturbed.job[disturbed.struck["preemption"]]]
    assert (row["partition"], row["minutes"], row["cpus"]) == ("gpu", "30:00", "2")
    assert "gpu:h100:1" in slurm.ask("scontrol", "show", "job", row["id"])


# Faults of the run itself, with one cell each.


def test_run_that_is_killed_and_started_again_waits_for_its_own_job(make_cells, undisturbed, slurm):
    cells = make_cells(["orphan"])
    run = cells.start()
    until(lambda: cells.are_under_way("orphan"), "the cell generates", 60, run)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert slurm.jobs()
    cells.checkout.snakemake("--unlock", "--configfile", "config/faults.yaml")
    cells.finish(cells.start())
    assert submitted(cells.log) == 2
    assert len(cells.stand_in.requests) == ITEMS
    assert cells.file("generations", "orphan").read_bytes() == undisturbed


LATE = """\
#!/bin/sh
# What a job made is not there yet when it ends.
{srun} "$@"; status=$?
made=results/faults/generations/slow-disk
mv $made $made.late; (sleep 5; mv $made.late $made) >/dev/null 2>&1 &
exit $status
"""


def test_output_that_is_seen_late_is_waited_for(make_cells, undisturbed, slurm, tmp_path):
    cells = make_cells(["slow-disk"])
    cells.stand_in.faults()
    srun = tmp_path / "srun"
    srun.write_text(LATE.format(srun=slurm.folder / "bin/srun"))
    srun.chmod(0o755)
    cells.checkout.variables["PATH"] = f"{tmp_path}:{slurm.environment['PATH']}"
    cells.finish(cells.start("--retries", "0"))
    assert cells.file("generations", "slow-disk").read_bytes() == undisturbed
    assert len(cells.stand_in.starts) == 1


def test_scratch_that_cannot_be_written_stops_the_job_and_costs_nothing(make_cells, undisturbed):
    cells = make_cells(["scratched"])
    cells.stand_in.faults()
    site = (cells.checkout.folder / "slurm/site.yaml").read_text()
    cells.checkout.write("slurm/site.yaml", site + "scratch: /dev/null/scratch\n")
    run = cells.start("--retries", "0")
    assert run.wait(timeout=120) == 1
    assert not cells.stand_in.starts
    cells.checkout.write("slurm/site.yaml", site)
    cells.finish(cells.start())
    assert cells.file("generations", "scratched").read_bytes() == undisturbed
