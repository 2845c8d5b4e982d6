"""What the GPUs of a job are, and what they spent: memory and energy as NVIDIA's driver counts them (NVML).

Energy is the counter of the whole board since the driver was loaded (``nvmlDeviceGetTotalEnergyConsumption``, Volta and
later), read at the start and now: exact, and no matter how often it is read. What a model's loading takes is told
apart from the rest: it depends on disks and not on what is generated. Memory is that of the whole board too,
sampled once a second. Both take in other processes on the same GPU, if there are any.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

SAMPLE_SECONDS = 1.0


class GpuMeter:
    """The GPUs that this process may use, measured from now on. Use as a context manager.

    Parameters
    ----------
    count : int
        GPUs used: the first of those visible. 0: none, nothing is measured.
    nvml : module or None
        ``pynvml``; None: imported.

    Attributes
    ----------
    names : list of str
        Product names.
    driver : str or None
        Version of the driver.
    unmeasured : dict
        Quantity -> why it can't be measured.
    """

    def __init__(self, count: int, nvml=None):
        self.names: list[str] = []
        self.driver: str | None = None
        self.unmeasured: dict[str, str] = {}
        self._count, self._nvml = count, nvml
        self._handles: list = []
        self._energy_at_start: int | None = None
        self._loading_joules: float | None = 0.0
        self._peak: int | None = None
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> GpuMeter:
        if not self._count:
            self.unmeasured["energy_joules"] = "no GPU is used"
            return self
        try:
            self._open()
        except Exception as error:  # NVML raises a kind of its own for each problem, and none may stop a generation
            for quantity in ("energy_joules", "peak_memory_bytes"):
                self._cannot(quantity, f"NVML can't be read: {type(error).__name__}: {error}")
            return self
        self._energy_at_start = self._energy()
        self._sampler.start()
        return self

    def __exit__(self, *exc) -> None:
        self._done.set()
        if self._sampler.ident:
            self._sampler.join()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Count what the GPUs take within the context as loading; it may be entered several times."""
        before = self._joules()
        yield
        self._loading_joules = _plus(self._loading_joules, _minus(self._joules(), before))

    def energy_joules(self) -> float | None:
        """Return what the GPUs took since the start, loading left out, in joules; None where it can't be measured."""
        return _minus(self._joules(), self._loading_joules)

    def load_energy_joules(self) -> float | None:
        """Return what the GPUs took for loading, in joules; None where that can't be measured."""
        return None if self._energy_at_start is None else self._loading_joules

    def _joules(self) -> float | None:
        if self._energy_at_start is None:
            return None
        now = self._energy()
        return None if now is None else (now - self._energy_at_start) / 1000

    def peak_memory_bytes(self) -> int | None:
        """Return the most memory in use on any one GPU since the start; None where that can't be measured."""
        return self._peak

    def _open(self) -> None:
        self._nvml = _opened(self._nvml)
        self.driver = _text(self._nvml.nvmlSystemGetDriverVersion())
        self._handles = [_handle(self._nvml, name) for name in _names(self._nvml)[: self._count]]
        if len(self._handles) < self._count:
            raise RuntimeError(f"{self._count} GPUs are needed, {len(self._handles)} are visible")
        self.names = [_text(self._nvml.nvmlDeviceGetName(handle)) for handle in self._handles]

    def _energy(self) -> int | None:
        """Return the sum of the energy counters in millijoules."""
        try:
            return sum(self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in self._handles)
        except Exception as error:
            self._cannot("energy_joules", f"{type(error).__name__}: {error}")
            return None

    def _sample(self) -> None:
        while True:
            try:
                used = max(self._nvml.nvmlDeviceGetMemoryInfo(handle).used for handle in self._handles)
            except Exception as error:
                self._cannot("peak_memory_bytes", f"{type(error).__name__}: {error}")
                return
            self._peak = max(self._peak or 0, used)
            if self._done.wait(SAMPLE_SECONDS):
                return

    def _cannot(self, quantity: str, reason: str) -> None:
        if quantity not in self.unmeasured:
            log.warning("%s is not measured: %s", quantity, reason)
            self.unmeasured[quantity] = reason


def _plus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def visible_gpus(nvml=None) -> dict[str, str]:
    """Return the GPUs that this process may use: name as in CUDA_VISIBLE_DEVICES -> UUID. None without NVML."""
    try:
        nvml = _opened(nvml)
        return {name: _text(nvml.nvmlDeviceGetUUID(_handle(nvml, name))) for name in _names(nvml)}
    except Exception as error:  # NVML raises a kind of its own for each problem
        log.info("the GPUs can't be listed: %s: %s", type(error).__name__, error)
        return {}


def _opened(nvml):
    if nvml is None:
        import pynvml as nvml
    nvml.nvmlInit()
    return nvml


def _names(nvml) -> list[str]:
    """Return indices or UUIDs of the GPUs that this process may use."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return [str(index) for index in range(nvml.nvmlDeviceGetCount())]
    return [name.strip() for name in listed.split(",") if name.strip()]


def _handle(nvml, name: str):
    return nvml.nvmlDeviceGetHandleByIndex(int(name)) if name.isdigit() else nvml.nvmlDeviceGetHandleByUUID(name)
