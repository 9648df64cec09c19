"""SQL: all that is stored of one appointment. Only reads."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row

from idexx_sync.core.catalog import SYNCS
from idexx_sync.database.connection import Conn
from idexx_sync.explain.model import (
    CaseBeside,
    Memory,
    NamedHold,
    StoredAppointment,
    StoredRow,
    StoredSlot,
    Touch,
)
from idexx_sync.explain.runs import Read
from idexx_sync.syncs.cases.store import StoredQuery
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.hold_store import holds_newest_first
from idexx_sync.syncs.holds import HoldStatus
from idexx_sync.syncs.memory import (
    MODELS,
    Kind,
    Remembered,
    SourceMemory,
    read_claims,
    read_source,
)

MOST_TOUCHES: Final = 100
MOST_HOLDS: Final = 100
MOST_READS: Final = 5
ROW_COLUMNS: Final = """id, neo_appointment_id AS key, date, start_time, end_time, room_id,
    status::text AS status, appointment_type AS type, deleted_at, last_synced_at, slot_id,
    patient_name, client_name, client_phone, provider_name"""
"""A row of `schedule_appointments` as StoredRow reads it."""
TOUCH_COLUMNS: Final = """job_id, sync, external_id, action AS did, outcome, error AS error_message,
    at, reasons[1] AS reason, fields AS changes"""
"""A row of our log as Touch reads it."""
MEMORY_COLUMNS: Final = """kind, external_id, source, strikes, struck_at, looked_up_at,
    quarantine_code, claims, read_at"""
"""One of our records as `memory_of` reads it."""


def stored_appointment(conn: Conn, clinic_id: UUID, appointment_id: str) -> StoredAppointment:
    """What the clinic's rows say of the appointment with Neo's bare id."""
    memories = _memories(conn, clinic_id, appointment_id)
    said = next((m.record.source for m in memories if m.kind == "visit" and m.record.source), None)
    consultation, patient = (None, None) if said is None else (said.consultation, said.patient)
    stored = StoredQuery(conn, clinic_id, {appointment_id: consultation}, {appointment_id: patient})
    visit = stored.fetch()[appointment_id]
    case_ids = [case.id for case in visit.cases] + ([visit.key] if visit.key else [])
    return StoredAppointment(
        rows=_rows(conn, clinic_id, appointment_id),
        slots=_slots(conn, clinic_id, appointment_id),
        memories=memories,
        visit=visit,
        beside=_beside(conn, [case.id for case in visit.cases]),
        touches=_touches(conn, clinic_id, appointment_id, case_ids),
        holds=[
            named
            for hold in holds_in_force(conn, clinic_id)
            if (named := hold.about(appointment_id))
        ],
    )


def _rows(conn: Conn, clinic_id: UUID, appointment_id: str) -> list[StoredRow]:
    with conn.cursor(row_factory=class_row(StoredRow)) as cur:
        return cur.execute(
            f"""
            SELECT {ROW_COLUMNS}
              FROM public.schedule_appointments
             WHERE clinic_id = %(clinic_id)s
               AND (neo_appointment_id = %(id)s
                    OR starts_with(neo_appointment_id, %(id)s || '@'))
             ORDER BY deleted_at DESC NULLS FIRST, date, start_time, id
            """,
            {"clinic_id": clinic_id, "id": appointment_id},
        ).fetchall()


def _slots(conn: Conn, clinic_id: UUID, appointment_id: str) -> list[StoredSlot]:
    """Those that a live row overlaps, and one that names it."""
    with conn.cursor(row_factory=class_row(StoredSlot)) as cur:
        return cur.execute(
            """
            SELECT DISTINCT s.id, s.date, s.start_time, s.end_time, s.capacity, s.booked_count,
                   s.last_synced_at
              FROM public.schedule_slots s
              JOIN public.schedule_appointments a ON a.clinic_id = s.clinic_id
               AND (a.slot_id = s.id
                    OR (a.date = s.date AND a.start_time < s.end_time
                        AND a.end_time > s.start_time))
             WHERE s.clinic_id = %(clinic_id)s AND a.deleted_at IS NULL
               AND (a.neo_appointment_id = %(id)s
                    OR starts_with(a.neo_appointment_id, %(id)s || '@'))
             ORDER BY s.date, s.start_time
            """,
            {"clinic_id": clinic_id, "id": appointment_id},
        ).fetchall()


def _memories(conn: Conn, clinic_id: UUID, appointment_id: str) -> list[Memory]:
    rows = conn.execute(
        f"""
        SELECT {MEMORY_COLUMNS}
          FROM idexx_sync.records
         WHERE clinic_id = %(clinic_id)s
           AND (external_id = %(id)s OR starts_with(external_id, %(id)s || '@'))
         ORDER BY kind, external_id
        """,
        {"clinic_id": clinic_id, "id": appointment_id},
    ).fetchall()
    return [memory_of(*values) for values in rows]


def memory_of(
    kind: Kind,
    key: str,
    document: Any,
    strikes: int,
    struck_at: datetime | None,
    looked_up_at: datetime | None,
    code: str | None,
    claims: Any,
    read_at: datetime,
) -> Memory:
    """The memory of a row of MEMORY_COLUMNS."""
    record: Remembered[SourceMemory] = Remembered(
        key=key,
        source=read_source(MODELS[kind], document),
        strikes=strikes,
        struck_at=struck_at,
        looked_up_at=looked_up_at,
        quarantine_code=code,
        claims=read_claims(claims),
    )
    return Memory(kind, record, read_at)


def _beside(conn: Conn, case_ids: list[UUID]) -> dict[UUID, CaseBeside]:
    rows = conn.execute(
        """
        SELECT id, source, extreme_case_check, created_at, updated_at
          FROM public.cases WHERE id = ANY(%s)
        """,
        (case_ids,),
    ).fetchall()
    return {case_id: CaseBeside(*values) for case_id, *values in rows}


def _touches(conn: Conn, clinic_id: UUID, appointment_id: str, case_ids: list[UUID]) -> list[Touch]:
    """The newest ones, under each name that the appointment has in our log."""
    with conn.cursor(row_factory=class_row(Touch)) as cur:
        return cur.execute(
            f"""
            SELECT {TOUCH_COLUMNS}
              FROM idexx_sync.changes
             WHERE clinic_id = %(clinic_id)s
               AND (external_id = ANY(%(keys)s)
                    OR starts_with(external_id, %(id)s || '@')
                    OR case_id = ANY(%(cases)s))
             ORDER BY at DESC, external_id
             LIMIT %(most)s
            """,
            {
                "clinic_id": clinic_id,
                "id": appointment_id,
                "keys": [appointment_id, PREFIX + appointment_id, *map(str, case_ids)],
                "cases": case_ids,
                "most": MOST_TOUCHES,
            },
        ).fetchall()


def holds_in_force(conn: Conn, clinic_id: UUID) -> list[NamedHold]:
    """Those that count for the next run of either sync, newest first."""
    statuses: tuple[HoldStatus, ...] = ("open", "approved", "rejected")
    found = [
        hold
        for status in statuses
        for hold in holds_newest_first(conn, clinic_id=clinic_id, status=status, limit=MOST_HOLDS)
    ]
    wanted = [item.name for item in fields(NamedHold)]
    return sorted(
        (NamedHold(**{name: getattr(hold, name) for name in wanted}) for hold in found),
        key=lambda hold: (-hold.opened_at.timestamp(), hold.cause),
    )


def reads_of(conn: Conn, clinic_id: UUID, day: date) -> list[Read]:
    """The last runs that have read the day and may have written it, of either sync, newest first.

    Previews say nothing of what is stored.
    """
    with conn.cursor(row_factory=class_row(Read)) as cur:
        return cur.execute(
            """
            SELECT r.*
              FROM unnest(%(syncs)s::text[]) AS n (sync)
             CROSS JOIN LATERAL (
                   SELECT j.id AS job_id, j.sync, j.status, j.manner, j.finished_at AS ended_at,
                          j.result #>> '{window,0}' AS first_day,
                          j.result #>> '{window,1}' AS last_day,
                          j.result ->> 'unfresh' AS unfresh, j.error_kind
                     FROM idexx_sync.jobs j
                    WHERE j.clinic_id = %(clinic_id)s AND j.sync = n.sync
                      AND isfinite(j.finished_at) AND j.manner <> 'preview'
                      AND %(day)s::text
                          BETWEEN j.result #>> '{window,0}' AND j.result #>> '{window,1}'
                    ORDER BY j.finished_at DESC LIMIT %(most)s) r
             ORDER BY r.ended_at DESC, r.job_id
            """,
            {
                "clinic_id": clinic_id,
                "syncs": list(SYNCS),
                "day": day.isoformat(),
                "most": MOST_READS,
            },
        ).fetchall()
