"""A real browser, driven over its debugging port: open a page, do things there, and keep what it complains of."""

import asyncio
import json
import subprocess
import time

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--remote-debugging-port=0"]
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening")


def start(profile):
    """Start a browser with its profile in a folder; return the process and the address of its debugging port."""
    command = ["chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port, deadline = profile / "DevToolsActivePort", time.monotonic() + 60
    while not (port.exists() and port.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process, f"http://127.0.0.1:{port.read_text().split()[0]}"


def visit(address, url, steps, before=()):
    """Open a page in a tab of its own, take steps one after the other, and return their values and all complaints.

    A step is an expression, whose value (awaited, if it is a promise) is returned, or a pair of a command of the
    debugging protocol and its parameters. What the page asks the network for, itself apart, is a complaint too.
    """
    return asyncio.run(_visit(address, url, steps, before))


async def _visit(address, url, steps, before):
    import aiohttp  # a part of the workflow's environment that not every one of them has

    complaints = []
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{address}/json/new?about:blank") as reply:
            target = await reply.json(content_type=None)
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            numbers = iter(range(1, 10_000))

            async def ask(method, parameters=None):
                number = next(numbers)
                await socket.send_str(json.dumps({"id": number, "method": method, "params": parameters or {}}))
                while True:
                    message = json.loads((await socket.receive(timeout=60)).data)
                    if _is_complaint(message, url):
                        complaints.append(message)
                    if message.get("id") == number:
                        assert "error" not in message, message
                        return message["result"]

            async def take(step):
                if not isinstance(step, str):
                    return await ask(*step)
                evaluated = await ask(
                    "Runtime.evaluate", {"expression": step, "returnByValue": True, "awaitPromise": True}
                )
                assert "exceptionDetails" not in evaluated, (step, evaluated["exceptionDetails"])
                return evaluated["result"].get("value")

            for domain in ("Runtime", "Log", "Page", "Network"):
                await ask(f"{domain}.enable")
            for step in before:
                await take(step)
            await ask("Page.navigate", {"url": url})
            while await take("document.readyState") != "complete":
                pass
            values = [await take(step) for step in steps]
        async with session.get(f"{address}/json/close/{target['id']}"):
            pass
    return values, complaints


def _is_complaint(message, url):
    method, parameters = message.get("method"), message.get("params", {})
    if method == "Network.requestWillBeSent":
        return parameters["request"]["url"] not in (url, "about:blank")
    if method == "Runtime.consoleAPICalled":
        return parameters["type"] in ("error", "warning", "assert")
    return method in COMPLAINTS
