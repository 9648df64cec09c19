"""Unix crons of five fields: minute, hour, day of month, month, weekday. Pure."""

from dataclasses import dataclass
from typing import Final

from idexx_sync.core.phrases import counted
from idexx_sync.schedules.fields import DAY, HOUR, MINUTE, MONTH, WEEKDAYS, BadCron, Field

WEEKDAY: Final = Field("weekday", 0, 7, WEEKDAYS)
"""0 and 7 are Sunday."""
FIELDS: Final = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SUNDAY: Final = 7


@dataclass(frozen=True, slots=True)
class UnixCron:
    """What a cron names. With days and weekdays it is due on days that are among either."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    """Of the month; None: it does not go by them."""
    months: frozenset[int]
    weekdays: frozenset[int] | None
    """0 is Sunday; None: it does not go by them."""

    @property
    def goes_by_minutes_only(self) -> bool:
        """Whether every hour of every day is the same to it."""
        every_day = self.days is None and self.weekdays is None
        return every_day and len(self.hours) == HOUR.last + 1 and len(self.months) == MONTH.last


def fields_of(cron: str) -> list[str]:
    """The texts of its five fields, in capitals. Raises BadCron."""
    texts = cron.upper().split()
    if len(texts) != len(FIELDS):
        raise BadCron(f"{cron!r} has {counted(len(texts), 'field')}, a unix cron has {len(FIELDS)}")
    return texts


def read_cron(cron: str) -> UnixCron:
    """The cron, which has no H any more. Raises BadCron."""
    texts = fields_of(cron)
    try:
        return _read(texts)
    except BadCron as fault:
        raise BadCron(f"{cron!r} can't be read as a unix cron: {fault}") from None


def _read(texts: list[str]) -> UnixCron:
    minutes, hours, days, months, weekdays = (
        field.numbers(text) for field, text in zip(FIELDS, texts, strict=True)
    )
    weekdays = frozenset(number % _SUNDAY for number in weekdays)
    of_month, of_week = _due_days(texts[2], texts[4], days, weekdays)
    if of_month is not None and not _has(months, min(of_month)):
        if of_week is None:
            raise BadCron(f"day of month {texts[2]!r}: no month that it names has that day")
        of_month = None
    return UnixCron(minutes, hours, of_month, months, of_week)


def _due_days(
    day: str, weekday: str, days: frozenset[int], weekdays: frozenset[int]
) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    """By which days of the month and weekdays a cron goes.

    Unix takes days that are in either field, or in both if one begins with a star (Debian's cron).
    """
    every_day, every_weekday = len(days) == DAY.last, len(weekdays) == _SUNDAY
    if not (day.startswith("*") or weekday.startswith("*")):
        return (None, None) if every_day or every_weekday else (days, weekdays)
    if not every_day and not every_weekday:
        raise BadCron(
            f"day of month {day!r} and weekday {weekday!r} are both restricted, one by a step, "
            "which crons read differently: restrict one of them, or list the days"
        )
    return (None if every_day else days), (None if every_weekday else weekdays)


def _has(months: frozenset[int], day: int) -> bool:
    return any(LONGEST_MONTHS[month - 1] >= day for month in months)
