"""Trains tiny language models on arithmetic word problems, from a model card, on one CPU core.

The models are real Hugging Face classes saved as standard folders, so that everything after training treats them like
any other model. Equal cards give byte-identical weights on equal processors and library versions: one thread,
deterministic kernels, data drawn from the card's seed. Elsewhere the last bits differ, and with them the point at which
a model gets better, which is sharp.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import arithmetic
from .errors import InputError, suggest

logger = logging.getLogger(__name__)

MODEL_TYPES = ("qwen3", "qwen3_moe", "llama")

MAX_GAP = 100
"""Largest gap in the positions, tokens; about as long as the longest second attempt is away from the question."""
GAP_RATE = 0.75
"""Share of the parts that begin after a gap; the others stand as they do when a model is used."""
WARMUP_STEPS = 20
DECAY_SHARE = 0.4
"""Last part of the steps, over which the learning rate falls to zero."""

Progress = Callable[[int, int, dict], None]


def train(
    architecture: dict, training: dict, output: Path, init: Path | None = None, progress: Progress | None = None
) -> dict:
    """Train one model and save it as a Hugging Face folder.

    Parameters
    ----------
    architecture : dict
        Content of config.json; ``model_type`` is one of :data:`MODEL_TYPES`. Vocabulary and token ids are added.
    training : dict
        ``style`` (a key of :data:`paretoscope.arithmetic.STYLES`), ``steps``, ``batch_size`` (examples),
        ``learning_rate`` (peak, of Muon and AdamW alike) and ``seed``.
    output : Path
        Folder to write: config.json, model.safetensors, tokenizer files, generation_config.json.
    init : Path or None
        Folder of a trained model of the same architecture to continue from.
    progress : callable or None
        Called after each step with the steps done, the steps planned and ``{"loss": ...}``.

    Returns
    -------
    dict
        ``steps``, ``tokens`` (of all sequences seen, padding included), ``parameters``, ``final_loss`` (nats, running
        mean), ``train_seconds`` (wall time), ``cpu_seconds`` and ``weights_sha256``.

    Raises
    ------
    InputError
        The model type or the style is unknown, or ``init`` holds another architecture.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    with _deterministic(training["seed"]):
        model = _build(architecture, init)
        tokens, loss = _optimise(model, training, progress)
        _save(model, output)
    report = {
        "steps": training["steps"],
        "tokens": tokens,
        "parameters": model.num_parameters(),
        "final_loss": round(loss, 5),
        "train_seconds": round(time.perf_counter() - wall, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "weights_sha256": hashlib.sha256((output / "model.safetensors").read_bytes()).hexdigest(),
    }
    logger.info("trained %s: %s", output, json.dumps(report))
    return report


@contextmanager
def _deterministic(seed: int) -> Iterator[None]:
    """Seed torch and keep it to one thread and deterministic kernels, then put back what was there."""
    import torch

    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


def _build(architecture: dict, init: Path | None):
    """Return the model in training mode, with random weights or those of ``init``."""
    import transformers

    transformers.utils.logging.disable_progress_bar()  # the job's own progress lines are enough
    keys = {key: value for key, value in architecture.items() if key != "model_type"}
    kind = architecture.get("model_type", "")
    if kind not in MODEL_TYPES:
        raise InputError(f"model type '{kind}' cannot be trained.{suggest(kind, MODEL_TYPES)}")
    config = transformers.AutoConfig.for_model(
        kind,
        **keys,
        vocab_size=len(arithmetic.VOCABULARY),
        bos_token_id=None,
        eos_token_id=arithmetic.VOCABULARY[arithmetic.TURN_END],
        pad_token_id=arithmetic.VOCABULARY[arithmetic.PAD],
    )
    if init is None:
        return transformers.AutoModelForCausalLM.from_config(config).train()
    _check_same(architecture, init)
    return transformers.AutoModelForCausalLM.from_pretrained(init, dtype="float32").train()


def _check_same(architecture: dict, init: Path) -> None:
    from transformers import AutoConfig

    there = AutoConfig.from_pretrained(init)  # knows the keys that config.json renames, such as num_experts
    different = sorted(key for key, value in architecture.items() if getattr(there, key, None) != value)
    if different:
        raise InputError(f"{init} holds another architecture than the one to train: {', '.join(different)} differ")


def _optimise(model, training: dict, progress: Progress | None) -> tuple[int, float]:
    """Train in place; return the tokens seen and the running mean of the loss."""
    import torch

    steps = training["steps"]
    optimiser = _Optimiser(model, training["learning_rate"])
    tokens, mean = 0, None
    stream = arithmetic.training_stream(training["style"], steps, training["batch_size"], training["seed"])
    for step, batch in enumerate(stream, start=1):
        inputs, learned = _tensors(batch)
        tokens += inputs.numel()
        hidden = model.model(
            input_ids=inputs[:, :-1],
            # All ones, also over the padding on the right: attention is causal and padding is not learned. Without a
            # mask, the library would take the gaps in the positions for borders between packed sequences.
            attention_mask=torch.ones_like(inputs[:, :-1]),
            position_ids=_positions(inputs[:, :-1], batch),
            use_cache=False,
        ).last_hidden_state
        loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[learned[:, 1:]]), inputs[:, 1:][learned[:, 1:]])
        loss.backward()
        optimiser.step(_schedule(step, steps))
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if progress:
            progress(step, steps, {"loss": mean})
    return tokens, mean


def _schedule(step: int, steps: int) -> float:
    """Return the learning rate's factor: linear warm-up, plateau, linear decay to zero."""
    return min(1.0, step / WARMUP_STEPS, (steps - step + 1) / (DECAY_SHARE * steps))


def _tensors(batch: list[arithmetic.Example]):
    """Return token ids and the mask of learned tokens, both of shape (examples, longest), padded on the right."""
    import torch

    ids = [[arithmetic.VOCABULARY[piece] for piece in example.prompt + example.response] for example in batch]
    flags = [[False] * len(example.prompt) + example.learned for example in batch]
    width = max(map(len, ids))
    pad = arithmetic.VOCABULARY[arithmetic.PAD]
    inputs = torch.tensor([row + [pad] * (width - len(row)) for row in ids])
    return inputs, torch.tensor([row + [False] * (width - len(row)) for row in flags])


def _positions(inputs, batch: list[arithmetic.Example]):
    """Return position ids, shape of ``inputs``, with random gaps where the response and each further attempt begin.

    A model that has seen only few distances between question and reasoning learns to look things up by distance, and
    fails when it writes more. Random gaps make it look them up by content. After Ruoss et al., "Randomized positional
    encodings boost length generalization of transformers" (2023), who draw every position at random; here neighbours
    within a part stay neighbours.
    """
    import torch

    starts = torch.tensor([[len(example.prompt)] for example in batch])
    gaps = torch.randint(0, MAX_GAP + 1, inputs.shape) * (torch.rand(inputs.shape) < GAP_RATE)
    begins = (torch.arange(inputs.shape[1]) == starts) | (inputs == arithmetic.VOCABULARY[arithmetic.AGAIN])
    return torch.arange(inputs.shape[1]) + (gaps * begins).cumsum(1)


class _Optimiser:
    """Muon for the hidden matrices, AdamW for embeddings, norms and routers.

    Muon orthogonalises the momentum of each matrix by a Newton-Schulz iteration: K. Jordan et al., "Muon: An optimizer
    for hidden layers in neural networks" (2024), with its quintic coefficients. Matrices of equal shape are iterated
    together, each expert of a mixture as a matrix of its own.
    """

    MOMENTUM = 0.9
    COEFFICIENTS = (3.4445, -4.7750, 2.0315)

    def __init__(self, model, learning_rate: float):
        import torch

        self.torch, self.learning_rate = torch, learning_rate
        self.matrices, others = [], []
        for name, parameter in model.named_parameters():
            hidden = parameter.ndim >= 2 and not any(part in name for part in ("embed", "lm_head", "mlp.gate.weight"))
            (self.matrices if hidden else others).append(parameter)
        self.momenta = [torch.zeros_like(matrix) for matrix in self.matrices]
        self.adam = torch.optim.AdamW(others, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.0)

    def step(self, factor: float) -> None:
        """Update all parameters at ``factor`` times the learning rate and clear the gradients."""
        rate = self.learning_rate * factor
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
        self.adam.zero_grad()
        with self.torch.no_grad():
            self._muon(rate)

    def _muon(self, rate: float) -> None:
        by_shape = defaultdict(list)
        for matrix, momentum in zip(self.matrices, self.momenta, strict=True):
            momentum.lerp_(matrix.grad, 1 - self.MOMENTUM)
            update = matrix.grad.lerp(momentum, self.MOMENTUM)
            by_shape[tuple(matrix.shape[-2:])].append((matrix, update))
            matrix.grad = None
        for (rows, columns), pairs in by_shape.items():
            stacked = self.torch.cat([update.reshape(-1, rows, columns) for _, update in pairs])
            updates = self._orthogonal(stacked) * max(1.0, rows / columns) ** 0.5
            sizes = [matrix.numel() // (rows * columns) for matrix, _ in pairs]
            for (matrix, _), update in zip(pairs, updates.split(sizes), strict=True):
                matrix.sub_(update.reshape(matrix.shape), alpha=rate)

    def _orthogonal(self, matrices):
        """Return the nearest semi-orthogonal matrices, roughly; shape (n, rows, columns)."""
        a, b, c = self.COEFFICIENTS
        tall = matrices.shape[1] > matrices.shape[2]
        x = matrices.transpose(1, 2) if tall else matrices
        x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
        for _ in range(5):
            gram = x @ x.transpose(1, 2)
            x = a * x + (b * gram + c * gram @ gram) @ x
        return x.transpose(1, 2) if tall else x


def tokenizer():
    """Return the tokenizer: a token per piece of :data:`paretoscope.arithmetic.VOCABULARY`, and the chat template."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel(arithmetic.VOCABULARY, unk_token=arithmetic.UNKNOWN))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(arithmetic.piece_pattern()), "isolated")
    backend.decoder = decoders.Fuse()
    backend.add_special_tokens(list(arithmetic.SPECIAL))
    backend.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in arithmetic.THINK_TAGS])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=arithmetic.PAD,
        eos_token=arithmetic.TURN_END,
        unk_token=arithmetic.UNKNOWN,
        padding_side="left",
        chat_template=arithmetic.CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def _save(model, output: Path) -> None:
    from transformers import GenerationConfig

    output.mkdir(parents=True, exist_ok=True)
    model.eval()
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_k=0,
        eos_token_id=arithmetic.VOCABULARY[arithmetic.TURN_END],
        pad_token_id=arithmetic.VOCABULARY[arithmetic.PAD],
    )
    model.save_pretrained(output)
    tokenizer().save_pretrained(output)


def respond(
    folder: Path, prompts: list[list[str]], temperature: float, max_new_tokens: int, seed: int
) -> list[list[str]]:
    """Let a trained model continue prompts, all in one batch; for choices made while designing models.

    Studies use an engine instead, whose samples don't depend on their neighbours in a batch.

    Parameters
    ----------
    folder : Path
        As written by :func:`train`.
    prompts : list of list of str
        Vocabulary pieces.
    temperature : float
        0 is greedy.
    max_new_tokens : int
    seed : int

    Returns
    -------
    list of list of str
        Pieces up to and including the end of the turn, or ``max_new_tokens`` of them.
    """
    import torch
    from transformers import AutoModelForCausalLM

    pieces = list(arithmetic.VOCABULARY)
    width = max(map(len, prompts))
    pad, end = arithmetic.VOCABULARY[arithmetic.PAD], arithmetic.VOCABULARY[arithmetic.TURN_END]
    inputs = torch.tensor(
        [[pad] * (width - len(prompt)) + [arithmetic.VOCABULARY[piece] for piece in prompt] for prompt in prompts]
    )
    drawn = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
    with _deterministic(seed), torch.no_grad():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
        outputs = model.generate(
            input_ids=inputs,
            attention_mask=(torch.arange(width) >= torch.tensor([[width - len(prompt)] for prompt in prompts])).long(),
            max_new_tokens=max_new_tokens,
            **(drawn if temperature else {"do_sample": False, "temperature": None, "top_k": None, "top_p": None}),
        )
    responses = outputs[:, width:].tolist()
    return [[pieces[token] for token in (row[: row.index(end) + 1] if end in row else row)] for row in responses]
