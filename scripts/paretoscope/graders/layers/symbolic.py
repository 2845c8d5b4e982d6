"""Last layer: symbolic comparison with math-verify, for what the plain comparisons can't decide.

Imports sympy, which costs seconds, so only :func:`equal` does, when it is called; and it can run for ever, so only the
worker processes of the grading service call it on model output.
"""

from __future__ import annotations

import re
from functools import cache

from .latex import parse_in_two_stages

_DECIMAL = re.compile(r"\d\.\d|(?<!\d)\.\d")


def compare(gold: str, answer: str) -> tuple[str, str]:
    """Return the verdict and the method of comparing two normalized answers; the gold comes first.

    Verdicts are ``correct``, ``wrong`` and ``unparsed`` (the answer is no expression). math-verify's own time limits
    are off: they are alarms in wall time, which would make a verdict depend on how busy the machine is.
    """
    import logging

    from math_verify import verify

    logging.getLogger("math_verify").setLevel(logging.ERROR)
    _let_memory_errors_through()
    parse_in_two_stages()
    expected, given = _parse(gold), _parse(answer)
    if not given or not expected:
        return "unparsed", "math_verify"
    rounded = _DECIMAL.search(answer) and _has_irrational_part(expected[0])
    if rounded and not (_DECIMAL.search(gold) and _has_irrational_part(given[0])):
        # math-verify rounds to six decimals, so it would take 3.141593 for pi.
        return "wrong", "math_verify/rounded"
    same = verify(expected, given, timeout_seconds=None, allow_set_relation_comp=True)
    return ("correct" if same else "wrong"), "math_verify"


@cache
def _let_memory_errors_through() -> None:
    """Keep math-verify from taking a full memory for two answers that differ.

    The handlers around its comparisons catch ``Exception``, a name that they look up in their module. There it now
    means the exceptions below it but MemoryError, so that the caller learns of one raised deep inside a comparison.
    """
    from math_verify import grader

    grader.Exception = tuple(kind for kind in Exception.__subclasses__() if kind is not MemoryError)


def _parse(latex: str) -> list:
    """Return the expression as a list of one, or an empty list.

    Only the LaTeX parser is used. The parser for plain text looks for any number that stands somewhere, and evaluates
    Python. Units were removed before: math-verify's list of units has single letters, which would turn 5d into 5.
    """
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse

    spelling = NormalizationConfig(basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none")
    config = LatexExtractionConfig(boxed_match_priority=-1, normalization_config=spelling)
    text = latex.replace("\n", " ").replace("$", "")
    return parse(f"${text}$", [config], fallback_mode="no_fallback", parsing_timeout=None)


def _has_irrational_part(expression) -> bool:
    import sympy

    if not isinstance(expression, sympy.Basic):
        return any(_has_irrational_part(entry) for entry in expression)
    return any(part.is_number and part.is_rational is False for part in sympy.preorder_traversal(expression))
