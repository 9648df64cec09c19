"""One pass of the mirror: EventBridge Scheduler becomes what the clinics' rows say.

What was written is remembered in small parts, so that a pass may be killed between any two calls:
the next one sees by itself what is still to be done.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep
from typing import Final
from uuid import UUID

from idexx_sync.core.errors import ConfigurationInvalid, DeadlineExceeded
from idexx_sync.database.connection import Conn
from idexx_sync.schedules.mirror import mirror_store
from idexx_sync.schedules.mirror.calls import Call, Carrying, Outcome, calls_of
from idexx_sync.schedules.mirror.names import prefix_of
from idexx_sync.schedules.mirror.pace import Pace
from idexx_sync.schedules.mirror.plan import Listed, Plan, plan
from idexx_sync.schedules.mirror.port import (
    ListedPage,
    Scheduler,
    SchedulerError,
    SlowDown,
    Unanswered,
)
from idexx_sync.schedules.mirror.wanted import Finding, Targets, Wanted, wanted_of

RESERVE_S: Final = 12.0
"""What a pass leaves of its time: for the calls that are under way, and for writing them down."""
LISTING_TRIES: Final = 3
"""Of one page that nobody answers."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one pass is about."""

    clinic_id: UUID | None = None
    """None: all clinics."""
    dry_run: bool = False
    """Nothing is called but the list, and nothing remembered."""
    force: bool = False
    """Any number of schedules may be deleted."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What one pass did, or would do."""

    calls: tuple[Call, ...]
    """What was to be done."""
    counts: dict[str, int]
    """What became of it; what was not done at all is left out."""
    failures: dict[str, int]
    """AWS's word -> how many calls failed with it."""
    findings: tuple[Finding, ...]
    withheld: tuple[str, ...]
    foreign: tuple[str, ...]
    complete: bool
    """Whether Scheduler now has all that is wanted, as far as the rows can be read."""

    @property
    def stuck(self) -> int:
        """Schedules that a person has to look at if the next passes do not get further either."""
        return sum(self.failures.values()) + len(self.withheld) + len(self.foreign)


@dataclass(frozen=True)
class Mirror:
    """What a pass needs besides the database."""

    scheduler: Scheduler
    targets: Targets
    per_second: float
    """Calls at most."""
    at_once: int
    elapsed: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep

    def __call__(self, conn: Conn, order: Order, time_left: Callable[[], float]) -> Mirrored:
        """One pass; `time_left` are the seconds until whoever calls has to be done.

        Raises ConfigurationInvalid where we may not list the schedules, DeadlineExceeded where
        AWS does not list them in time, and DatabaseUnavailable.
        """

        def left() -> float:
            return time_left() - RESERVE_S

        pace = Pace(self.per_second, self.elapsed, self.sleep)
        prefix = None if order.clinic_id is None else prefix_of(order.clinic_id)
        listed = list(self._listed(prefix, pace, left))
        wanted = wanted_of(mirror_store.clinic_rows(conn, order.clinic_id), self.targets)
        remembered = mirror_store.remembered(conn, order.clinic_id)
        planned = plan(wanted, listed, remembered, mirror_store.fleet(conn), force=order.force)
        carrying = Carrying(self.scheduler, pace, self.at_once, left)
        outcomes = [] if order.dry_run else list(self._carried_out(conn, planned, carrying))
        return _told(planned, wanted, outcomes, carrying.left)

    def _listed(
        self, prefix: str | None, pace: Pace, left: Callable[[], float]
    ) -> Iterator[Listed]:
        """All of them, or an error: who would take a part for all would make the rest anew."""
        token: str | None = None
        while True:
            page = self._page(prefix, token, pace, left)
            yield from page.schedules
            token = page.next_token
            if token is None:
                return

    def _page(
        self, prefix: str | None, token: str | None, pace: Pace, left: Callable[[], float]
    ) -> ListedPage:
        tries = 0
        while left() > 0:
            pace.wait()
            try:
                page = self.scheduler.page(prefix, token)
            except SlowDown:
                pace.slow_down()
            except Unanswered as error:
                tries += 1
                if tries >= LISTING_TRIES:
                    raise _not_listed(error.code) from None
            except SchedulerError as error:
                raise _not_allowed(error.code) from None
            else:
                pace.went_well()
                return page
        raise _not_listed("no time left")

    def _carried_out(self, conn: Conn, planned: Plan, carrying: Carrying) -> Iterator[Outcome]:
        if planned.learned:
            mirror_store.keep_listed(conn, planned.learned)
        if planned.forgotten:
            mirror_store.forget(conn, planned.forgotten)
        for some in carrying.carry_out(calls_of(planned)):
            _write_down(conn, some)
            yield from some


def _write_down(conn: Conn, outcomes: Iterable[Outcome]) -> None:
    written: list[tuple[str, UUID, str, datetime | None]] = []
    gone: list[str] = []
    for one in outcomes:
        schedule = one.call.schedule
        if one.result != "done":
            continue
        if schedule is None:
            gone.append(one.call.name)
        else:
            written.append((schedule.name, schedule.clinic_id, schedule.digest, one.answered_at))
    if written:
        mirror_store.keep_written(conn, written)
    if gone:
        mirror_store.forget(conn, gone)


def _told(planned: Plan, wanted: Wanted, outcomes: list[Outcome], left: int) -> Mirrored:
    done = Counter(f"{one.call.verb}d" for one in outcomes if one.result == "done")
    failures = Counter(one.code or "unknown" for one in outcomes if one.result != "done")
    calls = calls_of(planned)
    counts = {
        **done,
        "unchanged": planned.unchanged,
        "kept": planned.kept,
        "withheld": len(planned.withheld),
        "foreign": len(planned.foreign),
        "failed": failures.total(),
        "left": left,
    }
    return Mirrored(
        calls=tuple(calls),
        counts={name: number for name, number in counts.items() if number},
        failures=dict(failures),
        findings=wanted.findings,
        withheld=planned.withheld,
        foreign=planned.foreign,
        complete=done.total() == len(calls) and not planned.withheld,
    )


def _not_listed(word: str) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"EventBridge Scheduler did not list the schedules in time ({word}); nothing was changed, "
        "the next pass tries again",
        code="listing",
    )


def _not_allowed(word: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        f"EventBridge Scheduler refused to list the schedules ({word}); check "
        "IDEXX_SYNC_SCHEDULE_GROUP and what the function's role may do",
        code="listing",
    )
