"""What has become of a hold: versions that runs found, and what people decided of which one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.consequence import Version
from idexx_sync.syncs.holds import Finding

HoldEventName = Literal["approved", "rejected", "reopened", "let_through", "revived"]

MOST_EVENTS = 50


@dataclass(frozen=True, slots=True)
class HoldEvent:
    """A decision, or a run that let through what was approved."""

    event: HoldEventName
    at: datetime
    version: str | None
    """Of the hold, as it was seen."""
    by_whom: str | None
    reason: str | None
    job_id: UUID | None
    """The run that let it through."""


def tell_found(
    conn: Conn, clinic_id: UUID, hold_id: UUID, job_id: UUID, version: Version, now: datetime
) -> None:
    """Remember the version that a run found, and how it differs from the one before."""
    conn.execute(
        """
        INSERT INTO idexx_sync.hold_events (clinic_id, hold_id, event, at, version, records,
                                            appeared, gone, altered, job_id)
        SELECT clinic_id, id, 'found', %s, %s, %s, %s, %s, %s, %s
          FROM idexx_sync.holds WHERE id = %s AND clinic_id = %s
        """,
        (
            now,
            version.name,
            version.records,
            list(version.appeared),
            list(version.gone),
            list(version.altered),
            job_id,
            hold_id,
            clinic_id,
        ),
    )


def tell_let_through(
    conn: Conn,
    clinic_id: UUID,
    hold_id: UUID,
    job_id: UUID,
    removed: Mapping[str, Finding],
    now: datetime,
) -> None:
    """Remember that a run used the permit, and what it removed by it."""
    conn.execute(
        """
        INSERT INTO idexx_sync.hold_events (clinic_id, hold_id, event, at, job_id, removed)
        SELECT clinic_id, id, 'let_through', %s, %s, %s
          FROM idexx_sync.holds WHERE id = %s AND clinic_id = %s
        """,
        (now, job_id, Jsonb(dict(removed)), hold_id, clinic_id),
    )


def history_of(conn: Conn, hold_id: UUID) -> list[HoldEvent]:
    """What people decided of the hold and what was let through, the newest 50, oldest first."""
    with conn.cursor(row_factory=class_row(HoldEvent)) as cur:
        found = cur.execute(
            """
            SELECT event, at, version, by_whom, reason, job_id FROM idexx_sync.hold_events
             WHERE hold_id = %s AND event <> 'found' ORDER BY id DESC LIMIT %s
            """,
            (hold_id, MOST_EVENTS),
        ).fetchall()
    return found[::-1]


def versions_since(conn: Conn, hold_id: UUID, seen: str) -> list[Version]:
    """The version that was seen and all found after it, in order; none if it is not known."""
    rows = conn.execute(
        """
        SELECT version, records, appeared, gone, altered FROM idexx_sync.hold_events
         WHERE hold_id = %(hold_id)s AND event = 'found'
           AND id >= (SELECT max(id) FROM idexx_sync.hold_events
                       WHERE hold_id = %(hold_id)s AND event = 'found' AND version = %(seen)s)
         ORDER BY id
        """,
        {"hold_id": hold_id, "seen": seen},
    ).fetchall()
    return [
        Version(name, records, tuple(appeared), tuple(gone), tuple(altered))
        for name, records, appeared, gone, altered in rows
    ]
