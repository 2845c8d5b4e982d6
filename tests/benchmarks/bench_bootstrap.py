"""Wall time and memory of 10,000 bootstrap replicates of 100 models on 5 benchmarks, and of all that is made of it."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "scripts")]

MODELS, BENCHMARKS = 100, 5
ITEMS_PER_BENCHMARK = (400, 2000)


def study(n_items: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return completions and cells, one sample per item."""
    from paretoscope import schema
    from paretoscope.statistics import clustered_mean

    rng = np.random.default_rng(0)
    models = np.array([f"model-{model}" for model in range(MODELS)])
    parts, cells = [], []
    for benchmark in (f"benchmark-{number}" for number in range(BENCHMARKS)):
        right = rng.random((n_items, MODELS)) < rng.beta(2, 1, (n_items, 1))
        flops = rng.lognormal(30 + 0.05 * np.arange(MODELS), 0.6, right.shape)
        item, model = np.indices(right.shape).reshape(2, -1)
        parts.append(
            pd.DataFrame(
                {
                    "model": models[model], "benchmark": benchmark, "item_id": np.char.mod("item-%d", item),
                    "verdict": np.where(right.ravel(), "correct", "wrong"), "prefill_flops": 0.1 * flops.ravel(),
                    "decode_flops": 0.9 * flops.ravel(), "completion_tokens": (flops.ravel() / 1e9).astype(int),
                }
            )
        )  # fmt: skip
        accuracy, se = clustered_mean(right, np.arange(n_items))
        cells += [
            {
                "model": models[model], "model_name": models[model], "benchmark": benchmark, "kind": "dense",
                "benchmark_name": benchmark, "n_items": n_items, "n_samples": 1, "accuracy": accuracy[model],
                "accuracy_se": se[model], "total_flops_mean": flops[:, model].mean(),
                "completion_tokens_mean": flops[:, model].mean() / 1e9,
            }
            for model in range(MODELS)
        ]  # fmt: skip
    completions = pd.concat(parts, ignore_index=True).astype({"model": "category", "benchmark": "category"})
    empty = dict.fromkeys(schema.names(schema.CELLS), np.nan)
    return completions, pd.DataFrame([empty | cell for cell in cells])


def measure(n_items: int) -> None:
    """Print times and peak memory, those of the completions included."""
    from paretoscope.bootstrap import replicate
    from paretoscope.frontier import cost_frontiers, scopes
    from paretoscope.uncertainty import frontier_uncertainty, pairwise_differences

    completions, cells = study(n_items)
    frontiers, _ = cost_frontiers(cells)
    start = time.perf_counter()
    drawn = replicate(completions, cells)
    replicated = time.perf_counter()
    benchmarks = scopes(cells["benchmark"])
    frontier_uncertainty(frontiers, drawn, benchmarks)
    told = time.perf_counter()
    names = dict(zip(frontiers["scope"], frontiers["scope_name"], strict=True))
    pairs = len(pairwise_differences(completions, cells, benchmarks, names))
    compared = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"{len(drawn.accuracy):,} replicates of {MODELS} models x {BENCHMARKS} benchmarks of {n_items} items: "
        f"{replicated - start:.1f} s; of {len(benchmarks)} scopes x 2 costs all else: {told - replicated:.1f} s; "
        f"{pairs:,} paired differences: {compared - told:.1f} s; peak {peak:.0f} MiB"
    )


def main() -> None:
    """Measure each size in a process of its own, since a peak doesn't come down."""
    for n_items in ITEMS_PER_BENCHMARK:
        subprocess.run([sys.executable, __file__, str(n_items)], check=True)


if __name__ == "__main__":
    measure(int(sys.argv[1])) if len(sys.argv) > 1 else main()
