"""What a worker answers of the job that it has carried out."""

from datetime import UTC, datetime
from uuid import UUID

from idexx_sync.jobs.model import Job
from idexx_sync.jobs.worker import answer

JOB = Job(
    id=UUID(int=1),
    clinic_id=UUID(int=2),
    sync="inbound",
    trigger="schedule",
    scheduled_time=None,
    params={},
    manner="apply",
    status="failed",
    attempt=1,
    error_kind="pims_unavailable",
    error_message="Neo is down.",
    result={"counts": {}},
    progress=None,
    retry_of=None,
    queued_at=datetime(2026, 5, 4, tzinfo=UTC),
    started_at=None,
    finished_at=None,
)


def test_a_worker_answers_which_job_it_was_and_how_it_ended() -> None:
    assert answer(JOB) == {
        "job_id": str(JOB.id),
        "status": "failed",
        "error_kind": "pims_unavailable",
        "error_message": "Neo is down.",
        "result": {"counts": {}},
    }
