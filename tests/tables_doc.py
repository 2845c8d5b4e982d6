"""docs/tables.md from the tables that the library declares: ``make tables`` writes it, a test compares it."""

import ast
import importlib
import itertools
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "scripts" / "paretoscope"
DOCUMENT = ROOT / "docs" / "tables.md"
ORDER = ("summary", "frontier", "failure", "trend", "saturation", "roofline", "forced")

HEAD = """# Tables

Every table that a run leaves in `results/<study>/`, as the library declares it (`make tables` writes this page). What is
not known is empty, never 0.
"""


def declared():
    """Yield text and columns of each tuple of columns that is documented as a file."""
    sys.path.insert(0, str(LIBRARY.parent))
    from paretoscope.schema import Column

    for path in sorted(LIBRARY.rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        module = ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts).removesuffix(".__init__")
        for statement, after in itertools.pairwise(body):
            text = getattr(getattr(after, "value", None), "value", None)
            if not isinstance(statement, ast.Assign) or not isinstance(text, str) or not text.startswith("``"):
                continue
            value = getattr(importlib.import_module(module), statement.targets[0].id)
            if isinstance(value, tuple) and value and all(isinstance(column, Column) for column in value):
                yield " ".join(text.split("\n\n")[0].split()), value


def document() -> str:
    """Return the page."""
    tables = sorted(declared(), key=lambda table: (ORDER.index(table[0].strip("`").split("/")[0]), table[0]))
    parts = [HEAD]
    for text, columns in tables:
        name, meaning = text.split("``: ", 1)
        parts.append(f"## {name.strip('`')}\n\n{meaning[0].upper()}{meaning[1:]}\n")
        parts.append("| column | unit | meaning |\n|---|---|---|")
        parts += [f"| `{column.name}` | {column.unit} | {_cell(column.description)} |" for column in columns]
        parts.append("")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
