"""Fixtures that several files share: cards, a study, items, and a tiny model with random weights."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from . import chromium

ROOT = Path(__file__).parents[2]
REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def in_process():
    """Run Python code in a process of its own and return what it printed."""

    def run(code: str, *arguments, check: bool = True) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
            capture_output=True,
            text=True,
            check=check,
        )

    return run


@pytest.fixture
def model_card():
    """A valid card of a dense hub model, as the mapping in its file."""
    return {
        "id": "tiny",
        "name": "Tiny",
        "family": "Test",
        "source": {"hub_id": "owner/tiny", "revision": REVISION},
        "architecture": {"model_type": "qwen3"},
        "licence": "MIT",
        "release_date": "2025-01-31",
        "kind": "dense",
        "type": "instruct",
        "sampling": {"temperature": 0.6},
    }


@pytest.fixture
def benchmark_card():
    """A valid card of a generated benchmark, as the mapping in its file."""
    return {
        "id": "sums",
        "name": "Sums",
        "source": {"generator": {"level": "easy", "split": "test", "seed": 1}},
        "format": "arithmetic",
        "rows": 5,
        "licence": "MIT",
        "prompt": {"protocol": 1, "template": "{question}"},
        "grading": {"grader": "math"},
    }


@pytest.fixture
def study_config():
    """A valid study of the two cards above."""
    return {"study": "test", "models": ["tiny"], "benchmarks": ["sums"], "engine": {"name": "transformers"}}


@pytest.fixture
def write_yaml(tmp_path):
    """Write a mapping (or text as it is) to a file below the test's folder."""

    def write(name: str, value) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def load(write_yaml, model_card, benchmark_card):
    """Write a study with its cards and load it; cards already written stay as they are."""
    from paretoscope.cards import read_yaml
    from paretoscope.catalog import load_study

    def load_written(config: dict):
        path = write_yaml("study.yaml", {**config, "cards": ["."]})
        for name, card in (("models/tiny.yaml", model_card), ("benchmarks/sums.yaml", benchmark_card)):
            if not (path.parent / name).exists():
                write_yaml(name, card)
        return load_study(read_yaml(path), path)

    return load_written


@pytest.fixture
def items():
    """Five short arithmetic problems of differing lengths."""
    from paretoscope import arithmetic
    from paretoscope.schema import Item

    return [
        Item(problem.id, problem.question, problem.target)
        for level, n in (("easy", 3), ("hard", 2))
        for problem in arithmetic.problems(level, "test", n, 1)
    ]


@pytest.fixture(scope="session")
def random_model(tmp_path_factory):
    """A folder in Hugging Face format: a tiny Qwen3 with random weights, large enough to make some tokens likelier."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from paretoscope import arithmetic, training

    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = transformers.Qwen3Config(
        vocab_size=len(arithmetic.VOCABULARY),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=256,
        tie_word_embeddings=False,
        initializer_range=0.25,
        bos_token_id=None,
        eos_token_id=arithmetic.VOCABULARY[arithmetic.TURN_END],
        pad_token_id=arithmetic.VOCABULARY[arithmetic.PAD],
    )
    folder = tmp_path_factory.mktemp("random_model")
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    training.tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Address of the debugging port of a running Chromium."""
    pytest.importorskip("aiohttp")
    if not shutil.which("chromium"):
        pytest.skip("Chromium isn't installed")
    process, address = chromium.start(tmp_path_factory.mktemp("profile"))
    yield address
    process.kill()
    process.wait()
