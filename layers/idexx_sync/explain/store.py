"""SQL: all that is stored of one appointment. Only reads."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

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
from idexx_sync.syncs.cases.store import StoredQuery
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.memory import (
    MODELS,
    Kind,
    Remembered,
    SourceMemory,
    read_claims,
    read_source,
)

MOST_TOUCHES = 100


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
        holds=_holds(conn, clinic_id, appointment_id),
    )


def _rows(conn: Conn, clinic_id: UUID, appointment_id: str) -> list[StoredRow]:
    with conn.cursor(row_factory=class_row(StoredRow)) as cur:
        return cur.execute(
            """
            SELECT id, neo_appointment_id AS key, date, start_time, end_time, room_id,
                   status::text AS status, appointment_type AS type, deleted_at, last_synced_at,
                   slot_id, patient_name, client_name, client_phone, provider_name
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
        """
        SELECT kind, external_id, source, strikes, struck_at, looked_up_at, quarantine_code,
               claims, read_at
          FROM idexx_sync.records
         WHERE clinic_id = %(clinic_id)s
           AND (external_id = %(id)s OR starts_with(external_id, %(id)s || '@'))
         ORDER BY kind, external_id
        """,
        {"clinic_id": clinic_id, "id": appointment_id},
    ).fetchall()
    return [_memory(*values) for values in rows]


def _memory(
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
            """
            SELECT job_id, sync, external_id, action AS did, outcome, error AS error_message, at,
                   reasons[1] AS reason, fields AS changes
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


def _holds(conn: Conn, clinic_id: UUID, appointment_id: str) -> list[NamedHold]:
    """Open ones, and decided ones that still count."""
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(
            """
            SELECT h.id, h.sync, h.cause, h.status, h.opened_at, named.findings
              FROM idexx_sync.holds h
             CROSS JOIN LATERAL (
                   SELECT jsonb_object_agg(f.key, f.value) AS findings
                     FROM jsonb_each(h.findings) f
                    WHERE jsonb_typeof(f.value) = 'object'
                      AND (f.key = %(id)s OR starts_with(f.key, %(id)s || '@'))) named
             WHERE h.clinic_id = %(clinic_id)s AND h.status IN ('open', 'approved', 'rejected')
               AND named.findings IS NOT NULL
             ORDER BY h.opened_at DESC, h.cause
            """,
            {"clinic_id": clinic_id, "id": appointment_id},
        ).fetchall()
    return [NamedHold(**row) for row in rows]
