"""What runs our functions, over real HTTP: it does nothing for whoever else reaches its port."""

import asyncio
import json
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from local_stack.servant import first_line, serving
from tests.integration.local_stack.conftest import HANDLERS, Rig
from tests.kit.paths import ROOT

SECRET = "the adapter's secret"
KNOWN = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an adapter that needs no emulator."""
    folder = tmp_path_factory.mktemp("adapter")
    log = folder / "log"
    settings = {
        "PYTHONPATH": f"{ROOT / 'layers'}:{ROOT}",
        "LOCAL_STACK_SECRET": SECRET,
        "LOCAL_STACK_PACKAGES": HANDLERS,
    }
    command: list[str | Path] = [sys.executable, "-m", "local_stack.lambdas", folder]
    with serving(command, log, settings) as process:
        yield first_line(process, log)["url"]


def invocation(handler: str = f"{HANDLERS}.tell", **more: Any) -> str:
    function = {
        "name": "function",
        "handler": handler,
        "timeout_s": 20,
        "memory_mb": 256,
        "concurrency": None,
        "environment": {},
        "aws_url": "http://127.0.0.1:9",
        "image": "",
        **more,
    }
    return json.dumps({"function": function, "event": 7})


def asked(url: str, method: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request(method, "/", body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer the adapter's secrets"}, 401),
        ({"Content-Type": "text/plain"}, 415),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Length": str(9 * 1024 * 1024)}, 413),
    ],
    ids=str,
)
def test_the_adapter_runs_nothing_for_strangers(
    adapter: str, changed: dict[str, str], status: int
) -> None:
    body = "x" * int(changed.get("Content-Length", 0)) or invocation()

    assert asked(adapter, "POST", body, KNOWN | changed)[0] == status
    if status != 413:
        assert json.loads(asked(adapter, "GET", None, KNOWN)[1]) == {}, "nothing was started"


def test_the_adapter_does_not_say_what_runs_to_strangers(adapter: str) -> None:
    assert asked(adapter, "GET", None, {})[0] == 401
    page = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert asked(adapter, "OPTIONS", None, page)[0] == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"handler": "os.system"},
        {"handler": f"{HANDLERS}_of_others.tell"},
        {"handler": f"{HANDLERS}.nothing.tell"},
        {"handler": "functions.status.handler.api"},  # of another stack than this one
        {"name": "../../outside"},
    ],
    ids=str,
)
def test_the_adapter_runs_known_functions_only(adapter: str, changed: dict[str, str]) -> None:
    status, body = asked(adapter, "POST", invocation(**changed), KNOWN)

    assert (status, json.loads(body)["errorType"]) == (200, "Sandbox.Failure")
    assert json.loads(asked(adapter, "GET", None, KNOWN)[1]) == {}


def test_a_function_is_run_for_the_adapter_only(rig: Rig) -> None:
    async def play() -> None:
        once = aiohttp.TCPConnector(force_close=True)
        async with rig.pool("tell") as pool, aiohttp.ClientSession(connector=once) as http:
            slot = await pool._start(pool.function)
            try:
                for strange in (b"2", b'{"secret": "", "event": 2}', b'{"event": 2}'):
                    async with http.post(slot._url, data=strange) as answer:
                        assert json.loads(await answer.read())["errorType"] == "Stranger"
                told = json.loads((await slot.invoke(b"3")).payload)
            finally:
                await slot.end()
            assert (told["event"], told["calls"]) == (3, 1)
            assert slot._secret not in str(told["environment"])

    asyncio.run(play())
