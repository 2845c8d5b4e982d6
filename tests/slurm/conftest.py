"""One Slurm for all tests, checkouts that submit to it, and a slow model."""

import getpass
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from workflow.conftest import Checkout

from .controller import PROGRAMS, Slurm, missing_programs

SITE = """\
partition: cpu
gpu: {partition: gpu, model: h100, cpus: 2}
"""


@pytest.fixture(scope="session")
def slurm():
    """A running cluster; skipped, with the reason, where it can't be."""
    if missing := missing_programs():
        packages = "apt-get install --no-install-recommends munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins"
        pytest.skip(f"{', '.join(missing)} of {', '.join(PROGRAMS)} isn't installed ({packages})")
    # No pytest folder: its path would be too long for a socket's name.
    folder = Path(tempfile.mkdtemp(prefix=f"slurm-{getpass.getuser()}-"))
    with Slurm(folder) as cluster:
        yield cluster
    shutil.rmtree(folder)


class ClusterCheckout(Checkout):
    """A checkout whose runs are submitted.

    Parameters
    ----------
    slurm : Slurm
    """

    def __init__(self, folder: Path, slurm: Slurm):
        super().__init__(folder)
        self.slurm = slurm
        self.variables: dict[str, str] = {}

    @classmethod
    def fresh(cls, folder: Path, slurm: Slurm) -> "ClusterCheckout":
        Checkout.fresh(folder)
        checkout = cls(folder, slurm)
        checkout.write("slurm/site.yaml", SITE)
        return checkout

    def copy(self, folder: Path) -> "ClusterCheckout":
        super().copy(folder)
        return ClusterCheckout(folder, self.slurm)

    def command(self, *arguments: str) -> list[str]:
        # As users type it, but for the wait before a job is first asked for.
        waits = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "30")
        return super().command("--cores", "all", "--profile", "slurm", *arguments, *waits)

    def environment(self) -> dict:
        return {**super().environment(), **self.slurm.environment, "OMP_NUM_THREADS": "1", **self.variables}

    def run(self, study: str, *arguments: str, **options):
        return self.snakemake("--configfile", f"config/{study}.yaml", *arguments, timeout=300, **options)


def submitted(output: str) -> int:
    """Number of jobs that a run submitted."""
    return len(re.findall(r"has been submitted with SLURM jobid", output))
