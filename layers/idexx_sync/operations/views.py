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
    one_page,
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
    found = jobs_newest_first(conn, after=after, limit=limit + 1, **wanted.fitting)
    zones = timezones(conn, {job.clinic_id for job in found})

    def view(job: Job) -> JobView:
        return JobView.of(job, zones.get(job.clinic_id))

    jobs, more = one_page(
        found, limit, most_bytes, view, lambda job: cursor_at(job.queued_at, job.id)
    )
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
    found = holds_newest_first(conn, after=after, limit=limit + 1, **wanted.fitting)
    zones = timezones(conn, {hold.clinic_id for hold in found})

    def view(hold: Hold) -> HoldView:
        return HoldView.of(hold, zones.get(hold.clinic_id), MOST_FINDINGS_LISTED)

    holds, more = one_page(
        found, limit, most_bytes, view, lambda hold: cursor_at(hold.opened_at, hold.id)
    )
    return HoldList(holds=holds, next_cursor=more)
