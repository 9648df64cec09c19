"""Holds in the database: what waits for a person, and what a person has decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from psycopg import Cursor
from psycopg.rows import kwargs_row
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.model import params_of, window_of
from idexx_sync.jobs.params import Params, WindowParams, params_model
from idexx_sync.jobs.store import job_by_id
from idexx_sync.syncs.holds import (
    PERMIT_LIFETIME,
    Finding,
    HoldDecisions,
    HoldInForce,
    HoldStatus,
    objects_in,
)


@dataclass(frozen=True, slots=True)
class Hold:
    id: UUID
    clinic_id: UUID
    sync: SyncName
    cause: str
    status: HoldStatus
    findings: dict[str, Finding]
    job_id: UUID
    opened_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    permit_until: datetime | None
    ended_at: datetime | None

    @classmethod
    def read(cls, *, findings: Any, **columns: Any) -> Self:
        """The hold of a row; what is no finding in its document is left out."""
        return cls(findings=dict(objects_in(findings)), **columns)


_HOLD_COLUMNS = """id, clinic_id, sync, cause, status, findings, job_id, opened_at, updated_at,
    decided_at, decided_by, permit_until, ended_at"""


def holds_in_force(conn: Conn, clinic_id: UUID, sync: SyncName) -> Cursor[HoldInForce]:
    """The holds that count for the next run; a cursor, because the caller may be pipelining."""
    return conn.cursor(row_factory=kwargs_row(HoldInForce.read)).execute(
        """
        SELECT id, cause, status, findings, opened_at, permit_until
          FROM idexx_sync.holds
         WHERE clinic_id = %s AND sync = %s AND status IN ('open', 'approved', 'rejected')
         ORDER BY cause
        """,
        (clinic_id, sync),
    )


def store_decisions(
    conn: Conn,
    clinic_id: UUID,
    sync: SyncName,
    job_id: UUID,
    decisions: HoldDecisions,
    now: datetime,
) -> None:
    """Write what a run decided about the clinic's holds; part of the caller's transaction."""
    for cause, findings in decisions.opened.items():
        _open(conn, clinic_id, sync, cause, job_id, findings, now)
    for hold_id, findings in decisions.reopened.items():
        _reopen(conn, clinic_id, hold_id, job_id, findings, now)
    for hold_id, findings in decisions.updated.items():
        _update(conn, clinic_id, hold_id, job_id, findings, now)
    _end(conn, clinic_id, decisions.closed, "closed", now)
    _end(conn, clinic_id, decisions.expired, "expired", now)


def _open(
    conn: Conn,
    clinic_id: UUID,
    sync: SyncName,
    cause: str,
    job_id: UUID,
    findings: Mapping[str, Finding],
    now: datetime,
) -> None:
    conn.execute(
        """
        INSERT INTO idexx_sync.holds (id, clinic_id, sync, cause, findings, job_id,
                                      opened_at, updated_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            uuid4(),
            clinic_id,
            sync,
            cause,
            Jsonb(dict(findings)),
            job_id,
            now,
            now,
        ),
    )


def _reopen(
    conn: Conn,
    clinic_id: UUID,
    hold_id: UUID,
    job_id: UUID,
    findings: Mapping[str, Finding],
    now: datetime,
) -> None:
    """Take back what a person decided: it was decided about something else."""
    conn.execute(
        """
        UPDATE idexx_sync.holds
           SET status = 'open', findings = %s, job_id = %s, opened_at = %s, updated_at = %s,
               decided_at = NULL, decided_by = NULL, permit_until = NULL
         WHERE id = %s AND clinic_id = %s
        """,
        (Jsonb(dict(findings)), job_id, now, now, hold_id, clinic_id),
    )


def _update(
    conn: Conn,
    clinic_id: UUID,
    hold_id: UUID,
    job_id: UUID,
    findings: Mapping[str, Finding],
    now: datetime,
) -> None:
    conn.execute(
        """
        UPDATE idexx_sync.holds SET findings = %s, job_id = %s, updated_at = %s
         WHERE id = %s AND clinic_id = %s
        """,
        (Jsonb(dict(findings)), job_id, now, hold_id, clinic_id),
    )


def _end(
    conn: Conn,
    clinic_id: UUID,
    hold_ids: list[UUID],
    status: Literal["closed", "expired"],
    now: datetime,
) -> None:
    if hold_ids:
        conn.execute(
            """
            UPDATE idexx_sync.holds SET status = %s, ended_at = %s
             WHERE clinic_id = %s AND id = ANY(%s)
            """,
            (status, now, clinic_id, hold_ids),
        )


def decide(
    conn: Conn, hold_id: UUID, verdict: Literal["approved", "rejected"], by: str
) -> Hold | None:
    """Record a person's decision on an open hold; None if there is no such open hold.

    Approving gives a permit for exactly what the hold names, for 24 hours.
    """
    permit = PERMIT_LIFETIME if verdict == "approved" else None
    with conn.cursor(row_factory=kwargs_row(Hold.read)) as cur:
        return cur.execute(
            f"""
            UPDATE idexx_sync.holds
               SET status = %s, decided_by = %s, decided_at = moment.now,
                   permit_until = moment.now + %s
              FROM (SELECT idexx_sync.clock() AS now) AS moment
             WHERE id = %s AND status = 'open'
            RETURNING {_HOLD_COLUMNS}
            """,
            (verdict, by, permit, hold_id),
        ).fetchone()


def hold_by_id(conn: Conn, hold_id: UUID) -> Hold | None:
    with conn.cursor(row_factory=kwargs_row(Hold.read)) as cur:
        return cur.execute(
            f"SELECT {_HOLD_COLUMNS} FROM idexx_sync.holds WHERE id = %s", (hold_id,)
        ).fetchone()


def holds_newest_first(
    conn: Conn,
    *,
    clinic_id: UUID | None = None,
    sync: SyncName | None = None,
    status: HoldStatus | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 20,
) -> list[Hold]:
    """`after`: begin behind the hold that was opened then and has this id."""
    opened_at, hold_id = after or (None, None)
    with conn.cursor(row_factory=kwargs_row(Hold.read)) as cur:
        return cur.execute(
            f"""
            SELECT {_HOLD_COLUMNS} FROM idexx_sync.holds
             WHERE (%(clinic_id)s::uuid IS NULL OR clinic_id = %(clinic_id)s)
               AND (%(sync)s::text IS NULL OR sync = %(sync)s)
               AND (%(status)s::text IS NULL OR status = %(status)s)
               AND (%(hold_id)s::uuid IS NULL OR (opened_at, id) < (%(opened_at)s, %(hold_id)s))
             ORDER BY opened_at DESC, id DESC LIMIT %(limit)s
            """,
            {
                "clinic_id": clinic_id,
                "sync": sync,
                "status": status,
                "opened_at": opened_at,
                "hold_id": hold_id,
                "limit": limit,
            },
        ).fetchall()


def params_of_finder(conn: Conn, hold: Hold) -> Params:
    """What was asked of the run that found it: over other days it might not be found.

    Where the sync reads days, those that were really read are named.
    """
    job = job_by_id(conn, hold.job_id)
    if job is None:
        return params_model(hold.sync)()
    params, days = params_of(job), window_of((job.result or {}).get("window"))
    if not isinstance(params, WindowParams):
        return params
    try:
        return WindowParams() if days is None else WindowParams(first_day=days[0], last_day=days[1])
    except ValidationError:  # a result that no run has written
        return WindowParams()
