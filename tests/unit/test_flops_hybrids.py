"""Hybrid models at full size: parameters and FLOPs as counted on PyTorch's meta device, and as published."""

import json
from functools import cache
from pathlib import Path

import pytest

from paretoscope import flops

from .recurrences import token_by_token

REAL_CONFIGS = Path(__file__).parents[2] / "../shared/data/model-configs"
PROMPT = 5


def decoder(model_type, layers, hidden, intermediate, heads, kv_heads, vocabulary, **more):
    return {
        "model_type": model_type,
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "vocab_size": vocabulary,
        **more,
    }


def mamba(heads, head_size, state_size, **more):
    return {
        "mamba_n_heads": heads,
        "mamba_d_head": head_size,
        "mamba_d_state": state_size,
        "mamba_n_groups": 1,
        "mamba_d_conv": 4,
        **more,
    }


TYPED = {
    "Qwen3-Next-80B-A3B": decoder(
        *("qwen3_next", 48, 2048, 5120, 16, 2, 151936),
        head_dim=256,
        full_attention_interval=4,
        linear_conv_kernel_dim=4,
        linear_key_head_dim=128,
        linear_num_key_heads=16,
        linear_num_value_heads=32,
        linear_value_head_dim=128,
        moe_intermediate_size=512,
        num_experts=512,
        num_experts_per_tok=10,
        shared_expert_intermediate_size=512,
    ),
    "Nemotron-Nano-9B-v2": decoder(
        *("nemotron_h", 56, 4480, 15680, 40, 8, 131072),
        hybrid_override_pattern="M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-",
        head_dim=128,
        mamba_num_heads=128,
        mamba_head_dim=80,
        n_groups=8,
        ssm_state_size=128,
        conv_kernel=4,
    ),
    "Falcon-H1-0.5B": decoder(
        *("falcon_h1", 36, 1024, 2048, 8, 2, 32784),
        head_dim=64,
        mamba_d_ssm=1536,
        **mamba(24, 64, 128),
    ),
    "Granite-4.0-H-Small": decoder(
        *("granitemoehybrid", 40, 4096, 768, 32, 8, 100352),
        layer_types=["attention" if index in (5, 15, 25, 35) else "mamba" for index in range(40)],
        mamba_expand=2,
        num_local_experts=72,
        num_experts_per_tok=10,
        shared_intermediate_size=1536,
        tie_word_embeddings=True,
        **mamba(128, 64, 128),
    ),
}
PUBLISHED = {
    # model: parameters of its checkpoint, without multi-token prediction and vision
    "Qwen3-Next-80B-A3B": 79_674_391_296,
    "Nemotron-Nano-9B-v2": 8_888_227_328,
    "Granite-4.0-H-Small": 32_207_337_984,
    "Qwen--Qwen3.5-27B": 26_895_998_464,
    "Qwen--Qwen3.5-35B-A3B": 34_660_610_688,
    "Qwen--Qwen3.5-122B-A10B": 122_111_526_912,
    "Qwen--Qwen3.5-397B-A17B": 396_346_350_336,
    "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": 31_577_940_288,
}
GIVEN = {
    # model: (total, active parameters) as its name or its report rounds them
    "Falcon-H1-0.5B": (0.5e9, 0.5e9),
    "Granite-4.0-H-Small": (32e9, 9e9),
    "Qwen--Qwen3.5-122B-A10B": (122e9, 10e9),
    "Qwen--Qwen3.5-397B-A17B": (397e9, 17e9),
    "nvidia--Nemotron-H-56B-Base-8K": (56e9, 56e9),
    "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": (31.6e9, 3.6e9),  # arXiv 2512.20848
    "nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16": (550e9, 55e9),
}
MODELS = sorted({*TYPED, *PUBLISHED, *GIVEN})
every_model = pytest.mark.parametrize("model", MODELS)


def config_of(model):
    if model in TYPED:
        return TYPED[model]
    path = REAL_CONFIGS / f"{model}_config.json"
    if not path.is_file():
        pytest.skip("the collection of real configs is not on this machine")
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def on_meta(model):
    """Parameters, prefill and decode FLOPs, FLOPs per attended key and bytes of recurrent states.

    Of transformers' language model at full size, without its weights.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    values = config_of(model)
    config = AutoConfig.for_model(**values.get("text_config", values))
    sparse = {"experts_implementation": "batched_mm"} if getattr(config, "num_experts_per_tok", None) else {}
    with torch.device("meta"):
        built = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32, **sparse)
        prompt = torch.zeros((1, PROMPT), dtype=torch.long)
    with torch.no_grad(), token_by_token(built.eval()):
        with FlopCounterMode(display=False) as prefill:
            output = built(input_ids=prompt, use_cache=True, logits_to_keep=1)
        with FlopCounterMode(display=False) as decode:
            built(input_ids=prompt[:, :1], past_key_values=output.past_key_values, use_cache=True)
    # The bias that corrects expert selection is a buffer there and a weight of the checkpoint (and of our count).
    biases = [buffer for key, buffer in built.named_buffers() if key.endswith("e_score_correction_bias")]
    parameters = sum(tensor.numel() for tensor in (*built.parameters(), *biases))
    attention = [module for module in built.modules() if type(module).__name__.endswith("Attention")]
    per_key = sum(4 * config.num_attention_heads * module.head_dim for module in attention)
    states = sum(state_bytes(layer) for layer in output.past_key_values.layers if hasattr(layer, "recurrent_states"))
    return parameters, prefill.get_total_flops(), decode.get_total_flops(), per_key, states


def state_bytes(layer):
    """Bytes of a recurrent layer's states: float32, and for the convolution bfloat16 and the last w - 1 tokens.

    transformers keeps w.
    """
    recurrent, convolution = layer.recurrent_states[0], layer.conv_states[0]
    width = convolution.shape[-1]
    return 4 * recurrent.numel() + 2 * convolution.numel() // width * (width - 1)


@every_model
def test_parameters_equal_transformers(model):
    assert flops.describe(config_of(model)).parameters.total == on_meta(model)[0]


@every_model
def test_flops_equal_transformers_without_the_masked_scores(model):
    _, prefill, decode, per_key, _ = on_meta(model)
    masked = per_key * (PROMPT * (PROMPT - 1) // 2)
    assert flops.completion_flops(flops.describe(config_of(model)), PROMPT, 2) == (prefill - masked, decode)


@every_model
def test_a_sequence_keeps_the_states_whatever_its_length(model):
    architecture = flops.describe(config_of(model))
    assert flops.cache_bytes(architecture, 0) == on_meta(model)[4] > 0
    growth = flops.cache_bytes(architecture, 1000) - flops.cache_bytes(architecture, 0)
    assert growth == 1000 * flops.kv_bytes_per_token(architecture)


@pytest.mark.parametrize("model", PUBLISHED)
def test_parameters_equal_the_published_count(model):
    assert flops.describe(config_of(model)).parameters.total == PUBLISHED[model]


@pytest.mark.parametrize("model", GIVEN)
def test_parameters_agree_with_the_figures_given(model):
    total, active = GIVEN[model]
    parameters = flops.describe(config_of(model)).parameters
    assert (parameters.total, parameters.active) == pytest.approx((total, active), rel=0.05)
