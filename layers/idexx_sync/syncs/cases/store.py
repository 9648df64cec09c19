"""SQL of cases, patients and what we remember of them: what is stored, and writing changes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from psycopg import Cursor

from idexx_sync.database.connection import Conn, Settle
from idexx_sync.pims.protocol import Window
from idexx_sync.syncs.cases.death_store import DeathsQuery
from idexx_sync.syncs.cases.fields import PATIENT_COLUMNS, PATIENT_LINKS
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.stored import PREFIX, SOURCE, StoredCase, StoredPatient, StoredVisit
from idexx_sync.syncs.memory import ConsultationSource, VisitMemory, VisitRecord, read_source
from idexx_sync.syncs.memory_store import in_source

EXTENSION_PREFIX: Final = "idexx-appt-"
"""Before the visit's id in the keys of the browser extension (ODIS schema, keys)."""
OLDEST_SOURCE: Final = "idexx_neo"
"""Source of the oldest server cases, which are keyed by the consultation's id."""
PROVEN_GONE: Final = ("deleted_at_source", "cancelled_at_source", "not_found_twice", "approved")
"""Reasons of the calendar's sync for a removal that rests on the record's own id, or a person."""
OLDEST_WAITING: Final = timedelta(minutes=20)
"""An inbound job that waits for longer has been given up: its event is too old by then."""
_START: Final = in_source(VisitMemory, "start")
_STATUS: Final = in_source(VisitMemory, "status")
_MARKED_FOR: Final = "r." + in_source(VisitMemory, "marked_for")
_PATIENT: Final = ", ".join(PATIENT_COLUMNS)
_CASE_FIELDS: Final = tuple(item.name for item in fields(StoredCase) if item.name != "patient")
_GIVEN: Final = ", ".join(f"p.{name}" for name in PATIENT_COLUMNS)
_PATIENT_ARRAYS: Final = ", ".join(f"%b::{column}[]" for column in PATIENT_COLUMNS.values())


class StoredQuery:
    """Asks for what is stored of visits; the answers are fetched once the pipeline is flushed."""

    def __init__(
        self,
        conn: Conn,
        clinic_id: UUID,
        consultations: Mapping[str, str | None],
        patients: Mapping[str, str | None],
    ) -> None:
        """Visit -> its consultation's id, and its patient's, for every visit asked for."""
        self._visits = list(consultations)
        self._by_external_id = {PREFIX + v: v for v in self._visits}
        self._by_external_id |= {EXTENSION_PREFIX + v: v for v in self._visits}
        self._by_consultation = {c: v for v, c in consultations.items() if c}
        parameters = {
            "clinic_id": clinic_id,
            "keys": [PREFIX + v for v in self._visits],
            "external_ids": list(self._by_external_id),
            "consultations": list(self._by_consultation),
        }
        self._keys = conn.execute(
            """
            SELECT external_id, case_id FROM idexx_sync.case_keys
             WHERE clinic_id = %(clinic_id)s AND external_id = ANY(%(keys)s)
            """,
            parameters,
        )
        self._cases = _cases(conn, parameters)
        self._records = conn.execute(
            """
            SELECT kind, external_id, source, read_at, quarantine_code, doubtful_reads,
                   strikes, struck_at
              FROM idexx_sync.records
             WHERE clinic_id = %s AND kind IN ('visit', 'consultation') AND external_id = ANY(%s)
            """,
            (clinic_id, self._visits),
        )
        self._deaths = DeathsQuery(conn, clinic_id, patients)

    def fetch(self) -> dict[str, StoredVisit]:
        keys = {key.removeprefix(PREFIX): case_id for key, case_id in self._keys.fetchall()}
        by_case = {case_id: visit for visit, case_id in keys.items()}
        cases: dict[str, list[StoredCase]] = {visit: [] for visit in self._visits}
        for values in self._cases.fetchall():
            case, source = _case(values[:-1]), values[-1]
            visit = by_case.get(case.id) or self._by_external_id.get(case.external_id or "")
            if visit is None and source == OLDEST_SOURCE:
                visit = self._by_consultation.get(case.external_id or "")
            if visit is not None:
                cases[visit].append(case)
        records: dict[str, VisitRecord] = {}
        consultations: dict[str, ConsultationMemory] = {}
        observed: dict[str, ConsultationMemory | None] = {}
        for kind, visit, source, read_at, code, doubtful_reads, *struck in self._records.fetchall():
            if kind == "visit":
                records[visit] = _record(visit, source, code, doubtful_reads)
            else:
                memory = _memories(source, read_at, code, *struck)
                consultations[visit], observed[visit] = memory
        deaths = self._deaths.fetch()
        return {
            visit: StoredVisit(
                cases=cases[visit],
                key=keys.get(visit),
                record=records.get(visit, VisitRecord(visit)),
                consultation=consultations.get(visit, ConsultationMemory()),
                observed=observed.get(visit),
                deaths=deaths.get(visit, ()),
            )
            for visit in self._visits
        }


def _cases(conn: Conn, parameters: dict[str, Any]) -> Cursor[tuple[Any, ...]]:
    """Every case of the visits, the oldest first, each with its first patient.

    A case of the extension without a clinic counts if its user has this clinic and no other one
    (rule R14).
    """
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT c.id FROM public.cases c JOIN idexx_sync.case_keys k ON k.case_id = c.id
             WHERE k.clinic_id = %(clinic_id)s AND k.external_id = ANY(%(keys)s)
               AND coalesce(c.clinic_id, k.clinic_id) = k.clinic_id
             UNION
            SELECT id FROM public.cases
             WHERE clinic_id = %(clinic_id)s
               AND (external_id = ANY(%(external_ids)s)
                    OR source = '{OLDEST_SOURCE}' AND external_id = ANY(%(consultations)s))
             UNION
            SELECT c.id FROM public.cases c
             WHERE c.clinic_id IS NULL AND c.external_id = ANY(%(external_ids)s)
               AND EXISTS (SELECT FROM public.user_clinic_access a
                            WHERE a.user_id = c.user_id AND a.clinic_id = %(clinic_id)s)
               AND NOT EXISTS (SELECT FROM public.user_clinic_access a
                                WHERE a.user_id = c.user_id AND a.clinic_id <> %(clinic_id)s)
        )
        SELECT c.id, c.xmin::text, c.external_id, c.clinic_id, c.user_id, c.status::text,
               c.type::text, c.scheduled_at, c.metadata, c.entity_extraction,
               c.created_at, idexx_sync.is_extreme(c.extreme_case_check),
               p.id, p.version, {_GIVEN}, c.source
          FROM ours JOIN public.cases c USING (id)
          LEFT JOIN LATERAL (
               SELECT p.xmin::text AS version, p.* FROM public.patients p
                WHERE p.case_id = c.id AND coalesce(p.clinic_id, %(clinic_id)s) = %(clinic_id)s
                ORDER BY p.created_at, p.id LIMIT 1) AS p ON true
         ORDER BY c.created_at, c.id
        """,
        parameters,
    )


def _case(values: tuple[Any, ...]) -> StoredCase:
    own = dict(zip(_CASE_FIELDS, values[:12], strict=True))
    patient_id, version = values[12:14]
    read = zip(PATIENT_COLUMNS, values[14:], strict=True)
    columns = {name: float(v) if isinstance(v, Decimal) else v for name, v in read}
    patient = None if patient_id is None else StoredPatient(patient_id, version, columns)
    return StoredCase(**own, patient=patient)


def _record(visit: str, document: Any, code: str | None, doubtful_reads: int) -> VisitRecord:
    source = read_source(VisitMemory, document)
    is_unknown = source is None and document is not None
    return VisitRecord(
        visit,
        source=source,
        quarantine_code=code,
        doubtful_reads=doubtful_reads,
        is_unknown=is_unknown,
    )


def _memories(
    document: Any, read_at: datetime, code: str | None, strikes: int, struck_at: datetime | None
) -> tuple[ConsultationMemory, ConsultationMemory | None]:
    """What was written of the record, and what was only observed of it since.

    What cannot be read counts as never read, so that the record is asked for again.
    """
    source = read_source(ConsultationSource, document)
    if source is None:
        return ConsultationMemory(is_unknown=True), None
    known = ConsultationMemory(
        screened=source.screened,
        partly=source.partly,
        edited=source.edited,
        derived=source.derived,
    )
    read = replace(
        known,
        id=source.id,
        asked=source.asked,
        strikes=strikes,
        struck_at=struck_at,
        read_at=read_at,
        final=source.final,
        has_notes=source.notes,
        code=code,
        patient=source.patient,
        empty_since=source.empty_since,
    )
    return (known, read) if source.observed else (read, None)


def starts_remembered(conn: Conn, clinic_id: UUID, window: Window) -> Cursor[tuple[Any, ...]]:
    """Id, start and word of each visit of the window that a read should show, and whether the
    calendar's sync has proven since that it is gone."""
    return conn.execute(
        f"""
        SELECT external_id, {_START}, {_STATUS},
               NOT EXISTS (SELECT FROM public.schedule_appointments a
                            WHERE a.clinic_id = r.clinic_id AND a.deleted_at IS NULL
                              AND a.neo_appointment_id = r.external_id)
               AND EXISTS (SELECT FROM idexx_sync.changes c
                            WHERE c.clinic_id = r.clinic_id AND c.external_id = r.external_id
                              AND c.kind = 'appointment' AND c.action = 'remove'
                              AND c.outcome = 'written' AND c.reasons && %s)
          FROM idexx_sync.records r
         WHERE clinic_id = %s AND kind = 'visit' AND {_START} BETWEEN %s AND %s
        """,
        (
            list(PROVEN_GONE),
            clinic_id,
            f"{window.first_day} 00:00:00",
            f"{window.last_day} 23:59:59",
        ),
    )


def lock_unchanged(conn: Conn, changes: Sequence[CaseChange], settle: Settle) -> set[str]:
    """Lock the rows that the changes touch; the visits of which all rows are as they were planned.

    A row that somebody else has written since the plan read it is left alone (rule R22).
    """
    touched = [change.case for change in changes if change.case is not None]
    rows = {"cases": [(case.id, case.version) for case in touched]}
    rows["patients"] = [(case.patient.id, case.patient.version) for case in touched if case.patient]
    locked = []
    for table, versions in rows.items():
        if versions:
            locked.append(
                conn.execute(
                    f"""
                    SELECT t.id FROM public.{table} t
                      JOIN unnest(%b::uuid[], %b::text[]) AS p (id, version)
                        ON t.id = p.id AND t.xmin::text = p.version
                     ORDER BY t.id FOR UPDATE OF t
                    """,
                    ([row_id for row_id, _ in versions], [version for _, version in versions]),
                )
            )
    settle()
    free = {row_id for cursor in locked for (row_id,) in cursor.fetchall()}
    taken = {
        change.visit_id
        for change in changes
        if change.case is not None
        and (
            change.case.id not in free
            or (change.case.patient is not None and change.case.patient.id not in free)
        )
    }
    return {change.visit_id for change in changes} - taken


def keep_keys(
    conn: Conn, clinic_id: UUID, cases: Mapping[str, UUID], settle: Settle
) -> dict[str, UUID]:
    """Visit -> case, as it stands afterwards; a key whose case is gone is given to the new one."""
    if not cases:
        return {}
    kept = conn.execute(
        """
        INSERT INTO idexx_sync.case_keys AS k (clinic_id, external_id, case_id)
        SELECT %s, p.external_id, p.case_id
          FROM unnest(%b::text[], %b::uuid[]) AS p (external_id, case_id)
        ON CONFLICT (clinic_id, external_id) DO UPDATE SET case_id = EXCLUDED.case_id
         WHERE NOT EXISTS (SELECT FROM public.cases c WHERE c.id = k.case_id)
        RETURNING external_id, case_id
        """,
        (clinic_id, [PREFIX + visit for visit in cases], list(cases.values())),
    )
    settle()
    return {key.removeprefix(PREFIX): case_id for key, case_id in kept.fetchall()}


def insert_cases(
    conn: Conn, clinic_id: UUID, changes: Sequence[CaseChange], now: datetime, settle: Settle
) -> dict[str, UUID]:
    """Make cases with their patients; visit -> new case.

    A visit that has a key by now is left out, unless the key's case is gone: the plan says whether
    that may be made again.
    """
    wanted = {change.visit_id: uuid4() for change in changes}
    made = keep_keys(conn, clinic_id, wanted, settle) if wanted else {}
    changes = [change for change in changes if made.get(change.visit_id) == wanted[change.visit_id]]
    if not changes:
        return {}
    columns = [change.of_place("case") for change in changes]
    conn.execute(
        f"""
        INSERT INTO public.cases
               (id, clinic_id, external_id, source, visibility, user_id, status, type,
                scheduled_at, metadata, entity_extraction, created_at, updated_at)
        SELECT p.id, %s, p.external_id, '{SOURCE}', 'private', p.user_id,
               p.status::public."CaseStatus", p.type::public."CaseType", p.scheduled_at,
               idexx_sync.with_leaves('{{}}', p.metadata, '{{}}'),
               idexx_sync.with_leaves('{{}}', p.extraction, '{{}}'), %s, %s
          FROM unnest(%b::uuid[], %b::text[], %b::uuid[], %b::text[], %b::text[],
                      %b::timestamptz[], %b::jsonb[], %b::jsonb[])
               AS p (id, external_id, user_id, status, type, scheduled_at, metadata, extraction)
        """,
        (
            clinic_id,
            now,
            now,
            [made[change.visit_id] for change in changes],
            [change.key for change in changes],
            [values.get("user_id") for values in columns],
            [values.get("status") for values in columns],
            [values.get("type") for values in columns],
            [values.get("scheduled_at") for values in columns],
            [_json(change.of_place("metadata")) for change in changes],
            [_json(change.of_place("extraction")) for change in changes],
        ),
    )
    _insert_patients(conn, clinic_id, [(made[c.visit_id], c) for c in changes], now)
    return {change.visit_id: made[change.visit_id] for change in changes}


def update_cases(conn: Conn, clinic_id: UUID, changes: Sequence[CaseChange], now: datetime) -> None:
    """Write into locked cases, and into their patients or make the missing ones."""
    touched = [(change.case, change) for change in changes if change.case is not None]
    if not touched:
        return
    columns = [change.of_place("case") for _, change in touched]
    conn.execute(
        f"""
        UPDATE public.cases c
           SET status = coalesce(p.status::public."CaseStatus", c.status),
               type = coalesce(p.type::public."CaseType", c.type),
               scheduled_at = coalesce(p.scheduled_at, c.scheduled_at),
               user_id = coalesce(c.user_id, p.user_id),
               clinic_id = %s,
               canonical_patient_id = CASE WHEN p.metadata_cleared ? '' THEN NULL
                                           ELSE c.canonical_patient_id END,
               metadata = {_emptied_and_set("metadata", "metadata")},
               entity_extraction = {_emptied_and_set("entity_extraction", "extraction")},
               updated_at = %s
          FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::timestamptz[], %b::uuid[],
                      %b::jsonb[], %b::jsonb[], %b::jsonb[], %b::jsonb[])
               AS p (id, status, type, scheduled_at, user_id, metadata, extraction,
                     metadata_cleared, extraction_cleared)
         WHERE c.id = p.id AND (c.clinic_id = %s OR c.clinic_id IS NULL)
        """,
        (
            clinic_id,
            now,
            [case.id for case, _ in touched],
            [values.get("status") for values in columns],
            [values.get("type") for values in columns],
            [values.get("scheduled_at") for values in columns],
            [values.get("user_id") for values in columns],
            [_json(change.of_place("metadata")) for _, change in touched],
            [_json(change.of_place("extraction")) for _, change in touched],
            [json.dumps(change.cleared_in("metadata")) for _, change in touched],
            [json.dumps(change.cleared_in("extraction")) for _, change in touched],
            clinic_id,
        ),
    )
    patients = [p for p in touched if p[1].of_place("patient") or p[1].cleared_in("patient")]
    _update_patients(conn, clinic_id, [(c.patient, ch) for c, ch in patients if c.patient], now)
    _insert_patients(conn, clinic_id, [(c.id, ch) for c, ch in patients if not c.patient], now)


def _emptied_and_set(column: str, place: str) -> str:
    """The SQL of a case's document with what is to be emptied taken out, and the leaves set."""
    return f"""CASE WHEN p.{place} = '{{}}' AND p.{place}_cleared = '[]' THEN c.{column}
                   ELSE idexx_sync.with_leaves(
                       CASE WHEN p.{place}_cleared ? '' THEN '{{}}'
                            ELSE idexx_sync.with_leaves(c.{column}, '{{}}', ARRAY(
                                SELECT jsonb_array_elements_text(p.{place}_cleared))) END,
                       p.{place}, '{{}}') END"""


def _insert_patients(
    conn: Conn, clinic_id: UUID, changes: Sequence[tuple[UUID, CaseChange]], now: datetime
) -> None:
    if not changes:
        return
    columns = [change.of_place("patient") for _, change in changes]
    conn.execute(
        f"""
        INSERT INTO public.patients
               (case_id, clinic_id, user_id, source, created_at, updated_at, {_PATIENT})
        SELECT p.case_id, %s, c.user_id, '{SOURCE}', %s, %s, {_GIVEN}
          FROM unnest(%b::uuid[], {_PATIENT_ARRAYS}) AS p (case_id, {_PATIENT})
          JOIN public.cases c ON c.id = p.case_id
        """,
        (
            clinic_id,
            now,
            now,
            [case_id for case_id, _ in changes],
            *([values.get(name) for values in columns] for name in PATIENT_COLUMNS),
        ),
    )


def _update_patients(
    conn: Conn, clinic_id: UUID, changes: Sequence[tuple[StoredPatient, CaseChange]], now: datetime
) -> None:
    if not changes:
        return
    columns = [change.of_place("patient") for _, change in changes]
    conn.execute(
        f"""
        UPDATE public.patients t
           SET {", ".join(map(_emptied_or_given, PATIENT_COLUMNS))},
               {", ".join(f"{n} = {_kept_unless_cleared(n)}" for n in PATIENT_LINKS)},
               clinic_id = %s, updated_at = %s
          FROM unnest(%b::uuid[], {_PATIENT_ARRAYS}, %b::jsonb[]) AS p (id, {_PATIENT}, cleared)
         WHERE t.id = p.id AND (t.clinic_id = %s OR t.clinic_id IS NULL)
        """,
        (
            clinic_id,
            now,
            [patient.id for patient, _ in changes],
            *([values.get(name) for values in columns] for name in PATIENT_COLUMNS),
            [json.dumps(change.cleared_in("patient")) for _, change in changes],
            clinic_id,
        ),
    )


def _emptied_or_given(column: str) -> str:
    return f"{column} = coalesce(p.{column}, {_kept_unless_cleared(column)})"


def _kept_unless_cleared(column: str) -> str:
    empty = "'{}'" if column == "metadata" else "NULL"
    return f"CASE WHEN p.cleared ? '{column}' THEN {empty} ELSE t.{column} END"


def stop_calls(conn: Conn, clinic_id: UUID, case_ids: Sequence[UUID], now: datetime) -> None:
    """Make completed cases reviewed, whatever else they say: nobody is called about those."""
    conn.execute(
        """
        UPDATE public.cases SET status = 'reviewed', updated_at = %s
         WHERE id = ANY(%s) AND status = 'completed'
           AND (clinic_id = %s OR clinic_id IS NULL)
        """,
        (now, list(case_ids), clinic_id),
    )


class Left(NamedTuple):
    """What others hold of a case, and what no run takes back."""

    case_id: UUID
    is_marked: bool
    """Somebody has died."""
    has_summary: bool
    """There is a text for the owner."""


def left_in_odis(conn: Conn, clinic_id: UUID, case_ids: Sequence[UUID]) -> list[Left]:
    """What is left of former patients in these cases."""
    found = conn.execute(
        """
        SELECT c.id, coalesce(c.extreme_case_check ->> 'isExtremeCase' = 'true', false),
               EXISTS (SELECT FROM public.discharge_summaries d WHERE d.case_id = c.id)
          FROM public.cases c
         WHERE c.id = ANY(%s) AND (c.clinic_id = %s OR c.clinic_id IS NULL)
        """,
        (list(case_ids), clinic_id),
    )
    return [Left(*row) for row in found.fetchall()]


def calendar_waits(conn: Conn, clinic_id: UUID) -> bool:
    """Whether an inbound run of the clinic waits for the lease."""
    found = conn.execute(
        """
        SELECT FROM idexx_sync.jobs
         WHERE clinic_id = %s AND sync = 'inbound' AND status = 'queued'
           AND queued_at > idexx_sync.clock() - %s
         LIMIT 1
        """,
        (clinic_id, OLDEST_WAITING),
    )
    return found.fetchone() is not None


def _json(leaves: Mapping[str, Any]) -> str:
    return json.dumps(dict(leaves), default=str)
