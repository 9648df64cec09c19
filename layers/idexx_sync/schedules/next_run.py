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
_HOURS: Final = 24
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
    instants = (time.astimezone(UTC) for time in due)
    return next((instant for instant in instants if instant > moment), None)


def previous_run(cron: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The cron's last time at or before the moment, in UTC; None: it never came. Raises BadCron."""
    # The library takes an hour that comes twice for one: there the search begins after both.
    start = moment + (_CLOCK_CHANGE if _clocks_change_near(moment, zone) else _SECOND)
    times = _read(cron, start.replace(microsecond=0).astimezone(zone), reverse=True)
    latest: datetime | None = None
    for time in _due(times):
        passes = [one.astimezone(UTC) for one in _passes(time, times)]
        if latest is not None and max(passes) + _CLOCK_CHANGE < latest:
            break
        latest = max((one for one in (latest, *passes) if one and one <= moment), default=None)
    return latest


def _due(times: CronSim) -> Iterator[datetime]:
    """Local times, without those that the library has moved out of a skipped hour."""
    return (time for time in times if time.hour in times.hours and time.minute in times.minutes)


def _passes(time: datetime, times: CronSim) -> Iterator[datetime]:
    """The time, and where every hour counts both passes of one that comes twice: the library
    leaves the first one out where less than an hour is repeated."""
    yield time
    if len(times.hours) == _HOURS:
        yield time.replace(fold=1 - time.fold)


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
