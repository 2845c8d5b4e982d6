"""Grades the completions of a cell: cheap comparisons here, symbolic ones in worker processes that can be killed.

Model output is hostile by accident: a short expression can keep a computer algebra system busy for ever or fill the
memory. So every step has its limit:

- what needs no computer algebra runs in this process, interrupted when it has spent its CPU time (``guard``);
- pairs that are left go to long-lived worker processes (``pool``, ``worker``). One that spends its CPU seconds is
  ended by the kernel, one that hangs by the parent, and is replaced; nobody else waits for it;
- verdicts are kept on disk (``cache``), so that a killed job goes on where it was, and only new samples cost something.

CPU seconds decide, never wall time, so a busy machine gives the same verdicts.
"""

from .cache import VerdictCache
from .limits import Limits
from .pool import compare_pairs
from .service import CompletionLine, grade_completions, grader_version

__all__ = ["CompletionLine", "Limits", "VerdictCache", "compare_pairs", "grade_completions", "grader_version"]
