"""When the schedules of the simulated AWS fire, and what they send.

Runs in MiniStack's own environment.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from idexx_sync.schedules.eventbridge import Expression
from idexx_sync.schedules.fields import BadCron

UTC_OF_AWS: Final = "UTC"
"""The zone of a schedule that names none."""
Schedule = Mapping[str, Any]
"""As CreateSchedule was told it."""


@dataclass
class Ticker:
    """Looks at schedules now and then; each time that one names since the last look comes once."""

    _seen: dict[Hashable, tuple[Hashable, datetime]] = field(default_factory=dict)
    """Schedule's key -> what it said, and when it was looked at."""

    def due(self, key: Hashable, schedule: Schedule, now: datetime) -> list[datetime]:
        """The times in UTC at which it fires now. One that is new, was changed or was switched on
        again fires from then on; what can't be read never does."""
        rule = _rule(schedule)
        before, looked = self._seen.get(key, (None, now))
        self._seen[key] = (rule, now)
        if rule is None or rule != before:
            return []
        text, zone = rule
        try:
            runs = Expression(text, ZoneInfo(zone)).runs_after(looked)
            return list(takewhile(lambda run: run <= now, runs))
        except (BadCron, ZoneInfoNotFoundError, ValueError, OSError):
            return []

    def keep(self, keys: set[Hashable]) -> None:
        """Forget all schedules but these."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}


def _rule(schedule: Schedule) -> tuple[str, str] | None:
    """Expression and zone; None while it does not fire."""
    if schedule.get("State", "ENABLED") != "ENABLED":
        return None
    zone = schedule.get("ScheduleExpressionTimezone") or UTC_OF_AWS
    return str(schedule.get("ScheduleExpression", "")), str(zone)


def is_cron(schedule: Schedule) -> bool:
    return str(schedule.get("ScheduleExpression", "")).startswith("cron(")


def input_at(schedule: Schedule, due: datetime, execution_id: str) -> str:
    """The target's input, with what AWS puts in place of its own words in angle brackets."""
    text = str((schedule.get("Target") or {}).get("Input") or "{}")
    told = {
        "scheduled-time": f"{due:%Y-%m-%dT%H:%M:%SZ}",
        "schedule-arn": str(schedule.get("Arn", "")),
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for word, value in told.items():
        text = text.replace(f"<aws.scheduler.{word}>", value)
    return text
