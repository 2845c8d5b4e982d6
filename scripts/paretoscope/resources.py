"""What a generating job asks a scheduler for: wall time by the plan's tokens and speeds, memory by the model's weights.

Asking for too little ends a job early, and it goes on in its next attempt with more; asking for too much keeps it in
the queue. So estimates are taken times :data:`MARGIN`, and grow with every attempt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from . import plugins
from .catalog import Study
from .cluster import MEMORY_MB, MINUTES
from .devices import Device, load_device
from .plan import ModelPlan, Planner
from .plan.roofline import generation_seconds

MARGIN = 2.5
"""Wall time asked for / expected."""
LEAST_MINUTES = 30
"""Wall time of the shortest GPU job: a first start compiles kernels."""
CPU_MINUTES = 240
"""Wall time of a cell on a CPU, which the plan has no speeds for."""
ENGINE_BYTES = 16e9
"""Memory of the node that an engine takes beside a model's weights (assumed)."""
CPU_ENGINE_BYTES = 4e9
"""The same of an engine that runs on a CPU (assumed)."""


def gpus_of(study: Study, model: str) -> int:
    """Return the GPUs of a model's jobs: as many as its card says, or one; none on a CPU or without weights."""
    engine = study.engine_of(model)
    on_gpu = plugins.load("engines", engine["name"]).NEEDS_WEIGHTS and engine.get("device") != "cpu"
    return engine.get("gpus", 1) if on_gpu else 0


class JobSizes:
    """Wall time and memory of a study's generating jobs.

    Parameters
    ----------
    folders : iterable of Path
        Where device cards are looked for.
    device : str
        Id of the GPU's card.
    results : Path
        The study's results: what was measured replaces what was assumed.
    max_hours : float
        Longest wall time that may be asked for.

    Raises
    ------
    InputError
        There is no such device; a meta file among the results can't be read.
    """

    def __init__(self, study: Study, folders: Iterable[Path], device: str, results: Path, max_hours: float):
        self._study, self._results = study, Path(results)
        self._device: Device = load_device(device, folders)
        self._max_minutes = max(round(60 * max_hours), 1)
        self._models: dict[str, ModelPlan | None] = {}

    @cached_property
    def _planner(self) -> Planner:
        """Made when it is first asked, since it reads every meta file."""
        return Planner(self._study, self._device, self._results)

    def _model(self, model: str) -> ModelPlan | None:
        """Return the plan of a model of the grid; None for the judge, whose shape the plan doesn't look up."""
        if model not in self._models:
            self._models[model] = self._planner.model(model) if model in self._study.models else None
        return self._models[model]

    def minutes(self, model: str, benchmark: str, attempt: int = 1) -> int:
        """Return the wall time of a cell in minutes; the longest there is where nothing is known of its tokens."""
        return min(attempt * self._expected_minutes(model, benchmark), self._max_minutes)

    def _expected_minutes(self, model: str, benchmark: str) -> int:
        if not self._planner.engine(model).NEEDS_WEIGHTS:
            return MINUTES
        if not gpus_of(self._study, model):
            return CPU_MINUTES
        hours = self._planner.cell((model, benchmark)).to_go.gpu_hours if self._model(model) else None
        if hours is None:
            return self._max_minutes
        expected = 60 * hours / self._planner.gpus[model] + self._last_minutes(model)
        return max(math.ceil(MARGIN * expected), LEAST_MINUTES)

    def _last_minutes(self, model: str) -> float:
        """Return the minutes that the longest completion takes alone, when all others are done."""
        shape, gpus, longest = self._planner.shapes[model], self._planner.gpus[model], self._model(model).longest_tokens
        return generation_seconds(shape, self._device, gpus, 1, 1, 1, longest or 0) / 60

    def memory_mb(self, model: str, attempt: int = 1) -> int:
        """Return the memory of the node in MB: the weights pass through it on their way to the GPUs.

        Where a model's shape isn't known, its weights are taken to fill its GPUs.
        """
        if not self._planner.engine(model).NEEDS_WEIGHTS:
            return attempt * MEMORY_MB
        plan, gpus = self._model(model), gpus_of(self._study, model)
        known = plan.weight_bytes if plan else None
        weights = gpus * self._device.memory_bytes if known is None else known
        return attempt * math.ceil(((ENGINE_BYTES if gpus else CPU_ENGINE_BYTES) + weights) / 1e6)


__all__ = ["JobSizes", "gpus_of"]
