"""Holds in the database: what waits for a person, and what a person has decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString, Self, Unpack
from uuid import UUID, uuid4

from psycopg import Cursor
from psycopg.rows import kwargs_row
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn
from idexx_sync.database.newest_first_store import USUAL_LIMIT, Fitting, newest_first
from idexx_sync.jobs.model import params_of, window_of
from idexx_sync.jobs.params import Params, WindowParams, params_model
from idexx_sync.jobs.store import job_by_id
from idexx_sync.syncs.consequence import (
    Consequence,
    Effects,
    Version,
    read_effects,
    stored_effects,
    version_of,
)
from idexx_sync.syncs.hold_event_store import tell_found, tell_let_through
from idexx_sync.syncs.holds import (
    PERMIT_LIFETIME,
    Finding,
    HoldDecisions,
    HoldInForce,
    HoldStatus,
    objects_in,
)

Verdict = Literal["approved", "rejected"]


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
    consequence: Consequence
    """All that approving it lets through."""
    reason: str | None
    """Why it was decided so, in whoever's words."""
    row_version: str
    """Postgres's version of the row (`xmin`)."""

    @classmethod
    def read(cls, *, findings: Any, consequence: Any, **columns: Any) -> Self:
        """The hold of a row; what is no finding in its document is left out."""
        effects = Consequence(read_effects(consequence))
        return cls(findings=dict(objects_in(findings)), consequence=effects, **columns)

    @property
    def version(self) -> str:
        """The name of what it says now, which a decision has to give."""
        return version_of(self.cause, self.findings, self.consequence.effects)


_HOLD_COLUMNS = """h.id, h.clinic_id, h.sync, h.cause, h.status, h.findings, h.consequence,
    h.job_id, h.opened_at, h.updated_at, h.decided_at, h.decided_by, h.permit_until, h.ended_at,
    h.reason, h.xmin::text AS row_version"""


def holds_in_force(conn: Conn, clinic_id: UUID, sync: SyncName) -> Cursor[HoldInForce]:
    """The holds that count for the sync's next run, and what was rejected in the clinic's other
    syncs; a cursor, because the caller may be pipelining."""
    return conn.cursor(row_factory=kwargs_row(HoldInForce.read)).execute(
        """
        SELECT id, cause, status, findings, consequence, opened_at, permit_until,
               xmin::text AS row_version, sync <> %(sync)s AS elsewhere
          FROM idexx_sync.holds
         WHERE clinic_id = %(clinic_id)s AND status IN ('open', 'approved', 'rejected')
           AND (sync = %(sync)s OR status = 'rejected')
         ORDER BY cause, sync
        """,
        {"clinic_id": clinic_id, "sync": sync},
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
        hold_id = uuid4()
        said = _Said(hold_id, findings, decisions.effects.get(cause, {}))
        _open(conn, clinic_id, sync, cause, job_id, said, now)
        tell_found(conn, clinic_id, hold_id, job_id, decisions.versions[cause], now)
    for statement, changed in ((_ASK_AGAIN, decisions.reopened), (_UPDATE, decisions.updated)):
        for hold_id, findings in changed.items():
            said = _Said(hold_id, findings, decisions.effects.get(hold_id, {}))
            was = decisions.row_versions.get(hold_id)
            version = decisions.versions[hold_id]
            _say_anew(conn, statement, clinic_id, job_id, said, was, version, now)
    _end(conn, clinic_id, decisions.closed, "closed", decisions.row_versions, now)
    _end(conn, clinic_id, decisions.expired, "expired", decisions.row_versions, now)
    for hold_id, removed in decisions.let_through.items():
        tell_let_through(conn, clinic_id, hold_id, job_id, removed, now)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a hold says after a run."""

    hold_id: UUID
    findings: Mapping[str, Finding]
    effects: Effects

    @property
    def documents(self) -> tuple[Jsonb, Jsonb]:
        return Jsonb(dict(self.findings)), Jsonb(stored_effects(self.effects))


def _open(
    conn: Conn,
    clinic_id: UUID,
    sync: SyncName,
    cause: str,
    job_id: UUID,
    said: _Said,
    now: datetime,
) -> None:
    conn.execute(
        """
        INSERT INTO idexx_sync.holds (id, clinic_id, sync, cause, findings, consequence, job_id,
                                      opened_at, updated_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (said.hold_id, clinic_id, sync, cause, *said.documents, job_id, now, now),
    )


_UPDATE: Final = """
    UPDATE idexx_sync.holds
       SET findings = %(findings)s, consequence = %(consequence)s, job_id = %(job_id)s,
           updated_at = %(now)s
"""
_ASK_AGAIN: Final = """
    UPDATE idexx_sync.holds
       SET findings = %(findings)s, consequence = %(consequence)s, job_id = %(job_id)s,
           updated_at = %(now)s, status = 'open', opened_at = %(now)s, decided_at = NULL,
           decided_by = NULL, permit_until = NULL, reason = NULL
"""
"""Takes back what a person decided: it was decided about something else."""


def _say_anew(
    conn: Conn,
    statement: LiteralString,
    clinic_id: UUID,
    job_id: UUID,
    said: _Said,
    was: str | None,
    version: Version,
    now: datetime,
) -> None:
    """Write what the hold says now, unless a person has decided since it was read: what was
    decided stays about what was seen, and the next run compares with that."""
    findings, consequence = said.documents
    conn.execute(
        f"""
        WITH said AS ({statement}
             WHERE id = %(id)s AND clinic_id = %(clinic_id)s
               AND (%(was)s::text IS NULL OR xmin::text = %(was)s)
            RETURNING id, clinic_id)
        INSERT INTO idexx_sync.hold_events (clinic_id, hold_id, event, at, version, records,
                                            appeared, gone, altered, job_id)
        SELECT clinic_id, id, 'found', %(now)s, %(version)s, %(records)s, %(appeared)s, %(gone)s,
               %(altered)s, %(job_id)s
          FROM said
        """,
        {
            "findings": findings,
            "consequence": consequence,
            "job_id": job_id,
            "now": now,
            "id": said.hold_id,
            "clinic_id": clinic_id,
            "was": was,
            "version": version.name,
            "records": version.records,
            "appeared": list(version.appeared),
            "gone": list(version.gone),
            "altered": list(version.altered),
        },
    )


def _end(
    conn: Conn,
    clinic_id: UUID,
    hold_ids: list[UUID],
    status: Literal["closed", "expired"],
    was: Mapping[UUID, str | None],
    now: datetime,
) -> None:
    if hold_ids:
        conn.execute(
            """
            UPDATE idexx_sync.holds h SET status = %s, ended_at = %s
              FROM unnest(%s::uuid[], %s::text[]) AS ended (id, was)
             WHERE h.clinic_id = %s AND h.id = ended.id
               AND (ended.was IS NULL OR h.xmin::text = ended.was)
            """,
            (status, now, hold_ids, [was.get(hold_id) for hold_id in hold_ids], clinic_id),
        )


def decide(
    conn: Conn, hold: Hold, verdict: Verdict, by: str, reason: str | None = None
) -> Hold | None:
    """Record a person's decision on the hold as it was read; None if it is another one by now.

    Approving gives a permit for exactly what the hold says, for 24 hours.
    """
    permit = PERMIT_LIFETIME if verdict == "approved" else None
    with conn.cursor(row_factory=kwargs_row(Hold.read)) as cur:
        return cur.execute(
            f"""
            WITH decided AS (
                UPDATE idexx_sync.holds h
                   SET status = %(verdict)s, decided_by = %(by)s, decided_at = moment.now,
                       permit_until = moment.now + %(permit)s, reason = %(reason)s
                  FROM (SELECT idexx_sync.clock() AS now) AS moment
                 WHERE h.id = %(id)s AND h.status = 'open' AND h.xmin::text = %(row_version)s
                RETURNING {_HOLD_COLUMNS}),
            told AS (
                INSERT INTO idexx_sync.hold_events
                       (clinic_id, hold_id, event, at, version, by_whom, reason)
                SELECT clinic_id, id, status, decided_at, %(version)s, decided_by, reason
                  FROM decided)
            SELECT * FROM decided
            """,
            {
                "verdict": verdict,
                "by": by,
                "permit": permit,
                "reason": reason,
                "id": hold.id,
                "row_version": hold.row_version,
                "version": hold.version,
            },
        ).fetchone()


def reopen(conn: Conn, hold: Hold, by: str, reason: str | None) -> Hold | None:
    """Let a rejected hold ask again; None if it is none, or another one by now."""
    with conn.cursor(row_factory=kwargs_row(Hold.read)) as cur:
        return cur.execute(
            f"""
            WITH asked AS (
                UPDATE idexx_sync.holds h
                   SET status = 'open', decided_at = NULL, decided_by = NULL, permit_until = NULL,
                       reason = NULL
                 WHERE h.id = %(id)s AND h.status = 'rejected' AND h.xmin::text = %(row_version)s
                RETURNING {_HOLD_COLUMNS}),
            told AS (
                INSERT INTO idexx_sync.hold_events
                       (clinic_id, hold_id, event, at, version, by_whom, reason)
                SELECT clinic_id, id, 'reopened', idexx_sync.clock(), %(version)s, %(by)s,
                       %(reason)s
                  FROM asked)
            SELECT * FROM asked
            """,
            {
                "id": hold.id,
                "row_version": hold.row_version,
                "version": hold.version,
                "by": by,
                "reason": reason,
            },
        ).fetchone()


def hold_by_id(conn: Conn, hold_id: UUID) -> Hold | None:
    with conn.cursor(row_factory=kwargs_row(Hold.read)) as cur:
        return cur.execute(
            f"SELECT {_HOLD_COLUMNS} FROM idexx_sync.holds h WHERE h.id = %s", (hold_id,)
        ).fetchone()


def holds_newest_first(
    conn: Conn,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int = USUAL_LIMIT,
    **fitting: Unpack[Fitting],
) -> list[Hold]:
    """By when they were opened."""
    select = f"SELECT {_HOLD_COLUMNS} FROM idexx_sync.holds h"
    return newest_first(conn, Hold.read, select, "opened_at", fitting, after=after, limit=limit)


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
