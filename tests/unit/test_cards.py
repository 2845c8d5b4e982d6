import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from paretoscope import arithmetic, cards
from paretoscope.cards import check, line_of, read_schema, read_yaml
from paretoscope.errors import InputError

SCHEMAS = ("study", "model", "benchmark")
SETTINGS_FOLLOW = {"engine", "grading", "architecture"}
"""Objects in which a component's own settings, or any fact of a config.json, may stand."""


def objects(schema: dict, keys: tuple = ()):
    """Yield (keys, schema) of every object in a schema that names properties."""
    if "properties" in schema:
        yield keys, schema
    for key, part in schema.get("properties", {}).items():
        yield from objects(part, (*keys, key))
    for part in [*schema.get("oneOf", ()), *([schema["items"]] if "items" in schema else [])]:
        yield from objects(part, keys)


PROPERTIES = [
    (name, ".".join((*keys, key)), part)
    for name in SCHEMAS
    for keys, schema in objects(read_schema(name))
    for key, part in schema["properties"].items()
]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_valid_and_closed(name):
    Draft202012Validator.check_schema(read_schema(name))
    for keys, schema in objects(read_schema(name)):
        assert schema.get("additionalProperties") is False or (keys[-1:] and keys[-1] in SETTINGS_FOLLOW), keys
        assert set(schema.get("required", ())) <= set(schema["properties"]), keys


@pytest.mark.parametrize(("name", "key", "part"), PROPERTIES, ids=[f"{name}-{key}" for name, key, _ in PROPERTIES])
def test_every_key_is_described_and_its_default_is_valid(name, key, part):
    assert re.fullmatch(r".+\.", part["description"])
    if "default" in part:
        check({"value": part["default"]}, {"type": "object", "properties": {"value": part}}, Path("none"))


@pytest.mark.parametrize(("name", "key", "part"), PROPERTIES, ids=[f"{name}-{key}" for name, key, _ in PROPERTIES])
def test_every_key_is_in_the_readme(name, key, part):
    readme = cards.SCHEMAS.parent / "README.md"
    if not readme.exists():
        pytest.skip("config/README.md isn't there")
    assert f"`{key.rpartition('.')[2]}`" in readme.read_text(encoding="utf-8")


def test_training_styles_and_levels_are_those_of_the_arithmetic():
    parts = {(name, key): part for name, key, part in PROPERTIES}
    assert set(parts["model", "source.training.style"]["enum"]) == set(arithmetic.STYLES)
    assert set(parts["benchmark", "source.generator.level"]["enum"]) == set(arithmetic.LEVELS)
    assert set(parts["benchmark", "source.generator.split"]["enum"]) == set(arithmetic.SPLITS) - {"train"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("day: 2025-01-20", {"day": "2025-01-20"}),
        ("time: 2025-01-20T10:00:00Z", {"time": "2025-01-20T10:00:00Z"}),
        ("a: {b: [1, 2.5, true, null, x]}", {"a": {"b": [1, 2.5, True, None, "x"]}}),
        ("name: é \u4e2d", {"name": "é \u4e2d"}),
        ("base: &base {a: 1}\nother: {<<: *base, b: 2}", {"base": {"a": 1}, "other": {"a": 1, "b": 2}}),
    ],
)
def test_yaml_is_read_and_dates_stay_text(write_yaml, text, value):
    assert read_yaml(write_yaml("a.yaml", text)) == value


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "a.yaml: expected lines of the form 'key: value', found nothing"),
        ("# only a comment\n", "found nothing"),
        ("- a\n- b\n", "found a list"),
        ("just text", "found a single value"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml, line 3: not valid YAML: key 'a' is given twice"),
        ("x:\n  a: 1\n  a: 1\n", "line 3: not valid YAML: key 'a' is given twice"),
        ("x: {a: 1, a: 2}\n", "line 1: not valid YAML: key 'a' is given twice"),
        ("? [a, b]\n: 1\n", "line 1: not valid YAML: a key must be plain text"),
        ("? {a: b}\n: 1\n", "line 1: not valid YAML: a key must be plain text"),
        ("a: 1\nb: [\n", "line 3: not valid YAML"),
        ("a: b: c\n", "line 1: not valid YAML"),
        ("a:\n\tb: 1\n", "line 2: not valid YAML"),
        ("a: \x01\n", "not valid YAML"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1: not valid YAML: could not determine a constructor"),
        ("a: *nowhere\n", "line 1: not valid YAML"),
    ],
)
def test_bad_yaml_is_told_with_its_line(write_yaml, text, what):
    with pytest.raises(InputError, match=re.escape(what)):
        read_yaml(write_yaml("a.yaml", text))


def test_yaml_that_is_not_utf8_absent_or_a_folder_is_told(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(InputError, match=r"a\.yaml: not UTF-8 \(.* at byte 9\)"):
        read_yaml(tmp_path / "a.yaml")
    with pytest.raises(InputError, match=r"b\.yaml: no such file"):
        read_yaml(tmp_path / "b.yaml")
    with pytest.raises(InputError, match="can't be read: Is a directory"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("a",), 1),
        (("b", "c"), 3),
        (("b", "c", 1), 5),
        (("b", "absent"), 2),
        (("b", "c", 7), 3),
        (("d", "e"), 6),
        (("absent",), None),
        ((), None),
    ],
)
def test_lines_of_keys(write_yaml, keys, line):
    path = write_yaml("a.yaml", "a: 1\nb:\n  c:\n    - x\n    - y\nd: {e: 1}\n")
    assert line_of(path, keys) == line


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "rate": {"description": "A rate.", "type": "number", "default": 1},
        "count": {"description": "A count.", "type": ["integer", "null"], "default": None},
        "text": {"description": "A text.", "type": "string"},
        "list": {
            "description": "A list.",
            "type": "array",
            "items": {"type": "object", "properties": {"kept": {"type": "boolean", "default": True}}},
            "default": [],
        },
        "choice": {
            "description": "One of two.",
            "oneOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["path"],
                    "properties": {
                        "path": {"description": "A path.", "type": "string"},
                        "deep": {"description": "Depth.", "type": "integer", "default": 3},
                    },
                },
            ],
            "default": None,
        },
    },
}
DEFAULTS = {"rate": 1.0, "count": None, "list": [], "choice": None}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ({}, DEFAULTS),
        ({"list": [{}, {"kept": False}]}, {**DEFAULTS, "list": [{"kept": True}, {"kept": False}]}),
        ({"choice": {"path": "x"}}, {**DEFAULTS, "choice": {"path": "x", "deep": 3}}),
        ({"count": 2, "rate": 2}, {**DEFAULTS, "count": 2, "rate": 2.0}),
    ],
)
def test_defaults_are_filled_in_and_the_value_is_left_alone(write_yaml, value, filled):
    before = json.dumps(value)
    found = check(value, SCHEMA, write_yaml("a.yaml", value))
    # As text: 2 and 2.0 are equal, but not in a digest.
    assert json.dumps(found, sort_keys=True) == json.dumps(filled, sort_keys=True)
    assert json.dumps(value) == before


def test_defaults_are_not_shared():
    check({}, SCHEMA, Path("none"))["list"].append(1)
    assert check({}, SCHEMA, Path("none"))["list"] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("text: 5", "line 1: text: 5 is not of type 'string'. A text. Put it in quotes."),
        ("text: yes", "text: True is not of type 'string'. A text. Put it in quotes."),
        ("text: [a]", "text: ['a'] is not of type 'string'. A text."),
        ("count: 1.0", "count: 1.0 is not of type 'integer', 'null'. A count."),
        ("count: true", "count: True is not of type"),
        ("rate: .nan", "rate: nan is not of type 'number'. A rate."),
        ("rate: -.inf", "rate: -inf is not of type 'number'"),
        ("rate: true", "rate: True is not of type 'number'"),
        ("rat: 1", "rat: unknown key. Did you mean 'rate'?"),
        ("1: 1", "line 1: 1: unknown key."),
        ("list:\n  - {}\n  - {kept: 1}", "line 3: list.1.kept: 1 is not of type 'boolean'"),
        ("choice: {pat: x}", "choice: {'pat': 'x'} can't stand here. One of two."),
        ("choice: {path: x, dep: 1}", "choice.dep: unknown key. Did you mean 'deep'?"),
        ("choice: {deep: 1}", "choice: key 'path' is missing. A path."),
        ("choice: {path: 1}", "choice.path: 1 is not of type 'string'. A path. Put it in quotes."),
        ("choice: 5", "choice: 5 can't stand here. One of two."),
    ],
)
def test_errors_name_file_line_key_and_what_would_be_right(write_yaml, text, what):
    path = write_yaml("a.yaml", text)
    with pytest.raises(InputError) as error:
        check(read_yaml(path), SCHEMA, path)
    assert str(error.value).startswith(f"{path}, line ") and what in str(error.value)


def test_a_prefix_leads_to_the_line_of_a_part(write_yaml):
    path = write_yaml("a.yaml", "a: 1\nengine:\n  rate: fast\n")
    with pytest.raises(InputError, match=r"a\.yaml, line 3: engine\.rate: 'fast' is not of type 'number'"):
        check({"rate": "fast"}, SCHEMA, path, ("engine",))
