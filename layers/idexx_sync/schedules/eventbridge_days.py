"""On which days an expression of EventBridge Scheduler is due. Pure.

AWS names weekdays 1 (Sunday) to 7. Beside numbers it knows the last day of the month (`L`), the
working day nearest to one (`15W`, `LW`), and the third or last Friday (`6#3`, `6L`).
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date
from typing import Final

from idexx_sync.schedules.fields import DAY, WEEKDAYS, BadCron, Field

WEEKDAY: Final = Field("weekday", 1, 7, WEEKDAYS)
_NEAREST: Final = re.compile(r"(\d{1,2}|L)W", re.ASCII)
_NTH: Final = re.compile(r"(\w+)#([1-5])", re.ASCII)
_LAST: Final = re.compile(r"(\w*)L", re.ASCII)
_WEEK: Final = 7
_FRIDAY: Final = 4
_SUNDAY: Final = 6

IsDue = Callable[[date], bool]


def due_days(day: str, weekday: str) -> IsDue:
    """Which days the two fields name, one of which says ? and leaves it to the other.

    Raises BadCron.
    """
    if (day == "?") == (weekday == "?"):
        raise BadCron(f"of day of month {day!r} and weekday {weekday!r} exactly one has to be ?")
    if weekday == "?":
        return _days_of_month(day)
    if "/" in weekday:
        raise BadCron(f"weekday {weekday!r}: steps are not possible there, list the days")
    return _weekdays(weekday)


def aws_weekday(day: date) -> int:
    """The number of the day's weekday: 1 is Sunday."""
    return day.isoweekday() % _WEEK + 1


def _days_of_month(text: str) -> IsDue:
    if text == "L":
        return lambda day: day.day == _length(day)
    if match := _NEAREST.fullmatch(text):
        wanted = match[1]
        if wanted != "L":
            DAY.number(wanted)
        return lambda day: day.day == _nearest_working_day(day, wanted)
    numbers = DAY.numbers(text)
    return lambda day: day.day in numbers


def _weekdays(text: str) -> IsDue:
    if match := _NTH.fullmatch(text):
        weekday, nth = WEEKDAY.number(match[1]), int(match[2])
        return lambda day: aws_weekday(day) == weekday and (day.day - 1) // _WEEK + 1 == nth
    if match := _LAST.fullmatch(text):
        if not match[1]:  # the last day of the week
            return lambda day: aws_weekday(day) == WEEKDAY.last
        weekday = WEEKDAY.number(match[1])
        return lambda day: aws_weekday(day) == weekday and day.day > _length(day) - _WEEK
    numbers = WEEKDAY.numbers(text)
    return lambda day: aws_weekday(day) in numbers


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _nearest_working_day(month: date, wanted: str) -> int | None:
    """The day's number; it never leaves the month."""
    length = _length(month)
    number = length if wanted == "L" else int(wanted)
    if number > length:
        return None
    weekday = month.replace(day=number).weekday()
    if weekday == _SUNDAY:
        return number + 1 if number < length else number - 2
    if weekday == _FRIDAY + 1:
        return number - 1 if number > 1 else number + 2
    return number
