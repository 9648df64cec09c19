"""SQL of the slots: the grid, the links to appointments, and the count of what is booked."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Cursor

from idexx_sync.database.connection import Conn
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.inbound.slots import Slot, StoredSlot

BOOKING_COUNTS: Final = """(b.status = 'confirmed' OR b.status = 'pending'
                    AND (b.hold_expires_at IS NULL OR b.hold_expires_at > %(now)s))
               AND NOT EXISTS (SELECT FROM public.schedule_appointments a  -- whatever it says
                                WHERE a.clinic_id = b.clinic_id
                                  AND a.neo_appointment_id = b.idexx_appointment_id)"""
"""Whether a booking b takes its time by itself: one that has become a visit follows it."""


def slots_of(conn: Conn, clinic_id: UUID, window: Window, today: date) -> Cursor[tuple[Any, ...]]:
    """The slots of the window, and all from today on, however far ahead they lie.

    A cursor for `stored_slots`, because the caller may be pipelining.
    """
    return conn.execute(
        """
        SELECT id, date, start_time, end_time, capacity FROM public.schedule_slots
         WHERE clinic_id = %s AND (date BETWEEN %s AND %s OR date >= %s)
        """,
        (clinic_id, window.first_day, window.last_day, today),
    )


def stored_slots(cursor: Cursor[tuple[Any, ...]]) -> list[StoredSlot]:
    names = ("day", "start", "end", "capacity")
    return [
        StoredSlot.read(slot_id, dict(zip(names, columns, strict=True)))
        for slot_id, *columns in cursor.fetchall()
    ]


def lock_slots(conn: Conn, clinic_id: UUID, days: Sequence[date]) -> None:
    """Lock the days' slots in the order of their keys, so that two writers never deadlock.

    What is booked is counted by a later statement, which sees what others committed before.
    """
    conn.execute(
        """
        SELECT id FROM public.schedule_slots WHERE clinic_id = %s AND date = ANY(%s)
         ORDER BY date, start_time FOR UPDATE
        """,
        (clinic_id, list(days)),
    )


def upsert_slots(
    conn: Conn, clinic_id: UUID, slots: Sequence[Slot], sync_id: UUID, now: datetime
) -> None:
    """Create slots or correct their end and capacity; never touches `booked_count`.

    One that only loses capacity keeps its stamp: after a read that proves nothing it is no fresher.
    """
    only_loses = "s.end_time = EXCLUDED.end_time AND s.capacity > EXCLUDED.capacity"
    conn.execute(
        f"""
        INSERT INTO public.schedule_slots AS s
               (clinic_id, date, start_time, end_time, capacity, sync_id, last_synced_at)
        SELECT %s, p.date, p.start_time, p.end_time, p.capacity, %s, %s
          FROM unnest(%b::date[], %b::time[], %b::time[], %b::int[])
               AS p (date, start_time, end_time, capacity)
        ON CONFLICT (clinic_id, date, start_time) DO UPDATE
           SET end_time = EXCLUDED.end_time, capacity = EXCLUDED.capacity,
               sync_id = CASE WHEN {only_loses} THEN s.sync_id ELSE EXCLUDED.sync_id END,
               last_synced_at = CASE WHEN {only_loses} THEN s.last_synced_at
                                     ELSE EXCLUDED.last_synced_at END
         WHERE (s.end_time, s.capacity) IS DISTINCT FROM (EXCLUDED.end_time, EXCLUDED.capacity)
        """,
        (
            clinic_id,
            sync_id,
            now,
            [slot.day for slot in slots],
            [slot.start for slot in slots],
            [slot.end for slot in slots],
            [slot.capacity for slot in slots],
        ),
    )


def link_appointments(
    conn: Conn, clinic_id: UUID, days: Sequence[date], off_grid: Sequence[UUID]
) -> None:
    """Point each appointment of the days that takes time at the slot in which it starts.

    Every other one, and one that starts in no slot, points at none. A slot off the grid stays
    somebody's, and becomes nobody's anew.
    """
    conn.execute(
        """
        WITH linked AS (
            SELECT DISTINCT ON (a.id) a.id, s.id AS slot_id
              FROM public.schedule_appointments a
              LEFT JOIN public.schedule_slots s
                ON s.clinic_id = a.clinic_id AND s.date = a.date
               AND s.start_time <= a.start_time AND a.start_time < s.end_time
               AND (s.id <> ALL(%(off_grid)s) OR s.id = a.slot_id)
               AND a.deleted_at IS NULL AND a.status NOT IN ('cancelled', 'no_show')
             WHERE a.clinic_id = %(clinic_id)s AND a.date = ANY(%(days)s)
               AND (a.deleted_at IS NULL OR a.slot_id IS NOT NULL)
             ORDER BY a.id, s.id = ANY(%(off_grid)s), s.start_time DESC
        )
        UPDATE public.schedule_appointments a SET slot_id = linked.slot_id
          FROM linked
         WHERE a.id = linked.id AND a.slot_id IS DISTINCT FROM linked.slot_id
        """,
        {"clinic_id": clinic_id, "days": list(days), "off_grid": list(off_grid)},
    )


def delete_unused_slots(
    conn: Conn, clinic_id: UUID, off_grid: Sequence[UUID], now: datetime
) -> Cursor[tuple[Any, ...]]:
    """Delete slots off the grid that no appointment and no booking refers to; a row for each.

    A booking that has become a visit refers to nothing: the visit does.
    """
    return conn.execute(
        f"""
        DELETE FROM public.schedule_slots s
         WHERE s.clinic_id = %(clinic_id)s AND s.id = ANY(%(off_grid)s)
           AND NOT EXISTS (SELECT FROM public.schedule_appointments a
                            WHERE a.clinic_id = s.clinic_id AND a.slot_id = s.id
                              AND a.deleted_at IS NULL
                              AND a.status NOT IN ('cancelled', 'no_show'))
           AND NOT EXISTS (SELECT FROM public.vapi_bookings b
                            WHERE b.clinic_id = s.clinic_id AND b.slot_id = s.id
                              AND {BOOKING_COUNTS})
        RETURNING s.id
        """,
        {"clinic_id": clinic_id, "off_grid": list(off_grid), "now": now},
    )


def recount(
    conn: Conn,
    clinic_id: UUID,
    days: Sequence[date],
    off_grid: Sequence[UUID],
    kept: Sequence[date],
    now: datetime,
    *,
    stay_full: bool,
    capped: bool = False,
) -> Cursor[tuple[Any, ...]]:
    """Set `booked_count` of the days' slots to what occupies them, where it differs (rule R12).

    Counted are overlapping appointments that were neither cancelled nor missed, what records in
    doubt take beside their rows, each in each of its rooms once, and live bookings of which there
    is no appointment yet: one that became a visit follows it. A block without a room and a slot
    off the grid are full. On `kept` days no slot becomes freer than it is. The slots must be
    locked. Where hours are unknown slots `stay_full`, because a full one may be off the grid. If
    `capped`, nothing is counted above a slot's capacity. Returns a row per slot written.
    """
    return conn.execute(
        f"""
        WITH slots AS MATERIALIZED (
            SELECT id, date, start_time, end_time, capacity, booked_count
              FROM public.schedule_slots
             WHERE clinic_id = %(clinic_id)s AND date = ANY(%(days)s)
        ),
        claimed AS MATERIALIZED (
            SELECT r.external_id AS key, c.day AS date, c.start AS start_time,
                   c."end" AS end_time, c.room AS room_id, c.fills
              FROM idexx_sync.records r,
                   jsonb_to_recordset(r.claims)
                       AS c (day date, start time, "end" time, room text, fills boolean)
             WHERE r.clinic_id = %(clinic_id)s AND r.kind = 'appointment'
               AND r.claims IS NOT NULL AND c.day = ANY(%(days)s)
        ),
        appointments AS (
            SELECT neo_appointment_id AS key, date, start_time, end_time, room_id,
                   appointment_type = 'block' AND room_id IS NULL AS fills
              FROM public.schedule_appointments
             WHERE clinic_id = %(clinic_id)s AND deleted_at IS NULL AND date = ANY(%(days)s)
               AND status NOT IN ('cancelled', 'no_show')
        ),
        occupying AS (
            SELECT date, start_time, end_time, fills FROM appointments a
             WHERE NOT EXISTS (SELECT FROM claimed c WHERE c.key = a.key)
             UNION ALL
            SELECT b.date, b.start_time, b.end_time, false
              FROM public.vapi_bookings b
             WHERE b.clinic_id = %(clinic_id)s AND b.date = ANY(%(days)s)
               AND {BOOKING_COUNTS}
        ),
        spans AS MATERIALIZED (  -- few, however many appointments share them
            SELECT date, start_time, end_time, count(*) AS n, bool_or(fills) AS fills
              FROM occupying GROUP BY date, start_time, end_time
        ),
        doubted AS MATERIALIZED (  -- a record's row and its claims may lie over each other
            SELECT s.id, count(DISTINCT (o.key, o.room_id)) AS n, bool_or(o.fills) AS fills
              FROM (SELECT * FROM claimed
                     UNION ALL
                    SELECT a.* FROM appointments a
                     WHERE EXISTS (SELECT FROM claimed c WHERE c.key = a.key)) o
              JOIN slots s
                ON s.date = o.date AND o.start_time < s.end_time AND o.end_time > s.start_time
             GROUP BY s.id
        ),
        taken AS (
            SELECT s.id, s.date, s.capacity, s.booked_count,
                   coalesce(sum(o.n), 0) + coalesce(max(d.n), 0) AS n,
                   coalesce(bool_or(o.fills), false) OR coalesce(bool_or(d.fills), false) AS fills
              FROM slots s
              LEFT JOIN spans o
                ON o.date = s.date AND o.start_time < s.end_time AND o.end_time > s.start_time
              LEFT JOIN doubted d ON d.id = s.id
             GROUP BY s.id, s.date, s.capacity, s.booked_count
        ),
        counted AS (
            SELECT id, least(CASE WHEN %(capped)s THEN capacity END, greatest(
                     n,
                     CASE WHEN fills OR id = ANY(%(off_grid)s)
                               OR %(stay_full)s AND booked_count >= capacity
                          THEN capacity END,
                     CASE WHEN date = ANY(%(kept)s) THEN booked_count END)) AS booked
              FROM taken
        )
        UPDATE public.schedule_slots s SET booked_count = c.booked
          FROM counted c
         WHERE s.id = c.id AND s.booked_count <> c.booked
        RETURNING s.id
        """,
        {
            "clinic_id": clinic_id,
            "days": list(days),
            "off_grid": list(off_grid),
            "now": now,
            "kept": list(kept),
            "stay_full": stay_full,
            "capped": capped,
        },
    )


def refresh_slots(
    conn: Conn,
    clinic_id: UUID,
    window: Window,
    sync_id: UUID,
    now: datetime,
    older_than: datetime,
    but: Sequence[date] = (),
) -> None:
    """Say of the window's slots that they were computed now, where they would soon be stale.

    Days of `but` are left as they are.
    """
    conn.execute(
        """
        UPDATE public.schedule_slots SET last_synced_at = %s, sync_id = %s
         WHERE clinic_id = %s AND date BETWEEN %s AND %s AND date <> ALL(%s::date[])
           AND (last_synced_at IS NULL OR last_synced_at < %s)
        """,
        (now, sync_id, clinic_id, window.first_day, window.last_day, list(but), older_than),
    )
