"""Control: answers every item with its reference response, so every benchmark must score exactly 1."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..schema import Completion, Request, Sampling

PROTOCOL = 1
NEEDS_WEIGHTS = False
KEEPS = False
ENVIRONMENT = "analysis"
KEYED_SETTINGS = ()
CONTROL = True
EXPECTED_ACCURACY = 1.0
SETTINGS: dict = {}


def files(settings: dict, model: dict, benchmark: dict) -> list[str]:
    """Return no files: a control depends on the items alone."""
    return []


@contextmanager
def open_engine(model: dict, sampling: Sampling, settings: dict, files: Sequence[str]) -> Iterator["Oracle"]:
    """Give an oracle."""
    yield Oracle()


class Oracle:
    """Returns ``request.reference``. No tokens are counted, since no model runs."""

    def describe(self) -> dict:
        """Return what there is to say of it."""
        return {"version": str(PROTOCOL), "device": "none"}

    def generate(self, requests: Sequence[Request]) -> Iterator[list[Completion]]:
        """Yield all completions in one batch."""
        yield [Completion(r.item_id, r.sample, r.reference, "stop", None, None) for r in requests]
