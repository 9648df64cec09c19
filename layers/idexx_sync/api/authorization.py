"""What a request names, if its caller may see it; NotFound also for what is another clinic's.

Whoever acts on a job or a hold acts on its sync, and needs that sync's scope beside the route's.
"""

from uuid import UUID

from idexx_sync.api.problems import not_found
from idexx_sync.api.request import Request
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.errors import NotFound
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.operations.dead_letters import WHAT, find_letter
from idexx_sync.operations.lookup import find_alert, find_hold, find_job, require_clinic
from idexx_sync.syncs.hold_store import Hold
from idexx_sync.upkeep.dead_letter_store import DeadLetter


def visible_job(request: Request, conn: Conn) -> Job:
    """The job of the path; Problem where the caller may see it and not act on its sync."""
    job = find_job(conn, id_in_path(request, "job_id", "job"))
    if not request.caller.may_see(job.clinic_id):
        raise NotFound("job", job.id)
    _require_scope_of(job.sync, request)
    return job


def visible_hold(request: Request, conn: Conn) -> Hold:
    """The hold of the path; Problem where the caller may see it and not act on its sync."""
    hold = find_hold(conn, id_in_path(request, "hold_id", "hold"))
    if not request.caller.may_see(hold.clinic_id):
        raise NotFound("hold", hold.id)
    _require_scope_of(hold.sync, request)
    return hold


def visible_letter(request: Request, conn: Conn) -> DeadLetter:
    """The dead letter of the path; Problem where the caller may see it and not act on its sync.

    One that is nobody's is there for operators only.
    """
    letter = find_letter(conn, id_in_path(request, "letter_id", WHAT))
    if not request.caller.may_see(letter.clinic_id):
        raise NotFound(WHAT, letter.id)
    if letter.sync is not None:
        _require_scope_of(letter.sync, request)
    return letter


def visible_alert(request: Request, conn: Conn) -> UUID:
    """The id of the alert of the path; one that stands for many is no clinic's to see."""
    alert = find_alert(conn, id_in_path(request, "alert_id", "alert"))
    if not request.caller.may_see(alert.clinic_id):
        raise NotFound("alert", alert.id)
    return alert.id


def _require_scope_of(sync: SyncName, request: Request) -> None:
    """Problem (scope_missing) unless the caller may start the sync that it acts on."""
    if request.route.acts_on_a_sync:
        request.caller.require(CATALOG[sync].scope)


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
