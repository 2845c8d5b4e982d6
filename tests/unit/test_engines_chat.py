"""Prompts as token ids, and where a completion's reasoning ends."""

import pytest

from paretoscope.engines._chat import ChatTokenizer
from paretoscope.errors import InputError
from paretoscope.schema import Request

THINK = {"start": "<think>", "end": "</think>", "opened_by_template": False}


@pytest.fixture
def chat(random_model):
    def build(template=None, reasoning=None, **arguments):
        built = ChatTokenizer({"weights": str(random_model), "chat_template": arguments, "reasoning": reasoning})
        if template:
            from paretoscope.engines import _chat

            built.template = _chat._with_fixed_day(template)
        return built

    return build


def request(*turns: str) -> Request:
    roles = ("user",) if len(turns) == 1 else ("system", "user")
    messages = tuple({"role": role, "content": turn} for role, turn in zip(roles, turns, strict=True))
    return Request("one", 0, messages, 0, "key")


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        ("{{ strftime_now('%d %B %Y') }}", "01 July 2025"),
        ('{%- set day = strftime_now( "%Y-%m-%d" ) -%}Today: {{ day }}', "Today: 2025-07-01"),
        ("{% if strftime_now is defined %}{{ strftime_now('%j') }}{% endif %}", "182"),
        ("{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}", "system:be brief;user:hi;"),
        ("{{ effort }}", "low"),
    ],
)
def test_a_prompt_is_the_same_on_every_day(chat, template, prompt):
    assert chat(template, effort="low").prompt(request("be brief", "hi")) == prompt


def test_a_template_that_refuses_is_told(chat):
    with pytest.raises(InputError, match="item 'one': the model's chat template can't render it: no system turn"):
        chat("{{ raise_exception('no system turn') }}").prompt(request("hi"))


def test_ids_are_those_of_the_prompt(chat):
    built = chat()
    ids = built.prompt_ids(request("Ana has 12 books"))
    assert built.tokenizer.decode(ids) == built.prompt(request("Ana has 12 books"))


@pytest.mark.parametrize(
    ("reasoning", "text", "tokens"),
    [
        (None, "12</think>5", None),
        (THINK, "12</think>5", 2),
        (THINK, "12</think>5</think>", 2),
        (THINK, "<think>12", 2),
        (THINK, "12", 0),
        (THINK, "", 0),
        ({**THINK, "opened_by_template": True}, "12", 1),
        ({**THINK, "opened_by_template": True}, "", 0),
    ],
)
def test_reasoning_is_counted_up_to_its_closing_marker(chat, reasoning, text, tokens):
    built = chat(reasoning=reasoning)
    ids = built.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert built.reasoning_tokens(ids, text) == tokens


def test_a_marker_that_is_tokenized_in_another_way_is_found_too(chat):
    built = chat(reasoning={**THINK, "end": "10"})
    ids = built.tokenizer("5 + 10 + 3", add_special_tokens=False)["input_ids"]
    text = built.tokenizer.decode(ids)
    whole = built.reasoning_tokens(ids, text)
    built._end = [-1, -1]
    assert built.reasoning_tokens(ids, text) == whole
    assert "10" in built.tokenizer.decode(ids[:whole]) and "10" not in built.tokenizer.decode(ids[: whole - 1])
