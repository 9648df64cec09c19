"""A clinic's opening hours, in the shapes that ODIS stores them in (rule R11). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from idexx_sync.clinics.store import Clinic, Schedule
from idexx_sync.core.errors import ConfigurationInvalid

WEEKDAYS: Final = (
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
)
"""ODIS counts 0 = Sunday (ODIS schema, schedule config)."""

_CLOCK: Final = re.compile(r"\d\d:\d\d(:\d\d)?")


@dataclass(frozen=True, slots=True)
class Hours:
    """One open day, in clinic wall-clock time."""

    opens: time
    closes: time
    lunch: tuple[time, time] | None = None


def weekday_number(day: date) -> int:
    """0 = Sunday."""
    return day.isoweekday() % 7


def hours_by_weekday(clinic: Clinic) -> dict[int, Hours]:
    """Weekday number -> hours, open days only: from daily_hours, else business_hours, else columns.

    Raises ConfigurationInvalid, naming the field, where the stored value can't be read.
    """
    schedule = clinic.schedule
    if schedule.daily_hours is not None:
        return _read("clinic_schedule_configs.daily_hours", schedule.daily_hours, by_number=True)
    if clinic.business_hours is not None:
        return _read("clinics.business_hours", clinic.business_hours, by_number=False)
    return _of_columns(schedule)


def _of_columns(schedule: Schedule) -> dict[int, Hours]:
    for column in ("open_time", "close_time"):
        if not isinstance(getattr(schedule, column), time):
            expected = "a time of day before 24:00 is expected"
            raise _unreadable(f"clinic_schedule_configs.{column}", expected)
    days = schedule.days_of_week
    if not isinstance(days, (list, tuple)) or any(day not in range(7) for day in days):
        expected = "a list of days from 0 to 6 is expected"
        raise _unreadable("clinic_schedule_configs.days_of_week", expected)
    return dict.fromkeys(days, Hours(schedule.open_time, schedule.close_time))


def _read(name: str, value: Any, *, by_number: bool) -> dict[int, Hours]:
    if not isinstance(value, Mapping):
        raise _unreadable(name, "an object with one entry per weekday is expected")
    open_days = {}
    for key, entry in value.items():
        hours = _day(f"{name}.{key}", entry)
        number = _weekday(name, str(key), by_number=by_number)
        if hours is not None:
            open_days[number] = hours
    return open_days


def _weekday(name: str, key: str, *, by_number: bool) -> int:
    known = [str(number) for number in range(7)] if by_number else list(WEEKDAYS)
    if key not in known:
        raise _unreadable(name, f"unknown day {key[:20]!r}, one of {', '.join(known)} is expected")
    return known.index(key)


def _day(name: str, entry: Any) -> Hours | None:
    """A day is open if it is there, not switched off, and has both times."""
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise _unreadable(name, "an object with open and close is expected")
    if entry.get("enabled") is False or entry.get("closed") is True:
        return None
    opens, closes = entry.get("open"), entry.get("close")
    if opens is None or closes is None:
        return None
    hours = Hours(_time(f"{name}.open", opens), _time(f"{name}.close", closes), _lunch(name, entry))
    if hours.opens >= hours.closes:
        raise _unreadable(name, "open must lie before close")
    return hours


def _lunch(name: str, entry: Mapping[str, Any]) -> tuple[time, time] | None:
    start, end = entry.get("lunch_start"), entry.get("lunch_end")
    if start is None or end is None:
        return None
    lunch = _time(f"{name}.lunch_start", start), _time(f"{name}.lunch_end", end)
    if lunch[0] >= lunch[1]:
        raise _unreadable(name, "lunch_start must lie before lunch_end")
    return lunch


def _time(name: str, value: Any) -> time:
    try:
        if isinstance(value, str) and _CLOCK.fullmatch(value):
            return time.fromisoformat(value)
    except ValueError:
        pass  # such as 25:00
    raise _unreadable(name, "a time HH:MM is expected")


def _unreadable(name: str, expected: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        f"{name}: {expected}; correct it in ODIS's clinic settings", code="opening_hours"
    )
