"""How the study was made, in words and tables: all of it from the study's file, its cards and the cells' meta files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..audit.escaping import escape
from .data import PAIRED

EXPLANATIONS = (
    (
        "Accuracy",
        "The share of questions answered correctly; where there are several answers to a question, the mean over "
        "questions of the share that is right. Bars and brackets are 95 % intervals (Wilson; averages: MOVER): had "
        "other questions of the same kind been asked, the accuracy would mostly have come out within them.",
    ),
    (
        "Cost",
        "The mean per completion, that is per answer, its reasoning included. FLOPs are the arithmetic operations that "
        "the model's architecture needs for the tokens that it read and wrote, 2 per multiply-add. Seconds, joules and "
        "dollars are measured once, on the device named beside them, taken as exact, and shown where most cells have "
        "them.",
    ),
    (
        "Frontier",
        "A model is on the frontier if no other is at least as accurate for the same cost or less. It is decided on the "
        "means, so a model that is barely on it could as well be off it. How sure that is: the questions are drawn anew, "
        "with replacement, thousands of times (a bootstrap over items, the same for all models), and each time the "
        "frontier is found again; the share of these reruns in which a model is on it stands beside its name, and the "
        "shaded band holds 95 % of the frontiers at each cost. It is known for all models together, so filters don't "
        "change the share, and hide the band.",
    ),
    (
        "Differences",
        "Two models are compared on the questions that both answered; the range is the 95 % interval of that paired "
        "difference, for that pair alone: it is not widened because the pair was picked among many. A cheaper model "
        "counts as within 2 points of the most accurate where its interval ends at most 2 points below it "
        "(non-inferiority). Told are the differences of "
        f"the {PAIRED} models that the fewest others beat; all, with p-values corrected for all pairs, are in "
        "<code>frontier/differences.csv</code>.",
    ),
    (
        "Wrong answers",
        "Their share of the cost of all answers, and the cost of a right one: the mean cost over the accuracy. The "
        "intervals are of such reruns, too. The hypervolume is the area that the frontier dominates "
        "in accuracy and the logarithm of cost; a class is judged by what of it is lost without its models.",
    ),
    (
        "Average",
        "Every benchmark counts the same. Only models that have a result on every benchmark are averaged; the others "
        "are named, with the reason.",
    ),
)


_SETTINGS = {
    "groups": "groups of benchmarks",
    "replicates": "bootstrap replicates",
    "seed": "seed of the bootstrap",
    "saturation_gain_points": "points that a doubling must gain",
}
"""Names to show of settings whose own say too little."""


def methods_html(study: Mapping, cells: Sequence[Mapping]) -> str:
    """Return the section on methods as HTML.

    Parameters
    ----------
    study : mapping
        ``name``, ``models`` and ``benchmarks`` (cards by id), ``engine`` (its name), ``samples_per_item``, ``seed``,
        ``sampling`` (the study's own, over the cards'), ``analysis`` (settings of the tables).
    cells : sequence of mapping
        The meta files of all cells.
    """
    words = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in EXPLANATIONS)
    return f"""<dl class="terms">{words}</dl>
<h3>Settings of the study</h3>
{_pairs(_settings(study, cells))}
<h3>Models</h3>
{_models(study["models"], cells)}
<h3>Benchmarks</h3>
{_benchmarks(study["benchmarks"])}
<h3>Software</h3>
{_pairs(_software(cells))}"""


def _settings(study: Mapping, cells: Sequence[Mapping]) -> Iterable[tuple[str, str]]:
    yield "study", study["name"]
    yield "engine", study["engine"]
    yield "answers per question", f"{study['samples_per_item']} (one where decoding is greedy)"
    yield "seed", str(study["seed"])
    yield "sampling", _sampling(study["sampling"]) or "as each model's card says"
    for key, value in study["analysis"].items():
        yield _SETTINGS.get(key, key.replace("_", " ")), _said(value)
    yield "completions", f"{sum(cell['completions'] for cell in cells):,} in {len(cells):,} cells (model x benchmark)"
    yield "generated", " to ".join(dict.fromkeys(find(cell["utc"] for cell in cells) for find in (min, max)))


def _models(cards: Mapping[str, Mapping], cells: Sequence[Mapping]) -> str:
    by_model: dict[str, list[Mapping]] = {}
    for cell in cells:
        by_model.setdefault(cell["model"], []).append(cell)
    head = ("Model", "Weights", "Revision", "Engine", "Device", "Data type", "Sampling in force", "Seed")
    rows = [
        (
            cards[model]["name"],
            _source(cards[model]["source"]),
            _each(cell["revision"] or "not pinned" for cell in found),
            _each(f"{cell['engine']['name']} {cell['engine'].get('version') or ''}" for cell in found),
            _each(cell["engine"].get("device") for cell in found),
            _each(cell["engine"].get("dtype") for cell in found),
            _each(f"{_in_force(cell)}; {cell['samples']} per question" for cell in found),
            _each("not known" if cell["seed"] is None else cell["seed"] for cell in found),
        )
        for model, found in by_model.items()
    ]
    return _table(head, rows)


def _benchmarks(cards: Mapping[str, Mapping]) -> str:
    head = ("Benchmark", "Source", "Revision", "Questions", "Grader", "Prompt protocol", "Reference")
    rows = [
        (
            card["name"],
            _source(card["source"]),
            card["source"].get("revision") or "–",
            f"{card['subset']['items']} of {card['rows']}" if card["subset"] else str(card["rows"]),
            card["grading"]["grader"],
            str(card["prompt"]["protocol"]),
            card["reference"] or "–",
        )
        for card in cards.values()
    ]
    return _table(head, rows)


def _software(cells: Sequence[Mapping]) -> Iterable[tuple[str, str]]:
    names = sorted({name for cell in cells for name in cell["packages"]})
    for name in names:
        yield name, _each(cell["packages"].get(name) for cell in cells)
    dirty = any(cell["git"]["dirty"] for cell in cells)
    commits = _each(cell["git"]["commit"] for cell in cells)
    yield "paretoscope", f"commit {commits}{', with local changes' if dirty else ''}"


def _source(source: Mapping | None) -> str:
    """Return where weights or questions come from, in a few words."""
    if not source:
        return "none"
    if "hub_id" in source:
        return " ".join(part for part in (source["hub_id"], source.get("subset"), source.get("split")) if part)
    kind = next(key for key in ("training", "generator", "path") if key in source)
    return {"training": "trained by the workflow", "generator": "made by the workflow", "path": "local file"}[kind]


def _in_force(cell: Mapping) -> str:
    """Return the sampling of a cell; of a recording nobody knows it."""
    return _sampling(cell["sampling"]["in_force"] or {}) or "not known"


def _sampling(sampling: Mapping) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in sampling.items() if value is not None)


def _said(value) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


def _each(values: Iterable) -> str:
    """Return the distinct values that are known, in order."""
    known = [str(value).strip() for value in values if value not in (None, "")]
    return ", ".join(dict.fromkeys(known)) or "–"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return (
        '<dl class="pairs">'
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
        + "</dl>"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(value)}</td>" for value in rest) + "</tr>"
        for first, *rest in rows
    )
    return f'<div class="wide words" tabindex="0" role="region" aria-label="{head[0]}s"><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>'
