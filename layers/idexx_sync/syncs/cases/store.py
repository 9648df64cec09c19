"""SQL of what is stored of visits: their cases, patients, and what we remember of them."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from idexx_sync.database.connection import Conn, Cur
from idexx_sync.syncs.cases.death_store import DeathsQuery
from idexx_sync.syncs.cases.fields import PATIENT_COLUMNS
from idexx_sync.syncs.cases.patient_store import PATIENT_GIVEN
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.stored import PREFIX, StoredCase, StoredPatient, StoredVisit
from idexx_sync.syncs.memory import ConsultationSource, VisitMemory, VisitRecord, read_source

EXTENSION_PREFIX: Final = "idexx-appt-"
"""Before the visit's id in the keys of the browser extension (ODIS schema, keys)."""
OLDEST_SOURCE: Final = "idexx_neo"
"""Source of the oldest server cases, which are keyed by the consultation's id."""
_CASE_FIELDS: Final = tuple(item.name for item in fields(StoredCase) if item.name != "patient")


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


def _cases(conn: Conn, parameters: dict[str, Any]) -> Cur:
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
               AND EXISTS (SELECT FROM public.user_clinic_access a WHERE a.user_id = c.user_id)
               AND NOT EXISTS (SELECT FROM public.user_clinic_access a
                                WHERE a.user_id = c.user_id
                                  AND a.clinic_id IS DISTINCT FROM %(clinic_id)s)
        )
        SELECT c.id, c.xmin::text, c.external_id, c.clinic_id, c.user_id, c.status::text,
               c.type::text, c.scheduled_at, c.metadata, c.entity_extraction,
               c.created_at, idexx_sync.is_extreme(c.extreme_case_check),
               p.id, p.version, {PATIENT_GIVEN}, c.source
          FROM ours JOIN public.cases c USING (id)
          LEFT JOIN LATERAL (
               SELECT p.xmin::text AS version, p.id, p.created_at, {PATIENT_GIVEN}
                 FROM public.patients p
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
