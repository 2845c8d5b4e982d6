"""The layer that removes reasoning."""

import pytest

from paretoscope.graders.layers.reasoning import BARE_MARKERS, MARKERS, TURN_ENDS, visible_text

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
        ("Sure!\n<think>\nhm", None, None),
        ("Okay. <think>hm", None, None),
        ("**Thoughts**<think>hm", None, None),
        ("<think>a</think>b<think>hm", None, None),
        ("<THINK>hm", None, None),
        ("<Think>a</THINK>b", None, "b"),
        ("b\n<Think>again</THINK>", None, "b\n"),
        ("b\n<reflection>so</reflection>", THINK, ""),
        ("a tag <think> b</think>", None, ""),
        ("4.\n<|im_start|>think so", S1, None),
        ("4. `<think>` is a tag.", None, "4. `<think>` is a tag."),
        ("4.\n<think>` is a tag.", None, "4.\n<think>` is a tag."),
        ('4. "<think>" is a tag.', None, '4. "<think>" is a tag.'),
        ("4.<|im_end|>\n<think>again", None, "4."),
        ("think\nso\nanswer\nAnswer: 4", None, "Answer: 4"),
        ("think\nso\nanswer\nAnswer: 4", S1, "Answer: 4"),
        ("think\nnever closed", S1, None),
        ("<|im_start|>think\nso<|im_start|>answer\n4", S1, "\n4"),
        ("the\nanswer\nis 4", None, "the\nanswer\nis 4"),
        ("<|channel|>analysis<|message|>x<|channel|>final<|message|>4", GPT_OSS, "4"),
        ("<|channel|>analysis<|message|>x", GPT_OSS, None),
        ("<|channel|>analysis<|message|>x<|channel|>final<|message|>4<|channel|>final<|message|>", GPT_OSS, "4"),
        ("analysisWe add.assistantfinalAnswer: 4", None, "Answer: 4"),
        ("analysisWe add.", None, None),
        ("analysis shows that it is 4", None, "analysis shows that it is 4"),
        ("Here is my thought process: so.\n\nHere is my response: 4", None, " 4"),
        ("I said: Here is my response: 4", None, "I said: Here is my response: 4"),
        ("<|channel>thought\nso<channel|>4<turn|>", None, "4"),
        ("<|start|>assistant<|channel|>analysis<|message|>so", None, None),
        ("<|channel|>analysis<|message|>so<|end|><|start|>assistant<|channel|>final<|message|>4<|end|>", None, "4"),
        ("<|channel|>final<|message|>4<|return|>", None, "4"),
        (
            "<|open|>think<|sep|>so<|close|>think<|sep|><|open|>response<|sep|>4<|close|>response<|sep|>",
            None,
            "<|open|>response<|sep|>4",
        ),
        ("Here are my reasoning steps:\nso\n[BEGIN FINAL RESPONSE]\n4\n[END FINAL RESPONSE]", None, "\n4\n"),
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


@pytest.mark.parametrize("start, end", BARE_MARKERS)
def test_markers_in_words_count_at_the_beginning_only(start, end):
    assert visible_text(f"{start}A{end}b", None) == "b"
    assert visible_text(f"\n{start}A{end}b", None) == "b"
    assert visible_text(f"{start}Never closed", None) is None
    assert visible_text(f"So {start}A{end}b", None) == f"So {start}A{end}b"
    assert visible_text(f"A{end}b", None) == f"A{end}b"


@pytest.mark.parametrize("marker", TURN_ENDS)
def test_a_reply_ends_where_the_next_turn_begins(marker):
    assert visible_text(f"so 5.{marker}\nNext? So 6.", None) == "so 5."
    assert visible_text(f"a</think>so 5.{marker}\nNext? So 6.", THINK) == "so 5."
    assert visible_text(f"{marker}\nso 5.", None) == f"{marker}\nso 5."
