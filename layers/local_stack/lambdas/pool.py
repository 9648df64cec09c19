"""The execution environments of one function: made on demand, used again, replaced when broken."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from local_stack.lambdas.function import Function, NotRunnable
from local_stack.lambdas.slot import Slot
from local_stack.lambdas.verdict import Verdict

PATIENCE_S: Final = 0.1
"""How long an invocation waits for one that is busy before another one is started: that takes
half a second, and most invocations are over in a few milliseconds."""


class Pool:
    """At most `function.most` slots; each carries out one invocation at a time."""

    def __init__(self, function: Function, start: Callable[[Function], Awaitable[Slot]]) -> None:
        self.function = function
        self.slots: set[Slot] = set()
        self._start = start
        self._idle: list[Slot] = []
        self._waiting: deque[asyncio.Future[Slot]] = deque()
        self._growth: asyncio.Task[None] | None = None
        self._retired = False

    async def invoke(self, event: bytes) -> Verdict:
        """Raises NotRunnable when no slot can be started."""
        slot = await self._taken()
        reusable = False
        try:
            verdict = await slot.invoke(event)
            reusable = verdict.reusable
            return verdict
        finally:
            await self._give_back(slot, reusable)

    async def retire(self) -> None:
        """End what is idle now, and what is busy when it is done."""
        self._retired = True
        idle, self._idle = self._idle, []
        for slot in idle:
            await self._end(slot)

    async def end(self) -> None:
        """End every slot at once."""
        self._retired = True
        if self._growth is not None:
            self._growth.cancel()
            with suppress(asyncio.CancelledError):
                await self._growth
        for slot in list(self.slots):
            await self._end(slot)

    async def _taken(self) -> Slot:
        while self._idle:
            slot = self._idle.pop()  # the last used: the others stay as they are
            if slot.is_alive:
                return slot
            await self._end(slot)
        waiting: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        if self._growth is None or self._growth.done():
            self._growth = asyncio.create_task(self._grow())
        return await waiting

    async def _grow(self) -> None:
        """Start slots, one after the other, for as long as somebody waits too long."""
        while True:
            if self.slots:
                await asyncio.sleep(PATIENCE_S)
            if not self._waiting or len(self.slots) >= self.function.most:
                return
            try:
                slot = await self._start(self.function)
            except NotRunnable as error:
                while self._waiting:
                    self._waiting.popleft().set_exception(error)
                return
            self.slots.add(slot)
            self._offer(slot)

    async def _give_back(self, slot: Slot, reusable: bool) -> None:
        if reusable and slot.is_alive and not self._retired:
            self._offer(slot)
            return
        await self._end(slot)
        if self._waiting and (self._growth is None or self._growth.done()):
            self._growth = asyncio.create_task(self._grow())

    def _offer(self, slot: Slot) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(slot)
                return
        self._idle.append(slot)

    async def _end(self, slot: Slot) -> None:
        await slot.end()
        self.slots.discard(slot)
