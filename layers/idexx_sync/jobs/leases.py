"""One run at a time per clinic: the lease, and the fence that outlives it.

Each take-over raises the fence. A writing transaction checks its own fence first and thereby locks
the lease's row, so that a frozen and thawed run can never write after another took over.
"""

from dataclasses import dataclass
from uuid import UUID

from idexx_sync.core.errors import LeaseLost
from idexx_sync.database.connection import Conn, Settle, writing


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a clinic's rows, as long as nobody has raised the fence."""

    clinic_id: UUID
    job_id: UUID
    fence: int


def take_for_job(conn: Conn, job_id: UUID, holder: UUID, seconds: float) -> None:
    """Take the clinic's lease for an unfinished job, unless somebody else holds a live one.

    `holder` names the invocation: when the acknowledgement of its first try was lost, its second
    one takes its own lease over instead of waiting for it.
    """
    conn.execute(
        """
        INSERT INTO idexx_sync.leases AS held
               (clinic_id, job_id, sync, fence, holder, expires_at)
        SELECT clinic_id, id, sync, 1, %(holder)s,
               clock_timestamp() + make_interval(secs => %(seconds)s)
          FROM idexx_sync.jobs
         WHERE id = %(job_id)s AND status IN ('queued', 'running')
        ON CONFLICT (clinic_id) DO UPDATE
           SET job_id = EXCLUDED.job_id, sync = EXCLUDED.sync, fence = held.fence + 1,
               holder = EXCLUDED.holder, expires_at = EXCLUDED.expires_at
         WHERE held.expires_at <= clock_timestamp() OR held.holder = EXCLUDED.holder
        """,
        {"job_id": job_id, "holder": holder, "seconds": seconds},
    )


def taken_by(conn: Conn, job_id: UUID, holder: UUID) -> tuple[Lease, int] | None:
    """The lease that the invocation has taken for its job, and which attempt of the job it is.

    For a run that has begun without learning of it. None if there is no such lease.
    """
    found = conn.execute(
        """
        SELECT l.clinic_id, l.fence, j.attempt
          FROM idexx_sync.leases l JOIN idexx_sync.jobs j ON j.id = l.job_id
         WHERE l.job_id = %s AND l.holder = %s AND l.expires_at > to_timestamp(0)
        """,
        (job_id, holder),
    ).fetchone()
    return None if found is None else (Lease(found[0], job_id, found[1]), found[2])


def require(conn: Conn, lease: Lease, settle: Settle) -> float:
    """Lock the lease until the transaction ends, so that nobody takes it over meanwhile; the
    seconds that are left of it.

    Raises LeaseLost if another run has taken over, or if the lease has run out by now: then
    another one might have, and whatever kept this one from renewing it has kept it for too long.
    """
    held = conn.execute(
        """
        SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM idexx_sync.leases
         WHERE clinic_id = %s AND job_id = %s AND fence = %s
           FOR NO KEY UPDATE
        """,
        (lease.clinic_id, lease.job_id, lease.fence),
    )
    settle()
    found = held.fetchone()
    if found is None:
        raise LeaseLost(
            "another run has taken this clinic over; this one stops without writing",
            code="fence",
        )
    left_s: float = found[0]
    if left_s <= 0:
        raise LeaseLost(
            "the run stood still for longer than its lease; it stops without writing",
            code="expired",
        )
    return left_s


def renew(conn: Conn, lease: Lease, seconds: float) -> bool:
    """Prolong the lease; False if another run has taken over, or the lease was let go.

    Raises LockNotAvailable while a transaction has locked it, the run's own write as a rule: the
    thread that renews also watches the deadline, and must not wait.
    """
    with writing(conn):
        renewed = conn.execute(
            """
            WITH mine AS (
                SELECT clinic_id FROM idexx_sync.leases
                 WHERE clinic_id = %s AND job_id = %s AND fence = %s
                   AND expires_at > to_timestamp(0)
                   FOR NO KEY UPDATE NOWAIT
            )
            UPDATE idexx_sync.leases l
               SET expires_at = clock_timestamp() + make_interval(secs => %s)
              FROM mine WHERE l.clinic_id = mine.clinic_id
            RETURNING l.fence
            """,
            (lease.clinic_id, lease.job_id, lease.fence, seconds),
        )
    return renewed.fetchone() is not None


def release(
    conn: Conn,
    clinic_id: UUID,
    job_id: UUID,
    fence: int | None = None,
    *,
    if_expired: bool = False,
) -> None:
    """Let the next run in; the row stays, so that its fence keeps counting.

    With a `fence` the run lets its own lease go, and nothing if another run has taken over.
    Without one the lease is taken away from whoever runs the job: the fence rises, after a write
    that is under way. `if_expired` leaves a live lease as it is.
    """
    conn.execute(
        """
        UPDATE idexx_sync.leases
           SET expires_at = to_timestamp(0),
               fence = CASE WHEN %(fence)s::bigint IS NULL THEN fence + 1 ELSE fence END
         WHERE clinic_id = %(clinic_id)s AND job_id = %(job_id)s
           AND fence = coalesce(%(fence)s, fence)
           AND (NOT %(if_expired)s OR expires_at <= clock_timestamp())
        """,
        {"clinic_id": clinic_id, "job_id": job_id, "fence": fence, "if_expired": if_expired},
    )


def let_go(conn: Conn, job_id: UUID, holder: UUID) -> None:
    """Give back what an invocation took for a job that has ended meanwhile.

    Whoever takes a lease sees its job as it was before it waited for the lease.
    """
    with writing(conn):
        conn.execute(
            """
            UPDATE idexx_sync.leases SET expires_at = to_timestamp(0)
             WHERE job_id = %s AND holder = %s AND expires_at > to_timestamp(0)
            """,
            (job_id, holder),
        )


def lock(conn: Conn, clinic_id: UUID) -> None:
    """Let nobody take the clinic's lease, or renew it, until the transaction ends."""
    conn.execute(
        "SELECT FROM idexx_sync.leases WHERE clinic_id = %s FOR NO KEY UPDATE", (clinic_id,)
    )


def left_over(conn: Conn, limit: int) -> list[tuple[UUID, UUID]]:
    """Leases that have run out and name a job that has ended, or is gone: clinic's id and job's.

    Nothing could run by them any more; they only look as if something did.
    """
    return conn.execute(
        """
        SELECT l.clinic_id, l.job_id FROM idexx_sync.leases l
         WHERE l.expires_at > to_timestamp(0) AND l.expires_at <= clock_timestamp()
           AND NOT EXISTS (SELECT FROM idexx_sync.jobs j
                            WHERE j.id = l.job_id AND j.status IN ('queued', 'running'))
         ORDER BY l.expires_at, l.clinic_id LIMIT %s
        """,
        (limit,),
    ).fetchall()
