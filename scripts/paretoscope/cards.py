"""Reading YAML cards against closed JSON schemas, with errors that name file, line, key and what would be right."""

from __future__ import annotations

import json
import math
import os
from functools import cache
from pathlib import Path

import yaml

from .errors import InputError, suggest

SCHEMAS = Path(__file__).parents[2] / "config" / "schemas"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML where dates stay text and a key given twice is an error."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> dict:
    """Read a YAML mapping.

    Raises
    ------
    InputError
        The file is absent, can't be read, isn't YAML, isn't a mapping, or gives a key twice.
    """
    try:
        value = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(value, dict):
        found = "nothing" if value is None else "a list" if isinstance(value, list) else "a single value"
        raise InputError(f"{path}: expected lines of the form 'key: value', found {found}")
    return value


def line_of(path: Path, keys) -> int | None:
    """Return the 1-based line of the value at a path of keys in a YAML file, or of the nearest parent that is there."""
    try:
        node = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    line = None
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [(name, value) for name, value in node.value if name.value == str(key)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            found = [(value, value) for value in node.value[key : key + 1]]
        else:
            found = []
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def error_at(path: Path, keys, message: str) -> InputError:
    """Return an error that names file, line and key."""
    line = line_of(path, keys)
    where = f"{path}, line {line}" if line else str(path)
    key = ".".join(map(str, keys))
    return InputError(f"{where}: {key + ': ' if key else ''}{message}")


@cache
def read_schema(name: str) -> dict:
    """Return a schema of config/schemas, e.g. ``model``."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


@cache
def _validator(schema: str):
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # Stricter than JSON Schema: 1.0 is no integer, and .nan and .inf, which YAML knows, are no numbers.
    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: (
                isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            ),
        }
    )
    return extend(Draft202012Validator, type_checker=types)(json.loads(schema))


def with_booleans(config: dict) -> dict:
    """Return a study with its switches as true and false: Snakemake passes on text from the command line."""
    switches = {key for key, part in read_schema("study")["properties"].items() if part.get("type") == "boolean"}
    words = {"true": True, "false": False}
    return {key: words.get(value, value) if key in switches else value for key, value in config.items()}


def check(value: dict, schema: dict, path: Path, prefix: tuple = ()) -> dict:
    """Check a value against a schema and return a copy with the schema's defaults filled in.

    Numbers become floats, so that 1 and 1.0 mean the same in every digest.

    Parameters
    ----------
    prefix : tuple
        Keys under which the value stands in the file, for the message.

    Raises
    ------
    InputError
        The first thing that is wrong, with file, line and key.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator(json.dumps(schema)).iter_errors(value))
    if error is not None:
        keys, message = _explain(error)
        raise error_at(path, (*prefix, *keys), message)
    return _with_defaults(value, schema)


def _explain(error) -> tuple[tuple, str]:
    if error.validator == "oneOf":
        error = _closest(error)
    keys = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(key for key in error.instance if key not in known)
        return (*keys, unknown), f"unknown key.{suggest(unknown, known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        about = error.schema.get("properties", {}).get(missing, {}).get("description", "")
        return keys, f"key '{missing}' is missing. {about}".rstrip()
    message = f"{error.instance!r} can't stand here" if error.validator == "oneOf" else error.message
    return keys, f"{message}. {_description(error)}{_quoting(error)}".rstrip()


def _closest(error):
    """Return what is wrong by the alternative that shares most keys with the value, or the error itself."""
    found = set(error.instance) if isinstance(error.instance, dict) else set()
    shared = [len(found & set(choice.get("properties", ()))) for choice in error.validator_value]
    best = shared.index(max(shared))
    return next((part for part in error.context if max(shared) and part.schema_path[0] == best), error)


def _description(error) -> str:
    """Return the description nearest to an error; an alternative's is that of the key it stands under."""
    while "description" not in error.schema and error.parent and error.parent.absolute_path == error.absolute_path:
        error = error.parent
    return error.schema.get("description", "")


def _quoting(error) -> str:
    """Return a hint where YAML made a number or a truth value of what should be text, such as 40 decimal digits."""
    choices = [error.schema, *error.schema.get("oneOf", ())]
    is_text = any(choice.get("type") in ("string", ["string", "null"]) for choice in choices)
    return " Put it in quotes." if is_text and isinstance(error.instance, bool | int | float) else ""


def _with_defaults(value, schema):
    if isinstance(value, list):
        return [_with_defaults(element, schema.get("items", {})) for element in value]
    if not isinstance(value, dict):
        types = schema.get("type", ())
        is_number = "number" in ([types] if isinstance(types, str) else types) and isinstance(value, int)
        return float(value) if is_number and not isinstance(value, bool) else value
    for choice in schema.get("oneOf", ()):
        if choice.get("type") == "object" and set(choice.get("required", ())) <= set(value):
            schema = choice
    filled = dict(value)
    for key, part in schema.get("properties", {}).items():
        if key in filled:
            filled[key] = _with_defaults(filled[key], part)
        elif "default" in part:
            filled[key] = _with_defaults(part["default"], part)
    return filled


def check_groups(study: dict, path: Path) -> None:
    """Check that a study's groups are of its benchmarks, and no group is called like one of them or their average."""
    known = study["benchmarks"]
    for group, members in study["analysis"]["groups"].items():
        where = ("analysis", "groups", group)
        if group in (*known, "average"):
            raise error_at(path, where, f"'{group}' is a benchmark or the average of all; give the group another id.")
        for member in members:
            if member not in known:
                raise error_at(path, where, f"'{member}' is no benchmark of the study.{suggest(member, known)}")


def relative_to(file: Path):
    """Return a function that reads a path as relative to a file's folder and gives it relative to the working folder.

    Relative, so that a study moved together with its results re-runs nothing.
    """

    def resolve(path: str) -> str:
        return os.path.relpath(Path(file).absolute().parent / path)

    return resolve
