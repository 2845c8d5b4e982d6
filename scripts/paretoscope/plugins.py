"""Components found by file name: the folder is the registry, so adding a component is adding one file."""

from __future__ import annotations

import ast
import hashlib
import importlib
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


class _Strip(ast.NodeTransformer):
    """Drop docstrings; comments and layout are already gone from a syntax tree."""

    def _strip(self, node):
        self.generic_visit(node)
        body = node.body
        if (
            body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            node.body = body[1:] or [ast.Pass()]
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _strip


@cache
def source_digest(*names: str) -> str:
    """Return a digest of what the named modules do: their code without comments, docstrings and layout.

    Cheap stages carry it in their params, so an edited grader regrades while an edited comment re-runs nothing.

    Parameters
    ----------
    names : str
        Files or folders below the package, e.g. ``"graders"`` or ``"frontier.py"``. A folder stands for all its files.
    """
    digest = hashlib.sha256()
    for name in names:
        path = PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            code = ast.unparse(_Strip().visit(ast.parse(file.read_text(encoding="utf-8"))))
            digest.update(f"{file.relative_to(PACKAGE)}\n{code}\n".encode())
    return digest.hexdigest()[:16]
