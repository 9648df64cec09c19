"""Reads jobs and holds from the database as the API and the command line show them."""

from idexx_sync.clinics.store import timezone_of, timezones
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import jobs_newest_first
from idexx_sync.operations.models import (
    MOST_FINDINGS_LISTED,
    HoldList,
    HoldView,
    JobList,
    JobView,
    fitting,
)
from idexx_sync.operations.pagination import Place, cursor_at
from idexx_sync.operations.wanted import Wanted
from idexx_sync.syncs.hold_event_store import history_of
from idexx_sync.syncs.hold_store import Hold, holds_newest_first
from idexx_sync.syncs.holds import HoldStatus


def job_view(conn: Conn, job: Job) -> JobView:
    return JobView.of(job, timezone_of(conn, job.clinic_id))


def hold_view(conn: Conn, hold: Hold) -> HoldView:
    """The hold with what was decided about it."""
    zone = timezone_of(conn, hold.clinic_id)
    return HoldView.of(hold, zone, history=history_of(conn, hold.id))


def job_page(
    conn: Conn,
    wanted: Wanted[JobStatus],
    *,
    after: Place | None = None,
    limit: int,
    most_bytes: int | None = None,
) -> JobList:
    """The newest jobs that fit, behind a place; fewer where they are long."""
    found = jobs_newest_first(
        conn,
        clinic_id=wanted.clinic_id,
        sync=wanted.sync,
        status=wanted.status,
        since=wanted.since,
        ids=wanted.id_range,
        after=after,
        limit=limit + 1,
    )
    zones = timezones(conn, {job.clinic_id for job in found[:limit]})
    views = [JobView.of(job, zones.get(job.clinic_id)) for job in found[:limit]]
    jobs = tuple(fitting(views, most_bytes))
    more = cursor_at(jobs[-1].queued_at, jobs[-1].id) if len(found) > len(jobs) else None
    return JobList(jobs=jobs, next_cursor=more)


def hold_page(
    conn: Conn,
    wanted: Wanted[HoldStatus],
    *,
    after: Place | None = None,
    limit: int,
    most_bytes: int | None = None,
) -> HoldList:
    """The newest holds that fit, behind a place; fewer where they are long."""
    found = holds_newest_first(
        conn,
        clinic_id=wanted.clinic_id,
        sync=wanted.sync,
        status=wanted.status,
        since=wanted.since,
        ids=wanted.id_range,
        after=after,
        limit=limit + 1,
    )
    zones = timezones(conn, {hold.clinic_id for hold in found[:limit]})
    views = [
        HoldView.of(hold, zones.get(hold.clinic_id), MOST_FINDINGS_LISTED) for hold in found[:limit]
    ]
    holds = tuple(fitting(views, most_bytes))
    more = cursor_at(holds[-1].opened_at, holds[-1].id) if len(found) > len(holds) else None
    return HoldList(holds=holds, next_cursor=more)
