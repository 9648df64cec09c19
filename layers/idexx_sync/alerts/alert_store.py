"""SQL of alerts as people see and handle them: lists, one by its id, acknowledged, muted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row

from idexx_sync.alerts.kinds import Closing
from idexx_sync.clinics.store import ON_BOARD
from idexx_sync.core.errors import WhoActs
from idexx_sync.core.id_prefix import IdRange
from idexx_sync.database.connection import Conn


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of a clinic, or one that stands for many; moments are business time."""

    id: UUID
    clinic_id: UUID | None
    """None: it stands for many."""
    clinic_name: str | None
    timezone: str | None
    """The clinic's, as ODIS has it."""
    kind: str
    syncs: list[str]
    who_acts: WhoActs
    code: str | None
    records: list[str]
    """Ids of the cases or discrepancies that it is about, at most 20."""
    job_id: UUID | None
    """The newest job that said it."""
    request_id: str | None
    """Of the request that ordered that job; None: none did."""
    times: int
    clinics: int | None
    """Of one that stands for many: the most that had it at once."""
    alike: int | None
    """Of one that stands for many: how many clinics have it now."""
    synced: int | None
    """Of one that stands for many: how many clinics are synced now."""
    incident_id: UUID | None
    """The alert that stands for it."""
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    closed_because: Closing | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    muted_until: datetime | None
    muted_by: str | None
    read_at: datetime
    """When all this was so."""
    again_id: UUID | None = None
    """Of one that is closed: the open alert that says the same again."""

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_muted(self) -> bool:
        return self.muted_until is not None and self.muted_until > self.read_at


OpenFirst = tuple[bool, datetime, UUID]
"""A place in the list: whether the alert there is open, when it was opened, and its id."""

_ALERTS: Final = f"""
    SELECT a.id, a.clinic_id, c.name AS clinic_name, c.timezone, a.kind,
           array_remove(a.syncs, NULL) AS syncs, a.who_acts, a.code,
           array_remove(a.records, NULL) AS records, a.job_id,
           (SELECT j.request_id FROM idexx_sync.jobs j WHERE j.id = a.job_id) AS request_id,
           a.times, a.clinics,
           CASE WHEN a.clinic_id IS NULL
                THEN (SELECT count(*) FROM idexx_sync.alerts o
                       WHERE o.incident_id = a.id AND o.closed_at IS NULL) END AS alike,
           CASE WHEN a.clinic_id IS NULL
                THEN (SELECT count(*) FROM public.clinics c
                        JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id
                       WHERE {ON_BOARD}) END AS synced,
           a.incident_id, a.opened_at, a.last_at, a.closed_at, a.closed_because,
           a.acknowledged_at, a.acknowledged_by, a.muted_until, a.muted_by,
           idexx_sync.clock() AS read_at,
           CASE WHEN a.closed_at IS NOT NULL
                THEN (SELECT o.id FROM idexx_sync.alerts o
                       WHERE o.closed_at IS NULL AND o.kind = a.kind
                         AND o.clinic_id IS NOT DISTINCT FROM a.clinic_id
                         AND (a.clinic_id IS NOT NULL OR o.code IS NOT DISTINCT FROM a.code)
                       LIMIT 1) END AS again_id
      FROM idexx_sync.alerts a
      LEFT JOIN public.clinics c ON c.id = a.clinic_id
"""


def alert_by_id(conn: Conn, alert_id: UUID) -> Alert | None:
    with conn.cursor(row_factory=class_row(Alert)) as cur:
        return cur.execute(f"{_ALERTS} WHERE a.id = %s", (alert_id,)).fetchone()


def alerts_open_first(
    conn: Conn,
    *,
    clinic_id: UUID | None = None,
    kind: str | None = None,
    sync: str | None = None,
    is_open: bool | None = None,
    of_many: bool | None = None,
    since: datetime | None = None,
    ids: IdRange | None = None,
    after: OpenFirst | None = None,
    limit: int = 20,
) -> list[Alert]:
    """Those that are open, then those that are closed, each the newest first.

    `after`: begin behind this place; `since`: opened then or later; `of_many`: only those that
    stand for many clinics, or only those of one; `ids`: of these ids only, both ends included.
    """
    after_open, after_at, after_id = after or (None, None, None)
    first_id, last_id = ids or (None, None)
    parameters: dict[str, Any] = {
        "clinic_id": clinic_id,
        "kind": kind,
        "sync": sync,
        "is_open": is_open,
        "of_many": of_many,
        "since": since,
        "first_id": first_id,
        "last_id": last_id,
        "after_open": after_open,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }
    with conn.cursor(row_factory=class_row(Alert)) as cur:
        return cur.execute(
            f"""
            {_ALERTS}
             WHERE (%(clinic_id)s::uuid IS NULL OR a.clinic_id = %(clinic_id)s)
               AND (%(kind)s::text IS NULL OR a.kind = %(kind)s)
               AND (%(sync)s::text IS NULL OR %(sync)s = ANY(a.syncs))
               AND (%(is_open)s::boolean IS NULL OR (a.closed_at IS NULL) = %(is_open)s)
               AND (%(of_many)s::boolean IS NULL OR (a.clinic_id IS NULL) = %(of_many)s)
               AND (%(since)s::timestamptz IS NULL OR a.opened_at >= %(since)s)
               AND (%(first_id)s::uuid IS NULL OR a.id BETWEEN %(first_id)s AND %(last_id)s)
               AND (%(after_id)s::uuid IS NULL
                    OR (a.closed_at IS NULL, a.opened_at, a.id)
                       < (%(after_open)s, %(after_at)s, %(after_id)s))
             ORDER BY a.closed_at IS NULL DESC, a.opened_at DESC, a.id DESC LIMIT %(limit)s
            """,
            parameters,
        ).fetchall()


def acknowledge(conn: Conn, alert_id: UUID, by: str) -> None:
    """Somebody has seen it; whoever was the first stays, and a closed one is left as it is."""
    conn.execute(
        """
        UPDATE idexx_sync.alerts SET acknowledged_at = idexx_sync.clock(), acknowledged_by = %s
         WHERE id = %s AND acknowledged_at IS NULL AND closed_at IS NULL
        """,
        (by, alert_id),
    )


def mute(conn: Conn, alert_id: UUID, until: datetime | None, by: str | None) -> None:
    """Mute the kind of the alert where it is, until then or, with None, no longer.

    Where it stands for many, what they have alike is muted: their kind and its code. One that comes
    back takes over how long that is muted, so all that could say it do.
    """
    conn.execute(
        """
        UPDATE idexx_sync.alerts a SET muted_until = %(until)s, muted_by = %(by)s
          FROM (SELECT id, clinic_id, kind, code FROM idexx_sync.alerts WHERE id = %(id)s) meant
         WHERE a.id = meant.id
            OR a.clinic_id IS NOT DISTINCT FROM meant.clinic_id AND a.kind = meant.kind
               AND (a.clinic_id IS NOT NULL OR a.code IS NOT DISTINCT FROM meant.code)
               AND (a.closed_at IS NULL OR a.muted_until > idexx_sync.clock())
        """,
        {"id": alert_id, "until": until, "by": by},
    )
