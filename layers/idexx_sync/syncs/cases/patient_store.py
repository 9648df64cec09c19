"""SQL of changes to patients: the rows that go with cases."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from idexx_sync.database.connection import Conn
from idexx_sync.syncs.cases.fields import PATIENT_COLUMNS, PATIENT_LINKS
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.stored import SOURCE, StoredPatient

_PATIENT: Final = ", ".join(PATIENT_COLUMNS)
PATIENT_GIVEN: Final = ", ".join(f"p.{name}" for name in PATIENT_COLUMNS)
"""The columns of a patient that is called `p`."""
_PATIENT_ARRAYS: Final = ", ".join(f"%b::{column}[]" for column in PATIENT_COLUMNS.values())


def insert_patients(
    conn: Conn, clinic_id: UUID, changes: Sequence[tuple[UUID, CaseChange]], now: datetime
) -> None:
    """Make the patients of cases; each change goes with its case's id."""
    if not changes:
        return
    columns = [change.of_place("patient") for _, change in changes]
    conn.execute(
        f"""
        INSERT INTO public.patients
               (case_id, clinic_id, user_id, source, created_at, updated_at, {_PATIENT})
        SELECT p.case_id, %s, c.user_id, '{SOURCE}', %s, %s, {PATIENT_GIVEN}
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


def update_patients(
    conn: Conn, clinic_id: UUID, changes: Sequence[tuple[StoredPatient, CaseChange]], now: datetime
) -> None:
    """Write into patients of locked cases, and empty what is cleared."""
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
