import importlib
import sys

import pytest

from paretoscope import plugins
from paretoscope.errors import InputError, suggest


def test_the_folder_is_the_registry():
    assert {"oracle", "empty", "recorded", "transformers"} <= set(plugins.available("engines"))
    assert plugins.available("no_such_folder") == ()


def test_files_with_an_underscore_are_no_components(tmp_path, monkeypatch):
    monkeypatch.setattr(plugins, "PACKAGE", tmp_path)
    (tmp_path / "things").mkdir()
    for name in ("__init__.py", "_shared.py", "b.py", "a.py", "notes.md"):
        (tmp_path / "things" / name).touch()
    assert plugins.available("things") == ("a", "b")


@pytest.mark.parametrize(("folder", "name"), [("engines", "oracle"), ("flops/architectures", "qwen3")])
def test_load_imports_by_name(folder, name):
    assert plugins.load(folder, name) is importlib.import_module(f"paretoscope.{folder.replace('/', '.')}.{name}")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("oracel", "Did you mean 'oracle'?"), ("zzz", "Known: empty, oracle"), ("__init__", "Known: "), ("../flops", "")],
)
def test_an_unknown_component_is_told_and_nothing_is_imported(name, hint):
    before = set(sys.modules)
    with pytest.raises(InputError) as error:
        plugins.load("engines", name)
    assert f"unknown component '{name}' in engines/." in str(error.value) and hint in str(error.value)
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("gsm8", ["gsm8k", "math500"], " Did you mean 'gsm8k'?"),
        ("x", ["b", "a"], " Known: a, b."),
        ("x", [], ""),
        (1, ["11", 2], " Did you mean '11'?"),
    ],
)
def test_suggestions(name, known, hint):
    assert suggest(name, known) == hint


SOURCE = '''"""What it does."""

VALUE = 1


def double(x):
    """Return twice x."""
    return 2 * x  # a comment


class Thing:
    """A thing."""
'''


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    monkeypatch.setattr(plugins, "PACKAGE", tmp_path)

    def digest(sources: dict[str, str], *names: str) -> str:
        for name, text in sources.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        plugins.source_digest.cache_clear()
        return plugins.source_digest(*names)

    yield digest
    plugins.source_digest.cache_clear()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another"),
        ('"""What it does."""', '"""Something else."""'),
        ('    """Return twice x."""\n', ""),
        ("    return", "\n\n    return"),
        ("2 * x", "2 * x  # twice"),
    ],
)
def test_comments_docstrings_and_blank_lines_leave_the_digest(digest_of, old, new):
    before = digest_of({"a.py": SOURCE}, "a.py")
    assert SOURCE.replace(old, new) != SOURCE
    assert digest_of({"a.py": SOURCE.replace(old, new)}, "a.py") == before


@pytest.mark.parametrize(("old", "new"), [("2 * x", "3 * x"), ("VALUE = 1", 'VALUE = "1"'), ("double", "twice")])
def test_edited_code_changes_the_digest(digest_of, old, new):
    before = digest_of({"a.py": SOURCE}, "a.py")
    assert digest_of({"a.py": SOURCE.replace(old, new)}, "a.py") != before


def test_a_folder_stands_for_all_its_files(digest_of):
    before = digest_of({"f/a.py": SOURCE, "f/deep/b.py": "B = 1"}, "f")
    assert len(before) == 16
    assert digest_of({"f/deep/b.py": "B = 2"}, "f") != before
    assert digest_of({"f/deep/b.py": "B = 1"}, "f") == before
    assert digest_of({"f/c.py": ""}, "f") != before
