"""Counts of tokens as a caller gives them, checked: integers in range, of shapes that go together."""

from __future__ import annotations

import numpy as np

from ..errors import InputError

_MOST = 2**53
"""Far above any context, and so little that prompt and completion together are an int64."""


def token_counts(name: str, values, *, minimum: int) -> np.ndarray:
    """Return counts as an int64 array of the shape given.

    Raises
    ------
    InputError
        Values that aren't integers, below ``minimum`` or above 2**53.
    """
    try:
        counts = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be integers in an array, not lists of several lengths") from None
    if counts.size and counts.dtype.kind == "O" and all(type(value) is int for value in counts.flat):
        # Python's integers beyond 64 bits, of one sign or the other.
        beyond = max(counts.flat, key=abs)
        raise InputError(f"{name} must be from {minimum} to {_MOST}, not {beyond}")
    if counts.size and counts.dtype.kind not in "iu":
        raise InputError(f"{name} must be integers up to {_MOST}, without gaps, not {counts.dtype} values")
    if counts.size and counts.max() > _MOST:
        raise InputError(f"{name} must be at most {_MOST}, not {counts.max()}")
    counts = counts.astype(np.int64, copy=False)
    if counts.size and counts.min() < minimum:
        raise InputError(f"{name} must be at least {minimum}, not {counts.min()}")
    return counts


def broadcast(**counts: np.ndarray) -> list[np.ndarray]:
    """Return the counts in one shape, as numpy broadcasts them.

    Raises
    ------
    InputError
        Shapes that don't go together.
    """
    try:
        return list(np.broadcast_arrays(*counts.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {each.shape}" for name, each in counts.items())
        raise InputError(f"shapes of the token counts don't go together: {shapes}") from None
