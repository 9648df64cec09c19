"""What a clinic needs from whom before its calendar is true again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from idexx_sync import access_desk
from idexx_sync.cli.exits import who_acts
from idexx_sync.cli.store import ClinicCard
from idexx_sync.clinics import clinic_by_id
from idexx_sync.db import Conn
from idexx_sync.errors import ConfigurationInvalid, SyncError, WhoActs
from idexx_sync.holds import Hold
from idexx_sync.inbound.hours import hours_by_weekday
from idexx_sync.jobs import Job

Freshness = Literal["new", "on_time", "stale", "action_required", "paused"]


@dataclass(frozen=True, slots=True)
class Need:
    who: WhoActs
    what: str
    blocks: bool = True
    """Whether no run can succeed before it is met."""


def breaker(conn: Conn, card: ClinicCard, now: datetime) -> SyncError | None:
    """Why no login is tried with the newest credentials; None: one may be tried."""
    if card.credential_version is None:
        return None
    try:
        attempts = access_desk.newest_attempts(conn, card.id, card.credential_version)
        access_desk.check_breaker(card.id, attempts, now)
    except SyncError as error:
        return error
    return None


def needs(
    conn: Conn, card: ClinicCard, holds: list[Hold], last_job: Job | None, now: datetime
) -> list[Need]:
    """Everything that is missing or waits, what blocks first."""
    found: list[Need] = []
    if not card.is_active:
        found.append(Need("odis", "clinics.is_active: the clinic is inactive in ODIS"))
    if (fault := _configuration_fault(conn, card)) is not None:
        found.append(Need(fault.who_acts, fault.message))
    if card.credential_version is None:
        found.append(
            Need("odis", f"credentials: none yet; idexx-sync credentials set --clinic {card.id}")
        )
    if card.stage == "off":
        found.append(
            Need("odis", f"stage: switched off; idexx-sync clinics add {card.id} --stage live")
        )
    if card.killed:
        found.append(Need("odis", "clinic_settings.killed: its kill switch is on"))
    if card.paused_at is not None:
        found.append(Need("odis", f"paused: {card.paused_reason or 'no reason given'}"))
    closed = breaker(conn, card, now)
    failure = None if last_job is None else _failure(card, last_job)
    if closed is not None:
        found.append(Need(closed.who_acts, f"{closed.kind}: {closed.message}"))
    elif failure is not None and not any(failure.what.endswith(need.what) for need in found):
        found.append(failure)
    found += [
        Need("odis", f"{hold.cause}: decide, idexx-sync holds show {hold.id}", blocks=False)
        for hold in holds
    ]
    if card.timezone is None:
        found.append(
            Need("odis", "clinics.timezone: not set; Los Angeles is assumed", blocks=False)
        )
    return sorted(found, key=lambda need: not need.blocks)


def freshness(card: ClinicCard, open_needs: list[Need], now: datetime) -> Freshness:
    """How far the stored calendar can be trusted to be current."""
    if card.paused:
        return "paused"
    if any(need.blocks and need.who != "nobody" for need in open_needs):
        return "action_required"
    if card.last_success_at is None:
        return "new"
    age = now - card.last_success_at
    return "on_time" if age <= timedelta(minutes=card.stale_minutes or 60) else "stale"


def _failure(card: ClinicCard, job: Job) -> Need | None:
    """How the job failed; None if it did not, or if somebody has acted on it since.

    What is still wrong in the settings is found anew, and only a run can tell about the rest.
    """
    if job.error_kind is None:
        return None
    who = who_acts(job.error_kind)
    of_settings = who == "clinic" or job.error_kind == ConfigurationInvalid.kind
    if of_settings and card.changed_at and job.finished_at and card.changed_at > job.finished_at:
        return None
    what = f"last job failed, {job.error_kind}: {job.error_message}"
    return Need(who, what, blocks=who != "nobody")


def _configuration_fault(conn: Conn, card: ClinicCard) -> SyncError | None:
    try:
        clinic = clinic_by_id(conn, card.id)
        _ = clinic.zone
        hours_by_weekday(clinic)
    except SyncError as error:
        return error
    return None
