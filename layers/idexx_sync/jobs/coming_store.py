"""Whether somebody is still going to run a job (R27); the only place that knows."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.catalog import CATALOG
from idexx_sync.database.connection import Conn

ABOUT_TO_BEGIN: Final = timedelta(minutes=2)
"""So long after a job was made or dispatched its run may not have begun yet: it is started within
a minute, and waits for another run of its clinic for as long as `OVERLAP_WAIT_S`; an event that is
handed over at the very end of its age as well."""

_IS_RUN: Final = """EXISTS (SELECT FROM idexx_sync.leases l
                    WHERE l.clinic_id = j.clinic_id AND l.job_id = j.id
                      AND l.expires_at > clock_timestamp())"""
_IS_COMING: Final = """
    coalesce(clock_timestamp() - j.dispatched_at, idexx_sync.clock() - j.queued_at)
    < CASE WHEN j.attempt >= c.attempts
                OR (j.dispatched_at IS NULL
                    AND (j.attempt = 0 OR j.trigger NOT IN ('schedule', 'catch_up')))
           THEN interval '0' ELSE c.delivered_for END + %(about_to_begin)s"""
_CATALOG: Final = """unnest(%(syncs)s::text[], %(attempts)s::int[], %(delivered_for)s::interval[])
    AS c (sync, attempts, delivered_for)"""


def is_ended_or_coming(conn: Conn, job_id: UUID) -> bool:
    """Whether the job has ended, is being run, or somebody is still going to run it.

    A run comes as long as attempts are left and the event that was dispatched, or that made the
    job, is not too old to be delivered. What was only just made or dispatched is about to begin.
    A command that runs its job itself is no event: once it is gone, nobody comes.
    """
    row = conn.execute(
        f"""
        SELECT j.status NOT IN ('queued', 'running') OR {_IS_RUN} OR {_IS_COMING}
          FROM idexx_sync.jobs j JOIN {_CATALOG} USING (sync) WHERE j.id = %(job_id)s
        """,
        {"job_id": job_id, **_parameters()},
    ).fetchone()
    return row is None or bool(row[0])


def abandoned(conn: Conn, limit: int) -> list[tuple[UUID, UUID]]:
    """Jobs that nobody runs and nobody is going to, the oldest first: clinic's id and job's."""
    return conn.execute(
        f"""
        SELECT j.clinic_id, j.id
          FROM idexx_sync.jobs j JOIN {_CATALOG} USING (sync)
         WHERE j.status IN ('queued', 'running') AND NOT {_IS_RUN} AND NOT {_IS_COMING}
         ORDER BY j.queued_at, j.id LIMIT %(limit)s
        """,
        {"limit": limit, **_parameters()},
    ).fetchall()


def _parameters() -> dict[str, Any]:
    return {
        "about_to_begin": ABOUT_TO_BEGIN,
        "syncs": list(CATALOG),
        "attempts": [row.attempts for row in CATALOG.values()],
        "delivered_for": [row.begins_within for row in CATALOG.values()],
    }
