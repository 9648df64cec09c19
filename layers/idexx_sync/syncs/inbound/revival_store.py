"""SQL of what a person revives: rows that an approval removed (rule R9)."""

from typing import Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.hold_store import Hold
from idexx_sync.syncs.holds import REVIVED_WITHIN, Finding
from idexx_sync.syncs.inbound.model import COLUMNS, Row

_OWN: Final = ", ".join(f"a.{name}" for name in COLUMNS)


def removed_by(conn: Conn, hold_id: UUID) -> dict[str, Finding]:
    """What runs have removed by the hold's permit within the last 7 days: record -> what will be
    found of it if it is revived.

    Of a visit without a row only cases were closed: there is no row to revive.
    """
    rows = conn.execute(
        """
        SELECT r.key, r.value
          FROM idexx_sync.hold_events e CROSS JOIN LATERAL jsonb_each(e.removed) r
         WHERE e.hold_id = %s AND e.event = 'let_through' AND e.at > idexx_sync.clock() - %s
           AND NOT (EXISTS (SELECT FROM idexx_sync.changes c
                             WHERE c.clinic_id = e.clinic_id AND c.job_id = e.job_id
                               AND c.kind = 'case' AND c.action = 'remove'
                               AND c.external_id LIKE '%%-' || r.key)
                    AND NOT EXISTS (SELECT FROM idexx_sync.changes c
                                     WHERE c.clinic_id = e.clinic_id AND c.job_id = e.job_id
                                       AND c.kind = 'appointment' AND c.action = 'remove'
                                       AND c.external_id = r.key))
        """,
        (hold_id, REVIVED_WITHIN),
    ).fetchall()
    return dict(rows)


def number_removed_by(conn: Conn, hold_id: UUID) -> int:
    """Of how many records runs have removed something by the hold's permit, rows or cases."""
    row = conn.execute(
        """
        SELECT count(*) FROM idexx_sync.hold_events e CROSS JOIN LATERAL jsonb_each(e.removed) r
         WHERE e.hold_id = %s AND e.event = 'let_through' AND e.at > idexx_sync.clock() - %s
        """,
        (hold_id, REVIVED_WITHIN),
    ).fetchone()
    return 0 if row is None else int(row[0])


def keep_revived(
    conn: Conn, hold: Hold, found: dict[str, Finding], by: str, reason: str | None
) -> None:
    """Say that a person wants these records of the hold back, and keeps them: as what is kept out
    for the cause `revived`, in one hold of the clinic."""
    conn.execute(
        """
        WITH moment AS (SELECT idexx_sync.clock() AS now),
        told AS (
            INSERT INTO idexx_sync.hold_events (clinic_id, hold_id, event, at, by_whom, reason)
            SELECT %(clinic_id)s, %(hold_id)s, 'revived', now, %(by)s, %(reason)s FROM moment),
        kept AS (
            INSERT INTO idexx_sync.holds AS h
                   (id, clinic_id, sync, cause, status, findings, job_id, opened_at, updated_at,
                    decided_at, decided_by, reason)
            SELECT %(id)s, %(clinic_id)s, 'inbound', 'revived', 'rejected', %(found)s, %(job_id)s,
                   now, now, now, %(by)s, %(reason)s FROM moment
            ON CONFLICT (clinic_id, sync, cause) WHERE status IN ('open', 'approved', 'rejected')
            DO UPDATE SET findings = h.findings || EXCLUDED.findings, status = 'rejected',
                          updated_at = EXCLUDED.updated_at, decided_at = EXCLUDED.decided_at,
                          decided_by = EXCLUDED.decided_by, reason = EXCLUDED.reason,
                          permit_until = NULL
            RETURNING h.id, h.clinic_id, h.decided_at)
        INSERT INTO idexx_sync.hold_events (clinic_id, hold_id, event, at, by_whom, reason)
        SELECT clinic_id, id, 'rejected', decided_at, %(by)s, %(reason)s FROM kept
        """,
        {
            "id": uuid4(),
            "clinic_id": hold.clinic_id,
            "hold_id": hold.id,
            "job_id": hold.job_id,
            "found": Jsonb(found),
            "by": by,
            "reason": reason,
        },
    )


def rows_to_revive(conn: Conn, clinic_id: UUID) -> list[tuple[Row, str]]:
    """The removed rows that a person wants back, each with the status that it had.

    Only what an approval had removed for at most 7 days when that was said, and nobody has touched
    since; none of a record that has a live row.
    """
    rows = conn.execute(
        f"""
        SELECT DISTINCT ON (a.neo_appointment_id) a.id, a.xmin::text, a.neo_appointment_id,
               coalesce(c.fields #>> '{{status,before}}', a.status), {_OWN}
          FROM idexx_sync.holds h
         CROSS JOIN LATERAL jsonb_object_keys(h.findings) AS k (key)
          JOIN public.schedule_appointments a
            ON a.clinic_id = h.clinic_id AND a.neo_appointment_id = k.key
          JOIN idexx_sync.changes c
            ON c.clinic_id = h.clinic_id AND c.external_id = k.key AND c.kind = 'appointment'
           AND c.action = 'remove' AND c.outcome = 'written' AND c.at = a.deleted_at
          JOIN idexx_sync.hold_events e
            ON e.clinic_id = h.clinic_id AND e.job_id = c.job_id AND e.event = 'let_through'
           AND e.removed ? k.key
         WHERE h.clinic_id = %s AND h.sync = 'inbound' AND h.cause = 'revived'
           AND h.status = 'rejected' AND a.deleted_at > coalesce(h.decided_at, h.opened_at) - %s
           AND NOT EXISTS (SELECT FROM public.schedule_appointments l
                            WHERE l.clinic_id = a.clinic_id AND l.deleted_at IS NULL
                              AND l.neo_appointment_id = a.neo_appointment_id)
         ORDER BY a.neo_appointment_id, a.deleted_at DESC
        """,
        (clinic_id, REVIVED_WITHIN),
    ).fetchall()
    found = []
    for row_id, version, key, status, *own in rows:
        columns = dict(zip(COLUMNS, own, strict=True))
        found.append((Row.read(row_id, version, key, columns, deleted=True), status))
    return found
