"""What a study will take before it is submitted: completions, tokens, GPU memory, GPU-hours and disk, cell by cell.

No GPU is needed, and nothing is downloaded but what ``--fetch-configs`` gets. Every estimate says how it was made
(:data:`tokens.HOW`, :data:`HOURS_HOW`). A finished cell is estimated too, as if it weren't, and compared with what it
measured.

``python -m paretoscope.plan --configfile config/config.yaml --device h100-80gb``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import plugins
from ..catalog import Study
from ..devices import Device
from ..errors import InputError
from .measured import Cell, Measured, read_results, read_store
from .memory import Shape, gpus_needed, read_shape, sequences_that_fit, usable_bytes
from .roofline import generation_seconds, load_seconds
from .tokens import Tokens, expect

TEXT_BYTES_PER_TOKEN = 3.2
"""Bytes of a token's text in the completion store (measured on 7,442 recorded responses: 3.23)."""
PACKED_BYTES_PER_TOKEN = 0.8
"""Bytes of a token's text among the packed completions (measured as above: 0.77)."""
ROW_BYTES = 450
"""Bytes of a stored completion beside its text: key, ids, counts and times."""

HOURS_HOW = {
    "speed": "completion tokens per GPU-second measured on the model's other cells, on this device",
    "roof": "roofline with assumed efficiencies, see below",
    "cpu": "the study says device: cpu",
    "?": "unknown, since the tokens or the model's shape are",
    "-": "no model runs",
}
"""How a number of GPU-hours was come by."""


@dataclass(frozen=True)
class ModelPlan:
    """GPU memory of one model."""

    model: str
    shape_source: str | None
    """``config.json`` or ``card``, and what was assumed; None where the shape isn't known or not needed."""
    problem: str | None
    """Why the shape isn't known."""
    weight_bytes: int | None
    longest_tokens: int | None
    """Prompt and completion of the longest sequence that may occur; None where nothing limits it."""
    needed_bytes: int | None
    """Weights and the cache of the longest sequence."""
    gpus: int
    """GPUs that study and card give it; 0 where it needs none."""
    gpus_needed: int | None
    fits: bool | None
    """None where the shape isn't known, or no GPU is used."""
    download_bytes: int
    """Bytes of weights still to come to this machine, if no revision was fetched yet."""


@dataclass(frozen=True)
class Estimate:
    """What a number of completions of a cell take."""

    completions: int
    tokens: Tokens
    batch: int | None
    """Sequences decoded together."""
    gpu_hours: float | None
    hours_how: str
    """A key of :data:`HOURS_HOW`."""
    memory_bytes: float | None
    """On each GPU: weights and the cache of a batch."""
    weights_bytes: float | None
    """On each GPU."""
    disk_bytes: float | None

    @property
    def completion_tokens(self) -> float | None:
        """Tokens of all completions."""
        return None if self.tokens.completion is None else self.completions * self.tokens.completion

    @property
    def is_ceiling(self) -> bool:
        """Whether the figures are the most that can be, and not an expectation."""
        return self.tokens.how == "limit"


@dataclass(frozen=True)
class CellPlan:
    """One cell: what it still needs, and for a finished one what it measured."""

    model: str
    benchmark: str
    wanted: int
    done: int
    at_most_done: bool
    """Whether stored completions were counted without knowing whether all of them still count."""
    to_go: Estimate
    measured: Measured | None = None
    """Of a finished cell."""
    hindsight: Estimate | None = None
    """Estimate of a finished cell as it would be without it."""


@dataclass(frozen=True)
class Plan:
    """The plan of a study."""

    study: str
    device: Device
    models: list[ModelPlan]
    cells: list[CellPlan]
    warnings: list[str] = field(default_factory=list)


def plan_study(study: Study, device: Device, results: Path, earlier: Iterable[Path] = ()) -> Plan:
    """Plan what is left of a study.

    Parameters
    ----------
    device : Device
        The GPU that it is to run on.
    results : Path
        The study's results, as far as there are any.
    earlier : iterable of Path
        Results of other studies to learn tokens and speeds from.

    Raises
    ------
    InputError
        A meta file can't be read.
    """
    return Planner(study, device, Path(results), [Path(folder) for folder in earlier]).plan()


class Planner:
    """Plans models and cells one at a time: a cell after its model.

    The parameters are those of :func:`plan_study`, and so is what it raises.
    """

    def __init__(self, study: Study, device: Device, results: Path, earlier: Iterable[Path] = ()):
        self.study, self.device, self.results = study, device, results
        earlier = list(earlier)
        self.folders = [results, *earlier]
        self.own = read_results(results)
        known = [read_results(folder) for folder in earlier]
        # The study's own results last: they count where several folders have a cell.
        self.measured: dict[Cell, Measured] = {
            cell: facts for cells in (*known, self.own) for cell, facts in cells.items()
        }
        self.shapes: dict[str, Shape] = {}
        self.gpus: dict[str, int] = {}

    def plan(self) -> Plan:
        """Return the plan of all models and cells."""
        models = [self.model(model) for model in dict.fromkeys(model for model, _ in self.study.cells)]
        cells = [self.cell(cell) for cell in self.study.cells]
        warnings = [*self.study.warnings, *filter(None, map(self._warning, models))]
        return Plan(self.study.name, self.device, models, cells, warnings)

    def engine(self, model: str):
        """Return the module of the engine that answers for a model."""
        return plugins.load("engines", self.study.engine_of(model)["name"])

    def uses_gpu(self, model: str) -> bool:
        """Return whether a model runs on GPUs."""
        return self.engine(model).NEEDS_WEIGHTS and self.study.engine_of(model).get("device") != "cpu"

    def model(self, model: str) -> ModelPlan:
        """Return the GPU memory of a model, and remember its shape."""
        if not self.engine(model).NEEDS_WEIGHTS:
            return ModelPlan(model, None, None, None, None, None, 0, None, None, 0)
        gpus = self.study.engine_of(model).get("gpus", 1) if self.uses_gpu(model) else 0
        try:
            shape = self.shapes[model] = read_shape(self.study, model, self.folders)
        except InputError as error:
            return ModelPlan(model, None, str(error), None, None, None, gpus, None, None, 0)
        limits = (shape.context, self.study.sampling_of(model)["max_new_tokens"])
        longest = min((limit for limit in limits if limit), default=None)
        needed = shape.sequence_bytes(longest)
        least = gpus_needed(needed, usable_bytes(self.study, model, self.device))
        self.gpus[model] = max(gpus, least or gpus)  # hours are those of as many as it needs
        fetched = (self.results / "models" / model / "revision.json").exists()
        return ModelPlan(
            model=model,
            shape_source=shape.source,
            problem=None,
            weight_bytes=shape.weight_bytes,
            longest_tokens=longest,
            needed_bytes=needed,
            gpus=gpus,
            gpus_needed=least,
            fits=least is not None and least <= gpus if gpus else None,
            download_bytes=0 if fetched else shape.weight_bytes,
        )

    def _warning(self, plan: ModelPlan) -> str | None:
        if plan.problem and plan.gpus:
            return f"{plan.model}: GPU memory and GPU-hours are unknown: {plan.problem}"
        if plan.fits is False:
            needs = f"needs {plan.gpus_needed} GPUs" if plan.gpus_needed else "fits on no number of GPUs"
            return f"{plan.model} doesn't fit: weights and one sequence of {plan.longest_tokens:,} tokens take {plan.needed_bytes / 1e9:,.1f} GB; it {needs} of {self.device.name}, and gets {plan.gpus}. Set serving.gpus on its card, or a smaller context_length."
        return None

    def cell(self, cell: Cell) -> CellPlan:
        """Return what a cell still needs."""
        model, benchmark = cell
        samples = self.study.samples_of(model)
        wanted = self.study.items_of(benchmark) * samples
        finished = self.own.get(cell)
        found = finished or read_store(self.results / "work" / model / f"{benchmark}.jsonl", samples)
        done = min(found.completions, wanted) if found else 0
        measured = self.measured if found is None else {**self.measured, cell: found}
        plan = CellPlan(
            model, benchmark, wanted, done, bool(found and not finished), self.estimate(cell, measured, wanted - done)
        )
        if not finished or not self.engine(model).KEEPS:
            return plan
        without = {key: facts for key, facts in self.measured.items() if key != cell}
        hindsight = self.estimate(cell, without, finished.completions)
        return replace(plan, measured=finished, hindsight=hindsight)

    def estimate(self, cell: Cell, measured: Mapping[Cell, Measured], completions: int) -> Estimate:
        """Return what so many completions of a cell take."""
        model = cell[0]
        if not self.engine(model).KEEPS:
            return Estimate(completions, Tokens(None, None, "-"), None, 0.0, "-", None, None, 0.0)
        shape = self.shapes.get(model)
        context = shape.context if shape else self.study.models[model]["context_length"]
        tokens = expect(self.study, cell, measured, context)
        disk = None if tokens.completion is None else completions * _row_bytes(tokens.completion)
        if not self.uses_gpu(model):
            return Estimate(completions, tokens, None, 0.0, "cpu", None, None, disk)
        if tokens.completion is None or shape is None:
            return Estimate(completions, tokens, None, None, "?", None, None, disk)
        gpus, batch = self.gpus[model], self._batch(model, shape, completions, tokens)
        hours, how = self._gpu_hours(cell, shape, measured, completions, tokens, gpus, batch)
        weights, cache = shape.weight_bytes / gpus, batch * shape.cache_bytes(_mean_length(tokens)) / gpus
        return Estimate(completions, tokens, batch, hours, how, weights + cache, weights, disk)

    def _batch(self, model: str, shape: Shape, completions: int, tokens: Tokens) -> int:
        """Return the sequences decoded together: as many as there are, fit, and the engine takes."""
        settings, usable = self.study.engine_of(model), usable_bytes(self.study, model, self.device)
        limit = settings.get("concurrency") or settings.get("batch_size") or completions
        fit = sequences_that_fit(shape, self.gpus[model], usable, _mean_length(tokens))
        return max(min(fit, limit, completions), 1)

    def _gpu_hours(
        self,
        cell: Cell,
        shape: Shape,
        measured: Mapping[Cell, Measured],
        completions: int,
        tokens: Tokens,
        gpus: int,
        batch: int,
    ) -> tuple[float, str]:
        if not completions:
            return 0.0, "-"
        runs = [facts for (model, _), facts in measured.items() if model == cell[0] and self._is_timed(facts)]
        if runs:
            generated = sum(facts.completions * facts.completion_tokens for facts in runs)
            seconds = completions * tokens.completion * sum(facts.gpu_seconds for facts in runs) / generated
            loads = [facts.load_gpu_seconds for facts in runs if facts.load_gpu_seconds is not None]
            load = sum(loads) / len(loads) if loads else gpus * load_seconds(shape)
            return (seconds + load) / 3600, "speed"
        wall = generation_seconds(shape, self.device, gpus, completions, batch, tokens.prompt or 0, tokens.completion)
        return gpus * (wall + load_seconds(shape)) / 3600, "roof"

    def _is_timed(self, facts: Measured) -> bool:
        known = facts.gpu_seconds and facts.completion_tokens
        return bool(known) and facts.device in self.device.reported_names


def _mean_length(tokens: Tokens) -> float:
    """Return the tokens that a running sequence has in the cache: they are at all stages, so half the completion."""
    return (tokens.prompt or 0) + tokens.completion / 2


def _row_bytes(tokens: float) -> float:
    return ROW_BYTES + tokens * (TEXT_BYTES_PER_TOKEN + PACKED_BYTES_PER_TOKEN)


__all__ = ["CellPlan", "Estimate", "ModelPlan", "Plan", "Planner", "plan_study"]
