"""CPU seconds and memory of all that follows the cells of 500 models x 20 benchmarks: tables, figures, page.

The cells' files are made up. Snakemake then runs the rules as in a study; each script says itself what it took.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

from bench_dry_run import write_grid  # noqa: E402  (the path must be set first)

from paretoscope.files import write_json, write_jsonl  # noqa: E402
from paretoscope.flops import completion_flops, describe  # noqa: E402

RULES = (
    *("summarize", "find_frontier", "find_cost_frontiers", "estimate_uncertainty", "compare_with_roofline"),
    *("measure_failure", "find_counterfactuals", "fit_trend", "find_saturation", "estimate_power", "count_votes"),
    *("plot_frontier", "plot_benchmark_frontier", "plot_costs", "plot_failure", "plot_trend", "plot_saturation"),
    *("write_page", "write_summary"),
)

# A module of this name is imported by every Python that starts; at the end of a rule's script it writes what that took.
WATCH = """\
import atexit, json, os, resource, sys

def tell():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    # ru_maxrss would be that of Snakemake, which forked this process.
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    row = [os.path.basename(sys.argv[0]).split(".")[1], cpu, int(peak) / 1024]
    with open(os.environ["WATCHED"], "a") as file:
        file.write(json.dumps(row) + "\\n")

if ".snakemake/scripts" in (sys.orig_argv[-1] if sys.orig_argv else ""):
    atexit.register(tell)
"""


def config(layers: int) -> dict:
    """Return the config.json of a dense model."""
    return {
        **{"model_type": "qwen3", "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": layers},
        **{"num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936},
        "tie_word_embeddings": False,
    }


def write_cells(results: Path, models: int, benchmarks: int, items: int) -> None:
    """Write what the cells' rules would have left for the tables: larger models are more accurate, by and large."""
    rng = np.random.default_rng(0)
    ease = rng.normal(0, 1, (benchmarks, items))
    for m in range(models):
        shape = config(layers=4 + 60 * m // models)
        architecture, ability = describe(shape), 3 * m / models - 1.5 + rng.normal(0, 0.5)
        write_json(results / "models" / f"model-{m}" / "config.json", shape)
        for b in range(benchmarks):
            correct = rng.random(items) < 1 / (1 + np.exp(-ability - ease[b]))
            prompt, completion = rng.integers(50, 300, items), rng.lognormal(7.5 - 0.2 * correct, 0.8).astype("int64")
            costs = completion_flops(architecture, prompt, completion)
            write_cell(results, f"model-{m}", f"bench-{b}", correct, prompt, completion, costs)


def write_cell(results: Path, model: str, benchmark: str, correct, prompt, completion, costs) -> None:
    """Write the files of one cell."""
    keys = [{"item_id": str(item), "sample": 0} for item in range(len(correct))]
    graded, checked, measured = [], [], []
    for key, right, tokens in zip(keys, correct.tolist(), completion.tolist(), strict=True):
        verdict, answer = ("correct", "7") if right else ("wrong", str(tokens % 9 + 8))
        graded.append({**key, "verdict": verdict, "answer": answer, "method": "boxed/exact", "looping": False})
        checked.append({**key, "verdict": verdict, "answer": answer})
        times = {"latency_seconds": tokens / 50, "first_token_seconds": 0.3}
        measured.append({**key, "reasoning_tokens": tokens * 4 // 5, "cached_tokens": 0, **times})
    for kind, rows in (("grades", graded), ("crosschecks", checked), ("stats", measured)):
        write_jsonl(results / kind / model / f"{benchmark}.jsonl.zst", rows)
    write_json(results / "generations" / model / f"{benchmark}.meta.json", meta(model, benchmark, prompt, completion))
    columns = {name: [key[name] for key in keys] for name in ("item_id", "sample")}
    columns |= {"prompt_tokens": prompt, "completion_tokens": completion}
    path = results / "flops" / model / f"{benchmark}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns | dict(zip(("prefill_flops", "decode_flops"), costs, strict=True))), path)


def meta(model: str, benchmark: str, prompt, completion) -> dict:
    """Return the meta file of a cell that ran on one GPU."""
    seconds, sampling = float(completion.sum()) / 2000, {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 32768}
    engine = {"name": "sglang", "version": "0.5.21", "device": "NVIDIA H100 80GB HBM3", "dtype": "bfloat16"}
    return {
        **{"model": model, "benchmark": benchmark, "revision": "0" * 40, "seed": 0, "samples": 1},
        **{"completions": len(prompt), "prompt_tokens": int(prompt.sum()), "completion_tokens": int(completion.sum())},
        **{"sampling": {"asked": sampling, "in_force": sampling, "ignored": {}}, "engine": engine},
        **{"load_seconds": 60.0, "warmup_seconds": 5.0, "generation_seconds": seconds, "gpus": 1},
        **{"gpu_seconds": 65 + seconds, "energy_joules": 400 * seconds, "load_energy_joules": 9000.0},
        **{"peak_memory_bytes": 7 * 10**10, "weights_bytes": 16 * 10**9, "kv_cache_bytes": 5 * 10**10},
        **{"attempts": [], "git": {"commit": "0" * 40, "dirty": False}, "packages": {"python": "3.11.7"}},
        "utc": "2026-01-01T00:00:00+00:00",
    }


def run(folder: Path, study: Path) -> list[tuple[str, float, float]]:
    """Run the rules after the cells, and return the CPU seconds and MB of each script."""
    (folder / "sitecustomize.py").write_text(WATCH)
    watched = folder / "watched.jsonl"
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    figure = "results/grid/plots/frontier_bench-0.png"
    targets = [figure, *(rule for rule in RULES if rule != "plot_benchmark_frontier")]
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--cores", "1", "-q", "rules"]
    command += ["--configfile", study, "--allowed-rules", *RULES, "--", *targets]
    environment = {**os.environ, "PYTHONPATH": path, "WATCHED": str(watched)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return [json.loads(line) for line in watched.read_text().splitlines()]


def main(models: int, benchmarks: int, items: int) -> None:
    """Print CPU seconds and peak memory of each rule's script."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cells(folder / "results" / "grid", models, benchmarks, items)
        rows = run(folder, write_grid(folder, models, benchmarks))
    for rule, cpu, megabytes in rows:
        print(f"{rule:24} {cpu:8.1f} CPU s {megabytes:8.0f} MB")
    print(f"{'all':24} {sum(cpu for _, cpu, _ in rows):8.1f} CPU s {max(row[2] for row in rows):8.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--benchmarks", type=int, default=20)
    parser.add_argument("--items", type=int, default=30)
    main(**vars(parser.parse_args()))
