"""What becomes of ticks that meet busy workers: handed over directly, or by a queue. Pure.

*Direct*: Scheduler invokes the worker asynchronously. A tick that finds no free slot comes back
after 1 s, 2 s, 4 s and so on up to 5 minutes, give or take a jitter, and is dropped once it would
be older than its event may be. *Queue*: it waits in SQS, and the oldest one gets the slot that
becomes free.

Left out, all in favour of *direct*: Lambda reads a long queue more slowly, and may delete events
from it. Left out, too: cold starts, and the seconds in which an event source mapping goes from five
invocations at once to more.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random
from typing import Final, Literal

from dev_tools.tick_model.fleet import Durations, Tick
from idexx_sync.core.catalog import SyncName

Way = Literal["direct", "queue"]
LONGEST_BACKOFF_S: Final = 300
JITTER: Final = 0.1
"""By how much of itself such a pause is longer or shorter. AWS says nothing of it, and the figures
of *direct* hang on it: those who come back in step find the same slots busy again."""
LEASE_WAIT_S: Final = 60
"""How long a run waits for another one of its clinic, in its slot (`OVERLAP_WAIT_S`)."""
LEAST_STALE_S: Final = 300
"""A tick is not stale sooner, however soon its schedule's next one comes."""
SKIPPED_S: Final = 0.1
"""What a run takes that finds itself stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One sync's function."""

    slots: int
    """Runs at once."""
    event_age_s: float
    """How old an event may become that was handed over directly; a queue keeps it for days."""
    again_after_s: tuple[float, ...]
    """How long after its first failure, its second … a run comes again."""
    durations: Durations
    failing: float = 0.01
    """Share of attempts that a retry may heal: an assumption."""


@dataclass(slots=True)
class Outcome:
    """What became of one sync's ticks; each is counted under one of the first five."""

    ran: int = 0
    stale: int = 0
    """Began after their schedule's next time: skipped, because the next one does their work."""
    overlapped: int = 0
    """Met another run of their clinic for longer than one waits for it."""
    dropped: int = 0
    """Given up before they began."""
    failed: int = 0
    """Failed as often as they are tried."""
    oldest_s: float = 0
    """How long one has waited for a slot at most."""
    peak: int = 0
    """Slots in use at once, at most."""
    busy_s: float = 0
    """Time in slots, of all of them together."""

    @property
    def ticks(self) -> int:
        return self.ran + self.stale + self.overlapped + self.dropped + self.failed


@dataclass(slots=True)
class _Event:
    tick: Tick
    since: float
    """From when on it has been waiting for a slot."""
    failures: int = 0
    throttled: int = 0


@dataclass(slots=True)
class _Slots:
    """One worker's slots, and what waits for them in a queue."""

    worker: Worker
    in_use: int = 0
    waiting: deque[_Event] = field(default_factory=deque)
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def is_free(self) -> bool:
        return self.in_use < self.worker.slots


_Step = Callable[[float, _Event], None]


class _Model:
    def __init__(
        self, way: Way, workers: Mapping[SyncName, Worker], seed: int, jitter: float
    ) -> None:
        self._way, self._jitter = way, jitter
        self._random, self._numbers = Random(seed), count()
        self._slots = {sync: _Slots(worker) for sync, worker in workers.items()}
        self._lease_free: dict[int, float] = {}
        """Clinic -> when its lease is free again."""
        self._steps: list[tuple[float, int, _Step, _Event]] = []

    def run(self, ticks: Iterable[Tick]) -> dict[SyncName, Outcome]:
        for tick in ticks:
            if tick.sync in self._slots:
                event = _Event(tick, tick.fired)
                self._steps.append((tick.fired, next(self._numbers), self._arrive, event))
        heapify(self._steps)
        while self._steps:
            at, _, step, event = heappop(self._steps)
            step(at, event)
        return {sync: slots.outcome for sync, slots in self._slots.items()}

    def _later(self, at: float, step: _Step, event: _Event) -> None:
        heappush(self._steps, (at, next(self._numbers), step, event))

    def _arrive(self, at: float, event: _Event) -> None:
        slots = self._slots[event.tick.sync]
        if slots.is_free:
            self._begin(at, event)
        elif self._way == "queue":
            slots.waiting.append(event)
        else:
            self._throttle(at, event)

    def _throttle(self, at: float, event: _Event) -> None:
        slots = self._slots[event.tick.sync]
        pause = min(2**event.throttled, LONGEST_BACKOFF_S)
        back = at + pause * self._random.uniform(1 - self._jitter, 1 + self._jitter)
        event.throttled += 1
        gone = event.tick.fired + slots.worker.event_age_s
        if back > gone:
            slots.outcome.dropped += 1
            slots.outcome.oldest_s = max(slots.outcome.oldest_s, gone - event.since)
        else:
            self._later(back, self._arrive, event)

    def _begin(self, at: float, event: _Event) -> None:
        slots, tick = self._slots[event.tick.sync], event.tick
        outcome = slots.outcome
        slots.in_use += 1
        outcome.peak = max(outcome.peak, slots.in_use)
        outcome.oldest_s = max(outcome.oldest_s, at - event.since)
        lease = max(at, self._lease_free.get(tick.clinic, at))
        if at > tick.following and at - tick.due >= LEAST_STALE_S:
            outcome.stale += 1
            until, step = at + SKIPPED_S, self._leave
        elif lease - at > LEASE_WAIT_S:
            outcome.overlapped += 1
            until, step = at + LEASE_WAIT_S, self._leave
        else:
            until, step = lease + slots.worker.durations.one(self._random), self._end
            self._lease_free[tick.clinic] = until
        outcome.busy_s += until - at
        self._later(until, step, event)

    def _end(self, at: float, event: _Event) -> None:
        slots = self._slots[event.tick.sync]
        again = slots.worker.again_after_s
        if self._random.random() >= slots.worker.failing:
            slots.outcome.ran += 1
        elif event.failures == len(again):
            slots.outcome.failed += 1
        else:
            back = at + again[event.failures]
            event.failures, event.throttled, event.since = event.failures + 1, 0, back
            self._later(back, self._arrive, event)
        self._leave(at, event)

    def _leave(self, at: float, event: _Event) -> None:
        slots = self._slots[event.tick.sync]
        slots.in_use -= 1
        if slots.waiting:
            self._begin(at, slots.waiting.popleft())


def simulate(
    way: Way,
    workers: Mapping[SyncName, Worker],
    ticks: Iterable[Tick],
    seed: int,
    jitter: float = JITTER,
) -> dict[SyncName, Outcome]:
    """What becomes of each sync's ticks, until the last of them has ended."""
    return _Model(way, workers, seed, jitter).run(ticks)
