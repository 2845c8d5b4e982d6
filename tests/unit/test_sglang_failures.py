"""The SGLang engine against servers that fail: what it makes good, what it tells, and that nothing is left behind."""

import os
import signal
import socket
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from paretoscope.cards import check
from paretoscope.engines import sglang as engine_file
from paretoscope.errors import InputError
from paretoscope.schema import Request, Sampling
from paretoscope.serving import client, nvml, process

SCHEMA = {"type": "object", "properties": engine_file.SETTINGS}
SAMPLING = Sampling(temperature=0.6, top_p=0.95, max_new_tokens=60)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(process, "STOP_SECONDS", 1)
    monkeypatch.setattr(process, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(client, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.5)


@pytest.fixture
def engine(stand_in, random_model, tmp_path):
    """Open the engine over the stand-in."""

    def open_engine(sampling=SAMPLING, **settings):
        model = {
            "weights": str(random_model),
            "source": {"path": str(random_model)},
            "chat_template": {},
            "context_length": None,
            "reasoning": None,
            "log": str(tmp_path / "server.log"),
        }
        asked = {"device": "cpu", "python": str(stand_in.python), "concurrency": 8, **settings}
        return engine_file.open_engine(model, sampling, check(asked, SCHEMA, "none"), [])

    return open_engine


@pytest.fixture
def requests():
    """Twenty requests with prompts of their own."""
    texts = [f"Ana has {number} apples. How many apples?" for number in range(10, 30)]
    return [Request(f"p{n}", 0, ({"role": "user", "content": text},), n, f"key {n}") for n, text in enumerate(texts)]


def completions(engine, requests) -> dict:
    return {c.item_id: (c.text, c.completion_tokens) for batch in engine.generate(requests) for c in batch}


@pytest.fixture
def undisturbed(engine, stand_in, requests):
    """What a sound server answers."""
    with engine() as opened:
        answers = completions(opened, requests)
    (stand_in.folder / "starts").unlink()
    (stand_in.folder / "requests.jsonl").unlink()
    return answers


def test_stand_in_answers_every_request_alike(engine, undisturbed, requests):
    with engine() as opened:
        assert completions(opened, requests) == undisturbed
    assert len(undisturbed) == 20
    assert {count <= 60 for _, count in undisturbed.values()} == {True}


# Speculative decoding.


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({}, (None, None, None)),
        ({"spec_verify_ct": 5, "spec_num_proposed_drafts": 15, "spec_num_correct_drafts": 4}, (5, 15, 4)),
        ({"spec_verify_ct": 5, "spec_accept_length": 1.8}, (5, None, None)),  # other versions count less
        ({"spec_verify_ct": "5", "spec_num_proposed_drafts": -1, "spec_num_correct_drafts": 1.5}, (None, None, None)),
    ],
)
def test_what_was_drafted_and_accepted_is_kept(engine, stand_in, requests, told, kept):
    stand_in.faults({"speculation": told})
    with engine() as opened:
        answers = [c for batch in opened.generate(requests) for c in batch]
    assert {(c.verify_steps, c.drafted_tokens, c.accepted_tokens) for c in answers} == {kept}
    assert len(answers) == 20


# Energy.


class Counter:
    """NVML with one GPU that takes a joule each time one looks."""

    def __init__(self):
        self.joules = 0

    def __getattr__(self, name):
        return lambda *_: {"nvmlDeviceGetCount": 1, "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=1)}.get(name, "1")

    def nvmlDeviceGetTotalEnergyConsumption(self, _):
        self.joules += 1
        return 1000 * self.joules


@pytest.mark.parametrize(("faults", "loadings"), [([{}], 1), ([{"die_at": 9}, {}], 2)], ids=["one start", "a restart"])
def test_loading_is_no_part_of_the_energy_of_generating(engine, stand_in, requests, monkeypatch, faults, loadings):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(engine_file, "GpuMeter", lambda count: nvml.GpuMeter(1, Counter()))
    stand_in.faults(*faults)
    with engine() as opened:
        before = opened.costs()
        completions(opened, requests)
        after = opened.costs()
    # Each loading is looked at when it begins and when it ends: a joule each; whoever asks then takes one more.
    assert (before["load_energy_joules"], before["energy_joules"]) == (1, 2)
    assert after["load_energy_joules"] == loadings
    assert after["energy_joules"] == 2 + loadings
    assert "energy_joules" not in after["unmeasured"]


# Made good: everything is answered, and as by a sound server.


@pytest.mark.parametrize(
    "faults",
    [
        [{"out_of_memory_at": 7}],
        [{"die_at": 1}],
        [{"die_at": 12}],
        [{"die_at": 9}, {"die_at": 3}],
        [{"hang_at": 10}],
        [{}, {}],
    ],
    ids=["out of memory", "killed at once", "killed", "killed twice", "hangs", "sound"],
)
def test_server_that_dies_or_hangs_is_started_anew(engine, stand_in, undisturbed, requests, faults):
    stand_in.faults(*faults)
    with engine(stall_seconds=1.5) as opened:
        assert completions(opened, requests) == undisturbed
    assert len(stand_in.starts) == 1 + sum(1 for fault in faults if fault)


@pytest.mark.parametrize("kind", ["status_500", "malformed", "lacking", "wrong_count", "abort", "cut"])
def test_bad_reply_is_asked_for_again(engine, stand_in, undisturbed, requests, kind):
    stand_in.faults({"bad_replies": {"kind": kind, "every": 3, "times": 2}})
    with engine() as opened:
        assert completions(opened, requests) == undisturbed
    assert len(stand_in.starts) == 1
    assert len(stand_in.requests) > 20


def test_taken_port_is_given_up_for_another(engine, stand_in, undisturbed, requests):
    stand_in.faults({"port_taken": True})
    with engine() as opened:
        assert completions(opened, requests) == undisturbed
    ports = [start[start.index("--port") + 1] for start in stand_in.starts]
    assert len(set(ports)) == 2


def test_other_server_on_the_port_is_not_taken_for_ours(engine, stand_in, undisturbed, requests):
    stand_in.faults({"info": {"random_seed": -1}})
    with engine() as opened:
        assert completions(opened, requests) == undisturbed
    assert len(stand_in.starts) == 2


def test_out_of_memory_under_way_lowers_the_memory_fraction(engine, stand_in, requests):
    stand_in.faults({"out_of_memory_at": 7})
    with engine(memory_fraction=0.8) as opened:
        completions(opened, requests)
    fractions = [start[start.index("--mem-fraction-static") + 1] for start in stand_in.starts]
    assert fractions == ["0.8", "0.75"]


# Told.


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"fail_at_start": "out_of_memory"}, "serving.memory_fraction"),
        ({"fail_at_start": "no_memory_for_cache"}, "serving.memory_fraction"),
        ({"fail_at_start": "killed"}, "exit status 1"),
        ({"info": {"dtype": "bfloat16"}}, "dtype = 'bfloat16', not 'float32'"),
        ({"info": {"max_total_num_tokens": 40}}, "key-value cache holds 40"),
    ],
    ids=["out of memory", "no memory for the cache", "killed", "other precision", "small cache"],
)
def test_server_that_cannot_serve_is_an_error(engine, stand_in, requests, fault, told):
    stand_in.faults(*[fault] * 3)
    with pytest.raises(InputError, match=told), engine(dtype="float32") as opened:
        completions(opened, requests)


def test_slow_start_is_an_error_after_a_while(engine, stand_in):
    stand_in.faults({"start_seconds": 30})
    begun = time.monotonic()
    with pytest.raises(InputError, match="within 1 s"), engine(start_seconds=1):
        pass
    assert time.monotonic() - begun < 10


def test_server_that_keeps_dying_is_given_up(engine, stand_in, requests):
    stand_in.faults(*[{"die_at": 1}] * 5)
    with pytest.raises(InputError, match=r"failed 3 times in a row with 20 completions missing"), engine() as opened:
        completions(opened, requests)
    assert len(stand_in.starts) == 3


def test_reply_that_stays_bad_fails_alone(engine, stand_in, undisturbed, requests):
    stand_in.faults({"bad_replies": {"kind": "status_500", "every": 7, "times": 99}})
    got = {}
    with pytest.raises(InputError, match="HTTP 500: Internal Server Error"), engine(retries=1) as opened:
        for batch in opened.generate(requests):
            got |= {c.item_id: (c.text, c.completion_tokens) for c in batch}
    assert 0 < len(got) < 20
    assert got.items() < undisturbed.items()


# Nothing is left behind.


@pytest.mark.parametrize(
    "fault",
    [{}, {"ignore_sigterm": True}, {"leave_child": True}, {"ignore_sigterm": True, "leave_child": True}],
    ids=["sound", "ignores SIGTERM", "leaves a child", "both"],
)
def test_no_process_outlives_the_engine(engine, stand_in, requests, fault):
    stand_in.faults(fault)
    with engine() as opened:
        completions(opened, requests[:3])
        assert len(stand_in.running) == (2 if "leave_child" in fault else 1)
    assert not stand_in.running


def test_server_dies_with_the_process_that_started_it(engine, stand_in):
    child = os.fork()
    if not child:
        with engine():
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    deadline = time.monotonic() + 5
    while stand_in.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(stand_in.starts) == 1
    assert not stand_in.running


def test_stopped_in_the_middle_leaves_nothing(engine, stand_in, requests):
    stand_in.faults({"token_seconds": 0.05})
    with pytest.raises(KeyboardInterrupt), engine() as opened:
        next(opened.generate(requests))
        raise KeyboardInterrupt
    assert not stand_in.running


def test_port_is_free_again(engine, stand_in):
    with engine():
        start = stand_in.starts[0]
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(start[start.index("--port") + 1])))


# Choices.


def test_choices_are_sent_as_a_regular_expression_and_no_others_are(engine, stand_in, requests):
    held = [replace(request, choices=("1", "0")) for request in requests[:10]]
    with engine() as opened:
        answers = completions(opened, [*held, *requests[10:]])
    assert [answers[request.item_id] for request in held] == [("1", 2)] * 10
    sent = [body["sampling_params"].get("regex") for body in stand_in.requests]
    assert (sent.count("(1|0)"), sent.count(None)) == (10, 10)


def test_a_server_that_takes_no_notice_of_choices_is_told(engine, stand_in, requests):
    stand_in.faults({"ignore_regex": True})
    held = [replace(request, choices=("1", "0")) for request in requests]
    with engine() as opened, pytest.raises(InputError, match=r"where only 1 or 0 was allowed; is its grammar_backend"):
        completions(opened, held)
