"""Print the time that the FLOPs of a million completions take, for each published model of the tests.

Run from the repository's root: ``python tests/benchmarks/bench_flops.py``.
"""

import sys
from pathlib import Path
from time import process_time

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "scripts"), str(ROOT / "tests/unit")]

COMPLETIONS = 1_000_000


def main() -> None:
    """Time each model on the same random lengths."""
    from test_flops_published import PUBLISHED

    from paretoscope.flops import completion_flops, describe

    rng = np.random.default_rng(0)
    prompt = rng.integers(50, 2_000, COMPLETIONS)
    completion = rng.integers(0, 32_768, COMPLETIONS)
    for model, (_, config) in PUBLISHED.items():
        start = process_time()
        prefill, decode = completion_flops(describe(config), prompt, completion)
        seconds = process_time() - start
        print(f"{model:<45}{1e3 * seconds:8.1f} ms CPU   mean {np.mean(prefill + decode):.4g} FLOPs")


if __name__ == "__main__":
    main()
