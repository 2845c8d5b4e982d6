"""What grading one completion may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one completion, and one comparison, may use."""

    cpu_seconds: float = 5.0
    """CPU time (user and system); beyond: ``timeout``."""
    memory_bytes: int = 2 * 2**30
    """Address space of a worker, and at most half of it at once; beyond: ``crashed``."""
    wall_seconds: float = 300.0
    """Backstop for a worker that sleeps: so long without using any CPU time, and it is ended."""
