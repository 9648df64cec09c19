"""SQL of submitting a run: taking turns, jobs under way, and keys that stand for a request."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import kwargs_row

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.vocabulary import Stage, Trigger
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import JOB_COLUMNS, Job

IDEMPOTENCY_KEY_LIVES: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's `Idempotency-Key`: what it stands for is done once within 24 hours."""

    api_key_id: UUID
    route: str
    text: str


def take_turns(conn: Conn, name: str) -> None:
    """Whoever submits the same waits for its turn, until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))


def unfinished(
    conn: Conn, clinic_id: UUID, sync: SyncName, *, not_begun_by: Trigger | None
) -> list[Job]:
    """Jobs that are queued or running, the oldest first; with `not_begun_by`, only those of that
    trigger that no run has begun."""
    with conn.cursor(row_factory=kwargs_row(Job.read)) as cur:
        return cur.execute(
            f"""
            SELECT {JOB_COLUMNS} FROM idexx_sync.jobs
             WHERE clinic_id = %(clinic)s AND sync = %(sync)s AND status IN ('queued', 'running')
               AND (%(trigger)s::text IS NULL
                    OR (status = 'queued' AND attempt = 0 AND trigger = %(trigger)s))
             ORDER BY queued_at, id
            """,
            {"clinic": clinic_id, "sync": sync, "trigger": not_begun_by},
        ).fetchall()


def stage(conn: Conn, clinic_id: UUID) -> Stage | None:
    """How far the clinic is on board; None if it is not set up."""
    row = conn.execute(
        "SELECT stage FROM idexx_sync.clinic_settings WHERE clinic_id = %s", (clinic_id,)
    ).fetchone()
    return None if row is None else row[0]


def mark_dispatched(conn: Conn, job_id: UUID) -> None:
    """Note that the job's worker is invoked, as part of the caller's transaction."""
    conn.execute(
        "UPDATE idexx_sync.jobs SET dispatched_at = clock_timestamp() WHERE id = %s", (job_id,)
    )


def dispatch_again(conn: Conn, job_id: UUID) -> bool:
    """Note that its worker is about to be invoked anew; False if the job has ended meanwhile."""
    marked = conn.execute(
        "UPDATE idexx_sync.jobs SET dispatched_at = clock_timestamp() "
        "WHERE id = %s AND status IN ('queued', 'running')",
        (job_id,),
    )
    return marked.rowcount > 0


def remembered(conn: Conn, key: IdempotencyKey) -> tuple[UUID, str] | None:
    """The job that the key stands for, and the hash of the request that it was used for."""
    return conn.execute(
        """
        SELECT job_id, request_hash FROM idexx_sync.idempotency_keys
         WHERE api_key_id = %s AND route = %s AND idempotency_key = %s
           AND created_at > idexx_sync.clock() - %s
        """,
        (key.api_key_id, key.route, key.text, IDEMPOTENCY_KEY_LIVES),
    ).fetchone()


def remember(conn: Conn, key: IdempotencyKey, request_hash: str, job_id: UUID) -> None:
    """Let the key stand for the job from now on."""
    conn.execute(
        """
        INSERT INTO idexx_sync.idempotency_keys AS kept
               (api_key_id, route, idempotency_key, request_hash, job_id)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (api_key_id, route, idempotency_key) DO UPDATE
           SET request_hash = EXCLUDED.request_hash, job_id = EXCLUDED.job_id,
               created_at = EXCLUDED.created_at
        """,
        (key.api_key_id, key.route, key.text, request_hash, job_id),
    )


def forget(conn: Conn, job_id: UUID) -> None:
    """Let no key stand for the job any more."""
    conn.execute("DELETE FROM idexx_sync.idempotency_keys WHERE job_id = %s", (job_id,))
