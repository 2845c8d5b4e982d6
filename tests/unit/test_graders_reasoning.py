"""The layer that removes reasoning."""

import pytest

from paretoscope.graders.layers.reasoning import MARKERS, TURN_ENDS, visible_text

THINK = {"start": "<think>", "end": "</think>", "opened_by_template": True}
S1 = {"start": "<|im_start|>think", "end": "<|im_start|>answer", "opened_by_template": False}
GPT_OSS = {"start": "<|channel|>analysis", "end": "<|channel|>final<|message|>", "opened_by_template": False}


@pytest.mark.parametrize(
    "text, reasoning, expected",
    [
        ("plain", None, "plain"),
        ("<think>a</think>b", None, "b"),
        ("a</think>b", None, "b"),
        ("a</think>b", THINK, "b"),
        ("a</think>b</think>c", THINK, "c"),
        ("never closed", THINK, None),
        ("<think>never closed", None, None),
        ("  <think>never closed", None, None),
        ("a</think>b</think>\n", THINK, "b"),
        ("a</think>b</think>\n</think>", None, "b"),
        ("a</think>\n</think>", THINK, ""),
        ("a</think>", None, ""),
        ("a</think>the tag <think> b", THINK, "the tag <think> b"),
        ("a</think>b<think>again</think>", THINK, "b"),
        ("a</think><think>again</think>", THINK, ""),
        ("a</think>b<think>again</think>c", THINK, "c"),
        ("a</think>b</think><think>again", THINK, None),
        ("a</think>\n<think>again", None, None),
        ("Use the <think> tag.", None, "Use the <think> tag."),
        ("think\nso\nanswer\nAnswer: 4", None, "Answer: 4"),
        ("think\nso\nanswer\nAnswer: 4", S1, "Answer: 4"),
        ("think\nnever closed", S1, None),
        ("<|im_start|>think\nso<|im_start|>answer\n4", S1, "\n4"),
        ("the\nanswer\nis 4", None, "the\nanswer\nis 4"),
        ("<|channel|>analysis<|message|>x<|channel|>final<|message|>4", GPT_OSS, "4"),
        ("<|channel|>analysis<|message|>x", GPT_OSS, None),
        ("<|channel|>analysis<|message|>x<|channel|>final<|message|>4<|channel|>final<|message|>", GPT_OSS, "4"),
        ("", None, ""),
    ],
)
def test_reasoning_is_removed(text, reasoning, expected):
    assert visible_text(text, reasoning) == expected


@pytest.mark.parametrize("start, end", MARKERS)
def test_common_markers_need_no_card(start, end):
    assert visible_text(f"{start}a{end}b", None) == "b"
    assert visible_text(f"a{end}b", None) == "b"
    assert visible_text(f"{start}never closed", None) is None
    assert visible_text(f"b{end}\n{start}again", None) is None
    assert visible_text(f"about {start}", None) == f"about {start}"


@pytest.mark.parametrize("marker", TURN_ENDS)
def test_a_reply_ends_where_the_next_turn_begins(marker):
    assert visible_text(f"so 5.{marker}\nNext? So 6.", None) == "so 5."
    assert visible_text(f"a</think>so 5.{marker}\nNext? So 6.", THINK) == "so 5."
    assert visible_text(f"{marker}\nso 5.", None) == f"{marker}\nso 5."
