import json
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest

from paretoscope import arithmetic
from paretoscope.cards import check
from paretoscope.engines import transformers as engine_file
from paretoscope.errors import InputError
from paretoscope.generate import completion_seed
from paretoscope.schema import Request, Sampling

torch = pytest.importorskip("torch")
transformers_library = pytest.importorskip("transformers")

SCHEMA = {"type": "object", "properties": engine_file.SETTINGS}
END = arithmetic.VOCABULARY[arithmetic.TURN_END]
SAMPLING = Sampling(temperature=1.0, max_new_tokens=24)


def open_engine(folder, sampling=SAMPLING, context_length=None, chat_template=None, **settings):
    model = {"weights": str(folder), "chat_template": chat_template or {}, "context_length": context_length}
    return engine_file.open_engine(model, sampling, check({"device": "cpu", **settings}, SCHEMA, "none"), [])


def requests_for(items, samples=2) -> list[Request]:
    return [
        Request(
            item.id,
            sample,
            ({"role": "user", "content": item.question},),
            completion_seed(0, item.question, sample),
            f"{item.id} {sample}",
        )
        for item in items
        for sample in range(samples)
    ]


def run(folder, requests, *args, **kwargs) -> dict:
    with open_engine(folder, *args, **kwargs) as engine:
        return {(c.item_id, c.sample): c for batch in engine.generate(requests) for c in batch}


@pytest.fixture
def altered(random_model, tmp_path):
    """A copy of the model's folder to damage."""
    return shutil.copytree(random_model, tmp_path / "model")


# What a completion depends on.


@pytest.mark.parametrize(
    "sampling",
    [
        SAMPLING,
        Sampling(temperature=0.7, top_p=0.9, top_k=20, max_new_tokens=24),
        Sampling(temperature=1.0, min_p=0.05, frequency_penalty=0.5, max_new_tokens=24),
    ],
)
def test_completions_depend_on_neither_batch_size_nor_order(random_model, items, sampling):
    requests = requests_for(items, samples=3)
    alone = run(random_model, requests, sampling, batch_size=1)
    assert set(alone) == {(r.item_id, r.sample) for r in requests}
    assert len({c.text for c in alone.values()}) == len(requests)
    for batch_size in (3, 64):
        assert run(random_model, requests, sampling, batch_size=batch_size) == alone
    assert run(random_model, requests[::-1], sampling, batch_size=4) == alone
    assert run(random_model, requests[4:7], sampling, batch_size=64).items() <= alone.items()


def test_batches_are_as_large_as_asked_and_long_prompts_come_first(random_model, items):
    with open_engine(random_model, batch_size=4) as engine:
        batches = list(engine.generate(requests_for(items)))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    lengths = [completion.prompt_tokens for batch in batches for completion in batch]
    assert lengths == sorted(lengths, reverse=True) and len(set(lengths)) > 1


def test_another_seed_gives_another_completion(random_model, items):
    (first, second) = run(random_model, requests_for(items[:1], samples=2)).values()
    assert first.text != second.text


# Greedy decoding.


def plain_greedy(folder, items, max_new_tokens) -> list[list[int]]:
    """Greedy completions from the library's own generate, one prompt at a time."""
    tokenizer = transformers_library.AutoTokenizer.from_pretrained(folder)
    model = transformers_library.AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    rows = []
    for item in items:
        inputs = tokenizer.apply_chat_template(
            [{"role": "user", "content": item.question}],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        output = model.generate(**inputs, do_sample=False, max_new_tokens=max_new_tokens)
        rows.append(output[0, inputs["input_ids"].shape[1] :].tolist())
    return rows


def test_temperature_0_is_plain_greedy_decoding(random_model, items):
    greedy = run(random_model, requests_for(items, samples=1), Sampling(0.0, max_new_tokens=40))
    tokenizer = transformers_library.AutoTokenizer.from_pretrained(random_model)
    for item, tokens in zip(items, plain_greedy(random_model, items, 40), strict=True):
        completion = greedy[item.id, 0]
        assert completion.completion_tokens == len(tokens)
        assert completion.text == tokenizer.decode(tokens[:-1] if tokens[-1] == END else tokens)


def test_top_k_1_is_greedy_whatever_the_temperature(random_model, items):
    requests = requests_for(items, samples=1)
    greedy = run(random_model, requests, Sampling(0.0, max_new_tokens=24))
    assert run(random_model, requests, Sampling(3.0, top_k=1, max_new_tokens=24)) == greedy
    assert run(random_model, requests, Sampling(3.0, max_new_tokens=24)) != greedy


# Where a completion ends.


class Scripted:
    """Stands in for the model's generate: gives each row the tokens that the test wants."""

    def __init__(self, *rows):
        self.rows = rows

    def __call__(self, input_ids, max_new_tokens, **_):
        pad = arithmetic.VOCABULARY[arithmetic.PAD]
        width = min(max(map(len, self.rows)), max_new_tokens)
        rows = [(list(row) + [pad] * width)[:width] for row in self.rows]
        return torch.cat([input_ids, torch.tensor(rows)], dim=1)


@contextmanager
def scripted(folder, *rows, **kwargs):
    with open_engine(folder, **kwargs) as engine:
        engine.model.generate = Scripted(*rows)
        yield engine


A, B = (arithmetic.VOCABULARY[piece] for piece in ("1", "2"))


@pytest.mark.parametrize(
    ("tokens", "text", "finish_reason", "completion_tokens"),
    [
        ([A, B, END], "12", "stop", 3),
        ([END], "", "stop", 1),
        ([A, END, B, END], "1", "stop", 2),
        ([A, B, A, B], "1212", "length", 4),
        ([A, B, A, END], "121", "stop", 4),
    ],
)
def test_the_end_token_is_counted_and_not_in_the_text(
    random_model, items, tokens, text, finish_reason, completion_tokens
):
    with scripted(random_model, tokens, sampling=Sampling(1.0, max_new_tokens=4)) as engine:
        ((completion,),) = engine.generate(requests_for(items[:1], samples=1))
    assert (completion.text, completion.finish_reason) == (text, finish_reason)
    assert completion.completion_tokens == completion_tokens


def test_special_tokens_within_a_completion_stay_since_they_may_mark_reasoning(random_model, items):
    start = arithmetic.VOCABULARY[arithmetic.TURN_START]
    with scripted(random_model, [start, A, END]) as engine:
        ((completion,),) = engine.generate(requests_for(items[:1], samples=1))
    assert completion.text == f"{arithmetic.TURN_START}1"


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_the_token_limit_ends_a_completion(random_model, items, limit):
    completions = run(random_model, requests_for(items), Sampling(1.0, max_new_tokens=limit)).values()
    assert all(c.completion_tokens <= limit for c in completions)
    cut = [c for c in completions if c.finish_reason == "length"]
    assert cut and all(c.completion_tokens == limit for c in cut)


def test_the_context_ends_a_completion_where_no_limit_does(random_model, items):
    with open_engine(random_model, Sampling(1.0)) as engine:
        longest = max(len(engine.tokenizer(engine.chat.prompt(r))["input_ids"]) for r in requests_for(items))
    completions = run(random_model, requests_for(items), Sampling(1.0), context_length=longest + 5).values()
    room = [longest + 5 - c.prompt_tokens for c in completions]
    assert min(room) == 5 and max(room) > 5
    for completion, tokens in zip(completions, room, strict=True):
        assert completion.completion_tokens == tokens or completion.finish_reason == "stop"
        assert completion.completion_tokens <= tokens


def test_a_shared_batch_does_not_lengthen_a_completion(random_model, items):
    """Rows with little room sit in one batch with rows that have much; each keeps its own limit."""
    requests = requests_for(items, samples=1)
    alone = run(random_model, requests, Sampling(1.0), context_length=90, batch_size=1)
    assert run(random_model, requests, Sampling(1.0), context_length=90, batch_size=64) == alone


def test_an_end_after_a_rows_own_limit_does_not_count(random_model, items):
    requests = requests_for([items[0], items[-1]], samples=1)
    with open_engine(random_model) as engine:
        short, long = (len(engine.tokenizer(engine.chat.prompt(r))["input_ids"]) for r in requests)
    assert long - short > 3
    # The longer prompt comes first; it has room for two tokens.
    with scripted(random_model, [A, B, END], [A, B, END], sampling=Sampling(1.0), context_length=long + 2) as engine:
        ((first, second),) = engine.generate(requests)
    assert (first.text, first.finish_reason, first.completion_tokens) == ("12", "length", 2)
    assert (second.text, second.finish_reason, second.completion_tokens) == ("12", "stop", 3)


def test_a_prompt_that_fills_the_context_is_told(random_model, items):
    (request,) = requests_for(items[:1], samples=1)
    with open_engine(random_model) as engine:
        length = len(engine.tokenizer(engine.chat.prompt(request))["input_ids"])
    assert run(random_model, [request], context_length=length + 1)[items[0].id, 0].completion_tokens == 1
    with pytest.raises(
        InputError, match=f"item '{items[0].id}': the prompt has {length} tokens, .* context is {length}"
    ):
        run(random_model, [request], context_length=length)


def test_tokens_of_the_prompt_are_those_of_the_rendered_template(random_model, items):
    tokenizer = transformers_library.AutoTokenizer.from_pretrained(random_model)
    for thinking in (True, False):
        found = run(random_model, requests_for(items, 1), chat_template={"enable_thinking": thinking})
        for item in items:
            prompt = tokenizer.apply_chat_template(
                [{"role": "user", "content": item.question}],
                add_generation_prompt=True,
                tokenize=False,
                enable_thinking=thinking,
            )
            assert found[item.id, 0].prompt_tokens == len(tokenizer(prompt, add_special_tokens=False)["input_ids"])


# The sampler.


def draw_tokens(scores, seeds):
    process = engine_file._draw(seeds, 1, "cpu")
    return process(None, torch.tensor(scores).expand(len(seeds), -1).clone()).argmax(dim=-1).tolist()


@pytest.mark.parametrize("probabilities", [[0.5, 0.3, 0.15, 0.05], [0.25] * 4, [0.97, 0.01, 0.01, 0.01]])
def test_tokens_are_drawn_with_their_probabilities(probabilities):
    n = 20_000
    tokens = draw_tokens(torch.tensor(probabilities).log().tolist(), range(n))
    statistic = sum((tokens.count(i) - n * p) ** 2 / (n * p) for i, p in enumerate(probabilities))
    assert statistic < 16.27  # chi-square with 3 degrees of freedom, p = 0.001; the seeds are fixed


def test_streams_of_neighbouring_seeds_and_steps_are_unrelated():
    steps, scores = 200, torch.zeros(100, 10)
    process = engine_file._draw(list(range(100)), steps, "cpu")
    tokens = torch.stack([process(None, scores).argmax(dim=-1) for _ in range(steps)]).double()
    for table in (tokens, tokens.T):
        correlation = torch.corrcoef(torch.stack([table[:-1].flatten(), table[1:].flatten()]))[0, 1]
        assert abs(correlation) < 0.03


def test_a_masked_token_is_never_drawn():
    masked = [float("-inf"), 0.0, float("-inf"), 0.0, float("-inf")]
    assert set(draw_tokens(masked, range(2000))) == {1, 3}


@pytest.mark.parametrize(("uniform", "token"), [(0.0, 1), (0.4999, 1), (0.5001, 3), (1 - 2**-53, 3)])
def test_the_ends_of_the_unit_interval_hit_possible_tokens(monkeypatch, uniform, token):
    import numpy as np

    class Fixed:
        def random(self, n):
            return np.full(n, uniform)

    monkeypatch.setattr(np.random, "Generator", lambda _: Fixed())
    assert draw_tokens([float("-inf"), 0.0, float("-inf"), 0.0, float("-inf")], [0]) == [token]


def test_frequency_penalty_by_hand():
    process = engine_file._frequency_penalty(0.5, prompt_length=2)
    scores = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    prompt = [[1, 1], [2, 2]]  # the prompt's tokens don't count
    steps = [
        ([[], []], [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]),
        ([[2], [0]], [[1.0, 2.0, 2.5], [0.5, 2.0, 3.0]]),
        ([[2, 2], [0, 1]], [[1.0, 2.0, 2.0], [0.5, 1.5, 3.0]]),
        ([[2, 2, 2], [0, 1, 0]], [[1.0, 2.0, 1.5], [0.0, 1.5, 3.0]]),
    ]
    for completion, expected in steps:
        tokens = torch.tensor([p + c for p, c in zip(prompt, completion, strict=True)])
        assert process(tokens, scores.clone()).tolist() == expected


@pytest.mark.parametrize("penalty", [0.7, 100.0])
def test_frequency_penalty_in_greedy_decoding(random_model, items, penalty):
    """Replayed step by step with the model's bare forward pass."""
    (request,) = requests_for(items[:1], samples=1)
    with open_engine(random_model, Sampling(0.0, frequency_penalty=penalty, max_new_tokens=12)) as engine:
        ((completion,),) = engine.generate([request])
        prompt = engine.tokenizer(engine.chat.prompt(request), return_tensors="pt")["input_ids"]
        tokens: list[int] = []
        with torch.inference_mode():
            while len(tokens) < 12 and END not in tokens:
                logits = engine.model(torch.cat([prompt, torch.tensor([tokens], dtype=torch.long)], dim=1)).logits[
                    0, -1
                ]
                counts = torch.bincount(torch.tensor(tokens, dtype=torch.long), minlength=len(logits))
                tokens.append(int((logits - penalty * counts).argmax()))
        assert completion.text == engine.tokenizer.decode([token for token in tokens if token != END])
    if penalty == 100.0:
        assert len(set(tokens)) == len(tokens)


def test_sampling_of_the_checkpoint_is_not_taken_silently(altered, items):
    requests = requests_for(items)
    before = run(altered, requests)
    own = {"do_sample": True, "temperature": 0.01, "top_k": 1, "repetition_penalty": 5.0, "eos_token_id": END}
    (altered / "generation_config.json").write_text(json.dumps(own))
    assert run(altered, requests) == before


# Folders that can't be used.


def drop(name):
    return lambda folder: (folder / name).unlink()


def put(name, text):
    return lambda folder: (folder / name).write_text(text)


def cut_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def pickle_weights(folder):
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def change_weights(change):
    def damage(folder):
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    return damage


def no_template(folder):
    (folder / "chat_template.jinja").unlink()


def no_end_token(folder):
    for name, key in (("tokenizer_config.json", "eos_token"), ("config.json", "eos_token_id")):
        values = json.loads((folder / name).read_text())
        values.pop(key)
        (folder / name).write_text(json.dumps(values))
    (folder / "generation_config.json").unlink()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (drop("config.json"), "can't be loaded as a transformers model"),
        (put("config.json", "{}"), "can't be loaded as a transformers model"),
        (put("config.json", "{"), "can't be loaded"),
        (put("config.json", '{"model_type": "unheard_of"}'), "can't be loaded .*unheard_of"),
        (drop("model.safetensors"), "can't be loaded as a transformers model"),
        (put("model.safetensors", ""), "can't be loaded as a transformers model"),
        (cut_weights, "can't be loaded as a transformers model"),
        (pickle_weights, "can't be loaded as a transformers model.*safetensors"),
        (change_weights(lambda w: w.pop("lm_head.weight")), r"the weights lack lm_head\.weight\. Get the model again"),
        (change_weights(lambda w: w.update({"lm_head.weight": torch.zeros(3, 3)})), "can't be loaded"),
        (put("tokenizer.json", "{"), "the tokenizer can't be loaded"),
        (no_template, "the tokenizer has no chat template, so there is no way to ask it"),
        (no_end_token, "neither generation config nor tokenizer names an end token"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told(altered, damage, what):
    damage(altered)
    with pytest.raises(InputError, match=rf"(?s)^{altered}: .*{what}"), open_engine(altered):
        pass


def test_nothing_is_fetched_for_a_folder_that_is_not_there(tmp_path, monkeypatch):
    import socket

    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(InputError, match="can't be loaded"), open_engine("owner/absent"):
        pass


def test_a_template_that_refuses_is_told(altered, items):
    (altered / "chat_template.jinja").write_text("{{ raise_exception('no user turns here') }}")
    with pytest.raises(InputError, match=rf"item '{items[0].id}': .*chat template .*no user turns here"):
        run(altered, requests_for(items[:1]))


def test_too_little_memory_is_told(random_model, items):
    def fail(**_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with open_engine(random_model) as engine:
        engine.model.generate = fail
        with pytest.raises(InputError, match=r"4 completions .* don't fit into the GPU's memory\. Lower engine\.batch"):
            list(engine.generate(requests_for(items[:2])))


def test_it_describes_itself(random_model):
    with open_engine(random_model, batch_size=5, dtype="bfloat16", attention="eager") as engine:
        facts = engine.describe()
        costs = engine.costs()
    assert costs["gpus"] == 0 and costs["energy_joules"] is None and costs["weights_bytes"] > 1000
    assert costs["unmeasured"]["energy_joules"] == "no GPU is used" and "peak_memory_bytes" not in costs
    assert json.loads(json.dumps(facts)) == facts
    assert facts["version"] == transformers_library.__version__ and facts["device"]
    assert (facts["dtype"], facts["attention_backend"], facts["batch_size"]) == ("bfloat16", "eager", 5)
    assert (facts["context_length"], facts["end_tokens"]) == (256, [END])


def test_the_settings_in_the_key_are_settings():
    assert set(engine_file.KEYED_SETTINGS) <= set(engine_file.SETTINGS)


# Held to choices.

CHOICES = ("1", "10", "So 3", "0 apples")


def choosing(items, choices, samples=1) -> list[Request]:
    return [replace(request, choices=choices) for request in requests_for(items, samples)]


@pytest.mark.parametrize("sampling", [Sampling(0.0, max_new_tokens=24), SAMPLING], ids=["greedy", "drawn"])
@pytest.mark.parametrize("choices", [CHOICES, CHOICES[:1], CHOICES[:2], CHOICES[2:]])
def test_a_completion_is_one_of_its_choices_and_ends_there(random_model, items, sampling, choices):
    completions = run(random_model, choosing(items, choices, samples=8), sampling).values()
    assert {c.text for c in completions} <= {spelled(random_model, choice) for choice in choices}
    assert {c.finish_reason for c in completions} == {"stop"}


def spelled(folder, text: str) -> str:
    """Return what a text becomes in the model's tokens, of which it has few."""
    tokenizer = transformers_library.AutoTokenizer.from_pretrained(folder)
    return tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"])


def test_every_choice_is_drawn_where_all_are_likely(random_model, items):
    completions = run(random_model, choosing(items, ("1", "0"), samples=20), Sampling(50.0, max_new_tokens=24))
    assert {c.text for c in completions.values()} == {"1", "0"}


def test_requests_with_and_without_choices_share_a_batch(random_model, items):
    free, held = requests_for(items, samples=1), choosing(items, ("1", "0"))
    alone = run(random_model, free)
    mixed = run(random_model, [*free[::2], *held[1::2]])
    assert {key: mixed[key] for key in [(r.item_id, 0) for r in free[::2]]}.items() <= alone.items()
    assert {mixed[r.item_id, 0].text for r in held[1::2]} <= {"1", "0"}


def test_a_choice_that_does_not_fit_is_cut(random_model, items):
    (completion,) = run(random_model, choosing(items[:1], ("50 apples",)), Sampling(0.0, max_new_tokens=2)).values()
    assert (completion.text, completion.finish_reason) == ("50 apples", "length")
