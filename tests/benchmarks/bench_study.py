"""Wall time of whole studies: the recorded one from start to end, and a second run of it that has nothing to do.

Needs the recordings in ../shared/data/traces, else it says so and ends. The demo's second run is timed too where the
demo has run.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRACES = ROOT.parent / "shared" / "data" / "traces"


def seconds(study: Path, folder: Path) -> float:
    """Run a study in a folder and return the wall time."""
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--cores", "2", "--configfile", study]
    start = time.perf_counter()
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    return time.perf_counter() - start


def main() -> None:
    """Print the times."""
    if (ROOT / "results/demo/report/summary.txt").exists():
        print(f"demo, nothing to do: {seconds(ROOT / 'config/demo.yaml', ROOT):.1f} s")
    if not TRACES.is_dir():
        print(f"{TRACES} isn't there: the recorded study is not timed")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config").symlink_to(ROOT / "config")
        study = folder / "recorded.yaml"
        text = (ROOT / "config/recorded.yaml").read_text().replace("../traces/", f"{TRACES}/")
        # The cards of the subsets read their problems from a recording as well.
        cards = folder / "cards" / "benchmarks"
        cards.mkdir(parents=True)
        for benchmark in ("gsm8k", "math500"):
            card = (ROOT / f"config/benchmarks/{benchmark}-mip.yaml").read_text()
            card = card.replace(f"id: {benchmark}-mip", f"id: {benchmark}-timed").replace("../../traces/", f"{TRACES}/")
            (cards / f"{benchmark}-timed.yaml").write_text(card)
        study.write_text(text.replace("-mip", "-timed") + "\ncards: [cards]\n")
        print(f"recorded study, 16 cells of {(582 + 52) * 8} responses: {seconds(study, folder):.0f} s on two cores")
        print(f"recorded study, nothing to do: {seconds(study, folder):.1f} s")


if __name__ == "__main__":
    main()
