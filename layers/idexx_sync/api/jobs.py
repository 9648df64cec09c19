"""Operations on jobs."""

from idexx_sync.api.authorization import visible_clinic, visible_job
from idexx_sync.api.handler import Answer, ApiTools
from idexx_sync.api.models import JobsQuery
from idexx_sync.api.problems import Problem
from idexx_sync.api.request import Call
from idexx_sync.api.syncs import accepted, placed
from idexx_sync.jobs.model import Params
from idexx_sync.jobs.submission import RunRequest
from idexx_sync.operations.decisions import cancelled, require_ended
from idexx_sync.operations.pagination import place_of
from idexx_sync.operations.views import job_page, job_view


def list_jobs(call: Call, tools: ApiTools) -> Answer:
    query = call.query
    assert isinstance(query, JobsQuery)
    conn = tools.conn
    page = job_page(
        conn,
        clinic_id=visible_clinic(call, conn, query.clinic_id),
        sync=query.sync,
        status=query.status,
        after=place_of(query.cursor),
        limit=query.limit,
    )
    return Answer(200, page)


def get_job(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    return Answer(200, job_view(conn, visible_job(call, conn)))


def retry_job(call: Call, tools: ApiTools) -> Answer:
    job = visible_job(call, tools.conn)
    require_ended(job)
    wish = RunRequest(
        clinic_id=job.clinic_id,
        sync=job.sync,
        trigger="retry",
        params=Params.model_validate(job.params),
        retry_of=job.id,
    )
    return accepted(call, tools, placed(tools, wish))


def cancel_job(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    ended = cancelled(conn, visible_job(call, conn), by=call.caller.name)
    return Answer(200, job_view(conn, ended))


def list_discrepancies(call: Call, tools: ApiTools) -> Answer:
    visible_job(call, tools.conn)
    raise Problem("not_built_yet", "Reconciliation is not built yet; no job has discrepancies.")
