"""Whether somebody is still going to run a job (R27); the only place that knows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from psycopg.rows import kwargs_row

from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.faults import or_else
from idexx_sync.database.connection import Conn
from idexx_sync.schedules.staleness import Schedules

ABOUT_TO_BEGIN: Final = timedelta(minutes=2)
"""So long after a job was made or dispatched its run may not have begun yet: it is started within
a minute, and waits for another run of its clinic for as long as `OVERLAP_WAIT_S`; an event that is
handed over at the very end of its age as well."""

_IS_RUN: Final = """EXISTS (SELECT FROM idexx_sync.leases l
                    WHERE l.clinic_id = j.clinic_id AND l.job_id = j.id
                      AND l.expires_at > clock_timestamp())"""
_IS_COMING: Final = """
    coalesce(clock_timestamp() - j.dispatched_at, idexx_sync.clock() - j.queued_at)
    < CASE WHEN j.attempt >= c.attempts OR j.dispatched_at IS NULL
           THEN interval '0' ELSE c.delivered_for END + %(about_to_begin)s"""
_WAITS_IN_QUEUE: Final = """(j.attempt < c.attempts
    AND (j.trigger = 'catch_up' OR (j.trigger = 'schedule' AND j.scheduled_time IS NOT NULL
                                    AND j.dispatched_at IS NULL)))"""
"""Whether the job's message may still come back from a queue of ticks: where a run was cut off, or
many wait, that takes longer than anybody who orders a run should wait."""
_CATALOG: Final = """unnest(%(syncs)s::text[], %(attempts)s::int[], %(delivered_for)s::interval[])
    AS c (sync, attempts, delivered_for)"""


def is_ended_or_coming(conn: Conn, job_id: UUID) -> bool:
    """Whether the job has ended, is being run, or somebody is still going to run it.

    A run comes as long as attempts are left and the event that was dispatched is not too old to be
    delivered. What was only just made or dispatched is about to begin. A command that runs its job
    itself is no event: once it is gone, nobody comes. A message that waits in a queue of ticks is
    not counted on: its job may be given to a worker beside it, and is run once all the same.
    """
    row = conn.execute(
        f"""
        SELECT j.status NOT IN ('queued', 'running') OR {_IS_RUN} OR {_IS_COMING}
          FROM idexx_sync.jobs j JOIN {_CATALOG} USING (sync) WHERE j.id = %(job_id)s
        """,
        {"job_id": job_id, **_parameters()},
    ).fetchone()
    return row is None or bool(row[0])


def waits_in_queue(conn: Conn, job_id: UUID) -> bool:
    """Whether the job has not ended, and its message may come back from a queue of ticks."""
    row = conn.execute(
        f"""
        SELECT j.status IN ('queued', 'running') AND {_WAITS_IN_QUEUE}
          FROM idexx_sync.jobs j JOIN {_CATALOG} USING (sync) WHERE j.id = %(job_id)s
        """,
        {"job_id": job_id, **_parameters()},
    ).fetchone()
    return row is not None and bool(row[0])


def abandoned(conn: Conn, limit: int) -> list[tuple[UUID, UUID]]:
    """Jobs that nobody runs and nobody is going to, the oldest first: clinic's id and job's.

    Those whose message may come back from its queue are not among them.
    """
    return conn.execute(
        f"""
        SELECT j.clinic_id, j.id
          FROM idexx_sync.jobs j JOIN {_CATALOG} USING (sync)
         WHERE j.status IN ('queued', 'running') AND NOT {_IS_RUN} AND NOT {_IS_COMING}
           AND NOT {_WAITS_IN_QUEUE}
         ORDER BY j.queued_at, j.id LIMIT %(limit)s
        """,
        {"limit": limit, **_parameters()},
    ).fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that nobody runs now, and whose message may come back from its queue."""

    job_id: UUID
    sync: SyncName
    due: datetime | None
    """None: it makes up for a tick, and is never stale; or its time can't be read."""
    was_cut_off: bool
    """Whether a run of it began and never said how it ended."""
    queued_at: datetime
    schedules: Schedules

    @classmethod
    def read(
        cls, *, due: Any, clinic_id: UUID, now: datetime, stored: Any, timezone: Any, **columns: Any
    ) -> Self:
        schedules = Schedules(clinic_id, now, stored, timezone)
        return cls(due=or_else(due), schedules=schedules, **columns)


def waiting_in_queues(
    conn: Conn, behind: tuple[datetime, UUID] | None, limit: int
) -> list[Waiting]:
    """The next of them by when they were made and their ids, the oldest first."""
    with conn.cursor(row_factory=kwargs_row(Waiting.read)) as cur:
        return cur.execute(
            f"""
            SELECT j.id AS job_id, j.clinic_id, j.sync,
                   CASE WHEN j.trigger = 'schedule' THEN j.scheduled_time END AS due,
                   j.status = 'running' AS was_cut_off, j.queued_at,
                   idexx_sync.clock() AS now, g.sync_schedules AS stored, p.timezone
              FROM idexx_sync.jobs j JOIN {_CATALOG} USING (sync)
              JOIN public.clinics p ON p.id = j.clinic_id
              LEFT JOIN public.clinic_schedule_configs g ON g.clinic_id = j.clinic_id
             WHERE j.status IN ('queued', 'running') AND NOT {_IS_RUN} AND NOT {_IS_COMING}
               AND {_WAITS_IN_QUEUE}
               AND (%(at)s::timestamptz IS NULL OR (j.queued_at, j.id) > (%(at)s, %(id)s))
             ORDER BY j.queued_at, j.id LIMIT %(limit)s
            """,
            {
                "at": None if behind is None else behind[0],
                "id": None if behind is None else behind[1],
                "limit": limit,
                **_parameters(),
            },
        ).fetchall()


def _parameters() -> dict[str, Any]:
    return {
        "about_to_begin": ABOUT_TO_BEGIN,
        "syncs": list(CATALOG),
        "attempts": [row.attempts for row in CATALOG.values()],
        "delivered_for": [row.begins_within for row in CATALOG.values()],
    }
