"""SQL: all that is stored of one day of a clinic's calendar. Only reads."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from idexx_sync.database.connection import Conn
from idexx_sync.explain.model import Booking, Memory, StoredDay, StoredRow, StoredSlot, Touch
from idexx_sync.explain.store import MEMORY_COLUMNS, ROW_COLUMNS, TOUCH_COLUMNS, memory_of
from idexx_sync.pims.protocol import Snapshot, Window
from idexx_sync.syncs.inbound.context import CalendarContext, bare_block_ids, keys_of
from idexx_sync.syncs.inbound.model import Stored
from idexx_sync.syncs.inbound.slot_store import BOOKING_COUNTS
from idexx_sync.syncs.inbound.store import StoredQuery, with_removed_rows

LATELY: Final = timedelta(days=8)
"""How far back the log is searched for what was on a day and is elsewhere now."""
MOST_ROWS: Final = 1000
MOST_TOUCHES: Final = 1000


def stored_day(conn: Conn, clinic_id: UUID, day: date, now: datetime) -> StoredDay:
    """What the clinic's rows say of the day."""
    moved = _moved_away(conn, clinic_id, day, now - LATELY)
    rows = rows_of(conn, clinic_id, Window(day, day), moved)
    return StoredDay(
        rows=rows,
        slots=_slots(conn, clinic_id, day),
        memories=_in_doubt(conn, clinic_id, day),
        bookings=_bookings(conn, clinic_id, day, now),
        touches=_touches(conn, clinic_id, [row.key for row in rows]),
    )


def load(conn: Conn, clinic_id: UUID, snapshot: Snapshot, context: CalendarContext) -> Stored:
    """What a run that has read this would load of rows and memory."""
    keys = [*keys_of(snapshot), *bare_block_ids(snapshot)]
    stored = StoredQuery(conn, clinic_id, context.window, keys).fetch()
    return with_removed_rows(conn, clinic_id, stored, snapshot, context)


def rows_of(
    conn: Conn, clinic_id: UUID, window: Window, keys: Sequence[str] = ()
) -> list[StoredRow]:
    """The rows of the days and of the keys, removed ones too, in their order of time."""
    with conn.cursor(row_factory=class_row(StoredRow)) as cur:
        return cur.execute(
            f"""
            SELECT {ROW_COLUMNS}
              FROM public.schedule_appointments
             WHERE clinic_id = %(clinic_id)s
               AND (date BETWEEN %(first)s AND %(last)s OR neo_appointment_id = ANY(%(keys)s))
             ORDER BY date, start_time, neo_appointment_id, deleted_at DESC NULLS FIRST, id
             LIMIT %(most)s
            """,
            {
                "clinic_id": clinic_id,
                "first": window.first_day,
                "last": window.last_day,
                "keys": list(keys),
                "most": MOST_ROWS,
            },
        ).fetchall()


def _moved_away(conn: Conn, clinic_id: UUID, day: date, since: datetime) -> list[str]:
    """Keys of rows that a run has lately moved from the day to another one."""
    rows = conn.execute(
        """
        SELECT DISTINCT external_id FROM idexx_sync.changes
         WHERE clinic_id = %s AND kind = 'appointment' AND outcome = 'written' AND at > %s
           AND fields #>> '{date,before}' = %s
         ORDER BY external_id LIMIT %s
        """,
        (clinic_id, since, day.isoformat(), MOST_ROWS),
    ).fetchall()
    return [key for (key,) in rows]


def _slots(conn: Conn, clinic_id: UUID, day: date) -> list[StoredSlot]:
    with conn.cursor(row_factory=class_row(StoredSlot)) as cur:
        return cur.execute(
            """
            SELECT id, date, start_time, end_time, capacity, booked_count, last_synced_at
              FROM public.schedule_slots
             WHERE clinic_id = %s AND date = %s
             ORDER BY start_time, id
            """,
            (clinic_id, day),
        ).fetchall()


def _in_doubt(conn: Conn, clinic_id: UUID, day: date) -> list[Memory]:
    rows = conn.execute(
        f"""
        SELECT {MEMORY_COLUMNS}
          FROM idexx_sync.records r
         WHERE clinic_id = %s AND kind = 'appointment' AND doubtful_since IS NOT NULL
           AND EXISTS (SELECT FROM jsonb_to_recordset(r.claims) AS c (day date) WHERE c.day = %s)
         ORDER BY external_id
        """,
        (clinic_id, day),
    ).fetchall()
    return [memory_of(*values) for values in rows]


def _bookings(conn: Conn, clinic_id: UUID, day: date, now: datetime) -> list[Booking]:
    with conn.cursor(row_factory=class_row(Booking)) as cur:
        return cur.execute(
            f"""
            SELECT b.start_time, b.end_time, b.status, b.hold_expires_at,
                   b.idexx_appointment_id AS appointment_id, {BOOKING_COUNTS} AS counts
              FROM public.vapi_bookings b
             WHERE b.clinic_id = %(clinic_id)s AND b.date = %(day)s
             ORDER BY b.start_time, b.end_time, b.status
            """,
            {"clinic_id": clinic_id, "day": day, "now": now},
        ).fetchall()


def _touches(conn: Conn, clinic_id: UUID, keys: Sequence[str]) -> list[Touch]:
    with conn.cursor(row_factory=class_row(Touch)) as cur:
        return cur.execute(
            f"""
            SELECT {TOUCH_COLUMNS}
              FROM idexx_sync.changes
             WHERE clinic_id = %s AND kind = 'appointment' AND outcome = 'written'
               AND external_id = ANY(%s)
             ORDER BY at DESC, external_id
             LIMIT %s
            """,
            (clinic_id, list(keys), MOST_TOUCHES),
        ).fetchall()
