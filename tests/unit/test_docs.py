"""Docs that can fail: the README's commands, tree and tables are compared with the project."""

import re
import shlex
from pathlib import Path

import pytest
import tables_doc

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md", "results/README.md")
    ),
    *sorted((ROOT / "docs").glob("*.md")),
]


def commands() -> list[str]:
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_readme_names_the_two_commands():
    assert {"make demo", "make test"} <= set(commands())


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|^)make (\w+)", README, re.MULTILINE))))
def test_make_targets_of_the_readme_exist(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", [command for command in commands() if "--configfile" in command])
def test_config_files_of_the_readme_exist(command):
    words = shlex.split(command)
    assert (ROOT / words[words.index("--configfile") + 1]).is_file()


def test_every_table_is_documented_as_it_is_declared():
    assert tables_doc.DOCUMENT.read_text(encoding="utf-8") == tables_doc.document(), "run `make tables`"


def test_layout_names_what_is_there():
    block = re.search(r"## Layout\n\n```\n(.*?)```", README, re.DOTALL).group(1)
    named = re.findall(r"(?:^|\s)([\w/]+/|Snakefile)(?=[\s;])", block)
    assert len(named) >= 8
    for name in named:
        nested = [ROOT / folder / name for folder in (".", "tests")]
        assert any(path.exists() for path in nested), name


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_every_schema_key_is_explained_in_the_config_readme():
    import json

    text = (ROOT / "config/README.md").read_text(encoding="utf-8")

    def keys(schema):
        for key, part in schema.get("properties", {}).items():
            yield key
            yield from keys(part)
        for part in schema.get("oneOf", ()):
            yield from keys(part)
        if "items" in schema:
            yield from keys(schema["items"])

    for schema in (ROOT / "config/schemas").glob("*.json"):
        missing = {key for key in keys(json.loads(schema.read_text())) if f"`{key}`" not in text}
        assert not missing, f"{schema.name}: {missing}"


def test_pins_agree():
    lock = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "envs/requirements.txt").read_text(), re.MULTILINE))
    lock = {name.lower(): version for name, version in lock.items()}
    for name in ("requirements.in", "analysis.yaml", "transformers.yaml"):
        for package, version in re.findall(
            r"^(?:\s+- )?([\w.-]+)==(\S+)$", (ROOT / "envs" / name).read_text(), re.MULTILINE
        ):
            assert lock.get(package.lower()) == version, f"{name}: {package}=={version}"
