"""Measure the completion store: ``python tests/benchmarks/bench_resume.py [completions]``.

Generates a cell of 100,000 completions of 2,000 tokens (about 8 KB of text each) with an engine that answers at once,
all but the last; then resumes it in a process of its own and times how long it takes until the engine is asked. Then
times ``add`` with batches of 1, 8 and 64 completions, each in turn with a bare append and fsync of as many bytes: what
is left over is the store's own. Takes a minute and 1.7 GB of disk.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from paretoscope import generate, plugins, provenance  # noqa: E402 - the path above comes first
from paretoscope.files import write_jsonl  # noqa: E402
from paretoscope.schema import Completion, Item, to_row  # noqa: E402
from paretoscope.store import CompletionStore  # noqa: E402

REVISION = "0" * 40
SPEC = {
    "model": {
        "id": "m",
        "source": {"path": "m"},
        "chat_template": {"enable_thinking": True},
        "context_length": 4096,
        "reasoning": None,
    },
    "benchmark": {"id": "b", "prompt": {"protocol": 1, "template": "Solve: {question}"}, "grader": "math"},
    "engine": {"name": "instant", "protocol": 1, "dtype": "checkpoint"},
    "sampling": {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 2000},
    "samples": 1,
    "seed": 0,
}
STEP = 'First, let x = {n}; then \\frac{{x}}{{2}} is "half" of it,\nso that the sum of both is 3x/2 ≈ {n}.5.\n'
TEXT = "".join(STEP.format(n=n) for n in range(90))
ADDED = 200


class Instant:
    """Answers everything but the last item at once, in an order of its own as engines do, then raises."""

    def describe(self):
        return {"version": "1"}

    def generate(self, requests):
        answered = sorted(requests[:-1], key=lambda request: request.seed)
        for start in range(0, len(answered), 500):
            batch = answered[start : start + 500]
            yield [Completion(r.item_id, r.sample, f"{r.item_id} {TEXT}", "stop", 200, 2000) for r in batch]
        raise Asked


class Asked(Exception):
    """The engine was asked for the last item."""


@contextmanager
def open_engine(*_):
    """Open the instant engine."""
    yield Instant()


INSTANT = SimpleNamespace(KEEPS=True, open_engine=open_engine)
COMPONENT = plugins.load


def load(folder: str, name: str):
    """Load a component; the instant engine is one too."""
    return INSTANT if name == "instant" else COMPONENT(folder, name)


def run_cell(folder: Path) -> None:
    """Generate what the cell in ``folder`` lacks; print the seconds until only the last was asked, and the memory."""
    plugins.load = load
    started = time.perf_counter()
    with suppress(Asked):
        generate.generate_cell(
            items=folder / "items.jsonl",
            spec=SPEC,
            settings={},
            revision=REVISION,
            weights=None,
            files=[],
            store=folder / "store.jsonl",
            output=folder / "out.jsonl.zst",
            stats=folder / "out.stats.jsonl.zst",
            meta=folder / "out.meta.json",
        )
    print(f"{time.perf_counter() - started:6.2f} s, {provenance.peak_memory_bytes() / 1e6:,.0f} MB of memory at most")


def in_process(step: str, folder: Path) -> str:
    """Run a step in a process of its own, so that its memory is its own, and return what it printed."""
    command = [sys.executable, __file__, step, str(folder)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def parts(folder: Path) -> None:
    """Print the seconds of each step up to the first request."""
    items = [Item(row["id"], row["question"], row["target"]) for _, row in generate.read_jsonl(folder / "items.jsonl")]
    clock = [time.perf_counter()]
    requests = generate.build_requests(items, SPEC, REVISION)
    clock.append(time.perf_counter())
    with CompletionStore(folder / "store.jsonl") as store:
        clock.append(time.perf_counter())
        missing = [r for r in requests if r.key not in store]
        clock.append(time.perf_counter())
        found = sum(row["completion_tokens"] for row in store.rows(r.key for r in requests[:-1]))
        clock.append(time.perf_counter())
    assert len(missing) == 1 and found == 2000 * (len(requests) - 1)
    steps = ("building the requests", "opening the store", "looking all keys up", "(later) reading all rows in order")
    for step, start, end in zip(steps, clock, clock[1:], strict=False):
        print(f"  {step:34} {end - start:6.2f} s")


def milliseconds(function, *arguments) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    function(*arguments)
    return 1000 * (time.perf_counter() - started)


def append(stream, data: bytes) -> None:
    """Append and flush to the disk."""
    stream.write(data)
    os.fsync(stream.fileno())


def adding(folder: Path, batch: int) -> None:
    """Print the milliseconds per completion of adding batches, and those of a bare append."""
    row, ours, bare = to_row(Completion("i", 0, TEXT, "stop", 200, 2000)), [], []
    with CompletionStore(folder / f"add{batch}.jsonl") as store, (folder / "bare").open("ab", buffering=0) as stream:
        for turn in range(ADDED):
            rows = [{"key": f"{turn}-{number}", **row} for number in range(batch)]
            before = store.path.stat().st_size
            ours.append(milliseconds(store.add, rows) / batch)
            size = store.path.stat().st_size - before
            bare.append(milliseconds(append, stream, bytes(size)) / batch)
    own = statistics.median(a - b for a, b in zip(ours, bare, strict=True))
    print(
        f"add, batches of {batch:2}: {statistics.median(ours):.3f} ms per completion; "
        f"bare append and fsync {statistics.median(bare):.3f} ms, so the store's own {own:.3f} ms"
    )


def main(count: int) -> None:
    """Measure on a store of ``count`` completions in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        question = "Ann has {} apples and gives half of them away. " + "She then counts what is left once more. " * 10
        items = (to_row(Item(f"i{n}", question.format(n), str(n))) for n in range(count))
        write_jsonl(folder / "items.jsonl", items)
        print("generate:", in_process("cell", folder), end="")
        print(f"{count} completions, {(folder / 'store.jsonl').stat().st_size / 1e6:,.0f} MB")
        for _ in range(3):
            print("resume, to the first request:", in_process("cell", folder), end="")
        print(in_process("parts", folder), end="")
        for batch in (1, 8, 64):
            adding(folder, batch)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        {"cell": run_cell, "parts": parts}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
