"""SQL of marks: which cases of patients that have died get one, and setting it (rule R19)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from idexx_sync.database.connection import Conn, Cur, Settle
from idexx_sync.syncs.cases.deaths import CaseToMark, Mark
from idexx_sync.syncs.cases.life_sentence import GRAVEST_FIRST
from idexx_sync.syncs.cases.stored import PREFIX
from idexx_sync.syncs.memory import VisitMemory
from idexx_sync.syncs.memory_store import in_source

MARKED_BACK: Final = timedelta(days=30)
"""So long after a case was made, or its visit took place, somebody may be called about it."""
_LATEST: Final = """
    greatest(CASE WHEN c.scheduled_at > '1900-01-01' THEN c.scheduled_at END, c.created_at)
"""
"""When a case was made or when its visit is, the later one; a time that nobody meant is none."""
_IS_EXTREME: Final = "idexx_sync.is_extreme(c.extreme_case_check)"
_SAID_BEFORE: Final = f"""
    (c.scheduled_at > %(now)s OR EXISTS (
        SELECT FROM idexx_sync.case_keys k
          JOIN idexx_sync.records r ON r.clinic_id = k.clinic_id AND r.kind = 'visit'
           AND '{PREFIX}' || r.external_id = k.external_id
         WHERE k.clinic_id = %(clinic_id)s AND k.case_id = c.id
           AND r.{in_source(VisitMemory, "denied")} = 'true'))
"""
"""Whether what stands there was said before the visit took place."""
_DENIED: Final = f"({_IS_EXTREME} IS FALSE AND NOT {_SAID_BEFORE})"


def cases_to_mark(
    conn: Conn, clinic_id: UUID, marks: Mapping[Mark, Sequence[UUID]], now: datetime, settle: Settle
) -> list[CaseToMark]:
    """Every case of the patients, and those named, each with the gravest category.

    Only those that do not say so yet, and only while somebody may still be called about them.
    `marks` is mark -> all cases of its visit.
    """
    found = conn.execute(
        f"""
        WITH found AS (
            SELECT c.id, bool_or(NOT m.in_doubt) AS certain, {_DENIED} AS denied,
                   (array_agg(m.category
                              ORDER BY array_position(%(gravest)s, m.category)))[1] AS category,
                   array_agg(DISTINCT m.patient) AS patients
              FROM unnest(%(patients)s::text[], %(categories)s::text[], %(doubts)s::boolean[],
                          %(cases)s::text[]) AS m (patient, category, in_doubt, cases)
              JOIN public.cases c ON (c.clinic_id = %(clinic_id)s OR c.clinic_id IS NULL)
                   AND (c.id::text = ANY(string_to_array(m.cases, ','))
                        OR c.clinic_id IS NOT NULL AND m.patient <> '' AND (
                            c.metadata #>> '{{pimsAppointment,patient,id}}' = m.patient
                            OR EXISTS (SELECT FROM public.patients p
                                        WHERE p.case_id = c.id AND p.external_id = m.patient)))
             WHERE {_IS_EXTREME} IS NOT TRUE AND {_LATEST} >= %(since)s
             GROUP BY c.id
        )
        SELECT coalesce((SELECT min(k.external_id) FROM idexx_sync.case_keys k
                          WHERE k.clinic_id = %(clinic_id)s AND k.case_id = found.id),
                        found.id::text),
               found.id, found.category, found.patients, found.certain, found.denied
          FROM found ORDER BY found.id
        """,
        {
            "clinic_id": clinic_id,
            "now": now,
            "since": now - MARKED_BACK,
            "gravest": list(GRAVEST_FIRST),
            "patients": [mark.patient_id or "" for mark in marks],
            "categories": [mark.category for mark in marks],
            "doubts": [mark.in_doubt for mark in marks],
            "cases": [",".join(map(str, cases)) for cases in marks.values()],
        },
    )
    settle()
    return [
        CaseToMark(key, case_id, category, tuple(patients), is_certain, denied)
        for key, case_id, category, patients, is_certain, denied in found.fetchall()
    ]


def mark_cases(conn: Conn, clinic_id: UUID, cases: Sequence[CaseToMark], now: datetime) -> Cur:
    """Mark the cases that still do not say so; the cursor gives their ids."""
    return conn.execute(
        f"""
        UPDATE public.cases c
           SET extreme_case_check =
                   jsonb_build_object('isExtremeCase', true, 'category', p.category),
               updated_at = %(now)s
          FROM unnest(%(ids)s::uuid[], %(categories)s::text[]) AS p (id, category)
         WHERE c.id = p.id AND (c.clinic_id = %(clinic_id)s OR c.clinic_id IS NULL)
           AND {_IS_EXTREME} IS NOT TRUE AND NOT {_DENIED}
        RETURNING c.id
        """,
        {
            "clinic_id": clinic_id,
            "now": now,
            "ids": [case.id for case in cases],
            "categories": [case.category for case in cases],
        },
    )


def reopen_denied(conn: Conn, clinic_id: UUID, cases: Sequence[UUID], now: datetime) -> Cur:
    """Take completed cases back: nobody is called about them. The cursor gives their ids."""
    return conn.execute(
        """
        UPDATE public.cases SET status = 'ongoing', updated_at = %s
         WHERE id = ANY(%s) AND status = 'completed' AND (clinic_id = %s OR clinic_id IS NULL)
        RETURNING id
        """,
        (now, list(cases), clinic_id),
    )
