"""A model's tokenizer as engines that take token ids use it: the prompt of a request, and where the reasoning ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ..errors import InputError
from ..schema import Request

DAY = date(2025, 7, 1)
"""The day that a chat template gets which writes the date: a cell that is resumed tomorrow must ask the same."""


class ChatTokenizer:
    """The tokenizer of a folder in Hugging Face format, with its chat template.

    Parameters
    ----------
    model : dict
        ``weights`` (folder), ``chat_template`` (keyword arguments), ``reasoning`` (markers, or None).
    trust_remote_code : bool
        Whether the folder's own code may run.

    Raises
    ------
    InputError
        The folder has no usable tokenizer or no chat template.
    """

    def __init__(self, model: dict, trust_remote_code: bool = False):
        from transformers import AutoTokenizer

        self.arguments = model["chat_template"]
        self.reasoning = model.get("reasoning")
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(
                model["weights"], padding_side="left", trust_remote_code=trust_remote_code, local_files_only=True
            )
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise InputError(f"{model['weights']}: the tokenizer can't be loaded: {error}") from error
        if not self.tokenizer.chat_template:
            raise InputError(f"{model['weights']}: the tokenizer has no chat template, so there is no way to ask it.")
        self.template = _with_fixed_day(self.tokenizer.get_chat_template())
        end = (self.reasoning or {}).get("end")
        self._end = self._ids(end) if end else []

    def prompt(self, request: Request) -> str:
        """Return the request's messages as the text that the model reads.

        Raises
        ------
        InputError
            The chat template refuses the messages.
        """
        from jinja2 import TemplateError

        try:
            return self.tokenizer.apply_chat_template(
                list(request.messages),
                tokenize=False,
                add_generation_prompt=True,
                chat_template=self.template,
                **self.arguments,
            )
        except TemplateError as error:
            raise InputError(f"item '{request.item_id}': the model's chat template can't render it: {error}") from error

    def prompt_ids(self, request: Request) -> list[int]:
        """Return the token ids of the request's prompt, and of the cut response that it goes on from."""
        return self._ids(self.prompt(request)) + self.cut_ids(request)

    def cut_ids(self, request: Request) -> list[int]:
        """Return the token ids that are read after the prompt: none, or a cut response and what leads to its answer.

        The response is cut at a token of its text, tokenized anew: completions are kept as texts. Tokens that the model
        chose to spell it in another way may so differ in number by a few. The reasoning is closed only where what is
        kept leaves it open.
        """
        cut = request.cut
        if cut is None:
            return []
        kept = self._ids(cut.response)[: cut.kept_tokens]
        closed = cut.close in self.tokenizer.decode(kept, skip_special_tokens=False)
        return kept + self._ids(cut.lead if closed else cut.close + cut.lead)

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def reasoning_tokens(self, ids: Sequence[int], text: str) -> int | None:
        """Return how many tokens the reasoning has, its closing marker included.

        All, where it is opened and never closed; 0 where it is never opened; None where the model marks no reasoning.

        Parameters
        ----------
        ids : sequence of int
            The completion's tokens.
        text : str
            What they spell.
        """
        if not self.reasoning:
            return None
        if self.reasoning["end"] not in text:
            opened = self.reasoning["opened_by_template"] or self.reasoning["start"] in text
            return len(ids) if opened else 0
        length = len(self._end)
        for start in range(len(ids) - length + 1):
            if list(ids[start : start + length]) == self._end:
                return start + length
        return self._spelled(ids)

    def _spelled(self, ids: Sequence[int]) -> int:
        """Return the fewest tokens that spell the closing marker, where it is split into tokens in another way."""
        low, high = 1, len(ids)
        while low < high:
            middle = (low + high) // 2
            if self.reasoning["end"] in self.tokenizer.decode(ids[:middle], skip_special_tokens=False):
                high = middle
            else:
                low = middle + 1
        return low


def _with_fixed_day(template: str) -> str:
    """Return a chat template in which the functions that tell the day are replaced by what they say of :data:`DAY`."""
    return re.sub(
        r"""strftime_now\(\s*(["'])(.*?)\1\s*\)""", lambda call: f"{DAY.strftime(call[2])!r}", template, flags=re.DOTALL
    )
