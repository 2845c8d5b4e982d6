"""The answer of the chooser, as text for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict

from ..files import dumps
from . import Answer, Candidate, Estimate
from .candidates import COST_BY_ID, in_words
from .close_calls import CloseCall
from .separation import REACH

MISSES = 3
"""Models that are described where none fits."""
EXACT = "(measured once, taken as exact)"
"""Said of a cost that is known for cells as a whole alone."""
SHOWN = 12
"""Models that are named for one reason; JSON has them all."""


def as_json(answer: Answer) -> str:
    """Return the answer as JSON: the fields of :class:`paretoscope.choose.Answer`, described there."""
    return dumps(asdict(answer), indent=2, separators=(",", ": "))


def as_text(answer: Answer) -> str:
    """Return the answer in words."""
    lines = [_asked(answer)]
    if answer.chosen is None:
        lines += _nothing(answer)
    else:
        lines += [f"Use {answer.chosen.model} ({answer.chosen.model_name}).", *_facts(answer, answer.chosen)]
        lines += _close_call(answer)
        lines += _runner_up(answer)
    lines += _others(answer)
    return "\n".join([*lines, *(f"Assumed: {text}." for text in answer.assumed)])


def _asked(answer: Answer) -> str:
    request = answer.request
    wanted = [f"at most {_amount(cost, most)}" for cost, most in request.budgets.items()]
    wanted += [f"{in_words(request.memory_bytes)} of memory"] if request.memory_bytes else []
    wanted += [f"accuracy of at least {request.min_accuracy:.1%}"] if request.min_accuracy else []
    aim = f"the least {COST_BY_ID[request.minimize].name}" if request.minimize else "the highest accuracy"
    mix = ", ".join(f"{benchmark} {weight:.0%}" for benchmark, weight in request.weights.items())
    return f"Asked: {aim}{' with ' if wanted else ''}{', '.join(wanted)}; on {mix}; per completion; {answer.results}"


def _amount(cost: str, value: float) -> str:
    unit = COST_BY_ID[cost].unit or COST_BY_ID[cost].name
    return f"${value:,.3g}" if unit == "$" else f"{value:,.4g} {unit}"


def _facts(answer: Answer, candidate: Candidate) -> list[str]:
    lines = [f"  accuracy {_percent(candidate.accuracy)}{_sure('reaches what is asked', candidate.p_reaches_accuracy)}"]
    for cost, estimate in candidate.costs.items():
        lines.append(f"  cost {_cost(cost, estimate)}{_within(cost, candidate)}")
    if candidate.memory:
        parts = candidate.memory
        lines.append(
            f"  memory {in_words(parts.total_bytes)}: weights {in_words(parts.weight_bytes)}, "
            f"cache {in_words(parts.cache_bytes)} at {parts.length:,} tokens{_longer(parts.longer)}"
        )
    return [*lines, f"  the best of those that fit in {candidate.p_best:.1%} of the replicates"]


def _longer(count: int) -> str:
    return f" ({count:,} completion{' is' if count == 1 else 's are'} longer)" if count else ""


def _percent(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"


def _cost(cost: str, estimate: Estimate) -> str:
    if estimate.value is None:
        return f"in {COST_BY_ID[cost].name} not known"
    interval = f" {EXACT}" if estimate.low is None else f" [{estimate.low:,.4g}, {estimate.high:,.4g}]"
    return _amount(cost, estimate.value) + interval


def _within(cost: str, candidate: Candidate) -> str:
    probability = candidate.p_within_budget.get(cost)
    if probability is not None and candidate.costs[cost].low is None:
        return ", within the budget"
    return _sure("within the budget", probability)


def _sure(what: str, probability: float | None) -> str:
    return "" if probability is None else f", {what} in {probability:.1%} of the replicates"


def _close_call(answer: Answer) -> list[str]:
    fails = {candidate.model: candidate.fails for candidate in answer.candidates}
    lines = []
    for call in answer.close_calls:
        lines.append(_failing(call, fails[call.model]) if fails[call.model] else _as_good(answer, call))
        for question in call.settling:
            asked = f"reaches {question.limit:.1%}" if question.of == "accuracy" else "is within the budget"
            lines.append(f"  To tell whether it {asked}: {question.words}")
    if answer.p_nothing_fits > 0:
        lines.append(f"In {answer.p_nothing_fits:.1%} of the replicates nothing fits.")
    return lines


def _failing(call: CloseCall, fails: tuple[str, ...]) -> str:
    return (
        f"A close call: {call.model} doesn't fit by its means ({', '.join(fails)}), yet is the best in "
        f"{call.p_best:.1%} of the replicates."
    )


def _as_good(answer: Answer, call: CloseCall) -> str:
    """Say what speaks for a model that fits too."""
    level = f"is level with {answer.chosen.model} in practice and " if call.level else ""
    ratio = "" if call.cost_ratio is None else f", at {call.cost_ratio:.3g} times the {COST_BY_ID[call.cost].name}"
    return (
        f"A close call: {call.model} {level}is the best in {call.p_best:.1%} of the replicates "
        f"({answer.chosen.model} in {answer.chosen.p_best:.1%}){ratio}."
    )


def _runner_up(answer: Answer) -> list[str]:
    other, apart = answer.runner_up, answer.separation
    if other is None:
        return ["Nothing else fits."]
    points = (
        f"{100 * apart.accuracy_difference:+.1f} [{100 * apart.accuracy_low:+.1f}, {100 * apart.accuracy_high:+.1f}]"
    )
    lines = [
        f"Runner-up of those that fit: {other.model}, accuracy {_percent(other.accuracy)}, best in {other.p_best:.1%} of the replicates.",
        f"  {answer.chosen.model} less {other.model}: {points} points of accuracy",
    ]
    if apart.cost_ratio is not None:
        interval = (
            f" {EXACT}"
            if apart.cost_ratio_low is None
            else f" [{apart.cost_ratio_low:.3g}, {apart.cost_ratio_high:.3g}]"
        )
        lines.append(f"  at {apart.cost_ratio:.3g} times its {COST_BY_ID[apart.cost].name}{interval}")
    decides = "accuracy" if apart.of == "accuracy" else COST_BY_ID[apart.of].name
    lines.append(f"  To tell them apart in {decides}: {apart.words}")
    these = apart.samples_needed_on_these_items
    reached = these and these <= REACH * apart.samples and not apart.level
    return [*lines, *([f"  On just these items, {these:,} samples each would do."] if reached else [])]


def _nothing(answer: Answer) -> list[str]:
    lines = ["Nothing fits." + (" The nearest misses:" if answer.candidates else "")]
    for candidate in answer.candidates[:MISSES]:
        costs = "".join(f", {_cost(cost, estimate)}" for cost, estimate in candidate.costs.items())
        lines.append(
            f"  {candidate.model}: {', '.join(candidate.fails)}; accuracy {_percent(candidate.accuracy)}{costs}; "
            f"fits in {candidate.p_feasible:.1%} of the replicates"
        )
    return lines


def _others(answer: Answer) -> list[str]:
    shown = {answer.chosen.model, getattr(answer.runner_up, "model", None)} if answer.chosen else set()
    reasons: dict[str, list[str]] = {}
    for candidate in answer.candidates:
        if candidate.model not in shown:
            reason = ", ".join(candidate.fails) or "fits, but others are better"
            sure = f" (best in {candidate.p_best:.1%})" if candidate.p_best > 0 else ""
            reasons.setdefault(reason, []).append(candidate.model + sure)
    for model, reason in answer.left_out.items():
        reason, _, detail = reason.partition(": ")
        reasons.setdefault(reason, []).append(f"{model} ({detail})" if detail else model)
    lines = [f"  {reason}: {_first(models)}" for reason, models in reasons.items()]
    return ["Others:", *lines] if lines else []


def _first(models: list[str]) -> str:
    more = len(models) - SHOWN
    return ", ".join(models[:SHOWN]) + (f" and {more} more" if more > 0 else "")
