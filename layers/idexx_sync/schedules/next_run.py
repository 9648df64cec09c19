"""When a clinic's schedules are due: the times of unix crons in the clinic's zone. Pure.

A cron with fixed minutes and hours follows the scheduler that will run it: a time that a
change of the clocks skips is left out, one that it repeats counts once, the first time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from idexx_sync.core.catalog import SyncName
from idexx_sync.schedules.entries import Entry

LONGEST_CRON: Final = 100
"""Characters; what ODIS's admin screen lets in."""
_FIELDS: Final = 5
_HASH: Final = re.compile(r"(^|[\s,])H(?![a-z])", re.IGNORECASE)
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_CLOCK_CHANGE: Final = timedelta(hours=3)
"""Longer than any change of the clocks."""


class BadCron(ValueError):
    """The expression is not a unix cron of five fields; the message says why."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When each sync of one clinic is due."""

    zone: ZoneInfo
    crons: tuple[tuple[SyncName, str], ...]
    """Sync and readable cron of each entry that is switched on."""
    problems: tuple[str, ...]
    """Entries whose cron can't be read, by name."""

    def next_run(self, sync: SyncName, moment: datetime) -> datetime | None:
        """The sync's first due time after the moment, in UTC; None: it is not scheduled."""
        found = [next_run(cron, self.zone, moment) for cron in self._of(sync)]
        return min((due for due in found if due is not None), default=None)

    def previous_run(self, sync: SyncName, moment: datetime) -> datetime | None:
        """The sync's last due time at or before the moment, in UTC."""
        found = [previous_run(cron, self.zone, moment) for cron in self._of(sync)]
        return max((due for due in found if due is not None), default=None)

    def _of(self, sync: SyncName) -> list[str]:
        return [cron for name, cron in self.crons if name == sync]


def timetable(entries: Iterable[Entry], zone: ZoneInfo) -> Timetable:
    """The timetable of the entries that are switched on."""
    crons: list[tuple[SyncName, str]] = []
    problems: list[str] = []
    for entry in entries:
        if not entry.enabled:
            continue
        try:
            _read(entry.cron, _ANY_TIME)
            crons.append((entry.sync, entry.cron))
        except BadCron as fault:
            problems.append(f"{entry.name}: {fault}")
    return Timetable(zone, tuple(crons), tuple(problems))


def next_run(cron: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The cron's first time after the moment, in UTC; None: it never comes. Raises BadCron."""
    due = _due(_read(cron, moment.astimezone(zone)))
    return next((instant for instant in due if instant > moment), None)


def previous_run(cron: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The cron's last time at or before the moment, in UTC; None: it never came. Raises BadCron."""
    # The library takes an hour that comes twice for one: there the search begins after both.
    start = moment + (_CLOCK_CHANGE if _clocks_change_near(moment, zone) else _SECOND)
    due = _due(_read(cron, start.replace(microsecond=0).astimezone(zone), reverse=True))
    return next((instant for instant in due if instant <= moment), None)


def _due(times: CronSim) -> Iterator[datetime]:
    """Without those that the library has moved out of a skipped hour."""
    for due in times:
        if due.hour in times.hours and due.minute in times.minutes:
            yield due.astimezone(UTC)


def _clocks_change_near(moment: datetime, zone: ZoneInfo) -> bool:
    earlier, later = moment - _CLOCK_CHANGE, moment + _CLOCK_CHANGE
    return earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset()


def _read(cron: str, start: datetime, *, reverse: bool = False) -> CronSim:
    if len(cron) > LONGEST_CRON:
        raise BadCron(f"a cron has at most {LONGEST_CRON} characters, this one {len(cron)}")
    if len(cron.split()) != _FIELDS:
        raise BadCron(f"{cron!r} has {len(cron.split())} fields, a unix cron has {_FIELDS}")
    if _HASH.search(cron):
        raise BadCron(f"{cron!r} spreads by a hash (H), which is not supported yet")
    try:
        return CronSim(cron, start, reverse=reverse)
    except CronSimError as error:
        raise BadCron(f"{cron!r} can't be read as a unix cron: {error}") from None
