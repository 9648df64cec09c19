"""One execution environment of a function: it answers one invocation at a time."""

import asyncio
import socket
from asyncio.subprocess import Process
from pathlib import Path
from time import monotonic
from typing import Final, Self

import aiohttp

from dev_tools import local_callers
from dev_tools.image.unpacked import EXTRA, Unpacked
from dev_tools.local_callers import new_secret
from local_stack.lambdas import families, guarded
from local_stack.lambdas.function import Function, Machine, NotRunnable, environment_of
from local_stack.lambdas.verdict import Verdict, failure, judge_invocation

LOOKS_EVERY_S: Final = 0.2
"""How often a running invocation's memory and time are looked at."""
GRACE_S: Final = 1.0
"""The emulator itself ends what takes too long; without it, or when it fails to, we do."""
START_LIMIT_S: Final = 20.0
START_TRIES: Final = 3
EMULATOR_INSIDE: Final = "aws-lambda-rie"
_INVOCATIONS: Final = "/2015-03-31/functions/function/invocations"
_GUARD: Final = {
    Path(str(one.__file__)): f"{one.__name__.replace('.', '/')}.py"
    for one in (guarded, local_callers)
}
"""What an image has not: the modules that keep strangers away here -> where they lie in it."""


class Slot:
    """A process group that answers over HTTP."""

    def __init__(
        self,
        function: Function,
        process: Process,
        url: str,
        http: aiohttp.ClientSession,
        secret: str,
    ) -> None:
        """`secret` is what the function's process asks of whoever invokes it."""
        self.process = process
        self._function = function
        self._url = url
        self._http = http
        self._secret = secret

    @classmethod
    async def start(cls, function: Function, machine: Machine, http: aiohttp.ClientSession) -> Self:
        """Ready for invocations. Raises NotRunnable."""
        image = machine.images.get(function.image)
        for _ in range(START_TRIES):  # another program may take a port before we do
            port, runtime_port = _free_ports()
            secret = new_secret()
            asked = {guarded.HANDLER: function.handler, guarded.SECRET: secret}
            command = _command(function, machine, port, runtime_port)
            inside = {} if image is None else {"PYTHONPATH": _with_guard(image)}
            with (machine.logs / f"{function.name}.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=machine.root,
                    env=environment_of(function, machine) | inside | asked,
                    start_new_session=True,
                )
            slot = cls(function, process, f"http://127.0.0.1:{port}{_INVOCATIONS}", http, secret)
            try:
                if await slot._listens(port):
                    return slot
            except BaseException:
                await slot.end()
                raise
        raise NotRunnable(f"{function.name}: it does not start; see {machine.logs}")

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None

    async def invoke(self, event: bytes) -> Verdict:
        """How the invocation ended; a failure of whatever kind is a verdict, not an error."""
        told = b'{"secret":"%b","event":%b}' % (self._secret.encode(), event)
        answer = asyncio.ensure_future(self._ask(told))
        ends = monotonic() + self._function.timeout_s + GRACE_S
        try:
            while not (await asyncio.wait({answer}, timeout=LOOKS_EVERY_S))[0]:
                if monotonic() > ends:
                    limit = f"{self._function.timeout_s:.2f} seconds"
                    return failure("Sandbox.Timedout", f"Error: Task timed out after {limit}")
                if await self._eats_too_much():
                    return failure(
                        "Runtime.OutOfMemory",
                        f"Error: Runtime exited with error: signal: killed; it used more than "
                        f"{self._function.memory_mb} MB",
                    )
            return answer.result()
        finally:
            answer.cancel()

    async def end(self) -> None:
        """Kill it and all that it started."""
        await asyncio.to_thread(families.end, self.process.pid)
        await self.process.wait()

    async def _ask(self, event: bytes) -> Verdict:
        try:
            async with self._http.post(self._url, data=event) as answer:
                return judge_invocation(answer.status, await answer.read())
        except aiohttp.ClientError as error:
            return failure("Sandbox.Failure", f"Error: the emulator is gone: {error}")

    async def _eats_too_much(self) -> bool:
        limit, pid = self._function.memory_mb, self.process.pid
        return await asyncio.to_thread(families.memory_mb, pid, of_interest_mb=limit) > limit

    async def _listens(self, port: int) -> bool:
        """False when it ended instead."""
        give_up = monotonic() + START_LIMIT_S
        while self.is_alive and monotonic() < give_up:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return True
        await self.end()
        return False


def _command(function: Function, machine: Machine, port: int, runtime_port: int) -> list[str]:
    image = machine.images.get(function.image)
    if machine.emulator is None:
        return [str(machine.python), "-m", "local_stack.lambdas.plain", guarded.NAME, str(port)]
    emulated = [
        "--log-level=error",
        f"--runtime-interface-emulator-address=127.0.0.1:{port}",
        f"--runtime-api-address=127.0.0.1:{runtime_port}",
    ]
    if image is None:
        entry = [str(machine.python), "-m", "awslambdaric"]
        return [str(machine.emulator), *emulated, *entry, guarded.NAME]
    extra = {machine.emulator: EMULATOR_INSIDE, **_GUARD}
    return image.inside(
        [f"{EXTRA}/{EMULATOR_INSIDE}", *emulated, *image.entrypoint, guarded.NAME], extra=extra
    )


def _with_guard(image: Unpacked) -> str:
    """The image's own path of modules, and where our module is that stands before the handler."""
    return f"{image.environment['PYTHONPATH']}:{EXTRA}"


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
