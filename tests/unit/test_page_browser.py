"""The page of a study in a real browser: what it shows, what filters, keys and print do, and what hostile names do."""

import base64
import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from paretoscope.page import build

from . import chromium
from .page_study import meta, models, tables
from .test_page import HOSTILE, hostile_rows

BENCHMARKS = {"sums": "Sums", "proofs": "Proofs"}
ROWS = models(12)

DRAWN = """new Promise((done) => {
  const wait = () => document.querySelector('#frontier svg .role-axis') && views.get('frontier')?.view
    ? setTimeout(done, 150) : setTimeout(wait, 20);
  wait();
})"""
POINTS = 'document.querySelectorAll(\'#frontier .mark-symbol.role-mark path[fill^="var"][stroke-width="1.8"]\').length'
LINES = "[...document.querySelectorAll('#models tbody tr')].map((row) => row.cells[0].textContent)"
TICKS = "[...document.querySelectorAll('#frontier .role-axis-label text')].map((text) => text.textContent).join(' ')"
BODY_FITS = "document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"
PAUSE = "new Promise((done) => setTimeout(done, 250))"


def choose(name, value):
    return (
        f"byId('{name}').value = {value}; byId('{name}').dispatchEvent(new Event('input', {{bubbles: true}})); {PAUSE}"
    )


def toggle(text):
    return (
        "[...document.querySelectorAll('#filters label')].find((label) => label.textContent === "
        f"{json.dumps(text)}).querySelector('input').click(); {PAUSE}"
    )


def press(key):
    code = {"Enter": 13, "ArrowRight": 39, "ArrowLeft": 37, "Tab": 9}[key]
    typed = {"text": "\r"} if key == "Enter" else {}
    event = {"key": key, "code": key, "windowsVirtualKeyCode": code, **typed}
    return ("Input.dispatchKeyEvent", {"type": "keyDown", **event})


def screen(width, height, **features):
    media = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    return [("Emulation.setDeviceMetricsOverride", size), ("Emulation.setEmulatedMedia", {"features": media})]


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page and take steps; nothing may be complained of, and nothing asked of a network."""

    def open_page(source, *steps, before=()):
        path = tmp_path / "index.html"
        path.write_text(source, encoding="utf-8")
        values, complaints = chromium.visit(browser, path.as_uri(), [DRAWN, *steps], before)
        assert complaints == []
        return values[1:]

    return open_page


@pytest.fixture(scope="module")
def page():
    return build(tables(ROWS, BENCHMARKS), meta(ROWS, BENCHMARKS, warnings=[f"warning {n}" for n in range(5)]))


def test_it_shows_answer_warnings_chart_and_table(visit, page):
    answer, warnings, points, rows, ticks, others = visit(
        page,
        "byId('answer').textContent",
        "byId('warnings').textContent",
        POINTS,
        LINES,
        TICKS,
        "['trend', 'saturation'].map((id) => document.querySelectorAll(`#${id} svg path`).length > 3)",
    )
    assert "Model 011 is the most accurate" in answer and "TFLOPs" in answer and "95% intervals" in answer
    assert "5 warnings" in warnings and "warning 0" in warnings and "2 more" in warnings
    assert points == 12 and len(rows) == 12
    assert "100" in ticks.split()
    assert others == [True, True]


def test_how_sure_the_frontier_is_is_drawn_and_told(visit, page):
    band = "document.querySelectorAll('#frontier .mark-area path[d]').length && document.querySelector('#frontier .mark-area path').getBoundingClientRect().width > 50"
    heads = "[...document.querySelectorAll('#models thead th')].map((head) => head.textContent)"
    drawn, headings, steps, _, filtered = visit(
        page, band, heads, "byId('steps').textContent", toggle("Family 1"), band
    )
    assert drawn and "On frontier" in headings and "on the frontier in 90% of reruns" in steps
    # The band is that of all models together, so it goes with the first that is left out.
    assert not filtered


SHOWN = "Model 000 is the cheapest shown to be within 2 points of it: "
NOT_SHOWN = "No cheaper model is shown to be within 2 points of it. "
FOR_LESS = "80.0% right for 4 times less, 1 TFLOPs."


@pytest.mark.parametrize(
    ("difference", "low", "high", "words", "order"),
    [
        (-0.004, -0.02, 0.012, SHOWN + "0.4 points less, between 2.0 less and 1.2 more", "not sure"),
        (-0.012, -0.019, -0.005, SHOWN + "1.2 points less, between 0.5 and 1.9", None),
        (0.0, -0.01, 0.01, SHOWN + "no difference, between 1.0 less and 1.0 more", "not sure"),
        (-0.02, -0.021, 0.0, NOT_SHOWN + "Model 000 may be as good (not identified): 2.0 points less", "not sure"),
        (-0.03, -0.08, 0.02, NOT_SHOWN + "Model 000 may be as good (not identified): 3.0 points less", "not sure"),
        (-0.066, -0.117, -0.011, NOT_SHOWN + "The next on the frontier is Model 000: 6.6 points less, between 1.1 and 11.7", None),
        (None, None, None, NOT_SHOWN + "The next on the frontier is Model 000: 80", "no comparison"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_cheaper_model_is_named_with_what_it_would_lose(visit, difference, low, high, words, order, mirrored):
    found = tables(models(2), {"b": "B"})
    for name in ("frontier", "costs"):
        table = found[name]
        cheap, dear = (table["model"] == f"model-00{m}" for m in (0, 1))
        table.loc[cheap, ["accuracy", "total_flops_mean" if name == "frontier" else "cost_mean"]] = 0.80, 1e12
        table.loc[dear, ["accuracy", "total_flops_mean" if name == "frontier" else "cost_mean"]] = 0.82, 4e12
        table.loc[dear, ["accuracy_low", "accuracy_high"]] = 0.79, 0.85
    pair, ends = ("model-000", "model-001"), (difference, low, high)
    if mirrored:
        pair, ends = pair[::-1], tuple(None if end is None else -end for end in (difference, high, low))
    columns = ["scope", "model_a", "model_b", "difference", "difference_low", "difference_high"]
    found["differences"] = pd.DataFrame([(s, *pair, *ends) for s in ("average", "b")], columns=columns).astype(
        dict.fromkeys(columns[3:], "float64")
    )
    text, budget = visit(
        build(found, meta(models(2), {"b": "B"})),
        "byId('headline').textContent",
        f"{choose('budget', 1000)}.then(() => byId('budget-answer').textContent)",
    )
    assert text.startswith("Model 001 is the most accurate: 82.0% right (79.0 to 85.0%), for 4 TFLOPs. " + words)
    assert text.endswith(FOR_LESS) and "p =" not in text
    assert order in budget if order else "not sure" not in budget and "on the same questions." in budget


def test_a_difference_is_read_in_either_order(visit, page):
    pairs = "MODELS.flatMap((one) => MODELS.map((other) => [one.m, other.m, ahead(one, other)]))"
    means, found = visit(page, "DATA.accuracy.mean[0]", pairs)
    for one, other, by in found:
        expected = means[one] - means[other]
        ends = None if one == other else [expected, expected - 0.03, expected + 0.03]
        assert by == ends or [by["difference"], by["low"], by["high"]] == pytest.approx(ends, abs=1.1e-3)


def test_benchmark_and_cost_can_be_chosen(visit, page):
    expected = tables(ROWS, BENCHMARKS)["costs"]
    tokens = expected[(expected["cost"] == "tokens") & (expected["scope"] == "proofs")]
    before, after, title, shown, on = visit(
        page,
        "chosen.points.map((point) => point.accuracy).join()",
        f"byId('cost').value = 1; {choose('scope', 2)}.then(() => chosen.points.map((point) => point.accuracy).join())",
        "document.querySelector('#frontier').textContent.includes('completion tokens per completion')",
        POINTS,
        "chosen.frontier.map((point) => point.id).sort()",
    )
    assert before != after and title and shown == 12
    assert on == sorted(tokens[tokens["on_frontier"]]["model"])


def test_filters_and_date_leave_points_out_and_the_frontier_is_found_anew(visit, page):
    values = visit(
        page,
        *(toggle("Family 1"), POINTS, LINES),
        *(toggle("instruct"), POINTS),
        *(
            choose("date", 0),
            POINTS,
            "byId('date-shown').textContent",
            "chosen.points.map((point) => [point.date, point.on])",
        ),
        *(f"byId('reset').click(); {PAUSE}", POINTS, "byId('date-shown').textContent"),
    )
    assert values[1] == 8 and not {f"Model {m:03}" for m in (1, 4, 7, 10)} & set(values[2])
    assert values[4] == 4
    assert values[6] == 1 and values[7] == "2024-01-10" and values[8] == [["2024-01-10", True]]
    assert values[10] == 12 and values[11] == "2025-08-30"


def test_one_family_of_many_is_soon_chosen(visit):
    rows = models(12, families=6)
    button = f"document.querySelector('#filters button').click(); {PAUSE}"
    source = build(tables(rows, BENCHMARKS), meta(rows, BENCHMARKS))
    values = visit(source, button, POINTS, toggle("Family 3"), POINTS, button, POINTS)
    assert [values[1], values[3], values[5]] == [0, 2, 12]


def test_accuracies_that_one_model_reached_share_a_name(visit):
    found = tables(ROWS, BENCHMARKS)
    first = found["thresholds"].iloc[:1]
    found["thresholds"] = pd.concat([first.assign(accuracy_threshold=level) for level in (0.5, 0.6, 0.7)])
    names = "[...document.querySelectorAll('#trend .mark-text.role-mark text')].map((text) => text.textContent)"
    *_, texts = visit(build(found, meta(ROWS, BENCHMARKS)), PAUSE, names)
    assert texts == ["50, 60, 70% right"]


def test_frontier_names_without_room_are_listed(visit, page):
    found, unnamed = (
        tables(ROWS, BENCHMARKS),
        "byId('frontier-unnamed').hidden ? '' : byId('frontier-unnamed').textContent",
    )
    names = "[...document.querySelectorAll('#frontier .mark-text.role-mark text')].map((text) => text.textContent)"
    for name in ("frontier", "costs"):
        column, table = "total_flops_mean" if name == "frontier" else "cost_mean", found[name]
        place = table["model"].str[-3:].astype(int)
        # Nine models in one spot of the drawing, each a trifle dearer and better, and three far off.
        table[column] = np.where(place < 9, 1e12 * (1 + place / 1e4), 1e15 * (1 + place))
        table["accuracy"] = np.where(place < 9, 0.8 + place / 1e4, 0.9 + place / 1e3)
    *_, text, drawn = visit(build(found, meta(ROWS, BENCHMARKS)), PAUSE, unnamed, names)
    assert text.startswith("Also on the frontier")
    missing = {row["model_name"] for row in ROWS} - set(drawn)
    assert missing and all((name in text) == (name in missing) for name in (row["model_name"] for row in ROWS))


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("not identified: FLOPs may as well not decline", "The data don't show whether the FLOPs needed fall. Drawn"),
        ("not identified: accuracy doesn't surely rise with FLOPs", "No halving time is identified: accuracy doesn't"),
    ],
)
def test_without_a_halving_time_the_reason_is_told(visit, note, words):
    found = tables(ROWS, BENCHMARKS)
    found["lines"] = found["lines"].assign(halving_months=np.nan, halving_note=note)
    (text,) = visit(build(found, meta(ROWS, BENCHMARKS)), "byId('trend-words').textContent")
    assert text.startswith(words)


def test_what_wrong_answers_cost_is_told_for_the_choice_made(visit, page):
    cells = "[...document.querySelectorAll('#failure tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
    sort = "document.querySelectorAll('#failure thead button')[2].click()"
    area, classes, first, _, last, means, _, filtered, _, hidden, words = visit(
        page,
        "byId('area').textContent",
        "[...document.querySelectorAll('#without li')].map((line) => line.textContent)",
        cells,
        sort,
        cells,
        "chosen.points.map((point) => point.cost)",
        toggle("Family 1"),
        cells,
        choose("scope", 1),
        "[byId('failure').hidden, byId('classes').hidden]",
        "byId('failure-words').textContent",
    )
    assert area.startswith("The area under the frontier (hypervolume) is 2.50 decades (95%: 2.25 to 2.75).")
    assert classes[0] == "Without mixtures of experts the frontier loses 0.10 decades (0.04 to 0.20)."
    assert classes[1].startswith("Without reasoning models") and classes[2].startswith("Without the family Family 0")
    assert len(classes) == 8 and classes[-1].startswith("2 more families")
    assert len(first) == len(last) == 12 and len(filtered) == 8
    assert first[0][1] == "33.3% 30.0 to 40.0%"
    dearest = float(last[0][2].split()[0].replace(",", ""))
    assert last[0][2].endswith("or more") and dearest == pytest.approx(2 * max(means), rel=0.01)
    assert hidden == [True, False] and words == "Not worked out for this cost or this group of benchmarks."


def test_a_measured_cost_is_said_to_be_taken_as_exact(visit):
    found = tables(models(3), BENCHMARKS)
    axis = {"cost": "seconds", "name": "wall seconds", "unit": "s", "device": "GPU"}
    for name in ("costs", "probabilities", "band", "hypervolume", "failure", "counterfactuals"):
        table = found[name]
        own = name not in ("failure", "counterfactuals")  # never worked out for measured costs
        found[name] = pd.concat([table, table[table["cost"] == "flops"].assign(cost="seconds")]) if own else table
    found["axes"] = pd.concat([found["axes"], pd.DataFrame([axis])])
    words = "['answer-scope', 'frontier-words', 'failure-words'].map((id) => byId(id).textContent)"
    last = f"byId('cost').value = DATA.costs.findIndex((cost) => cost.id === 'seconds'); {choose('scope', 0)}"
    computed, _, measured = visit(build(found, meta(models(3), BENCHMARKS)), words, last, words)
    assert not any("exact" in text for text in computed) and "Crosses" in computed[1]
    assert "; wall seconds measured once on GPU, taken as exact)" in measured[0]
    assert "Bars are 95% intervals of accuracy; the cost was measured once and is taken as exact." in measured[1]
    assert measured[2].startswith("Not worked out for this cost")


def test_what_saturation_is_not_identified_is_said(visit, page):
    words, cells = visit(
        page,
        "byId('saturation-words').textContent",
        "[...document.querySelectorAll('#saturation-table tbody tr')].slice(0, 2).map((row) => [...row.cells].map((cell) => cell.textContent))",
    )
    assert (
        "gains less than 1 point;" in words and "For 1 of 12 that point is not identified; the table says why." in words
    )
    assert cells[0][1] == "–" and cells[0][4].startswith("not identified: the last doubling")
    assert cells[1][1:3] == ["4,000 4,000 to 4,000", "90.0% 90.0 to 90.0%"] and cells[1][4] == ""


def test_nothing_left_is_said(visit, page):
    values = visit(page, *(toggle(f"Family {n}") for n in range(3)), "byId('steps').textContent", POINTS)
    assert values[3] == "No model fits the filters." and values[4] == 0


def test_axis_can_be_linear(visit, page):
    before, _, after, points = visit(
        page, TICKS, f"document.querySelector('[value=linear]').click(); {PAUSE}", TICKS, POINTS
    )
    assert before != after and " 0 " in f" {after} " and points == 12


def test_tables_are_sorted_by_keyboard(visit, page):
    head = "document.querySelectorAll('#models thead button')[{}].focus()"
    sorts = "[...document.querySelectorAll('#models th[aria-sort]')].map((head) => [head.textContent, head.ariaSort])"
    values = visit(
        page, sorts, head.format(0), press("Enter"), LINES, sorts, press("Enter"), LINES, sorts, head.format(2),
        press("Enter"), LINES,
    )  # fmt: skip
    assert values[0] == [["TFLOPs", "ascending"]]
    assert values[3] == sorted(values[3]) and values[4] == [["Model", "ascending"]]
    assert values[6] == sorted(values[3], reverse=True) and values[7] == [["Model", "descending"]]
    best = tables(ROWS, BENCHMARKS)["frontier"].query("scope == 'average'").sort_values("accuracy", ascending=False)
    assert values[10][:3] == list(best["model_name"][:3])


def test_arrow_keys_read_the_points(visit, page):
    bubble = "byId('bubble').hidden ? null : byId('bubble').textContent"
    values = visit(
        page, bubble, "byId('frontier').focus()", press("ArrowRight"), bubble, press("ArrowRight"), bubble,
        press("ArrowLeft"), bubble, "chosen.points.slice(0, 2).map((point) => point.name)",
    )  # fmt: skip
    first, second = values[-1]
    assert values[0] is None and values[3].startswith(first) and "95" not in values[0:1]
    assert values[5].startswith(second) and values[7].startswith(first)
    assert "right (" in values[3] and "per completion" in values[3]


def test_a_point_under_the_mouse_says_what_it_is(visit, page):
    # The chart's name stands beside the point, so the middle of the point's own box is taken.
    where = (
        "byId('frontier').scrollIntoView(); (({x, y, width, height}) => [x + width / 2, y + height / 2])"
        "(document.querySelector('#frontier .mark-symbol.role-mark path[stroke-width=\"1.8\"]').getBoundingClientRect())"
    )
    ((x, y),) = visit(page, where)
    move = [("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x + by, "y": y}) for by in (40, 0)]
    *_, text = visit(page, where, *move, PAUSE, "byId('bubble').hidden ? null : byId('bubble').textContent")
    assert text and text.startswith("Model ") and "right (" in text


def test_the_budget_names_the_best_model_within_it(visit, page):
    low, high = visit(
        page,
        f"{choose('budget', 0)}.then(() => byId('budget-answer').textContent)",
        f"{choose('budget', 1000)}.then(() => byId('budget-answer').textContent)",
    )
    assert "Model 000" in low and "Next best" not in low
    assert "Model 011" in high and "Next best" in high


def test_find_and_grid(visit, page):
    values = visit(
        page,
        "byId('find').value = '011'; byId('find').dispatchEvent(new Event('input'))",
        LINES,
        f"byId('grid-fold').open = true; {PAUSE}",
        "document.querySelectorAll('#grid tbody td').length",
    )
    assert values[1] == ["Model 011"] and values[3] == 12 * 3


CATCH = "URL.createObjectURL = (blob) => { window.caught = blob; return '#'; }"


def test_what_is_downloaded_is_no_formula(visit):
    rows = hostile_rows()
    source = build(tables(rows, {"b": "B"}), meta(rows, {"b": "B"}))
    *_, text, data = visit(
        source, CATCH, "byId('csv').click()", "caught.text()", "byId('json').click()", "caught.text()"
    )[1:]  # fmt: skip
    data = json.loads(data) if not text else data
    table = list(
        csv.DictReader(io.StringIO(visit(source, CATCH, "byId('csv').click()", "caught.text()")[2], newline=""))
    )
    assert {row["name"] for row in table} == {f"'{name}" if name[0] == "=" else name for name in HOSTILE}
    assert all(float(row["cost_per_completion"]) > 0 for row in table)


@pytest.mark.parametrize("before", [(), screen(390, 844)], ids=["wide", "phone"])
def test_hostile_names_stay_text(visit, before):
    rows, name = hostile_rows(), HOSTILE[0]
    source = build(
        tables(rows, {"b": name, "__proto__": HOSTILE[2]}), meta(rows, {"b": name, "__proto__": "x"}, warnings=HOSTILE)
    )
    values = visit(
        source,
        "document.scripts.length",
        "document.querySelectorAll('img, iframe, object, embed, svg a, svg image, svg script').length",
        LINES,
        f"byId('grid-fold').open = true; document.querySelector('section > details:not([id])').open = true; {PAUSE}",
        "byId('frontier').focus()",
        *[press("ArrowRight")] * 3,
        "byId('bubble').children.length > 3 && byId('bubble').querySelectorAll('img, script').length",
        "document.querySelectorAll('img').length",
        BODY_FITS,
        before=before,
    )
    assert values[0] == 4 and values[1] == 0
    assert sorted(values[2]) == sorted(HOSTILE)
    assert values[-3:] == [0, 0, True]


def test_a_phone_needs_no_sideways_scrolling(visit, page):
    values = visit(
        page, BODY_FITS, POINTS, "document.querySelectorAll('details').forEach((part) => (part.open = true))", BODY_FITS,
        "document.querySelector('#frontier svg').getBoundingClientRect().right <= innerWidth",
        "[...document.querySelectorAll('#models thead th')].find((head) => head.textContent === 'On frontier').getBoundingClientRect().right <= innerWidth",
        before=screen(390, 844),
    )  # fmt: skip
    assert values[0] and values[1] == 12 and values[3] and values[4] and values[5]


LUMINANCE = """((colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
})"""
CONTRASTS = f"""(() => {{
  const light = {LUMINANCE}, of = (name) => {{
    const probe = document.createElement('i'); document.body.append(probe); probe.style.color = `var(--${{name}})`;
    const value = light(getComputedStyle(probe).color); probe.remove(); return value;
  }};
  const ratio = (a, b) => (Math.max(of(a), of(b)) + 0.05) / (Math.min(of(a), of(b)) + 0.05);
  const texts = ['ink', 'soft'].flatMap((text) => ['paper', 'card', 'wash'].map((back) => ratio(text, back))).concat(ratio('doubt', 'doubt-wash'), ratio('ink', 'doubt-wash'));
  const marks = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'other', 'accent', 'edge'].map((mark) => ratio(mark, 'paper'));
  return [Math.min(...texts), Math.min(...marks)];
}})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_suffices_in_light_and_dark(visit, page, scheme):
    (texts, marks), back, label = visit(
        page,
        CONTRASTS,
        "getComputedStyle(document.body).backgroundColor",
        "getComputedStyle(document.querySelector('#frontier .role-axis-label text')).fill",
        before=screen(1280, 900, prefers_color_scheme=scheme),
    )
    assert texts >= 4.5 and marks >= 3
    assert (back == "rgb(255, 255, 255)") == (scheme == "light")
    assert (label == "rgb(87, 96, 106)") == (scheme == "light")


def test_it_prints_with_all_sections_open(visit, page):
    pdf, closed = visit(
        page,
        ("Page.printToPDF", {"printBackground": False}),
        "document.querySelectorAll('details:not([open])').length",
        before=screen(1280, 900, prefers_color_scheme="dark"),
    )
    assert base64.b64decode(pdf["data"]).startswith(b"%PDF") and closed > 0
    opened, ink = visit(
        page,
        "dispatchEvent(new Event('beforeprint')); document.querySelectorAll('details:not([open])').length + byId('grid').querySelectorAll('td').length",
        "getComputedStyle(document.querySelector('#frontier .role-axis-title text')).fill",
        before=[
            (
                "Emulation.setEmulatedMedia",
                {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]},
            )
        ],
    )
    assert opened == 36 and ink == "rgb(27, 31, 36)"


def test_controls_have_names(visit, page):
    (nameless,) = visit(
        page,
        "[...document.querySelectorAll('input, select, button')].filter((control) => !(control.labels?.length || control.ariaLabel || control.textContent.trim())).map((control) => control.outerHTML)",
    )
    assert nameless == []


def test_a_study_with_nothing_to_draw_still_opens(visit):
    rows = [{**row, "release_date": None} for row in models(2)]
    found = tables(rows, {"b": "B"}, absent=[(row["model"], "b") for row in rows[1:]])
    found["thresholds"], found["curves"], found["budgets"] = (
        found[name].iloc[:0] for name in ("thresholds", "curves", "fits")
    )
    for name in ("probabilities", "band", "hypervolume", "differences"):
        found[name] = found[name].iloc[:0]
    found["costs"], found["axes"] = found["costs"].iloc[:0], found["axes"].assign(left_out="not measured in any cell")
    words, trend = visit(
        build(found, meta(rows, {"b": "B"})), "byId('answer').textContent", "byId('trend-words').textContent"
    )
    assert "No cost of completions is known" in words and "nothing to draw" in trend
