"""The page of a cell: one HTML file that needs no other."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..schema import CROSSCHECK_VERDICTS, UNDECIDED, VERDICTS, Completion, GradeTiming, Item
from .escaping import escape
from .selection import MOST, SAMPLE, Row
from .text import Budget, excerpt, with_formula, with_formulas

_FOLDER = Path(__file__).parent
PAGE_CHARACTERS = 1_200_000
"""Characters that the responses of a page may take together, about; each gets an equal part."""
REPLY_CHARACTERS, QUESTION_CHARACTERS = 6_000, 4_000
"""Characters of a reply, and as many of its reasoning, that are shown at most; of a question."""
HIDDEN_CHARACTERS = 20
"""Characters up to which an answer is shown where items are hidden: a letter or a number, but no words of the item."""
FILTERS = ("disagreement", "undecided", "looping", *VERDICTS, "random")


def audit_page(
    spec: Mapping,
    rows: Sequence[Row],
    shown: Sequence[Row],
    sample: set[tuple[str, int]],
    items: Mapping[str, Item],
    completions: Mapping[tuple[str, int], Completion],
    timings: Mapping[tuple[str, int], GradeTiming],
) -> str:
    """Return the page of a cell as HTML.

    Parameters
    ----------
    spec : dict
        ``model`` and ``model_name``, ``benchmark`` and ``benchmark_name``; ``hide_items``: the reason why neither
        questions nor responses, which may repeat them, must be shown, or None; ``reasoning``: the model card's block.
    rows : sequence of Row
        All completions of the cell.
    shown, sample
        As :func:`.selection.select` returns them.
    items : mapping of str to Item
        The benchmark's items by id.
    completions : mapping of (item id, sample) to Completion
        At least those that are shown, where items aren't hidden.
    timings : mapping of (item id, sample) to GradeTiming
        At least those that are shown.
    """
    cards = _Cards(spec, sample, len(shown))
    articles = [
        cards.article(number, row, items[row.grade.item_id], completions.get(row.key), timings[row.key])
        for number, row in enumerate(shown, start=1)
    ]
    style, script = (_FOLDER.joinpath(f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    title = f"{spec['model_name']} on {spec['benchmark_name']}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit: {escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header class="top">
<h1>{escape(title)}</h1>
<p class="ids">{escape(spec["model"])} × {escape(spec["benchmark"])}</p>
{_tiles(rows)}
{_notes(spec, rows)}
</header>
{_toolbar(shown, sample)}
<main id="cards">
{"".join(articles)}
</main>
<p id="none" hidden>No completion fits. Clear the search or choose another filter.</p>
<script>{script}</script>
</body>
</html>
"""


def _policy(style: str, script: str) -> str:
    """Return a policy under which nothing is loaded, and nothing applies or runs but these two texts."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _tiles(rows: Sequence[Row]) -> str:
    verdicts = Counter(row.grade.verdict for row in rows)
    both = [row.disputed for row in rows if row.disputed is not None]
    disputed, undecided = sum(both), sum(verdicts[verdict] for verdict in UNDECIDED)
    tiles = [
        ("completions", f"{len(rows):,}", "", ""),
        ("correct", _share(verdicts["correct"], len(rows)), f"{verdicts['correct']:,}", "correct"),
        (
            "graders disagree",
            _share(disputed, len(both)),
            f"{disputed:,} of {len(both):,} that both decided",
            "wrong" if disputed else "",
        ),
        ("undecided", f"{undecided:,}", "unparsed, timeout, crashed", "unparsed" if undecided else ""),
        ("no answer", f"{verdicts['no_answer']:,}", "", ""),
        ("truncated", f"{verdicts['truncated']:,}", "", ""),
        ("looping", f"{sum(row.grade.looping for row in rows):,}", "", ""),
    ]
    return (
        '<ul class="tiles">'
        + "".join(
            f'<li class="{kind}"><b>{value}</b> <span>{name}</span> <small>{note}</small></li>'
            for name, value, note, kind in tiles
        )
        + "</ul>"
    )


def _notes(spec: Mapping, rows: Sequence[Row]) -> str:
    disputed = sum(bool(row.disputed) for row in rows)
    undecided = sum(row.grade.verdict in UNDECIDED for row in rows)
    drawn = min(SAMPLE, len(rows))
    hidden = ""
    if spec["hide_items"]:
        hidden = f'<p class="hidden-items">Questions and responses are not shown: {escape(spec["hide_items"])}</p>'
    pairs = Counter((row.grade.verdict, row.crosscheck.verdict) for row in rows)
    header = "".join(f"<th>{verdict}</th>" for verdict in CROSSCHECK_VERDICTS)
    body = "".join(
        f"<tr><th>{verdict}</th>"
        + "".join(f"<td>{pairs[verdict, other]:,}</td>" for other in CROSSCHECK_VERDICTS)
        + "</tr>"
        for verdict in VERDICTS
    )
    return f"""{hidden}
<p>On this page: disagreements of the two graders, {min(disputed, MOST):,} of {disputed:,}; completions that the first
couldn't decide, {min(undecided, MOST):,} of {undecided:,}; drawn at random, {drawn} of {len(rows):,}.</p>
<details><summary>How they were drawn, and all verdicts</summary>
<p>The draw takes the {drawn} completions with the smallest SHA-256 of model, benchmark, item and sample, so it stays
the same when completions are graded anew. Of more than {MOST} disagreements or undecided completions, {MOST} are drawn
in the same way. Milliseconds are CPU time, in the run that made the file. The second grader is independent of the first and leaves undecided what it
can't read; accuracy is by the first alone.</p>
<table><thead><tr><td>first grader ╲ second</td>{header}</tr></thead><tbody>{body}</tbody></table>
</details>"""


def _toolbar(shown: Sequence[Row], sample: set[tuple[str, int]]) -> str:
    counts = Counter(tag for row in shown for tag in row.tags)
    counts["random"] = sum(row.key in sample for row in shown)
    choices = [("all", len(shown)), *((tag, counts[tag]) for tag in FILTERS if counts[tag])]
    radios = "".join(
        f'<label><input type="radio" name="show" value="{tag}"{" checked" if tag == "all" else ""}>'
        f"<span>{tag.replace('_', ' ')} <b>{count}</b></span></label>"
        for tag, count in choices
    )
    return f"""<form class="bar" role="search">
<input type="search" id="search" placeholder="Search ids, questions, answers, responses" aria-label="Search">
<fieldset><legend>Show</legend>{radios}</fieldset>
<output id="count" aria-live="polite"></output>
<small class="keys"><kbd>/</kbd> search <kbd>j</kbd> <kbd>k</kbd> next, previous</small>
</form>"""


class _Cards:
    """Makes the articles of a page, within what all of them may take together.

    Parameters
    ----------
    spec, sample
        As for :func:`audit_page`.
    count : int
        Articles on the page.
    """

    def __init__(self, spec: Mapping, sample: set[tuple[str, int]], count: int):
        self.hidden, self.reasoning, self.sample = bool(spec["hide_items"]), spec["reasoning"], sample
        self.most = min(REPLY_CHARACTERS, PAGE_CHARACTERS // 4 // max(1, count))
        self.formulas = Budget(PAGE_CHARACTERS)
        """Of questions and answers; every reply has its own."""

    def article(self, number: int, row: Row, item: Item, completion: Completion | None, timing: GradeTiming) -> str:
        """Return one completion as HTML."""
        grade = row.grade
        drawn = row.key in self.sample
        tags = (*row.tags, "random") if drawn else row.tags
        badges = "".join(f'<span class="badge {tag}">{tag}</span>' for tag in tags if tag not in VERDICTS)
        shown = completion is not None and not self.hidden
        return f"""<article id="c{number}" tabindex="-1" data-tags="{" ".join(tags)}">
<h2><a href="#c{number}">{escape(grade.item_id)}</a> <small>sample {grade.sample}</small> {badges}</h2>
<div class="facts">
<div><h3>Gold</h3>{self.answer(item.target)}</div>
<div><h3>First grader {_badge(grade.verdict)}</h3>{self.answer(grade.answer)}<small>{escape(grade.method)}, {_took(timing)}</small></div>
<div><h3>Second grader {_badge(row.crosscheck.verdict)}</h3>{self.answer(row.crosscheck.answer)}</div>
</div>
{self.texts(item, completion.text, grade.span) if shown else ""}
</article>
"""

    def answer(self, answer: str | None) -> str:
        """Return an answer, drawn as a formula where it is one, and its source."""
        if answer is None:
            return '<p class="answer none">none</p>'
        if self.hidden and len(answer) > HIDDEN_CHARACTERS:
            return f'<p class="answer none">{len(answer):,} characters, not shown</p>'
        drawn = with_formula(answer, self.formulas)
        source = f"<code>{escape(answer[:QUESTION_CHARACTERS])}</code>"
        return f'<p class="answer">{drawn}{" " if drawn else ""}{source}</p>'

    def texts(self, item: Item, text: str, span: Sequence[int] | None) -> str:
        """Return question, reasoning and reply."""
        span = (span[0], span[1]) if span else None
        text = text.rstrip()
        cut = _end_of_reasoning(text, self.reasoning)
        thought = ""
        if cut:
            thought = (
                f"<details><summary>Reasoning, {cut:,} characters</summary>"
                f'<div class="text" tabindex="0" dir="auto">{excerpt(text[:cut], 0, span, self.most, None)}</div></details>'
            )
        reply = excerpt(text[cut:], cut, span, self.most, Budget(2 * self.most)) if text[cut:].strip() else ""
        response = (
            f'<div class="text reply" tabindex="0" dir="auto">{reply}</div>' if reply else '<p class="none">empty</p>'
        )
        question = with_formulas(item.question[:QUESTION_CHARACTERS], self.formulas)
        return f"""<h3>Question</h3><div class="text question" tabindex="0" dir="auto">{question}</div>
<h3>Response{f", {len(text) - cut:,} characters" if reply else ""}</h3>{thought}{response}"""


def _badge(verdict: str) -> str:
    return f'<span class="badge {verdict}">{verdict.replace("_", " ")}</span>'


_ORIGINS = {"text": "", "worker": " with computer algebra", "repeat": " beside an equal answer's comparison"}


def _took(timing: GradeTiming) -> str:
    """Return the CPU time of a verdict."""
    if timing.origin == "cache":
        return "kept from an earlier run"
    return f"{timing.milliseconds:,.2f} ms{_ORIGINS[timing.origin]}"


def _end_of_reasoning(text: str, reasoning: Mapping | None) -> int:
    """Return where the reasoning ends; all of a response whose reasoning isn't closed, though it must have one."""
    marker = (reasoning or {}).get("end") or "</think>"
    found = text.rfind(marker)
    if found >= 0:
        return found + len(marker)
    return len(text) if reasoning and reasoning.get("opened_by_template") else 0
