"""The invariants of cases, each a function from what is found to what is wrong."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.database.connection import Conn
from oracle.cases import (
    KEY,
    MARKED_BACK,
    CaseQuestion,
    asked_visits,
    finished_for,
    says_euthanasia,
    says_for_certain,
)
from tests.faults.checks import OF_A_CASE
from tests.faults.observation import Cases, changed_cases
from tests.faults.results import Violation
from tests.kit.database import query

SOONEST = timedelta(hours=1, minutes=50)
"""So long a finished visit has been seen without a record before that is believed."""
OLDEST = timedelta(days=5)
"""Three days after the visit's own, whatever the hour of both, and whatever the clocks do."""


def cases_lacking(conn: Conn, question: CaseQuestion, state: dict[str, Any]) -> list[Violation]:
    """V1: visits that Neo has and that have no case after one clean run."""
    rows = query(
        conn,
        "SELECT k.external_id AS key FROM idexx_sync.case_keys k "
        "JOIN public.cases c ON c.id = k.case_id WHERE k.clinic_id = %s",
        (question.clinic_id,),
    )
    keys = {row["key"] for row in rows}
    return [
        Violation("V1", f"visit {visit['id']} on {visit['start'][:10]} has no case")
        for visit in asked_visits(question, state)
        if KEY + visit["id"] not in keys
    ]


def duplicate_cases(conn: Conn, clinic_id: UUID) -> list[Violation]:
    """V2: several cases under one key of ours, or several patients of a case that we made."""
    cases = query(
        conn,
        "SELECT external_id AS key, count(*) AS number FROM public.cases "
        "WHERE clinic_id = %s AND external_id LIKE %s GROUP BY 1 HAVING count(*) > 1",
        (clinic_id, KEY + "%"),
    )
    patients = query(
        conn,
        "SELECT c.external_id AS key, count(*) AS number FROM public.cases c "
        "JOIN public.patients p ON p.case_id = c.id "
        "WHERE c.clinic_id = %s AND c.external_id LIKE %s GROUP BY c.id HAVING count(*) > 1",
        (clinic_id, KEY + "%"),
    )
    found = [Violation("V2", f"{row['key']} has {row['number']} cases") for row in cases]
    return found + [
        Violation("V2", f"{row['key']} has {row['number']} patients") for row in patients
    ]


def case_audits_match(
    conn: Conn, job_ids: Collection[UUID], before: Cases, after: Cases
) -> list[Violation]:
    """V4: the jobs' success rows about cases name exactly the cases that were written.

    Several jobs may have written the same case; that a job tells of one once is V2's.
    """
    rows = query(
        conn,
        """
        SELECT DISTINCT a.external_id FROM public.case_sync_audits a
          JOIN idexx_sync.jobs j ON j.id = a.job_id
         WHERE j.id = ANY(%s) AND a.status = 'success'
           AND (j.sync = 'cases' OR (j.sync = 'reconciliation' AND a.external_id ~ %s))
        """,
        (list(job_ids), OF_A_CASE),
    )
    audited = {row["external_id"] for row in rows}
    written = set(changed_cases(before, after).values())
    found = [f"{key} changed without an audit" for key in sorted(written - audited)]
    found += [f"{key} has an audit and did not change" for key in sorted(audited - written)]
    return [Violation("V4", text) for text in found]


def completed_unread(
    conn: Conn, question: CaseQuestion, zone: ZoneInfo, before: Cases
) -> list[Violation]:
    """R18: cases that are completed though their record was never read, or that became so though
    the visit took place before the clinic was live."""
    rows = _completed(conn, question.clinic_id)
    found = []
    for row in rows:
        if row["consultation"] is not None and row["consultation"] != row["read"]:
            found.append(
                Violation("R18", f"{row['key']} is completed, and its record was not read")
            )
        was = before.get(row["id"])
        day = row["scheduled_at"].astimezone(zone).date().isoformat()
        if (was is None or was.status != "completed") and not question.is_live(day):
            found.append(Violation("R18", f"{row['key']} is completed and before the first day"))
    return found


def completed_too_soon(
    conn: Conn, question: CaseQuestion, state: dict[str, Any], before: Cases
) -> list[Violation]:
    """R18: cases that became completed without a record though their visit has only just ended, or
    though they were made long after it."""
    visits = {KEY + visit["id"]: visit for visit in state["visits"]}
    found = []
    for row in _completed(conn, question.clinic_id):
        visit, was = visits.get(row["key"]), before.get(row["id"])
        if visit is None or (was is not None and was.status == "completed"):
            continue
        if row["read"] is None and finished_for(visit, state["company"]) < SOONEST:
            text = f"{row['key']} is completed without a record, minutes after its visit"
            found.append(Violation("R18", text))
        if row["created_at"] - row["scheduled_at"] > OLDEST:
            text = f"{row['key']} was made long after its visit, and is completed"
            found.append(Violation("R18", text))
    return found


def completed_unmarked(
    conn: Conn, question: CaseQuestion, state: dict[str, Any], before: Cases
) -> list[Violation]:
    """R19: cases that became completed without a mark though their own visit says that the
    patient died; one that somebody denied, though its record says so for certain."""
    records = {one["id"]: one for one in state["consultations"]}
    visits = {KEY + visit["id"]: visit for visit in state["visits"]}
    found = []
    for row in _completed(conn, question.clinic_id):
        visit, was = visits.get(row["key"]), before.get(row["id"])
        if visit is None or row["verdict"] or (was is not None and was.status == "completed"):
            continue
        # What the calendar has not shown nobody could read, however long it was waited for.
        record = records.get((row["consultation"] and visit["consultation_id"]) or "")
        if record is not None and record["patient_id"] != visit["patient_id"]:
            record = None
        if record is not None and row["notes"] is None:  # without notes ODIS has nothing to tell
            record = {**record, "notes": ""}
        if says_for_certain(record) or (row["verdict"] is None and says_euthanasia(visit, record)):
            text = f"{row['key']} is completed, not marked, and its patient died"
            found.append(Violation("R19", text))
    return found


def partly_marked(
    conn: Conn, clinic_id: UUID, now: datetime, marked: dict[UUID, str]
) -> list[Violation]:
    """R19: patients of whom one case is marked and another one is not, of visits to come, and of
    those made, or that took place, within the last 30 days.

    `marked` remembers for whom a case was marked: where its visit is given to another patient the
    mark stays, and means nobody else.
    """
    rows = query(
        conn,
        """
        SELECT c.id, coalesce(k.external_id, c.id::text) AS key, c.status::text,
               p.external_id AS patient,
               CASE c.extreme_case_check -> 'isExtremeCase'
                    WHEN 'true' THEN true WHEN 'false' THEN false END AS marked,
               greatest(c.scheduled_at, c.created_at) AS at
          FROM public.cases c JOIN public.patients p ON p.case_id = c.id
          LEFT JOIN idexx_sync.case_keys k ON k.case_id = c.id AND k.clinic_id = c.clinic_id
         WHERE c.clinic_id = %s AND p.external_id IS NOT NULL
        """,
        (clinic_id,),
    )
    of_these_days = [row for row in rows if row["at"] >= now - MARKED_BACK]
    for row in rows:
        if row["marked"] is True:
            marked.setdefault(row["id"], row["patient"])
    died = {
        row["patient"]
        for row in of_these_days
        if row["marked"] is True and marked[row["id"]] == row["patient"]
    }
    return [
        Violation("R19", f"{row['key']} is not marked ({row['status']}); another of its patient is")
        for row in of_these_days
        if row["patient"] in died and row["marked"] is None
    ]


PATIENTS = re.compile(r"(?:PET|RENAMED) \d+")
OWNERS = re.compile(r"(?:Sample|Example)(?: \d+)?(?: new)?")
PROVIDER = re.compile(r"DR\. \w+ \w+")


def callable_for_two(conn: Conn, clinic_id: UUID) -> list[Violation]:
    """R15: completed cases that speak of two patients, or two owners: the one who is called may be
    a stranger."""
    rows = query(
        conn,
        """
        SELECT c.id, concat_ws(' ', c.metadata, c.entity_extraction, to_jsonb(p)) AS said
          FROM public.cases c JOIN public.patients p ON p.case_id = c.id
         WHERE c.clinic_id = %s AND c.status = 'completed'
        """,
        (clinic_id,),
    )
    return [
        Violation("R15", f"case {row['id']} is completed, and speaks of {len(names)} {who}")
        for row in rows
        for who, pattern in (("patients", PATIENTS), ("owners", OWNERS))
        if len(names := set(pattern.findall(PROVIDER.sub("", row["said"])))) > 1
    ]


def _completed(conn: Conn, clinic_id: UUID) -> list[dict[str, Any]]:
    return query(
        conn,
        """
        SELECT c.id, k.external_id AS key, c.scheduled_at, c.created_at,
               c.metadata #>> '{pimsAppointment,consultationId}' AS consultation,
               c.metadata #>> '{pimsConsultation,id}' AS read,
               c.metadata #>> '{pimsConsultation,notes}' AS notes,
               CASE c.extreme_case_check -> 'isExtremeCase'
                    WHEN 'true' THEN true WHEN 'false' THEN false END AS verdict
          FROM public.cases c
          JOIN idexx_sync.case_keys k ON k.case_id = c.id AND k.clinic_id = c.clinic_id
         WHERE c.clinic_id = %s AND c.status = 'completed'
        """,
        (clinic_id,),
    )
