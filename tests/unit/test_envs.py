"""The places that say which SGLang is meant, and with what beside it, say the same."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVS = ROOT / "envs"
TESTED = "tests/sglang_cpu/requirements.txt"
CONTAINERS = ("sglang.Dockerfile", "sglang.def")
OF_SGLANG = {"sglang", "torch", "transformers"}
"""What SGLang decides about, and its image already has."""


def pins(name: str) -> dict[str, str]:
    """Return package -> version of a requirements file, an environment or a container recipe."""
    text = re.sub(r"#.*", "", (ROOT / name).read_text(encoding="utf-8"))
    return {package.lower(): version for package, version in re.findall(r"([\w.-]+)==([\w.]+)", text)}


@pytest.mark.parametrize("package", sorted(pins("envs/sglang.yaml")))
def test_sglang_environment_is_what_the_tests_run(package):
    assert pins("envs/sglang.yaml")[package] == {**pins("envs/requirements.txt"), **pins(TESTED)}[package]


@pytest.mark.parametrize("package", sorted(set(pins("envs/sglang.yaml")) - OF_SGLANG))
def test_what_the_job_needs_is_pinned_as_everywhere(package):
    assert pins("envs/sglang.yaml")[package] == pins("envs/requirements.txt")[package]


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_adds_what_the_environment_has_beside_sglang(name):
    added = {package: version for package, version in pins("envs/sglang.yaml").items() if package not in OF_SGLANG}
    assert pins(f"envs/{name}") == added


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_starts_from_the_image_of_the_pinned_version(name):
    tag = re.search(r"^(?:FROM|From:) lmsysorg/sglang:v(\S+)$", (ENVS / name).read_text(), re.MULTILINE)
    assert tag.group(1) == pins("envs/sglang.yaml")["sglang"]


@pytest.mark.parametrize("name", ["envs/sglang.yaml", "tests/sglang_cpu/README.md"])
def test_prose_names_the_pinned_version(name):
    named = set(re.findall(r"SGLang (\d+\.\d+\.\d+)", (ROOT / name).read_text(encoding="utf-8")))
    assert named == {pins(TESTED)["sglang"]}


def test_stand_in_claims_the_pinned_version():
    text = (ROOT / "tests/sglang_stand_in.py").read_text(encoding="utf-8")
    assert f'VERSION = "{pins(TESTED)["sglang"]}"' in text


def test_every_pin_of_the_tested_environment_is_exact():
    lines = [line for line in (ROOT / TESTED).read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(pins(TESTED)) > 50
