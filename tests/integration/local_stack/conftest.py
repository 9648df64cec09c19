"""Functions that run here, under the emulator and without it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dev_tools.emulator import installed_tools
from local_stack.lambdas.function import Function, Machine
from local_stack.lambdas.pool import Pool
from local_stack.lambdas.slot import Slot
from tests.kit.paths import ROOT

HANDLERS = "tests.integration.local_stack.handlers"


@dataclass
class Rig:
    """Pools of the test's own."""

    machine: Machine
    started: int = field(default=0)

    @asynccontextmanager
    async def pool(self, handler: str, **more: Any) -> AsyncIterator[Pool]:
        function = Function(
            name="function",
            handler=f"{HANDLERS}.{handler}",
            timeout_s=more.pop("timeout_s", 20),
            memory_mb=more.pop("memory_mb", 256),
            most=more.pop("most", 10),
            environment=(("GIVEN", "yes"),),
            aws_url="http://127.0.0.1:9",
            image="",
        )
        async with aiohttp.ClientSession() as http:

            async def start(wanted: Function) -> Slot:
                self.started += 1
                return await Slot.start(wanted, self.machine, http)

            pool = Pool(function, start)
            try:
                yield pool
            finally:
                await pool.end()


@pytest.fixture(params=["emulator", "plain"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    emulator = installed_tools().emulator if request.param == "emulator" else None
    if request.param == "emulator" and emulator is None:
        pytest.skip("Lambda's runtime emulator does not exist for this machine")
    return Rig(Machine(Path(sys.executable), ROOT, emulator, tmp_path, "a secret", (HANDLERS,)))
