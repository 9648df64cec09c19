"""Pauses of clinics, as values and in words. Pure.

While one stands, nothing of the clinic asks its PIMS: no run of any manner, no login, and no
command that only looks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.core.phrases import local_moment


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause, from who paused to who let go on."""

    id: UUID
    clinic_id: UUID | None
    """None: of all clinics."""
    paused_at: datetime
    paused_by: str
    reason: str
    resumed_at: datetime | None = None
    """None: it stands."""
    resumed_by: str | None = None
    resume_reason: str | None = None

    @property
    def of_all(self) -> bool:
        return self.clinic_id is None

    @property
    def ends_with(self) -> str:
        """The command that ends it."""
        whose = "resume --all" if self.of_all else f"clinics resume {self.clinic_id}"
        return f"idexx-sync {whose}"

    def in_words(self, zone: ZoneInfo) -> str:
        """`paused since 2026-05-04 07:00 PDT by Kim: the clinic moves`."""
        whose = " with all clinics" if self.of_all else ""
        return f"paused{whose} {self.since_in_words(zone)}"

    def since_in_words(self, zone: ZoneInfo) -> str:
        """`since 2026-05-04 07:00 PDT by Kim: the clinic moves`."""
        since = local_moment(self.paused_at, zone)
        return f"since {since} by {self.paused_by}: {self.reason}"


def all_in_words(pauses: Iterable[Pause], zone: ZoneInfo) -> str:
    """What stands of a clinic."""
    return "; ".join(pause.in_words(zone) for pause in pauses)


def how_it_goes_on(pauses: Iterable[Pause]) -> str:
    """What lets a clinic's runs begin again."""
    return f"once it may go on: {', then '.join(pause.ends_with for pause in pauses)}"


def pauses_from_json(stored: Sequence[dict[str, Any]] | None) -> tuple[Pause, ...]:
    """Those of a row of CLINIC_ROWS: that of all clinics first."""
    return tuple(
        Pause(
            id=UUID(one["id"]),
            clinic_id=None if one["clinic_id"] is None else UUID(one["clinic_id"]),
            paused_at=datetime.fromisoformat(one["paused_at"]),
            paused_by=one["paused_by"],
            reason=one["reason"],
        )
        for one in stored or ()
    )
