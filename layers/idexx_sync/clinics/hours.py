"""A clinic's opening hours, in the shapes that ODIS stores them in (rule R11). Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from idexx_sync.clinics.store import Clinic, Schedule, SlotSettings
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

TimeSpan = tuple[time, time]
"""Start and end within a day, in clinic wall-clock time."""

_ANY_DAY: Final = date(2000, 1, 1)
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):\d\d(:\d\d)?")


@dataclass(frozen=True, slots=True)
class Hours:
    """One open day, in clinic wall-clock time."""

    opens: time
    closes: time
    lunch: TimeSpan | None = None


Closing = Literal["closed_day", "outside_hours", "lunch", "blocked_period", "no_whole_slot"]


@dataclass(frozen=True, slots=True)
class Closure:
    """Why no slot of a weekday covers a time."""

    code: Closing
    span: TimeSpan | None = None
    """The opening hours, lunch, or the blocked period; None: the whole day is closed."""


def weekday_number(day: date) -> int:
    """0 = Sunday."""
    return day.isoweekday() % 7


def slots_by_weekday(clinic: Clinic) -> dict[int, list[TimeSpan]]:
    """Weekday number -> the spans in which a slot may be offered; closed days are absent.

    Raises ConfigurationInvalid, naming the field, where slot length, capacity or hours can't be
    read, or leave no time for a single slot although a day is open.
    """
    hours = require_slots(clinic)
    return {weekday: list(_slots_of(clinic, weekday, open_)) for weekday, open_ in hours.items()}


def require_slots(clinic: Clinic | SlotSettings) -> dict[int, Hours]:
    """The hours of each open weekday, where slots can be made of them; only the first one is.

    Raises the errors of `slots_by_weekday`.
    """
    if clinic.schedule.fault is not None:
        raise clinic.schedule.fault
    hours = hours_by_weekday(clinic)
    slots = (slot for weekday, open_ in hours.items() for slot in _slots_of(clinic, weekday, open_))
    if hours and next(slots, None) is None:
        raise ConfigurationInvalid(
            "clinic_schedule_configs: hours, blocked periods and slot length leave no time for a "
            "single slot in a week; correct them in ODIS's clinic settings",
            code="opening_hours",
        )
    return hours


def closure_at(clinic: Clinic, weekday: int, at: time) -> Closure | None:
    """Why no slot of the weekday covers the time; None: one does.

    Raises the errors of `slots_by_weekday`.
    """
    spans = slots_by_weekday(clinic)
    if any(start <= at < end for start, end in spans.get(weekday, ())):
        return None
    hours = hours_by_weekday(clinic).get(weekday)
    if hours is None:
        return Closure("closed_day")
    if not hours.opens <= at < hours.closes:
        return Closure("outside_hours", (hours.opens, hours.closes))
    cells = _cells(hours, timedelta(minutes=clinic.schedule.slot_minutes))
    start, end = next((cell for cell in cells if cell[0] <= at < cell[1]), (at, hours.closes))
    closed = _closed_spans(clinic, weekday, hours)
    return next(
        (Closure(code, span) for code, span in closed if _overlap((start, end), span)),
        Closure("no_whole_slot", (start, hours.closes)),
    )


def hours_by_weekday(clinic: Clinic | SlotSettings) -> dict[int, Hours]:
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
    if not days:
        raise _unreadable("clinic_schedule_configs.days_of_week", "at least one day is expected")
    if schedule.open_time >= schedule.close_time:
        expected = "it must lie before close_time"
        raise _unreadable("clinic_schedule_configs.open_time", expected)
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
    if not open_days and sum(_says_closed(entry) for entry in value.values()) < len(WEEKDAYS):
        raise _unreadable(name, "an open day is expected, or that each of the seven is closed")
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
    for switch in ("enabled", "closed"):
        if not isinstance(entry.get(switch), bool | None):
            raise _unreadable(f"{name}.{switch}", "true or false is expected")
    if _says_closed(entry):
        return None
    opens, closes = entry.get("open"), entry.get("close")
    if opens is None or closes is None:
        return None
    hours = Hours(_time(f"{name}.open", opens), _time(f"{name}.close", closes), _lunch(name, entry))
    if hours.opens >= hours.closes:
        raise _unreadable(name, "open must lie before close")
    return hours


def _says_closed(entry: Any) -> bool:
    return isinstance(entry, Mapping) and (
        entry.get("enabled") is False or entry.get("closed") is True
    )


def _lunch(name: str, entry: Mapping[str, Any]) -> TimeSpan | None:
    start, end = entry.get("lunch_start"), entry.get("lunch_end")
    if start is None and end is None:
        return None
    lunch = _time(f"{name}.lunch_start", start), _time(f"{name}.lunch_end", end)
    if lunch[0] >= lunch[1]:
        raise _unreadable(name, "lunch_start must lie before lunch_end")
    return lunch


def _slots_of(clinic: Clinic | SlotSettings, weekday: int, hours: Hours) -> Iterator[TimeSpan]:
    """Spans of a slot's length, from opening on, clear of lunch and blocked periods."""
    closed = _closed_spans(clinic, weekday, hours)
    for cell in _cells(hours, timedelta(minutes=clinic.schedule.slot_minutes)):
        if not any(_overlap(cell, span) for _, span in closed):
            yield cell


def _cells(hours: Hours, length: timedelta) -> Iterator[TimeSpan]:
    """Whole spans of that length from opening to closing, whatever else they lie over."""
    start = datetime.combine(_ANY_DAY, hours.opens)
    closes = datetime.combine(_ANY_DAY, hours.closes)
    while (end := start + length) <= closes:
        yield start.time(), end.time()
        start = end


def _closed_spans(
    clinic: Clinic | SlotSettings, weekday: int, hours: Hours
) -> list[tuple[Closing, TimeSpan]]:
    closed: list[tuple[Closing, TimeSpan]] = [("lunch", hours.lunch)] if hours.lunch else []
    closed += [
        ("blocked_period", (period.start_time, period.end_time))
        for period in clinic.blocked_periods
        if weekday in period.days_of_week
    ]
    return closed


def _overlap(one: TimeSpan, other: TimeSpan) -> bool:
    return one[0] < other[1] and other[0] < one[1]


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
