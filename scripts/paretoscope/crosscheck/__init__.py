"""Second graders, to check the first ones by: a file per grader, of the same name.

Every file has ``check(text, item, finish_reason, reasoning, options) -> Check``, with the arguments of a grader's
``decide``. What makes its word worth something is that it is independent: it shares no code with ``graders``, nor
math-verify or sympy, extracts the answer in its own way, and doesn't see what the first grader made of the response.
Where the two differ, one of them errs, or the gold answer does.

A second grader is simple, and knows it: what it can't read is ``undecided``, never wrong. It takes time linear in the
response's length, and reads an answer within fixed limits of length, depth and digits. So it needs no process that
could be killed, as the first one's computer algebra does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .. import plugins
from ..errors import InputError
from ..schema import Completion, Crosscheck, Item


def disagree(verdict: str, crosscheck: str) -> bool | None:
    """Return whether the two graders disagree on a completion; None where one of them decided nothing.

    A response without an answer counts as decided: the second grader may find one. What was cut doesn't, as it isn't
    judged by its answer.

    Parameters
    ----------
    verdict : str
        The first grader's, one of :data:`paretoscope.schema.VERDICTS`.
    crosscheck : str
        The second one's, one of :data:`paretoscope.schema.CROSSCHECK_VERDICTS`.
    """
    if crosscheck == "undecided" or verdict not in ("correct", "wrong", "no_answer"):
        return None
    return (verdict == "correct") != (crosscheck == "correct")


def crosscheck_completions(
    completions: Iterable[Completion],
    items: Mapping[str, Item],
    grader: str,
    reasoning: dict | None = None,
    options: dict | None = None,
) -> Iterator[Crosscheck]:
    """Grade completions a second time, in their order.

    Parameters
    ----------
    completions : iterable of Completion
        Read once, and not kept.
    items : mapping of str to Item
        The benchmark's items by id.
    grader : str
        The benchmark's grader; the file of that name here checks it.
    reasoning, options : dict or None
        The model card's reasoning block, the benchmark card's grading options.

    Raises
    ------
    InputError
        The grader has no second one; unknown item.
    """
    check = plugins.load("crosscheck", grader).check
    for completion in completions:
        item = items.get(completion.item_id)
        if item is None:
            raise InputError(f"completion of item '{completion.item_id}': the benchmark has no such item")
        found = check(completion.text, item, completion.finish_reason, reasoning, options or {})
        yield Crosscheck(completion.item_id, completion.sample, found.verdict, found.answer)
