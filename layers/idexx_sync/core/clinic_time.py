"""Wall-clock texts, instants, and the rules between them (rule R3). Pure.

The source speaks in clinic-local wall-clock texts without a zone. Zone conversion happens here
and nowhere else, never in SQL.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_ZONE = "America/Los_Angeles"
"""ODIS's own default for a clinic without a zone (ODIS schema, clinics)."""
_NO_PLACE: Final = re.compile(r"(?:posix|right)/.*|posixrules|localtime|Factory", re.DOTALL)
"""What lies among the zones of a system and is no IANA name of a place: AWS refuses it, and
`localtime` is the machine's own."""
LAST_SECOND = time(23, 59, 59)
_MIDNIGHT = time(0, 0)
_MINUTE = timedelta(minutes=1)
_RESOLUTION = timedelta(microseconds=1)
_LAST_MOMENT = datetime.combine(date.max, LAST_SECOND)
MOST_DAYS_OF_ONE = 366
"""Days after its first that one record takes at most: beyond them somebody has mistyped a year."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time a record occupies, as a day and two wall-clock times of that day."""

    day: date
    start: time
    end: time
    cut_at_midnight: bool = False
    """The true end lies after midnight; `end` is the day's last second."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The clinic's clock being put forward or back: what it showed then, and what after it."""

    before: datetime
    """Naive wall-clock time, as `after`."""
    after: datetime

    @property
    def skips(self) -> bool:
        """Whether times are left out; else they come twice."""
        return self.after > self.before

    @property
    def first(self) -> datetime:
        """The first time that is skipped or comes twice."""
        return min(self.before, self.after)

    @property
    def until(self) -> datetime:
        """The first time after those."""
        return max(self.before, self.after)

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether the start, or any time from it to before the end, is skipped or comes twice."""
        return start < self.until and max(start, self.first) <= max(start, end - _RESOLUTION)


class EndsBeforeStart(ValueError):
    """The record's end lies before its start."""


class OutOfCalendar(ValueError):
    """A time at the edge of the years that Python knows: its instant lies beyond them."""


def zone_of(name: str | None) -> ZoneInfo:
    """The zone to show a clinic's times in; a broken name must not hide the rest.

    What is stored goes by `Clinic.zone`, which refuses a broken name.
    """
    return named_zone(name) or ZoneInfo(DEFAULT_ZONE)


def named_zone(name: str | None) -> ZoneInfo | None:
    """The zone of a clinic's `timezone`; None for a name that no zone has."""
    try:
        return _place(name or DEFAULT_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones
        return None


@lru_cache(maxsize=1024)  # errors are not kept: a machine out of files may have some again
def _place(name: str) -> ZoneInfo | None:
    return None if _NO_PLACE.fullmatch(name) else ZoneInfo(name)


def parse_wall(text: str) -> datetime:
    """A wall-clock text `YYYY-MM-DD HH:MM:SS` as a naive datetime; ValueError otherwise."""
    if len(text) != len("2026-05-04 09:00:00") or text[10] != " ":
        raise ValueError(f"not a wall-clock text of the form YYYY-MM-DD HH:MM:SS: {text[:40]!r}")
    return datetime.fromisoformat(text)


def to_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock time: a skipped one moves forward, of two the first counts.

    Raises OutOfCalendar on the first and last days of the years 1 and 9999.
    """
    try:
        return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:
        raise OutOfCalendar from None


def to_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive wall-clock time that the clinic's clock shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def is_repeated(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether the clinic's clock shows this time twice, or not at all."""
    return wall.replace(tzinfo=zone, fold=0).utcoffset() != (
        wall.replace(tzinfo=zone, fold=1).utcoffset()
    )


def is_skipped(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether the clinic's clock never shows this time."""
    return to_wall(to_instant(wall, zone), zone) != wall


def clock_change(day: date, zone: ZoneInfo) -> ClockChange | None:
    """How the clinic's clock is put forward or back on the day; None: it is not.

    Neither is it on the first and last days that Python knows.
    """
    if not date.min < day < date.max - timedelta(days=1):
        return None
    midnight = datetime.combine(day, _MIDNIGHT)
    before = to_instant(midnight, zone) - _MINUTE
    after = to_instant(midnight + timedelta(days=1), zone) - _MINUTE
    offset = _offset(before, zone)
    if offset == _offset(after, zone):
        return None
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        before, after = (middle, after) if _offset(middle, zone) == offset else (before, middle)
    return ClockChange(to_wall(before, zone) + _MINUTE, to_wall(after, zone))


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def day_of(text: str) -> date:
    """The calendar day of a wall-clock text: what stands before the blank."""
    return date.fromisoformat(text[:10])


@lru_cache(maxsize=4096)  # the same few times come again and again
def occupied_span(
    start: str, end: str | None, zone: ZoneInfo, slot_minutes: int, *, is_block: bool
) -> Span:
    """The span that a record occupies.

    No end and no length count as one slot. A block from midnight to midnight is the whole day;
    what no calendar can add up takes the rest of its day.
    Raises EndsBeforeStart for a negative length, ValueError for an unreadable text.
    """
    begin, finish = _bounds(start, end, zone, slot_minutes, is_block=is_block)
    day = parse_wall(start).date()
    if finish.date() == day:
        return Span(day, begin, finish.time())
    midnight = datetime.combine(day + timedelta(days=1), _MIDNIGHT) if day < date.max else finish
    return Span(day, begin, LAST_SECOND, cut_at_midnight=finish > midnight)


@lru_cache(maxsize=4096)
def spans_after(
    start: str, end: str | None, zone: ZoneInfo, slot_minutes: int, *, is_block: bool
) -> tuple[Span, ...]:
    """The spans that the record occupies on the days after its first, a year of them at most.

    Raises the errors of `occupied_span`.
    """
    _, finish = _bounds(start, end, zone, slot_minutes, is_block=is_block)
    first = parse_wall(start).date()
    days = min((finish.date() - first).days, MOST_DAYS_OF_ONE)
    following = (first + timedelta(days=n) for n in range(1, days + 1))
    return tuple(
        Span(day, _MIDNIGHT, finish.time() if day == finish.date() else LAST_SECOND)
        for day in following
        if datetime.combine(day, _MIDNIGHT) < finish
    )


def _bounds(
    start: str, end: str | None, zone: ZoneInfo, slot_minutes: int, *, is_block: bool
) -> tuple[time, datetime]:
    """When it begins on its first day, and when it is over, both on the clinic's clock."""
    first = parse_wall(start)
    length = parse_wall(end) - first if end else timedelta(0)
    if length < timedelta(0):
        raise EndsBeforeStart
    if is_block and not length and first.time() == _MIDNIGHT:
        return _MIDNIGHT, datetime.combine(first.date(), LAST_SECOND)
    length = length or timedelta(minutes=slot_minutes)
    try:
        begin = to_instant(first, zone)
        begin_wall = to_wall(begin, zone)
        # Wall-clock columns can't tell the two passes of a repeated hour apart: the later reading
        # keeps the time occupied in both.
        finish = max(
            to_wall(begin + length, zone), begin_wall + length if begin_wall == first else first
        )
    except (OutOfCalendar, OverflowError):  # somebody typed the year 9999
        return first.time(), parse_wall(end) if end and parse_wall(end) > first else _LAST_MOMENT
    return begin_wall.time(), finish
