"""Audit pages: what is on them, and that nothing a model wrote does anything there."""

import html
import re
import time
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, SubElement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paretoscope.audit import audit_page, mathml, read_rows, read_shown, select
from paretoscope.audit.escaping import escape
from paretoscope.audit.page import PAGE_CHARACTERS
from paretoscope.audit.selection import MOST, SAMPLE, Row
from paretoscope.audit.text import Budget, excerpt, with_formulas
from paretoscope.errors import InputError
from paretoscope.files import write_jsonl
from paretoscope.schema import Completion, Crosscheck, Grade, GradeTiming, Item, to_row

SPEC = {
    "model": "tiny",
    "model_name": "Tiny",
    "benchmark": "sums",
    "benchmark_name": "Sums",
    "hide_items": None,
    "reasoning": None,
    "digest": "0",
}
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "</textarea></title><b>",
    "<!--",
    "]]>",
    '" onload="alert(1)',
    "' onfocus='alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\href{x",
    r"\(\class{a\" onclick=\"alert(1)}{x}\)",
    r"$\style{background:url(http://x)}{x}$",
    r"$\text{<script>alert(1)</script>}$",
    r"$\text{&lt;script&gt;alert(1)&lt;/script&gt;}$",
    r"\[\color{red;x:expression(alert(1))}x\]",
    "&#60;script&#62;",
    "\x00\x1b[31m\ud800\udfff",
    "\u202egnp.exe",
    "مرحبا \u2067 ok",
    "\\begin{" * 500,
]


def row(item="a", sample=0, verdict="correct", crosscheck="correct", looping=False, answer="5", span=None):
    grade = Grade(item, sample, verdict, answer, "boxed/exact", looping, span)
    return Row(grade, Crosscheck(item, sample, crosscheck, answer))


def page(text="It is 5.", rows=None, spec=(), question="How many?", target="5", took=(0.25, "text"), **graded):
    rows = rows or [row(**graded)]
    shown, sample = select("tiny\nsums", rows)
    items = {entry.grade.item_id: Item(entry.grade.item_id, question, target) for entry in rows}
    texts = {entry.key: Completion(*entry.key, text, "stop", 1, 1) for entry in rows}
    timings = {entry.key: GradeTiming(*entry.key, *took) for entry in rows}
    return audit_page({**SPEC, **dict(spec)}, rows, shown, sample, items, texts, timings)


class Elements(HTMLParser):
    """Collects the elements, the attributes and the text of a page."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.comments = [], [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


PLAIN = Elements(page())
MATHML = {*mathml._ELEMENTS, "math"}
ALLOWED = {*PLAIN.tags, *MATHML, "mark", "details", "summary", "span"}
ATTRIBUTES = {*(name for name, _ in PLAIN.attributes), *mathml._ATTRIBUTES, "alttext", "display"}


def assert_harmless(source):
    found = Elements(source)
    assert set(found.tags) <= ALLOWED
    assert found.tags.count("script") == found.tags.count("style") == 1
    assert {name for name, _ in found.attributes} <= ATTRIBUTES
    assert all(value.startswith("#") for name, value in found.attributes if name == "href")
    assert not found.comments
    source.encode("utf-8")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text_wherever_it_stands(text):
    source = page(f"Hm. {text}\n", question=text, target=text, answer=text, span=(4, 6))
    assert_harmless(source)
    assert_harmless(page(text, item=text, spec={"model_name": text, "benchmark_name": text, "model": text}))
    assert_harmless(page(f"<think>{text}</think>{text}", spec={"reasoning": {"end": "</think>"}}))
    assert_harmless(page(text, spec={"hide_items": text}))
    assert f"<code>{escape(text)}</code>" in source


@given(st.text(max_size=300), st.integers(-5, 310), st.integers(-5, 310))
def test_any_text_stays_text(text, start, stop):
    source = page(text, question=text, answer=text, span=(min(start, stop), max(start, stop)))
    assert_harmless(source)


@given(st.text(alphabet="\\{}^_&<>\"'$abfrcsqthe()[]|%#~ \n", max_size=80))
def test_any_latex_gives_known_elements_or_nothing(latex):
    converted = mathml.convert(latex)
    if converted is not None:
        found = Elements(converted)
        assert set(found.tags) <= MATHML and {name for name, _ in found.attributes} <= ATTRIBUTES


@pytest.mark.parametrize(
    ("latex", "part"),
    [
        (r"\frac{1}{2}", "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>"),
        (r"\sqrt{3}", "<msqrt><mrow><mn>3</mn></mrow></msqrt>"),
        ("x^2", "<msup><mi>x</mi><mn>2</mn></msup>"),
        (r"a<b", "<mo>&lt;</mo>"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "<mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr>"),
        (r"\text{<b>}", "<mtext>&lt;b&gt;</mtext>"),
    ],
)
def test_formulas_become_mathml(latex, part):
    converted = mathml.convert(latex)
    assert part in converted
    assert f'alttext="{escape(latex)}"' in converted


@pytest.mark.parametrize(
    "latex",
    [
        "",
        "{" * 50,
        "x" * 401,
        r"\left(",
        "x^{",
        r"\unknown{x}",
        r"\\frac{1}{2}",
        r"\href{x",
        r"\href{a}{x}",
        r"\style{a}{x}",
        "\\frac" * 70,
    ],
)
def test_what_cannot_be_converted_stays_source(latex):
    assert mathml.convert(latex) is None
    assert with_formulas(f"${latex}$", Budget(10_000)) == escape(f"${latex}$")


def test_attributes_of_formulas_are_those_that_are_listed():
    element = Element("math")
    hostile = {"href": "javascript:alert(1)", "onclick": "x", "mathvariant": "bold", "width": '1em" x="'}
    SubElement(element, "mrow", hostile).text = "<&lt;"
    assert mathml._written(element) == '<mrow mathvariant="bold">&lt;&lt;</mrow>'
    SubElement(element, "script")
    with pytest.raises(ValueError, match="the element script"):
        mathml._written(element)


@pytest.mark.parametrize("text", ["It costs $5 and $6.", "$5", r"\$5 \$6 and $", "a $ b $ c", "$$", r"\(x", r"x\)"])
def test_what_is_no_formula_is_left_alone(text):
    assert with_formulas(text, Budget(10_000)) == escape(text)


def test_invisible_characters_are_shown_and_lines_kept():
    assert escape("a\x00\u202e\ud800\r\n\tb&") == "a‹U+0000›‹U+202E›‹U+D800›\n\tb&amp;"


def test_the_answer_is_marked_where_it_stands():
    text = "First $x^2$, then $\\boxed{<5>}$."
    start = text.index("<5>")
    shown = excerpt(text, 100, (100 + start, 103 + start), 1000, Budget(10_000))
    source, drawn, rest = re.fullmatch(r"(.*)<span class=.drawn.>(<math.*</math>)</span>(.*)", shown).groups()
    assert source.endswith("$\\boxed{<mark>&lt;5&gt;</mark>}$") and "&gt;</mo>" in drawn and rest == "."
    assert "<msup>" in source and "$x^2$" not in source
    assert excerpt(text, 100, (0, 5), 1000, None) == escape(text)


def test_a_long_text_is_cut_in_its_middle_but_not_where_the_answer_is():
    text = "".join(f"{number:06d} " for number in range(10_000))
    start = text.index("003000")
    shown = excerpt(text, 0, (start, start + 6), 2000, None)
    assert shown.startswith("000000 ") and shown.endswith("009999 ") and "<mark>003000</mark>" in shown
    cuts = [int(cut.replace(",", "")) for cut in re.findall(r"… ([\d,]+) characters left out …", shown)]
    assert len(cuts) == 2 and sum(cuts) + len(re.sub("<[^>]*>|… .*? …", "", shown)) == len(text)
    assert excerpt(text, 0, None, len(text), None) == text


def test_reasoning_is_folded_and_the_reply_is_not():
    source = page("<think>secret</think>It is 5.", spec={"reasoning": {"end": "</think>", "opened_by_template": True}})
    folded, _, rest = source.partition("</details><div")
    assert "secret" in folded and "Reasoning, 21 characters" in folded and "It is 5." in rest
    assert "Reasoning, 8 characters" in page("It is 5.", spec={"reasoning": {"end": "X", "opened_by_template": True}})


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        (r"So \boxed{\frac{\sqrt{3}}{2}}.", 1),
        (r"So \boxed{5} and \boxed{6}.", 2),
        (r"\boxed{5", 0),
        ("\\boxed{" * 900, 0),
        ("\\boxed{{" + "a" * 6000, 0),
        ("$$x$$ $y$ \\[z\\] \\(w\\)", 4),
    ],
)
def test_formulas_are_found_and_a_box_without_delimiters(text, drawn):
    started = time.process_time()
    assert with_formulas(text, Budget(10_000)).count("<math") == drawn
    assert time.process_time() - started < 2


def test_formulas_have_an_end():
    shown = with_formulas("$x^2$ " * 1000, Budget(500))
    assert len(shown) < 6 * 1000 + 1000 and shown.startswith("<math") and shown.endswith("$x^2$ ")


@pytest.mark.parametrize(
    ("took", "shown"),
    [
        ((0.25, "text"), "boxed/exact, 0.25 ms<"),
        ((1234.5, "worker"), "boxed/exact, 1,234.50 ms with computer algebra<"),
        ((0.1, "repeat"), "boxed/exact, 0.10 ms beside an equal answer&#x27;s comparison<"),
        ((0.0, "cache"), "boxed/exact, kept from an earlier run<"),
    ],
)
def test_what_a_verdict_took_is_shown(took, shown):
    assert html.unescape(shown) in html.unescape(page(took=took))


@pytest.mark.parametrize("length, shown", [(20, True), (21, False), (200, False)])
def test_hidden_items_show_no_answer_that_could_quote_them(length, shown):
    source = page(answer="s" * length, target="t" * length, spec={"hide_items": "Its terms."})
    assert ("s" * length in source) is shown and ("t" * length in source) is shown
    assert source.count("characters, not shown") == (0 if shown else 3)


def test_hidden_items_show_verdicts_and_answers_alone():
    source = page("A secret response", question="A secret question", answer="C", spec={"hide_items": "Its terms."})
    assert "secret" not in source
    assert "Questions and responses are not shown: Its terms." in source and "<code>C</code>" in source


# Selection.


def rows_of(*verdicts):
    return [row(f"i{n}", 0, *pair) for n, pair in enumerate(verdicts)]


def test_all_disagreements_come_first_then_the_undecided_then_the_sample():
    rows = rows_of(*[("correct", "correct")] * 40, ("wrong", "correct"), ("unparsed", "correct"), ("timeout", "wrong"))
    shown, sample = select("cell", rows)
    assert [entry.disputed for entry in shown[:2]] == [True, None]
    assert {entry.grade.verdict for entry in shown[1:3]} == {"unparsed", "timeout"}
    assert len(sample) == SAMPLE and sample <= {entry.key for entry in shown}
    assert len({entry.key for entry in shown}) == len(shown)


def test_the_draw_depends_on_the_cell_alone():
    rows = rows_of(*[("correct", "correct")] * 100)
    graded_anew = rows_of(*[("wrong", "wrong")] * 100)
    drawn = select("cell", rows)[1]
    assert drawn == select("cell", graded_anew)[1] == select("cell", rows[::-1])[1] != select("other", rows)[1]


def test_a_page_has_an_end():
    shown, _ = select("cell", rows_of(*[("wrong", "correct")] * 2000, *[("crashed", "correct")] * 2000))
    assert len(shown) <= 2 * MOST + SAMPLE


def test_a_page_of_a_large_cell_is_small_and_quick():
    rows = rows_of(*[("wrong", "correct")] * 300, *[("correct", "correct")] * 1019)
    started = time.process_time()
    source = page("Reasoning $\\frac{1}{2}$ and so on. " * 3000, rows=rows)
    assert PAGE_CHARACTERS / 4 < len(source.encode()) < 2_000_000
    assert "disagreements of the two graders, 250 of 300;" in source
    assert time.process_time() - started < 10


def test_a_page_of_formulas_and_long_answers_is_small_and_quick():
    rows = [row(f"i{n}", 0, "wrong", answer=rf"\frac{{1}}{{{n}}}" * 30) for n in range(300)]
    started = time.process_time()
    source = page("x" * 10_000_000, rows=rows, question=r"$\frac{1}{2}$ " * 400, target=r"\sqrt{2}" * 60)
    assert PAGE_CHARACTERS < len(source.encode()) < 4_000_000
    assert time.process_time() - started < 10


def test_rows_of_other_completions_are_told(tmp_path):
    write_jsonl(tmp_path / "g.jsonl", [to_row(row(sample=sample).grade) for sample in (0, 1)])
    write_jsonl(tmp_path / "c.jsonl", [to_row(row().crosscheck)])
    with pytest.raises(InputError, match=r"c\.jsonl: no row for \('a', 1\)"):
        read_rows(tmp_path / "g.jsonl", tmp_path / "c.jsonl")
    with pytest.raises(InputError, match=r"c\.jsonl: no row for \('a', 1\)"):
        read_shown(Crosscheck, tmp_path / "c.jsonl", {("a", 0), ("a", 1)})
    assert read_shown(Crosscheck, tmp_path / "c.jsonl", {("a", 0)}) == {("a", 0): row().crosscheck}


# The page.


def test_filters_count_what_is_there():
    rows = [row("a", looping=True), row("b", verdict="wrong"), row("c", verdict="no_answer", crosscheck="undecided")]
    source = page(rows=rows)
    labels = dict(re.findall(r"<span>([\w ]+) <b>(\d+)</b></span>", source))
    assert labels == {
        **{"all": "3", "disagreement": "1", "looping": "1", "correct": "1", "wrong": "1", "no answer": "1"},
        "random": "3",
    }
    tags = re.findall(r'data-tags="([^"]*)"', source)
    assert sorted(tags) == ["disagreement wrong random", "looping correct random", "no_answer random"]
    assert tags[0] == "disagreement wrong random"


def test_the_policy_names_the_digests_of_style_and_script():
    import base64
    import hashlib

    source = page()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', source)[1]
    for tag in ("style", "script"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)[1]
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert html.unescape(policy).startswith("default-src 'none'; ")
    assert "http://" not in source and "https://" not in source and "unsafe" not in policy
