"""What a fleet's schedules come to: how many runs begin in each minute of a day. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.core.catalog import SyncName
from idexx_sync.schedules.next_run import Timetable, runs_after

MINUTES: Final = 24 * 60
_MINUTE: Final = timedelta(minutes=1)
_JUST_BEFORE: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Load:
    """How many runs begin in each minute of the 24 hours from `start` on."""

    start: datetime
    of_sync: Mapping[SyncName, tuple[int, ...]]
    """Sync -> a number for each minute; one that nobody schedules is left out."""

    @property
    def minutes(self) -> tuple[int, ...]:
        """All syncs together."""
        return tuple(map(sum, zip(*self.of_sync.values(), strict=True))) or (0,) * MINUTES


def load_of(fleet: Iterable[Timetable], start: datetime) -> Load:
    """What begins in the 24 hours from the moment on, which is the beginning of a minute.

    Clinics that have the same cron in the same zone are counted at once, so that ten thousand take
    a second.
    """
    alike = Counter((sync, cron, table.zone) for table in fleet for sync, cron in table.crons)
    found: dict[SyncName, list[int]] = {}
    for (sync, cron, zone), clinics in alike.items():
        minutes = found.setdefault(sync, [0] * MINUTES)
        for minute in _minutes(cron, zone, start):
            minutes[minute] += clinics
    return Load(start, {sync: tuple(minutes) for sync, minutes in found.items()})


def _minutes(cron: str, zone: ZoneInfo, start: datetime) -> Iterable[int]:
    until = start + MINUTES * _MINUTE
    due = takewhile(lambda run: run < until, runs_after(cron, zone, start - _JUST_BEFORE))
    return ((run - start) // _MINUTE for run in due)
