"""Bytes moved, cost executed and the other convention, against arithmetic done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope import flops
from paretoscope.errors import InputError

LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "tie_word_embeddings": False,
}
MOE = {
    **LLAMA,
    "model_type": "qwen3_moe",
    "head_dim": 16,
    "num_experts": 64,
    "num_experts_per_tok": 4,
    "moe_intermediate_size": 32,
}
GEMMA = {**LLAMA, "model_type": "gemma2", "head_dim": 16, "sliding_window": 5, "tie_word_embeddings": True}
SHARED_CACHE = {
    **LLAMA,
    "model_type": "gemma4_text",
    "head_dim": 16,
    "global_head_dim": 16,
    "layer_types": ["sliding_attention", "full_attention", "full_attention"],
    "num_hidden_layers": 3,
    "sliding_window": 5,
    "num_kv_shared_layers": 1,
    "hidden_size_per_layer_input": 0,
    "tie_word_embeddings": True,
}
HYBRID = {
    **LLAMA,
    "model_type": "qwen3_next",
    "head_dim": 16,
    "full_attention_interval": 3,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_conv_kernel_dim": 4,
    "num_experts": 4,
    "num_experts_per_tok": 1,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 32,
}
KV = 3 * 2 * 2 * 16 * 2
"""Bytes of keys and values of a token in three layers of two heads of 16, 16 bits each."""


def of(config):
    return flops.describe(config), config


# ---- weights ----


def test_weights_are_read_once_per_step_but_for_the_table_that_is_looked_up():
    architecture, config = of(LLAMA)
    read = 2 * (architecture.parameters.total - 100 * 64)
    assert flops.weights_read(architecture, config, 1) == flops.weights_read(architecture, config, 99) == read


def test_a_head_that_reuses_the_table_is_read():
    architecture, config = of({**LLAMA, "tie_word_embeddings": True})
    assert flops.weights_read(architecture, config, 1) == flops.weight_bytes(architecture, config)


@pytest.mark.parametrize("tokens", [1, 2, 10_000])
def test_a_step_reads_the_experts_that_its_tokens_are_routed_to(tokens):
    architecture, config = of(MOE)
    experts = 3 * 64 * 3 * 64 * 32
    rest = architecture.parameters.total - experts - 100 * 64
    expected = 2 * (rest + experts * (1 - (60 / 64) ** tokens))
    assert flops.weights_read(architecture, config, tokens) == pytest.approx(expected, rel=1e-12)


def test_quantised_experts_are_read_as_they_are_stored():
    scheme = {"quantization_config": {"quant_method": "mxfp4"}}
    architecture, config = of({**MOE, **scheme})
    experts = 3 * 64 * 3 * 64 * 32
    plain = flops.weights_read(architecture, MOE, 10_000)
    assert flops.weights_read(architecture, config, 10_000) == pytest.approx(plain - experts * (2 - 4.25 / 8))


def test_tables_of_per_layer_inputs_are_looked_up():
    inputs = {"hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 10_000}
    architecture, config = of({**SHARED_CACHE, **inputs})
    table = 10_000 * 3 * 8
    assert architecture.parameters.total > table
    # All else but the norm of the looked-up rows is read.
    read = 2 * (architecture.parameters.total - table - 8)
    assert flops.weights_read(architecture, config, 1) == read


# ---- cache and state ----


@pytest.mark.parametrize(("context", "batch", "kv_bytes"), [(1, 1, 2), (7, 1, 2), (7, 10, 2), (7, 10, 1)])
def test_a_step_reads_what_it_attends_and_writes_one_token(context, batch, kv_bytes):
    architecture, config = of(LLAMA)
    weights = flops.weights_read(architecture, config, batch)
    moved = flops.decode_bytes(architecture, config, context, batch, kv_dtype_bytes=kv_bytes)
    assert moved == weights + batch * (context + 1) * KV * kv_bytes / 2


def test_windows_bound_what_is_read():
    """Layers 0 and 2 of 3 slide over 5 tokens."""
    architecture, config = of(GEMMA)
    weights = flops.weights_read(architecture, config, 1)
    assert flops.decode_bytes(architecture, config, 40) - weights == KV / 3 * (40 + 2 * 5 + 3)


def test_a_layer_without_a_cache_of_its_own_reads_another_layers():
    architecture, config = of(SHARED_CACHE)
    weights = flops.weights_read(architecture, config, 1)
    # One sliding layer and two full ones read; two of the three write.
    assert flops.decode_bytes(architecture, config, 40) - weights == KV / 3 * (5 + 40 + 40 + 2)


def test_states_of_recurrent_layers_are_read_and_written():
    architecture, config = of(HYBRID)
    state = flops.cache_bytes(architecture, 0)
    weights = flops.weights_read(architecture, config, 1)
    assert state > 0
    assert flops.decode_bytes(architecture, config, 9) - weights == 2 * state + KV / 3 * 10


@pytest.mark.parametrize("config", [LLAMA, MOE, GEMMA, SHARED_CACHE, HYBRID], ids=lambda config: config["model_type"])
@given(prompt=st.integers(1, 30), completion=st.integers(0, 20), batch=st.integers(1, 5))
def test_a_completion_moves_what_its_steps_move(config, prompt, completion, batch):
    architecture, config = of(config)
    steps = sum(
        flops.decode_bytes(architecture, config, context, batch) / batch
        for context in range(prompt + 1, prompt + completion)
    )
    _, decode = flops.completion_bytes(architecture, config, prompt, completion, batch=batch)
    assert decode == pytest.approx(steps, rel=1e-12)
    work = sum(flops.decode_flops(architecture, context) for context in range(prompt + 1, prompt + completion))
    assert flops.completion_flops(architecture, prompt, completion)[1] == work


@pytest.mark.parametrize("config", [LLAMA, GEMMA, HYBRID], ids=lambda config: config["model_type"])
def test_a_step_that_gives_several_tokens_reads_once_for_all(config):
    architecture = flops.describe(config)
    written = flops.kv_bytes_per_token(architecture)
    one_by_one = flops.completion_bytes(architecture, config, 30, 13)
    as_many = flops.completion_bytes(architecture, config, 30, 13, verify_steps=12)
    in_thirds = flops.completion_bytes(architecture, config, 30, 13, verify_steps=4)
    assert as_many == one_by_one
    assert in_thirds[0] == one_by_one[0]
    assert in_thirds[1] - 12 * written == pytest.approx((one_by_one[1] - 12 * written) / 3)


def test_prefill_reads_the_weights_once_for_all_its_prompts():
    architecture, config = of(LLAMA)
    weights = flops.weights_read(architecture, config, 1)
    alone, _ = flops.completion_bytes(architecture, config, 10, 5)
    together, _ = flops.completion_bytes(architecture, config, [10, 10], 5, batch=2)
    assert alone == weights + 10 * KV
    assert together.tolist() == [weights / 2 + 10 * KV] * 2
    cached, _ = flops.completion_bytes(architecture, config, 10, 5, [7, 10])
    assert cached.tolist() == [weights + 3 * KV, weights + KV]


# ---- arithmetic intensity ----


def test_intensity_of_one_token_is_about_one_and_grows_with_the_batch():
    """One token takes 2 FLOPs per weight of 2 bytes."""
    architecture, config = of({**LLAMA, "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32})
    alone = flops.arithmetic_intensity(architecture, config, 1)
    assert alone == pytest.approx(1, rel=0.01)
    assert flops.arithmetic_intensity(architecture, config, 1, 64) == pytest.approx(64, rel=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, c: flops.decode_bytes(a, c, 0), "context must be at least 1, not 0"),
        (lambda a, c: flops.decode_bytes(a, c, 1, 0), "batch must be at least 1, not 0"),
        (lambda a, c: flops.decode_flops(a, 0), "context must be at least 1, not 0"),
        (lambda a, c: flops.decode_bytes(a, c, 1, 1.5), "batch must be integers"),
        (lambda a, c: flops.decode_bytes(a, c, 1, kv_dtype_bytes=0), "a cached element must take at least 1 byte"),
        (lambda a, c: flops.decode_flops(a, 2.5), "context must be integers"),
        (lambda a, c: flops.decode_flops(a, [3, -2]), "context must be at least 1, not -2"),
        (lambda a, c: flops.decode_flops(a, [[1], [2, 3]]), "context must be integers"),
        (lambda a, c: flops.arithmetic_intensity(a, c, float("nan")), "context must be integers"),
        (lambda a, c: flops.cache_bytes(a, 1.5), "tokens must be integers"),
        (lambda a, c: flops.cache_bytes(a, 1, float("nan")), "a cached element must take at least 1 byte"),
        (lambda a, c: flops.completion_bytes(a, c, 1, 1, batch=0.5), "batch must be at least 1, not 0.5"),
        (lambda a, c: flops.completion_bytes(a, c, 1, 1, batch=float("nan")), "batch must be at least 1, not nan"),
        (lambda a, c: flops.completion_bytes(a, c, -10, -5), "prompt_tokens must be at least 1, not -10"),
        (lambda a, c: flops.completion_bytes(a, c, 10, -5), "completion_tokens must be at least 0, not -5"),
        (lambda a, c: flops.completion_bytes(a, c, 10, 5.5), "completion_tokens must be integers"),
        (lambda a, c: flops.completion_bytes(a, c, 10, 5, -1), "cached_tokens must be at least 0, not -1"),
        (lambda a, c: flops.completion_bytes(a, c, 10, 5, verify_steps=-1), "verify_steps must be at least 0, not -1"),
        (
            lambda a, c: flops.completion_bytes(a, c, [1, 2], [1, 2, 3]),
            r"prompt_tokens \(2,\), completion_tokens \(3,\)",
        ),
        (lambda a, c: flops.completion_flops(a, [1, 2], [1, 2, 3]), "shapes of the token counts don't go together"),
        (lambda a, c: flops.executed_decode_flops(a, [1, 2], 4, [1, 2, 3]), "shapes of the token counts don't go"),
        (
            lambda a, c: flops.executed_decode_flops(a, 9, 5, 10**23),
            "rejected_tokens must be from 0 to 9007199254740992",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call(*of(LLAMA))


@pytest.mark.parametrize("config", [LLAMA, MOE, GEMMA, HYBRID], ids=lambda config: config["model_type"])
def test_helpers_take_arrays_of_contexts(config):
    architecture = flops.describe(config)
    contexts = [1, 4, 5, 6, 40, 2**40]
    alone = [flops.decode_flops(architecture, context) for context in contexts]
    assert all(isinstance(work, int) for work in alone)
    assert flops.decode_flops(architecture, contexts).tolist() == [float(work) for work in alone]
    moved = [flops.decode_bytes(architecture, config, context, 3) for context in contexts]
    assert flops.decode_bytes(architecture, config, contexts, 3).tolist() == pytest.approx(moved)
    cached = [flops.cache_bytes(architecture, context) for context in contexts]
    assert flops.cache_bytes(architecture, contexts).tolist() == cached
    assert flops.completion_bytes(architecture, config, [], [])[0].size == 0


def test_prefill_leaves_states_of_recurrent_layers_behind_once():
    """Weights are read, keys, values and states written: nothing of a state is read before the first token."""
    architecture, config = of(HYBRID)
    prefill, _ = flops.completion_bytes(architecture, config, 10, 5)
    weights = flops.weights_read(architecture, config, 10)
    assert prefill - weights == 10 * flops.kv_bytes_per_token(architecture) + flops.cache_bytes(architecture, 0)


# ---- cost executed, and another convention ----


def test_rejected_tokens_are_counted_in_the_convention_that_is_asked_for():
    architecture = flops.describe(LLAMA)
    executed = flops.executed_decode_flops(architecture, 9, 5, [0, 10], convention="paper")
    decode = flops.completion_flops(architecture, 9, 5, convention="paper")[1]
    assert executed.tolist() == [decode, 3 * decode]
    with pytest.raises(InputError, match="unknown convention 'papers'"):
        flops.executed_decode_flops(architecture, 9, 5, 0, convention="papers")


@pytest.mark.parametrize("config", [LLAMA, MOE, GEMMA, HYBRID], ids=lambda config: config["model_type"])
@given(prompt=st.integers(1, 30), cached=st.integers(0, 40))
def test_cached_tokens_are_those_not_computed(config, prompt, cached):
    """Token by token, the last of the prompt among them: its logits are needed."""
    architecture = flops.describe(config)
    prefill, decode = flops.completion_flops(architecture, prompt, 4, cached)
    whole, same = flops.completion_flops(architecture, prompt, 4)
    if skipped := min(cached, prompt - 1):
        head = 2 * 64 * 100
        assert whole - prefill == flops.completion_flops(architecture, skipped, 4)[0] - head
    else:
        assert prefill == whole
    assert decode == same
    rows = flops.breakdown(architecture, prompt, 4, cached).values()
    assert sum(row["prefill"] for row in rows) == prefill


@pytest.mark.parametrize("config", [LLAMA, GEMMA], ids=lambda config: config["model_type"])
def test_rejected_tokens_are_executed_beside_those_of_the_completion(config):
    """Against every step by hand: it feeds the last certain token and those drafted after it."""
    architecture, prompt, per_step, drafted = flops.describe(config), 50, 3, 4
    steps = 400
    fed = [prompt + 1 + step * per_step + place for step in range(steps) for place in range(1 + drafted)]
    by_hand = sum(flops.decode_flops(architecture, context) for context in fed)
    rejected = steps * (1 + drafted - per_step)
    executed = flops.executed_decode_flops(architecture, prompt, 1 + steps * per_step, rejected)
    assert executed == pytest.approx(by_hand, rel=2e-3)


@pytest.mark.parametrize("completion", [0, 1, 2, 40])
def test_without_rejected_tokens_what_is_executed_is_the_completion(completion):
    architecture = flops.describe(GEMMA)
    expected = flops.completion_flops(architecture, 9, completion)[1]
    assert flops.executed_decode_flops(architecture, 9, completion, 0) == expected
    more = flops.executed_decode_flops(architecture, [9, 9], completion, [0, 3])
    assert more[0] == expected < more[1]


def test_negative_rejections_are_refused():
    with pytest.raises(InputError, match="rejected_tokens must be at least 0, not -1"):
        flops.executed_decode_flops(flops.describe(LLAMA), 9, 5, -1)


def test_samples_that_share_a_prompt_cost_one_prefill_and_a_token_each():
    architecture = flops.describe(LLAMA)
    prefill, _ = flops.completion_flops(architecture, 10, 4, [0, 10, 10])
    last_token = flops.decode_flops(architecture, 10)
    assert prefill.tolist() == [flops.completion_flops(architecture, 10, 4)[0], last_token, last_token]


@pytest.mark.parametrize("config", [LLAMA, MOE, GEMMA], ids=lambda config: config["model_type"])
@given(prompt=st.integers(1, 30), completion=st.integers(0, 20))
def test_the_papers_convention_passes_every_token_through_everything(config, prompt, completion):
    architecture = flops.describe(config)
    prefill, decode = flops.completion_flops(architecture, prompt, completion, convention="paper")
    assert prefill == sum(flops.decode_flops(architecture, context) for context in range(1, prompt + 1))
    contexts = range(prompt + 1, prompt + completion + 1)
    assert decode == sum(flops.decode_flops(architecture, context) for context in contexts)
    rows = flops.breakdown(architecture, prompt, completion, convention="paper").values()
    assert (sum(row["prefill"] for row in rows), sum(row["decode"] for row in rows)) == (prefill, decode)


@pytest.mark.parametrize("function", [flops.completion_flops, flops.breakdown])
def test_an_unknown_convention_is_refused(function):
    with pytest.raises(InputError, match=r"unknown convention 'papers'\. Did you mean 'paper'\?"):
        function(flops.describe(LLAMA), 1, 1, convention="papers")


@pytest.mark.parametrize(
    ("changes", "method"),
    [({}, None), ({"quantization_config": {"quant_method": "fp8"}}, "fp8"), ({"expert_dtype": "fp4"}, "fp4")],
)
def test_how_weights_are_quantised(changes, method):
    assert flops.quantisation_method({**LLAMA, **changes}) == method
