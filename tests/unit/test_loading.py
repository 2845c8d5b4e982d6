import csv
import gzip
import json
import logging
import os
import re
import subprocess
import sys
from functools import partial

import pytest

from paretoscope import loading, plugins
from paretoscope.benchmarks import render
from paretoscope.errors import InputError
from paretoscope.files import write_jsonl
from paretoscope.grading import Limits, compare_pairs
from paretoscope.loading import content_sha256, load_benchmark
from paretoscope.schema import Item

ROWS = [
    {"name": "a", "problem": "One plus one?", "answer": "2"},
    {"name": "b", "problem": "Two plus two?", "answer": "4"},
    {"name": "c", "problem": "Half of one?", "answer": r"\frac{1}{2}"},
]
ITEMS = [Item(row["name"], row["problem"], row["answer"]) for row in ROWS]


def card(path, **changes) -> dict:
    return {
        "id": "set",
        "card": "config/benchmarks/set.yaml",
        "source": {"path": str(path)},
        "format": "math",
        "columns": {"id": "name", "question": "problem", "target": "answer"},
        "rows": 3,
        "subset": None,
        "content_sha256": None,
        "grader": "math",
        **changes,
    }


def write(path, rows=ROWS):
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        pd = pytest.importorskip("pandas")
        pd.DataFrame(rows).to_parquet(path, index=False)
    elif path.suffix == ".gz":
        write_jsonl(path.with_suffix(""), rows)
        path.write_bytes(gzip.compress(path.with_suffix("").read_bytes()))
    else:
        write_jsonl(path, rows)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv", "a.parquet"])
def test_every_kind_of_file_gives_the_same_items(tmp_path, name):
    assert load_benchmark(card(write(tmp_path / name))) == ITEMS


def test_csv_cells_are_text_as_they_stand(tmp_path):
    golds = ["007", "0.50", "NA", "1e3", "None", '"quoted, with comma"\nand a second line']
    rows = [{"name": str(i), "problem": f"Question {i}?", "answer": gold} for i, gold in enumerate(golds)]
    items = load_benchmark(card(write(tmp_path / "a.csv", rows), rows=len(golds)))
    assert [item.target for item in items] == golds


def test_an_empty_csv_cell_is_an_empty_question(tmp_path):
    (tmp_path / "a.csv").write_text("name,problem,answer\nx,,2\n")
    with pytest.raises(InputError, match="item 'x' has an empty question"):
        load_benchmark(card(tmp_path / "a.csv", rows=1))


def test_csv_with_a_byte_order_mark_is_read(tmp_path):
    path = write(tmp_path / "a.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_benchmark(card(path)) == ITEMS


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", b"name,problem,answer\nx,caf\xe9,2\n", "can't be read as csv: .*utf-8"),
        ("a.csv", b'name,problem,answer\nx,"open,2\n', "can't be read as csv"),
        ("a.csv", b"name,problem,answer\nx,short\n", "item 1 is empty in column 'answer'"),
        ("a.csv", b"name,problem,answer\nx,y,2\n", "1 items, but .*set.yaml says rows: 3"),
        ("a.csv", b"name,problem,answer\n", "no items"),
        ("a.csv", b"", "no items"),
        ("a.parquet", b"not parquet", "can't be read as parquet"),
        ("a.jsonl", b'{"name": 1\n', "line 1: not JSON"),
        ("a.jsonl", b"", "no items"),
        ("a.jsonl.gz", b"{}\n", "after line 0: can't be read to its end"),
        ("a.json", b"[]", "unknown kind of file; use .jsonl"),
        ("a.jsonl.bak", b"{}", "unknown kind of file"),
        ("a", b"{}", "unknown kind of file"),
    ],
)
def test_bad_files_are_told(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{re.escape(str(tmp_path / name))}.*{what}"):
        load_benchmark(card(tmp_path / name))


def test_an_absent_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"absent\.jsonl: no such file; the benchmark card's source.path is relative"):
        load_benchmark(card(tmp_path / "absent.jsonl"))


def row(**changes) -> dict:
    return {"name": "d", "problem": "Three plus three?", "answer": "6", **changes}


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([*ROWS, row()], "4 items, but config/benchmarks/set.yaml says rows: 3"),
        (ROWS[:2], "2 items, but config/benchmarks/set.yaml says rows: 3"),
        ([*ROWS[:2], {"name": "d", "problem": "x"}], "item 3 has no column 'answer' .columns in config/.*set.yaml"),
        ([*ROWS[:2], row(answer=None)], "item 3 is empty in column 'answer'"),
        ([{"name": "d", "Problem": "x", "answer": "1"}], "no column 'problem' .*Did you mean 'Problem'"),
        ([*ROWS[:2], row(problem="  ")], "item 'd' has an empty question"),
        ([*ROWS[:2], row(answer="")], "item 'd' has an empty target"),
        ([*ROWS[:2], row(name="a")], "item 'a' has the same id as item 'a'"),
        ([*ROWS[:2], row(problem=" One plus one? ")], "item 'd' has the same question as item 'a'"),
        ([*ROWS[:2], row(problem="half \ud83d")], "item 'd' holds half a character"),
        ([*ROWS[:2], row(answer="{" * 500)], "item 'd'.*gold answer .* can't be read .too_deep"),
        ([*ROWS[:2], row(answer=r"\left( 1 + ")], "item 'd'.*gold answer .* can't be read .math_verify"),
    ],
)
def test_bad_items_are_told(tmp_path, rows, what):
    path = write(tmp_path / "a.jsonl", rows)
    with pytest.raises(InputError, match=rf"^{re.escape(str(path))}: .*{what}"):
        load_benchmark(card(path))


def test_a_gold_that_keeps_the_algebra_busy_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "Limits", partial(Limits, cpu_seconds=1.0))
    path = write(tmp_path / "a.jsonl", [*ROWS[:2], row(answer=r"\binom{1000000000}{500000000}")])
    with pytest.raises(
        InputError, match=rf"^{re.escape(str(path))}: item 'd': the gold answer .*binom.* takes too long"
    ):
        load_benchmark(card(path))


def test_plain_golds_need_no_worker_and_golds_that_need_one_need_no_second(tmp_path, monkeypatch):
    asked = []

    def count(pairs, module, workers, limits):
        asked.append((len(pairs), workers))
        return compare_pairs(pairs, module, workers, limits)

    monkeypatch.setattr(loading, "compare_pairs", count)
    load_benchmark(card(write(tmp_path / "a.jsonl")))
    assert asked == []
    rows = [{"name": str(n), "problem": f"Question {n}?", "answer": r"\sqrt{2}" if n else "x+1"} for n in range(30)]
    load_benchmark(card(write(tmp_path / "b.jsonl", rows), rows=30))
    assert asked == [(2, 1)]


def test_plain_golds_are_loaded_without_computer_algebra(tmp_path):
    code = (
        "import json, sys; from paretoscope.loading import load_benchmark\n"
        "items = load_benchmark(json.loads(sys.argv[1]))\n"
        "print(len(items), [name for name in ('sympy', 'math_verify', 'torch', 'pandas') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(card(write(tmp_path / "a.jsonl")))],
        env={**os.environ, "PYTHONPATH": str(plugins.PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "3 []\n"


def test_without_an_id_column_items_are_numbered(tmp_path):
    columns = {"question": "problem", "target": "answer"}
    items = load_benchmark(card(write(tmp_path / "a.jsonl"), columns=columns))
    assert [item.id for item in items] == ["0", "1", "2"]


def test_the_content_hash_pins_the_items(tmp_path, caplog):
    path = write(tmp_path / "a.jsonl")
    found = content_sha256(ITEMS)
    with caplog.at_level(logging.INFO, "paretoscope"):
        logging.getLogger("paretoscope").propagate = True
        load_benchmark(card(path, content_sha256=found))
    assert found in caplog.text  # so that a card can be pinned
    write(path, [*ROWS[:2], {**ROWS[2], "answer": "0.5"}])
    with pytest.raises(InputError, match=f"the items' SHA-256 is [0-9a-f]{{64}}, but .*set.yaml says {found}: the sou"):
        load_benchmark(card(path, content_sha256=found))


def test_the_order_of_items_is_part_of_their_content():
    assert content_sha256(ITEMS) != content_sha256(ITEMS[::-1])


def test_a_subset_is_nested_in_a_larger_one_and_keeps_ids_and_order(tmp_path):
    rows = [{"name": str(i), "problem": f"{i} plus one?", "answer": str(i + 1)} for i in range(40)]
    path = write(tmp_path / "a.jsonl", rows)

    def drawn(items, seed=0):
        subset = {"items": items, "seed": seed}
        return [item.id for item in load_benchmark(card(path, rows=40, subset=subset))]

    assert len(drawn(10)) == 10 and len(drawn(20)) == 20
    assert set(drawn(10)) < set(drawn(20)) < set(drawn(40))
    assert drawn(20) == sorted(drawn(20), key=int)
    assert set(drawn(10, seed=1)) != set(drawn(10))
    write(path, rows[::-1])
    assert drawn(10)[::-1] == [row["name"] for row in rows if row["name"] in drawn(10)]


def test_the_content_hash_of_a_subset_is_that_of_its_items(tmp_path):
    subset = {"items": 2, "seed": 0}
    path = write(tmp_path / "a.jsonl")
    items = load_benchmark(card(path, subset=subset))
    assert load_benchmark(card(path, subset=subset, content_sha256=content_sha256(items))) == items
    with pytest.raises(InputError, match="the source has changed"):
        load_benchmark(card(path, subset=subset, content_sha256=content_sha256(ITEMS)))


def test_a_subset_of_more_than_there_are_is_a_defect(tmp_path):
    with pytest.raises(ValueError, match="a subset of 4 from 3 items"):
        load_benchmark(card(write(tmp_path / "a.jsonl"), subset={"items": 4, "seed": 0}))


def test_a_generator_makes_its_items():
    generated = card("", source={"generator": {"level": "easy", "split": "test", "seed": 1}}, format="arithmetic")
    items = load_benchmark({**generated, "columns": {}, "rows": 20})
    assert len(items) == 20 and all(item.target.lstrip("-").isdigit() for item in items)


def test_an_unpinned_data_set_is_not_loaded():
    source = {"hub_id": "owner/set", "config": None, "split": "test", "revision": None}
    with pytest.raises(InputError, match=r"set\.yaml: revision is null\. `make pin` writes .*owner/set there; or give"):
        load_benchmark(card("", source=source))


def test_a_data_set_that_cannot_be_had_is_told(monkeypatch):
    def refuse(source):
        raise InputError(f"{source['hub_id']}: no")

    monkeypatch.setattr(loading.hub, "rows", refuse)
    source = {"hub_id": "owner/set", "config": None, "split": "test", "revision": "0" * 40}
    with pytest.raises(InputError, match=r"^config/benchmarks/set\.yaml: owner/set: no$"):
        load_benchmark(card("", source=source))


def test_a_data_set_is_loaded_at_its_revision(monkeypatch):
    asked = []
    monkeypatch.setattr(loading.hub, "rows", lambda source: asked.append(source) or ROWS)
    source = {"hub_id": "owner/set", "config": "main", "split": "test", "revision": "0" * 40}
    assert load_benchmark(card("", source=source)) == ITEMS
    assert asked == [source]


# Formats.


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("5 + 3 = <<5+3=8>>8\n#### 8", "8"),
        ("#### 1,234,567", "1234567"),
        ("#### -12 ", "-12"),
        ("#### 0.5", "0.5"),
        ("a #### b\n#### 7", "7"),
        ("no mark 8", ""),
        ("####", ""),
    ],
)
def test_gsm8k_takes_the_number_after_the_last_mark(answer, target):
    load = plugins.load("benchmarks", "gsm8k").load
    rows = [{"question": " How many? ", "answer": answer}]
    assert list(load(rows, {"question": "question", "target": "answer"})) == [Item("0", "How many?", target)]


CHOICE = {"question": "q", "target": "right", "distractors": ["w1", "w2", "w3"]}


def choices(questions) -> list[Item]:
    rows = [{"q": f"Question {n}", "right": "R", "w1": "X", "w2": "Y", "w3": "Z"} for n in questions]
    return list(plugins.load("benchmarks", "multiple_choice").load(rows, CHOICE))


def test_the_target_is_the_letter_of_the_right_option():
    for item in choices(range(50)):
        assert sorted(item.choices) == ["R", "X", "Y", "Z"]
        assert item.choices["ABCD".index(item.target)] == "R"
        assert [("R", "X", "Y", "Z")[place] for place in item.permutation] == list(item.choices)


def test_the_order_of_options_is_fixed_and_depends_on_the_question_alone():
    order = {item.question: item.choices for item in choices(range(200))}
    assert {item.question: item.choices for item in choices(reversed(range(200)))} == order
    # Pinned: an order that changed between versions would regrade old completions against new letters.
    assert ["".join(order[f"Question {n}"]) for n in range(4)] == ["ZXYR", "YXZR", "ZYXR", "ZRXY"]
    swapped = [{"q": "Question 0", "right": "Y", "w1": "Z", "w2": "R", "w3": "X"}]
    (item,) = plugins.load("benchmarks", "multiple_choice").load(swapped, CHOICE)
    assert item.choices == order["Question 0"] and item.choices["ABCD".index(item.target)] == "Y"


def test_the_right_option_stands_at_every_place_about_equally_often():
    letters = [item.target for item in choices(range(400))]
    assert all(70 < letters.count(letter) < 130 for letter in "ABCD")


@pytest.mark.parametrize("wrong", ["R", " R ", ""])
def test_a_double_or_empty_option_is_told(tmp_path, wrong):
    rows = [{"q": "Which?", "right": "R", "w1": "X", "w2": wrong, "w3": "Z"}]
    path = write(tmp_path / "a.jsonl", rows)
    with pytest.raises(InputError, match="item '0' has an empty or a double option"):
        load_benchmark(card(path, columns=CHOICE, rows=1, format="multiple_choice"))


# Prompts.


@pytest.mark.parametrize(
    ("template", "item", "text"),
    [
        ("{question}", Item("0", "Why?", "2"), "Why?"),
        (r"Use \boxed{}. {question} {x} {0} {{}}", Item("0", "Why?", "2"), r"Use \boxed{}. Why? {x} {0} {{}}"),
        ("Q: {question}", Item("0", "{question} {choices} {x}", "2"), "Q: {question} {choices} {x}"),
        (
            "{question}\n{choices}",
            Item("0", "Which {choices}?", "A", ("{question}", "{choices}")),
            "Which {choices}?\nA) {question}\nB) {choices}",
        ),
        ("{choices}|{question}|{choices}", Item("0", "Q", "A", ("x", "y")), "A) x\nB) y|Q|A) x\nB) y"),
        ("{question} and again {question}", Item("0", "Why?", "2"), "Why? and again Why?"),
        ("%s {question} $x", Item("0", "100% $y\\n", "2"), "%s 100% $y\\n $x"),
    ],
)
def test_render_replaces_its_two_marks_and_nothing_else(template, item, text):
    assert render(item, template) == text
