"""SGLang, as a server that is started for the cell, or one that already runs.

A server process rather than SGLang's engine within ours: a crash, a kill for memory or a hang of one can't take the
other along, its output is a log of its own, it may live in another environment, and the path is the one that SGLang's
users run. What that costs beside the engine in process is in docs/performance.md.

Prompts are rendered and tokenized here and sent as token ids, so that what the model reads is what the meta file says.
Settings in force are read back from the server; one that changes the meaning of a completion and isn't in force as
asked is an error. SGLang ends a request two tokens short of its context, so completions get that much less room.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict

from ..errors import InputError
from ..schema import Completion, Request, Sampling
from ..serving.client import BadReply, Reply, stream_replies
from ..serving.leases import lease_gpus
from ..serving.nvml import GpuMeter
from ..serving.process import ServerDied
from ._chat import ChatTokenizer
from ._sglang_server import OWN_ARGUMENTS, SGLangServer

log = logging.getLogger(__name__)

PROTOCOL = 1
NEEDS_WEIGHTS = True
KEEPS = True
CONSTRAINS = True
CONTINUES = True
ENVIRONMENT = "sglang"
KEYED_SETTINGS = ("dtype", "quantization", "kv_cache_dtype", "deterministic")
CARD_SETTINGS = (
    "gpus",
    "dtype",
    "quantization",
    "kv_cache_dtype",
    "memory_fraction",
    "attention_backend",
    "reasoning_parser",
    "trust_remote_code",
)
SETTINGS = {
    "python": {
        "description": "Python interpreter that has SGLang, relative to the study; null: the one that runs the job.",
        "type": ["string", "null"],
        "default": None,
    },
    "base_url": {
        "description": "A server that already runs and serves this model, as http://host:port; null: one is started.",
        "type": ["string", "null"],
        "pattern": "^https?://[^/]+$",
        "default": None,
    },
    "device": {"description": "What the server runs on.", "enum": ["cuda", "cpu"], "default": "cuda"},
    "gpus": {
        "description": "GPUs that the weights are split over (tensor parallel); a model card says it for its model.",
        "type": "integer",
        "minimum": 1,
        "default": 1,
    },
    "dtype": {
        "description": "Precision of weights and activations; auto: the checkpoint's.",
        "enum": ["auto", "bfloat16", "float16", "float32"],
        "default": "auto",
    },
    "quantization": {
        "description": "Quantisation as SGLang names it; null: as the checkpoint is stored.",
        "type": ["string", "null"],
        "default": None,
    },
    "kv_cache_dtype": {
        "description": "Precision of the key-value cache; auto: the model's.",
        "enum": ["auto", "bfloat16", "fp8_e4m3", "fp8_e5m2"],
        "default": "auto",
    },
    "deterministic": {
        "description": "SGLang's deterministic inference: slower, and only then every completion keeps to its own seed.",
        "type": "boolean",
        "default": False,
    },
    "memory_fraction": {
        "description": "Share of GPU memory for weights and key-value cache; null: SGLang decides.",
        "type": ["number", "null"],
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "default": None,
    },
    "attention_backend": {
        "description": "Attention kernels as SGLang names them; null: SGLang decides.",
        "type": ["string", "null"],
        "default": None,
    },
    "reasoning_parser": {
        "description": "SGLang's parser of the model's reasoning; null: none. The text is kept whole either way.",
        "type": ["string", "null"],
        "default": None,
    },
    "trust_remote_code": {
        "description": "Why a model's own Python code may be run; null: it may not. Belongs on a model card.",
        "type": ["string", "null"],
        "default": None,
    },
    "arguments": {
        "description": "Further arguments of SGLang's server by their names without the dashes; true for a mere switch.",
        "type": "object",
        "propertyNames": {"pattern": "^[a-z][a-z0-9-]*$"},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
        "default": {},
    },
    "concurrency": {
        "description": "Requests under way at a time; SGLang queues what it can't run yet.",
        "type": "integer",
        "minimum": 1,
        "default": 512,
    },
    "start_seconds": {
        "description": "Time that a server has to load the model and get ready.",
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 1800,
    },
    "stall_seconds": {
        "description": "Without a new token in any request for this long, the server counts as hung and is started anew.",
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 600,
    },
    "restarts": {
        "description": "Servers started in a row in which nothing was finished, before the cell is given up.",
        "type": "integer",
        "minimum": 0,
        "default": 2,
    },
    "retries": {
        "description": "Further tries of a request that gets an error or a malformed reply.",
        "type": "integer",
        "minimum": 0,
        "default": 3,
    },
}

ASKED = (*CARD_SETTINGS, "deterministic", "arguments")
"""Settings that a server of ours is started with."""

_SPECULATION = {
    "verify_steps": "spec_verify_ct",
    "drafted_tokens": "spec_num_proposed_drafts",
    "accepted_tokens": "spec_num_correct_drafts",
}
"""Fields of a completion, and what SGLang calls them in a reply's ``meta_info`` under speculative decoding."""

RESERVED_TOKENS = 2
"""Tokens of the context that SGLang leaves unused: it ends a request at prompt + completion = context - 2."""


def files(settings: dict, model: dict, benchmark: dict) -> list[str]:
    """Return no files: completions depend on the weights and the items alone."""
    return []


def resolve(settings: dict, relative) -> dict:
    """Return the settings with the interpreter's path as seen from the working folder.

    Raises
    ------
    InputError
        An argument stands under ``arguments`` that is not to be given there.
    """
    for name in settings["arguments"]:
        if name in OWN_ARGUMENTS:
            raise InputError(f"engine.arguments.{name}: it can't be given there; config/README.md lists the settings.")
    return {**settings, "python": relative(settings["python"]) if settings["python"] else None}


@contextmanager
def open_engine(model: dict, sampling: Sampling, settings: dict, files: Sequence[str]) -> Iterator[SGLang]:
    """Start a server for the model (or find the one that runs) and give the engine; the server ends with the context.

    Raises
    ------
    InputError
        The server can't be started, or serves something else than was asked for.
    """
    with ExitStack() as stack:
        server = SGLangServer(model, settings)
        uses_gpus = settings["device"] == "cuda" and server.is_ours
        count = settings["gpus"] if uses_gpus else 0
        stack.enter_context(lease_gpus(count))
        gpus = stack.enter_context(GpuMeter(count))
        stack.callback(server.close)
        with gpus.loading():
            chat = ChatTokenizer(model, trust_remote_code=settings["trust_remote_code"] is not None)
            server.start()
        engine = SGLang(chat, sampling, settings, server, gpus)
        engine.check_capacity()
        yield engine


class SGLang:
    """Asks a server for completions, and starts another where one dies.

    Parameters
    ----------
    server : SGLangServer
        Started.
    gpus : GpuMeter
        Measuring since before the server was started.
    """

    def __init__(self, chat: ChatTokenizer, sampling: Sampling, settings: dict, server: SGLangServer, gpus: GpuMeter):
        self.chat, self.sampling, self.settings, self.server, self.gpus = chat, sampling, settings, server, gpus

    def check_capacity(self) -> None:
        """Raise InputError if the server's memory can't hold one completion of the length that may come."""
        if self.sampling.max_new_tokens is None:
            self._require_capacity(self.server.context_length, "a completion")

    def _require_capacity(self, tokens: int, what: str) -> None:
        # SGLang would cut such a completion short, or let it and all others wait for ever.
        if tokens > self.server.capacity:
            raise InputError(
                f"{what} may take {tokens} tokens with its prompt, and the key-value cache holds {self.server.capacity}. Use more GPUs (serving.gpus), a larger memory_fraction, kv_cache_dtype fp8_e4m3, or a smaller max_new_tokens."
            )

    def describe(self) -> dict:
        """Return version, devices, backends, and the settings and sampling asked and in force."""
        from ..provenance import processor

        info, ignored = self.server.info, self._ignored()
        return {
            "version": info.get("version"),
            "device": ", ".join(dict.fromkeys(self.gpus.names)) or (processor() if self.server.is_ours else None),
            "devices": self.gpus.names,
            "driver": self.gpus.driver,
            "dtype": self.server.dtype,
            **{name: info.get(name) for name in ("quantization", "attention_backend")},
            "context_length": self.server.context_length,
            "asked": {name: self.settings[name] for name in (ASKED if self.server.is_ours else KEYED_SETTINGS)},
            "in_force": self.server.in_force(),
            "sampling": {name: value for name, value in asdict(self.sampling).items() if name not in ignored},
            "ignored": ignored,
            "servers_started": self.server.starts,
        }

    def loading_seconds(self) -> float:
        """Return the wall seconds spent so far on starting servers, those that replaced another included."""
        return self.server.load_seconds + self.server.warmup_seconds

    def costs(self) -> dict:
        """Return what the engine has cost so far, and ``unmeasured``: why a cost is None."""
        measured = {
            "load_seconds": self.server.load_seconds,
            "warmup_seconds": self.server.warmup_seconds,
            "gpus": len(self.gpus.names),
            "energy_joules": self.gpus.energy_joules(),
            "load_energy_joules": self.gpus.load_energy_joules(),
            "peak_memory_bytes": self.gpus.peak_memory_bytes(),
        }
        if self.server.is_ours:
            on_gpu_alone = ("peak_memory_bytes", "weights_bytes")
            unmeasured = {} if self.gpus.names else dict.fromkeys(on_gpu_alone, "only measured on a GPU")
        else:
            unmeasured = dict.fromkeys((*measured, "weights_bytes"), "the server was running before (engine.base_url)")
            measured = dict.fromkeys(measured)
        return {**measured, **self.server.memory(), "unmeasured": {**self.gpus.unmeasured, **unmeasured}}

    def _ignored(self) -> dict[str, str]:
        """Return the sampling settings that this server takes no notice of, each with the reason."""
        ignored = {}
        if self.sampling.temperature > 0 and not self.server.info.get("enable_deterministic_inference"):
            ignored["seed"] = "SGLang reads a request's seed only under deterministic inference (engine.deterministic)"
        if self.sampling.frequency_penalty and self.server.info.get("speculative_algorithm"):
            ignored["frequency_penalty"] = "SGLang applies no penalties under speculative decoding"
        return ignored

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Completion]]:
        """Yield completions as they finish; a server that died or hangs is started anew for what is missing.

        Raises
        ------
        InputError
            A request failed for good, or servers keep dying.
        """
        missing = {(request.item_id, request.sample): request for request in requests}
        fruitless = 0
        while missing:
            try:
                for completions in self._stream(list(missing.values())):
                    for completion in completions:
                        del missing[completion.item_id, completion.sample]
                    fruitless = 0
                    yield completions
            except ServerDied as death:
                fruitless += 1
                if fruitless > self.settings["restarts"]:
                    raise InputError(
                        f"SGLang failed {fruitless} times in a row with {len(missing)} completions missing; what was finished is kept. {death}"
                    ) from death
                log.warning("starting SGLang anew for %d missing completions. %s", len(missing), death)
                with self.gpus.loading():
                    self.server.restart(death)

    def _stream(self, requests: list[Request]) -> Iterator[list[Completion]]:
        yield from stream_replies(
            f"{self.server.url}/generate",
            (self._request(request) for request in requests),
            concurrency=self.settings["concurrency"],
            retries=self.settings["retries"],
            stall_seconds=self.settings["stall_seconds"],
            check_reply=self._completion,
            check_server=self.server.check,
        )

    def _request(self, request: Request) -> tuple[str, dict, tuple]:
        """Return a request's name, body, and what its reply is checked against."""
        ids = self.chat.prompt_ids(request)
        if max(ids, default=0) >= self.server.vocabulary:  # it would crash
            raise InputError(
                f"item '{request.item_id}': the tokenizer gives token {max(ids)}, and the model's vocabulary has {self.server.vocabulary}: they don't belong together."
            )
        room = self.server.context_length - RESERVED_TOKENS - len(ids)
        if room < 1:
            raise InputError(
                f"item '{request.item_id}': the prompt has {len(ids)} tokens, the model's context is {self.server.context_length}. Exclude the cell, with that as the reason."
            )
        limit = min(room, self.sampling.max_new_tokens or room)
        self._require_capacity(len(ids) + limit + RESERVED_TOKENS, f"item '{request.item_id}'")
        sampling = {
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "top_k": self.sampling.top_k or -1,
            "min_p": self.sampling.min_p,
            "frequency_penalty": self.sampling.frequency_penalty,
            "max_new_tokens": limit,
            "skip_special_tokens": False,
            "spaces_between_special_tokens": False,
            **({"sampling_seed": request.seed} if self.settings["deterministic"] else {}),
            **({"regex": f"({'|'.join(map(re.escape, request.choices))})"} if request.choices else {}),
        }
        name = f"item '{request.item_id}', sample {request.sample}"
        return name, {"input_ids": ids, "sampling_params": sampling}, (request, len(ids), limit)

    def _completion(self, asked: tuple[Request, int, int], reply: Reply) -> Completion:
        """Return the completion that a reply holds.

        Raises
        ------
        BadReply
            The reply lacks something, or is no answer to what was asked.
        """
        request, prompt_tokens, limit = asked
        try:
            text, ids, meta = reply.body["text"], reply.body["output_ids"], reply.body["meta_info"]
            reason = meta["finish_reason"]["type"]
            counted = meta["prompt_tokens"], meta["completion_tokens"]
        except (KeyError, TypeError) as error:
            raise BadReply(f"the reply has no {error}") from error
        if reason not in ("stop", "length"):
            raise BadReply(f"the server gave the request up: {meta['finish_reason']}")
        if not isinstance(text, str) or not isinstance(ids, list) or counted != (prompt_tokens, len(ids)):
            raise BadReply(f"the reply counts {counted} tokens where {(prompt_tokens, 'its output_ids')} are")
        if request.choices and reason == "stop" and text not in request.choices:
            raise InputError(
                f"item '{request.item_id}': SGLang gave {text[:80]!r} where only {' or '.join(request.choices)} was allowed; is its grammar_backend none?"
            )
        if reason == "length" and len(ids) != limit:
            raise InputError(
                f"item '{request.item_id}': SGLang ended the completion at {len(ids)} tokens, though it was given {limit}; its key-value cache may be too small."
            )
        return Completion(
            item_id=request.item_id,
            sample=request.sample,
            text=text,
            finish_reason=reason,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(ids),
            reasoning_tokens=self.chat.reasoning_tokens(ids, text),
            cached_tokens=meta.get("cached_tokens"),
            latency_seconds=reply.latency_seconds,
            first_token_seconds=reply.first_token_seconds,
            **_speculation(meta),
        )


def _speculation(meta: dict) -> dict[str, int | None]:
    """Return what a reply says of speculative decoding; None where there was none, or this version counts it not."""
    counted = {name: meta.get(key) for name, key in _SPECULATION.items()}
    return {name: count if type(count) is int and count >= 0 else None for name, count in counted.items()}
