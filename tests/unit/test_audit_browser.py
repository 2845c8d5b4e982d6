"""Audit pages in a real browser, driven over its debugging port: filters, keys, and what hostile text does there."""

import pytest

from . import chromium
from .test_audit import HOSTILE, page, row

VISIBLE = "[...document.querySelectorAll('article')].filter((card) => card.offsetParent).length"
CHOOSE = "document.querySelector('input[value={}]').click()"
SEARCH = "search.value = {}; search.dispatchEvent(new Event('input', {{bubbles: true}}))"
PRESS = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: '{}', bubbles: true}}))"


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page, evaluate expressions one after the other, and return their values; nothing may be complained of."""

    def evaluate(source, *expressions):
        path = tmp_path / "page.html"
        path.write_text(source, encoding="utf-8")
        values, complaints = chromium.visit(browser, path.as_uri(), expressions)
        assert complaints == []
        return values

    return evaluate


ROWS = [
    row("a", verdict="wrong"),
    row("b", verdict="wrong", crosscheck="wrong", looping=True),
    row("c", verdict="unparsed", crosscheck="undecided"),
    row("d"),
]


def test_filters_and_search_show_what_fits(visit):
    values = visit(
        page("It is $\\frac{1}{2}$.", rows=ROWS),
        *(VISIBLE, CHOOSE.format("wrong"), VISIBLE, CHOOSE.format("disagreement"), VISIBLE),
        *(CHOOSE.format("undecided"), VISIBLE, CHOOSE.format("looping"), VISIBLE, CHOOSE.format("all")),
        *(SEARCH.format(r"'\\frac it'"), VISIBLE, SEARCH.format("'nowhere'"), VISIBLE),
        *("document.getElementById('none').hidden", "count.textContent"),
    )
    assert values[0::1][0] == 4
    assert [values[index] for index in (2, 4, 6, 8)] == [2, 1, 1, 1]
    assert values[11] == 4 and values[13] == 0
    assert values[14] is False and values[15] == "0 of 4"


def test_keys_lead_from_card_to_card(visit):
    focused = "document.activeElement.id"
    values = visit(
        page(rows=ROWS),
        *(PRESS.format("j"), focused, PRESS.format("j"), focused, PRESS.format("k"), focused),
        *(PRESS.format("/"), focused, SEARCH.format("'nowhere'"), PRESS.format("Escape"), VISIBLE),
    )
    assert [values[index] for index in (1, 3, 5, 7)] == ["c1", "c2", "c1", "search"]
    assert values[-1] == 4


def typed(key, code=None, text=None):
    """A key as the keyboard sends it, so that the browser itself answers to it too."""
    known = {"key": key, "windowsVirtualKeyCode": code or ord(key.upper()), **({"text": text} if text else {})}
    return [("Input.dispatchKeyEvent", {"type": kind, **known}) for kind in ("keyDown", "keyUp")]


def test_everything_is_reached_by_keyboard(visit):
    focused = "document.activeElement.id || document.activeElement.value || document.activeElement.className"
    tab, right, home = typed("Tab", 9), typed("ArrowRight", 39), typed("Home", 36)
    values = visit(
        page("Line\n" * 200, rows=ROWS),
        *(*typed("/", text="/"), focused, *typed("z", text="z"), "search.value", VISIBLE),
        *(*typed("Backspace", 8), VISIBLE, *tab, focused, *right, focused, VISIBLE),
        *(*typed("j", text="j"), focused, *tab, *tab, focused, *tab, focused),
        *(*home, "new Promise((done) => setTimeout(() => done(document.activeElement.scrollTop), 500))"),
    )
    values = [value for value in values if not isinstance(value, dict)]
    assert values[:5] == ["search", "z", 0, 4, "all"]
    assert values[5:8] == ["disagreement", 1, "c1"]
    assert values[8:] == ["text question", "text reply", 0]


def test_the_answer_is_in_view_and_formulas_are_drawn(visit):
    text = "Line\n" * 200 + "It is $x^2$ and 5.\n" + "Line\n" * 200
    start = text.index("5.")
    values = visit(
        page(text, span=(start, start + 1)),
        "const box = document.querySelector('.reply').getBoundingClientRect();"
        "const mark = document.querySelector('mark').getBoundingClientRect();"
        "mark.top >= box.top && mark.bottom <= box.bottom",
        "document.querySelector('.reply math msup').getBoundingClientRect().width > 5",
    )
    assert values == [True, True]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_does_nothing(visit, text):
    values = visit(
        page(f"{text}\nend", question=text, target=text, answer=text, spec={"model_name": text}),
        "document.scripts.length",
        "document.querySelectorAll('img, iframe, object, embed, a:not([href^=\"#\"]), textarea, b b').length",
        "document.querySelector('.reply').textContent.endsWith('end')",
        VISIBLE,
    )
    assert values == [1, 0, True, 1]


def test_the_policy_stops_a_script_that_would_get_through(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page().replace("</main>", "<script>window.ran = 1</script><img src=x></main>"), encoding="utf-8")
    values, complaints = chromium.visit(browser, path.as_uri(), ["window.ran"])
    assert values == [None]
    complaints = [complaint for complaint in complaints if complaint["method"] == "Log.entryAdded"]
    assert len(complaints) >= 2 and all("Content Security Policy" in str(complaint) for complaint in complaints)
