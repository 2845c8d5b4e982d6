"""The real hub clients against a server on this machine that speaks the hub's protocol, with failures injected."""

import errno
import json
import os
import re
import time

import pytest

from paretoscope import hub as hub_module
from paretoscope.errors import InputError

from .hub_server import NO_WAITING, REVISION, HubServer, tag

SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
CONFIG = {
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
NEEDED = {
    "config.json": json.dumps(CONFIG).encode(),
    "generation_config.json": b'{"temperature": 0.6}',
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "model.safetensors.index.json": json.dumps({"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}).encode(),
    SHARDS[0]: b"first weights",
    SHARDS[1]: b"second weights",
}
NOT_NEEDED = {
    "pytorch_model.bin": b"a pickle",
    "modeling_own.py": b"code",
    "tokenizer.py": b"code",
    "consolidated.safetensors": b"the same weights in another layout",
    "original/model.safetensors": b"the same weights again",
    "adapter/adapter_model.safetensors": b"an adapter",
    "onnx/config.json": b"{}",
    "README.md": b"a card",
}
DATA = {
    "test.jsonl": b'{"problem": "1+1?", "answer": "2", "unique_id": "a"}\n{"problem": "2+2?", "answer": "4", "unique_id": "b"}\n'
}

FETCH = """
from pathlib import Path
from paretoscope.errors import InputError
from paretoscope.models import fetch, weights_folder
source = {{"hub_id": "{hub_id}", "revision": "{revision}"}}
card = {{"id": "m", "card": "m.yaml", "source": source, "architecture": None, "config": None}}
try:
    fetch(card, True, Path("models/m/revision.json"), Path("models/m/config.json"))
    print("fetched")
except InputError as error:
    print("refused:", error)
"""
FIND = """
from pathlib import Path
from paretoscope.errors import InputError
from paretoscope.models import weights_folder
try:
    folder = weights_folder({{"hub_id": "own/model", "revision": "{revision}"}}, Path("models/m"))
    print(*sorted(path.name for path in folder.iterdir()))
except InputError as error:
    print("refused:", error)
"""
LOAD = """
from paretoscope.errors import InputError
from paretoscope.loading import load_benchmark
card = {{"id": "d", "card": "d.yaml", "format": "math", "rows": 2, "subset": None, "content_sha256": None, "grader": "math",
        "columns": {{"id": "unique_id", "question": "problem", "target": "answer"}},
        "source": {{"hub_id": "{hub_id}", "config": None, "split": "{split}", "revision": "{revision}"}}}}
try:
    print([(item.id, item.question, item.target) for item in load_benchmark(card)])
except InputError as error:
    print("refused:", error)
"""


@pytest.fixture
def hub(tmp_path):
    server = HubServer(tmp_path)
    server.files = {"own/model": {**NEEDED, **NOT_NEEDED}, "own/data": dict(DATA)}
    yield server
    server.close()


def fetch(hub, before="", hub_id="own/model", revision=REVISION, **environment):
    result = hub.run("-c", before + FETCH.format(hub_id=hub_id, revision=revision), **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def find(hub, **environment):
    result = hub.run("-c", FIND.format(revision=REVISION), **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def load(hub, before="", hub_id="own/data", split="test", revision=REVISION, **environment):
    result = hub.run("-c", before + LOAD.format(hub_id=hub_id, split=split, revision=revision), **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def blob(hub, name):
    return hub.home / "cache/hub/models--own--model/blobs" / tag(name, NEEDED[name])


# Models.


def test_just_what_a_model_needs_is_fetched_and_found_without_a_network(hub):
    assert fetch(hub) == "fetched"
    asked = {path.rsplit("/", 1)[1] for _, path, _ in hub.requests}
    assert not asked & {name.rsplit("/", 1)[-1] for name in NOT_NEEDED} - {"config.json", "model.safetensors"}
    assert not [path for _, path, _ in hub.requests if "/original/" in path or "/onnx/" in path]
    assert json.loads((hub.home / "models/m/config.json").read_text()) == CONFIG
    assert json.loads((hub.home / "models/m/revision.json").read_text()) == {
        "revision": REVISION,
        "source": "hub",
        "hub_id": "own/model",
        "files": len(NEEDED),
        "bytes": sum(map(len, NEEDED.values())),
    }
    hub.requests.clear()
    assert find(hub, HF_HUB_OFFLINE="1").split() == sorted(NEEDED)
    assert find(hub).split() == sorted(NEEDED)
    assert hub.requests == []  # a commit doesn't change, so a node with a network doesn't ask either


@pytest.mark.parametrize("offline", ["1", "0"])
def test_what_is_cached_is_not_asked_for_again_nor_read_again(hub, offline):
    fetch(hub)
    first = (hub.home / "models/m/revision.json").read_bytes()
    (hub.home / "models/m/revision.json").unlink()
    hub.requests.clear()
    unread = "import paretoscope.hub\nparetoscope.hub._is_whole = None\n"
    assert fetch(hub, before=unread, HF_HUB_OFFLINE=offline) == "fetched"
    assert (hub.home / "models/m/revision.json").read_bytes() == first
    assert hub.requests == []


def test_the_token_stays_with_the_hub(hub):
    hub.gated = {"own/model"}
    assert fetch(hub, HF_TOKEN="good") == "fetched"
    assert all("authorization" not in {key.lower() for key in headers} for headers in hub.got(SHARDS[0]))


def test_a_transfer_that_breaks_off_is_continued_where_it_stopped(hub):
    megabytes = 2**20
    hub.files["own/model"][SHARDS[0]] = os.urandom(megabytes) * 24
    hub.cuts[SHARDS[0]] = 23 * megabytes
    assert fetch(hub) == "fetched"
    first, second = hub.got(SHARDS[0])
    assert "Range" not in first and second["Range"] == f"bytes={20 * megabytes}-"  # the client takes 10 MiB at a time


def test_a_second_run_keeps_what_the_first_had_finished(hub):
    name = NEEDED[SHARDS[1]]
    hub.refusals[f"/cdn/{tag(SHARDS[1], name)}"] = 404, {}
    assert fetch(hub).startswith("refused: own/model at aaaa")
    assert not (hub.home / "models/m/revision.json").exists()
    assert find(hub).startswith("refused:") and SHARDS[1] in find(hub)
    hub.refusals.clear()
    hub.requests.clear()
    assert fetch(hub) == "fetched"
    assert len(hub.got(SHARDS[1])) == 1 and not hub.got(SHARDS[0]) and not hub.got("config.json")


def test_partial_files_of_killed_processes_are_deleted_and_others_kept(hub):
    blobs = hub.home / "cache/hub/models--own--model/blobs"
    blobs.mkdir(parents=True)
    old, young = blobs / "0.11111111.incomplete", blobs / "0.22222222.incomplete"
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert fetch(hub) == "fetched"
    assert not old.exists() and young.exists()


@pytest.mark.parametrize("name", [SHARDS[1], "config.json", "tokenizer.json"])
def test_a_file_damaged_on_its_way_is_fetched_again(hub, name):
    damaged = bytes(len(NEEDED[name]))
    hub.bodies[name] = [damaged]
    assert fetch(hub) == "fetched"
    assert len(hub.got(name)) == 2
    assert blob(hub, name).read_bytes() == NEEDED[name]


@pytest.mark.parametrize("name", [SHARDS[1], "config.json"])
def test_a_file_damaged_again_is_an_error_that_names_it(hub, name):
    hub.bodies[name] = [bytes(len(NEEDED[name])), b"x" * len(NEEDED[name])]
    answer = fetch(hub)
    assert answer.startswith("refused:") and f"{REVISION}/{name}: its hash isn't the one" in answer
    assert "delete the file, then run again" in answer
    assert not (hub.home / "models/m/revision.json").exists()
    assert fetch(hub) == "fetched"  # it was not taken for whole


@pytest.mark.parametrize("content", [b"", b"first", b"FIRST weights"])
def test_a_file_changed_in_the_cache_is_fetched_again(hub, content):
    fetch(hub)
    blob(hub, SHARDS[0]).write_bytes(content)
    if len(content) != len(NEEDED[SHARDS[0]]):
        told = find(hub)
        assert "it is damaged. Delete models/m/revision.json and run `snakemake --until fetch_model`" in told
        assert f"{SHARDS[0]}: {len(content)} bytes, but 13 when it was fetched" in told
    assert fetch(hub) == "fetched"
    assert blob(hub, SHARDS[0]).read_bytes() == NEEDED[SHARDS[0]]


def test_a_cache_without_links_is_used_though_it_says_no_hashes(hub):
    plain = "import huggingface_hub.file_download as client\nclient.are_symlinks_supported = lambda *_: False\n"
    assert fetch(hub, before=plain) == "fetched"
    assert find(hub).split() == sorted(NEEDED)


def test_weights_that_the_index_names_and_the_repository_lacks_are_told_before_any_is_fetched(hub):
    del hub.files["own/model"][SHARDS[1]]
    answer = fetch(hub)
    assert f"{SHARDS[1]} isn't there, one of 1 of 2 weight files that model.safetensors.index.json names" in answer
    assert not hub.got(SHARDS[0])


def test_pickled_weights_are_not_fetched(hub):
    files = {name: data for name, data in NEEDED.items() if "safetensors" not in name}
    hub.files["own/model"] = {**files, "pytorch_model.bin": b"a pickle"}
    assert "no .safetensors file in Hugging Face format; pickled weights are not read" in fetch(hub)
    assert not hub.got("pytorch_model.bin")


def test_an_unknown_architecture_is_told_before_the_weights_are_fetched(hub):
    hub.files["own/model"]["config.json"] = b'{"model_type": "qwen33"}'
    assert "unknown model_type 'qwen33'" in fetch(hub)
    assert not hub.got(SHARDS[0])


FREE = "import shutil\nfrom types import SimpleNamespace\nshutil.disk_usage = lambda _: SimpleNamespace(free={free})\n"
WEIGHTS = len(NEEDED[SHARDS[0]]) + len(NEEDED[SHARDS[1]])


def test_a_disk_that_is_too_small_is_told_before_the_weights_are_fetched(hub):
    free = 900  # enough for config and index
    hub.files["own/model"][SHARDS[0]] = bytes(5000)
    answer = fetch(hub, before=FREE.format(free=free))
    needed = 5000 + sum(len(NEEDED[name]) for name in (SHARDS[1], "generation_config.json", "tokenizer.json"))
    needed += len(NEEDED["chat_template.jinja"])
    assert f"{needed:,} bytes are to be fetched, and {free} are free in {hub.home}/cache/hub" in answer
    assert "set HF_HOME to a larger disk" in answer
    assert not hub.got(SHARDS[0])


def test_what_is_cached_needs_no_space(hub):
    fetch(hub)
    assert fetch(hub, before=FREE.format(free=0)) == "fetched"


def test_a_disk_that_fills_up_is_told(hub):
    hub.files["own/model"][SHARDS[0]] = bytes(100_000)
    small = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
    answer = fetch(hub, before=small)
    assert "the disk is full" in answer and f"Free some space in {hub.home}/cache/hub or set HF_HOME" in answer
    hub.requests.clear()
    assert fetch(hub) == "fetched"
    assert not hub.got("config.json")


# Refusals.


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"revision": "b" * 40}, "no such commit, or no longer: a rewritten history .* run `make pin`"),
        ({"hub_id": "nobody/model"}, "no such repository, or no access to it. Correct hub_id or log in"),
        (
            {"hub_id": "gated/model"},
            "access is gated, and there is no token. Accept the licence on its page .*gated/model",
        ),
        (
            {"hub_id": "gated/model", "HF_TOKEN": "poor"},
            "account of your token doesn't have it or has lost it. Ask for it",
        ),
        ({"HF_HUB_OFFLINE": "1"}, "not in the cache .*HF_HUB_OFFLINE forbids the network. Run the rules fetch_model"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "the hub can't be reached .*Check the network"),
    ],
)
def test_what_the_hub_refuses_is_told(hub, changes, told):
    hub.files["gated/model"], hub.gated = hub.files["own/model"], {"gated/model"}
    answer = fetch(hub, before=NO_WAITING, **changes)
    assert_told(answer, changes.get("hub_id", "own/model"), told)
    assert not (hub.home / "models").exists()


def assert_told(answer, hub_id, told):
    assert answer.startswith("refused:") and hub_id in answer, answer
    assert re.search(told, answer), answer
    assert "\n" not in answer and len(answer) < 900


@pytest.mark.parametrize(
    ("where", "status", "headers", "token", "told"),
    [
        (
            "/resolve/",
            401,
            {"X-Error-Message": "Invalid credentials in Authorization header"},
            "old",
            "refuses your token .revoked",
        ),
        ("/resolve/", 401, {}, "old", "refuses your token .revoked or expired., or has no such repository"),
        ("/resolve/", 401, {}, None, "no such repository, or no access to it. Correct hub_id or log in"),
        (
            "/resolve/",
            403,
            {"X-Error-Message": "not this one"},
            "narrow",
            "the hub forbids it .*not this one.*right to read gated",
        ),
        ("/resolve/", 429, {}, None, "asks for fewer requests"),
        ("/resolve/", 500, {}, None, "the hub fails, after several attempts .*500.* Run again later"),
        ("/resolve/", 503, {"Retry-After": "1"}, None, "the hub fails, after several attempts .*503"),
        ("/tree/", 403, {"X-Error-Message": "not this one"}, "narrow", "the hub forbids it .*not this one"),
        ("/tree/", 503, {}, None, "the hub fails, after several attempts .*503"),
    ],
)
def test_statuses_are_told_and_retries_end(hub, where, status, headers, token, told):
    hub.refusals[where] = status, headers
    token = {"HF_TOKEN": token} if token else {}
    assert_told(fetch(hub, before=NO_WAITING, **token), "own/model", told)
    assert len(hub.requests) < 60


def test_a_hub_that_fails_for_a_while_is_asked_again(hub):
    """The client itself gives up on a file's contents at the first such answer."""
    hub.refusals[f"/cdn/{tag(SHARDS[1], NEEDED[SHARDS[1]])}"] = 503, {}
    recovering = NO_WAITING + (
        "import paretoscope.hub as hub, urllib.request\n"
        "hub.time = type('Clock', (), {'time': time.time, 'sleep': lambda seconds: urllib.request.urlopen(recover)})\n"
    )
    hub.files["own/recover"] = {}
    address = f"http://127.0.0.1:{hub.server.server_port}/api/models/own/recover"

    class Recover(dict):
        """The refusals, which end once the repository 'recover' is asked for."""

        def items(inner):
            if any(path.endswith("own/recover") for _, path, _ in hub.requests):
                return ()
            return super().items()

    hub.refusals = Recover(hub.refusals)
    assert fetch(hub, before=f"recover = '{address}'\n" + recovering) == "fetched"
    assert len(hub.got(SHARDS[1])) == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        (RuntimeError("Data processing error: No space left on device (os error 28)"), "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "the cache can't be written .*Set HF_HOME"),
        (OSError(errno.EROFS, "Read-only file system"), "the cache can't be written"),
        (TimeoutError("timed out"), "can't be reached"),
        (ValueError("something\n  else"), "ValueError: something else$"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_other_errors_are_told(error, told, wrapped):
    if wrapped:
        outer = RuntimeError(str(error))
        outer.__cause__ = error
        error, told = outer, told.replace("ValueError", "RuntimeError")
    source = {"hub_id": "own/model", "revision": REVISION}
    with pytest.raises(InputError, match=rf"^own/model at {REVISION}: .*{told}"):
        raise hub_module.refusal(error, "model", source)


def test_a_chain_of_causes_that_bites_its_tail_ends():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert "first" in str(hub_module.refusal(first, "dataset", {"hub_id": "own/data", "revision": None}))


# Benchmarks.


def test_a_benchmark_is_loaded_at_its_revision(hub):
    assert load(hub) == "[('a', '1+1?', '2'), ('b', '2+2?', '4')]"
    assert load(hub, HF_HUB_OFFLINE="1") == "[('a', '1+1?', '2'), ('b', '2+2?', '4')]"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hub_id": "nobody/data"}, "no such repository, or no access to it"),
        ({"revision": "b" * 40}, "no such commit, or no longer"),
        ({"split": "train"}, 'ValueError: Unknown split "train"'),
        ({"hub_id": "gated/data"}, "access is gated, and there is no token. .*/datasets/gated/data"),
        ({"hub_id": "gated/data", "HF_TOKEN": "poor"}, "account of your token doesn't have it or has lost it"),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE forbids the network. Run the rules fetch_model and load_benchmark"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "the hub can't be reached"),
    ],
)
def test_a_benchmark_that_is_not_to_be_had_is_told(hub, changes, told):
    hub.files["gated/data"], hub.gated = hub.files["own/data"], {"gated/data"}
    answer = load(hub, before=NO_WAITING, **changes)
    assert_told(answer, f"d.yaml: {changes.get('hub_id', 'own/data')}", told)


@pytest.mark.parametrize(
    ("offline", "told"),
    [("1", "HF_HUB_OFFLINE forbids the network"), ("0", "the hub fails, after several attempts .*503")],
)
def test_another_commit_in_the_cache_is_not_taken_for_the_one_asked_for(hub, offline, told):
    load(hub)
    hub.refusals = dict.fromkeys(("/resolve/", "/api/"), (503, {}))
    answer = load(hub, before=NO_WAITING, revision="b" * 40, HF_HUB_OFFLINE=offline)
    assert_told(answer, f"d.yaml: own/data at {'b' * 40}", told)
