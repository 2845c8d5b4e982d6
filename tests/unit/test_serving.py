"""Server processes, the client that asks them, and the readings of GPUs."""

import http.server
import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from paretoscope.errors import InputError
from paretoscope.serving import client, nvml, process
from paretoscope.serving import leases as leases_file
from paretoscope.serving.client import BadReply, answers, get_json, stream_replies
from paretoscope.serving.leases import lease_gpus
from paretoscope.serving.nvml import GpuMeter
from paretoscope.serving.process import ServerDied, ServerProcess, free_port

ROOT = Path(__file__).parents[2]


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.02)


# Processes.


@pytest.fixture
def start(tmp_path):
    """Start Python code as a server process; what is left is killed at the end."""
    servers = []

    def run(code: str, environment=None, log="server.log") -> ServerProcess:
        command = [sys.executable, "-u", "-c", textwrap.dedent(code)]
        servers.append(ServerProcess(command, environment or {}, tmp_path / log))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


def test_a_free_port_is_free():
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), http.server.BaseHTTPRequestHandler):
        pass


def test_what_a_server_prints_is_in_its_log_and_earlier_logs_stay(start, tmp_path):
    (tmp_path / "server.log").write_text("an earlier server\n")
    server = start("import os; print('hello', os.environ['WHO'])", {"WHO": "world"})
    until(lambda: "hello world" in server.tail())
    assert "earlier" not in server.tail()
    assert (tmp_path / "server.log").read_text().startswith("an earlier server\n")


SOUND = """
print("[2025-07-01 10:00:00] server_args={'trust_remote_code': False, 'note': 'out of memory'}")
print("Ignore import error when loading sglang.srt.models.x: No module named 'vllm'")
"""


@pytest.mark.parametrize(
    ("code", "says", "kind"),
    [
        ("raise SystemExit(3)", "exit status 3", None),
        ("import os; os.kill(os.getpid(), 9)", "signal SIGKILL", "killed"),
        ("print('torch.OutOfMemoryError: CUDA out of memory.'); raise SystemExit(1)", "memory_fraction", "memory"),
        ("print('RuntimeError: Not enough memory. Please try to increase'); raise SystemExit(1)", "gpus", "memory"),
        ("print('[Errno 98] error while attempting to bind on address: address already in use')", "port", "port"),
        ("print('OSError: [Errno 28] No space left on device')", "disk is full", "disk"),
        ("print('RuntimeError: CUDA error: an illegal memory access')", "nvidia-smi", "device"),
        ("print('pass the argument `trust_remote_code=True`')", "serving.trust_remote_code", "code"),
        ("print('error: unrecognized arguments: --foo')", "one of its arguments", "arguments"),
        ("import no_such_package", "engine.python lacks a package", "missing"),
        ("print('safetensors_rust.SafetensorError: incomplete'); raise SystemExit(1)", "are damaged", "weights"),
        (SOUND + "import os; os.kill(os.getpid(), 9)", "signal SIGKILL", "killed"),
        ("print('CUDA out of memory'); print('more\\n' * 100); raise SystemExit(1)", "memory_fraction", "memory"),
    ],
)
def test_a_death_says_why(start, code, says, kind):
    server = start(code)
    with pytest.raises(ServerDied) as death:
        server.wait_until(lambda: False, 10, "up")
    assert says in str(death.value) and death.value.kind == kind
    assert f"Last lines of {server.log_path}" in str(death.value)


def test_a_server_that_takes_too_long_is_told(start):
    server = start("import time; print('loading'); time.sleep(60)")
    until(lambda: server.tail())
    with pytest.raises(ServerDied, match=r"wasn't up within 0 s \(engine\.start_seconds\)(?s:.*)loading"):
        server.wait_until(lambda: False, 0.1, "up")


def test_a_command_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match=r"absent: there is no such program\. engine\.python names"):
        ServerProcess([str(tmp_path / "absent")], {}, tmp_path / "log")


FAMILY = """
import subprocess, sys, time, signal
{ignore}
child = subprocess.Popen([sys.executable, "-c", "import signal, time; {ignore}; time.sleep(60)"])
print(child.pid)
time.sleep(60)
"""


@pytest.mark.parametrize("ignore", ["pass", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_stopping_leaves_no_process(start, monkeypatch, ignore):
    monkeypatch.setattr(process, "STOP_SECONDS", 0.5)
    server = start(FAMILY.format(ignore=ignore))
    until(lambda: server.tail().strip())
    child = int(server.tail())
    assert alive(server.pid) and alive(child)
    server.stop()
    until(lambda: not alive(server.pid) and not alive(child), 5)
    server.stop()  # twice does no harm


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_server_does_not_outlive_us(tmp_path):
    code = f"""
        import sys, time
        from pathlib import Path
        from paretoscope.serving.process import ServerProcess
        server = ServerProcess([sys.executable, "-u", "-c", {FAMILY.format(ignore="pass")!r}], {{}}, Path({str(tmp_path / "log")!r}))
        print(server.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
    )
    until(lambda: (tmp_path / "log").exists() and (tmp_path / "log").read_text().endswith("\n"))
    family = [int(parent.stdout.readline()), int((tmp_path / "log").read_text())]
    assert all(map(alive, family))
    parent.kill()
    parent.wait()
    until(lambda: not any(map(alive, family)))


# The client.


class Server(http.server.ThreadingHTTPServer):
    """Answers each request by ``answer(body, nth)``: a list of chunks, an exception, or a status with a text."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.asked, self.busy, self.most = answer, Counter(), 0, 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/generate"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.respond(200 if self.path != "/starting" else 503, b'{"fine": true}')

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked[body["n"]] += 1
            nth = self.server.asked[body["n"]]
            self.server.busy += 1
            self.server.most = max(self.server.most, self.server.busy)
        answer = self.server.answer(body, nth)
        try:
            if answer is None:
                self.connection.close()
            elif isinstance(answer, tuple):
                self.respond(*answer)
            else:
                self.send_response(200)
                self.end_headers()
                for chunk in answer:
                    self.wfile.write(chunk)
                    self.wfile.flush()
        except OSError:
            pass  # the client left
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def respond(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


def event(**body) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def right(body, nth):
    return [event(part=1), event(n=body["n"]), DONE]


@pytest.fixture
def serve():
    servers = []

    def run(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(client, "WAIT_SECONDS", 0.05)


def check(context, reply):
    if reply.body.get("n") != context:
        raise BadReply(f"{reply.body} isn't {context}")
    return reply.body["n"]


def ask(server, count=10, **changes):
    options = {"concurrency": 4, "retries": 2, "stall_seconds": 10, "check_reply": check, "check_server": lambda: None}
    requests = ((f"item {n}", {"n": n}, n) for n in range(count))
    return stream_replies(server.url, requests, **{**options, **changes})


def test_every_request_is_answered_once_and_only_so_many_at_a_time(serve):
    def answer(body, nth):
        time.sleep(0.02)
        return right(body, nth)

    server = serve(answer)
    batches = list(ask(server, 30))
    assert sorted(n for batch in batches for n in batch) == list(range(30))
    assert set(server.asked.values()) == {1} and 2 <= server.most <= 4


def test_nothing_to_ask_is_no_error(serve):
    assert list(ask(serve(right), 0)) == []


def test_the_first_token_is_timed_apart_from_the_last(serve):
    def answer(body, nth):
        yield event(part=1)
        time.sleep(0.2)
        yield from (event(n=body["n"])[:7], event(n=body["n"])[7:] + DONE)

    replies = []
    list(ask(serve(answer), 1, check_reply=lambda _, reply: replies.append(reply)))
    assert replies[0].first_token_seconds < 0.15 < 0.2 <= replies[0].latency_seconds


BAD = {
    "a server error": (500, b"Internal Server Error"),
    "a full queue": (503, b"The request queue is full."),
    "no JSON": [b"data: {oops\n\n", DONE],
    "no object": [b"data: [1]\n\n", DONE],
    "nothing": [DONE],
    "an empty body": [],
    "another's answer": [event(n=-1), DONE],
    "an error in the stream": [event(error={"message": "broken", "code": 500}), DONE],
    "an error without a code": [event(error="broken"), DONE],
    "a closed connection": None,
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_request_that_fails_is_asked_again(serve, bad, caplog):
    server = serve(lambda body, nth: bad if body["n"] == 3 and nth <= 2 else right(body, nth))
    with caplog.at_level(logging.INFO):
        assert sorted(n for batch in ask(server) for n in batch) == list(range(10))
    assert server.asked[3] == 3 and "item 3, try 2" in caplog.text


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_request_that_keeps_failing_is_told_once_all_others_are_done(serve, bad):
    server = serve(lambda body, nth: bad if body["n"] == 0 else right(body, nth))
    got = []
    with pytest.raises(InputError, match=r"item 0: the server failed 3 times, last: .* What was finished is kept\."):
        got.extend(n for batch in ask(server) for n in batch)
    assert sorted(got) == list(range(1, 10)) and server.asked[0] == 3


@pytest.mark.parametrize("refusal", [(400, b"too long"), [event(error={"message": "too long", "code": 400}), DONE]])
def test_a_request_that_is_refused_is_not_asked_again(serve, refusal):
    server = serve(lambda body, nth: refusal if body["n"] == 0 else right(body, nth))
    with pytest.raises(InputError, match=r"refuses the request \(HTTP 400: too long\)"):
        list(ask(server))
    assert server.asked[0] == 1 and len(server.asked) == 10


def test_many_failures_end_it_early(serve):
    server = serve(lambda body, nth: (400, b"no"))
    with pytest.raises(InputError, match=r"other requests failed too"):
        list(ask(server, 1000))
    assert len(server.asked) < 100


def test_an_error_of_our_own_is_not_taken_for_the_servers(serve):
    with pytest.raises(ZeroDivisionError):
        list(ask(serve(right), check_reply=lambda *_: 1 / 0))


def test_a_server_that_hangs_is_given_up(serve):
    def answer(body, nth):
        if body["n"] < 5:
            yield from right(body, nth)
        else:
            yield event(part=1)
            time.sleep(30)

    got = []
    with pytest.raises(ServerDied, match="hangs: no new token for 0 s") as death:
        got.extend(n for batch in ask(serve(answer), stall_seconds=0.3) for n in batch)
    assert death.value.kind == "hang" and sorted(got) == list(range(5))


def test_a_server_that_is_slow_is_not_given_up(serve):
    def answer(body, nth):
        for _ in range(8):
            yield event(part=1)
            time.sleep(0.1)
        yield event(n=body["n"])

    assert [n for batch in ask(serve(answer), 1, stall_seconds=0.4) for n in batch] == [0]


def test_a_dead_server_is_noticed_while_requests_wait(serve):
    dead = threading.Event()

    def check_server():
        if dead.is_set():
            raise ServerDied("it is dead")

    def answer(body, nth):
        dead.set()
        time.sleep(30)

    with pytest.raises(ServerDied, match="it is dead"):
        list(ask(serve(answer), check_server=check_server))


def test_leaving_early_closes_the_connections(serve):
    server = serve(lambda body, nth: right(body, nth) if body["n"] == 0 else [event(part=1)] * 10**6)
    replies = ask(server)
    assert next(replies) == [0]
    replies.close()
    until(lambda: server.busy == 0)


def test_an_endless_reply_is_cut(serve, monkeypatch):
    monkeypatch.setattr(client, "LARGEST_REPLY", 1000)
    server = serve(lambda body, nth: (b"data: " + b"x" * 100 for _ in range(10**6)))
    with pytest.raises(InputError, match="the reply has no end"):
        list(ask(server, 1, retries=0))


def test_questions_outside_of_the_stream(serve):
    server = serve(right)
    base = server.url.removesuffix("/generate")
    assert get_json(f"{base}/info") == {"fine": True}
    assert answers(f"{base}/info") and not answers(f"{base}/starting")
    assert not answers(f"http://127.0.0.1:{free_port()}/info")


# GPUs.


def fake_nvml(**changes):
    """Two GPUs that take a joule more each time one looks."""
    counter = iter(range(0, 10**9, 1000))
    memory = iter([5, 70, 20] + [20] * 10**5)
    base = {
        "nvmlInit": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "580.1",
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: f"gpu {index}",
        "nvmlDeviceGetHandleByUUID": lambda uuid: uuid,
        "nvmlDeviceGetName": lambda handle: f"NVIDIA {handle}".encode(),
        "nvmlDeviceGetTotalEnergyConsumption": lambda handle: next(counter),
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(used=next(memory)),
    }
    return SimpleNamespace(**{**base, **changes})


@pytest.fixture
def visible(monkeypatch):
    monkeypatch.setattr(nvml, "SAMPLE_SECONDS", 0.01)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return lambda value: monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)


def test_energy_and_the_highest_memory_are_measured(visible):
    with GpuMeter(1, fake_nvml()) as meter:
        until(lambda: meter.peak_memory_bytes() == 70)
        assert meter.energy_joules() == 1.0 and meter.energy_joules() == 2.0
    assert (meter.names, meter.driver, meter.unmeasured) == (["NVIDIA gpu 0"], "580.1", {})


def test_what_loading_takes_is_told_apart(visible):
    with GpuMeter(1, fake_nvml()) as meter:  # a joule more each time one looks
        assert meter.load_energy_joules() == 0
        with meter.loading():
            assert meter.energy_joules() == 2
        assert (meter.load_energy_joules(), meter.energy_joules()) == (2, 2)
        with meter.loading():
            pass
        assert (meter.load_energy_joules(), meter.energy_joules()) == (3, 4)


def test_a_counter_lost_while_loading_leaves_both_unknown(visible):
    left = iter([0, 1000])
    with GpuMeter(1, fake_nvml(nvmlDeviceGetTotalEnergyConsumption=lambda _: next(left))) as meter:
        with meter.loading():
            pass
        assert (meter.load_energy_joules(), meter.energy_joules()) == (None, None)
        assert "energy_joules" in meter.unmeasured


@pytest.mark.parametrize(
    ("value", "count", "names"),
    [
        ("1", 1, ["NVIDIA gpu 1"]),
        ("1,0", 2, ["NVIDIA gpu 1", "NVIDIA gpu 0"]),
        ("GPU-8f, 0", 1, ["NVIDIA GPU-8f"]),
    ],
)
def test_only_visible_gpus_are_read(visible, value, count, names):
    visible(value)
    with GpuMeter(count, fake_nvml()) as meter:
        assert meter.names == names


def fail(*_):
    raise RuntimeError("GPU is lost")


@pytest.mark.parametrize(
    ("broken", "unmeasured"),
    [
        ({"nvmlInit": fail}, {"energy_joules", "peak_memory_bytes"}),
        ({"nvmlDeviceGetTotalEnergyConsumption": fail}, {"energy_joules"}),
        ({"nvmlDeviceGetMemoryInfo": fail}, {"peak_memory_bytes"}),
    ],
)
def test_what_cannot_be_read_is_none_with_the_reason(visible, broken, unmeasured):
    with GpuMeter(1, fake_nvml(**broken)) as meter:
        until(lambda: unmeasured <= set(meter.unmeasured))
        assert (meter.energy_joules() is None) == ("energy_joules" in unmeasured)
        assert ("peak_memory_bytes" not in unmeasured) or meter.peak_memory_bytes() is None
    assert set(meter.unmeasured) == unmeasured and "GPU is lost" in " ".join(meter.unmeasured.values())


def test_a_gpu_that_goes_away_leaves_the_rest(visible):
    left = iter([0, 1000])
    with GpuMeter(1, fake_nvml(nvmlDeviceGetTotalEnergyConsumption=lambda _: next(left))) as meter:
        assert meter.energy_joules() == 1.0
        assert meter.energy_joules() is None and "energy_joules" in meter.unmeasured


def test_too_few_gpus_are_told(visible):
    visible("0")
    with GpuMeter(2, fake_nvml()) as meter:
        assert "2 GPUs are needed, 1 are visible" in meter.unmeasured["energy_joules"]


def test_without_gpus_nothing_is_opened():
    with GpuMeter(0, fake_nvml(nvmlInit=fail)) as meter:
        with meter.loading():
            pass
        assert (meter.energy_joules(), meter.load_energy_joules()) == (None, None)
        assert (meter.peak_memory_bytes(), meter.names) == (None, [])
    assert meter.unmeasured == {"energy_joules": "no GPU is used"}


@pytest.fixture
def leases(visible, monkeypatch, tmp_path):
    monkeypatch.setattr(leases_file, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(leases_file.tempfile, "gettempdir", lambda: str(tmp_path))
    uuids = {"gpu 0": b"GPU-a", "gpu 1": b"GPU-b", "GPU-b": b"GPU-b"}
    monkeypatch.setattr(
        leases_file, "visible_gpus", lambda _: nvml.visible_gpus(fake_nvml(nvmlDeviceGetUUID=uuids.get))
    )
    return visible


def test_each_job_gets_a_gpu_of_its_own(leases):
    with lease_gpus(1) as first:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
        leases("0,1")  # as the next job sees them
        with lease_gpus(1) as second:
            assert (first, second, os.environ["CUDA_VISIBLE_DEVICES"]) == (["0"], ["1"], "1")
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
    with lease_gpus(2) as both:
        assert both == ["0", "1"]


def test_a_gpu_is_known_by_its_uuid_however_a_job_sees_it(leases, caplog):
    leases("GPU-b")
    with lease_gpus(1):
        leases("1")
        waiting = threading.Thread(target=lambda: lease_gpus(1).__enter__(), daemon=True)
        waiting.start()
        until(lambda: "waiting for 1 of the GPUs 1" in caplog.text)
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_lease_waits_until_all_its_gpus_are_free(leases):
    got = []
    with lease_gpus(1):
        leases("0,1")
        waiting = threading.Thread(target=lambda: got.append(lease_gpus(2).__enter__()))
        waiting.start()
        time.sleep(0.1)
        assert got == []
        with lease_gpus(1) as other:  # the one who waits holds none meanwhile
            assert other == ["1"]
    waiting.join(5)
    assert got == [["0", "1"]]


def test_more_gpus_than_there_are_is_told(leases):
    leases("0")
    with (
        pytest.raises(InputError, match=r"2 GPUs are needed \(serving\.gpus .* this job may use 1: 0\."),
        lease_gpus(2),
    ):
        pass


@pytest.mark.parametrize("count", [0, 1])
def test_without_a_driver_nothing_is_changed(leases, monkeypatch, count):
    monkeypatch.setattr(leases_file, "visible_gpus", lambda _: nvml.visible_gpus(fake_nvml(nvmlInit=fail)))
    with lease_gpus(count) as names:
        assert names == [] and "CUDA_VISIBLE_DEVICES" not in os.environ


# Jobs.


def test_sigterm_ends_a_job_in_order(tmp_path):
    code = f"""
        import time
        from paretoscope.jobs import job
        with job({str(tmp_path / "job.log")!r}):
            try:
                print("ready", flush=True)
                time.sleep(60)
            finally:
                print("cleaned up", flush=True)
    """
    run = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
    )
    assert run.stdout.readline() == "ready\n"
    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=10)
    assert (out, run.returncode) == ("cleaned up\n", 143)
    assert "Ended by SIGTERM; what was finished is kept." in (tmp_path / "job.log").read_text()
