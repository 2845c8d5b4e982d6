"""Measure whether grading's memory grows with the file; arguments are numbers of completions (50,000 and 100,000).

Completions of 2,000 tokens (8 KB, the recorded responses of two models joined to that length; a fiftieth of them with
an answer that needs computer algebra) go through the rule's script, each number in a process of its own: graded first,
then again from the cache. Printed are the peak resident sets of the process and of its largest worker, and the peak
that the line through the smallest and the largest number gives for 1,000,000; below 50,000 it is too high, since what
is remembered within a run still fills. The recordings are those of ``../shared/data/traces``.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
from bench_grading import RECORDED, TRACES, inputs, long_completions, recordings  # which also puts scripts on the path

from paretoscope.files import write_jsonl
from paretoscope.schema import Completion, to_row

OWN = "--one"
MIB = 2**20


def completions(count: int, items: dict) -> Iterator[Completion]:
    """Yield long completions; every fiftieth ends in a formula of its own."""
    for number, completion in enumerate(long_completions(count, items)):
        formula = rf" So it is \boxed{{{number}x^y+1}}." if number % 50 == 0 else ""
        yield replace(completion, text=completion.text + formula)


def grade_one(count: int, folder: Path) -> None:
    """Write a file of completions if there is none, else grade it; runs in a process of its own."""
    names = ("completions.jsonl.zst", "items.jsonl", "grades.jsonl.zst", "timings.jsonl.zst", "cache.jsonl")
    paths = [folder / name for name in names]
    if not paths[0].exists():
        _, items = inputs([row for _, _, rows in recordings(RECORDED[:2]) for row in rows], "gsm8k")
        write_jsonl(paths[1], map(to_row, items.values()))
        write_jsonl(paths[0], map(to_row, completions(count, items)))
        return
    import grade

    spec = {"grader": "math", "final_number": True, "reasoning": None}
    grade.main(*map(str, paths[:2]), spec, *map(str, paths[2:]), 1, "bench")


def peak(process: psutil.Process) -> int:
    """Return the most bytes that a process ever had in memory."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024
    except (OSError, IndexError):  # it ended meanwhile
        return 0


def watch(count: int, folder: Path) -> tuple[int, int, float]:
    """Run :func:`grade_one` elsewhere; return the peaks of it and of its largest worker, and its seconds."""
    started, own, worker = time.perf_counter(), 0, 0
    run = subprocess.Popen([sys.executable, __file__, OWN, str(count), str(folder)])
    parent = psutil.Process(run.pid)
    while run.poll() is None:
        own = max(own, peak(parent))
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = max(worker, *map(peak, parent.children()), 0)
        time.sleep(0.2)
    if run.returncode:
        sys.exit(run.returncode)
    return own, worker, time.perf_counter() - started


def main(counts: list[int]) -> None:
    """Measure every count, and print the line through the smallest and the largest."""
    if not TRACES.exists():
        print(f"{TRACES} isn't there: nothing is measured")
        return
    peaks = {"graded": [], "from the cache": []}
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            watch(count, Path(name))
            for run in peaks:
                own, worker, seconds = watch(count, Path(name))
                print(
                    f"{count:9,} completions, {run:14} {count / seconds:8,.0f} rows/s, peak {own / MIB:5,.0f} MiB,"
                    f" its largest worker {worker / MIB:4,.0f} MiB",
                    flush=True,
                )
                peaks[run].append((count, own, worker))
    for run, measured in peaks.items():
        (fewest, low, _), (most, high, worker) = min(measured), max(measured)
        slope = (high - low) / (most - fewest) if most > fewest else 0.0
        expected = high + slope * (1_000_000 - most) + worker
        print(f"{run}: {slope:.0f} bytes a completion, so {expected / MIB:,.0f} MiB in all for 1,000,000")


if __name__ == "__main__":
    if sys.argv[1:2] == [OWN]:
        grade_one(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main([int(count) for count in sys.argv[1:]] or [50_000, 100_000])
