"""Jobs, holds, alerts and clinics by their ids; NotFound says that there is none."""

from uuid import UUID

from idexx_sync.alerts.alert_store import Alert, alert_by_id
from idexx_sync.clinics.store import timezones
from idexx_sync.core.errors import NotFound
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import job_by_id
from idexx_sync.syncs.hold_store import Hold, hold_by_id


def find_job(conn: Conn, job_id: UUID) -> Job:
    """The job with this id; NotFound if there is none."""
    if (job := job_by_id(conn, job_id)) is None:
        raise NotFound("job", job_id)
    return job


def find_hold(conn: Conn, hold_id: UUID) -> Hold:
    """The hold with this id; NotFound if there is none."""
    if (hold := hold_by_id(conn, hold_id)) is None:
        raise NotFound("hold", hold_id)
    return hold


def find_alert(conn: Conn, alert_id: UUID) -> Alert:
    """The alert with this id; NotFound if there is none."""
    if (alert := alert_by_id(conn, alert_id)) is None:
        raise NotFound("alert", alert_id)
    return alert


def require_clinic(conn: Conn, clinic_id: UUID | None) -> None:
    """NotFound if a clinic is named and ODIS does not have it."""
    if clinic_id is not None and not timezones(conn, {clinic_id}):
        raise NotFound("clinic", clinic_id)
