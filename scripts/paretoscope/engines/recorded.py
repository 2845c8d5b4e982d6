"""Recorded responses: completions that somebody generated elsewhere, read from JSON-lines files.

A file holds one cell, one response per line: at least the item's id, the response's text and its number of completion
tokens. What the recording doesn't say (finish reason, prompt tokens, seconds) stays empty, and so does what nobody here
knows of how it came about: sampling, seed, GPUs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields

from ..errors import InputError, suggest
from ..files import read_jsonl
from ..schema import FINISH_REASONS, Completion, Request, Sampling

MAX_COUNT = 2**31 - 1
PLACEHOLDERS = ("{model}", "{model_name}", "{benchmark}")

PROTOCOL = 1
NEEDS_WEIGHTS = False
KEEPS = False
ENVIRONMENT = "analysis"
KEYED_SETTINGS = ("columns", "ignore_unknown_items")
SETTINGS = {
    "traces": {
        "description": "Path of a cell's file, relative to the study; {model}, {model_name} and {benchmark} are replaced. Or one such path per benchmark id.",
        "oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}],
    },
    "columns": {
        "description": "Names of the fields in a line. sample, prompt_tokens and finish_reason are null where the recording has none.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "item_id": {"description": "Id of the item in the benchmark.", "type": "string", "default": "item_id"},
            "text": {"description": "The generated text, reasoning included.", "type": "string", "default": "text"},
            "completion_tokens": {"description": "Tokens generated.", "type": "string", "default": "completion_tokens"},
            "prompt_tokens": {"description": "Tokens of the prompt.", "type": ["string", "null"], "default": None},
            "sample": {
                "description": "0-based sample index; null: all are sample 0.",
                "type": ["string", "null"],
                "default": None,
            },
            "finish_reason": {"description": "stop or length.", "type": ["string", "null"], "default": None},
        },
        "default": {},
    },
    "ignore_unknown_items": {
        "description": "Skip lines whose item the benchmark doesn't have, instead of refusing the file.",
        "type": "boolean",
        "default": False,
    },
}

NOT_KNOWN = "not known: recorded elsewhere"
COSTS = (
    *("load_seconds", "warmup_seconds", "generation_seconds", "gpus", "energy_joules", "load_energy_joules"),
    *("peak_memory_bytes", "weights_bytes", "kv_cache_bytes"),
)
"""What only those who generated could measure."""

KINDS = {str: "text", int: "a whole number", type(None): "null"}
"""Types of fields, as messages name them."""


def resolve(settings: dict, relative) -> dict:
    """Return the settings with paths relative to the working folder instead of the study's."""
    traces = settings["traces"]
    for path in [traces] if isinstance(traces, str) else traces.values():
        for placeholder in re.findall(r"\{.*?\}", path):
            if placeholder not in PLACEHOLDERS:
                raise InputError(
                    f"engine.traces: unknown placeholder {placeholder}.{suggest(placeholder, PLACEHOLDERS)}"
                )
    resolved = (
        relative(traces)
        if isinstance(traces, str)
        else {benchmark: relative(path) for benchmark, path in traces.items()}
    )
    return {**settings, "traces": resolved}


def files(settings: dict, model: dict, benchmark: dict) -> list[str]:
    """Return the path of a cell's file."""
    traces = settings["traces"]
    if not isinstance(traces, str):
        if benchmark["id"] not in traces:
            raise InputError(
                f"engine.traces: no path for the benchmark '{benchmark['id']}'. Add one, or exclude the cell with its reason."
            )
        traces = traces[benchmark["id"]]
    for name, value in (("{model}", model["id"]), ("{model_name}", model["name"]), ("{benchmark}", benchmark["id"])):
        traces = traces.replace(name, value)
    return [traces]


@contextmanager
def open_engine(model: dict, sampling: Sampling, settings: dict, files: Sequence[str]) -> Iterator[Recorded]:
    """Give an engine that reads ``files[0]``."""
    yield Recorded(files[0], settings)


class Recorded:
    """Looks up requests in one file.

    Raises
    ------
    InputError
        The file is damaged; a line has an item the benchmark doesn't have, an item twice, a field that is missing or of
        the wrong kind, or a negative token count; or requested items are missing. File and line are named.
    """

    def __init__(self, path: str, settings: dict):
        self.path = path
        self.columns = settings["columns"]
        self.ignore_unknown_items = settings["ignore_unknown_items"]

    def describe(self) -> dict:
        """Return what there is to say of it: the recording names neither engine nor device, nor how it was sampled.

        The study's sampling and seed had no effect on it.
        """
        sampling = dict.fromkeys(field.name for field in fields(Sampling))
        return {
            **{"version": None, "device": None, "recording": self.path, "sampling": sampling, "seed": None},
            "ignored": dict.fromkeys((*sampling, "seed"), NOT_KNOWN),
        }

    def costs(self) -> dict:
        """Return why no cost is known."""
        return {"unmeasured": dict.fromkeys(COSTS, NOT_KNOWN)}

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Completion]]:
        """Yield all completions in one batch, in the order of the requests."""
        wanted = {(r.item_id, r.sample) for r in requests}
        items = {r.item_id for r in requests}
        found: dict[tuple[str, int], Completion] = {}
        for number, row in read_jsonl(self.path):
            completion = self._completion(row, number)
            key = (completion.item_id, completion.sample)
            if completion.item_id not in items:
                if not self.ignore_unknown_items:
                    raise self._error(
                        number,
                        f"the benchmark has no item '{completion.item_id}'. Remove the line, or set engine.ignore_unknown_items.",
                    )
            elif key in found:
                raise self._error(number, f"item '{key[0]}', sample {key[1]} was recorded on an earlier line already.")
            elif key in wanted:
                found[key] = completion
        missing = [key for key in ((r.item_id, r.sample) for r in requests) if key not in found]
        if missing:
            shown = ", ".join(f"{item} (sample {sample})" for item, sample in missing[:10])
            more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
            raise InputError(
                f"{self.path}: {len(missing)} of {len(requests)} responses are missing: {shown}{more}. Record them, or take the items out of the benchmark."
            )
        yield [found[r.item_id, r.sample] for r in requests]

    def _completion(self, row: dict, number: int) -> Completion:
        finish_reason = self._field(row, "finish_reason", number, (str, type(None)))
        if finish_reason not in (*FINISH_REASONS, None):
            raise self._error(
                number,
                f"{self.columns['finish_reason']} is '{finish_reason}'; it must be one of {', '.join(FINISH_REASONS)}, or null.",
            )
        return Completion(
            item_id=str(self._field(row, "item_id", number, (str, int))),
            sample=self._count(row, "sample", number) or 0,
            text=self._field(row, "text", number, (str,)),
            finish_reason=finish_reason,
            prompt_tokens=self._count(row, "prompt_tokens", number),
            completion_tokens=self._count(row, "completion_tokens", number),
        )

    def _field(self, row: dict, name: str, number: int, kinds: tuple):
        column = self.columns[name]
        if column is None:
            return None
        if column not in row:
            raise self._error(number, f"the field '{column}' ({name}) is missing. Fields there: {', '.join(row)}.")
        if not isinstance(row[column], kinds) or isinstance(row[column], bool):
            raise self._error(
                number,
                f"{column} ({name}) is {row[column]!r:.60}; expected {' or '.join(KINDS[kind] for kind in kinds)}.",
            )
        return row[column]

    def _count(self, row: dict, name: str, number: int) -> int | None:
        value = self._field(row, name, number, (int,))
        least = 1 if name == "prompt_tokens" else 0
        if value is not None and not least <= value <= MAX_COUNT:
            raise self._error(number, f"{self.columns[name]} ({name}) is {value}; it must be {least} to {MAX_COUNT}.")
        return value

    def _error(self, number: int, message: str) -> InputError:
        return InputError(f"{self.path}, line {number}: {message}")
