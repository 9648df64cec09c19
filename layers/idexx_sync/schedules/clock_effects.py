"""What changes of the clocks do to a cron's runs, by date. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import ClockChange, clock_change
from idexx_sync.schedules.translation import UTC_ZONE, expressions, named_times

EffectName = Literal["skipped", "once", "twice"]

_A_YEAR: Final = 366
"""Days."""
_ENDS: Final[dict[tuple[EffectName, bool], str]] = {
    ("skipped", False): "is left out",
    ("skipped", True): "are left out",
    ("once", False): "comes once, the first time",
    ("once", True): "come once each, the first time",
    ("twice", False): "comes both times",
    ("twice", True): "come both times",
}


@dataclass(frozen=True, slots=True)
class ClockEffect:
    """What one change of the clocks does to a cron's runs."""

    name: EffectName
    change: ClockChange
    times: tuple[datetime, ...]
    """The naive local times of the runs that are concerned."""

    @property
    def day(self) -> date:
        return self.change.first.date()

    def in_words(self) -> str:
        """One sentence, without its full stop."""
        change = self.change
        first, until = self._told(change.first), self._told(change.until)
        happens = (
            f"clocks go from {first} to {until}"
            if change.skips
            else f"{first} to {until} comes twice"
        )
        return f"on {self.day:%A %Y-%m-%d} {happens}: {self._runs()}"

    def _runs(self) -> str:
        several = len(self.times) > 1
        which = f"the run at {self._told(self.times[0])}"
        if several:
            last = self._told(self.times[-1])
            which = f"the {len(self.times)} runs from {self._told(self.times[0])} to {last}"
        return f"{which} {_ENDS[self.name, several]}"

    def _told(self, time: datetime) -> str:
        same_day = time - self.change.first < timedelta(days=1)
        return f"{time:%H:%M}" if same_day else f"{time:%Y-%m-%d %H:%M}"


def clock_effects(
    cron: str, zone: ZoneInfo, first_day: date, days: int = _A_YEAR
) -> Iterator[ClockEffect]:
    """What is due other than once at a time that the cron names, over so many days, in order.

    The cron has no H. Raises BadCron.
    """
    in_utc = expressions(cron, zone)[0].zone is UTC_ZONE
    for n in range(days):
        change = clock_change(first_day + timedelta(days=n), zone)
        if change is None or (change.skips and in_utc):
            continue
        if times := named_times(cron, change.first, change.until):
            yield ClockEffect(_name(change, in_utc=in_utc), change, tuple(times))


def _name(change: ClockChange, *, in_utc: bool) -> EffectName:
    if change.skips:
        return "skipped"
    return "twice" if in_utc else "once"
