"""How many differences each night's reconciliation found, by cause, out of its jobs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.clinic_time import local_day, zone_of
from idexx_sync.operations.models import JobView
from idexx_sync.syncs.reconciliation.causes import CAUSES

MOST_NIGHTS: Final = 90
"""Jobs of a quarter are kept (rule R25)."""


@dataclass(frozen=True, slots=True)
class Night:
    """One night's reconciliation."""

    day: date
    """The clinic-local day on which it began."""
    job_id: UUID
    causes: Mapping[str, int]
    """Cause -> how many differences it found."""
    compared: int = 0
    """How many days it compared."""

    @property
    def total(self) -> int:
        return sum(self.causes.values())


@dataclass(frozen=True, slots=True)
class Trend:
    """A clinic's nights, the oldest first; those without a run are left out."""

    clinic_id: UUID
    timezone: str | None
    nights: Sequence[Night]

    @staticmethod
    def read_since(newest: JobView, days: int) -> datetime:
        """Since when jobs count, where the newest is this one; a day more, for every zone."""
        return newest.queued_at - timedelta(days=days + 1)

    @property
    def causes(self) -> list[str]:
        """Those that any night found, in the order of their table, unknown ones last."""
        found = {cause for night in self.nights for cause, number in night.causes.items() if number}
        known = [cause for cause in CAUSES if cause in found]
        return [*known, *sorted(found - set(known))]

    @property
    def days(self) -> list[date]:
        """Every day from the first night to the last."""
        if not self.nights:
            return []
        first, last = self.nights[0].day, self.nights[-1].day
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def as_data(self) -> dict[str, Any]:
        """The trend as one JSON object."""
        return {
            "clinic_id": str(self.clinic_id),
            "timezone": self.timezone,
            "nights": [
                {
                    "night": str(night.day),
                    "job_id": str(night.job_id),
                    "differences": night.total,
                    "causes": dict(night.causes),
                }
                for night in self.nights
            ],
        }


def trend_of(clinic_id: UUID, jobs: Sequence[JobView], days: int) -> Trend:
    """The trend of jobs, the newest first, over the last `days` days up to the newest night."""
    nights: dict[date, Night] = {}
    for job in jobs:
        night = _night(job)
        if night is not None and night.compared > _compared(nights.get(night.day)):
            nights[night.day] = night
    in_order = [nights[day] for day in sorted(nights)]
    first = in_order[-1].day - timedelta(days=days - 1) if in_order else date.min
    return Trend(
        clinic_id,
        jobs[0].timezone if jobs else None,
        [night for night in in_order if night.day >= first],
    )


def _night(job: JobView) -> Night | None:
    """What a finished run found; None: it compared nothing, or was a preview."""
    if job.discrepancies is None or job.started_at is None or not job.is_final or job.dry_run:
        return None
    causes = {cause: sum(became.values()) for cause, became in job.discrepancies.items()}
    night = local_day(job.started_at, zone_of(job.timezone))
    return Night(night, job.id, causes, 0 if job.window is None else _days(*job.window))


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def _compared(night: Night | None) -> int:
    return -1 if night is None else night.compared
