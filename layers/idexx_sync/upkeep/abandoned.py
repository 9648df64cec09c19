"""Ends the jobs that nobody is going to run any more (R27), each in a transaction of its own."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from idexx_sync.core.logs import logger
from idexx_sync.core.measures import FAILED_UNSEEN, measure
from idexx_sync.database.connection import Conn, DriverError, bound_waits, is_gone
from idexx_sync.database.refusal import refusal
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.coming_store import (
    Waiting,
    abandoned,
    is_ended_or_coming,
    waiting_in_queues,
)
from idexx_sync.jobs.store import Abandoned, nobody_came
from idexx_sync.schedules.staleness import is_stale, next_tick

MOST_JOBS: Final = 500
UNTOLD_FOR: Final = timedelta(minutes=90)
"""So long a tick is waited for whose next one nobody can tell: its message is delivered three
times, and hidden for half an hour after a run that was cut off."""
CATCH_UP_FOR: Final = timedelta(days=1)
"""So long a run that makes up for a tick is waited for: as long as the longest queue of a night."""
End = Literal["dead", "skipped_stale"]


def end_abandoned(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """End the jobs that nobody is going to run."""
    counts: Counter[str] = Counter()
    found = abandoned(conn, MOST_JOBS)
    for clinic_id, job_id in found:
        if time_left() <= 0:
            return counts, False
        counts.update(_ended(conn, clinic_id, job_id, "dead"))
    return counts, len(found) < MOST_JOBS


def end_late_ticks(conn: Conn, time_left: Callable[[], float]) -> tuple[Mapping[str, int], bool]:
    """End the ticks whose message would come back from its queue only to be skipped, or never.

    All that wait are looked at, because old ones may wait for long and rightly.
    """
    counts: Counter[str] = Counter()
    behind: tuple[datetime, UUID] | None = None
    while True:
        found = waiting_in_queues(conn, behind, MOST_JOBS)
        for one in found:
            if time_left() <= 0:
                return counts, False
            if (end := _end_of(one)) is not None:
                counts.update(_ended(conn, one.schedules.clinic_id, one.job_id, end))
        if len(found) < MOST_JOBS:
            return counts, True
        behind = found[-1].queued_at, found[-1].job_id


def _end_of(one: Waiting) -> End | None:
    """How the job ends; None: its message may still bring a run.

    One that waits ends as whoever received its message would end it. A run that was cut off is
    told, and so is whatever nobody can judge.
    """
    waits = one.schedules.now - one.queued_at
    if one.due is None:
        return "dead" if waits > CATCH_UP_FOR else None
    if is_stale(one.sync, one.due, one.schedules):
        return "dead" if one.was_cut_off else "skipped_stale"
    if waits > UNTOLD_FOR and next_tick(one.sync, one.due, one.schedules) is None:
        return "dead"
    return None


def _ended(conn: Conn, clinic_id: UUID, job_id: UUID, end: End) -> Mapping[str, int]:
    """What Postgres refuses is the trouble of this job only (R26)."""
    error = nobody_came(job_id) if end == "dead" else None
    why = None if error else "no run of it came before its schedule's next time"
    try:
        with conn.transaction():
            bound_waits(conn)
            what = Abandoned(clinic_id, job_id)
            job_store.lock(conn, what)
            if is_ended_or_coming(conn, job_id):  # somebody has begun or ordered it since
                return {}
            ended = job_store.end(conn, what, end, error=error, why=why)
    except DriverError as refused:
        if is_gone(conn, refused):
            raise
        logger().error("job not ended", job_id=str(job_id), error_message=refusal(refused))
        return {"refused": 1}
    if error is not None and ended.rowcount:
        measure(FAILED_UNSEEN)
    return {"jobs_ended": ended.rowcount}
