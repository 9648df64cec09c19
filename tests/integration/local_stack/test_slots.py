"""Execution environments: made on demand, used again, replaced when they are broken."""

import asyncio
import json
import os
import signal
import time
from typing import Any
from uuid import uuid4

from local_stack.lambdas.pool import Pool
from tests.integration.local_stack.conftest import Rig
from tests.kit.processes import running_with


async def answer(pool: Pool, event: Any) -> Any:
    verdict = await pool.invoke(json.dumps(event).encode())
    assert not verdict.failed, verdict.payload
    return json.loads(verdict.payload)


async def error(pool: Pool, event: Any) -> tuple[str, str]:
    verdict = await pool.invoke(json.dumps(event).encode())
    assert verdict.failed
    payload = json.loads(verdict.payload)
    return payload["errorType"], payload["errorMessage"]


def test_a_slot_is_used_again(rig: Rig) -> None:
    async def play() -> None:
        async with rig.pool("tell") as pool:
            first, second = await answer(pool, {"n": 1}), await answer(pool, {"n": 2})
            assert second["event"] == {"n": 2}
            assert (second["pid"], second["calls"]) == (first["pid"], 2)
            assert 0 < second["left_ms"] <= 20_000

    asyncio.run(play())
    assert rig.started == 1


def test_a_function_finds_its_own_environment_and_of_the_machines_only_path(rig: Rig) -> None:
    os.environ["NOT_FOR_FUNCTIONS"] = "secret"

    async def play() -> None:
        async with rig.pool("tell") as pool:
            environment = (await answer(pool, None))["environment"]
            assert environment["GIVEN"] == "yes"
            assert environment["PATH"] == os.environ["PATH"]
            assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
            assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "function"
            lambdas_own = ("AWS_", "_HANDLER", "GIVEN", "PATH", "LC_CTYPE", "TZ", "LAMBDA_")
            assert [name for name in environment if not name.startswith(lambdas_own)] == []

    try:
        asyncio.run(play())
    finally:
        del os.environ["NOT_FOR_FUNCTIONS"]


def test_long_invocations_run_side_by_side_up_to_the_limit(rig: Rig) -> None:
    async def play() -> None:
        async with rig.pool("wait", most=2) as pool:
            answers = await asyncio.gather(*(answer(pool, 0.6) for _ in range(4)))
            assert len({one["pid"] for one in answers}) == 2
            assert len(pool.slots) == 2

    asyncio.run(play())
    assert rig.started == 2


def test_short_invocations_at_once_share_a_slot(rig: Rig) -> None:
    async def play() -> None:
        async with rig.pool("tell") as pool:
            await answer(pool, 0)
            began = time.monotonic()
            await asyncio.gather(*(answer(pool, number) for number in range(5)))
            if time.monotonic() - began < 0.1:  # a busy machine may have needed a second one
                assert len(pool.slots) == 1

    asyncio.run(play())


def test_a_handler_that_raises_keeps_its_slot(rig: Rig) -> None:
    async def play() -> None:
        async with rig.pool("refuse") as pool:
            assert await error(pool, 1) == ("ValueError", "call 1")
            assert await error(pool, 2) == ("ValueError", "call 2")

    asyncio.run(play())
    assert rig.started == 1


def test_a_dead_slot_is_replaced(rig: Rig) -> None:
    async def play() -> None:
        async with rig.pool("leave") as pool:
            for _ in range(2):
                kind, _message = await error(pool, None)
                assert kind in ("Runtime.ExitError", "Sandbox.Failure")
                assert pool.slots == set()

    asyncio.run(play())
    assert rig.started == 2


def test_what_takes_too_long_is_ended_with_all_it_started(rig: Rig) -> None:
    mark = str(uuid4())

    async def play() -> None:
        async with rig.pool("hang_with_a_child", timeout_s=1) as pool:
            kind, message = await error(pool, mark)
            assert kind == "Sandbox.Timedout"
            assert "timed out after 1.00 seconds" in message

    asyncio.run(play())
    if rig.machine.emulator is None:  # else it has ended the handler before us: see tests/e2e
        assert not running_with(mark)
    for pid in running_with(mark):
        os.kill(pid, signal.SIGKILL)


def test_a_function_that_eats_more_than_its_memory_is_killed(rig: Rig) -> None:
    async def play() -> None:
        async with rig.pool("eat", memory_mb=150) as pool:
            kind, message = await error(pool, None)
            assert kind == "Runtime.OutOfMemory"
            assert "more than 150 MB" in message

    asyncio.run(play())


def test_a_retired_pool_ends_what_is_busy_when_it_is_done(rig: Rig) -> None:
    async def play() -> None:
        async with rig.pool("wait") as pool:
            await answer(pool, 0)
            busy = asyncio.create_task(answer(pool, 0.5))
            await asyncio.sleep(0.1)
            await pool.retire()
            assert len(pool.slots) == 1
            await busy
            assert pool.slots == set()

    asyncio.run(play())
