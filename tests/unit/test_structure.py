"""The house rules that a reader would otherwise have to check: import directions, component interfaces, sizes."""

import ast
import inspect
import sys
from pathlib import Path

import pytest

from paretoscope import plugins

PACKAGE = plugins.PACKAGE
SCRIPTS = PACKAGE.parent

LAYERS = {
    5: ("pin", "resources", "page", "choose"),
    4: ("plots", "report", "audit", "loading", "plan", "judging", "forcing"),
    3: (
        *("models", "generate", "grading", "costs", "summarize"),
        *("frontier", "uncertainty", "power", "failure", "trend", "saturation", "nano_selection", "roofline"),
    ),
    2: ("catalog", "benchmarks", "engines", "graders", "crosscheck", "flops", "training", "hub"),
    1: (
        *("schema", "files", "store", "provenance", "plugins", "errors", "arithmetic"),
        *(
            "cards",
            "devices",
            "cluster",
            "statistics",
            "hypervolume",
            "bootstrap",
            "progress",
            "jobs",
            "degeneration",
            "serving",
        ),
    ),
}
"""Modules and folders of the package. Imports lead from a layer to one below."""
BASE = {
    "errors": 0,
    "files": 1,
    "schema": 1,
    "plugins": 1,
    "cards": 2,
    "store": 2,
    "bootstrap": 2,
    "devices": 3,
    "cluster": 3,
}
"""Order within the lowest layer, where some modules stand on others; the rest stand beside each other at 1."""

COMPONENT_FOLDERS = ("benchmarks", "engines", "graders", "crosscheck", "flops/architectures", "plots")
MODEL_LIBRARIES = {"torch", "transformers", "sglang", "safetensors", "tokenizers"}

MODULES = sorted(PACKAGE.rglob("*.py"))
COMPONENTS = [(folder, name) for folder in COMPONENT_FOLDERS for name in plugins.available(folder)]


def label(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def unit_of(path: Path) -> str:
    """Return the module or folder directly below the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer_of(unit: str) -> tuple[int, int]:
    layer = next(number for number, units in LAYERS.items() if unit in units)
    return layer, BASE.get(unit, 1) if layer == 1 else 0


def imported(tree: ast.AST, path: Path) -> list[str]:
    """Return the dotted names that a file imports, those of the package from its root: ``paretoscope.files``."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1].relative_to(SCRIPTS)
            base = ".".join((*folder.parts, *([node.module] if node.module else [])))
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found


def upward_imports(source: str, path: Path) -> list[str]:
    own = unit_of(path)
    units = {name.split(".")[1] for name in imported(ast.parse(source), path) if name.startswith("paretoscope.")}
    return [unit for unit in sorted(units - {own}) if layer_of(unit) >= layer_of(own)]


# Import directions.


def test_every_module_has_its_layer():
    units = {unit_of(path) for path in MODULES} - {"__init__"}
    listed = [unit for units in LAYERS.values() for unit in units]
    assert sorted(listed) == sorted(units)


@pytest.mark.parametrize("path", [path for path in MODULES if unit_of(path) != "__init__"], ids=label)
def test_imports_point_down(path):
    assert upward_imports(path.read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("files.py", "from .generate import generate_cell", ["generate"]),
        ("files.py", "from . import errors, summarize", ["summarize"]),
        ("files.py", "def f():\n    from .store import CompletionStore", ["store"]),
        ("files.py", "import paretoscope.plots.frontier", ["plots"]),
        ("engines/oracle.py", "from ..graders import math", ["graders"]),
        ("engines/oracle.py", "from .. import graders, schema", ["graders"]),
        ("flops/architectures/qwen3.py", "from ...training import train", ["training"]),
        ("frontier.py", "from .trend import fit", ["trend"]),
        ("generate.py", "from .catalog import Study\nimport json\nfrom pathlib import Path", []),
        ("flops/architectures/qwen3.py", "from ..blocks import Block", []),
    ],
)
def test_an_upward_import_would_be_found(file, source, found):
    assert upward_imports(source, PACKAGE / file) == found


@pytest.mark.parametrize(("folder", "name"), COMPONENTS)
def test_components_of_a_folder_do_not_import_each_other(folder, name):
    path = PACKAGE / folder / f"{name}.py"
    siblings = {f"paretoscope.{folder.replace('/', '.')}.{other}" for other in plugins.available(folder)}
    names = imported(ast.parse(path.read_text(encoding="utf-8")), path)
    assert not [found for found in names if any(f"{found}.".startswith(f"{sibling}.") for sibling in siblings)]


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_libraries_stand_where_they_belong(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    roots = {name.split(".")[0] for name in imported(tree, path)}
    assert "snakemake" not in roots
    if unit_of(path) not in ("engines", "training"):
        assert not roots & MODEL_LIBRARIES
    # And there inside the function that needs them, since the catalog imports engines to read their settings.
    assert not {name.split(".")[0] for node in tree.body for name in imported_at_once(node, path)} & MODEL_LIBRARIES


def imported_at_once(node: ast.stmt, path: Path) -> list[str]:
    """Return what a statement of a module imports when the module is imported."""
    return [] if isinstance(node, ast.FunctionDef | ast.ClassDef) else imported(node, path)


IMPORTS = "import sys, paretoscope.{module}; print(*sys.modules)"
HEAVY = {"torch", "transformers", "pandas", "numpy", "scipy", "sympy", "matplotlib", "datasets", "pyarrow", "snakemake"}


@pytest.mark.parametrize("module", ["catalog", "cards", "store", "generate", "loading", "plugins"])
def test_what_the_workflow_imports_while_planning_is_light(in_process, module):
    loaded = set(in_process(IMPORTS.format(module=module)).stdout.split())
    assert f"paretoscope.{module}" in loaded
    assert not loaded & HEAVY


def test_loading_a_study_stays_light(in_process):
    code = (
        "import sys; from pathlib import Path; from paretoscope.cards import read_yaml;"
        "from paretoscope.catalog import CATALOG, load_study; path = CATALOG / 'config.yaml';"
        "load_study(read_yaml(path), path); print(*sys.modules)"
    )
    assert not set(in_process(code).stdout.split()) & HEAVY


# Components.


def module_of(folder: str, name: str):
    if folder == "plots":
        pytest.importorskip("matplotlib")
    return plugins.load(folder, name)


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(("folder", "name"), COMPONENTS)
def test_a_component_says_what_it_is(folder, name):
    docstring = module_of(folder, name).__doc__
    assert docstring and docstring.strip().splitlines()[0].endswith((".", ";", ":", ","))


@pytest.mark.parametrize("folder", [*COMPONENT_FOLDERS, "flops"])
def test_a_folder_says_what_its_files_must_have(folder):
    tree = ast.parse((PACKAGE / folder / "__init__.py").read_text(encoding="utf-8"))
    assert len(ast.get_docstring(tree)) > 50


def check_benchmark(module):
    assert isinstance(module.PROTOCOL, int)
    assert set(module.COLUMNS) <= {"id", "question", "target", "distractors"} and "question" in module.COLUMNS
    assert parameters(module.load) == ["rows", "columns"]
    if hasattr(module, "generate"):
        assert parameters(module.generate) == ["arguments", "rows"]


def check_engine(module):
    assert isinstance(module.PROTOCOL, int)
    assert isinstance(module.NEEDS_WEIGHTS, bool) and isinstance(module.KEEPS, bool)
    assert all(part["description"].endswith(".") for part in module.SETTINGS.values())
    assert set(module.KEYED_SETTINGS) <= set(module.SETTINGS)
    assert parameters(module.files) == ["settings", "model", "benchmark"]
    assert parameters(module.open_engine) == ["model", "sampling", "settings", "files"]
    if hasattr(module, "resolve"):
        assert parameters(module.resolve) == ["settings", "relative"]
    if getattr(module, "CONTROL", False):
        assert module.EXPECTED_ACCURACY in (0, 1)
        assert not module.NEEDS_WEIGHTS and not module.KEEPS
    classes = [
        value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__
    ]
    assert any(
        parameters(kind.generate) == ["self", "requests"] and parameters(kind.describe) == ["self"]
        for kind in classes
        if hasattr(kind, "generate")
    )


def check_grader(module):
    arguments = ["text", "item", "finish_reason", "reasoning", "options"]
    assert parameters(module.grade) == arguments
    if hasattr(module, "decide"):
        assert parameters(module.decide) == arguments
    assert all(part["description"].endswith(".") and "default" in part for part in module.SETTINGS.values())
    assert parameters(module.reference) == parameters(module.check_target) == ["item"]


def check_crosscheck(module):
    assert parameters(module.check) == ["text", "item", "finish_reason", "reasoning", "options"]


@pytest.mark.parametrize("name", plugins.available("graders"))
def test_every_grader_has_a_second_one_that_shares_nothing_with_it(name):
    assert name in plugins.available("crosscheck")
    for path in (PACKAGE / "crosscheck").glob("*.py"):
        roots = imported(ast.parse(path.read_text(encoding="utf-8")), path)
        assert not [root for root in roots if root.startswith(("paretoscope.graders", "sympy", "math_verify"))]


def check_architecture(module):
    assert parameters(module.describe) == ["config"]


def check_plot(module):
    assert parameters(module.draw)[-1] == "style"


CHECKS = {
    "benchmarks": check_benchmark,
    "engines": check_engine,
    "graders": check_grader,
    "crosscheck": check_crosscheck,
    "flops/architectures": check_architecture,
    "plots": check_plot,
}


@pytest.mark.parametrize(("folder", "name"), COMPONENTS)
def test_a_component_has_its_folders_interface(folder, name):
    module = module_of(folder, name)
    CHECKS[folder](module)
    own = [
        value
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    ]
    assert all(function.__doc__ for function in own if not function.__name__.startswith("_"))


# Sizes and names.


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_files_are_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in ("utils", "helpers", "common", "misc")


RULE_SCRIPTS = sorted(SCRIPTS.glob("*.py"))


@pytest.mark.parametrize("path", RULE_SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_thin(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 45
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert "main" in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    # snakemake is named in the last statement alone, so that a test or a notebook can call main.
    names = [node for statement in tree.body[:-1] for node in ast.walk(statement) if isinstance(node, ast.Name)]
    assert "snakemake" not in {node.id for node in names}
    assert ast.unparse(tree.body[-1]).startswith("if 'snakemake' in globals():")


@pytest.mark.parametrize("path", RULE_SCRIPTS, ids=lambda path: path.name)
def test_a_script_serves_a_rule_of_its_name(path):
    rules = "".join(file.read_text(encoding="utf-8") for file in (SCRIPTS.parent / "rules").glob("*.smk"))
    assert f"rule {path.stem}:" in rules
    assert f'"../scripts/{path.name}"' in rules


def test_no_module_hides_one_that_the_library_imports():
    """Rule scripts run with their own folder first on the path: a file there must not shadow a library."""
    tops = {path.stem for path in SCRIPTS.iterdir() if path.suffix == ".py"}
    assert not tops & (sys.stdlib_module_names | HEAVY)
