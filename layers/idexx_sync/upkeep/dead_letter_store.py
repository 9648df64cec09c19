"""SQL of dead letters: what messages of the dead-letter queue said, and what became of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self, Unpack
from uuid import UUID

from psycopg.rows import kwargs_row
from psycopg.types.json import Jsonb

from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn, bound_waits
from idexx_sync.database.newest_first_store import USUAL_LIMIT, Fitting, newest_first
from idexx_sync.jobs.submission_store import take_turns
from idexx_sync.schedules.staleness import Schedules
from idexx_sync.upkeep.letters import Letter, Shape

Outcome = Literal["ended", "superseded", "parked"]
LetterStatus = Literal["parked", "ended", "superseded", "retried", "discarded"]
OPEN: Final[tuple[LetterStatus, ...]] = ("parked", "ended")
"""Statuses of letters that can be ordered again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message; the same for each of its deliveries."""

    outcome: Outcome
    job_id: UUID | None
    """The job that it is about, if there is one."""
    reason: str
    """A word."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was taken in."""

    id: UUID
    received_at: datetime
    shape: Shape
    condition: str | None
    request_id: UUID | None
    outcome: Outcome
    reason: str
    status: LetterStatus
    job_id: UUID | None
    clinic_id: UUID | None
    """None: nobody knows whose it is, so that it is for operators only."""
    sync: SyncName | None
    event: dict[str, Any] | None
    left_out: int
    body_bytes: int
    body_sha256: str
    ended_at: datetime | None
    ended_by: str | None
    ended_reason: str | None
    retry_job_id: UUID | None

    @classmethod
    def read(cls, *, event: Any, **columns: Any) -> Self:
        """The letter of a row; a document that is no object counts as none."""
        return cls(event=event if isinstance(event, dict) else None, **columns)


_COLUMNS: Final = """id, received_at, shape, condition, request_id, outcome, reason, status, job_id,
    clinic_id, sync, event, left_out, body_bytes, body_sha256, ended_at, ended_by, ended_reason,
    retry_job_id"""


def taken_before(conn: Conn, message_id: str) -> Taken | None:
    """What became of the message, if it was taken in; other deliveries of it wait for this one,
    until the caller's transaction ends."""
    with conn.pipeline():
        bound_waits(conn)
        take_turns(conn, f"dead letter {message_id}")
    row = conn.execute(
        "SELECT outcome, job_id, reason FROM idexx_sync.dead_letters WHERE message_id = %s",
        (message_id,),
    ).fetchone()
    return None if row is None else Taken(*row)


def enter(
    conn: Conn, letter: Letter, taken: Taken, clinic_id: UUID | None, sync: SyncName | None
) -> None:
    """Write the letter down; what is not parked has ended with that."""
    conn.execute(
        """
        INSERT INTO idexx_sync.dead_letters
               (message_id, shape, condition, request_id, outcome, reason, status, job_id,
                clinic_id, sync, event, left_out, body_bytes, body_sha256, ended_at)
        VALUES (%(message_id)s, %(shape)s, %(condition)s, %(request_id)s, %(outcome)s, %(reason)s,
                %(outcome)s, %(job_id)s, %(clinic_id)s, %(sync)s, %(event)s, %(left_out)s,
                %(body_bytes)s, %(body_sha256)s,
                CASE WHEN %(outcome)s <> 'parked' THEN idexx_sync.clock() END)
        """,
        {
            "message_id": letter.message_id,
            "shape": letter.shape,
            "condition": letter.condition,
            "request_id": letter.request_id,
            "outcome": taken.outcome,
            "reason": taken.reason,
            "job_id": taken.job_id,
            "clinic_id": clinic_id,
            "sync": sync,
            "event": None if letter.kept is None else Jsonb(letter.kept),
            "left_out": letter.left_out,
            "body_bytes": letter.body_bytes,
            "body_sha256": letter.body_sha256,
        },
    )


def was_dispatched_after(conn: Conn, job_id: UUID, moment: datetime) -> bool:
    """Whether the job's worker was invoked anew since; both by the clocks of machines."""
    row = conn.execute(
        "SELECT dispatched_at > %s FROM idexx_sync.jobs WHERE id = %s", (moment, job_id)
    ).fetchone()
    return row is not None and bool(row[0])


def job_of_tick(conn: Conn, clinic_id: UUID, sync: SyncName, due: datetime) -> UUID | None:
    """The job of the scheduled time, whatever its id."""
    row = conn.execute(
        """
        SELECT id FROM idexx_sync.jobs
         WHERE clinic_id = %s AND sync = %s AND scheduled_time = %s
        """,
        (clinic_id, sync, due),
    ).fetchone()
    return None if row is None else row[0]


def schedules_of(conn: Conn, clinic_id: UUID) -> Schedules | None:
    """By what the clinic's ticks come; None where ODIS has no such clinic."""
    with conn.cursor(row_factory=kwargs_row(Schedules)) as cur:
        return cur.execute(
            """
            SELECT c.id AS clinic_id, idexx_sync.clock() AS now, g.sync_schedules, c.timezone
              FROM public.clinics c
              LEFT JOIN public.clinic_schedule_configs g ON g.clinic_id = c.id
             WHERE c.id = %s
            """,
            (clinic_id,),
        ).fetchone()


def letter_by_id(conn: Conn, letter_id: UUID) -> DeadLetter | None:
    with conn.cursor(row_factory=kwargs_row(DeadLetter.read)) as cur:
        return cur.execute(
            f"SELECT {_COLUMNS} FROM idexx_sync.dead_letters WHERE id = %s", (letter_id,)
        ).fetchone()


def letters_newest_first(
    conn: Conn,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int = USUAL_LIMIT,
    **fitting: Unpack[Fitting],
) -> list[DeadLetter]:
    """By when they were received."""
    select = f"SELECT {_COLUMNS} FROM idexx_sync.dead_letters"
    return newest_first(
        conn, DeadLetter.read, select, "received_at", fitting, after=after, limit=limit
    )


def those_there(
    conn: Conn, job_ids: Collection[UUID], clinic_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Of these ids those of jobs that are kept, and of clinics that ODIS has."""
    rows = conn.execute(
        """
        SELECT id FROM idexx_sync.jobs WHERE id = ANY(%s)
         UNION ALL
        SELECT id FROM public.clinics WHERE id = ANY(%s)
        """,
        (list(job_ids), list(clinic_ids)),
    ).fetchall()
    return frozenset(id_ for (id_,) in rows)


def mark_retried(conn: Conn, letter_id: UUID, job_id: UUID, by: str) -> DeadLetter | None:
    """Say that the letter was ordered again as this job; None if it has been ended since."""
    with conn.cursor(row_factory=kwargs_row(DeadLetter.read)) as cur:
        return cur.execute(
            f"""
            UPDATE idexx_sync.dead_letters
               SET status = 'retried', retry_job_id = %s, ended_by = %s,
                   ended_at = idexx_sync.clock()
             WHERE id = %s AND status = ANY(%s)
            RETURNING {_COLUMNS}
            """,
            (job_id, by, letter_id, list(OPEN)),
        ).fetchone()


def mark_discarded(conn: Conn, letter_id: UUID, by: str, reason: str) -> DeadLetter | None:
    """Say that nothing is to come of the letter; None unless it is parked."""
    with conn.cursor(row_factory=kwargs_row(DeadLetter.read)) as cur:
        return cur.execute(
            f"""
            UPDATE idexx_sync.dead_letters
               SET status = 'discarded', ended_by = %s, ended_reason = %s,
                   ended_at = idexx_sync.clock()
             WHERE id = %s AND status = 'parked'
            RETURNING {_COLUMNS}
            """,
            (by, reason, letter_id),
        ).fetchone()
