"""Cancels jobs and decides holds for a person; Conflict says why it can't be done."""

from typing import Literal

from idexx_sync.core.errors import Conflict
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import cancel
from idexx_sync.operations.lookup import find_hold, find_job
from idexx_sync.syncs.hold_store import Hold, decide

HoldDecision = Literal["approved", "rejected"]


def require_ended(job: Job) -> None:
    """Conflict (job_not_final) unless the job has ended: only then it can be ordered again."""
    if not job.is_final:
        raise Conflict(
            "job_not_final",
            f"Job {job.id} is {job.status}; only a job that has ended can be ordered again.",
            job_id=job.id,
        )


def cancel_job(conn: Conn, job: Job, by: str) -> Job:
    """End the job and return it as it is then; Conflict (job_final) if it has ended already."""
    if job.is_final or not cancel(conn, job, by=by):
        raise Conflict(
            "job_final", f"Job {job.id} has ended; there is nothing to cancel.", job_id=job.id
        )
    return find_job(conn, job.id)


def decide_hold(conn: Conn, hold: Hold, decision: HoldDecision, by: str) -> Hold:
    """Record the decision and return the hold as it is then; Conflict unless the hold is open."""
    found = decide(conn, hold.id, decision, by)
    if found is None:
        status = find_hold(conn, hold.id).status
        raise Conflict(
            "hold_decided", f"Hold {hold.id} is {status}; only an open hold can be decided."
        )
    return found
