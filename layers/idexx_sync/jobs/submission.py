"""Orders from outside: equal wishes become one job, and each job's worker is invoked.

A job that nobody was told of must not swallow the next order: when the worker can't be invoked,
the job ends at once.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import Conflict, InternalError, NotFound
from idexx_sync.core.vocabulary import Trigger
from idexx_sync.database.connection import Conn, bound_waits, writing
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import JOB_COLUMNS, Job, Params
from idexx_sync.jobs.store import Queued

UNDISPATCHED_FOR: Final = timedelta(seconds=30)
"""After so long a job whose worker was not invoked is nobody's any more."""
IDEMPOTENCY_KEY_LIVES: Final = timedelta(hours=24)


class WorkerUnavailable(Exception):
    """The worker could not be invoked; no run will come of this invocation."""


class Dispatch(Protocol):
    """Invokes the sync's worker for a job, without waiting for the run; WorkerUnavailable."""

    def __call__(self, sync: SyncName, job_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """A run that somebody outside asks for."""

    clinic_id: UUID
    sync: SyncName
    trigger: Trigger
    params: Params
    retry_of: UUID | None = None
    afresh: bool = False
    """Only a run that has not begun yet will do, and none is in the way: what has been decided
    just now must be seen by it."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal wishes; holds nothing of them."""
        text = f"{self.clinic_id} {self.sync} {self.retry_of} {self.params.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Remembered:
    """A caller's `Idempotency-Key`: what it stands for is done once within 24 hours."""

    api_key_id: UUID
    route: str
    key: str


def place(conn: Conn, dispatch: Dispatch, wish: Wish, remembered: Remembered | None = None) -> Job:
    """The job that carries the wish out, its worker invoked.

    Raises Conflict (sync_running, idempotency_key_reused), NotFound for an unknown clinic, and
    WorkerUnavailable after ending the job.
    """
    job, is_told = _create_or_join(conn, wish, remembered)
    if is_told:
        return job
    try:
        dispatch(job.sync, job.id)
    except WorkerUnavailable:
        _give_up(conn, job.id)
        raise
    conn.execute(
        "UPDATE idexx_sync.jobs SET dispatched_at = clock_timestamp() WHERE id = %s", (job.id,)
    )
    return job


def _create_or_join(conn: Conn, wish: Wish, remembered: Remembered | None) -> tuple[Job, bool]:
    """The wish's job, and whether its worker knows of it already."""
    with conn.transaction():
        bound_waits(conn)
        if remembered is not None:
            _lock(conn, f"{remembered.api_key_id} {remembered.route} {remembered.key}")
            if (found := _remembered_job(conn, wish, remembered)) is not None:
                return found, _is_told(conn, found)
        _lock(conn, f"{wish.clinic_id} {wish.sync}")
        job = _joinable(conn, wish)
        is_told = job is not None and _is_told(conn, job)
        job = job or _insert(conn, wish)
        if remembered is not None:
            _remember(conn, wish, remembered, job.id)
    return job, is_told


def _lock(conn: Conn, name: str) -> None:
    """Whoever places the same takes turns, until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))


def _joinable(conn: Conn, wish: Wish) -> Job | None:
    """An unfinished job that is what the wish wants; Conflict where another is in the way."""
    with conn.cursor(row_factory=class_row(Job)) as cur:
        unfinished = cur.execute(
            f"""
            SELECT {JOB_COLUMNS} FROM idexx_sync.jobs
             WHERE clinic_id = %s AND sync = %s AND status IN ('queued', 'running')
               AND (NOT %s OR (status = 'queued' AND attempt = 0 AND trigger = %s))
             ORDER BY queued_at, id
            """,
            (wish.clinic_id, wish.sync, wish.afresh, wish.trigger),
        ).fetchall()
    wanted = _stored(wish.params)
    for job in unfinished:
        if job.params == wanted:
            return job
    if unfinished and not wish.afresh:
        raise _running(unfinished[0].id)
    return None


def _running(job_id: UUID) -> Conflict:
    return Conflict(
        "sync_running",
        f"Job {job_id} is under way with other parameters; "
        "wait for it or cancel it, then ask again.",
        job_id=job_id,
    )


def _insert(conn: Conn, wish: Wish) -> Job:
    with conn.cursor(row_factory=class_row(Job)) as cur:
        job = cur.execute(
            f"""
            INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, params, retry_of)
            SELECT %s, id, %s, %s, %s, %s FROM public.clinics WHERE id = %s
            RETURNING {JOB_COLUMNS}
            """,
            (
                uuid4(),
                wish.sync,
                wish.trigger,
                Jsonb(_stored(wish.params)),
                wish.retry_of,
                wish.clinic_id,
            ),
        ).fetchone()
    if job is None:
        raise NotFound("clinic", wish.clinic_id)
    return job


def _is_told(conn: Conn, job: Job) -> bool:
    """Whether a worker was invoked for the job, or is just about to be."""
    row = conn.execute(
        """
        SELECT status <> 'queued' OR dispatched_at IS NOT NULL
               OR queued_at > clock_timestamp() - %s
          FROM idexx_sync.jobs WHERE id = %s
        """,
        (UNDISPATCHED_FOR, job.id),
    ).fetchone()
    return row is None or bool(row[0])


def _remembered_job(conn: Conn, wish: Wish, remembered: Remembered) -> Job | None:
    row = conn.execute(
        """
        SELECT job_id, request_hash FROM idexx_sync.idempotency_keys
         WHERE api_key_id = %s AND route = %s AND idempotency_key = %s
           AND created_at > clock_timestamp() - %s
        """,
        (remembered.api_key_id, remembered.route, remembered.key, IDEMPOTENCY_KEY_LIVES),
    ).fetchone()
    if row is None:
        return None
    job_id, request_hash = row
    if request_hash != wish.fingerprint:
        raise Conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was used within 24 hours for another request; use a new one.",
        )
    with conn.cursor(row_factory=class_row(Job)) as cur:
        return cur.execute(
            f"SELECT {JOB_COLUMNS} FROM idexx_sync.jobs WHERE id = %s", (job_id,)
        ).fetchone()


def _remember(conn: Conn, wish: Wish, remembered: Remembered, job_id: UUID) -> None:
    conn.execute(
        """
        INSERT INTO idexx_sync.idempotency_keys AS kept
               (api_key_id, route, idempotency_key, request_hash, job_id)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (api_key_id, route, idempotency_key) DO UPDATE
           SET request_hash = EXCLUDED.request_hash, job_id = EXCLUDED.job_id,
               created_at = EXCLUDED.created_at
        """,
        (
            remembered.api_key_id,
            remembered.route,
            remembered.key,
            wish.fingerprint,
            job_id,
        ),
    )


def _give_up(conn: Conn, job_id: UUID) -> None:
    """End a job whose worker can't be invoked, unless it has begun after all."""
    error = InternalError("the worker could not be invoked; order the sync again")
    with writing(conn):
        job_store.end(conn, Queued(job_id, never_begun=True), "failed", error=error)
        conn.execute("DELETE FROM idexx_sync.idempotency_keys WHERE job_id = %s", (job_id,))


def _stored(params: Params) -> dict[str, object]:
    """The parameters as a job's row holds them."""
    return Params.model_validate(
        params.model_dump(include=set(Params.model_fields)), by_name=True
    ).model_dump(mode="json", by_alias=True, exclude_defaults=True)
