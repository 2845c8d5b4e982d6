"""An SGLang server for one model: started for it or found running, and asked what it really runs with."""

from __future__ import annotations

import json
import logging
import math
import secrets
import sys
import time
from pathlib import Path

from ..errors import InputError
from ..serving.client import answers, get_json
from ..serving.process import KILLED, OUT_OF_MEMORY, PORT_TAKEN, ServerDied, ServerProcess, free_port

log = logging.getLogger(__name__)

STREAM_INTERVAL = 256
"""Tokens between two messages of a streamed reply; the first token always comes at once."""

ASK_SECONDS = 5
"""How often a server that isn't ours is asked whether it is there."""

STARTS = 3
"""Servers started in a row, when one finds its port taken or is killed while it loads."""
MEMORY_STEP = 0.05
"""By how much the memory fraction is lowered after the server ran out of memory under way."""

OWN_ARGUMENTS = {
    "model-path",
    "host",
    "port",
    "device",
    "tp-size",
    "tensor-parallel-size",
    "context-length",
    "random-seed",
    "stream-interval",
    "dtype",
    "quantization",
    "kv-cache-dtype",
    "enable-deterministic-inference",
    "mem-fraction-static",
    "attention-backend",
    "reasoning-parser",
    "trust-remote-code",
    "allow-auto-truncate",
    "api-key",
    "admin-api-key",
}
"""Server arguments that have a setting of their own, or would make a completion other than what was asked."""

IN_FORCE = (
    *("dtype", "quantization", "kv_cache_dtype", "context_length", "tp_size", "dp_size", "pp_size", "ep_size"),
    *("mem_fraction_static", "max_total_num_tokens", "max_running_requests", "chunked_prefill_size", "page_size"),
    *("attention_backend", "prefill_attention_backend", "decode_attention_backend", "sampling_backend"),
    *("moe_runner_backend", "mamba_backend", "grammar_backend", "schedule_policy", "disable_radix_cache"),
    *("disable_cuda_graph", "disable_overlap_schedule", "speculative_algorithm", "enable_deterministic_inference"),
    *("reasoning_parser", "trust_remote_code", "load_format", "revision", "random_seed", "stream_interval"),
    *("sampling_defaults", "preferred_sampling_params", "device", "model_path"),
)
"""What is kept of the arguments that the server says it runs with."""


class SGLangServer:
    """A server that has loaded the model, once :meth:`start` has returned.

    Parameters
    ----------
    model : dict
        ``weights`` (folder), ``context_length`` (tokens or None), ``source`` (of the card), ``log`` (path for what the
        server prints).
    settings : dict
        Of the engine.

    Attributes
    ----------
    url : str
    dtype : str
        Precision of weights and activations.
    vocabulary : float
        Tokens that the weights know; infinite where config.json doesn't say.
    info : dict
        What the server says it runs with.
    load_seconds, warmup_seconds : float
        Until it answered, and from then until it had generated; summed over ``starts`` servers.
    """

    def __init__(self, model: dict, settings: dict):
        self.model, self.settings = model, settings
        folder = Path(model["weights"])
        config = _read_config(folder)
        self.context_length = model["context_length"] or _context_of(config, folder)
        self.vocabulary = config.get("vocab_size") or math.inf
        self.dtype = settings["dtype"] if settings["dtype"] != "auto" else _dtype_of(config, folder)
        self._quantization = (config.get("quantization_config") or {}).get("quant_method")
        self._asked_at = 0.0
        self.is_ours = settings["base_url"] is None
        self.url = settings["base_url"]
        self.info: dict = {}
        self.load_seconds = self.warmup_seconds = 0.0
        self.starts = 0
        self._memory_fraction = settings["memory_fraction"]
        self._seed: int | None = None
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start the server, or find the one that runs, and read back what it runs with.

        Another is started where its port was taken meanwhile, or something killed it.

        Raises
        ------
        InputError
            It can't be started, or runs with something else than gives completions their meaning.
        """
        if not self.is_ours:
            self._attach()
            self._read_info()
        for left in reversed(range(STARTS if self.is_ours else 0)):
            try:
                self._launch()
                self._read_info()
                break
            except ServerDied as death:
                self.close()
                if death.kind not in (PORT_TAKEN, KILLED) or not left:
                    raise InputError(f"{self.model['weights']}: SGLang can't be started. {death}") from death
        self._check_in_force()

    def restart(self, death: ServerDied) -> None:
        """Start a server in the place of one that died or hangs; ending that one counts as loading too."""
        clock = time.perf_counter()
        self.close()
        self.load_seconds += time.perf_counter() - clock
        in_force = self.info.get("mem_fraction_static")
        if death.kind == OUT_OF_MEMORY and in_force:
            # It ran out beside what this share takes, so that share must be smaller.
            self._memory_fraction = round(in_force - MEMORY_STEP, 3)
            log.warning("with memory fraction %s instead of %s", self._memory_fraction, in_force)
        self.start()

    def check(self) -> None:
        """Raise ServerDied if the server has ended; one that isn't ours is asked every few seconds."""
        if self._process:
            self._process.check()
        elif time.monotonic() - self._asked_at > ASK_SECONDS:
            self._asked_at = time.monotonic()
            if not answers(f"{self.url}/model_info", seconds=30):
                raise ServerDied(f"The server at {self.url} (engine.base_url) doesn't answer any more.")

    def close(self) -> None:
        """End the server, if it is ours."""
        if self._process:
            self._process.stop()
            self._process = None

    def _launch(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        python = self.settings["python"] or sys.executable
        cpu = {"SGLANG_USE_CPU_ENGINE": "1"} if self.settings["device"] == "cpu" else {}
        # The weights are all here, and a compute node may have no network to wait for.
        environment = {"HF_HUB_OFFLINE": "1", **cpu}
        self.starts += 1
        # Of its own for every server: one that was started anew must not draw the same numbers again.
        self._seed = secrets.randbelow(2**30)
        self._process = ServerProcess(
            [python, "-m", "sglang.launch_server", *self.arguments(port)], environment, Path(self.model["log"])
        )
        clock, seconds = time.perf_counter(), self.settings["start_seconds"]
        self._process.wait_until(lambda: answers(f"{self.url}/model_info"), seconds, "up")
        loaded = time.perf_counter()
        self.load_seconds += loaded - clock
        # Healthy only after it has generated a token; it takes a second over that, or many when it is busy.
        self._process.wait_until(lambda: answers(f"{self.url}/health", seconds=30), seconds, "ready")
        self.warmup_seconds += time.perf_counter() - loaded

    def _read_info(self) -> None:
        try:
            self.info = get_json(f"{self.url}/server_info", seconds=60)
        except (OSError, ValueError) as error:
            raise InputError(f"{self.url}/server_info: the server doesn't say what it runs with: {error}") from error
        if self.is_ours and self.info.get("random_seed") != self._seed:
            raise ServerDied("Another server answers on the port that was free a moment ago.", PORT_TAKEN)

    def arguments(self, port: int) -> list[str]:
        """Return the arguments that the server is started with."""
        settings = self.settings
        named = {
            "model-path": self.model["weights"],
            "host": "127.0.0.1",
            "port": port,
            "device": settings["device"],
            "tp-size": settings["gpus"],
            # By name: SGLang's own "auto" would run a float32 checkpoint in float16.
            "dtype": self.dtype,
            "kv-cache-dtype": settings["kv_cache_dtype"],
            "quantization": settings["quantization"],
            "context-length": self.context_length,
            "mem-fraction-static": self._memory_fraction,
            "attention-backend": settings["attention_backend"],
            "reasoning-parser": settings["reasoning_parser"],
            "enable-deterministic-inference": settings["deterministic"],
            "trust-remote-code": settings["trust_remote_code"] is not None,
            "stream-interval": STREAM_INTERVAL,
            "random-seed": self._seed,
            **settings["arguments"],
        }
        flat = []
        for name, value in named.items():
            if value is None or value is False:
                continue
            flat += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        return flat

    def _attach(self) -> None:
        try:
            served = get_json(f"{self.url}/model_info")["model_path"]
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{self.url} (engine.base_url): no SGLang server answers there: {error}") from error
        source = self.model["source"]
        same = Path(served).is_dir() and Path(served).resolve() == Path(self.model["weights"]).resolve()
        if not same and "hub_id" in source and served == source["hub_id"]:
            same = get_json(f"{self.url}/server_info").get("revision") == source["revision"]
        if not same:
            raise InputError(
                f"{self.url} (engine.base_url) serves {served}, not {self.model['weights']} at the card's revision. Start it with --model-path of that folder."
            )

    def _check_in_force(self) -> None:
        """Raise InputError where the server runs with something else than what gives completions their meaning."""
        allowed = {
            "dtype": {self.dtype},
            "kv_cache_dtype": {self.settings["kv_cache_dtype"]},
            "quantization": {self.settings["quantization"]},
            "enable_deterministic_inference": {self.settings["deterministic"]},
        }
        if self.is_ours:
            # What wasn't asked for, the server may resolve by itself, as the checkpoint says.
            for name, unasked in (("kv_cache_dtype", "auto"), ("quantization", None)):
                if allowed[name] == {unasked}:
                    del allowed[name]
        else:
            # SGLang's auto is the checkpoint's precision, but float16 for a checkpoint of float32.
            if self.settings["dtype"] == "auto" and self.dtype != "float32":
                allowed["dtype"].add("auto")
            if self.settings["quantization"] is None:
                allowed["quantization"].add(self._quantization)
        for name, values in allowed.items():
            if self.info.get(name) not in values:
                wanted = " or ".join(sorted(map(repr, values)))
                raise InputError(
                    f"SGLang runs with {name} = {self.info.get(name)!r}, not {wanted} as asked; completions would be taken for something else."
                )
        room = min(self.context_length, self.info.get("context_length") or self.context_length)
        if room < self.context_length:
            raise InputError(f"SGLang runs with a context of {room} tokens, not {self.context_length} as asked.")

    @property
    def capacity(self) -> float:
        """Tokens that the key-value cache holds; infinite where the server doesn't say."""
        return self.info.get("max_total_num_tokens") or math.inf

    @property
    def state(self) -> dict:
        """The server's live state, of its first copy of the model."""
        return (self.info.get("internal_states") or [{}])[0]

    def in_force(self) -> dict:
        """Return those of the arguments it runs with that are worth keeping."""
        return {
            **{name: self.info[name] for name in IN_FORCE if name in self.info},
            "effective_max_running_requests": self.state.get("effective_max_running_requests_per_dp"),
        }

    def memory(self) -> dict[str, int | None]:
        """Return bytes of weights and of key-value cache on one GPU, as the server says.

        It takes the weights for what free memory shrank by while they were loaded, so on a CPU they aren't known.
        """
        usage = self.state.get("memory_usage") or {}
        weights = usage.get("weight") if self.info.get("device") != "cpu" else None
        return {"weights_bytes": _bytes(weights), "kv_cache_bytes": _bytes(usage.get("kvcache"))}


def _read_config(folder: Path) -> dict:
    """Return a model's config.json; of a multimodal one its language model's part over the rest."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return {**config, **(config.get("text_config") or {})}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{folder}/config.json: can't be read: {error}") from error


def _dtype_of(config: dict, folder: Path) -> str:
    dtype = config.get("dtype") or config.get("torch_dtype")
    if dtype not in ("bfloat16", "float16", "float32"):
        raise InputError(
            f"{folder}/config.json has dtype {dtype!r}; say on the model card in which precision it runs: serving.dtype."
        )
    return dtype


def _context_of(config: dict, folder: Path) -> int:
    length = config.get("max_position_embeddings")
    if not isinstance(length, int):
        raise InputError(
            f"{folder}/config.json doesn't say max_position_embeddings; set context_length on the model card."
        )
    return length


def _bytes(gibibytes: float | None) -> int | None:
    """Return bytes for SGLang's figure, which it rounds to thousandths of a GiB."""
    return None if gibibytes is None or not math.isfinite(gibibytes) else round(gibibytes * 2**30)
