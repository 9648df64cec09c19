"""SQL of the calendar's appointments: what is stored, and writing a plan's changes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Cursor

from idexx_sync.database.connection import Conn
from idexx_sync.pims.protocol import Snapshot, Window
from idexx_sync.syncs.inbound.context import CalendarContext, keys_to_place
from idexx_sync.syncs.inbound.model import COLUMNS, Row, RowChange, Stored
from idexx_sync.syncs.memory import AppointmentMemory, Record, read_claims, read_source
from idexx_sync.syncs.memory_store import reported_words

_OWN = ", ".join(COLUMNS)
_ARRAYS = """%b::date[], %b::time[], %b::time[], %b::text[], %b::text[], %b::text[], %b::text[],
             %b::text[], %b::text[], %b::text[]"""


class StoredQuery:
    """Asks for what is stored of a window; the answers are fetched once the pipeline is flushed."""

    def __init__(self, conn: Conn, clinic_id: UUID, window: Window, keys: Sequence[str]) -> None:
        parameters = {
            "clinic_id": clinic_id,
            "first": window.first_day,
            "last": window.last_day,
            "keys": list(keys),
        }
        self._rows = _live_rows(conn, parameters)
        self._records = _records(conn, parameters)
        self._words = reported_words(conn, clinic_id)

    def fetch(self) -> Stored:
        rows = {row.key: row for row in map(_row, self._rows.fetchall())}
        records = {record.key: record for record in map(_record, self._records.fetchall())}
        words = frozenset((field, word) for field, word in self._words.fetchall())
        return Stored(rows, records, words)


def _record(values: tuple[Any, ...]) -> Record:
    key, document, strikes, struck_at, looked_up_at, code, claims, doubtful_reads = values
    source = read_source(AppointmentMemory, document)
    return Record(
        key=key,
        source=source,
        strikes=strikes,
        struck_at=struck_at,
        looked_up_at=looked_up_at,
        quarantine_code=code,
        claims=read_claims(claims),
        doubtful_reads=doubtful_reads,
        is_unknown=source is None and document is not None,
    )


def _live_rows(conn: Conn, parameters: dict[str, Any]) -> Cursor[tuple[Any, ...]]:
    """Live rows of the window's days and of the given keys (rule R2)."""
    return conn.execute(
        f"""
        SELECT id, xmin::text, neo_appointment_id, false, {_OWN}
          FROM public.schedule_appointments
         WHERE clinic_id = %(clinic_id)s AND deleted_at IS NULL
           AND (date BETWEEN %(first)s AND %(last)s OR neo_appointment_id = ANY(%(keys)s))
        """,
        parameters,
    )


def _records(conn: Conn, parameters: dict[str, Any]) -> Cursor[tuple[Any, ...]]:
    """What is remembered of the window's rows, of the given keys, and of all that is in doubt."""
    return conn.execute(
        """
        WITH wanted AS (
            SELECT unnest(%(keys)s::text[]) AS key
             UNION
            SELECT neo_appointment_id FROM public.schedule_appointments
             WHERE clinic_id = %(clinic_id)s AND deleted_at IS NULL
               AND date BETWEEN %(first)s AND %(last)s
             UNION
            SELECT external_id FROM idexx_sync.records
             WHERE clinic_id = %(clinic_id)s AND kind = 'appointment'
               AND doubtful_since IS NOT NULL
        )
        SELECT external_id, source, strikes, struck_at, looked_up_at, quarantine_code, claims,
               doubtful_reads
          FROM wanted JOIN idexx_sync.records
            ON clinic_id = %(clinic_id)s AND kind = 'appointment' AND external_id = key
        """,
        parameters,
    )


def removed_rows(conn: Conn, clinic_id: UUID, keys: Sequence[str]) -> dict[str, Row]:
    """Per key the soft-deleted row that was removed last; keys without one are absent."""
    rows = conn.execute(
        f"""
        SELECT DISTINCT ON (neo_appointment_id) id, xmin::text, neo_appointment_id, true, {_OWN}
          FROM public.schedule_appointments
         WHERE clinic_id = %s AND deleted_at IS NOT NULL AND neo_appointment_id = ANY(%s)
         ORDER BY neo_appointment_id, deleted_at DESC, created_at DESC, id
        """,
        (clinic_id, list(keys)),
    ).fetchall()
    return {row.key: row for row in map(_row, rows)}


def with_removed_rows(
    conn: Conn, clinic_id: UUID, stored: Stored, snapshot: Snapshot, context: CalendarContext
) -> Stored:
    """With the removed row of each record that the answer shows and of which no live one is there:
    another round trip, and only then."""
    unknown = [key for key in keys_to_place(snapshot, context) if key not in stored.rows]
    if not unknown:
        return stored
    return replace(stored, rows={**stored.rows, **removed_rows(conn, clinic_id, unknown)})


def _row(values: tuple[Any, ...]) -> Row:
    row_id, version, key, deleted, *own = values
    columns = dict(zip(COLUMNS, own, strict=True))
    return Row.read(row_id, version, key, columns, deleted=deleted)


def insert_appointments(
    conn: Conn, clinic_id: UUID, changes: Sequence[RowChange], now: datetime
) -> Cursor[tuple[Any, ...]]:
    """Insert new appointments; the cursor gives the keys inserted, once it has settled.

    A key is left out when somebody else has inserted it meanwhile, under whichever unique index.
    """
    return conn.execute(
        f"""
        INSERT INTO public.schedule_appointments
               (clinic_id, neo_appointment_id, last_synced_at, {_OWN})
        SELECT %s, p.neo_appointment_id, %s, {_OWN}
          FROM unnest(%b::text[], {_ARRAYS}) AS p (neo_appointment_id, {_OWN})
        ON CONFLICT DO NOTHING
        RETURNING neo_appointment_id
        """,
        (clinic_id, now, [change.key for change in changes], *_columns(changes)),
    )


def update_appointments(
    conn: Conn, clinic_id: UUID, changes: Sequence[RowChange], now: datetime
) -> Cursor[tuple[Any, ...]]:
    """Write changed rows, soft-deleting and reviving among them; the cursor gives their keys.

    A row that somebody else has written since the plan read it is left alone (rule R22).
    """
    return conn.execute(
        f"""
        UPDATE public.schedule_appointments a
           SET ({_OWN}) = ({", ".join(f"p.{name}" for name in COLUMNS)}),
               deleted_at = CASE WHEN p.removed THEN %s::timestamptz END, last_synced_at = %s
          FROM unnest(%b::uuid[], %b::text[], %b::boolean[], {_ARRAYS})
               AS p (id, version, removed, {_OWN})
         WHERE a.id = p.id AND a.clinic_id = %s AND a.xmin::text = p.version
        RETURNING a.neo_appointment_id
        """,
        (
            now,
            now,
            [change.row.id for change in changes if change.row],
            [change.row.version for change in changes if change.row],
            [change.action == "remove" for change in changes],
            *_columns(changes),
            clinic_id,
        ),
    )


def _columns(changes: Sequence[RowChange]) -> list[list[Any]]:
    return [[getattr(change.after, name) for change in changes] for name in COLUMNS]


def refresh_appointments(
    conn: Conn,
    clinic_id: UUID,
    window: Window,
    unseen: Sequence[str],
    now: datetime,
    older_than: datetime,
    only: Sequence[str] | None = None,
    but: Sequence[date] = (),
) -> None:
    """Say of the window's rows that they were seen now, where readers would soon call them stale.

    `unseen` are the keys that the read did not show: they keep their age. `only` are the keys that
    are meant; None: all. Days of `but` are left as they are.
    """
    conn.execute(
        """
        UPDATE public.schedule_appointments SET last_synced_at = %(now)s
         WHERE clinic_id = %(clinic_id)s AND deleted_at IS NULL
           AND date BETWEEN %(first)s AND %(last)s AND date <> ALL(%(but)s::date[])
           AND last_synced_at < %(older_than)s AND neo_appointment_id <> ALL(%(unseen)s)
           AND (%(only)s::text[] IS NULL OR neo_appointment_id = ANY(%(only)s))
        """,
        {
            "now": now,
            "clinic_id": clinic_id,
            "first": window.first_day,
            "last": window.last_day,
            "older_than": older_than,
            "unseen": list(unseen),
            "but": list(but),
            "only": None if only is None else list(only),
        },
    )


_TOLD: Final = (
    "slots_created",
    "slots_updated",
    "slots_deleted",
    "created",
    "updated",
    "removed",
    "conflicts",
)
"""What a run has counted of its writing; of one that wrote nothing all are 0."""


def record_schedule_sync(
    conn: Conn,
    sync_id: UUID,
    clinic_id: UUID,
    window: Window,
    counts: dict[str, int],
    *,
    partial: bool,
    started_at: datetime,
    now: datetime,
    unless_since: datetime,
) -> None:
    """The finished run that readers take a calendar's freshness from (rule R13).

    None where it tells nothing that a row since `unless_since` does not: the same days, nothing
    written, as partial as before, and no slot that names the run.
    """
    tells_nothing = not any(counts.get(name) for name in _TOLD)
    conn.execute(
        """
        INSERT INTO public.schedule_syncs
               (id, clinic_id, sync_start_date, sync_end_date, status,
                slots_created, slots_updated, appointments_added, appointments_updated,
                appointments_removed, conflicts_detected, partial_success, progress_percentage,
                started_at, completed_at, duration_ms)
        SELECT %(id)s, %(clinic_id)s, %(first)s, %(last)s, 'completed',
               %(slots_created)s, %(slots_updated)s, %(created)s, %(updated)s,
               %(removed)s, %(conflicts)s, %(partial)s, 100,
               %(started_at)s, %(now)s, %(duration_ms)s
         WHERE NOT %(tells_nothing)s
            OR %(partial)s IS DISTINCT FROM (
               SELECT partial_success FROM public.schedule_syncs
                WHERE clinic_id = %(clinic_id)s AND status = 'completed'
                  AND sync_start_date = %(first)s AND sync_end_date = %(last)s
                  AND completed_at > %(unless_since)s AND completed_at <= %(now)s
                ORDER BY completed_at DESC LIMIT 1)
            OR EXISTS (SELECT FROM public.schedule_slots
                        WHERE clinic_id = %(clinic_id)s AND sync_id = %(id)s)
        """,
        {
            "tells_nothing": tells_nothing,
            "unless_since": unless_since,
            "id": sync_id,
            "clinic_id": clinic_id,
            "first": window.first_day,
            "last": window.last_day,
            "slots_created": counts.get("slots_created", 0),
            "slots_updated": counts.get("slots_updated", 0),
            "created": counts.get("created", 0),
            "updated": counts.get("updated", 0),
            "removed": counts.get("removed", 0),
            "conflicts": counts.get("conflicts", 0),
            "partial": partial,
            "started_at": started_at,
            "now": now,
            "duration_ms": max(0, round((now - started_at).total_seconds() * 1000)),
        },
    )
