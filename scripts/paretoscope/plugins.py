"""Components found by file name: the folder is the registry, so adding a component is adding one file."""

from __future__ import annotations

import ast
import hashlib
import importlib
import io
import tokenize
from functools import cache
from pathlib import Path

from .errors import InputError, suggest

PACKAGE = Path(__file__).parent


@cache
def available(folder: str) -> tuple[str, ...]:
    """Return the component names in a folder of the package, e.g. ``engines``, without importing any."""
    return tuple(sorted(path.stem for path in (PACKAGE / folder).glob("*.py") if not path.stem.startswith("_")))


def load(folder: str, name: str):
    """Import and return the component ``name`` of ``folder``.

    Raises
    ------
    InputError
        No such component; the message lists those there are.
    """
    if name not in available(folder):
        raise InputError(f"unknown component '{name}' in {folder}/.{suggest(name, available(folder))}")
    return importlib.import_module(f"{__package__}.{folder.replace('/', '.')}.{name}")


@cache
def _code(text: str) -> str:
    """Return Python source without docstrings, comments and blank lines.

    Cut out of the text rather than printed from the syntax tree, which differs between Python versions.
    """
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _is_source(path: Path) -> bool:
    return path.suffix in (".py", ".css", ".js", ".html")


@cache
def source_digest(*names: str) -> str:
    """Return a digest of what the named modules do: their code without comments, docstrings and blank lines.

    Cheap stages carry it in their params, so an edited grader regrades while an edited comment re-runs nothing.

    Parameters
    ----------
    names : str
        Files or folders below the package, e.g. ``"graders"`` or ``"frontier.py"``. A folder stands for all its files.
    """
    digest = hashlib.sha256()
    for name in names:
        path = PACKAGE / name
        for file in sorted(filter(_is_source, path.rglob("*"))) if path.is_dir() else [path]:
            text = file.read_text(encoding="utf-8")
            code = _code(text) if file.suffix == ".py" else text
            digest.update(f"{file.relative_to(PACKAGE)}\n{code}\n".encode())
    return digest.hexdigest()[:16]
