"""A unix cron in a clinic's zone as one or two expressions of EventBridge Scheduler. Pure.

Both dialects look alike and mean different things: AWS counts weekdays from 1, does not know 0 or
7 as Sunday, and takes no days of the month beside weekdays. So the numbers that a cron names are
written anew, weekdays by their names.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from idexx_sync.schedules.eventbridge import Expression
from idexx_sync.schedules.fields import DAY, HOUR, MINUTE, MONTH, WEEKDAYS
from idexx_sync.schedules.unix_cron import UnixCron, read_cron

UTC_ZONE: Final = ZoneInfo("UTC")
_OFFSETS_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""No clinic has been scheduled before."""
_OFFSETS_FOR: Final = 20 * 366
"""Days; zones name their changes by rule from then on."""
_OFFSETS_EVERY: Final = 10
"""Days; none changes its clocks for less."""
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


@lru_cache(maxsize=8192)  # those of a fleet come again with each look at it
def expressions(cron: str, zone: ZoneInfo) -> tuple[Expression, ...]:
    """What together runs at the cron's times in the zone; the cron has no H. Raises BadCron.

    Two of them, by days of the month and by weekdays, run twice at a time that both name. What
    goes by minutes only goes out in UTC where that is the same, because a schedule in the zone
    is silent while an hour is repeated.
    """
    read = read_cron(cron)
    minutes = _minutes_in_utc(read, zone)
    if minutes is not None:
        return (Expression(f"cron({MINUTE.written(minutes)} * * * ? *)", UTC_ZONE),)
    return tuple(Expression(f"cron({text})", zone) for text in _texts(read))


def named_times(cron: str, first: datetime, until: datetime) -> list[datetime]:
    """The naive local times from the first to before the last that the cron names, whatever
    clocks show. Raises BadCron."""
    texts = _texts(read_cron(cron))
    found = (Expression(f"cron({text})", UTC_ZONE).local_times(first, until) for text in texts)
    return sorted({time for times in found for time in times})


def _texts(cron: UnixCron) -> list[str]:
    time = f"{MINUTE.written(cron.minutes)} {HOUR.written(cron.hours)}"
    months = MONTH.written(cron.months)
    found: list[str] = []
    if cron.days is not None or cron.weekdays is None:
        days = "*" if cron.days is None else DAY.written(cron.days)
        found.append(f"{time} {days} {months} ? *")
    if cron.weekdays is not None:
        names = ",".join(WEEKDAYS[number] for number in sorted(cron.weekdays))
        found.append(f"{time} ? {months} {names} *")
    return found


def _minutes_in_utc(cron: UnixCron, zone: ZoneInfo) -> frozenset[int] | None:
    """The minutes of each UTC hour; None where they are not the same all year."""
    if not cron.goes_by_minutes_only:
        return None
    offsets = _offsets(zone)
    if any(offset % _MINUTE for offset in offsets):
        return None
    shifts = {offset % _HOUR // _MINUTE for offset in offsets}
    found = {frozenset((minute - shift) % 60 for minute in cron.minutes) for shift in shifts}
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=1024)
def _offsets(zone: ZoneInfo) -> frozenset[timedelta]:
    """All distances of the zone's clocks from UTC in years to come."""
    days = range(0, _OFFSETS_FOR, _OFFSETS_EVERY)
    moments = (_OFFSETS_FROM + timedelta(days=n) for n in days)
    found = (moment.astimezone(zone).utcoffset() for moment in moments)
    return frozenset(offset for offset in found if offset is not None)
