"""The ticks of a clinic's sync: when they were due, and what became of each. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.clinic_time import DEFAULT_ZONE, named_zone, zone_of
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.schedules.entries import read_entries
from idexx_sync.schedules.next_run import runs_after, timetable

TickOutcome = Literal["ran", "waiting", "missed", "skipped", "paused", "cancelled"]
"""`missed` and `skipped` are ticks that did not run; `paused` and `cancelled` is what a person
wanted, and counts neither way."""

MISSED_AFTER: Final = timedelta(minutes=6)
"""EventBridge Scheduler sends a tick within its minute, which is over after one; it and the queue
need some seconds more, and a message that came back once comes again within two minutes."""
SETTLES: Final = timedelta(minutes=30)
"""So long after a schedule was seen first, or a pause has ended, it may not have reached
EventBridge Scheduler: a first mirror of a whole fleet takes five passes of five minutes."""
MADE_UP_WITHIN: Final = timedelta(hours=24)
"""What was due longer ago is neither looked for nor made up."""
NEXT_IS_NEAR: Final = timedelta(minutes=2)
"""A run that is due so soon does the work of a missed one: two in a row only load Neo."""

GOAL: Final = 0.999
"""The share of ticks that should have run and do."""

_SOMEBODY: Final = UUID(int=1)
_SAMPLES: Final = (
    *("*/15 * * * *", "0 */2 * * *", "0 2 * * *", "30 18 * * 1-6", "0 7 1 * 3"),
    *("H * * * *", "H/15 * * * *", "H H/2 * * *", "H H(2-4) * * *", "H H H * *", "H H * * H"),
)

_GIVEN_UP: Final = ("dead", "failed")
_OUTCOMES: Final[Mapping[JobStatus, TickOutcome]] = {
    "queued": "waiting",
    "running": "waiting",
    "succeeded": "ran",
    "succeeded_with_warnings": "ran",
    "held": "ran",
    "failed": "ran",
    "dead": "ran",
    "cancelled": "cancelled",
    "skipped_overlap": "skipped",
    "skipped_stale": "skipped",
    "skipped_paused": "paused",
    "missed": "missed",
}


def outcome_of(status: JobStatus, *, began: bool) -> TickOutcome:
    """What became of the tick whose job ended so. A run that failed was one: its alert tells of
    it; of one that was given up and never began there was none."""
    return "missed" if status in _GIVEN_UP and not began else _OUTCOMES[status]


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a sync's ticks, by number."""

    outcomes: Mapping[TickOutcome, int]
    made_up: int = 0
    """How many of those that did not run a catch-up makes up."""

    @property
    def not_run(self) -> int:
        return self.outcomes.get("missed", 0) + self.outcomes.get("skipped", 0)

    @property
    def due(self) -> int:
        """Those that should have run, and are settled."""
        return self.outcomes.get("ran", 0) + self.not_run

    @property
    def share(self) -> float | None:
        """How many of those that should have run did, from 0 to 1; None: none should have."""
        return self.outcomes.get("ran", 0) / self.due if self.due else None


def tallies(
    counts: Iterable[tuple[SyncName, JobStatus, bool, bool, int]],
) -> dict[SyncName, Tally]:
    """A tally of each sync, of how many ticks' jobs ended so, began and are made up."""
    outcomes: dict[SyncName, Counter[TickOutcome]] = {sync: Counter() for sync in SYNCS}
    made_up: Counter[SyncName] = Counter()
    for sync, status, began, is_made_up, number in counts:
        outcomes[sync][outcome_of(status, began=began)] += number
        made_up[sync] += number if is_made_up else 0
    return {sync: Tally(found, made_up[sync]) for sync, found in outcomes.items()}


def missed_after(usual: timedelta | None) -> timedelta:
    """How long after its time a tick without a job is missed, where others of its sync have lately
    come `usual` after theirs: those wait in the queue before it. None: none has come."""
    waits = timedelta() if usual is None else max(usual, timedelta())
    return min(MISSED_AFTER + 2 * waits, MADE_UP_WITHIN)


def ticks_after(crons: Iterable[str], zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """The times after the moment of crons without H, in UTC and in order, each once.

    Raises BadCron.
    """
    found = merge(*(runs_after(cron, zone, moment) for cron in crons))
    return (due for due, _ in groupby(found))


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the ticks of a sync has found."""

    due: tuple[datetime, ...]
    """Those that must have a job by now."""
    judged_until: datetime
    next_due: datetime | None
    """The first one after that."""


def look(crons: Sequence[str], zone: ZoneInfo, after: datetime, until: datetime, most: int) -> Look:
    """The ticks after a moment and up to another one, `most` of them at most. Raises BadCron."""
    due: list[datetime] = []
    for tick in ticks_after(crons, zone, after):
        if tick > until:
            return Look(tuple(due), max(after, until), tick)
        if len(due) == most:
            return Look(tuple(due), due[-1], tick)
        due.append(tick)
    return Look(tuple(due), max(after, until), None)


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause: no tick is due in it."""

    since: datetime
    until: datetime | None
    """None: it stands."""

    def covers(self, tick: datetime) -> bool:
        return self.since <= tick and (self.until is None or tick <= self.until + SETTLES)


@dataclass(frozen=True, slots=True)
class Crons:
    """By what the ticks of a sync come."""

    zone: str
    """IANA name."""
    crons: tuple[str, ...]
    """Without H; none: no tick is due, or nobody can tell when."""

    def next_tick(self, moment: datetime) -> datetime | None:
        """The first one after the moment, in UTC; None: there is none. Raises BadCron."""
        return next(ticks_after(self.crons, zone_of(self.zone), moment), None)


def crons_of(
    clinic_id: UUID, sync_schedules: object, timezone: str | None
) -> dict[SyncName, Crons]:
    """Of each sync, from what ODIS stores. Where the zone can't be read no tick is due."""
    zone = named_zone(timezone)
    if zone is None:
        return {sync: Crons(DEFAULT_ZONE, ()) for sync in SYNCS}
    table = timetable(read_entries(sync_schedules).readable, zone, clinic_id)
    return {
        sync: Crons(zone.key, tuple(cron for of, cron in table.crons if of == sync))
        for sync in SYNCS
    }


def reading() -> str:
    """What this release makes of some schedules: another release that reads them otherwise says
    another text, so that nothing is judged by what the one before has read."""
    found = [crons_of(_SOMEBODY, dict.fromkeys(SYNCS, cron), None) for cron in _SAMPLES]
    return repr(found)
