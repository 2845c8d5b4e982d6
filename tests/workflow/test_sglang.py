"""The engine `sglang` in the real workflow: with the real server on a CPU, and with one that fails on command."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from paretoscope.cards import check
from paretoscope.engines import sglang as engine_file
from paretoscope.engines import transformers as transformers_file
from paretoscope.files import read_json, read_jsonl
from paretoscope.schema import Request, Sampling

from .conftest import Checkout

STUDY = """\
study: served
models: [nano-smoke-a, oracle, empty]
benchmarks: [arithmetic-smoke]
engine:
  name: sglang
  python: {python}
  device: cpu
  dtype: float32
  attention_backend: torch_native
  memory_fraction: 0.3
  restarts: {restarts}
  arguments: {{sampling-backend: pytorch, max-total-tokens: 20000}}
"""
SETTINGS = {
    "device": "cpu",
    "dtype": "float32",
    "attention_backend": "torch_native",
    "memory_fraction": 0.3,
    "arguments": {"sampling-backend": "pytorch", "max-total-tokens": 20_000},
}
CELL = "results/served/{}/nano-smoke-a/arithmetic-smoke"
TRAINED = "results/contract/models/nano-smoke-a/weights"


def cell(checkout: Checkout, kind: str, suffix: str) -> Path:
    return checkout.folder / f"{CELL.format(kind)}.{suffix}"


def rows(path: Path) -> list[dict]:
    return [row for _, row in read_jsonl(path)]


# The whole study, through the real server.


@pytest.fixture(scope="module")
def served(sglang_python, tmp_path_factory) -> Checkout:
    """A checkout in which the study ran to its end."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("served") / "paretoscope")
    checkout.write("config/served.yaml", STUDY.format(python=sglang_python, restarts=1))
    checkout.run("served")
    return checkout


def test_real_server_runs_the_whole_study(served):
    cells = pd.read_csv(served.folder / "results/served/summary/cells.csv").set_index("model")
    assert cells["accuracy"][["oracle", "empty"]].to_dict() == {"oracle": 1.0, "empty": 0.0}
    model = cells.loc["nano-smoke-a"]
    assert (model["engine"], model["engine_version"], model["n_items"]) == ("sglang", "0.5.21", 12)
    assert model["generation_seconds"] > 0
    assert model["total_flops_mean"] > 0
    assert served.planned("served") == Counter()


def test_completions_of_the_real_server_are_whole(served):
    for row in rows(cell(served, "generations", "jsonl.zst")):
        assert row["finish_reason"] in ("stop", "length")
        assert 0 < row["completion_tokens"] <= 64
        assert (row["completion_tokens"] == 64) or row["finish_reason"] == "stop"
        assert 0 < row["reasoning_tokens"] <= row["completion_tokens"]
    for row in rows(cell(served, "stats", "jsonl.zst")):
        assert 0 < row["first_token_seconds"] <= row["latency_seconds"]


def test_meta_file_says_what_the_real_server_ran_with(served):
    meta = read_json(cell(served, "generations", "meta.json"))
    engine = meta["engine"]
    assert (engine["version"], engine["dtype"], engine["attention_backend"]) == ("0.5.21", "float32", "torch_native")
    assert engine["in_force"]["max_total_num_tokens"] == 20_000
    assert engine["in_force"]["sampling_backend"] == "pytorch"
    assert "deterministic" in engine["ignored"]["seed"]
    assert engine["servers_started"] == 1
    assert meta["load_seconds"] > 1


def test_no_server_is_left(served):
    assert processes_in(served.folder) == []


def processes_in(folder: Path) -> list[str]:
    """Return what runs in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended, or is someone else's
            if (process / "cwd").readlink() == folder.resolve():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


# One real server for what needs no workflow.


@pytest.fixture(scope="module")
def model(finished) -> dict:
    return {
        "weights": str(finished.folder / TRAINED),
        "source": {"path": str(finished.folder / TRAINED)},
        "chat_template": {},
        "context_length": 1024,
        "reasoning": None,
        "log": str(finished.folder / "server.log"),
    }


def open_engine(model: dict, python: Path, sampling: Sampling, **settings):
    schema = {"type": "object", "properties": engine_file.SETTINGS}
    return engine_file.open_engine(model, sampling, check({**settings, "python": str(python)}, schema, "none"), [])


def requests(count: int) -> list[Request]:
    texts = [f"Ana has {number} apples. Jan: +{number % 9 + 1}. How many apples?" for number in range(10, 10 + count)]
    return [Request(f"p{n}", 0, ({"role": "user", "content": text},), n, f"key {n}") for n, text in enumerate(texts)]


GREEDY = Sampling(temperature=0, max_new_tokens=48)


@pytest.fixture(scope="module")
def real(sglang_python, model):
    """The engine over a real server."""
    with open_engine(model, sglang_python, GREEDY, **SETTINGS, concurrency=8) as engine:
        yield engine


def completions(engine, asked) -> dict:
    return {c.item_id: c for batch in engine.generate(asked) for c in batch}


def test_real_server_is_as_good_as_transformers(real, model):
    """Greedy completions are the same, but where two tokens are nearly as likely."""
    asked = requests(40)
    ours = completions(real, asked)
    schema = {"type": "object", "properties": transformers_file.SETTINGS}
    settings = check({"device": "cpu", "dtype": "float32"}, schema, "none")
    with transformers_file.open_engine(model, GREEDY, settings, []) as engine:
        theirs = completions(engine, asked)
    fields = ("text", "finish_reason", "prompt_tokens", "completion_tokens")
    same = [all(getattr(ours[k], f) == getattr(theirs[k], f) for f in fields) for k in theirs]
    assert len(same) == 40
    assert sum(same) >= 38


def post(url: str, body: dict) -> tuple[int, str, str]:
    """Return status, content type and text of the reply to a posted body."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def messages(text: str) -> list[str]:
    """Return the messages of a streamed reply, or the one of another."""
    return [part.removeprefix("data: ") for part in text.split("\n\n") if part]


def kinds(value):
    """Return the shape of a JSON value: its keys, with the type of each."""
    if isinstance(value, dict):
        return {key: kinds(part) for key, part in value.items()}
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


PROMPT = [1, 33, 40, 41, 2, 1, 32, 3]


@pytest.mark.parametrize(
    "body",
    [
        {"input_ids": PROMPT, "sampling_params": {"max_new_tokens": 5, "temperature": 0}},
        {"input_ids": PROMPT, "stream": True, "sampling_params": {"max_new_tokens": 5, "temperature": 0}},
        {"input_ids": [], "sampling_params": {}},
        {"input_ids": PROMPT, "sampling_params": {"max_new_tokens": 1017}},
        {"input_ids": PROMPT, "stream": True, "sampling_params": {"max_new_tokens": 1017}},
        {"input_ids": PROMPT * 127 + [3, 3], "sampling_params": {"max_new_tokens": 1}},
        {"input_ids": PROMPT * 128, "sampling_params": {"max_new_tokens": 1}},
    ],
    ids=["whole", "streamed", "empty", "no room", "no room, streamed", "longest input", "longer than the context"],
)
def test_stand_in_answers_as_the_real_server(real, stand_in, model, body):
    with open_engine(model, stand_in.python, GREEDY, **SETTINGS) as pretended:
        got = post(f"{pretended.server.url}/generate", body)
    expected = post(f"{real.server.url}/generate", body)
    assert got[:2] == expected[:2]
    if expected[0] != 200 or '"error"' in expected[2]:
        assert [m for m in messages(got[2]) if m != "[DONE]"] == [
            json.dumps(json.loads(m)) for m in messages(expected[2]) if m != "[DONE]"
        ]
        return
    ours, theirs = messages(got[2]), messages(expected[2])
    assert (ours[-1] == "[DONE]") == (theirs[-1] == "[DONE]") == bool(body.get("stream"))
    last = [json.loads([m for m in streamed if m != "[DONE]"][-1]) for streamed in (ours, theirs)]
    for reply in last:
        reply["meta_info"]["finish_reason"] = None  # a stop here may be the limit there
        del reply["meta_info"]["cached_tokens_details"]  # null until something is cached
    assert kinds(last[0]) == kinds(last[1])


def test_stand_in_says_what_it_runs_with_as_the_real_server(real, stand_in, model):
    with open_engine(model, stand_in.python, GREEDY, **SETTINGS) as pretended:
        info, state = pretended.server.info, pretended.server.state
    assert info.keys() <= real.server.info.keys()
    assert state.keys() <= real.server.state.keys()
    assert state["memory_usage"].keys() <= real.server.state["memory_usage"].keys()
    assert info["max_req_input_len"] == real.server.info["max_req_input_len"]


def test_longest_completion_ends_where_the_engine_expects(real, model):
    """The server leaves as many tokens of the context unused as RESERVED_TOKENS says."""
    asked = {"input_ids": PROMPT, "sampling_params": {"max_new_tokens": 1016, "ignore_eos": True}}
    reply = json.loads(post(f"{real.server.url}/generate", asked)[2])
    assert reply["meta_info"]["completion_tokens"] == 1024 - len(PROMPT) - engine_file.RESERVED_TOKENS


def test_real_server_holds_completions_to_choices_as_transformers_does(real, model):
    asked = [replace(request, choices=("1", "0")) for request in requests(40)]
    free = requests(41)[40:]
    ours = completions(real, [*asked, *free])
    schema = {"type": "object", "properties": transformers_file.SETTINGS}
    settings = check({"device": "cpu", "dtype": "float32"}, schema, "none")
    with transformers_file.open_engine(model, GREEDY, settings, []) as engine:
        theirs = completions(engine, asked)
    assert {ours[request.item_id].text for request in asked} <= {"1", "0"}
    assert {ours[request.item_id].finish_reason for request in asked} == {"stop"}
    assert ours[free[0].item_id].text not in ("1", "0")
    assert sum(ours[name].text == theirs[name].text for name in theirs) >= 38


def test_real_server_whose_scheduler_is_killed_is_replaced(real):
    """The last test of this server: its processes are other ones afterwards."""
    asked, got, killed = requests(200), {}, None
    for batch in real.generate(asked):
        got |= {c.item_id: c for c in batch}
        if killed is None:
            killed = scheduler_of(real.server._process.pid)
            os.kill(killed, signal.SIGKILL)
    assert len(got) == 200
    assert real.server.starts == 2
    assert scheduler_of(real.server._process.pid) != killed


def scheduler_of(group: int) -> int:
    listed = subprocess.run(["ps", "-eo", "pid=,pgid=,args="], capture_output=True, text=True, check=True)
    lines = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return next(int(pid) for pid, pgid, args in lines if pgid == str(group) and "scheduler" in args)


# A workflow whose server fails.


@pytest.fixture
def failing(finished, stand_in, tmp_path) -> Checkout:
    """A checkout whose study is served by the stand-in; its model is trained already."""
    checkout = finished.copy(tmp_path / "paretoscope")
    checkout.write("config/served.yaml", STUDY.format(python=stand_in.python, restarts=0))
    return checkout


def test_cell_whose_server_dies_goes_on_where_it_stopped(failing, stand_in):
    stand_in.faults({"die_at": 9, "token_seconds": 0.01})
    failing.replace("config/served.yaml", "  device: cpu\n", "  device: cpu\n  concurrency: 1\n")
    run = failing.run("served", ok=False)
    assert "SGLang failed 1 times in a row" in run.stdout
    assert "what was finished is kept" in run.stdout
    assert "Traceback" not in run.stdout
    asked = len(stand_in.requests)
    failing.run("served")
    assert asked == 9
    assert len(stand_in.requests) == 9 + 4
    assert len(rows(cell(failing, "generations", "jsonl.zst"))) == 12


def test_killed_workflow_leaves_no_server_and_goes_on(failing, stand_in):
    stand_in.faults({"token_seconds": 0.2})
    failing.replace("config/served.yaml", "  device: cpu\n", "  device: cpu\n  concurrency: 2\n")
    run = subprocess.Popen(
        failing.command("--cores", "2", "--configfile", "config/served.yaml"),
        cwd=failing.folder,
        env=failing.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    store = failing.folder / "results/served/work/nano-smoke-a/arithmetic-smoke.jsonl"
    until(lambda: store.exists() and store.read_text().count("\n") > 2, run)
    assert processes_in(failing.folder)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(timeout=60)
    until(lambda: not stand_in.running and not processes_in(failing.folder))
    failing.run("served", "--unlock")
    failing.run("served")
    assert len(stand_in.starts) == 2
    assert len(rows(cell(failing, "generations", "jsonl.zst"))) == 12


def until(condition, process=None, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, "the run ended by itself"
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.05)
