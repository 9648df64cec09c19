"""Carries a plan's calls out: several at once, no faster than their pace, while time is left."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from idexx_sync.schedules.mirror.pace import Pace
from idexx_sync.schedules.mirror.plan import Plan
from idexx_sync.schedules.mirror.port import (
    AlreadyThere,
    NotThere,
    Refused,
    Scheduler,
    SchedulerError,
    SlowDown,
)
from idexx_sync.schedules.mirror.wanted import Schedule

MOST_FAILURES: Final = 20
"""In a row: then something is wrong that further calls do not put right."""
_ONES_OWN: Final = "ValidationException"
"""AWS's word for what is wrong with this one call: a zone that it does not know, such as a new one.
It says nothing of the others."""
TOLD_AT_ONCE: Final = 50

Verb = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Call:
    """One thing to do."""

    verb: Verb
    name: str
    schedule: Schedule | None = None
    """None: it is to be deleted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call."""

    call: Call
    result: Literal["done", "failed", "throttled"]
    answered_at: datetime | None = None
    """By AWS's clock; None: it did not say."""
    code: str | None = None
    """AWS's word for why it failed."""


def calls_of(plan: Plan) -> list[Call]:
    """What is there is put right before anything new is made."""
    return [
        *(Call("update", one.name, one) for one in plan.updates),
        *(Call("delete", name) for name in plan.deletes),
        *(Call("create", one.name, one) for one in plan.creates),
    ]


def perform(scheduler: Scheduler, call: Call) -> Outcome:
    """One call, or two where what is there is not what was listed."""
    try:
        return Outcome(call, "done", _done(scheduler, call))
    except SlowDown as error:
        return Outcome(call, "throttled", code=error.code)
    except SchedulerError as error:
        return Outcome(call, "failed", code=error.code)


def _done(scheduler: Scheduler, call: Call) -> datetime | None:
    schedule = call.schedule
    try:
        if schedule is None:
            scheduler.delete(call.name)
            return None
        return scheduler.create(schedule) if call.verb == "create" else scheduler.update(schedule)
    except AlreadyThere:
        if call.verb != "create" or schedule is None:
            raise
        return scheduler.update(schedule)
    except NotThere as error:
        if schedule is None:
            return None
        if call.verb == "create":
            raise Refused(error.code) from None
        return scheduler.create(schedule)


class Carrying:
    """A pass's calls under way; `left` says how many were not carried out in the end."""

    def __init__(
        self,
        scheduler: Scheduler,
        pace: Pace,
        at_once: int,
        time_left: Callable[[], float],
    ) -> None:
        self._scheduler = scheduler
        self._pace = pace
        self._at_once = at_once
        self._time_left = time_left
        self._failures = 0
        """In a row."""
        self._waiting: deque[Call] = deque()
        self._under_way: set[Future[Outcome]] = set()

    @property
    def left(self) -> int:
        """Calls that were not begun, or that AWS said came too fast."""
        return len(self._waiting)

    @property
    def gave_up(self) -> bool:
        return self._failures >= MOST_FAILURES

    def carry_out(self, calls: list[Call]) -> Iterator[list[Outcome]]:
        """Some outcomes at a time, in no order; whoever takes them may write them down meanwhile.

        Those of calls that are to be repeated are not among them.
        """
        self._waiting.extend(calls)
        told: list[Outcome] = []
        with ThreadPoolExecutor(self._at_once, "scheduler") as pool:
            while self._under_way or self._goes_on():
                self._begin(pool)
                told += self._ended()
                if len(told) >= TOLD_AT_ONCE:
                    yield told
                    told = []
        if told:
            yield told

    def _goes_on(self) -> bool:
        return bool(self._waiting) and self._time_left() > 0 and not self.gave_up

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """The next call, if there is room for one and the pace lets it go in time."""
        if len(self._under_way) < self._at_once and self._goes_on():
            self._pace.wait()
            self._under_way.add(pool.submit(perform, self._scheduler, self._waiting.popleft()))

    def _ended(self) -> list[Outcome]:
        """Outcomes of the calls that have ended; waits for one where no other can begin."""
        may_begin = len(self._under_way) < self._at_once and self._goes_on()
        done, self._under_way = wait(
            self._under_way, 0 if may_begin else None, return_when=FIRST_COMPLETED
        )
        return [outcome for one in done if self._counts(outcome := one.result())]

    def _counts(self, outcome: Outcome) -> bool:
        """Whether it is over with the call; else it is called again."""
        if outcome.result == "throttled":
            self._pace.slow_down()
            self._waiting.appendleft(outcome.call)
            return False
        if outcome.result == "done":
            self._pace.went_well()
            self._failures = 0
        elif outcome.code != _ONES_OWN:
            self._failures += 1
        return True
