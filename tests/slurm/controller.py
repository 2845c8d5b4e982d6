"""A real Slurm on this machine, of Debian's packages: one controller, a CPU node and two GPU nodes, all on 127.0.0.1.

Nodes are several slurmd of one machine; their GPUs are character devices that every Linux has. Nothing is limited but
what Slurm counts: there are no cgroups. It runs as whoever runs the tests, in a folder and on ports of its own, writes
nothing elsewhere, and ends what it started by process id.
"""

import getpass
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
DEVICES = ("null", "zero", "full", "random")
"""Stand-ins for GPUs, of /dev."""
GPU_NODES = ("gpu1", "gpu2")
NODES = ("cpu1", *GPU_NODES)

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job that Slurm starts again waits as long as its old credential would be good: two minutes by default.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
SlurmctldPort={port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
SwitchType=switch/none
# A lost node is noticed after ten seconds; one that comes back is used again.
SlurmdTimeout=10
ReturnToService=2
KillWait=2
MinJobAge=7200
DefMemPerCPU=500
SlurmdParameters=config_overrides
GresTypes=gpu
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=16 RealMemory=200000{gres}\n"
PARTITIONS = """\
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=INFINITE PriorityTier=1
PartitionName=gpu Nodes=gpu1,gpu2 MaxTime=INFINITE PriorityTier=1
PartitionName=urgent Nodes=gpu1,gpu2 MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
"""


def missing_programs() -> list[str]:
    """Programs of Slurm and munge that aren't installed."""
    return [name for name in PROGRAMS if not find(name)]


def find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(condition, what: str, seconds: float = 60, process: subprocess.Popen | None = None):
    """Wait for a condition and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert process is None or process.poll() is None, f"the run ended while waiting for {what}"
        assert time.monotonic() < deadline, f"in {seconds} s this didn't happen: {what}"
        time.sleep(0.1)
    return value


class Slurm:
    """The cluster. Use as a context manager.

    Parameters
    ----------
    folder : Path
        Its own, with a short path: sockets lie in it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: dict[str, subprocess.Popen] = {}
        # Snakemake's job step drops SLURM_CONF, so the tests' own srun, first in PATH, says it again.
        path = f"{folder}/bin:{os.environ['PATH']}"
        self.environment = {**os.environ, "SLURM_CONF": f"{folder}/slurm.conf", "PATH": path}
        # A test may itself run as a job of some cluster.
        self.environment = {k: v for k, v in self.environment.items() if k == "SLURM_CONF" or k[:6] != "SLURM_"}

    def __enter__(self):
        try:
            self._write()
            self._spawn("munged", "--foreground", "--force", *self._munge_files())
            until((self.folder / "munge/socket").exists, "munge's socket")
            self.start_controller("-i")
            for node in NODES:
                self.start_node(node)
            until(lambda: self.nodes() == dict.fromkeys(NODES, "idle"), "all nodes idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc) -> None:
        if self._runs("slurmctld"):
            with suppress(subprocess.CalledProcessError, subprocess.TimeoutExpired):
                self.ask("scancel", "--user", getpass.getuser(), "--signal=KILL", "--full")
                self.ask("scancel", "--user", getpass.getuser())
                until(lambda: not self.ask("squeue", "--noheader"), "an empty queue", seconds=15)
        for name in reversed(self.processes):
            self._end(name, signal.SIGTERM)
        kill(processes_with(f"SLURM_CONF={self.folder}/slurm.conf"))  # jobs that Slurm lost in a test of its failure

    def _write(self) -> None:
        ports = free_ports(1 + len(NODES))
        host = platform.node().partition(".")[0]
        for name in ("munge", "state", "bin", *(f"spool/{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        text = CONFIGURATION.format(host=host, user=getpass.getuser(), folder=self.folder, port=ports[0])
        gpus = f" Gres=gpu:h100:{len(DEVICES)}"
        for name, port in zip(NODES, ports[1:], strict=True):
            text += NODE.format(name=name, host=host, port=port, gres=gpus if name in GPU_NODES else "")
        (self.folder / "slurm.conf").write_text(text + PARTITIONS)
        gres = (f"NodeName={node} Name=gpu Type=h100 File=/dev/{name}\n" for node in GPU_NODES for name in DEVICES)
        (self.folder / "gres.conf").write_text("".join(gres))
        key = self.folder / "munge/key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        srun = self.folder / "bin/srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {find("srun")} "$@"\n')
        srun.chmod(0o755)

    def _munge_files(self) -> list[str]:
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        return [f"--{option}={self.folder}/munge/{name}" for option, name in names.items()]

    def _spawn(self, name: str, *arguments: str, program: str | None = None) -> None:
        with (self.folder / f"{name}.output").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [find(program or name), *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the tests must not end it before the jobs
            )

    def _runs(self, name: str) -> bool:
        return name in self.processes and self.processes[name].poll() is None

    def _end(self, name: str, number: int) -> None:
        process = self.processes[name]
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def ask(self, program: str, *arguments: str) -> str:
        """Return what one of Slurm's commands prints."""
        command = [find(program), *arguments]
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30, check=True)
        return run.stdout.strip()

    def nodes(self) -> dict[str, str]:
        """State of each node."""
        with suppress(subprocess.CalledProcessError):
            listed = self.ask("sinfo", "--noheader", "--Node", "--format=%N %T").splitlines()
            return dict(sorted(line.split() for line in listed))
        return {}

    def jobs(self, *states: str) -> dict[str, dict[str, str]]:
        """Jobs in the given states, running and waiting ones by default: id -> name, state, node and so on."""
        fields = {"id": "%i", "comment": "%k", "state": "%T", "node": "%N", "partition": "%P", "minutes": "%l"}
        fields |= {"memory": "%m", "cpus": "%C", "gpus": "%b", "reason": "%r", "name": "%j"}
        states = (f"--states={','.join(states)}",) if states else ()
        listed = self.ask("squeue", "--noheader", f"--format={'|'.join(fields.values())}", *states).splitlines()
        rows = (dict(zip(fields, line.split("|"), strict=True)) for line in listed)
        return {row["id"]: row for row in rows}

    def start_controller(self, *arguments: str) -> None:
        self._spawn("slurmctld", "-D", *arguments)
        until(self._answers, "an answer of the controller")

    def _answers(self) -> bool:
        with suppress(subprocess.CalledProcessError):
            return "is UP" in self.ask("scontrol", "ping")
        return False

    def stop_controller(self) -> None:
        self._end("slurmctld", signal.SIGTERM)

    def start_node(self, name: str) -> None:
        self._spawn(name, "-D", "-N", name, program="slurmd")

    def kill_node(self, name: str) -> None:
        """End a node as a power cut does: Slurm's process on it and every process of its jobs."""
        self._end(name, signal.SIGKILL)
        for job, row in self.jobs().items():
            if row["node"] == name:
                kill_job(job)


def processes_with(variable: str) -> list[int]:
    """Process ids of what has ``NAME=value`` in its environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended, or is someone else's
            if variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def supervisors(job: str) -> list[int]:
    """Process ids of Slurm's own supervisors of a job's steps."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cmdline").read_bytes().startswith(f"slurmstepd: [{job}.".encode()):
                found.append(int(process.name))
    return found


def kill_job(job: str) -> None:
    """End whatever runs of a job, without Slurm's doing."""
    for _ in range(2):  # what the first look missed since it was just being started
        kill(supervisors(job) + processes_with(f"SLURM_JOB_ID={job}"))


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
