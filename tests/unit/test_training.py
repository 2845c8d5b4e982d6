import json
import os
import subprocess
import sys

import pytest

from paretoscope import arithmetic, training
from paretoscope.errors import InputError

pytest.importorskip("torch")
pytest.importorskip("transformers")

DENSE = {
    "model_type": "qwen3",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "intermediate_size": 32,
    "max_position_embeddings": 256,
    "tie_word_embeddings": True,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "norm_topk_prob": True}
ARCHITECTURES = {
    "qwen3": DENSE,
    "llama": DENSE | {"model_type": "llama"},
    "qwen3_moe": DENSE | EXPERTS | {"model_type": "qwen3_moe"},
}
SHORT = {"style": "recheck", "steps": 4, "batch_size": 4, "learning_rate": 0.01, "seed": 0}

TRAIN_ALONE = """
import json, sys, torch
from pathlib import Path
from paretoscope import training
architecture, settings, output = map(json.loads, sys.argv[1:])
print(torch.get_num_threads(), training.train(architecture, settings, Path(output))["weights_sha256"])
"""


def train_alone(folder, threads: int, architecture: dict, settings: dict) -> tuple[int, str]:
    """Train in a process of its own, which is how threads are set for good."""
    arguments = [json.dumps(value) for value in (architecture, settings, str(folder))]
    done = subprocess.run(
        [sys.executable, "-c", TRAIN_ALONE, *arguments],
        env={**os.environ, "PYTHONPATH": "scripts", "OMP_NUM_THREADS": str(threads), "TQDM_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    seen, digest = done.stdout.split()
    return int(seen), digest


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_trained_folder_loads_as_any_other_model(tmp_path, kind):
    import transformers

    report = training.train(ARCHITECTURES[kind], SHORT, tmp_path / "model")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["model_type"] == kind == model.config.model_type
    assert config["vocab_size"] == len(arithmetic.VOCABULARY) == model.get_input_embeddings().num_embeddings
    assert {key: getattr(model.config, key) for key in ARCHITECTURES[kind]} == ARCHITECTURES[kind]
    assert report["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    assert report["steps"] == 4 and report["tokens"] > 0 and report["cpu_seconds"] > 0
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    problem = arithmetic.problems("easy", "dev", 1, 0)[0]
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": problem.question}], add_generation_prompt=True, return_tensors="pt"
    )["input_ids"]
    output = model.generate(prompt, max_new_tokens=3)
    assert output.shape[1] <= prompt.shape[1] + 3


def test_equal_cards_give_equal_bytes_whatever_the_threads(tmp_path):
    card = ARCHITECTURES["qwen3_moe"], SHORT
    threads, digest = train_alone(tmp_path / "alone", 2, *card)
    assert threads == 2
    assert training.train(*card, tmp_path / "here")["weights_sha256"] == digest
    for file in (tmp_path / "here").iterdir():
        assert file.read_bytes() == (tmp_path / "alone" / file.name).read_bytes(), file.name


def test_another_seed_gives_other_weights(tmp_path):
    digests = {training.train(DENSE, SHORT | {"seed": seed}, tmp_path / str(seed))["weights_sha256"] for seed in (0, 1)}
    assert len(digests) == 2


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_training_lowers_the_loss_and_continues_from_a_folder(tmp_path, kind):
    losses = []
    settings = SHORT | {"steps": 80, "batch_size": 8, "style": "full"}
    first = training.train(ARCHITECTURES[kind], settings, tmp_path / "v1", progress=lambda *call: losses.append(call))
    assert [(step, steps) for step, steps, _ in losses] == [(step, 80) for step in range(1, 81)]
    assert losses[-1][2]["loss"] < 0.85 * losses[0][2]["loss"]
    assert first["final_loss"] == pytest.approx(losses[-1][2]["loss"], abs=1e-5)
    continued = []
    training.train(
        ARCHITECTURES[kind], settings, tmp_path / "v2", tmp_path / "v1", lambda *call: continued.append(call[2]["loss"])
    )
    assert continued[0] < 0.85 * losses[0][2]["loss"]


def test_torch_is_left_as_it_was(tmp_path):
    import torch

    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    training.train(DENSE, SHORT, tmp_path)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_unknown_model_type_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"'qwen4' cannot be trained.*'qwen3'"):
        training.train(DENSE | {"model_type": "qwen4"}, SHORT, tmp_path)


def test_init_of_another_shape_is_refused(tmp_path):
    training.train(DENSE, SHORT, tmp_path / "small")
    with pytest.raises(InputError, match=r"small.*another architecture"):
        training.train(DENSE | {"hidden_size": 32}, SHORT, tmp_path / "large", tmp_path / "small")


@pytest.mark.parametrize("thinking", [None, False])
def test_template_and_tokenizer_give_the_pieces_trained_on(thinking):
    tokenizer = training.tokenizer()
    problem = arithmetic.problems("hard", "dev", 1, 0)[0]
    options = {} if thinking is None else {"enable_thinking": thinking}
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": problem.question}], tokenize=False, add_generation_prompt=True, **options
    )
    expected = arithmetic.prompt_pieces(problem) + ([] if thinking is None else [arithmetic.THINK_END])
    assert tokenizer(text, add_special_tokens=False).input_ids == [arithmetic.VOCABULARY[piece] for piece in expected]


@pytest.mark.parametrize("style", arithmetic.STYLES)
def test_tokenizer_round_trip(style):
    tokenizer = training.tokenizer()
    for example in next(arithmetic.training_stream(style, 1, 20, 0)):
        ids = [arithmetic.VOCABULARY[piece] for piece in example.prompt + example.response]
        text = "".join(example.prompt + example.response)
        assert tokenizer(text, add_special_tokens=False).input_ids == ids
        assert tokenizer.decode(ids) == text


def test_reasoning_tags_survive_decoding_without_special_tokens():
    tokenizer = training.tokenizer()
    ids = [arithmetic.VOCABULARY[piece] for piece in ("7", "</think>", "\\boxed{", "7", "}", "<|im_end|>")]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "7</think>\\boxed{7}"


def test_learning_rate_warms_up_and_ends_near_zero():
    factors = [training._schedule(step, 100) for step in range(1, 101)]
    assert factors[0] == 0.05 and max(factors) == 1.0 and 0 < factors[-1] < 0.05
    assert factors[:20] == sorted(factors[:20]) and factors[60:] == sorted(factors[60:], reverse=True)


def test_muon_updates_are_nearly_orthogonal():
    import torch

    generator = torch.Generator().manual_seed(0)
    for shape in ((3, 8, 20), (2, 20, 8)):
        updates = training._Optimiser._orthogonal(training._Optimiser, torch.randn(shape, generator=generator))
        values = torch.linalg.svdvals(updates)
        assert updates.shape == shape and values.min() > 0.5 and values.max() < 1.3


def test_responses_are_repeatable_and_end_with_the_turn(tmp_path):
    training.train(DENSE, SHORT, tmp_path)
    prompts = [arithmetic.prompt_pieces(problem) for problem in arithmetic.problems("medium", "dev", 6, 0)]
    first, second, other = (training.respond(tmp_path, prompts, 1.0, 30, seed) for seed in (0, 0, 1))
    assert first == second != other
    for response in first:
        assert len(response) == 30 or response[-1] == arithmetic.TURN_END
        assert arithmetic.TURN_END not in response[:-1]


def test_greedy_responses_do_not_depend_on_padding(tmp_path):
    training.train(DENSE, SHORT | {"steps": 30}, tmp_path)
    short, long = (arithmetic.prompt_pieces(arithmetic.problems(level, "dev", 1, 0)[0]) for level in ("easy", "hard"))
    alone = training.respond(tmp_path, [short], 0.0, 12, 0)
    assert training.respond(tmp_path, [short, long], 0.0, 12, 0)[:1] == alone
