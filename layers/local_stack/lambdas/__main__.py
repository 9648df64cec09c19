"""The adapter: takes invocations from the simulated AWS and has the functions' slots answer them.

`python -m local_stack.lambdas LOGS [EMULATOR]`. The first line of its standard output names its
address. It listens on the loopback only, answers whoever knows the secret that its environment
holds, and no web page, and runs a handler only if it lies below one of its packages. It ends when
its standard input closes, and with it every slot. It is two processes: one that serves, and its
parent, which ends the slots should that one be killed.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from dev_tools.image.unpacked import Unpacked
from dev_tools.local_callers import is_secret, why_strange
from idexx_sync.pims.neo.login.run_folder import sweep
from local_stack.lambdas import families
from local_stack.lambdas.function import Function, Machine, NotRunnable
from local_stack.lambdas.pool import Pool
from local_stack.lambdas.slot import Slot
from local_stack.lambdas.verdict import Verdict, failure

ROOT = Path(__file__).resolve().parents[3]
LARGEST_EVENT = 8 * 1024 * 1024
SECRET, PACKAGES = "LOCAL_STACK_SECRET", "LOCAL_STACK_PACKAGES"
"""Variables: the secret of this start, and below which packages handlers lie."""
IMAGES, IMAGE_FOLDER = "LOCAL_STACK_IMAGES", "LOCAL_STACK_IMAGE_FOLDER"
"""Variables: tag of an image -> its target, as JSON; and where the targets lie unpacked."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Adapter:
    def __init__(self, machine: Machine, http: aiohttp.ClientSession) -> None:
        self._machine = machine
        self._http = http
        self._pools: dict[str, Pool] = {}
        self._turn = asyncio.Lock()
        """Of starting and burying: what starts is no orphan."""

    async def invoke(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        asked = await request.json()
        verdict = await self._verdict(asked)
        headers = {"Content-Type": "application/json"}
        if verdict.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if not verdict.reusable:
            await self._bury()
        return web.Response(body=verdict.payload, headers=headers)

    async def slots(self, _request: web.Request) -> web.Response:
        """Function -> process ids of its slots."""
        pids = {
            name: [slot.process.pid for slot in pool.slots] for name, pool in self._pools.items()
        }
        return web.json_response(pids)

    @web.middleware
    async def only_ours(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answers who knows the secret, and no page of a browser even then."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if "origin" in headers or why_strange(headers, _port_of(request)) is not None:
            raise web.HTTPForbidden
        if not is_secret(given, self._machine.secret):
            raise web.HTTPUnauthorized
        return await handler(request)

    async def end(self) -> None:
        for pool in self._pools.values():
            await pool.end()
        families.end_orphans(set())

    sweep()

    async def _verdict(self, asked: dict[str, object]) -> Verdict:
        try:
            function = Function.of(asked["function"], self._machine)  # type: ignore[arg-type]
            pool = await self._pool(function)
            return await pool.invoke(json.dumps(asked["event"]).encode())
        except NotRunnable as error:
            return failure("Sandbox.Failure", str(error))

    async def _pool(self, function: Function) -> Pool:
        """The function's; what was deployed before under its name is ended."""
        pool = self._pools.get(function.name)
        if pool is None or pool.function != function:
            self._pools[function.name] = Pool(function, self._started)
            if pool is not None:
                await pool.retire()
        return self._pools[function.name]

    async def _started(self, function: Function) -> Slot:
        async with self._turn:
            return await Slot.start(function, self._machine, self._http)

    async def _bury(self) -> None:
        """What a killed invocation left behind, a browser for one, has become ours."""
        async with self._turn:
            ours = {slot.process.pid for pool in self._pools.values() for slot in pool.slots}
            await asyncio.to_thread(families.end_orphans, ours)


def _port_of(request: web.Request) -> int:
    """Of ours, that was called."""
    assert request.transport is not None
    port: int = request.transport.get_extra_info("sockname")[1]
    return port


async def serve(machine: Machine) -> None:
    families.adopt_orphans()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(0, 1024) else over.set())
    no_limit = aiohttp.ClientTimeout(total=None)
    connections = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=no_limit, connector=connections) as http:
        adapter = Adapter(machine, http)
        app = web.Application(client_max_size=LARGEST_EVENT, middlewares=[adapter.only_ours])
        app.add_routes([web.post("/", adapter.invoke), web.get("/", adapter.slots)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
            await over.wait()
        finally:
            await adapter.end()
            await runner.cleanup()


def keep(serve_here: Callable[[], None]) -> None:
    """Serve in a child, and end what that leaves behind: all of it falls to us, its next of kin.

    A function that is killed leaves its browser's folder; on AWS that goes with its machine.
    """
    families.adopt_orphans()
    if (child := os.fork()) == 0:
        serve_here()
        return
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    os.close(sys.stdout.fileno())
    os.waitpid(child, 0)
    families.end_orphans(set())
    sweep()


def images(told: str, folder: str) -> dict[str, Unpacked]:
    """Tag -> file system."""
    return {tag: Unpacked.kept(Path(folder), target) for tag, target in json.loads(told).items()}


if __name__ == "__main__":
    given = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    machine = Machine(
        Path(sys.executable),
        ROOT,
        given,
        Path(sys.argv[1]),
        os.environ.pop(SECRET),
        tuple(os.environ.pop(PACKAGES, "functions").split()),
        images(os.environ.pop(IMAGES, "{}"), os.environ.pop(IMAGE_FOLDER, "")),
    )
    keep(lambda: asyncio.run(serve(machine)))
