"""Seconds that the plan of a grid takes: 40 models x 5 benchmarks, of which nothing has run yet."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_dry_run import ROOT, write_grid

SHAPE = """\
architecture: {model_type: qwen3, hidden_size: 4096, intermediate_size: 12288, num_hidden_layers: 36, vocab_size: 151936,
  num_attention_heads: 32, num_key_value_heads: 8, head_dim: 128, dtype: bfloat16}
context_length: 40960
"""
TOKENS = "expected_tokens: {prompt: 100, reasoning: 5000, source: made up}\n"


def main(models: int, benchmarks: int) -> None:
    """Print the wall time of the command."""
    with tempfile.TemporaryDirectory() as folder:
        study = write_grid(Path(folder), models, benchmarks)
        for kind, text in (("models", SHAPE), ("benchmarks", TOKENS)):
            for card in (Path(folder) / kind).iterdir():
                card.write_text(card.read_text() + text)
        command = [sys.executable, "-m", "paretoscope.plan", "--configfile", study]
        started = time.perf_counter()
        run = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
        )
        seconds = time.perf_counter() - started
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    print(f"plan of {models} x {benchmarks}: {seconds:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=40)
    parser.add_argument("--benchmarks", type=int, default=5)
    main(**vars(parser.parse_args()))
