"""Wall and CPU seconds of the engine `sglang`, store included, against SGLang's own offline engine on the same prompts.

Without a GPU: SGLang's CPU server with random weights of a small model (`make sglang-cpu` first). With one:
`bench_sglang.py MODEL_FOLDER PYTHON [ARGUMENT=VALUE ...]` measures a real model, PYTHON being an interpreter that has
SGLang. Loading is left out. Runs of both take turns; the figures are medians. CPU seconds are those of all processes,
server and client; they tell more than wall seconds where the machine has other work.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from paretoscope import arithmetic  # noqa: E402
from paretoscope.engines import sglang  # noqa: E402
from paretoscope.generate import engine_settings  # noqa: E402
from paretoscope.schema import Request, Sampling, to_row  # noqa: E402
from paretoscope.store import CompletionStore  # noqa: E402


class Run(NamedTuple):
    """One generation of all prompts."""

    wall: float
    cpu: float
    tokens: int


ROUNDS, REPEATS = 3, 3
PROMPTS, TOKENS = 256, 200

CPU = {"device": "cpu", "dtype": "float32", "attention_backend": "torch_native", "memory_fraction": 0.3}
CPU_ARGUMENTS = {"sampling-backend": "pytorch", "max-total-tokens": 100_000}

OFFLINE = """
import json, sys, time

def main():
    import psutil, sglang
    asked = json.load(sys.stdin)
    engine = sglang.Engine(**asked["engine"])
    for _ in range(asked["repeats"] + 1):
        engine.flush_cache()
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        before = sum(sum(process.cpu_times()[:2]) for process in family)
        clock = time.perf_counter()
        replies = engine.generate(input_ids=asked["prompts"], sampling_params=asked["sampling"])
        seconds, tokens = time.perf_counter() - clock, sum(r["meta_info"]["completion_tokens"] for r in replies)
        spent = sum(sum(process.cpu_times()[:2]) for process in family) - before
        print("MEASURED", seconds, spent, tokens, flush=True)
    engine.shutdown()

if __name__ == "__main__":
    main()
"""


def small_model(folder: Path) -> Path:
    """Write a small Qwen3 with random weights, which never ends by itself, so that all completions are equally long."""
    import torch
    import transformers

    from paretoscope import training

    torch.manual_seed(0)
    config = transformers.Qwen3Config(
        vocab_size=len(arithmetic.VOCABULARY),
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=arithmetic.VOCABULARY[arithmetic.TURN_END],
        pad_token_id=arithmetic.VOCABULARY[arithmetic.PAD],
    )
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    training.tokenizer().save_pretrained(folder)
    return folder


def offline(python: Path, model: Path, settings: dict, prompts: list[list[int]], limit: int) -> list[Run]:
    """Return each repeat in SGLang's engine within a process, the first left out."""
    engine = {"model_path": str(model), "dtype": settings["dtype"], "context_length": 1024, "log_level": "error"}
    named = {"attention_backend": settings["attention_backend"], "mem_fraction_static": settings["memory_fraction"]}
    engine |= {key: value for key, value in named.items() if value is not None}
    engine |= {"device": settings["device"]}
    engine |= {name.replace("-", "_"): value for name, value in settings["arguments"].items()}
    sampling = {"temperature": 0, "max_new_tokens": limit}
    asked = {"engine": engine, "prompts": prompts, "sampling": sampling, "repeats": REPEATS}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "offline.py")
        script.write_text(OFFLINE)
        run = subprocess.run(
            [python, script], input=json.dumps(asked), capture_output=True, text=True, env=environment(settings)
        )
    lines = [line.split() for line in run.stdout.splitlines() if line.startswith("MEASURED")]
    if run.returncode or len(lines) != REPEATS + 1:
        sys.exit(run.stderr[-3000:])
    return [Run(float(seconds), float(spent), int(tokens)) for _, seconds, spent, tokens in lines[1:]]


def ours(model: Path, settings: dict, requests: list[Request], limit: int) -> list[Run]:
    """Return each repeat by our engine into a completion store, the first left out."""
    from paretoscope.serving.client import answers

    described = {"weights": str(model), "chat_template": {}, "context_length": 1024, "source": {}, "reasoning": None}
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        described["log"] = str(Path(folder, "server.log"))
        with sglang.open_engine(described, Sampling(0.0, max_new_tokens=limit), settings, []) as engine:
            for repeat in range(REPEATS + 1):
                answers(f"{engine.server.url}/flush_cache")
                with CompletionStore(Path(folder, f"{repeat}.jsonl")) as store:
                    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
                    before, tokens, clock = cpu_seconds(family), 0, time.perf_counter()
                    for completions in engine.generate(requests):
                        store.add([{"key": f"{c.item_id}", **to_row(c)} for c in completions])
                        tokens += sum(c.completion_tokens for c in completions)
                    measured.append(Run(time.perf_counter() - clock, cpu_seconds(family) - before, tokens))
    return measured[1:]


def environment(settings: dict) -> dict:
    """Return the environment of a server."""
    cpu = {"SGLANG_USE_CPU_ENGINE": "1"} if settings["device"] == "cpu" else {}
    return {**os.environ, "OMP_NUM_THREADS": "1", **cpu}


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Return what processes have spent so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def median(runs: list[Run], figure: str) -> float:
    """Return the median of a figure over runs."""
    return statistics.median(getattr(run, figure) for run in runs)


def main(model: Path, python: Path, changes: dict) -> None:
    """Print tokens per second of both, round by round, and the ratio of the wall seconds."""
    os.environ["OMP_NUM_THREADS"] = "1"
    spec = {"engine": {"name": "sglang"}}
    settings = engine_settings(spec, {"name": "sglang", "python": str(python), **changes})
    problems = arithmetic.problems("hard", "test", PROMPTS, 1)
    requests = [Request(p.id, 0, ({"role": "user", "content": p.question},), 0, p.id) for p in problems]
    chat = sglang.ChatTokenizer({"weights": str(model), "chat_template": {}})
    prompts = [chat.prompt_ids(request) for request in requests]
    ratios = []
    for number in range(ROUNDS):
        bare = offline(python, model, settings, prompts, TOKENS)
        own = ours(model, settings, requests, TOKENS)
        if {run.tokens for run in bare} != {run.tokens for run in own}:
            sys.exit("the two didn't generate the same number of tokens")
        ratios.append([median(own, figure) / median(bare, figure) for figure in ("wall", "cpu")])
        for name, runs in (("SGLang offline", bare), ("ours", own)):
            wall = median(runs, "wall")
            print(
                f"round {number}: {name}: {wall:.2f} s ({runs[0].tokens / wall:,.0f} tokens/s), {median(runs, 'cpu'):.2f} CPU s",
                flush=True,
            )
    wall, cpu = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(
        f"{PROMPTS} prompts, {TOKENS} tokens each: {wall:.3f} times the wall, {cpu:.3f} times the CPU seconds (medians)"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        pairs = dict(argument.split("=", 1) for argument in sys.argv[3:])
        main(Path(sys.argv[1]), Path(sys.argv[2]), {"arguments": pairs})
    else:
        python = ROOT / ".venv-sglang" / "bin" / "python"
        if not python.exists():
            sys.exit("SGLang for a CPU is not installed: make sglang-cpu")
        with tempfile.TemporaryDirectory() as folder:
            main(small_model(Path(folder)), python, {**CPU, "arguments": CPU_ARGUMENTS})
