"""SQL of changes to cases: locking, keys, making and writing, and what is left of others."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from idexx_sync.database.connection import Conn, Settle
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.patient_store import insert_patients, update_patients
from idexx_sync.syncs.cases.stored import PREFIX, SOURCE

_GIVEN: Final = """
    SELECT c.id FROM public.patients p JOIN public.cases c ON c.id = p.case_id
     WHERE c.id = ANY(%s) AND coalesce(p.clinic_id, c.clinic_id) = c.clinic_id
"""
"""Which of these cases have a patient of their own clinic."""


def lock_unchanged(conn: Conn, changes: Sequence[CaseChange], settle: Settle) -> set[str]:
    """Lock the rows that the changes touch; the visits of which all rows are as they were planned.

    A row that somebody else has written since the plan read it is left alone, and so is a case
    that somebody has given a patient (rule R22): no further one comes while it is locked.
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
    bare = [case.id for case in touched if case.patient is None]
    given = conn.execute(_GIVEN, (bare,)) if bare else None
    settle()
    free = {row_id for cursor in locked for (row_id,) in cursor.fetchall()}
    if given is not None:
        free -= {case_id for (case_id,) in given.fetchall()}
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
    insert_patients(conn, clinic_id, [(made[c.visit_id], c) for c in changes], now)
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
    update_patients(conn, clinic_id, [(c.patient, ch) for c, ch in patients if c.patient], now)
    insert_patients(conn, clinic_id, [(c.id, ch) for c, ch in patients if not c.patient], now)


def _emptied_and_set(column: str, place: str) -> str:
    """The SQL of a case's document with what is to be emptied taken out, and the leaves set."""
    return f"""CASE WHEN p.{place} = '{{}}' AND p.{place}_cleared = '[]' THEN c.{column}
                   ELSE idexx_sync.with_leaves(
                       CASE WHEN p.{place}_cleared ? '' THEN '{{}}'
                            ELSE idexx_sync.with_leaves(c.{column}, '{{}}', ARRAY(
                                SELECT jsonb_array_elements_text(p.{place}_cleared))) END,
                       p.{place}, '{{}}') END"""


def _json(leaves: Mapping[str, Any]) -> str:
    return json.dumps(dict(leaves), default=str)


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
