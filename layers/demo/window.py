"""Which days the demo syncs: two weeks to come in which a clinic's clocks change."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = 14
DAYS_BEFORE: Final = 3
"""Of the window, before the day on which the clocks change."""
_STEP: Final = timedelta(minutes=15)
_STEPS_A_DAY: Final = 96
_LONGEST_LOOK: Final = 400


@dataclass(frozen=True)
class ClockChange:
    """The clocks of a zone go forward or back."""

    zone: str
    begins: datetime
    """Wall-clock times from here until `ends` do not exist, or come twice."""
    ends: datetime
    forward: bool

    @property
    def in_the_middle(self) -> datetime:
        return self.begins + (self.ends - self.begins) / 2

    def __str__(self) -> str:
        day = f"{self.begins.day} {self.begins:%B %Y}"
        town = self.zone.rpartition("/")[2].replace("_", " ")
        what = "does not exist" if self.forward else "comes twice"
        return (
            f"On {day} the clocks of {town} go {'forward' if self.forward else 'back'}: "
            f"{self.begins:%H:%M} to {self.ends:%H:%M} {what}."
        )


@dataclass(frozen=True)
class Window:
    """The days to sync, both ends included."""

    first_day: date
    last_day: date
    change: ClockChange


def window_to_come(zone: str, today: date) -> Window:
    """The next one that begins after tomorrow: then it is in the future everywhere on earth, and
    still is when midnight comes while the demo runs."""
    change = clock_change_from(zone, today + timedelta(days=2 + DAYS_BEFORE))
    first_day = change.begins.date() - timedelta(days=DAYS_BEFORE)
    return Window(first_day, first_day + timedelta(days=DAYS - 1), change)


def clock_change_from(zone: str, day: date) -> ClockChange:
    """The first one on the day or after. Raises LookupError: the zone's clocks never change."""
    info = ZoneInfo(zone)
    for number in range(_LONGEST_LOOK):
        midnight = datetime.combine(day + timedelta(days=number), time())
        walls = (midnight + step * _STEP for step in range(_STEPS_A_DAY))
        if strange := [wall for wall in walls if _gain(info, wall)]:
            forward = _gain(info, strange[0]) > timedelta()
            return ClockChange(zone, strange[0], strange[-1] + _STEP, forward)
    raise LookupError(f"the clocks of {zone} do not change")


def _gain(zone: ZoneInfo, wall: datetime) -> timedelta:
    """Zero where the wall-clock time is one moment: both ways of reading it are the same."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    assert early is not None
    assert late is not None
    return late - early
