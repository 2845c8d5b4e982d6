"""Forced answers: where completions are cut, what is graded, and what they cost."""

import pytest

from paretoscope import flops
from paretoscope.engines._chat import ChatTokenizer
from paretoscope.errors import InputError
from paretoscope.forcing import ROOM, cut_completions, cutting_spec, place_of, whole_answers
from paretoscope.generate import build_requests, generation_spec
from paretoscope.saturation.forced import ANSWERS, forced_costs
from paretoscope.schema import Completion, CutItem, Grade, Item, Request

ITEM = Item("i#1", "2 + 2?", "4")
THINK = {"start": "<think>", "end": "</think>", "opened_by_template": True}
SPEC = {"budgets": [8, 4], "lead": " So \\boxed{", "max_new_tokens": 16, "reasoning": THINK, "context_length": None}


def completion(text="1+1</think>2", tokens=6, prompt=10, item="i#1", **fields):
    return Completion(item, 0, text, "stop", prompt, tokens, **fields)


@pytest.mark.parametrize(
    ("tokens", "context", "budgets"),
    [
        (4, None, []),
        (5, None, [4]),
        (8, None, [4]),
        (9, None, [4, 8]),
        (9, 10 + 4 + ROOM + 16, [4]),
        (9, 10 + 4 + ROOM + 15, []),
    ],
)
def test_completions_are_cut_where_they_are_longer_and_there_is_room(tokens, context, budgets):
    cut = list(cut_completions([completion(tokens=tokens)], {"i#1": ITEM}, {**SPEC, "context_length": context}))
    assert [item.kept_tokens for item in cut] == budgets
    assert [place_of(item.id) for item in cut] == [("i#1", 0, budget) for budget in budgets]
    assert all((item.question, item.target, item.lead) == ("2 + 2?", "4", SPEC["lead"]) for item in cut)


@pytest.mark.parametrize(
    ("reasoning", "text", "close"),
    [
        (None, "1+1", ""),
        (THINK, "1+1", "</think>"),
        ({**THINK, "opened_by_template": False}, "1+1", ""),
        ({**THINK, "opened_by_template": False}, "<think>1+1", "</think>"),
    ],
)
def test_a_reasoning_is_closed_where_there_is_one(reasoning, text, close):
    (cut, *_) = cut_completions([completion(text, 9)], {"i#1": ITEM}, {**SPEC, "reasoning": reasoning})
    assert cut.close == close


@pytest.mark.parametrize(
    ("said", "text", "finish"),
    [
        ("4} and more", "4}", "stop"),
        ("\\frac{1}{2}} and {more}", "\\frac{1}{2}}", "stop"),
        ("\\{1, 2\\}} x", "\\{1, 2\\}}", "stop"),
        ("\\\\} x", "\\\\}", "stop"),
        ("4 and on", "4 and on", "length"),
        ("\\frac{1}{2", "\\frac{1}{2", "length"),
    ],
)
def test_an_answer_ends_with_its_box(said, text, finish):
    item = CutItem("i#1#0@4", "?", "4", close="</think>", lead=" So \\boxed{")
    (whole,) = whole_answers([Completion("i#1#0@4", 0, said, "length", 20, 16)], [item])
    assert whole.text == "</think> So \\boxed{" + text
    assert whole.finish_reason == finish


def test_answers_of_other_items_are_refused():
    with pytest.raises(InputError, match="'b' stands where 'a' should"):
        list(whole_answers([completion(item="b")], [CutItem("a", "?", "4")]))


def test_a_cut_is_part_of_the_key_and_of_nothing_else(load, study_config):
    spec = {**generation_spec(load(study_config), "tiny", "sums"), "sampling": {"temperature": 0.0}, "samples": 1}
    base = {"id": "i", "question": "2 + 2?", "target": "4"}
    items = [
        Item(**base),
        CutItem(**base, response="1+1", kept_tokens=2, close="", lead="x"),
        CutItem(**base, response="1+1", kept_tokens=3, close="", lead="x"),
        CutItem(**base, response="1+1", kept_tokens=3, close="y", lead="x"),
    ]
    requests = build_requests(items, spec, None)
    assert len({request.key for request in requests}) == len(items)
    assert all((r.messages, r.seed) == (requests[0].messages, requests[0].seed) for r in requests)


def test_what_is_kept_is_cut_to_the_token_and_closed_once(random_model):
    chat = ChatTokenizer({"weights": random_model, "chat_template": {}, "reasoning": THINK})
    words = lambda ids: chat.tokenizer.convert_ids_to_tokens(ids)  # noqa: E731

    def cut(response, kept):
        item = CutItem("i", "?", "4", response=response, kept_tokens=kept, close="</think>", lead="\\boxed{")
        return chat.cut_ids(Request("i", 0, ({"role": "user", "content": "?"},), 0, "", cut=item))

    response = "7. Jan: +29</think>\\boxed{9}"
    for kept in (1, 3):
        assert words(cut(response, kept)) == [*words(chat._ids(response))[:kept], "</think>", "\\boxed{"]
    after = words(chat._ids(response)).index("</think>") + 1
    assert words(cut(response, after)) == [*words(chat._ids(response))[:after], "\\boxed{"]
    plain = Request("i", 0, ({"role": "user", "content": "?"},), 0, "")
    assert chat.cut_ids(plain) == []


def test_costs_count_the_prefix_once():
    config = {
        **{"model_type": "llama", "hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 6},
        **{"num_hidden_layers": 3, "num_key_value_heads": 2, "vocab_size": 100},
    }
    answer = Completion("i#0@40", 0, "4}", "stop", 10 + 40 + 2, 3)
    grade = Grade("i#0@40", 0, "correct", "4", "boxed/exact", False)
    table = forced_costs([("i", 0, 40)], [answer], [grade], {("i", 0): 10}, config)
    assert list(table.columns) == [column.name for column in ANSWERS]
    model = flops.describe(config)
    prefill, decode = flops.completion_flops(model, 10, 40)
    # The whole read at once, without what the trace has read: its last token was never fed.
    led = flops.completion_flops(model, 52, 0)[0] - flops.completion_flops(model, 49, 0)[0]
    led += flops.breakdown(model, 52, 0)[model.head.name]["prefill"]
    tail = flops.completion_flops(model, 52, 3)[1]
    row = table.iloc[0]
    assert row["total_flops"] == pytest.approx(prefill + decode + led + tail)
    assert row["reread_flops"] == pytest.approx(flops.completion_flops(model, 52, 0)[0] - led)
    # Within a tenth of a completion of as many tokens.
    assert row["total_flops"] == pytest.approx(sum(flops.completion_flops(model, 10, 45)), rel=0.1)


def test_a_study_forces_answers_where_its_engine_goes_on(load, study_config):
    study = load({**study_config, "forced_answers": {"budgets": [16]}})
    spec = cutting_spec(study, "tiny")
    assert spec["budgets"] == [16] and spec["lead"].endswith("The final answer is \\boxed{")
    recorded = {"name": "recorded", "traces": "{model}.jsonl"}
    with pytest.raises(InputError, match="'recorded' can't go on from a response that was cut"):
        load({**study_config, "engine": recorded, "forced_answers": {"budgets": [16]}})
    with pytest.raises(InputError, match="lead"):
        load({**study_config, "forced_answers": {"budgets": [16], "lead": "Say it"}})
