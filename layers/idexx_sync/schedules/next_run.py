"""When a clinic's schedules are due: the times at which their expressions run. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from heapq import merge
from itertools import groupby
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.core.catalog import SyncName
from idexx_sync.schedules.entries import Entry
from idexx_sync.schedules.fields import BadCron
from idexx_sync.schedules.spread import Place, spread
from idexx_sync.schedules.translation import expressions

LONGEST_CRON: Final = 100
"""Characters; what ODIS's admin screen lets in."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When each sync of one clinic is due."""

    zone: ZoneInfo
    crons: tuple[tuple[SyncName, str], ...]
    """Sync and readable cron of each entry that is switched on, with numbers in place of H."""
    problems: tuple[str, ...]
    """Entries whose cron can't be read, by name."""

    def next_run(self, sync: SyncName, moment: datetime) -> datetime | None:
        """The sync's first due time after the moment, in UTC; None: it is not scheduled."""
        minute = minute_of(moment)
        found = [next_run(cron, self.zone, minute) for name, cron in self.crons if name == sync]
        return min(filter(None, found), default=None)

    def previous_run(self, sync: SyncName, moment: datetime) -> datetime | None:
        """The sync's last due time at or before the moment, in UTC."""
        minute = minute_of(moment)
        last = None
        for name, cron in self.crons:
            due = previous_run(cron, self.zone, minute) if name == sync else None
            if due is not None and (last is None or due > last):
                last = due
        return last


def minute_of(moment: datetime) -> datetime:
    """Its beginning: crons know no seconds, and a fleet that is looked at within one minute asks
    for the same times again and again. A moment that is one is itself: it knows its hash."""
    if moment.second or moment.microsecond:
        return moment.replace(second=0, microsecond=0)
    return moment


@lru_cache(maxsize=16384)  # a clinic has the same one at each look
def timetable(entries: tuple[Entry, ...], zone: ZoneInfo, clinic_id: UUID) -> Timetable:
    """The timetable of the clinic's entries; those that are switched off only keep the place by
    which an H is spread."""
    crons: list[tuple[SyncName, str]] = []
    problems: list[str] = []
    for entry, place in placed(entries, clinic_id):
        if not entry.enabled:
            continue
        try:
            crons.append((entry.sync, plain_cron(entry.cron, zone, place)))
        except BadCron as fault:
            problems.append(f"{entry.name}: {fault}")
    return Timetable(zone, tuple(crons), tuple(problems))


def placed(entries: Iterable[Entry], clinic_id: UUID) -> Iterator[tuple[Entry, Place]]:
    """Each of the clinic's entries with the place by which its H is spread."""
    return ((entry, Place(clinic_id, entry.sync, entry.number)) for entry in entries)


def plain_cron(cron: str, zone: ZoneInfo, place: Place) -> str:
    """An entry's cron with numbers in place of H, if it can be carried out. Raises BadCron."""
    if len(cron) > LONGEST_CRON:
        raise BadCron(f"a cron has at most {LONGEST_CRON} characters, this one {len(cron)}")
    plain = spread(cron, place)
    expressions(plain, zone)
    return plain


def runs_after(cron: str, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """The times after the moment of a cron without H, in UTC and in order; what two of its
    expressions name comes once. Raises BadCron."""
    found = expressions(cron, zone)
    if len(found) == 1:
        return found[0].runs_after(moment)
    return (due for due, _ in groupby(merge(*(one.runs_after(moment) for one in found))))


@lru_cache(maxsize=8192)  # a fleet asks for few crons at the same moment
def next_run(cron: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The first time after the moment of a cron without H, in UTC; None: it never comes.

    Raises BadCron.
    """
    return next(runs_after(cron, zone, moment), None)


@lru_cache(maxsize=8192)
def previous_run(cron: str, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The last time at or before the moment of a cron without H, in UTC; None: it never came.

    Raises BadCron.
    """
    found = [one.previous_run(moment) for one in expressions(cron, zone)]
    return max((due for due in found if due is not None), default=None)
