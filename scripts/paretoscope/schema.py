"""The records and tables that flow through the workflow: every field with its type, unit and meaning.

Records (dataclasses) are rows of the per-cell files. Tables (tuples of :class:`Column`) are the CSV and Parquet files
that the analysis reads. A *cell* is one (model, benchmark) pair of a study's grid.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

VERDICTS = ("correct", "wrong", "no_answer", "unparsed", "truncated", "timeout", "crashed")
"""What can come of grading one completion; never folded into a yes or no.

correct, wrong: an answer was found and compared. no_answer: none was found. unparsed: an answer was found that the
grader can't read. truncated: the token limit cut the completion, or its reasoning was never closed. timeout, crashed:
the grader gave up within its CPU-time or memory limit.
"""

UNDECIDED = ("unparsed", "timeout", "crashed")
"""Verdicts that say nothing on whether the answer is right; they count as not correct."""

CROSSCHECK_VERDICTS = ("correct", "wrong", "undecided")
"""What the second grader says, which leaves undecided whatever it can't read."""

FINISH_REASONS = ("stop", "length")

CHOICE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Names of the options of a multiple-choice item, in the order shown."""


@dataclass(frozen=True, slots=True)
class Item:
    """One problem of a benchmark."""

    id: str
    """Unique within the benchmark."""
    question: str
    """The problem as the benchmark states it, without any prompt wording."""
    target: str
    """The gold answer in the form that the benchmark's grader reads."""
    choices: tuple[str, ...] = ()
    """Answer options in the order shown (multiple choice); empty otherwise."""
    permutation: tuple[int, ...] = ()
    """For each option shown, its place in the source: 0 is the right one, then the wrong ones in their order."""


@dataclass(frozen=True, slots=True)
class CutItem(Item):
    """An item that was answered, and the response cut, so that the model goes on from there to its answer."""

    response: str = ""
    """The text that was generated."""
    kept_tokens: int = 0
    """Its tokens that are kept, counted by the model's own tokenizer on the text."""
    close: str = ""
    """What ends the reasoning, where the part that is kept leaves it open; empty: it doesn't reason apart."""
    lead: str = ""
    """Text after that, which leads to the answer."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. ``temperature`` 0 is greedy; ``top_p`` 1 and ``top_k`` 0 are off."""

    temperature: float
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    frequency_penalty: float = 0.0
    max_new_tokens: int | None = None
    """Completion tokens at most; None: whatever the context leaves."""


@dataclass(frozen=True, slots=True)
class Request:
    """One completion to generate."""

    item_id: str
    sample: int
    """0-based index among the samples of the item."""
    messages: tuple[dict, ...]
    """Chat messages, each ``{"role": ..., "content": ...}``."""
    seed: int
    """Seed of this completion alone, so that it doesn't depend on its neighbours in a batch."""
    key: str
    """Content key in the completion store (see :mod:`paretoscope.store`)."""
    reference: str = ""
    """A response that must be graded correct; read by the oracle control and by no real engine."""
    choices: tuple[str, ...] = ()
    """The only texts that the completion may be; empty: any."""
    cut: CutItem | None = None
    """Whose response the completion goes on from; it is read after the prompt. None: from the prompt alone."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine returned for one request."""

    item_id: str
    sample: int
    text: str
    """The generated text, reasoning included, prompt excluded."""
    finish_reason: str | None
    """``stop``, ``length`` (the token limit came first) or None (the recording doesn't say)."""
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning_tokens: int | None = None
    """Completion tokens up to the end of the reasoning, its closing marker included; None where that isn't known."""
    cached_tokens: int | None = None
    """Prompt tokens whose keys and values the engine already had."""
    latency_seconds: float | None = None
    """From sending the request to its last token, waiting in the engine's queue included."""
    first_token_seconds: float | None = None
    """From sending the request to its first token."""
    verify_steps: int | None = None
    """Under speculative decoding: forwards of the model, each of which checked drafted tokens. Else None."""
    drafted_tokens: int | None = None
    """Tokens that were proposed for those steps."""
    accepted_tokens: int | None = None
    """Of these, the ones that the completion kept."""


MEASURED = (
    *("cached_tokens", "latency_seconds", "first_token_seconds"),
    *("verify_steps", "drafted_tokens", "accepted_tokens"),
)
"""Fields of a completion that differ from run to run; they go to the stats file, so that completions are comparable."""


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on one completion and how it was reached."""

    item_id: str
    sample: int
    verdict: str
    """One of :data:`VERDICTS`."""
    answer: str | None
    """The extracted answer, None where there was none."""
    method: str
    """The layer that decided: of extraction and comparison, e.g. ``boxed/exact``."""
    looping: bool
    """Whether the text ends in a loop (see :mod:`paretoscope.degeneration`), whatever the verdict."""
    span: tuple[int, int] | None = None
    """Where the answer stands in the response: its first character and the one after its last, counted from 0. None
    where there is no answer, or where only the cleaned text shows it."""


@dataclass(frozen=True, slots=True)
class GradeTiming:
    """What a grade cost in one run. Apart from the grade, since equal responses must give equal grades files."""

    item_id: str
    sample: int
    milliseconds: float
    """CPU time of all layers, computer algebra included; that counts in the first completion alone that had the answer.
    0 where nothing was done again."""
    origin: str
    """``text`` (no computer algebra needed), ``worker`` (a worker's), ``repeat`` (another completion's equal answer,
    compared in this run or an earlier one) or ``cache`` (this very response's, from an earlier run)."""


@dataclass(frozen=True, slots=True)
class Crosscheck:
    """What the second, independent grader makes of one completion (see :mod:`paretoscope.crosscheck`)."""

    item_id: str
    sample: int
    verdict: str
    """One of :data:`CROSSCHECK_VERDICTS`."""
    answer: str | None
    """The answer that it extracted by itself, None where there was none."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a language model makes of one completion that the graders leave open (see :mod:`paretoscope.judging`)."""

    item_id: str
    sample: int
    verdict: str
    """One of :data:`CROSSCHECK_VERDICTS`; undecided where it said neither of its two words."""
    prefill_flops: float
    """FLOPs of the judge, for its prompt."""
    decode_flops: float


def to_row(record) -> dict:
    """Return a record as a JSON-ready dictionary, fields in declared order."""
    return {name: getattr(record, name) for name in _names(type(record))}


def from_row(kind, row: dict):
    """Build a ``kind`` record from a row, ignoring keys that it doesn't have."""
    return kind(**{name: row[name] for name in _names(kind) if name in row})


@cache
def _names(kind) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: name, pandas dtype, unit ('' where there is none) and meaning."""

    name: str
    dtype: str
    unit: str
    description: str


def _verdict_rates() -> tuple[Column, ...]:
    return tuple(
        Column(f"{verdict}_rate", "float64", "fraction", f"completions with the verdict {verdict}")
        for verdict in VERDICTS
        if verdict != "correct"
    )


COMPLETIONS = (
    Column("model", "category", "", "model id"),
    Column("benchmark", "category", "", "benchmark id"),
    Column("item_id", "str", "", "item id within the benchmark"),
    Column("sample", "int64", "", "0-based sample index"),
    Column("verdict", "category", "", "one of: " + ", ".join(VERDICTS)),
    Column("crosscheck", "category", "", "the second grader's verdict: " + ", ".join(CROSSCHECK_VERDICTS)),
    Column("looping", "bool", "", "whether the text ends in a loop: repeated, numbers aside, over and over"),
    Column("prompt_tokens", "Int64", "tokens", "tokens of the prompt"),
    Column("completion_tokens", "Int64", "tokens", "tokens generated, reasoning included"),
    Column("reasoning_tokens", "Int64", "tokens", "those up to the end of the reasoning; empty where it isn't marked"),
    Column("cached_tokens", "Int64", "tokens", "prompt tokens whose prefill the engine could skip"),
    Column("prefill_flops", "float64", "FLOPs", "computed from the prompt tokens, cached or not"),
    Column("decode_flops", "float64", "FLOPs", "computed from the tokens decoded, at their context lengths"),
    Column("latency_seconds", "float64", "s", "wall time from the request to its last token, waiting included"),
    Column("first_token_seconds", "float64", "s", "wall time from the request to its first token, waiting included"),
    Column("verify_steps", "Int64", "steps", "forwards that checked drafted tokens; empty: no speculative decoding"),
    Column("drafted_tokens", "Int64", "tokens", "tokens proposed for these steps"),
    Column("accepted_tokens", "Int64", "tokens", "proposed tokens that were kept"),
)
"""``summary/completions.parquet``: one row per completion."""

CELLS = (
    Column("model", "str", "", "model id"),
    Column("model_name", "str", "", "name to show"),
    Column("family", "str", "", "model family"),
    Column("kind", "str", "", "dense, moe, hybrid or control"),
    Column("type", "str", "", "reasoning, instruct or base"),
    Column("release_date", "str", "ISO date", "release date of the model; empty for controls"),
    Column("total_parameters", "Int64", "parameters", "all weights"),
    Column("active_parameters", "Int64", "parameters", "weights used for one token"),
    Column("benchmark", "str", "", "benchmark id"),
    Column("benchmark_name", "str", "", "name to show"),
    Column("n_items", "int64", "items", "items graded"),
    Column("n_samples", "int64", "samples", "completions per item"),
    Column("accuracy", "float64", "fraction", "mean over items of the share of correct samples"),
    Column("accuracy_se", "float64", "fraction", "standard error of accuracy, clustered by item"),
    Column(
        "accuracy_low",
        "float64",
        "fraction",
        "lower end of the 95 % interval (Wilson, at the clustered standard error's effective size)",
    ),
    Column("accuracy_high", "float64", "fraction", "upper end of the 95 % interval"),
    Column(
        "accuracy_if_undecided_wrong",
        "float64",
        "fraction",
        "accuracy if all that is open were wrong: unparsed, timeout, crashed, and what the two graders disagree on; "
        "other no_answer and truncated are facts, and not correct in both bounds",
    ),
    Column("accuracy_if_undecided_right", "float64", "fraction", "accuracy if all of that were right"),
    Column("crosschecked_rate", "float64", "fraction", "completions that the second grader decided"),
    Column(
        "disagreement_rate",
        "float64",
        "fraction",
        "completions that the graders disagree on, of those that both decided: "
        "the first by correct, wrong or no_answer, the second by correct or wrong",
    ),
    Column("judge", "str", "", "language model that judged what the graders leave open; empty: none"),
    Column("judged_rate", "float64", "fraction", "completions that it judged"),
    Column("accuracy_with_judge", "float64", "fraction", "accuracy if the judge's word counts for those"),
    Column("judge_flops_mean", "float64", "FLOPs", "the judge's FLOPs / all completions of the cell"),
    *_verdict_rates(),
    Column("looping_rate", "float64", "fraction", "completions that end in a loop, whatever the verdict"),
    Column("truncated_looping_rate", "float64", "fraction", "completions that are truncated and end in a loop"),
    Column("prompt_tokens_mean", "float64", "tokens", "mean prompt length"),
    Column("prompt_tokens_p50", "float64", "tokens", "median prompt length"),
    Column("prompt_tokens_p95", "float64", "tokens", "95th percentile of the prompt length"),
    Column("completion_tokens_mean", "float64", "tokens", "mean completion length"),
    Column("completion_tokens_p50", "float64", "tokens", "median completion length"),
    Column("completion_tokens_p95", "float64", "tokens", "95th percentile of the completion length"),
    Column("reasoning_tokens_mean", "float64", "tokens", "mean reasoning length, part of the completion"),
    Column("cached_tokens_mean", "float64", "tokens", "mean prompt tokens whose prefill the engine could skip"),
    Column("prefill_flops_mean", "float64", "FLOPs", "mean prefill FLOPs per completion"),
    Column("decode_flops_mean", "float64", "FLOPs", "mean decode FLOPs per completion"),
    Column("total_flops_mean", "float64", "FLOPs", "mean prefill + decode FLOPs per completion"),
    Column("total_flops_se", "float64", "FLOPs", "standard error of total_flops_mean, clustered by item"),
    Column("total_flops_correct_mean", "float64", "FLOPs", "mean total FLOPs of correct completions"),
    Column("total_flops_incorrect_mean", "float64", "FLOPs", "mean total FLOPs of all other completions"),
    Column(
        "load_seconds", "float64", "s", "wall time to load the engine (last attempt, servers started anew included)"
    ),
    Column("warmup_seconds", "float64", "s", "wall time from there until it took requests (last attempt)"),
    Column("generation_seconds", "float64", "s", "wall time spent generating, over all attempts"),
    Column("wall_seconds", "float64", "s", "load_seconds + generation_seconds, and warmup_seconds where there is one"),
    Column("tokens_per_second", "float64", "tokens/s", "completion tokens / generation_seconds"),
    Column("latency_seconds_p50", "float64", "s", "median wall time of a completion, waiting included"),
    Column("latency_seconds_p95", "float64", "s", "95th percentile of it"),
    Column("first_token_seconds_p50", "float64", "s", "median wall time to the first token, waiting included"),
    Column("first_token_seconds_p95", "float64", "s", "95th percentile of it"),
    Column("gpus", "Int64", "GPUs", "GPUs in use"),
    Column(
        "gpu_seconds",
        "float64",
        "GPU s",
        "GPUs x wall seconds of load, warm-up and generation, over all attempts that finished completions",
    ),
    Column(
        "energy_joules",
        "float64",
        "J",
        "energy of these GPUs while generating, loading and warm-up left out, over all attempts that finished completions",
    ),
    Column("load_energy_joules", "float64", "J", "their energy while loading and warming up, over the same attempts"),
    Column(
        "peak_memory_bytes",
        "Int64",
        "bytes",
        "peak memory: of a device on a GPU; on a CPU the resident set, where the generating process holds the model",
    ),
    Column("weights_bytes", "Int64", "bytes", "memory of the weights on each device, as the engine says"),
    Column("kv_cache_bytes", "Int64", "bytes", "memory that the engine set aside on each device for keys and values"),
    Column(
        "executed_prefill_flops_mean",
        "float64",
        "FLOPs",
        "as prefill_flops_mean, without the prompt tokens that the engine found in its cache",
    ),
    Column(
        "tokens_per_step_mean",
        "float64",
        "tokens",
        "tokens that a step of speculative decoding gave, its own among them",
    ),
    Column(
        "executed_decode_flops_mean",
        "float64",
        "FLOPs",
        "as decode_flops_mean, with drafted tokens that were rejected (the draft model's own FLOPs left out)",
    ),
    Column("seconds_per_completion", "float64", "s", "generation_seconds / completions"),
    Column("gpu_seconds_per_completion", "float64", "GPU s", "GPUs x generation_seconds / completions"),
    Column("energy_joules_per_completion", "float64", "J", "energy_joules / completions"),
    Column("usd_per_completion", "float64", "USD", "gpu_seconds_per_completion at the price on the device's card"),
    Column(
        "mfu",
        "float64",
        "fraction",
        "model FLOPs utilisation: executed prefill and decode FLOPs / what the device card's peak allows in that time",
    ),
    Column("engine", "str", "", "engine that generated"),
    Column("engine_version", "str", "", "its version"),
    Column("device", "str", "", "device it ran on"),
    Column("dtype", "str", "", "data type of weights and activations"),
    Column("quantization", "str", "", "how the weights are quantized; empty: not, as far as the engine says"),
    Column("attention_backend", "str", "", "implementation of attention"),
    Column("revision", "str", "", "revision of the weights (40 hex digits)"),
)
"""``summary/cells.csv``: one row per (model, benchmark). What was not measured is empty, never 0."""

MODEL = (
    Column("model", "str", "", "model id"),
    Column("model_name", "str", "", "name to show"),
    Column("family", "str", "", "model family"),
    Column("kind", "str", "", "dense, moe or hybrid"),
    Column("type", "str", "", "reasoning, instruct or base"),
)
"""What the tables of the analysis, which has no controls, say of a model."""

ABSENT_CELLS = (
    Column("model", "str", "", "model id"),
    Column("benchmark", "str", "", "benchmark id"),
    Column("reason", "str", "", "why the cell is not in cells.csv"),
)
"""``summary/absent_cells.csv``: cells of the grid that have no row, and why."""


def names(table: tuple[Column, ...]) -> list[str]:
    """Return the column names of a table, in order."""
    return [column.name for column in table]
