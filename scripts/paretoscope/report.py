"""The short table that a run ends with: the frontier in words, what to beware of, and where the figures are."""

from __future__ import annotations

import re

import pandas as pd

from .frontier import AVERAGE

TRUNCATED_WARNING = 0.05
LOOPING_WARNING = 0.01
UNREAD_WARNING = 0.05
DISAGREEMENT_WARNING = 0.02
UNITS = ((1e15, "PFLOPs"), (1e12, "TFLOPs"), (1e9, "GFLOPs"), (1e6, "MFLOPs"))


def summary_text(title: str, cells: pd.DataFrame, absent: pd.DataFrame, frontier: pd.DataFrame, figures) -> str:
    """Return the summary of a study as plain text.

    Parameters
    ----------
    title : str
    cells, absent, frontier : DataFrame
        Tables of ``schema.CELLS``, ``schema.ABSENT_CELLS`` and ``frontier.FRONTIER``.
    figures : iterable of str
        Paths to name.
    """
    benchmarks = cells["benchmark"].nunique()
    averages = frontier[(frontier["scope"] == AVERAGE) & frontier["left_out"].isna()]
    lines = [f"{title}: {len(cells)} cells, mean over {benchmarks} benchmark{'s' if benchmarks > 1 else ''}", ""]
    lines += (
        _table(averages)
        if len(averages)
        else ["No model has an accuracy and FLOPs on all benchmarks, so there is no average."]
    )
    lines += ["", *_with_and_without_judge(cells)]
    lines += ["", *(f"! {warning}" for warning in warnings(cells, absent, frontier))]
    lines += ["", "Figures:", *(f"  {figure}" for figure in figures)]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def warnings(cells: pd.DataFrame, absent: pd.DataFrame, frontier: pd.DataFrame) -> list[str]:
    """Return what a reader must know before trusting the figures, most important first."""
    models = cells[cells["kind"] != "control"]
    found = [
        f"{row.model} x {row.benchmark}: {row.truncated_rate:.0%} of the completions were cut by the token limit, {row.truncated_looping_rate:.0%} in a loop; the others want a larger max_new_tokens or context_length"
        for row in models[models["truncated_rate"] > TRUNCATED_WARNING].itertuples()
    ]
    found += [
        f"{row.model} x {row.benchmark}: {row.looping_rate:.1%} of the completions end in a loop, which no larger limit mends; compare sampling, chat_template and dtype with what the model's makers advise"
        for row in models[models["looping_rate"] > LOOPING_WARNING].itertuples()
    ]
    unread = models["no_answer_rate"] + models["unparsed_rate"]
    found += [
        f"{row.model} x {row.benchmark}: no answer could be read in {rate:.0%} of the completions; they count as wrong"
        for row, rate in zip(models[unread > UNREAD_WARNING].itertuples(), unread[unread > UNREAD_WARNING], strict=True)
    ]
    undecided = models["timeout_rate"] + models["crashed_rate"]
    found += [
        f"{row.model} x {row.benchmark}: the grader gave up on {rate:.1%} of the answers"
        for row, rate in zip(models[undecided > 0].itertuples(), undecided[undecided > 0], strict=True)
    ]
    found += [
        f"{row.model} x {row.benchmark}: two graders disagree on {row.disagreement_rate:.1%} of the answers that both decided; read them in audit/{row.model}/{row.benchmark}.html"
        for row in models[models["disagreement_rate"] > DISAGREEMENT_WARNING].itertuples()
    ]
    found += [f"{row.model} x {row.benchmark} is absent: {row.reason}" for row in absent.itertuples()]
    left_out = frontier[(frontier["scope"] == AVERAGE) & frontier["left_out"].notna()]
    found += [f"{row.model} is not in the average: {row.left_out}" for row in left_out.itertuples()]
    return found


def _with_and_without_judge(cells: pd.DataFrame) -> list[str]:
    """Return the line on a study's judge; none where there is no judge."""
    judged = cells[cells["accuracy_with_judge"].notna()]
    if judged.empty:
        return []
    means = judged[["judged_rate", "accuracy_with_judge", "accuracy", "judge_flops_mean", "total_flops_mean"]].mean()
    return [
        f"With {judged['judge'].iloc[0]} as judge of {means['judged_rate']:.1%} of the completions, the mean accuracy of the cells is {means['accuracy_with_judge']:.1%}; without it, as everywhere here, {means['accuracy']:.1%}. The judge took {means['judge_flops_mean']:.2g} FLOPs per completion, {means['judge_flops_mean'] / means['total_flops_mean']:.2%} of the models' own."
    ]


def _table(averages: pd.DataFrame) -> list[str]:
    unit, name = next(
        ((size, name) for size, name in UNITS if averages["total_flops_mean"].median() >= size), (1.0, "FLOPs")
    )
    width = max(len("model"), *(len(text) for text in averages["model_name"]))
    lines = [f"    {'model':<{width}}  {name + ' per completion':>21}  accuracy (95 %)"]
    for row in averages.sort_values("total_flops_mean").itertuples():
        mark = "*" if row.on_frontier else " "
        cost = (
            f"{row.total_flops_mean / unit:,.3g}"
            if row.total_flops_mean < 1000 * unit
            else f"{row.total_flops_mean / unit:,.0f}"
        )
        accuracy = f"{row.accuracy:.1%} ({row.accuracy_low:.1%} to {row.accuracy_high:.1%})"
        lines.append(f"  {mark} {row.model_name:<{width}}  {cost:>21}  {accuracy}")
    return [*lines, "  * on the compute-accuracy frontier: no model is at least as accurate for less"]
