"""What a request names, if its caller may see it: what is another clinic's does not exist."""

from uuid import UUID

from idexx_sync.api.problems import not_found
from idexx_sync.api.request import Call
from idexx_sync.clinics.store import timezones
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import job_by_id
from idexx_sync.syncs.hold_store import Hold, hold_by_id


def visible_job(call: Call, conn: Conn) -> Job:
    """The job of the path."""
    job = job_by_id(conn, id_in_path(call, "job_id", "job"))
    if job is None or not call.caller.may_see(job.clinic_id):
        raise not_found("job")
    return job


def visible_hold(call: Call, conn: Conn) -> Hold:
    """The hold of the path."""
    hold = hold_by_id(conn, id_in_path(call, "hold_id", "hold"))
    if hold is None or not call.caller.may_see(hold.clinic_id):
        raise not_found("hold")
    return hold


def visible_clinic(call: Call, conn: Conn, wanted: UUID | None) -> UUID | None:
    """The clinic that a list is about; None: all of them, for an operator."""
    clinic_id = call.caller.only_own(wanted)
    if clinic_id is not None and not timezones(conn, {clinic_id}):
        raise not_found("clinic")
    return clinic_id


def id_in_path(call: Call, name: str, what: str) -> UUID:
    """An id that can't be one names nothing."""
    try:
        return UUID(call.path[name])
    except ValueError:
        raise not_found(what) from None
