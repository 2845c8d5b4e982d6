"""Many requests at a time to one server, each streamed, with progress watched and failures retried.

Replies are streamed so that the time to the first token is seen, and so that a server which hangs can be told from one
that is busy: it is given up when no request at all has got a new token for a while.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..errors import InputError
from .process import ServerDied

log = logging.getLogger(__name__)

LARGEST_REPLY = 2**27
"""Bytes of one reply that are read; a server that sends more is broken."""
WAIT_SECONDS = 0.5
"""How often the server is looked after while no request finishes."""
MOST_FAILURES = 20
"""Requests that may fail for good before the rest is given up too."""
GRACE_SECONDS = 2
"""After a lost connection: time for the death of a server to become visible, before the request is sent again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The last message of a streamed reply, and when it came."""

    body: dict
    latency_seconds: float
    first_token_seconds: float


class BadReply(Exception):
    """The server's answer to one request is no use; another try may get a better one."""


class Lost(Exception):
    """The connection broke."""


def get_json(url: str, seconds: float = 10) -> dict:
    """Return what a server answers at ``url``.

    Raises
    ------
    OSError
        It doesn't answer, or with an error.
    ValueError
        It doesn't answer with JSON.
    """
    return json.loads(_get(url, seconds)[1])


def answers(url: str, seconds: float = 10) -> bool:
    """Return whether a server answers at ``url`` with success."""
    try:
        return _get(url, seconds)[0] == 200
    except (OSError, ValueError):
        return False


def _get(url: str, seconds: float) -> tuple[int, bytes]:
    """Return status and body of what a server answers; OSError where that is an error."""
    # No proxy: the server is on this machine or named by the study.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=seconds) as reply:
        return reply.status, reply.read(LARGEST_REPLY)


def stream_replies(
    url: str,
    requests: Iterable[tuple],
    *,
    concurrency: int,
    retries: int,
    stall_seconds: float,
    check_reply: Callable,
    check_server: Callable[[], None],
) -> Iterator[list]:
    """Send requests and yield what came of them, a list at a time, as they finish.

    Parameters
    ----------
    url : str
        Where requests are posted to.
    requests : iterable of (name, body, context)
        ``name`` for messages; ``body`` is sent as JSON. Taken one by one as there is room.
    concurrency : int
        Requests under way at a time.
    retries : int
        Further tries of a request that gets an error or a bad reply.
    stall_seconds : float
        Without a new token anywhere for this long, the server counts as hung.
    check_reply : callable
        ``check_reply(context, reply)`` returns the result, or raises :class:`BadReply`.
    check_server : callable
        Raises :class:`ServerDied` when the server has ended; called when a connection breaks and every now and then.

    Raises
    ------
    InputError
        Some requests failed for good; all others were answered before, unless there are many such.
    ServerDied
        The server ended or hangs. What was yielded before is whole; the rest is to be asked again.
    """
    watch, failures = _Watch(stall_seconds), []
    requests = iter(requests)
    with asyncio.Runner() as runner:
        client = _Client(url, retries, check_reply, watch)
        runner.run(client.open(concurrency))
        tasks: set[asyncio.Task] = set()
        try:
            exhausted = False
            while tasks or not exhausted:
                while not exhausted and len(tasks) < concurrency:
                    request = next(requests, None)
                    exhausted = request is None
                    if not exhausted:
                        tasks.add(runner.get_loop().create_task(client.ask(*request)))
                done, tasks = runner.run(_first_of(tasks)) if tasks else (set(), tasks)
                failures += [task.exception() for task in done if task.exception()]
                results = [task.result() for task in done if not task.exception()]
                if results:
                    watch.beat()
                    yield results
                _check_failures(failures, at_end=exhausted and not tasks)
                check_server()
                watch.check()
        finally:
            for task in tasks:
                task.cancel()
            runner.run(client.close())


def _check_failures(failures: list[BaseException], at_end: bool) -> None:
    """Raise what failed once all else is done; at once if it isn't the request's own fault, or too much fails."""
    for failure in failures:
        if not isinstance(failure, InputError):
            raise failure
    if failures and (at_end or len(failures) >= MOST_FAILURES):
        others = f" ({len(failures) - 1} other requests failed too)" if len(failures) > 1 else ""
        raise InputError(f"{failures[0]}{others}. What was finished is kept.")


async def _first_of(tasks: set) -> tuple[set, set]:
    return await asyncio.wait(tasks, timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)


class _Watch:
    """Knows when the last token came."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.beat()

    def beat(self) -> None:
        self.last = time.monotonic()

    def check(self) -> None:
        if time.monotonic() - self.last > self.seconds:
            raise ServerDied(f"The server hangs: no new token for {self.seconds:.0f} s (engine.stall_seconds).", "hang")


class _Client:
    def __init__(self, url: str, retries: int, check_reply: Callable, watch: _Watch):
        self.url, self.retries, self.check_reply, self.watch = url, retries, check_reply, watch

    async def open(self, concurrency: int) -> None:
        import aiohttp

        # No limit on the whole: a long completion takes hours, and the watch sees a server that hangs.
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=concurrency, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
        )

    async def close(self) -> None:
        await self.session.close()

    async def ask(self, name: str, body: dict, context):
        """Return the checked result of one request; InputError when it failed every time."""
        for attempt in range(self.retries + 1):
            if attempt:
                await asyncio.sleep(GRACE_SECONDS if isinstance(error, Lost) else min(0.1 * 2**attempt, 5))
            try:
                return self.check_reply(context, await self.stream(body))
            except (BadReply, Lost) as failure:
                error = failure
                log.info("%s, try %d: %s", name, attempt + 1, error)
        raise InputError(f"{name}: the server failed {self.retries + 1} times, last: {error}")

    async def stream(self, body: dict) -> Reply:
        """Post a request and read its reply as server-sent events."""
        import aiohttp

        started, first, last, rest, size = time.monotonic(), None, b"", b"", 0
        try:
            async with self.session.post(self.url, json={**body, "stream": True}) as response:
                if response.status != 200:
                    raise _refusal(response.status, await response.content.read(2000))
                async for chunk in response.content.iter_any():
                    self.watch.beat()
                    size += len(chunk)
                    *events, rest = (rest + chunk).split(b"\n\n")
                    for event in events:
                        if event.startswith(b"data:") and event != b"data: [DONE]":
                            first, last = first or time.monotonic(), event[len(b"data:") :]
                    if size > LARGEST_REPLY * 16 or len(rest) > LARGEST_REPLY:
                        raise BadReply("the reply has no end")
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            raise Lost(f"the connection broke ({type(error).__name__}: {error})") from error
        if first is None:
            raise BadReply("the reply is empty")
        return Reply(_parsed(last), time.monotonic() - started, first - started)


def _parsed(text: bytes) -> dict:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise BadReply(f"the reply isn't JSON: {text[:200]!r}") from error
    if not isinstance(body, dict):
        raise BadReply(f"the reply isn't an object: {text[:200]!r}")
    if "error" in body:
        problem = body["error"] if isinstance(body["error"], dict) else {"message": body["error"]}
        raise _refusal(problem.get("code", 500), str(problem.get("message")).encode())
    return body


def _refusal(status, text: bytes) -> Exception:
    """Return what an error status means: asking again helps unless the request itself is refused."""
    message = f"HTTP {status}: {text[:500].decode('utf-8', errors='replace')}"
    if status in (400, 404, 413, 422):
        return InputError(f"the server refuses the request ({message})")
    return BadReply(message)
