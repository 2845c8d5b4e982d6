"""Hugging Face transformers, on a CPU or one GPU: static batches, left padding, a random stream per completion.

Each token is drawn by inverting the cumulative distribution at a uniform number from the completion's own stream
(Philox, keyed by its seed), so a completion depends neither on its neighbours in the batch nor on the order of batches,
up to rounding in the matrix products. Speculative decoding and continuous batching are left to other engines.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from ..errors import InputError
from ..schema import Completion, Request, Sampling
from ..serving.leases import lease_gpus
from ..serving.nvml import GpuMeter
from ._chat import ChatTokenizer

log = logging.getLogger(__name__)

PROTOCOL = 1
NEEDS_WEIGHTS = True
KEEPS = True
CONSTRAINS = True
CONTINUES = True
ENVIRONMENT = "transformers"
KEYED_SETTINGS = ("dtype", "attention")
SETTINGS = {
    "batch_size": {"description": "Completions generated together.", "type": "integer", "minimum": 1, "default": 64},
    "device": {
        "description": "cpu, cuda, or auto: a GPU where there is one.",
        "enum": ["auto", "cpu", "cuda"],
        "default": "auto",
    },
    "dtype": {
        "description": "Precision of weights and arithmetic. On a CPU float32 is by far the fastest.",
        "enum": ["checkpoint", "float32", "bfloat16", "float16"],
        "default": "checkpoint",
    },
    "attention": {"description": "Attention implementation.", "enum": ["sdpa", "eager"], "default": "sdpa"},
}


def files(settings: dict, model: dict, benchmark: dict) -> list[str]:
    """Return no files: completions depend on the weights and the items alone."""
    return []


@contextmanager
def open_engine(model: dict, sampling: Sampling, settings: dict, files: Sequence[str]) -> Iterator[Transformers]:
    """Load the model and give the engine.

    Raises
    ------
    InputError
        The folder has no usable model.
    """
    with lease_gpus(0 if settings["device"] == "cpu" else 1):
        engine = Transformers(model, sampling, settings)
        with GpuMeter(1 if engine.device == "cuda" else 0) as engine.gpus:
            yield engine


class Transformers:
    """A loaded model.

    Parameters
    ----------
    model : dict
        ``weights`` (folder), ``chat_template`` (keyword arguments), ``context_length`` (tokens or None), ``reasoning``
        (markers or None).
    """

    gpus: GpuMeter

    def __init__(self, model: dict, sampling: Sampling, settings: dict):
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, GenerationConfig
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # the job's own progress lines are enough
        self.sampling, self.settings = sampling, settings
        self.chat = ChatTokenizer(model)
        self.tokenizer = self.chat.tokenizer
        self.device = (
            settings["device"] if settings["device"] != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        )
        # By name the same on every device, so that one cell never mixes precisions.
        dtype = "auto" if settings["dtype"] == "checkpoint" else settings["dtype"]
        try:
            self.model, report = AutoModelForCausalLM.from_pretrained(
                model["weights"],
                dtype=dtype,
                attn_implementation=settings["attention"],
                use_safetensors=True,
                output_loading_info=True,
                trust_remote_code=False,
                local_files_only=True,
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            raise InputError(f"{model['weights']}: can't be loaded as a transformers model: {error}") from error
        if report["missing_keys"]:  # transformers would go on with random numbers in their place
            missing = ", ".join(sorted(report["missing_keys"])[:5])
            raise InputError(f"{model['weights']}: the weights lack {missing}. Get the model again.")
        self.model.eval().to(self.device)
        own = self.model.generation_config
        self.end_tokens = _as_list(own.eos_token_id if own.eos_token_id is not None else self.tokenizer.eos_token_id)
        if not self.end_tokens:
            raise InputError(f"{model['weights']}: neither generation config nor tokenizer names an end token.")
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token_id = self.end_tokens[0]
        # What the card asks for is what happens: nothing is taken silently from the checkpoint's own defaults.
        self.model.generation_config = GenerationConfig(
            eos_token_id=self.end_tokens, pad_token_id=self.tokenizer.pad_token_id, do_sample=False
        )
        self.context_length = model["context_length"] or self.model.config.get_text_config().max_position_embeddings

    def describe(self) -> dict:
        """Return version, device, backend and the sampling in force."""
        import torch
        import transformers

        from ..provenance import processor

        return {
            "version": transformers.__version__,
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name() if self.device == "cuda" else processor(),
            "threads": torch.get_num_threads(),
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "attention_backend": self.model.config._attn_implementation,
            "batch_size": self.settings["batch_size"],
            "context_length": self.context_length,
            "end_tokens": self.end_tokens,
            "sampling": asdict(self.sampling),
        }

    def costs(self) -> dict:
        """Return what the engine has cost so far, and ``unmeasured``: why a cost is None.

        On a CPU the peak memory is left to the process's own.
        """
        import torch

        on_gpu = self.device == "cuda"
        return {
            **({"peak_memory_bytes": torch.cuda.max_memory_allocated()} if on_gpu else {}),
            "gpus": int(on_gpu),
            "weights_bytes": self.model.get_memory_footprint(),
            "energy_joules": self.gpus.energy_joules(),
            "unmeasured": {
                **self.gpus.unmeasured,
                "warmup_seconds": "this engine has no warm-up",
                "load_energy_joules": "energy is measured once the model is loaded",
                "kv_cache_bytes": "this engine keeps no cache between batches",
            },
        }

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Completion]]:
        """Yield a batch of completions at a time, long prompts first so that memory is tried early."""
        texts = [self.chat.prompt(request) for request in requests]
        asked = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        prompts = [ids + self.chat.cut_ids(request) for ids, request in zip(asked, requests, strict=True)]
        lengths = [len(ids) for ids in prompts]
        order = sorted(range(len(requests)), key=lambda i: (-lengths[i], i))
        size = self.settings["batch_size"]
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            yield self._batch([requests[i] for i in batch], [prompts[i] for i in batch], [lengths[i] for i in batch])

    def _limit(self, request: Request, prompt_tokens: int) -> int:
        room = self.context_length - prompt_tokens
        if room < 1:
            raise InputError(
                f"item '{request.item_id}': the prompt has {prompt_tokens} tokens, the model's context is {self.context_length}. Exclude the cell, with that as the reason."
            )
        return min(room, self.sampling.max_new_tokens or room)

    def _batch(self, requests, prompts, lengths) -> list[Completion]:
        import torch
        from transformers import LogitsProcessorList

        limits = [self._limit(request, length) for request, length in zip(requests, lengths, strict=True)]
        inputs = self.tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(self.device)
        width = inputs["input_ids"].shape[1]
        processors = LogitsProcessorList(
            [
                *self._choosing(requests, width),
                *_processors(self.sampling, [r.seed for r in requests], max(limits), width, self.device),
            ]
        )
        try:
            with torch.inference_mode():
                output = self.model.generate(**inputs, max_new_tokens=max(limits), logits_processor=processors)
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"{len(requests)} completions of up to {max(limits)} tokens don't fit into the GPU's memory. Lower engine.batch_size; what is finished is kept."
            ) from error
        rows = output[:, inputs["input_ids"].shape[1] :].tolist()
        return [self._completion(*each) for each in zip(requests, rows, lengths, limits, strict=True)]

    def _choosing(self, requests: Sequence[Request], width: int) -> list:
        """Return a processor that holds completions to their choices; none where there are none."""
        if not any(request.choices for request in requests):
            return []
        spelled = {
            text: self.tokenizer(text, add_special_tokens=False)["input_ids"]
            for text in {text for request in requests for text in request.choices}
        }
        allowed = [[[*spelled[text], self.end_tokens[0]] for text in request.choices] for request in requests]
        return [_only(allowed, width)]

    def _completion(self, request: Request, tokens: list[int], prompt_tokens: int, limit: int) -> Completion:
        end = next((i for i, token in enumerate(tokens[:limit]) if token in self.end_tokens), None)
        used = limit if end is None else end + 1  # the end token is generated too, and costs a forward pass
        # Special tokens stay: some models mark their reasoning by them.
        text = self.tokenizer.decode(
            tokens[: used if end is None else end], skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return Completion(
            item_id=request.item_id,
            sample=request.sample,
            text=text,
            finish_reason="length" if end is None else "stop",
            prompt_tokens=prompt_tokens,
            completion_tokens=used,
            reasoning_tokens=self.chat.reasoning_tokens(tokens[:used], text),
            cached_tokens=0,  # nothing is kept between batches
        )


def _as_list(value) -> list[int]:
    return [value] if isinstance(value, int) else list(value or [])


def _processors(sampling: Sampling, seeds: list[int], limit: int, prompt_length: int, device: str) -> list:
    """Return transformers' logits processors for a sampling, ending in the draw itself."""
    from transformers.generation import logits_process as lp

    processors: list = []
    if sampling.frequency_penalty:
        processors.append(_frequency_penalty(sampling.frequency_penalty, prompt_length))
    if sampling.temperature == 0:
        return processors
    processors.append(lp.TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_k:
        processors.append(lp.TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        processors.append(lp.TopPLogitsWarper(sampling.top_p))
    if sampling.min_p:
        processors.append(lp.MinPLogitsWarper(sampling.min_p))
    return [*processors, _draw(seeds, limit, device)]


def _only(choices: list[list[list[int]]], prompt_length: int):
    """Return a processor that lets only those tokens through which go on with one of the row's choices.

    Parameters
    ----------
    choices : list of list of list of int
        For each row the token ids of its choices, end token included; a row without any is left alone.
    """
    import torch

    def process(input_ids, scores):
        limited = scores.clone()
        for row, completion in enumerate(input_ids[:, prompt_length:].tolist()):
            done = len(completion)
            nexts = {ids[done] for ids in choices[row] if len(ids) > done and ids[:done] == completion}
            if nexts:  # a row that has ended is padded, whatever the scores
                keep = torch.tensor(sorted(nexts), device=scores.device)
                limited[row] = float("-inf")
                limited[row, keep] = scores[row, keep]
        return limited

    return process


def _frequency_penalty(penalty: float, prompt_length: int):
    """Return a processor that lowers each logit by ``penalty`` times the token's count in the completion so far."""
    import torch

    def process(input_ids, scores):
        completion = input_ids[:, prompt_length:]
        counts = torch.zeros_like(scores).scatter_add_(1, completion, torch.ones_like(completion, dtype=scores.dtype))
        return scores - penalty * counts

    return process


def _draw(seeds: list[int], limit: int, device: str):
    """Return a processor that leaves one token per row: the one at which the row's next uniform number falls.

    transformers' greedy step then takes it. ``seeds`` has one entry per row; each row reads a stream of its own.
    """
    import numpy as np
    import torch

    streams = np.stack([np.random.Generator(np.random.Philox(key=seed)).random(limit) for seed in seeds])
    uniforms = torch.from_numpy(streams).to(device)
    step = iter(range(limit))

    def process(input_ids, scores):
        cumulative = torch.softmax(scores.double(), dim=-1).cumsum(dim=-1)
        threshold = uniforms[:, next(step), None] * cumulative[:, -1:]
        token = torch.searchsorted(cumulative, threshold, right=True).clamp_(max=scores.shape[1] - 1)
        return torch.full_like(scores, float("-inf")).scatter_(1, token, 0.0)

    return process
