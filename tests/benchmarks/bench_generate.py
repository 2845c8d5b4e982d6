"""CPU seconds of a generate job over 300 embedded problems, against a bare transformers script on the same prompts.

Both run as whole processes, in turn, on one thread; the figures are medians. The job also keeps a completion store,
writes seeds, token counts and a meta file; the bare script only prints.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 5
PROBLEMS = 300
BATCH = 128

JOB = """
import sys
sys.path[:0] = [{scripts!r}]
from pathlib import Path
from paretoscope.generate import generate_cell
from paretoscope.jobs import job
from paretoscope.progress import ProgressLines
spec = {spec!r}
with job({log!r}):
    generate_cell(items=Path({items!r}), spec=spec, settings={settings!r}, revision="0" * 40, weights=Path({weights!r}),
                  files=[], store=Path({store!r}), output=Path({output!r}), stats=Path({stats!r}), meta=Path({meta!r}),
                  progress=ProgressLines("bench"))
"""

BARE = """
import json, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained({weights!r}, padding_side="left")
model = AutoModelForCausalLM.from_pretrained({weights!r}, dtype="float32").eval()
questions = [json.loads(line)["question"] for line in open({items!r})]
prompts = [tokenizer.apply_chat_template([{{"role": "user", "content": q}}], tokenize=False, add_generation_prompt=True)
           for q in questions]
torch.manual_seed(0)
for start in range(0, len(prompts), {batch}):
    inputs = tokenizer(prompts[start:start + {batch}], return_tensors="pt", padding=True, add_special_tokens=False)
    with torch.inference_mode():
        output = model.generate(**inputs, do_sample=True, temperature=0.6, top_k=0, top_p=1.0, max_new_tokens=256)
    print(tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1]:]))
"""


def cpu_seconds(code: str) -> float:
    """Run code in a fresh interpreter and return its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    if run.returncode:
        sys.exit(run.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def prepare(folder: Path) -> dict:
    """Train a model, write the items, and return the fields of both scripts."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from paretoscope.cards import read_yaml
    from paretoscope.catalog import load_study
    from paretoscope.files import write_jsonl
    from paretoscope.generate import engine_settings, generation_spec
    from paretoscope.loading import load_benchmark
    from paretoscope.schema import to_row
    from paretoscope.training import train

    path = ROOT / "config" / "demo.yaml"
    study = load_study(read_yaml(path), path)
    card = study.models["nano-chain-xs"]
    train(card["architecture"], card["source"]["training"], folder / "weights")
    benchmark = study.benchmarks["arithmetic-hard"]
    items = load_benchmark({**benchmark, "rows": PROBLEMS, "content_sha256": None, "grader": "math"})
    write_jsonl(folder / "items.jsonl", map(to_row, items))
    spec = generation_spec(study, "nano-chain-xs", "arithmetic-hard")
    settings = engine_settings(spec, {**study.engine, "batch_size": BATCH})
    files = {"items": "items.jsonl", "log": "log", "output": "out.jsonl.zst", "stats": "stats.jsonl.zst"}
    return {
        **{"scripts": str(ROOT / "scripts"), "spec": spec, "settings": settings, "batch": BATCH},
        **{name: str(folder / file) for name, file in {**files, "meta": "meta.json", "weights": "weights"}.items()},
    }


def main() -> None:
    """Print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fields = prepare(folder)
        bare, job = [], []
        for run in range(RUNS + 1):  # the first pair warms the disk cache and isn't counted
            pair = (
                cpu_seconds(BARE.format(**fields)),
                cpu_seconds(JOB.format(store=str(folder / f"{run}.jsonl"), **fields)),
            )
            if run:
                bare.append(pair[0])
                job.append(pair[1])
    ratio = statistics.median(ours / theirs for ours, theirs in zip(job, bare, strict=True))
    print(
        f"{PROBLEMS} embedded problems, whole process: generate job {statistics.median(job):.1f} CPU s, "
        f"bare transformers script {statistics.median(bare):.1f} CPU s, ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    main()
