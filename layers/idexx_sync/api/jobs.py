"""Operations on jobs."""

from dataclasses import replace

from idexx_sync.api.authorization import visible_clinic, visible_job
from idexx_sync.api.budgets import ordering
from idexx_sync.api.fitting import fitting_job, fitting_jobs
from idexx_sync.api.handler import ApiDependencies, Response
from idexx_sync.api.models import DiscrepanciesQuery, JobsQuery, PageQuery
from idexx_sync.api.request import Request
from idexx_sync.api.syncs import accepted
from idexx_sync.jobs.submission import request_again, submit
from idexx_sync.operations import decisions
from idexx_sync.operations.clinic_views import change_page
from idexx_sync.operations.discrepancies import job_discrepancies
from idexx_sync.operations.models import MOST_LISTED_BYTES
from idexx_sync.operations.pagination import day_place_of, parts_of, place_of
from idexx_sync.operations.views import job_page, job_view
from idexx_sync.operations.wanted import Wanted


def list_jobs(request: Request, dependencies: ApiDependencies) -> Response:
    query = request.query
    assert isinstance(query, JobsQuery)
    conn = dependencies.conn
    clinic_id = visible_clinic(request, conn, query.clinic_id)
    page = job_page(
        conn,
        Wanted(clinic_id, query.sync, query.status, query.since, query.id),
        after=place_of(query.cursor),
        limit=query.limit,
        most_bytes=MOST_LISTED_BYTES,
    )
    return Response(200, fitting_jobs(page))


def get_job(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    return Response(200, fitting_job(job_view(conn, visible_job(request, conn))))


def list_changes(request: Request, dependencies: ApiDependencies) -> Response:
    query = request.query
    assert isinstance(query, PageQuery)
    conn = dependencies.conn
    (after,) = parts_of(query.cursor, 1) or (None,)
    job = visible_job(request, conn)
    page = change_page(conn, job, after=after, limit=query.limit, most_bytes=MOST_LISTED_BYTES)
    return Response(200, page)


def retry_job(request: Request, dependencies: ApiDependencies) -> Response:
    job = visible_job(request, dependencies.conn)
    decisions.require_ended(job)
    run_request = replace(request_again(job), request_id=request.id)
    with ordering(request, dependencies):
        conn = dependencies.database.connection()
        return accepted(request, dependencies, submit(conn, dependencies.dispatch, run_request))


def cancel_job(request: Request, dependencies: ApiDependencies) -> Response:
    conn = dependencies.conn
    ended = decisions.cancel_job(conn, visible_job(request, conn), by=request.caller.name)
    return Response(200, fitting_job(job_view(conn, ended)))


def list_discrepancies(request: Request, dependencies: ApiDependencies) -> Response:
    """None of a job of another sync: a caller need not know which sync compares."""
    query = request.query
    assert isinstance(query, DiscrepanciesQuery)
    conn = dependencies.conn
    page = job_discrepancies(
        conn,
        visible_job(request, conn).id,
        query.wanted,
        after=day_place_of(query.cursor),
        limit=query.limit,
        most_bytes=MOST_LISTED_BYTES,
    )
    return Response(200, page)
