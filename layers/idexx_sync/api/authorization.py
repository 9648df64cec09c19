"""What a request names, if its caller may see it; NotFound also for what is another clinic's."""

from uuid import UUID

from idexx_sync.api.problems import not_found
from idexx_sync.api.request import Request
from idexx_sync.core.errors import NotFound
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.operations.lookup import find_hold, find_job, require_clinic
from idexx_sync.syncs.hold_store import Hold


def visible_job(request: Request, conn: Conn) -> Job:
    """The job of the path."""
    job = find_job(conn, id_in_path(request, "job_id", "job"))
    if not request.caller.may_see(job.clinic_id):
        raise NotFound("job", job.id)
    return job


def visible_hold(request: Request, conn: Conn) -> Hold:
    """The hold of the path."""
    hold = find_hold(conn, id_in_path(request, "hold_id", "hold"))
    if not request.caller.may_see(hold.clinic_id):
        raise NotFound("hold", hold.id)
    return hold


def visible_clinic(request: Request, conn: Conn, wanted: UUID | None) -> UUID | None:
    """The clinic that a list is about; None: all of them, for an operator."""
    clinic_id = request.caller.only_own(wanted)
    require_clinic(conn, clinic_id)
    return clinic_id


def id_in_path(request: Request, name: str, what: str) -> UUID:
    """The id in the path; a text that is no id names nothing, so that the problem is the same."""
    try:
        return UUID(request.path[name])
    except ValueError:
        raise not_found(what) from None
