"""FLOPs of tiny Step 3.5 models against FlopCounterMode over transformers' text model, which has no vocabulary head."""

import json
from functools import cache

import pytest

from paretoscope import flops
from paretoscope.errors import InputError

from .test_flops import STEP

PROMPT, HIDDEN, HEADS, SLIDING_HEADS, HEAD_SIZE, WINDOW, VOCABULARY = 24, 48, 6, 8, 16, 7, 96
SHAPE = {
    **{
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": 80,
        "num_hidden_layers": 3,
        "head_dim": 16,
    },
    **{"num_attention_heads": HEADS, "num_key_value_heads": 2, "num_sliding_attention_heads": SLIDING_HEADS},
    **{"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "share_expert_dim": 40},
    **{"layer_types": ["full_attention", "sliding_attention", "sliding_attention"], "sliding_window": WINDOW},
    **{"mlp_layer_types": ["dense", "sparse", "sparse"], "pad_token_id": 0},
}


@cache
def measured():
    """Config as transformers saves it, parameters, and the counter's prefill and decode FLOPs."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers.models.step3p7.configuration_step3p7 import Step3p7TextConfig
    from transformers.models.step3p7.modeling_step3p7 import Step3p7TextModel

    config = Step3p7TextConfig(**SHAPE)
    config._attn_implementation = "eager"
    torch.manual_seed(0)
    model = Step3p7TextModel(config).eval()  # on the CPU: which experts its loop runs must be known
    prompt = torch.zeros((1, PROMPT), dtype=torch.long)
    with torch.no_grad():
        with FlopCounterMode(display=False) as prefill:
            output = model(input_ids=prompt, use_cache=True)
        with FlopCounterMode(display=False) as decode:
            model(input_ids=prompt[:, :1], past_key_values=output.past_key_values, use_cache=True)
    biases = [buffer for name, buffer in model.named_buffers() if name.endswith("e_score_correction_bias")]
    parameters = sum(tensor.numel() for tensor in (*model.parameters(), *biases))
    saved = json.loads(config.to_json_string(use_diff=False))
    return saved, parameters, prefill.get_total_flops(), decode.get_total_flops()


HEAD = 2 * HIDDEN * VOCABULARY


def test_parameters():
    config, parameters, _, _ = measured()
    assert flops.describe(config).parameters.total == parameters + HIDDEN * VOCABULARY


def test_prefill():
    config, _, counted, _ = measured()
    causal, slid = (sum(min(i, window) for i in range(1, PROMPT + 1)) for window in (PROMPT, WINDOW))
    masked = 4 * HEAD_SIZE * (HEADS * (PROMPT**2 - causal) + 2 * SLIDING_HEADS * (PROMPT**2 - slid))
    assert flops.completion_flops(flops.describe(config), PROMPT, 1)[0] == counted - masked + HEAD


def test_one_decode_step():
    config, _, _, counted = measured()
    assert flops.completion_flops(flops.describe(config), PROMPT, 2)[1] == counted + HEAD


RELEASED = {
    **{"model_type": "step3p5", "hidden_size": 4096, "intermediate_size": 11264, "num_hidden_layers": 45},
    **{"num_attention_heads": 64, "num_attention_groups": 8, "head_dim": 128, "vocab_size": 128896},
    **{"moe_num_experts": 288, "moe_top_k": 8, "moe_intermediate_size": 1280, "share_expert_dim": 1280},
    **{"sliding_window": 512, "num_nextn_predict_layers": 3, "use_head_wise_attn_gate": True},
    "layer_types": [("sliding" if index % 4 else "full") + "_attention" for index in range(48)],
    "moe_layers_enum": ",".join(map(str, range(3, 45))),
    "attention_other_setting": {"num_attention_heads": 96, "num_attention_groups": 8, "head_dim": 128},
}


def test_released_model_has_the_parameters_given():
    """196B in all, 11B of them activated, without the table that is looked up (arXiv 2602.10604)."""
    architecture = flops.describe(RELEASED)
    parameters, table = architecture.parameters, architecture.embedding.parameters
    assert parameters.total / 1e9 == pytest.approx(196, abs=1)
    assert (parameters.active - table) / 1e9 == pytest.approx(11, abs=0.5)


def test_names_of_the_release_and_of_transformers_mean_the_same():
    config = {key: value for key, value in measured()[0].items() if key not in ("mlp_layer_types", "num_local_experts")}
    renamed = {**config, "moe_layers_enum": "1, 2", "attention_other_setting": {"num_attention_heads": SLIDING_HEADS}}
    assert flops.describe(renamed) == flops.describe(measured()[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attention_other_setting": {"num_attention_heads": 5}}, "5 heads of sliding-window layers aren't a multiple"),
        ({"moe_layers_enum": "1,b"}, "'moe_layers_enum' must be a list of layer indices"),
        ({"moe_layers_enum": "-1"}, "'moe_layers_enum' must be a list of layer indices"),
        ({"moe_layers_enum": ""}, "'moe_layers_enum' must be a list of layer indices"),
        ({"layer_types": ["full_attention"] * 4}, "'layer_types' must have one entry per layer .3., not 4"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        flops.describe({**STEP, **changes})
