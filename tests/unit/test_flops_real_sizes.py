"""FLOPs of real configs, all layers at full size, against FlopCounterMode over transformers on the meta device.

Equal to the last digit after the corrections of test_flops_oracle.py, here from the numbers of the table below: the
counter sees masked scores, the cached latents expanded anew, and all experts of Llama 4. Where layers are recurrent the
prompt is short, since it runs token by token.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from paretoscope import flops

from .recurrences import token_by_token

FOLDER = Path(__file__).parents[2] / "../shared/data/model-configs"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the collection of real configs is not on this machine")

LONG, SHORT = 1536, 8
"""Prompt tokens: beyond the windows, or few."""
MODELS = {
    # model: prompt, and for each kind of attention layers, FLOPs per query and key, window
    "Qwen--Qwen3-8B": (LONG, [(36, 4 * 32 * 128, None)]),
    "Qwen--Qwen3-235B-A22B": (LONG, [(94, 4 * 64 * 128, None)]),
    "MiniMaxAI--MiniMax-M2.7": (LONG, [(62, 4 * 48 * 128, None)]),
    "XiaomiMiMo--MiMo-V2-Flash": (LONG, [(9, 2 * 64 * (192 + 128), None), (39, 2 * 64 * (192 + 128), 129)]),
    "google--gemma-4-26B-A4B": (LONG, [(5, 4 * 16 * 512, None), (25, 4 * 16 * 256, 1024)]),
    "meta-llama--Llama-4-Scout-17B-16E-Instruct": (LONG, [(48, 4 * 40 * 128, None)]),  # its chunks are of 8,192
    "mistralai--Mixtral-8x22B-v0.1": (LONG, [(56, 4 * 48 * 128, None)]),
    "moonshotai--Kimi-K2-Instruct": (LONG, [(61, 2 * 64 * (128 + 64 + 128), None)]),
    "openai--gpt-oss-120b": (LONG, [(18, 4 * 64 * 64, None), (18, 4 * 64 * 64, 128)]),
    "rtp-llm--glm45": (LONG, [(92, 4 * 96 * 128, None)]),
    "Qwen--Qwen3.5-27B": (SHORT, [(16, 4 * 24 * 256, None)]),
    "Qwen--Qwen3.5-35B-A3B": (SHORT, [(10, 4 * 16 * 256, None)]),
    "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": (SHORT, [(6, 4 * 32 * 128, None)]),
    "nvidia--Nemotron-H-56B-Base-8K": (SHORT, [(10, 4 * 64 * 128, None)]),
}
DERIVED = {"kimi_k2": "deepseek_v3"}
NOT_ROUTED_TO = {
    # Per token: 15 of 16 experts of each of 48 layers, three matrices of 5,120 x 8,192.
    "meta-llama--Llama-4-Scout-17B-16E-Instruct": 48 * 15 * 2 * 3 * 5120 * 8192,
}


def read(model):
    return json.loads((FOLDER / f"{model}_config.json").read_text(encoding="utf-8"))


@cache
def counted(model):
    """FLOPs of prefill and of one decode step, as counted."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    config = read(model)
    left_out = ("quantization_config", "auto_map", "dtype", "torch_dtype", "model_type")
    text = config.get("text_config", config)
    values = {key: value for key, value in text.items() if key not in left_out}
    built = AutoConfig.for_model(DERIVED.get(text["model_type"], text["model_type"]), **values)
    sparse = {"num_experts_per_tok", "top_k_experts"} & values.keys()
    experts = {"experts_implementation": "batched_mm"} if sparse else {}
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(built, attn_implementation="eager", **experts).eval()
        prompt = torch.zeros((1, MODELS[model][0]), dtype=torch.long)
    with torch.no_grad(), token_by_token(network):
        with FlopCounterMode(display=False) as prefill:
            output = network(input_ids=prompt, use_cache=True, logits_to_keep=1)
        with FlopCounterMode(display=False) as decode:
            network(input_ids=prompt[:, :1], past_key_values=output.past_key_values, use_cache=True)
    return prefill.get_total_flops(), decode.get_total_flops()


@pytest.mark.parametrize("model", MODELS)
def test_prefill(model):
    tokens, layers = MODELS[model]
    attended = {window: sum(min(i, window or i) for i in range(1, tokens + 1)) for _, _, window in layers}
    masked = sum(count * per_key * (tokens**2 - attended[window]) for count, per_key, window in layers)
    prefill, _ = flops.completion_flops(flops.describe(read(model)), tokens, 1)
    assert prefill == counted(model)[0] - masked - tokens * NOT_ROUTED_TO.get(model, 0)


@pytest.mark.parametrize("model", MODELS)
def test_one_decode_step(model):
    tokens = MODELS[model][0]
    expected = counted(model)[1] - NOT_ROUTED_TO.get(model, 0)
    if model.startswith("moonshotai--Kimi-K2"):
        heads, rank, nope, rope, value, layers = 64, 512, 128, 64, 128, 61
        absorbed, expanded = 2 * heads * (2 * rank + rope), 2 * heads * (nope + rope + value)
        expected += layers * ((absorbed - expanded) * (tokens + 1) - 2 * tokens * rank * heads * (nope + value))
    _, decode = flops.completion_flops(flops.describe(read(model)), tokens, 2)
    assert decode == expected
