"""Operations on jobs."""

from idexx_sync.api.call import Call
from idexx_sync.api.function import Answer, ApiTools
from idexx_sync.api.models import JobList, JobsQuery, JobView
from idexx_sync.api.pages import cursor_at, place_of
from idexx_sync.api.problems import Problem
from idexx_sync.api.starting import accepted, placed
from idexx_sync.api.visible import visible_clinic, visible_job
from idexx_sync.clinics import timezone_of, timezones
from idexx_sync.db import Conn
from idexx_sync.jobs import Job, Params, cancel, job_by_id, jobs_newest_first
from idexx_sync.orders import Wish


def list_jobs(call: Call, tools: ApiTools) -> Answer:
    query = call.query
    assert isinstance(query, JobsQuery)
    conn = tools.conn
    found = jobs_newest_first(
        conn,
        clinic_id=visible_clinic(call, conn, query.clinic_id),
        sync=query.sync,
        status=query.status,
        after=place_of(query.cursor),
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    zones = timezones(conn, {job.clinic_id for job in shown})
    more = cursor_at(shown[-1].queued_at, shown[-1].id) if len(found) > len(shown) else None
    jobs = tuple(JobView.of(job, zones.get(job.clinic_id)) for job in shown)
    return Answer(200, JobList(jobs=jobs, next_cursor=more))


def get_job(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    return Answer(200, _view(conn, visible_job(call, conn)))


def retry_job(call: Call, tools: ApiTools) -> Answer:
    job = visible_job(call, tools.conn)
    if not job.is_final:
        raise Problem(
            "job_not_final",
            f"Job {job.id} is {job.status}; only a job that has ended can be ordered again.",
            job_id=job.id,
        )
    wish = Wish(
        clinic_id=job.clinic_id,
        sync=job.sync,
        trigger="retry",
        params=Params.model_validate(job.params),
        retry_of=job.id,
    )
    return accepted(call, tools, placed(tools, wish))


def cancel_job(call: Call, tools: ApiTools) -> Answer:
    conn = tools.conn
    job = visible_job(call, conn)
    if job.is_final or not cancel(conn, job, by=call.caller.name):
        raise Problem(
            "job_final", f"Job {job.id} has ended; there is nothing to cancel.", job_id=job.id
        )
    return Answer(200, _view(conn, job_by_id(conn, job.id) or job))


def list_discrepancies(call: Call, tools: ApiTools) -> Answer:
    visible_job(call, tools.conn)
    raise Problem("not_built_yet", "Reconciliation is not built yet; no job has discrepancies.")


def _view(conn: Conn, job: Job) -> JobView:
    return JobView.of(job, timezone_of(conn, job.clinic_id))
