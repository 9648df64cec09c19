"""SQL of what is known of patients' deaths (rule R19): what was told, and remembering it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from idexx_sync.database.connection import Conn, Settle
from idexx_sync.syncs.cases.deaths import Death, Mark
from idexx_sync.syncs.cases.life_sentence import GRAVEST_FIRST, LifeCategory
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.memory import VisitMemory
from idexx_sync.syncs.memory_store import in_source

NOBODY: Final = ""
"""Stands for the patient of a visit that names none."""
_TAKEN_BACK: Final = f"""
    d.marked AND EXISTS (
        SELECT FROM idexx_sync.case_keys k JOIN public.cases c ON c.id = k.case_id
         WHERE k.clinic_id = d.clinic_id AND k.external_id = '{PREFIX}' || d.visit_id
           AND idexx_sync.is_extreme(c.extreme_case_check) IS NOT TRUE)
"""
"""Whether the visit's case was marked and is not any more."""
_MARKED_FOR: Final = "r." + in_source(VisitMemory, "marked_for")
_GRAVER: Final = "array_position(%(gravest)s, {}.category)"


class DeathsQuery:
    """Asks for the deaths that concern visits; fetched once the pipeline is flushed."""

    def __init__(self, conn: Conn, clinic_id: UUID, patients: Mapping[str, str | None]) -> None:
        """`patients` is visit -> its patient's id, for every visit asked for."""
        self._patients = patients
        known = sorted({patient for patient in patients.values() if patient})
        self._found = conn.execute(
            f"""
            SELECT d.patient_id, d.visit_id, d.category, d.in_doubt, d.denied_at IS NOT NULL,
                   {_TAKEN_BACK}
              FROM idexx_sync.deaths d
             WHERE d.clinic_id = %s AND (d.patient_id = ANY(%b) OR d.visit_id = ANY(%b))
             ORDER BY d.patient_id, d.visit_id
            """,
            (clinic_id, known, list(patients)),
        )

    def fetch(self) -> dict[str, list[Death]]:
        """Visit -> those told by it, or by another visit of its patient."""
        deaths = [Death(*row) for row in self._found.fetchall()]
        if not deaths:
            return {}
        return {
            visit: found
            for visit, patient in self._patients.items()
            if (found := [d for d in deaths if visit == d.visit_id or _is_of(d, patient)])
        }


def _is_of(death: Death, patient: str | None) -> bool:
    return patient is not None and death.patient_id == patient


def deaths_of_patients(
    conn: Conn,
    clinic_id: UUID,
    patients: Sequence[str],
    of_former: Collection[UUID],
    settle: Settle,
) -> dict[str, tuple[LifeCategory, bool]]:
    """Patient -> category, and whether it is in doubt, of those that are known to have died.

    Known from the words of a visit, whether that has a case or not, unless somebody has taken its
    mark back; or from the mark of a case that is theirs, whoever set it, but for the mark of a
    former patient: `of_former`, and those that are remembered as such.
    """
    if not patients:
        return {}
    found = conn.execute(
        f"""
        WITH told AS (
            SELECT d.patient_id, d.category, d.in_doubt
              FROM idexx_sync.deaths d
             WHERE d.clinic_id = %(clinic_id)s AND d.patient_id = ANY(%(patients)s)
               AND NOT ({_TAKEN_BACK})
             UNION ALL
            SELECT p.external_id, c.extreme_case_check ->> 'category', false
              FROM public.patients p JOIN public.cases c ON c.id = p.case_id
             WHERE p.clinic_id = %(clinic_id)s AND p.external_id = ANY(%(patients)s)
               AND c.clinic_id = %(clinic_id)s
               AND idexx_sync.is_extreme(c.extreme_case_check)
               AND c.extreme_case_check ->> 'category' = ANY(%(gravest)s)
               AND c.id <> ALL(%(of_former)s::uuid[])
               AND NOT EXISTS (
                   SELECT FROM idexx_sync.case_keys k JOIN idexx_sync.records r
                       ON r.clinic_id = k.clinic_id AND r.kind = 'visit'
                      AND k.external_id = '{PREFIX}' || r.external_id
                    WHERE k.clinic_id = c.clinic_id AND k.case_id = c.id
                      AND {_MARKED_FOR} IS NOT NULL)
        )
        SELECT patient_id, (array_agg(category ORDER BY array_position(%(gravest)s, category)))[1],
               bool_and(in_doubt)
          FROM told GROUP BY 1
        """,
        {
            "clinic_id": clinic_id,
            "patients": list(patients),
            "of_former": list(of_former),
            "gravest": list(GRAVEST_FIRST),
        },
    )
    settle()
    return {patient: (category, in_doubt) for patient, category, in_doubt in found.fetchall()}


def remember_deaths(
    conn: Conn,
    clinic_id: UUID,
    marks: Collection[Mark],
    denied: Collection[str],
    now: datetime,
) -> None:
    """Remember what was told, once the cases are marked; `denied` are patients with a case that
    says otherwise, NOBODY among them."""
    told: dict[tuple[str, str], Mark] = {}
    for mark in sorted(marks, key=lambda m: (m.in_doubt, GRAVEST_FIRST.index(m.category))):
        told.setdefault((mark.patient_id or NOBODY, mark.visit_id), mark)
    rows: list[tuple[Any, ...]] = [
        (patient, visit, mark.category, mark.in_doubt, patient in denied and not mark.in_doubt)
        for (patient, visit), mark in sorted(told.items())
    ]
    if not rows:
        return
    conn.execute(
        f"""
        INSERT INTO idexx_sync.deaths AS d
               (clinic_id, patient_id, visit_id, category, in_doubt, told_at, marked, denied_at)
        SELECT %(clinic_id)s, p.patient_id, p.visit_id, p.category, p.in_doubt, %(now)s,
               EXISTS (SELECT FROM idexx_sync.case_keys k
                         JOIN public.cases c ON c.id = k.case_id
                        WHERE k.clinic_id = %(clinic_id)s
                          AND k.external_id = '{PREFIX}' || p.visit_id
                          AND idexx_sync.is_extreme(c.extreme_case_check)),
               CASE WHEN p.denied THEN %(now)s END
          FROM unnest(%(patients)s::text[], %(visits)s::text[], %(categories)s::text[],
                      %(doubts)s::boolean[], %(denials)s::boolean[])
               AS p (patient_id, visit_id, category, in_doubt, denied)
        ON CONFLICT (clinic_id, patient_id, visit_id) DO UPDATE
           SET category = CASE WHEN {_GRAVER.format("d")} <= {_GRAVER.format("EXCLUDED")}
                          THEN d.category ELSE EXCLUDED.category END,
               in_doubt = d.in_doubt AND EXCLUDED.in_doubt,
               told_at = EXCLUDED.told_at,
               marked = EXCLUDED.marked,
               denied_at = coalesce(d.denied_at, EXCLUDED.denied_at)
        """,
        {
            "clinic_id": clinic_id,
            "now": now,
            "patients": [row[0] for row in rows],
            "visits": [row[1] for row in rows],
            "categories": [row[2] for row in rows],
            "doubts": [row[3] for row in rows],
            "denials": [row[4] for row in rows],
            "gravest": list(GRAVEST_FIRST),
        },
    )
