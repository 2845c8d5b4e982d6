"""The smoke study, made by the command that the README names, and what it leaves."""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter

import pandas as pd
import pytest

from paretoscope.files import read_json
from paretoscope.schema import ABSENT_CELLS, CELLS, COMPLETIONS, names

from .conftest import CONTRACT_STUDY, ROOT, Checkout


def test_make_smoke_runs_the_whole_study(clone):
    # The packages are installed already; a link stands for the environment that `make setup` would make.
    (clone.folder / ".venv").symlink_to(ROOT / ".venv")
    run = subprocess.run(["make", "smoke", "-o", ".venv/.installed"], cwd=clone.folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-4000:]
    results = clone.folder / "results/smoke"
    assert (results / "report/summary.txt").read_text() in run.stdout
    cells = pd.read_csv(results / "summary/cells.csv")
    assert cells.set_index("model")["accuracy"][["oracle", "empty"]].to_dict() == {"oracle": 1.0, "empty": 0.0}
    models = cells[cells["kind"] != "control"]
    for column in (
        "total_flops_mean",
        "generation_seconds",
        "tokens_per_second",
        "peak_memory_bytes",
        "total_parameters",
    ):
        assert (models[column] > 0).all(), column
    assert models["revision"].str.fullmatch("[0-9a-f]{40}").all()
    assert clone.planned("smoke") == Counter()


def test_tables_have_the_columns_that_are_documented(finished):
    summary = finished.folder / "results/contract/summary"
    assert list(pd.read_csv(summary / "cells.csv").columns) == names(CELLS)
    assert list(pd.read_csv(summary / "absent_cells.csv").columns) == names(ABSENT_CELLS)
    assert list(pd.read_parquet(summary / "completions.parquet").columns) == names(COMPLETIONS)


def test_every_figure_has_its_table_beside_it(finished):
    plots = finished.folder / "results/contract/plots"
    figures = {path.stem for path in plots.glob("*.png")}
    frontiers = {f"frontier_{name}" for name in ("average", "overview", "costs", "arithmetic-smoke")}
    assert figures == frontiers | {"cost_ranks", "failure", "trend", "saturation", "saturation_flops"}
    for figure in figures:
        assert (plots / f"{figure}.svg").stat().st_size > 0
        assert (plots / f"{figure}.pdf").stat().st_size > 0
        assert (plots / f"{figure}.csv").stat().st_size > 0


def test_every_cell_has_an_audit_page_with_all_its_verdicts(finished):
    results = finished.folder / "results/contract"
    pages = {path.parent.name: path.read_text(encoding="utf-8") for path in results.glob("audit/*/*.html")}
    assert pages.keys() == {"nano-smoke-a", "oracle"}
    for model, page in pages.items():
        cells = pd.read_csv(results / "summary/cells.csv").set_index("model")
        assert page.count("<article") == 12
        assert f"<b>{cells['accuracy'][model]:.1%}</b> <span>correct" in page
        assert page.count("<mark>") > 0
    assert cells["disagreement_rate"].max() == 0 and cells["crosschecked_rate"]["oracle"] == 1


def test_meta_file_says_where_a_cell_comes_from(finished):
    meta = read_json(finished.folder / "results/contract/generations/nano-smoke-a/arithmetic-smoke.meta.json")
    revision = read_json(finished.folder / "results/contract/models/nano-smoke-a/revision.json")
    assert meta["revision"] == revision["revision"]
    assert meta["completions"] == 12
    assert meta["engine"]["name"] == "transformers"
    assert {"version", "device", "dtype", "attention_backend"} <= meta["engine"].keys()
    assert {"python", "torch", "transformers"} <= meta["packages"].keys()
    assert meta["load_seconds"] > 0
    assert meta["generation_seconds"] > 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_interrupted_run_goes_on_and_ends_the_same(finished, tmp_path, stop):
    checkout = Checkout.fresh(tmp_path / "paretoscope")
    checkout.write("config/contract.yaml", CONTRACT_STUDY)
    command = checkout.command("--cores", "2", "--configfile", "config/contract.yaml")
    run = subprocess.Popen(
        command,
        cwd=checkout.folder,
        env=checkout.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(checkout.folder / "results/contract/models/nano-smoke-a/revision.json", run)
    if stop == signal.SIGKILL:
        os.killpg(run.pid, stop)
    else:
        run.send_signal(stop)
    run.wait(timeout=60)
    if stop == signal.SIGKILL:
        checkout.run("contract", "--unlock")
    checkout.run("contract")
    for name in (
        "generations/nano-smoke-a/arithmetic-smoke.jsonl.zst",
        "grades/nano-smoke-a/arithmetic-smoke.jsonl.zst",
    ):
        assert (checkout.folder / "results/contract" / name).read_bytes() == (
            finished.folder / "results/contract" / name
        ).read_bytes()


def wait_for(path, process, seconds=120):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, "the run ended before it was interrupted"
        assert time.monotonic() < deadline, f"{path} didn't appear"
        time.sleep(0.05)


def test_full_disk_keeps_what_was_finished(checkout, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("a small file system can't be mounted here")
    try:
        work = checkout.folder / "results/contract/work"
        shutil.rmtree(work)
        work.symlink_to(disk)
        (disk / "filler").write_bytes(b"\0" * 60_000)
        checkout.replace("config/contract.yaml", "device: cpu}\n", "device: cpu}\nsamples_per_item: 4\n")
        before = (checkout.folder / "results/contract/grades/oracle/arithmetic-smoke.jsonl.zst").read_bytes()
        run = checkout.run("contract", ok=False)
        assert "can't be written" in run.stdout
        assert "No space left on device" in run.stdout
        assert "Traceback" not in run.stdout
        assert (checkout.folder / "results/contract/grades/oracle/arithmetic-smoke.jsonl.zst").read_bytes() == before
        (disk / "filler").unlink()
        checkout.run("contract")
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium isn't installed")
def test_report_opens_in_a_browser(finished, tmp_path):
    report = tmp_path / "report.html"
    finished.copy(tmp_path / "paretoscope").run("contract", "--report", str(report))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"]
    flags += ["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"]
    run = subprocess.run(["chromium", *flags, report.as_uri()], capture_output=True, text=True, timeout=120)
    assert "Frontier" in run.stdout
    assert "Uncaught" not in run.stderr
