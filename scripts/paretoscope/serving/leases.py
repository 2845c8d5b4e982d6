"""Handing out the GPUs of one machine among jobs that run side by side: each GPU to one job at a time.

A scheduler such as Slurm gives every job GPUs of its own. Without one, all jobs would start on the first GPU. So each
takes a lock on the GPUs that it uses, by their UUIDs, which are the same whatever a job sees; it is free again when the
process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import InputError
from .nvml import visible_gpus

log = logging.getLogger(__name__)

WAIT_SECONDS = 2.0


@contextmanager
def lease_gpus(count: int, nvml=None) -> Iterator[list[str]]:
    """Keep ``count`` GPUs for this process, and let it and its children see these alone.

    Waits while other jobs of this user hold them. Where NVIDIA's driver can't be asked, nothing is changed.

    Parameters
    ----------
    count : int
        GPUs needed; 0: none.
    nvml : module or None
        ``pynvml``; None: imported.

    Raises
    ------
    InputError
        The process may use fewer GPUs than it needs.
    """
    uuids = visible_gpus(nvml) if count else {}
    if not uuids:
        yield []
        return
    if len(uuids) < count:
        raise InputError(
            f"{count} GPUs are needed (serving.gpus on the model card), and this job may use {len(uuids)}: {', '.join(uuids)}."
        )
    held = _lock(uuids, count)
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(held)
    try:
        yield list(held)
    finally:
        if before is None:
            del os.environ["CUDA_VISIBLE_DEVICES"]
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = before
        for file in held.values():
            file.close()


def _lock(uuids: dict[str, str], count: int) -> dict[str, IO]:
    """Return ``count`` names with the files whose locks hold them: all or none, so that jobs can't block each other."""
    told = False
    while True:
        held: dict[str, IO] = {}
        for name, uuid in uuids.items():
            if len(held) < count and (file := _try_lock(uuid)):
                held[name] = file
        if len(held) == count:
            return held
        for file in held.values():
            file.close()
        if not told:
            log.warning("waiting for %d of the GPUs %s, which other jobs hold", count, ", ".join(uuids))
            told = True
        time.sleep(WAIT_SECONDS * (1 + random.random()))


def _try_lock(uuid: str) -> IO | None:
    folder = Path(tempfile.gettempdir(), f"paretoscope-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    file = (folder / f"{uuid}.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
