"""The clinics of the local stack as the demo sees them, and their own way to the API."""

import time
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

import httpx

from demo.window import ClockChange, Window
from idexx_sync.core.catalog import SyncName
from idexx_sync.operations.models import JobView
from local_stack.stack_clinics import LocalClinic
from neo_simulator.client import Company

WAIT_S: Final = 20
"""The API answers at the latest after this time; a job that has not ended by then is looked at."""
LOOKS_AGAIN_S: Final = 0.25
LONGEST_RUN_S: Final = 90


class NoOutcome(Exception):
    """The API refused, or a job does not end; the message says what was answered."""


@dataclass(frozen=True)
class Member:
    """A clinic that is on board, and the days that it syncs."""

    id: UUID
    label: str
    zone: str
    neo: Company
    rooms: tuple[str, ...] | None
    first_day: date
    last_day: date
    change: ClockChange | None
    """Of the clinic's clocks within these days."""
    key: str = field(repr=False)

    @classmethod
    def of(cls, clinic: LocalClinic, window: Window) -> "Member":
        zone = clinic.odis.zone
        return cls(
            id=clinic.id,
            label=clinic.name.rpartition(" ")[2],
            zone=zone,
            neo=clinic.neo,
            rooms=clinic.rooms,
            first_day=window.first_day,
            last_day=window.last_day,
            change=window.change if window.change.zone == zone else None,
            key=clinic.key,
        )


def synced(http: httpx.Client, member: Member, sync: SyncName) -> JobView:
    """The outcome of a sync that the clinic orders with its own key. Raises NoOutcome."""
    headers = {"X-API-Key": member.key, "Prefer": f"wait={WAIT_S}"}
    days = {"from": str(member.first_day), "to": str(member.last_day)}
    job = _job(http.post(f"/api/sync/{sync}", json=days, headers=headers))
    give_up = time.monotonic() + LONGEST_RUN_S
    while not job.is_final:
        if time.monotonic() > give_up:
            raise NoOutcome(f"{member.label}: job {job.id} is still {job.status}")
        time.sleep(LOOKS_AGAIN_S)
        job = _job(http.get(f"/api/sync/jobs/{job.id}", headers={"X-API-Key": member.key}))
    return job


def _job(answer: httpx.Response) -> JobView:
    if not answer.is_success:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise NoOutcome(f"{asked}: {answer.status_code}: {answer.text}")
    return JobView.model_validate_json(answer.content)
