"""Which keys a token attends, and of how many tokens a cache must keep keys and values.

Each mask sums, in closed form, the keys that all tokens of a sequence attend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Causal:
    """Causal mask: token i (1-based) attends i keys, itself included."""

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all: n(n + 1) / 2."""
        return tokens * (tokens + 1) // 2

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values once ``tokens`` were fed: all."""
        return tokens


@dataclass(frozen=True, slots=True)
class SlidingWindow:
    """Causal mask over the last ``size`` tokens: token i attends min(i, size) keys (arXiv 2310.06825, section 2)."""

    size: int

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all."""
        filling = _least(tokens, self.size)
        return filling * (filling + 1) // 2 + (tokens - filling) * self.size

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values once ``tokens`` were fed: the last ``size``."""
        return _least(tokens, self.size)


@dataclass(frozen=True, slots=True)
class Chunks:
    """Causal mask within chunks of ``size`` tokens: token i attends (i - 1) mod size + 1 keys (Llama 4)."""

    size: int

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all."""
        full, rest = tokens // self.size, tokens % self.size
        return full * (self.size * (self.size + 1) // 2) + rest * (rest + 1) // 2

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values: a chunk's at most."""
        return _least(tokens, self.size)


@dataclass(frozen=True, slots=True)
class Selected:
    """Sparse mask: ``size`` blocks of ``block`` tokens, a token's own block among them, selected for each token anew.

    Token i attends the whole past until that is longer than the selection, then size - 1 full blocks and its own up to
    itself. With blocks of one token that is min(i, size) keys (arXiv 2512.02556, section 2.1).
    """

    size: int
    block: int = 1

    def attended_keys(self, tokens):
        """Return the keys that tokens 1 to ``tokens`` attend in all."""
        filling = _least(tokens, self.size * self.block)
        beyond = tokens - filling
        own_blocks = Chunks(self.block).attended_keys(beyond)
        return filling * (filling + 1) // 2 + beyond * ((self.size - 1) * self.block) + own_blocks

    def kept_tokens(self, tokens: int) -> int:
        """Return of how many tokens the cache must hold keys and values: all, since any may be selected."""
        return tokens


@dataclass(frozen=True, slots=True)
class Compressed:
    """Mask over entries that stand for ``rate`` tokens each: token i attends the i // rate entries that are complete.

    With ``selected``, that many of them at most.
    """

    rate: int
    selected: int | None = None

    def attended_keys(self, tokens):
        """Return the entries that tokens 1 to ``tokens`` attend in all."""
        filling = tokens if self.selected is None else _least(tokens, self.selected * self.rate)
        entries, rest = filling // self.rate, filling % self.rate
        complete = self.rate * (entries * (entries - 1) // 2) + entries * (rest + 1)
        return complete + (tokens - filling) * (self.selected or 0)

    def kept_tokens(self, tokens: int) -> int:
        """Return how many entries the cache must hold."""
        return tokens // self.rate


def _least(tokens, most: int):
    """Return the smaller of both, element by element; of a Python integer another one, which can't overflow."""
    return min(tokens, most) if isinstance(tokens, int) else np.minimum(tokens, most)


Mask = Causal | SlidingWindow | Chunks | Selected | Compressed

FULL = Causal()
"""Full attention, the default."""
