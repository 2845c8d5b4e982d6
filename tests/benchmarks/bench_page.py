"""Size of the page of 500 models x 20 benchmarks, seconds to build it, and milliseconds until a browser shows it."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]

from paretoscope.page import build  # noqa: E402  (the path must be set first)
from tests.unit import chromium, page_study  # noqa: E402

DRAWN = """new Promise((done) => {
  const wait = () => (document.querySelector('#frontier svg .role-axis') ? done(performance.now()) : setTimeout(wait, 5));
  wait();
})"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
CHOICE = """(async () => {
  const started = performance.now();
  byId('scope').value = 3;
  byId('scope').dispatchEvent(new Event('input', { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - started;
})()"""


def main(models: int, benchmarks: int, repeats: int) -> None:
    """Print size and times; those of the browser are of a page that it hasn't seen, the middle one of several."""
    rows, names = page_study.models(models, families=40), {f"b{n}": f"Benchmark {n}" for n in range(benchmarks)}
    tables, meta = page_study.tables(rows, names), page_study.meta(rows, names)
    build(page_study.tables(rows[:2], names), page_study.meta(rows[:2], names))  # bundles Vega, once per process
    started = time.perf_counter()
    page = build(tables, meta)
    seconds = time.perf_counter() - started
    print(f"page of {models} x {benchmarks}: {len(page.encode()) / 1e6:.2f} MB, built in {seconds:.1f} s")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder, "index.html")
        path.write_text(page, encoding="utf-8")
        process, address = chromium.start(Path(folder))
        try:
            found = [chromium.visit(address, path.as_uri(), [DRAWN, PAINTED, CHOICE]) for _ in range(repeats)]
        finally:
            process.kill()
            process.wait()
    assert not any(complaints for _, complaints in found), found
    drawn, painted, choice = (sorted(values)[repeats // 2] for values in zip(*(v for v, _ in found), strict=True))
    print(f"first paint after {painted:.0f} ms, chart drawn after {drawn:.0f} ms, another benchmark in {choice:.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--benchmarks", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    main(**vars(parser.parse_args()))
