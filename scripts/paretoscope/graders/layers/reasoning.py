"""First layer: what a reader of the final answer sees, with the reasoning removed."""

from __future__ import annotations

import re

MARKERS = (
    ("<think>", "</think>"),  # DeepSeek, Qwen, GLM, Nemotron, OLMo 3, Falcon-H1R, Phi-4, EXAONE 4 and most others
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # EXAONE Deep, Marco-o1 (<Thought>)
    ("<reasoning>", "</reasoning>"),
    ("<analysis>", "</analysis>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<reflection>", "</reflection>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<mm:think>", "</mm:think>"),  # MiniMax M3
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi
    ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),  # Kimi K3
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1, OpenThinker
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ("<|channel>thought", "<channel|>"),  # Gemma 4
    ("<|channel|>analysis", "<|channel|>final<|message|>"),  # gpt-oss
    ("<|start|>assistant<|channel|>analysis", "<|channel|>final<|message|>"),
)
"""Where a reasoning starts and ends, in capitals or not, whether or not the model card names it."""

BARE_MARKERS = (
    ("think\n", "\nanswer\n"),  # s1.1 and gpt-oss, once their special tokens are dropped
    ("analysis", "assistantfinal"),
    ("Here is my thought process:", "Here is my response:"),  # Granite 3.2
    ("Here's my thought process:", "Here's my response:"),
    ("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),  # Apriel
)
"""Markers in plain words: they count as a pair and at the very beginning only."""
_BARE_WORD = re.compile(r"analysis(?![A-Z])")
"""The word as it begins a sentence; the name of the channel stands right before one."""

STARTS = tuple(start for start, _ in MARKERS)
ENDS = tuple(dict.fromkeys(end for _, end in MARKERS))

TURN_ENDS = (
    *("<|im_end|>", "<|im_start|>user", "<|im_start|>system", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>"),
    *("<|start_header_id|>user", "<end_of_turn>", "<start_of_turn>user", "<|return|>", "</s>"),
    *("<|end|>", "<turn|>", "<|close|>response", "[END FINAL RESPONSE]"),
)
"""What ends a reply. A model that wasn't stopped there goes on with a turn of the user that it makes up."""


def visible_text(text: str, reasoning: dict | None) -> str | None:
    r"""Return the text after the last end of a reasoning, or None where a reasoning was never closed.

    An end marker with nothing after it doesn't hide the answer before its start, if that is there. A start marker
    counts at the beginning of a line or sentence, or right behind a word; elsewhere, and between quotation marks, it
    is talk about the marker. What follows the end of the reply is no part of it.

    Parameters
    ----------
    text : str
        The response as generated.
    reasoning : dict or None
        The model card's block: ``start``, ``end`` (the markers) and ``opened_by_template`` (the chat template already
        wrote ``start``, so the response never shows it). None: the model doesn't reason apart.
    """
    reasoning = reasoning or {}
    start, bare = reasoning.get("start"), _bare_markers(text)
    first, *rest = _split(text, ends_in(text, reasoning))
    if not rest:
        opened = reasoning.get("opened_by_template") or (bare and first.lstrip().startswith(bare[0]))
        return None if opened or _opens(first, start) else _reply(first)
    # What stands between a start and an end marker is reasoning, wherever it is.
    *closed, last = rest
    led = "" if reasoning.get("opened_by_template") or not _opens(first, start) else _before_first(first, start)
    visible = [led, *(_before_first(part, start) for part in closed), last]
    answer = next((part for part in reversed(visible) if part.strip()), "")
    return None if _opens(answer, start) else _reply(answer)


def ends_in(text: str, reasoning: dict | None) -> tuple[str, ...]:
    """Return what ends a reasoning in a text: the known markers, as they stand there, and the one in words."""
    end, bare = (reasoning or {}).get("end"), _bare_markers(text)
    known = dict.fromkeys(match.group() for match in _ENDS.finditer(text))
    return (*filter(None, (end, bare and bare[1])), *known)


def _any_of(markers: tuple[str, ...]) -> re.Pattern:
    """Return a pattern of all markers in capitals or not, the longest first, as one may begin with another.

    Its first character has no capitals and stands apart, by which a search is several times as fast.
    """
    firsts = "".join(map(re.escape, sorted({marker[0] for marker in markers})))
    by_length = sorted(markers, key=len, reverse=True)
    rests = "|".join(rf"(?<={re.escape(marker[0])}){re.escape(marker[1:])}" for marker in by_length)
    return re.compile(rf"[{firsts}](?i:{rests})")


_STARTS = _any_of(STARTS)
_ENDS = _any_of(ENDS)
_LEAD = re.compile(r"(?:[\n.!?:…。*][ \t]*|(?<!>assistant)(?<=\w))\Z")
"""What a start marker that isn't the first character follows: a line, a sentence, or a word without a space."""
MAX_LEAD = 40
"""Characters in which a lead is looked for."""


def _opens(text: str, start: str | None) -> bool:
    """Tell whether a text that holds no end of a reasoning opens one, rather than naming a marker."""
    if not _STARTS.search(text) and not (start and start in text):
        return False
    reply = _reply(text.strip())
    own = re.finditer(re.escape(start), reply) if start else ()
    return any(
        (not found.start() or _LEAD.search(reply[max(0, found.start() - MAX_LEAD) : found.start()]))
        and not reply.startswith(("`", "'", '"', "’", "”", "**"), found.end())
        for found in (*_STARTS.finditer(reply), *own)
    )


def _bare_markers(text: str) -> tuple[str, str] | None:
    text = text.lstrip()
    if _BARE_WORD.match(text):
        return None
    return next((pair for pair in BARE_MARKERS if text.startswith(pair[0])), None)


def _split(text: str, markers: tuple[str, ...]) -> list[str]:
    parts = [text]
    for marker in markers:
        if marker in text:
            parts = [piece for part in parts for piece in part.split(marker)]
    return parts


def _before_first(text: str, start: str | None) -> str:
    text = text.partition(start)[0] if start else text
    return _STARTS.split(text, maxsplit=1)[0]


def _reply(text: str) -> str:
    for marker in TURN_ENDS:
        before, found, _ = text.partition(marker)
        if found and before.strip():
            text = before
    return text
