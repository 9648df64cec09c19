"""When EventBridge Scheduler would run an expression of its dialect. Pure.

Six fields: minute, hour, day of month, month, weekday, year. A local time that a change of the
clocks skips is left out; one that comes twice counts once, the first time (AWS, EventBridge
Scheduler, User Guide, schedule types).
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import to_instant, to_wall
from idexx_sync.schedules.eventbridge_days import IsDue, due_days
from idexx_sync.schedules.fields import HOUR, MINUTE, MONTH, BadCron, Field

LONGEST_EXPRESSION: Final = 256
"""Characters, `cron()` included (AWS, EventBridge Scheduler, CreateSchedule)."""
YEAR: Final = Field("year", 1970, 2199)
_FIELDS: Final = 6
_OPENS: Final = "cron("
_HOUR: Final = 60
_MIDNIGHT: Final = time()
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expression:
    """When one schedule runs, as it is told to EventBridge Scheduler."""

    text: str
    """`cron(…)`."""
    zone: ZoneInfo
    """Of its time zone's IANA name."""

    def runs_after(self, moment: datetime) -> Iterator[datetime]:
        """All times after the moment, in UTC and in order. Raises BadCron."""
        for wall in _times(self.text).ahead_of(to_wall(moment, self.zone)):
            instant = _instant(wall, self.zone)
            if instant is not None and instant > moment:
                yield instant

    def next_run(self, moment: datetime) -> datetime | None:
        """The first time after the moment, in UTC; None: it never comes. Raises BadCron."""
        return next(self.runs_after(moment), None)

    def previous_run(self, moment: datetime) -> datetime | None:
        """The last time at or before the moment, in UTC; None: it never came. Raises BadCron."""
        for wall in _times(self.text).back_from(_latest_shown(moment, self.zone)):
            instant = _instant(wall, self.zone)
            if instant is not None and instant <= moment:
                return instant
        return None

    def local_times(self, first: datetime, until: datetime) -> Iterator[datetime]:
        """The naive local times from the first to before the last that it names, whether or not
        the zone's clocks show them. Raises BadCron."""
        times = _times(self.text).ahead_of(first - timedelta(minutes=1))
        return takewhile(lambda wall: wall < until, times)


def read_expression(text: str) -> None:
    """Raises BadCron for what EventBridge Scheduler would refuse, and for `rate` and `at`."""
    _times(text)


@dataclass(frozen=True, slots=True)
class _Times:
    """The local times that an expression names, each without its zone."""

    minutes: tuple[int, ...]
    """Of the day, in order."""
    is_due: IsDue
    months: frozenset[int]
    years: frozenset[int]
    first_year: int
    last_year: int

    def ahead_of(self, wall: datetime) -> Iterator[datetime]:
        """Those after the wall-clock time's minute."""
        day, minutes = wall.date(), self.minutes
        minutes = minutes[bisect_right(minutes, wall.hour * _HOUR + wall.minute) :]
        while day.year <= self.last_year:
            if self._counts(day):
                if self.is_due(day):
                    yield from _at(day, minutes)
                day += _DAY
            else:
                day = (day.replace(day=1) + 31 * _DAY).replace(day=1)
            minutes = self.minutes

    def back_from(self, wall: datetime) -> Iterator[datetime]:
        """Those up to the wall-clock time, latest first."""
        day, minutes = wall.date(), self.minutes
        minutes = minutes[: bisect_right(minutes, wall.hour * _HOUR + wall.minute)]
        while day.year >= self.first_year:
            if self._counts(day):
                if self.is_due(day):
                    yield from _at(day, minutes[::-1])
                day -= _DAY
            else:
                day = day.replace(day=1) - _DAY
            minutes = self.minutes

    def _counts(self, day: date) -> bool:
        return day.month in self.months and day.year in self.years


@lru_cache(maxsize=8192)  # those of a fleet come again with each look at it
def _times(text: str) -> _Times:
    if len(text) > LONGEST_EXPRESSION:
        raise BadCron(f"an expression has at most {LONGEST_EXPRESSION} characters")
    fields = text.removeprefix(_OPENS).removesuffix(")").split()
    if not (text.startswith(_OPENS) and text.endswith(")")) or len(fields) != _FIELDS:
        raise BadCron(f"{text!r} is not of the form cron(minute hour day month weekday year)")
    try:
        return _read(*fields)
    except BadCron as fault:
        raise BadCron(f"{text!r} would be refused by EventBridge Scheduler: {fault}") from None


def _read(minute: str, hour: str, day: str, month: str, weekday: str, year: str) -> _Times:
    hours, minutes, years = HOUR.numbers(hour), MINUTE.numbers(minute), YEAR.numbers(year)
    return _Times(
        tuple(sorted(hour * _HOUR + minute for hour in hours for minute in minutes)),
        due_days(day, weekday),
        MONTH.numbers(month),
        years,
        min(years),
        max(years),
    )


def _at(day: date, minutes: tuple[int, ...]) -> Iterator[datetime]:
    midnight = datetime.combine(day, _MIDNIGHT)
    return (midnight + timedelta(minutes=minute) for minute in minutes)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """When the zone's clocks show the time, first; None: they skip it."""
    instant = to_instant(wall, zone)
    return instant if to_wall(instant, zone) == wall else None


def _latest_shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """The latest time that the zone's clocks have shown up to the moment, or a later one."""
    local = moment.astimezone(zone)
    wall = local.replace(tzinfo=None, fold=0)
    if not local.fold:
        return wall
    # In the second pass of what comes twice all of the first one has been.
    first, second = local.replace(fold=0).utcoffset(), local.utcoffset()
    return wall if first is None or second is None else wall + (first - second)
