"""Published models at full size: parameters as published, and FLOPs as counted on PyTorch's meta device."""

from functools import cache

import pytest

from paretoscope import flops

PROMPT = 1024


def shape(model_type, layers, hidden, intermediate, heads, kv_heads, vocabulary, **more):
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


def qwen3(*sizes, tied):
    return shape("qwen3", *sizes, 151936, head_dim=128, tie_word_embeddings=tied)


LLAMA_8B = shape("llama", 32, 4096, 14336, 32, 8, 128256)
QWEN3_8B = qwen3(36, 4096, 12288, 32, 8, tied=False)
QWEN3_30B_A3B = shape(
    *("qwen3_moe", 48, 2048, 6144, 32, 4, 151936),
    head_dim=128,
    num_experts=128,
    num_experts_per_tok=8,
    moe_intermediate_size=768,
    decoder_sparse_step=1,
    mlp_only_layers=[],
)
DEEPSEEK_V3 = shape(
    *("deepseek_v3", 61, 7168, 18432, 128, 128, 129280),
    first_k_dense_replace=3,
    kv_lora_rank=512,
    moe_intermediate_size=2048,
    n_routed_experts=256,
    n_shared_experts=1,
    num_experts_per_tok=8,
    q_lora_rank=1536,
    qk_nope_head_dim=128,
    qk_rope_head_dim=64,
    v_head_dim=128,
)

DEEPSEEK_V2_LITE = shape(
    *("deepseek_v2", 27, 2048, 10944, 16, 16, 102400),
    first_k_dense_replace=1,
    kv_lora_rank=512,
    moe_intermediate_size=1408,
    n_routed_experts=64,
    n_shared_experts=2,
    num_experts_per_tok=6,
    q_lora_rank=None,
    qk_nope_head_dim=128,
    qk_rope_head_dim=64,
    v_head_dim=128,
)
GPT_OSS_20B = shape(
    *("gpt_oss", 24, 2880, 2880, 64, 8, 201088),
    head_dim=64,
    sliding_window=128,
    num_local_experts=32,
    num_experts_per_tok=4,
)
MIXTRAL = shape("mixtral", 32, 4096, 14336, 32, 8, 32000, num_local_experts=8, num_experts_per_tok=2)
QWEN_MOE = shape(
    *("qwen2_moe", 24, 2048, 5632, 16, 16, 151936),
    num_experts=60,
    num_experts_per_tok=4,
    moe_intermediate_size=1408,
    shared_expert_intermediate_size=5632,
)

PUBLISHED = {
    # model: (total parameters of its checkpoint, config)
    "TinyLlama-1.1B": (1_100_048_384, shape("llama", 22, 2048, 5632, 32, 4, 32000)),
    "Llama-3.1-8B": (8_030_261_248, LLAMA_8B),
    "Mistral-7B-v0.1": (7_241_732_096, shape("mistral", 32, 4096, 14336, 32, 8, 32000, sliding_window=4096)),
    "Mistral-Small-24B": (
        23_572_403_200,
        shape("mistral", 40, 5120, 32768, 32, 8, 131072, head_dim=128, sliding_window=None),
    ),
    "Qwen2.5-32B": (32_763_876_352, shape("qwen2", 64, 5120, 27648, 40, 8, 152064)),
    "Qwen3-0.6B": (596_049_920, qwen3(28, 1024, 3072, 16, 8, tied=True)),
    "Qwen3-1.7B": (1_720_574_976, qwen3(28, 2048, 6144, 16, 8, tied=True)),
    "Qwen3-8B": (8_190_735_360, QWEN3_8B),
    "Qwen3-32B": (32_762_123_264, qwen3(64, 5120, 25600, 64, 8, tied=False)),
    "Qwen3-30B-A3B": (30_532_122_624, QWEN3_30B_A3B),
    "gemma-2-27b": (
        27_227_128_320,
        shape("gemma2", 46, 4608, 36864, 32, 16, 256000, head_dim=128, sliding_window=4096),
    ),
    "DeepSeek-V3 without multi-token prediction": (671_026_419_200, DEEPSEEK_V3),
    "DeepSeek-V2-Lite": (15_706_484_224, DEEPSEEK_V2_LITE),
    "gpt-oss-20b": (20_914_757_184, GPT_OSS_20B),
    "Mixtral-8x7B-v0.1": (46_702_792_704, MIXTRAL),
    "Qwen1.5-MoE-A2.7B": (14_315_784_192, QWEN_MOE),
    "gemma-3-1b": (
        999_885_952,
        shape("gemma3_text", 26, 1152, 6912, 4, 1, 262144, head_dim=256, sliding_window=512),
    ),
    "phi-4": (14_659_507_200, shape("phi3", 40, 5120, 17920, 40, 10, 100352)),
    "Phi-4-mini": (3_836_021_760, shape("phi3", 32, 3072, 8192, 24, 8, 200064, tie_word_embeddings=True)),
    "SmolLM3-3B": (3_075_098_624, shape("smollm3", 36, 2048, 11008, 16, 4, 128256, tie_word_embeddings=True)),
    "OLMo-2-0325-32B": (32_234_279_936, shape("olmo2", 64, 5120, 27648, 40, 8, 100352)),
    "Olmo-3-1025-7B": (7_298_011_136, shape("olmo3", 32, 4096, 11008, 32, 32, 100278, sliding_window=4096)),
}
WINDOWS_BELOW_THE_PROMPT = {"gpt-oss-20b": (12, 128), "gemma-3-1b": (22, 512)}
"""Model: number of layers with a sliding window below 1,024, and the window."""


@pytest.mark.parametrize("model", PUBLISHED)
def test_parameters_equal_the_published_count(model):
    published, config = PUBLISHED[model]
    assert flops.describe(config).parameters.total == published


@cache
def on_meta(model):
    """Parameters, prefill and decode FLOPs of transformers' model at full size, without its weights.

    Eager attention and ``batched_mm`` experts, which FlopCounterMode sees; dtype bfloat16 as in the releases.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(**PUBLISHED[model][1])
    sparse = {"experts_implementation": "batched_mm"} if "num_experts_per_tok" in PUBLISHED[model][1] else {}
    with torch.device("meta"):
        built = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.bfloat16, **sparse)
        prompt = torch.zeros((1, PROMPT), dtype=torch.long)
    with torch.no_grad():
        with FlopCounterMode(display=False) as prefill:
            output = built.eval()(input_ids=prompt, use_cache=True, logits_to_keep=1)
        with FlopCounterMode(display=False) as decode:
            built(input_ids=prompt[:, :1], past_key_values=output.past_key_values, use_cache=True)
    # The bias that corrects expert selection is a buffer there and a weight of the checkpoint (and of our count).
    biases = [buffer for key, buffer in built.named_buffers() if key.endswith("e_score_correction_bias")]
    parameters = sum(tensor.numel() for tensor in (*built.parameters(), *biases))
    return parameters, prefill.get_total_flops(), decode.get_total_flops()


@pytest.mark.parametrize("model", PUBLISHED)
def test_parameters_equal_transformers(model):
    assert on_meta(model)[0] == PUBLISHED[model][0]


def masked_scores(model):
    """FLOPs of scores and values that FlopCounterMode counts and a mask takes out, keys and values expanded."""
    config = PUBLISHED[model][1]
    size = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    both = 2 * size
    if "kv_lora_rank" in config:
        both = config["qk_nope_head_dim"] + config["qk_rope_head_dim"] + config["v_head_dim"]
    sliding, window = WINDOWS_BELOW_THE_PROMPT.get(model, (0, 0))
    beyond_windows = sliding * ((PROMPT - window) * (PROMPT - window + 1) // 2)
    later = config["num_hidden_layers"] * (PROMPT * (PROMPT - 1) // 2)
    return 2 * config["num_attention_heads"] * both * (later + beyond_windows)


@pytest.mark.parametrize("model", PUBLISHED)
def test_prefill_equals_transformers_without_the_masked_scores(model):
    prefill, _ = flops.completion_flops(flops.describe(PUBLISHED[model][1]), PROMPT, 1)
    assert prefill == on_meta(model)[1] - masked_scores(model)


@pytest.mark.parametrize("model", [model for model in PUBLISHED if not model.startswith("DeepSeek")])
def test_decode_equals_transformers(model):
    """DeepSeek's cached decode there isn't the absorbed form: the oracle test of tiny models settles that."""
    _, decode = flops.completion_flops(flops.describe(PUBLISHED[model][1]), PROMPT, 2)
    assert decode == on_meta(model)[2]


@pytest.mark.parametrize(
    "config, active",
    [(QWEN3_30B_A3B, 3.3e9), (DEEPSEEK_V3, 37e9), (MIXTRAL, 12.9e9), (QWEN_MOE, 2.7e9)],
    ids=["Qwen3-30B-A3B", "DeepSeek-V3", "Mixtral-8x7B", "Qwen1.5-MoE-A2.7B"],
)
def test_active_parameters_agree_with_the_figure_given(config, active):
    """Rounded: 3.3B (arXiv 2505.09388, table 2), 37B (arXiv 2412.19437, abstract), 12.9B (arXiv 2401.04088), 2.7B."""
    assert flops.describe(config).parameters.active == pytest.approx(active, rel=0.02)


# Each was counted once, before this code was there: FlopCounterMode over transformers' class of the model (Qwen3,
# Qwen3-MoE, Llama) at full size on the meta device, eager attention, experts ``batched_mm``, logits of the last token.
REFERENCE = {
    # model: (prefill of 1,024 tokens as counted, masked scores included; decode at 1,024), to six digits
    "Qwen3-8B": ("1.48447e+13", "1.57408e+10"),
    "Qwen3-30B-A3B": ("6.4173e+12", "6.88941e+09"),
    "Llama-3.1-8B": ("1.48445e+13", "1.55467e+10"),
}


@pytest.mark.parametrize("model", REFERENCE)
def test_flops_agree_with_figures_on_record(model):
    config = PUBLISHED[model][1]
    prefill, decode = flops.completion_flops(flops.describe(config), PROMPT, 2)
    assert (f"{prefill + masked_scores(model):.6g}", f"{decode:.6g}") == REFERENCE[model]
