#!/usr/bin/env python3
"""A stand-in for an SGLang 0.5.21 server: the same HTTP answers without a model, and the ways in which servers fail.

Runs where a Python interpreter with SGLang would: ``sglang_stand_in.py -m sglang.launch_server --model-path ...``. What
it answers depends on the prompt's token ids, and under deterministic inference on the seed, alone. The folder named by
the environment variable SGLANG_STAND_IN, if any, tells each server what goes wrong with it (see :class:`StandIn` in
conftest.py) and takes what it was asked. Log texts are those of the real server, shortened; workflow/test_sglang.py
compares its answers with the real one's.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = "0.5.21"
MEAN_LENGTH = 20
SETTLE_SECONDS = 0.3
"""The real server waits 5 s before it ends itself after a crash."""

NO_MEMORY_FOR_CACHE = """Scheduler hit an exception: Traceback (most recent call last):
  File "sglang/srt/mem_cache/kv_cache_configurator.py", line 2220, in _profile_available_bytes
    raise ValueError(
ValueError: Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static=0.8. Raise \
--mem-fraction-static above 0.86 (minimum viable = 1 - available/pre = 0.8570)."""
OUT_OF_MEMORY = """Scheduler hit an exception: Traceback (most recent call last):
  File "sglang/srt/managers/scheduler.py", line 1988, in event_loop_overlap
    batch_result = self.run_batch(batch)
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.11 GiB of \
which 1.02 GiB is free."""
LOADING_FAILURES = {"out_of_memory": OUT_OF_MEMORY, "no_memory_for_cache": NO_MEMORY_FOR_CACHE}
CHILD_FAILED = "SIGQUIT received. signum=None, frame=None. It usually means one child failed."


def log(text):
    print(time.strftime("[%Y-%m-%d %H:%M:%S] ") + text, file=sys.stderr, flush=True)


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


class Refused(Exception):
    """A request that the real server answers with status 400."""


class Model:
    """Draws token ids and spells them, with the vocabulary of the folder's tokenizer."""

    def __init__(self, folder: Path):
        config = json.loads((folder / "config.json").read_text())
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        self.vocabulary_size = config["vocab_size"]
        self.context_length = config["max_position_embeddings"]
        self.end = config["eos_token_id"]
        self.spelling = {number: token for token, number in tokenizer["model"]["vocab"].items()}
        special = {token["id"] for token in tokenizer["added_tokens"] if token["special"]}
        self.ordinary = sorted(set(self.spelling) - special)

    def complete(self, prompt, seed, limit):
        """Return the tokens of a completion, and why it ended."""
        draw = random.Random(hashlib.sha256(json.dumps([prompt, seed]).encode()).digest())
        ids = [*draw.choices(self.ordinary, k=draw.randint(1, 2 * MEAN_LENGTH)), self.end]
        if len(ids) > limit:
            return ids[:limit], {"type": "length", "length": limit}
        return ids, self.ended()

    def choose(self, regex):
        """Return the tokens of the first of a regular expression's alternatives, which must be a token."""
        word = regex.strip("()").split("|")[0]
        return [next(number for number, token in self.spelling.items() if token == word), self.end], self.ended()

    def ended(self):
        return {"type": "stop", "matched": self.end}

    def spell(self, ids):
        return "".join(self.spelling[number] for number in ids if number != self.end)


class Server(ThreadingHTTPServer):
    """The state of a server, and what goes wrong with it."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, options, arguments, folder):
        self.options, self.arguments, self.folder = options, arguments, folder
        self.model = Model(Path(options.model_path))
        self.context_length = options.context_length or self.model.context_length
        self.capacity = options.max_total_tokens or 10**6
        self.faults = {}
        self.received, self.under_way, self.tries = 0, 0, {}
        self.lock = threading.Lock()
        self.ready = self.hangs = self.ending = False
        if folder:
            starts = folder / "starts"
            with starts.open("a") as file:
                file.write(f"{os.getpid()} {' '.join(arguments)}\n")
            number = len(starts.read_text().splitlines())
            faults = json.loads((folder / "faults.json").read_text())
            self.faults = faults[number - 1] if number <= len(faults) else {}
        super().__init__((options.host, options.port), Handler, bind_and_activate=False)

    def note(self, body):
        """Count a request and keep it; let happen what is to happen at this one."""
        with self.lock:
            self.received += 1
            number = self.received
            if self.folder:
                with (self.folder / "requests.jsonl").open("a") as file:
                    file.write(json.dumps(body) + "\n")
        if number == self.faults.get("die_at"):
            kill_self()
        if number == self.faults.get("out_of_memory_at"):
            self.crash()
        if number == self.faults.get("hang_at"):
            log("Watchdog: nothing moves any more.")
            self.hangs = True

    def crash(self):
        log(OUT_OF_MEMORY)
        log(CHILD_FAILED)
        log("Sleeping 5 seconds before crash diagnostics to let GPU activity settle.")
        time.sleep(SETTLE_SECONDS)
        kill_self()

    def bad_reply(self, ids):
        """Return the kind of a bad reply that this request is to get on this try, or None."""
        bad = self.faults.get("bad_replies")
        if not bad:
            return None
        key = hashlib.sha256(json.dumps(ids).encode()).digest()
        with self.lock:
            self.tries[key] = tries = self.tries.get(key, 0) + 1
        return bad["kind"] if key[0] % bad["every"] == 0 and tries <= bad["times"] else None

    def check(self, ids, wanted):
        """Refuse a request as the real server does."""
        context, longest = self.context_length, min(self.context_length, self.capacity) - 6
        if not ids:
            raise Refused("input_ids cannot be empty.")
        if len(ids) >= context:
            raise Refused(
                f"The input ({len(ids)} tokens) is longer than the model's context length ({context} tokens)."
            )
        if len(ids) + wanted > context:
            raise Refused(
                f"Requested token count exceeds the model's maximum context length of {context} tokens. You requested a total of {len(ids) + wanted} tokens: {len(ids)} tokens from the input messages and {wanted} tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit."
            )
        if len(ids) >= longest:
            raise Refused(
                f"Input length ({len(ids)} tokens) exceeds the maximum allowed length ({longest} tokens). Use a shorter input or enable --allow-auto-truncate."
            )

    def info(self):
        options = vars(self.options)
        given = {name: value for name, value in options.items() if name not in ("max_total_tokens",)}
        state = {
            "effective_max_running_requests_per_dp": 4096,
            "memory_usage": {"weight": 1.5, "kvcache": 0.25, "token_capacity": self.capacity},
        }
        return {
            **given,
            "attention_backend": options["attention_backend"] or "fa3",
            "max_total_num_tokens": self.capacity,
            "max_req_input_len": min(self.context_length, self.capacity) - 6,
            "launch_command": " ".join(self.arguments),
            "version": VERSION,
            "status": "ready",
            "internal_states": [{**given, **state}],
            **self.faults.get("info", {}),
        }

    def end(self, *_):
        """SIGTERM: let what is under way finish, then end."""
        if self.faults.get("ignore_sigterm"):
            return
        log("SIGTERM received. Draining requests and shutting down...")
        self.ending = True
        threading.Thread(target=self._drain).start()

    def _drain(self):
        while self.under_way:
            time.sleep(0.02)
        log("Gracefully exiting... Remaining number of requests 0.")
        self.shutdown()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, form, *values):
        log("INFO:     " + form % values)

    def do_GET(self):
        path = self.path.split("?")[0]
        server = self.server
        if server.hangs and path != "/model_info":
            time.sleep(3600)
        if path in ("/health", "/health_generate", "/ready"):
            self.reply(200 if server.ready and not server.ending else 503, b"", None)
        elif path in ("/model_info", "/get_model_info"):
            self.reply_json(200, {"model_path": server.options.model_path, "is_generation": True})
        elif path in ("/server_info", "/get_server_info"):
            self.reply_json(200, server.info())
        elif path == "/v1/loads":
            memory = {"weight_gb": 1.5, "kv_cache_gb": 0.25, "graph_gb": 0.0, "token_capacity": server.capacity}
            load = {"dp_rank": 0, "num_running_reqs": server.under_way, "num_waiting_reqs": 0, "memory": memory}
            self.reply_json(200, {"version": VERSION, "loads": [load]})
        else:
            self.reply_json(404, {"detail": "Not Found"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/generate":
            self.reply_json(404, {"detail": "Not Found"})
            return
        with self.server.lock:
            self.server.under_way += 1
        try:
            self.generate(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def generate(self, body):
        server, asked, ids = self.server, body["sampling_params"], body["input_ids"]
        server.note(body)
        while server.hangs:
            time.sleep(1)
        bad = server.bad_reply(ids)
        if bad == "status_500":
            self.reply(500, b"Internal Server Error", "text/plain; charset=utf-8")
            self.close_connection = True
            return
        started, wanted = time.perf_counter(), asked.get("max_new_tokens", 128)
        try:
            server.check(ids, wanted)
        except Refused as refusal:
            self.refuse(body, str(refusal))
            return
        if any(not 0 <= number < server.model.vocabulary_size for number in ids):
            log(
                "Scheduler hit an exception: Traceback (most recent call last):\nIndexError: index out of range in self"
            )
            kill_self()
        limit = min(wanted, min(server.context_length, server.capacity) - 2 - len(ids))
        seed = asked.get("sampling_seed") if server.options.enable_deterministic_inference else None
        held = "regex" in asked and not server.faults.get("ignore_regex")
        tokens, reason = server.model.choose(asked["regex"]) if held else server.model.complete(ids, seed, limit)
        meta = {
            "id": body.get("rid") or uuid.uuid4().hex,
            "finish_reason": None,
            "prompt_tokens": len(ids),
            "weight_version": "default",
            "num_retractions": 0,
            "reasoning_tokens": 0,
            "completion_tokens": 0,
            "cached_tokens": 0,
            "cached_tokens_details": None,
            "dp_rank": None,
            **server.faults.get("speculation", {}),
        }
        if not body.get("stream"):
            time.sleep(server.faults.get("token_seconds", 0) * len(tokens))
            self.reply_json(200, self.message(tokens, meta, reason, started, bad, streamed=False))
            return
        self.stream(tokens, meta, reason, started, bad, asked.get("stream_interval", server.options.stream_interval))

    def stream(self, tokens, meta, reason, started, bad, interval):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for count in range(1, len(tokens)):
            time.sleep(self.server.faults.get("token_seconds", 0))
            while self.server.hangs:
                time.sleep(1)
            if (count - 1) % interval == 0:
                self.send_text(json.dumps(self.message(tokens[:count], meta, None, started, None)))
                if bad == "cut":
                    self.close_connection = True
                    return
        last = json.dumps(self.message(tokens, meta, reason, started, bad))
        self.send_text(last[: len(last) // 2] if bad == "malformed" else last)
        self.send_text("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def message(self, tokens, meta, reason, started, bad, streamed=True):
        """Return a reply's body for the tokens so far; with ``reason`` the last one."""
        now = {"completion_tokens": len(tokens)}
        if reason:
            versions = [{"version": "default", "start": 0, "end": len(tokens)}]
            now |= {"finish_reason": reason, "weight_versions": versions}
            now |= {"e2e_latency": time.perf_counter() - started}
        if len(tokens) == 1 or not streamed:  # in the first message of a reply alone
            now |= {"response_sent_to_client_ts": time.time()}
        body = {"text": self.server.model.spell(tokens), "output_ids": tokens, "meta_info": {**meta, **now}}
        if bad == "lacking":
            del body["meta_info"]["finish_reason"]
        elif bad == "wrong_count":
            body["meta_info"]["prompt_tokens"] += 1
        elif bad == "abort":
            body = {"text": "", "output_ids": [], "meta_info": {"id": meta["id"], "completion_tokens": 0}}
            body["meta_info"]["finish_reason"] = {"type": "abort", "message": "Abort in waiting queue"}
        return body

    def refuse(self, body, message):
        log(f"[http_server] Error: {message}")
        if not body.get("stream"):
            self.reply_json(400, {"error": {"message": message}})
            return
        problem = {"message": message, "type": "invalid_request_error", "code": 400, "retryable": False}
        events = b"data: " + json.dumps({"error": problem}).encode() + b"\n\ndata: [DONE]\n\n"
        self.reply(200, events, "text/event-stream; charset=utf-8")

    def send_text(self, text):
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def reply_json(self, status, body):
        self.reply(status, json.dumps(body).encode(), "application/json")

    def reply(self, status, data, kind):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def parse(arguments):
    """Return the arguments that matter here; SGLang has hundreds more."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model-path", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=30000)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tp-size", type=int, default=1)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--quantization")
    parser.add_argument("--kv-cache-dtype", default="auto")
    parser.add_argument("--context-length", type=int)
    parser.add_argument("--mem-fraction-static", type=float, default=0.88)
    parser.add_argument("--max-total-tokens", type=int)
    parser.add_argument("--attention-backend")
    parser.add_argument("--reasoning-parser")
    parser.add_argument("--random-seed", type=int)
    parser.add_argument("--stream-interval", type=int, default=1)
    parser.add_argument("--revision")
    parser.add_argument("--enable-deterministic-inference", action="store_true")
    parser.add_argument("--trust-remote-code", action="store_true")
    parser.add_argument("--disable-radix-cache", action="store_true")
    return parser.parse_known_args(arguments)[0]


def fail_at_start(kind):
    """End as the real server does when it can't start."""
    if kind in LOADING_FAILURES:
        log(LOADING_FAILURES[kind])
        log("Received sigquit from a child process. It usually means the child failed.")
        kill_self()
    if kind == "killed":
        log(
            "RuntimeError: Rank 0 scheduler died during initialization (exit code: -9). If exit code is -9 (SIGKILL), a common cause is the OS OOM killer."
        )
        sys.exit(1)
    sys.exit(f"No such failure: {kind}")


def main(arguments):
    """Serve until told to end."""
    if arguments[:2] == ["-m", "sglang.launch_server"]:
        arguments = arguments[2:]
    folder = os.environ.get("SGLANG_STAND_IN")
    server = Server(parse(arguments), arguments, Path(folder) if folder else None)
    signal.signal(signal.SIGTERM, server.end)
    faults = server.faults
    if faults.get("leave_child"):
        child = subprocess.Popen(["sleep", "600"])
        (server.folder / "child").write_text(str(child.pid))
    time.sleep(faults.get("start_seconds", 0))
    if faults.get("fail_at_start"):
        fail_at_start(faults["fail_at_start"])
    if faults.get("port_taken"):
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((server.options.host, server.options.port))
        taken.listen()
    try:
        server.allow_reuse_address = not faults.get("port_taken")
        server.server_bind()
        server.server_activate()
    except OSError as error:
        log(
            f"ERROR:    [Errno {error.errno}] error while attempting to bind on address ('{server.options.host}', {server.options.port}): address already in use"
        )
        log("The server is fired up and ready to roll!")
        sys.exit(3)
    server.ready = True
    log("The server is fired up and ready to roll!")
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main(sys.argv[1:])
