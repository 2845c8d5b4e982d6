"""The real hub clients against a server on this machine that speaks as much of the hub's protocol as they ask for."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

ROOT = Path(__file__).parents[2]
REVISION = "a" * 40
MODEL = {
    "config.json": json.dumps(
        {
            "model_type": "qwen3",
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 32,
            "vocab_size": 128,
            "tie_word_embeddings": True,
        }
    ).encode(),
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"a pickle that must not be fetched",
    "modeling_own.py": b"code that must not be fetched",
    "tokenizer.json": b"{}",
}
DATA = {
    "test.jsonl": b'{"problem": "1+1?", "answer": "2", "unique_id": "a"}\n{"problem": "2+2?", "answer": "4", "unique_id": "b"}\n'
}


class Hub(http.server.BaseHTTPRequestHandler):
    """One model and one data set, each at one revision; anything else isn't found, and gated/model is gated."""

    requested: list[str]

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(urlparse(self.path).path)
        self.requested.append(path)
        files = DATA if "datasets/" in path else MODEL
        name = path.rsplit("/", 1)[1]
        if "gated/" in path:
            self.answer(403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
        elif "own/" not in path:
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif REVISION not in path:
            self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif "/tree/" in path:
            listing = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in files.items()
            ]
            self.answer(200, json.dumps(listing).encode())
        elif "/api/" in path:
            siblings = [{"rfilename": name} for name in files]
            self.answer(200, json.dumps({"id": "own/it", "sha": REVISION, "siblings": siblings}).encode())
        elif name in files:
            tag = f'"{hashlib.sha1(files[name]).hexdigest()}"'
            self.answer(200, files[name], {"ETag": tag, "X-Repo-Commit": REVISION, "Accept-Ranges": "bytes"})
        else:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(tmp_path):
    """Start the server; give a function that runs code with the clients pointed at it, and what they asked for."""
    requested = []
    handler = type("Handler", (Hub,), {"requested": requested})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def run(code, **environment):
        settings = {
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "HF_HOME": str(tmp_path / "cache"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": str(ROOT / "scripts"),
        }
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **settings, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    yield run, requested
    server.shutdown()
    server.server_close()
    thread.join()


FETCH = """
from pathlib import Path
from paretoscope.errors import InputError
from paretoscope.models import fetch, weights_folder
source = {{"hub_id": "{hub_id}", "revision": "{revision}"}}
card = {{"id": "m", "card": "m.yaml", "source": source, "architecture": None, "config": None}}
try:
    fetch(card, True, Path("revision.json"), Path("config.json"))
    print(sorted(path.name for path in weights_folder(source, Path("models/m")).iterdir()))
except InputError as error:
    print("refused:", error)
"""


def test_a_model_is_fetched_pinned_and_without_code_or_pickles(hub, tmp_path):
    run, requested = hub
    result = run(FETCH.format(hub_id="own/model", revision=REVISION))
    assert result.stdout.strip() == "['config.json', 'model.safetensors', 'tokenizer.json']", result.stderr
    assert json.loads((tmp_path / "revision.json").read_text())["revision"] == REVISION
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "qwen3"
    assert not [path for path in requested if path.endswith((".bin", ".py"))]
    # A compute node without a network finds them in the cache.
    offline = FETCH.replace("    fetch(", "    0 and fetch(").format(hub_id="own/model", revision=REVISION)
    before = len(requested)
    assert "model.safetensors" in run(offline, HF_HUB_OFFLINE="1").stdout
    assert len(requested) == before


@pytest.mark.parametrize(
    ("hub_id", "revision", "message"),
    [
        ("own/model", "b" * 40, "no such commit"),
        ("nobody/model", REVISION, "no such repository"),
        ("gated/model", REVISION, "access is gated"),
    ],
)
def test_what_the_hub_refuses_is_told(hub, hub_id, revision, message):
    run, _ = hub
    result = run(FETCH.format(hub_id=hub_id, revision=revision))
    assert result.stdout.startswith("refused:"), result.stderr
    assert message in result.stdout


LOAD = """
from paretoscope.errors import InputError
from paretoscope.loading import load_benchmark
card = {{"id": "d", "card": "d.yaml", "format": "math", "rows": 2, "content_sha256": None, "grader": "math",
        "columns": {{"id": "unique_id", "question": "problem", "target": "answer"}},
        "source": {{"hub_id": "{hub_id}", "config": None, "split": "test", "revision": "{revision}"}}}}
try:
    print([(item.id, item.question, item.target) for item in load_benchmark(card)])
except InputError as error:
    print("refused:", error)
"""


def test_a_benchmark_is_loaded_at_its_revision(hub):
    run, _ = hub
    result = run(LOAD.format(hub_id="own/data", revision=REVISION))
    assert result.stdout.strip() == "[('a', '1+1?', '2'), ('b', '2+2?', '4')]", result.stdout + result.stderr


def test_a_benchmark_that_is_not_there_is_told(hub):
    run, _ = hub
    result = run(LOAD.format(hub_id="nobody/data", revision=REVISION))
    assert result.stdout.startswith("refused: nobody/data"), result.stderr
