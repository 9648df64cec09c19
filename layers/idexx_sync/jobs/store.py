"""Jobs: one row per run of a sync, from the order to the outcome."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Unpack
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import dict_row, kwargs_row
from psycopg.types.json import Jsonb

from idexx_sync.alerts.kinds import ABANDONED, Opening
from idexx_sync.alerts.store import telling
from idexx_sync.clinics.store import CLINIC_QUERY, SUCCEEDED
from idexx_sync.core.errors import InternalError, SyncError
from idexx_sync.core.faults import or_else
from idexx_sync.core.vocabulary import UNFINISHED, JobStatus
from idexx_sync.database.connection import Conn, Cur, writing
from idexx_sync.database.newest_first_store import USUAL_LIMIT, Fitting, newest_first
from idexx_sync.jobs import leases
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import JOB_COLUMNS, LISTED_COLUMNS, Begun, Job, RunOrder


def begin(conn: Conn, order: RunOrder, lease_seconds: float) -> Begun:
    """Record the order, take the clinic's lease, start the job and read what a run needs.

    One round trip. A job that is already running under a live lease is not started again.
    """
    with writing(conn):
        if order.clinic_id is not None:
            insert(conn, order)
        leases.take_for_job(conn, order.job_id, order.invocation, lease_seconds)
        started = _start(conn, order.job_id)
        job = _select(conn, order.job_id)
        holder = conn.execute(
            f"""
            SELECT idexx_sync.clock(),
                   (SELECT l.job_id
                      FROM idexx_sync.leases l JOIN idexx_sync.jobs j USING (clinic_id)
                     WHERE j.id = %s AND l.expires_at > clock_timestamp()),
                   (SELECT j.finished_at
                      FROM idexx_sync.jobs j JOIN idexx_sync.jobs t USING (clinic_id, sync)
                     WHERE t.id = %s AND {SUCCEEDED}
                     ORDER BY j.finished_at DESC LIMIT 1),
                   (SELECT known FROM idexx_sync.imprints WHERE secret = 'fingerprint_key')
            """,
            (order.job_id, order.job_id),
        )
        clinic = conn.cursor(row_factory=dict_row).execute(
            CLINIC_QUERY, {"clinic_id": order.clinic_id, "job_id": order.job_id}
        )
        session = conn.execute(
            """
            SELECT s.credential_version, s.sealed
              FROM idexx_sync.sessions s JOIN idexx_sync.jobs j USING (clinic_id)
             WHERE j.id = %s
               AND s.credential_version = (SELECT max(version) FROM idexx_sync.credentials v
                                            WHERE v.clinic_id = s.clinic_id)
            """,
            (order.job_id,),
        )
    found, took, holding = job.fetchone(), started.fetchone(), holder.fetchone()
    assert holding is not None
    if found is not None and found.is_final:
        leases.let_go(conn, order.job_id, order.invocation)
    return Begun(
        now=holding[0],
        job=found,
        lease=Lease(found.clinic_id, found.id, took[0]) if found and took else None,
        held_by=holding[1],
        clinic=clinic.fetchone(),
        session=session.fetchone(),
        last_success_at=or_else(holding[2]),
        fingerprint_imprints=holding[3],
    )


def insert(conn: Conn, order: RunOrder) -> Cursor[Job]:
    """Record the order; no row where ODIS has no such clinic, or where the job is there already."""
    return _insert(conn, order, "")


def insert_for_workers(conn: Conn, order: RunOrder) -> Cursor[Job]:
    """The same of an order that the service's own workers are to carry out."""
    return _insert(conn, order, "for_workers")


def _insert(conn: Conn, order: RunOrder, for_workers: Literal["", "for_workers"]) -> Cursor[Job]:
    column, value = (f", {for_workers}", ", true") if for_workers else ("", "")
    return conn.cursor(row_factory=kwargs_row(Job.read)).execute(
        f"""
        INSERT INTO idexx_sync.jobs
               (id, clinic_id, sync, trigger, scheduled_time, params, manner, retry_of,
                request_id{column})
        SELECT %s, id, %s, %s, %s, %s, %s, %s, %s{value} FROM public.clinics WHERE id = %s
        ON CONFLICT DO NOTHING
        RETURNING {JOB_COLUMNS}
        """,
        (
            order.job_id,
            order.sync,
            order.trigger,
            order.scheduled_time,
            Jsonb({} if order.params is None else order.params.as_stored()),
            order.manner,
            order.retry_of,
            order.request_id,
            order.clinic_id,
        ),
    )


def _start(conn: Conn, job_id: UUID) -> Any:
    """The fence, if this transaction has just taken the lease for the job.

    What the job may write is settled here, for all of its attempts: a piece that was only observed
    must not count as applied.
    """
    return conn.execute(
        """
        UPDATE idexx_sync.jobs j
           SET status = 'running', attempt = j.attempt + 1, fence = l.fence,
               started_at = coalesce(j.started_at, idexx_sync.clock()),
               error_kind = NULL, error_message = NULL,
               manner = CASE WHEN j.manner = 'apply' AND EXISTS (
                             SELECT FROM idexx_sync.clinic_settings s
                              WHERE s.clinic_id = j.clinic_id AND s.stage = 'shadow')
                        THEN 'observe' ELSE j.manner END
          FROM idexx_sync.leases l
         WHERE j.id = %s AND j.status IN ('queued', 'running')
           AND l.clinic_id = j.clinic_id AND l.job_id = j.id
           AND l.fence IS DISTINCT FROM j.fence
        RETURNING l.fence
        """,
        (job_id,),
    )


def store_progress(conn: Conn, lease: Lease, progress: dict[str, Any], left_s: float) -> None:
    """Record how far the run has come; part of the transaction that commits the piece.

    A retry of the job, or the run that takes it over, finds it in `Job.progress`. `left_s` were
    left of the lease when the transaction locked it, and are again: nobody could renew it since.
    """
    conn.execute(
        """
        WITH kept AS (
            UPDATE idexx_sync.leases
               SET expires_at = clock_timestamp() + make_interval(secs => %(left_s)s)
             WHERE clinic_id = %(clinic_id)s AND job_id = %(job_id)s AND fence = %(fence)s
        )
        UPDATE idexx_sync.jobs SET progress = %(progress)s
         WHERE id = %(job_id)s AND clinic_id = %(clinic_id)s AND fence = %(fence)s
           AND status = 'running'
        """,
        {
            "left_s": left_s,
            "clinic_id": lease.clinic_id,
            "job_id": lease.job_id,
            "fence": lease.fence,
            "progress": Jsonb(progress),
        },
    )


@dataclass(frozen=True, slots=True)
class Queued:
    """A job that waits for a run: it is ended only as long as it does."""

    job_id: UUID
    never_begun: bool = False
    """Whether it must not have been begun either: a retry waits too, and has been."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A job that a person ends, whatever it is doing; its run loses the lease."""

    clinic_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A job that nobody is going to run any more: it is ended unless somebody runs it now."""

    clinic_id: UUID
    job_id: UUID


def nobody_came(job_id: UUID) -> InternalError:
    """Why the job was ended that nobody was going to run any more."""
    return InternalError(
        "its run was cut off or never began, and no other one was coming: look for the job's id in "
        f"the worker's log, then order it again with: idexx-sync jobs retry {job_id}",
        code=ABANDONED,
    )


def end(
    conn: Conn,
    what: Lease | Queued | Unfinished | Abandoned,
    status: JobStatus,
    *,
    result: dict[str, Any] | None = None,
    error: SyncError | None = None,
    why: str | None = None,
    also_tells: Iterable[Opening] = (),
) -> Cur:
    """End a job and let its lease go, or give it back for a retry with status `queued`.

    Part of the caller's transaction, and what has to be told of it is written with it. With a
    lease, only the run that still holds it ends the job. `why` tells about a job that ended without
    an error of its own; `also_tells` are alerts beside that of how it ended. The cursor's
    `rowcount`, once the transaction has settled, is 0 if the job was not as `what` demands.
    """
    if isinstance(what, Lease):
        leases.release(conn, what.clinic_id, what.job_id, what.fence)
    elif isinstance(what, Abandoned):
        lock(conn, what)
        leases.release(conn, what.clinic_id, what.job_id, if_expired=True)
    elif isinstance(what, Unfinished):
        leases.release(conn, what.clinic_id, what.job_id)
    told, parameters = telling(status, error, also_tells)
    return conn.execute(
        f"""
        WITH ended AS (
            UPDATE idexx_sync.jobs
               SET status = %(status)s, result = %(result)s,
                   error_kind = %(kind)s, error_message = %(message)s,
                   finished_at = CASE WHEN %(status)s <> 'queued' THEN idexx_sync.clock() END
             WHERE id = %(job_id)s AND status = ANY(%(from)s)
               AND (%(fence)s::bigint IS NULL OR fence = %(fence)s)
               AND (attempt = 0 OR NOT %(never_begun)s)
               AND (NOT %(abandoned)s OR NOT EXISTS (
                    SELECT FROM idexx_sync.leases l
                     WHERE l.clinic_id = jobs.clinic_id AND l.job_id = jobs.id
                       AND l.expires_at > clock_timestamp()))
            RETURNING id, clinic_id, sync, manner, status, trigger, for_workers, dispatched_at,
                      coalesce(result ->> 'fresh' = 'true', false) AS fresh,
                      coalesce(result ->> 'unfresh' = 'other_days', false) AS of_other_days
        ){told}
        SELECT id FROM ended
        """,
        {
            **parameters,
            "status": status,
            "result": None if result is None else Jsonb(result),
            "kind": error.kind if error else None,
            "message": error.message if error else why,
            "job_id": what.job_id,
            "from": _endable(what),
            "fence": what.fence if isinstance(what, Lease) else None,
            "never_begun": isinstance(what, Queued) and what.never_begun,
            "abandoned": isinstance(what, Abandoned),
        },
    )


def lock(conn: Conn, what: Abandoned) -> None:
    """Let nobody begin a run of the job, or order it anew, until the transaction ends.

    Where its clinic has no lease yet, whoever takes the first one has locked the job by then.
    """
    leases.lock(conn, what.clinic_id)
    conn.execute("SELECT FROM idexx_sync.jobs WHERE id = %s FOR NO KEY UPDATE", (what.job_id,))


def _endable(what: Lease | Queued | Unfinished | Abandoned) -> list[JobStatus]:
    """The statuses from which the job may be ended."""
    if isinstance(what, Lease):
        return ["running"]
    return ["queued"] if isinstance(what, Queued) else list(UNFINISHED)


def count_attempt(conn: Conn, job_id: UUID) -> None:
    """Count a delivery of a waiting job that found the clinic busy: it is not delivered again."""
    conn.execute(
        "UPDATE idexx_sync.jobs SET attempt = attempt + 1 WHERE id = %s AND status = 'queued'",
        (job_id,),
    )


def job_by_id(conn: Conn, job_id: UUID) -> Job | None:
    return _select(conn, job_id).fetchone()


def _select(conn: Conn, job_id: UUID) -> Cursor[Job]:
    return conn.cursor(row_factory=kwargs_row(Job.read)).execute(
        f"SELECT {JOB_COLUMNS} FROM idexx_sync.jobs WHERE id = %s", (job_id,)
    )


def jobs_newest_first(
    conn: Conn,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int = USUAL_LIMIT,
    **fitting: Unpack[Fitting],
) -> list[Job]:
    """Without their plans; by when they were queued."""
    select = f"SELECT {LISTED_COLUMNS} FROM idexx_sync.jobs"
    return newest_first(conn, Job.read, select, "queued_at", fitting, after=after, limit=limit)


def cancel(conn: Conn, job: Job, by: str) -> bool:
    """End the job whatever it is doing; False if it has ended by itself.

    A run that holds the lease loses it: it can't write any more, and its heartbeat ends it.
    """
    with writing(conn):
        ended = end(conn, Unfinished(job.clinic_id, job.id), "cancelled", why=f"cancelled by {by}")
    return ended.rowcount > 0
