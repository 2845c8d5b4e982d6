"""The cluster that a study runs on: what slurm/site.yaml says of it, and what that makes of the Slurm profile."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .cards import SCHEMAS, check, read_schema, read_yaml
from .errors import InputError

SITE = SCHEMAS.parents[1] / "slurm" / "site.yaml"
"""Not in git: everyone's own. ``site.example.yaml`` beside it is there to be copied."""

MEMORY_MB = 4000
"""Memory of a CPU job on its first attempt; the grid's largest took a fourth of it."""
MINUTES = 60
"""Wall time of a CPU job on its first attempt."""


@dataclass(frozen=True)
class Gpu:
    """What jobs that take GPUs ask for beside their number."""

    partition: str | None
    model: str | None
    device: str
    cpus: int


@dataclass(frozen=True)
class Site:
    """What differs between clusters; the schema says it key by key."""

    account: str | None
    partition: str | None
    qos: str | None
    max_hours: float
    scratch: str | None
    software: str | None
    gpu: Gpu


def read_site(path: Path = SITE) -> Site:
    """Read the site file; where there is none, everything is the cluster's default.

    Raises
    ------
    InputError
        The first thing that is wrong, with file, line and key.
    """
    found = read_yaml(path) if Path(path).exists() else {}
    site = check(found, read_schema("site"), path)
    return Site(**{**site, "gpu": Gpu(**site["gpu"])})


def default_resources(site: Site) -> dict[str, str]:
    """Return what every job asks Slurm for, unless its rule says more: resource -> expression, as in a profile."""
    asked = {"mem_mb": f"{MEMORY_MB} * attempt", "runtime": f"{MINUTES} * attempt", "tmpdir": "system_tmpdir"}
    named = {"slurm_account": site.account, "slurm_partition": site.partition, "qos": site.qos, "tmpdir": site.scratch}
    # Quoted, since Snakemake computes what it can: gpu-2 would be a difference.
    return asked | {name: repr(value) for name, value in named.items() if value is not None}


def status_command() -> str:
    """Return the command that knows the state of jobs: ``sacct`` where Slurm keeps accounts, else ``squeue``.

    Without a database (slurmdbd) sacct may be installed and know of no job, and a run would wait forever. squeue
    forgets a job some minutes after its end (MinJobAge), so sacct is the better one where it works.
    """
    try:
        run = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return "squeue"
    return "sacct" if "accounting_storage/slurmdbd" in run.stdout else "squeue"


def profile() -> dict:
    """Return what the Slurm profile takes from the site and the cluster; ends the process where the site file is wrong.

    Ends it, since an exception would reach the user wrapped by three parsers.
    """
    try:
        site = read_site()
    except InputError as error:
        sys.exit(f"Error: {error}")
    return {
        "default_resources": default_resources(site),
        "status_command": status_command(),
        "software": [site.software] if site.software else None,
    }


__all__ = ["Gpu", "Site", "default_resources", "profile", "read_site", "status_command"]
