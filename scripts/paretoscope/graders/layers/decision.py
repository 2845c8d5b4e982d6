"""What a grader makes of one response."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, or a pair that an expensive comparison must still judge."""

    verdict: str | None
    """One of :data:`paretoscope.schema.VERDICTS`; None: ``pending`` has to be compared first."""
    answer: str | None
    """The extracted answer; None where there was none."""
    method: str
    """``extraction/comparison``; only the extraction as long as the verdict is None."""
    pending: tuple[str, str] | None = None
    """The (gold, answer) pair for the grader's ``compare``."""
    span: tuple[int, int] | None = None
    """Where the answer stands in the response: its first character and the one after its last; None where there is no
    answer, or where only the cleaned text shows it."""
