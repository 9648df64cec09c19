"""Structured logs. They hold ids, words and counts: never a name, phone, note, cookie or key."""

import logging
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

if TYPE_CHECKING:  # who only logs must not load all that a job needs
    from idexx_sync.jobs import Job


@cache
def logger() -> Logger:
    return Logger(service="idexx-sync")


def quiet_drivers() -> None:
    """Keep psycopg from describing broken connections, host and user included, in the log."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)


def log_job(job: "Job") -> None:
    """One line for a run that has ended or goes back to the queue."""
    result = job.result or {}
    logger().info(
        "sync ended",
        job_id=str(job.id),
        clinic_id=str(job.clinic_id),
        sync=job.sync,
        trigger=job.trigger,
        status=job.status,
        attempt=job.attempt,
        error_kind=job.error_kind,
        summary=result.get("summary"),
        counts=result.get("counts"),
        warnings=result.get("warnings"),
        held=result.get("held"),
    )
