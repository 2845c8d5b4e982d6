"""Parameters of real configs against transformers' own model, built without weights on PyTorch's meta device."""

import json
from pathlib import Path

import pytest

from paretoscope import flops
from paretoscope.errors import InputError

FOLDER = Path(__file__).parents[2] / "../shared/data/model-configs"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the collection of real configs is not on this machine")

MODELS = [
    "MiniMaxAI--MiniMax-M2.7",
    "MiniMaxAI--MiniMax-M3",
    "Qwen--Qwen3-0.6B",
    "Qwen--Qwen3-235B-A22B",
    "Qwen--Qwen3-VL-2B-Instruct",
    "Qwen--Qwen3-VL-30B-A3B-Instruct",
    "XiaomiMiMo--MiMo-7B-Base",
    "XiaomiMiMo--MiMo-V2-Flash",
    "deepseek-ai--DeepSeek-R1",
    "deepseek-ai--DeepSeek-V3.2",
    "deepseek-ai--DeepSeek-V4-Flash",
    "deepseek-ai--DeepSeek-V4-Pro",
    "google--gemma-4-26B-A4B",
    "meta-llama--Llama-4-Maverick-17B-128E-Instruct",
    "meta-llama--Llama-4-Scout-17B-16E-Instruct",
    "meta-llama--Meta-Llama-3.1-405B",
    "mistralai--Mixtral-8x22B-v0.1",
    "moonshotai--Kimi-K2-Instruct",
    "moonshotai--Kimi-K2.5",
    "openai--gpt-oss-120b",
    "rtp-llm--glm45",
    "zai-org--GLM-5",
    "zai-org--GLM-5.2",
]
DERIVED = {"kimi_k2": "deepseek_v3", "mimo": "qwen2", "minimax_m3": "minimax_m3_vl_text"}
"""Model types that transformers doesn't have by this name, and the one that they are built as."""


def read(model):
    return json.loads((FOLDER / f"{model}_config.json").read_text(encoding="utf-8"))


def weights_on_meta(config):
    """Return name -> number of elements of each weight of the language model as transformers builds it."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

    # Qwen3-VL's language model can't be built by itself.
    whole = config["model_type"].startswith("qwen3_vl")
    values = config if whole else config.get("text_config", config)
    values = {key: value for key, value in values.items() if key not in ("quantization_config", "auto_map")}
    model_type = values.pop("model_type")
    built = AutoConfig.for_model(DERIVED.get(model_type, model_type), **values)
    with torch.device("meta"):
        model = (AutoModelForImageTextToText if whole else AutoModelForCausalLM).from_config(built)
    # What corrects expert selection, or scales a layer, is a buffer there and a weight of the checkpoint, and here.
    weights_too = ("e_score_correction_bias", "layer_scalar")
    tensors = [*model.named_parameters(), *(item for item in model.named_buffers() if item[0].endswith(weights_too))]
    return {name: tensor.numel() for name, tensor in tensors if "visual" not in name}


@pytest.mark.parametrize("model", MODELS)
def test_parameters_equal_transformers(model):
    config = read(model)
    assert flops.describe(config).parameters.total == sum(weights_on_meta(config).values())


def of_each_type():
    """Return the last config of each model type, by its path."""
    configs = {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*_config.json"))}
    return {str(config.get("text_config", config).get("model_type")): path for path, config in configs.items()}


@pytest.mark.parametrize("path", of_each_type().values(), ids=lambda path: path.name.removesuffix("_config.json"))
def test_a_key_that_is_missing_is_named_or_means_what_transformers_makes_of_it(path):
    """Each key left out in turn, its default as transformers' config class of the type has it."""
    from transformers import AutoConfig

    config = json.loads(path.read_text(encoding="utf-8"))
    text = config.get("text_config", config)
    if text["model_type"] == "step3p7":
        pytest.skip("not supported")
    tied = {key: config[key] for key in ("tie_word_embeddings",) if key in config}
    model_type = DERIVED.get(text["model_type"], text["model_type"])
    complete, guessed = costs({**text, **tied}), []
    for key in text.keys() - {"model_type"}:
        rest = {name: value for name, value in {**text, **tied}.items() if name != key}
        try:
            found = costs(rest)
        except InputError:
            continue
        if found != complete:
            values = {name: rest[name] for name in rest.keys() - {"model_type", "quantization_config", "auto_map"}}
            saved = AutoConfig.for_model(model_type, **values).to_dict()
            guessed += [key] * (found != costs({**saved, **tied, "model_type": model_type}))
    assert guessed == []


def costs(config):
    """Return parameters, FLOPs and cache of a language model, which a wrong default would change."""
    architecture = flops.describe(config)
    work = flops.completion_flops(architecture, 200, 8000)
    return architecture.parameters.total, *map(float, work), flops.kv_bytes_per_token(architecture)


def test_a_searched_model_has_its_published_parameters():
    """Llama-3.3-Nemotron-Super-49B: transformers lacks the type; the hub gives the parameters of the checkpoint."""
    config = read("nvidia--Llama-3_3-Nemotron-Super-49B-v1")
    assert flops.describe(config).parameters.total == 49_867_145_216


@pytest.mark.parametrize(
    "model, size",
    [
        # total_size of the checkpoints' model.safetensors.index.json
        ("openai--gpt-oss-20b", 13_761_264_768),
        ("Qwen--Qwen3-8B", 16_381_470_720),
        ("meta-llama--Meta-Llama-3.1-8B", 16_060_522_496),
    ],
)
def test_bytes_of_the_weights_are_those_of_the_checkpoint(model, size):
    config = read(model)
    assert flops.weight_bytes(flops.describe(config), config) == size


@pytest.mark.parametrize(
    "model, bytes_per_token",
    [
        # 2 bytes x 2 x key-value heads x head size x layers; latent attention: 2 x (512 + 64) x layers
        ("openai--gpt-oss-20b", 2 * 2 * 8 * 64 * 24),
        ("deepseek-ai--DeepSeek-R1", 2 * 576 * 61),
        ("deepseek-ai--DeepSeek-V3.2", 2 * (576 + 128) * 61),
        ("zai-org--GLM-5.2", 2 * (576 * 78 + 128 * 21)),
        ("google--gemma-4-26B-A4B", 2 * 2 * (8 * 256 * 25 + 2 * 512 * 5)),
        ("XiaomiMiMo--MiMo-V2-Flash", 2 * (192 + 128) * (4 * 9 + 8 * 39)),
    ],
)
def test_bytes_that_the_cache_grows_by(model, bytes_per_token):
    assert flops.kv_bytes_per_token(flops.describe(read(model))) == bytes_per_token


def test_deepseek_v4_costs_what_its_report_says():
    """At a million tokens V4-Pro decodes with 27 % of V3.2's FLOPs and 10 % of its cache (abstract of the report).

    The report weighs FLOPs by precision and we don't, so agreement is rough.
    """
    older, newer = (flops.describe(read(f"deepseek-ai--DeepSeek-{name}")) for name in ("V3.2", "V4-Pro"))
    decode = [flops.completion_flops(architecture, 10**6, 2)[1] for architecture in (older, newer)]
    cached = [flops.cache_bytes(architecture, 10**6) for architecture in (older, newer)]
    assert decode[1] / decode[0] == pytest.approx(0.27, abs=0.02)
    assert cached[1] / cached[0] == pytest.approx(0.10, abs=0.02)
