"""What a person does to jobs and holds, whoever asks; Problem says why it can't be done."""

from datetime import datetime
from typing import Literal

from idexx_sync.api.problems import Problem
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import Job
from idexx_sync.jobs.store import cancel, job_by_id
from idexx_sync.syncs.hold_store import Hold, decide, hold_by_id

Verdict = Literal["approved", "rejected"]


def require_ended(job: Job) -> None:
    """Only what has ended can be ordered again."""
    if not job.is_final:
        raise Problem(
            "job_not_final",
            f"Job {job.id} is {job.status}; only a job that has ended can be ordered again.",
            job_id=job.id,
        )


def cancelled(conn: Conn, job: Job, by: str) -> Job:
    """End the job; the job as it stands then."""
    if job.is_final or not cancel(conn, job, by=by):
        raise Problem(
            "job_final", f"Job {job.id} has ended; there is nothing to cancel.", job_id=job.id
        )
    return job_by_id(conn, job.id) or job


def decided(conn: Conn, hold: Hold, verdict: Verdict, by: str, now: datetime) -> Hold:
    """Record the decision on an open hold; the hold as it stands then."""
    found = decide(conn, hold.id, verdict, by, now)
    if found is None:
        status = (hold_by_id(conn, hold.id) or hold).status
        raise Problem(
            "hold_decided", f"Hold {hold.id} is {status}; only an open hold can be decided."
        )
    return found
