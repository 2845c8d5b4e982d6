"""A server on this machine that speaks as much of the hub's protocol as its clients ask for, and fails when told to."""

import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urlparse

ROOT = Path(__file__).parents[2]
REVISION = "a" * 40
LARGE = (".safetensors", ".bin")
"""Names of files that the hub keeps outside of git and names by their SHA-256."""

NO_WAITING = "import time\ntime.sleep = lambda seconds: None\n"
"""Before code that meets a hub which fails for ever: the clients' waiting between their attempts is left out."""


def is_large(name: str) -> bool:
    return name.endswith(LARGE)


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def tag(name: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if is_large(name) else git_hash(data)


class HubServer:
    """Repositories with one commit each, what was asked, and what is to fail.

    Attributes
    ----------
    files : dict
        Files by repository: ``{"own/model": {"config.json": b"{}"}}``.
    requests : list of (method, path, headers)
    refusals : dict
        Status and headers with which every request whose path contains a text is answered.
    gated : set
        Repositories that want the token ``good``.
    bodies : dict of list
        What is sent instead of a file, the first time, the second time and so on.
    cuts : dict
        After how many bytes of a file the connection breaks, once.
    """

    def __init__(self, home: Path):
        self.home = home
        self.files, self.requests, self.refusals, self.gated = {}, [], {}, set()
        self.bodies, self.cuts = defaultdict(list), {}
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def environment(self, **changes) -> dict:
        """Return the environment of a process whose clients ask this server."""
        settings = {
            "HF_ENDPOINT": f"http://127.0.0.1:{self.server.server_port}",
            "HF_HOME": str(self.home / "cache"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "PYTHONPATH": str(ROOT / "scripts"),
        }
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        return {**inherited, **settings, **changes}

    def run(self, *arguments: str, **environment) -> subprocess.CompletedProcess:
        """Run Python with these arguments in a process of its own; code goes behind ``-c``."""
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=self.environment(**environment),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def got(self, name: str) -> list[dict]:
        """Return the headers of the requests for a file's contents."""
        data = next(files[name] for files in self.files.values() if name in files)
        ends = (f"/cdn/{tag(name, data)}",) if is_large(name) else (f"/{name}",)
        return [headers for method, path, headers in self.requests if method == "GET" and path.endswith(ends)]


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: HubServer

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(urlparse(self.path).path)
        self.hub.requests.append((self.command, path, dict(self.headers)))
        for text, (status, headers) in self.hub.refusals.items():
            if text in path:
                return self.answer(status, b"", headers)
        if path.startswith("/cdn/"):
            return self.send_large(path.removeprefix("/cdn/"))
        route = r"(/api/(models|datasets))?/(datasets/)?(?P<id>[^/]+/[^/]+)(/(?P<act>[^/]+)(/(?P<rev>[^/]+)(/(?P<name>.+))?)?)?"
        asked = re.fullmatch(route, path).groupdict()
        files = self.hub.files.get(asked["id"])
        is_allowed = self.headers.get("Authorization") == "Bearer good"
        if files is None:
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif asked["rev"] not in (None, "main", REVISION):
            self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif asked["act"] == "tree":
            self.answer(200, json.dumps([self.entry(name, data) for name, data in files.items()]).encode())
        elif path.startswith("/api/"):
            siblings = [{"rfilename": name} for name in files]
            self.answer(200, json.dumps({"id": asked["id"], "sha": REVISION, "siblings": siblings}).encode())
        elif asked["id"] in self.hub.gated and not is_allowed:
            status = 403 if "Authorization" in self.headers else 401
            self.answer(status, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
        elif asked["name"] not in files:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        else:
            self.send_file(asked["name"], files[asked["name"]])

    def entry(self, name: str, data: bytes) -> dict:
        """Return a file's line in a listing."""
        entry = {"type": "file", "path": name, "size": len(data), "oid": git_hash(data)}
        if is_large(name):
            entry["lfs"] = {"oid": tag(name, data), "size": len(data), "pointerSize": 130}
        return entry

    def send_file(self, name: str, data: bytes):
        headers = {"X-Repo-Commit": REVISION, "ETag": f'"{tag(name, data)}"'}
        if not is_large(name):
            bodies = self.hub.bodies[name] if self.command == "GET" else []
            return self.answer(200, bodies.pop(0) if bodies else data, headers)
        # Another host to the client, to which it must not show its token.
        place = f"http://localhost:{self.server.server_port}/cdn/{tag(name, data)}"
        self.answer(
            302,
            b"",
            {**headers, "Location": place, "X-Linked-ETag": f'"{tag(name, data)}"', "X-Linked-Size": str(len(data))},
        )

    def send_large(self, digest: str):
        name, data = next(
            (name, data)
            for files in self.hub.files.values()
            for name, data in files.items()
            if tag(name, data) == digest
        )
        data = self.hub.bodies[name].pop(0) if self.hub.bodies[name] else data
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-")).group(1))
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        self.answer(206 if start else 200, data[start:], headers, self.hub.cuts.pop(name, None))

    def answer(self, status, body, headers=None, cut=None):
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *arguments):
        pass
