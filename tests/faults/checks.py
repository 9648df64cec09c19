"""The invariants, each a function from what is found to what is wrong. They write nothing."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.database.connection import Conn
from oracle.appointments import expected_rows
from oracle.cases import KEY
from oracle.offers import Read, offered_though_covered
from oracle.question import Question
from tests.faults.observation import Observation, changed_keys, newly_removed
from tests.faults.results import Violation
from tests.kit.database import query

OF_A_CASE = rf"^({KEY}|[0-9a-f]{{8}}-)"
"""An audit's id that is a case's: a reconciliation writes rows and cases."""
FREE_OF_PROOF = ("cancelled",)
"""Statuses whose rows need no proof to go: they occupy nothing."""


def rows_lacking(conn: Conn, question: Question, state: dict[str, Any]) -> list[Violation]:
    """V1: what Neo has and we lack."""
    settings = query(
        conn,
        "SELECT c.timezone, g.slot_duration_minutes FROM public.clinics c "
        "JOIN public.clinic_schedule_configs g ON g.clinic_id = c.id WHERE c.id = %s",
        (question.clinic_id,),
    )[0]
    zone = ZoneInfo(settings["timezone"])
    expected = expected_rows(question, state, zone, settings).expected
    live = _live_keys(conn, question.clinic_id)
    return [
        Violation("V1", f"{key} on {row['date']} at {row['start_time']} has no live row")
        for key, row in sorted(expected.items())
        if key not in live and row["status"] not in FREE_OF_PROOF
    ]


def duplicates(conn: Conn, clinic_id: UUID) -> list[Violation]:
    """V2: a record with more than one live row, or a visit's audit twice in one job."""
    rows = query(
        conn,
        """
        SELECT neo_appointment_id AS key, count(*) AS number FROM public.schedule_appointments
         WHERE clinic_id = %s AND deleted_at IS NULL GROUP BY 1 HAVING count(*) > 1
        """,
        (clinic_id,),
    )
    audits = query(
        conn,
        """
        SELECT external_id AS key, count(*) AS number FROM public.case_sync_audits
         WHERE clinic_id = %s GROUP BY external_id, job_id HAVING count(*) > 1
        """,
        (clinic_id,),
    )
    found = [Violation("V2", f"{row['key']} has {row['number']} live rows") for row in rows]
    return found + [
        Violation("V2", f"{row['key']} has {row['number']} audits of one job") for row in audits
    ]


def removed_but_alive(
    before: Observation, after: Observation, state: dict[str, Any], question: Question
) -> list[Violation]:
    """V3: rows removed between the two observations that Neo shows as alive at this moment."""
    alive = _alive_keys(state, question)
    return [
        Violation("V3", f"{key} was removed and is alive in Neo")
        for key in newly_removed(before, after)
        if key in alive
    ]


def audits_match(
    conn: Conn, job_ids: Collection[UUID], before: Observation, after: Observation
) -> list[Violation]:
    """V4: the jobs' success rows are exactly the records that changed."""
    audited = query(
        conn,
        """
        SELECT a.external_id FROM public.case_sync_audits a
          LEFT JOIN idexx_sync.jobs j ON j.id = a.job_id
         WHERE a.job_id = ANY(%s) AND a.status = 'success' AND j.sync IS DISTINCT FROM 'cases'
           AND NOT (j.sync = 'reconciliation' AND a.external_id ~ %s)
         ORDER BY a.external_id
        """,
        (list(job_ids), OF_A_CASE),
    )
    written, changed = [row["external_id"] for row in audited], changed_keys(before, after)
    found = [f"{key} changed without an audit" for key in _beyond(changed, written)]
    found += [f"{key} has an audit and did not change" for key in _beyond(written, changed)]
    return [Violation("V4", text) for text in found]


def stale_writes(before: dict[str, Any], after: dict[str, Any]) -> list[Violation]:
    """V5: tables that a run without the lease has changed; both as `everything` gives them."""
    return [
        Violation("V5", f"{table} was written by a run whose fence is stale")
        for table in before
        if before[table] != after[table]
    ]


def stuck_jobs(conn: Conn, clinic_id: UUID) -> list[Violation]:
    """V6: jobs that have not ended although nothing runs any more."""
    jobs = query(
        conn,
        """
        SELECT status, attempt FROM idexx_sync.jobs
         WHERE clinic_id = %s AND status IN ('queued', 'running')
        """,
        (clinic_id,),
    )
    return [
        Violation("V6", f"a job is {job['status']} after {job['attempt']} attempts") for job in jobs
    ]


def too_many_wrong_logins(refused: int, most: int = 1) -> list[Violation]:
    """V9: refused logins of one version of the secret."""
    if refused <= most:
        return []
    return [Violation("V9", f"{refused} logins with rejected credentials, at most {most} may be")]


def covered_but_offered(conn: Conn, read: Read, now: datetime) -> list[Violation]:
    """V11: slots that any version of any record of the last read covers, offered as fresh."""
    return [Violation("V11", text) for text in offered_though_covered(conn, read, now)]


def left_behind(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[Violation]:
    """V10: what is there after a run and was not before it."""
    return [
        Violation("V10", f"{what}: {one}")
        for what, items in after.items()
        for one in _beyond(items, before.get(what, []))
    ]


def unequal(differences: Iterable[str]) -> list[Violation]:
    """What still differs from Neo after the clean runs."""
    return [Violation("converges", text) for text in differences]


def everything(conn: Conn, clinic_id: UUID, but_job: UUID) -> dict[str, Any]:
    """All that only the holder of the lease may write about a clinic, table by table.

    Without one job's row: a run that lost the lease still says so on its own job.
    """
    tables = (
        "public.schedule_appointments",
        "public.schedule_slots",
        "public.schedule_syncs",
        "public.case_sync_audits",
        "public.cases",
        "public.patients",
        "idexx_sync.case_keys",
        "idexx_sync.records",
        "idexx_sync.deaths",
        "idexx_sync.holds",
        "idexx_sync.jobs",
        "idexx_sync.leases",
        "idexx_sync.clinic_settings",
        "idexx_sync.unknown_words",
        "idexx_sync.discrepancies",
        "idexx_sync.sightings",
    )
    return {
        table: query(
            conn,
            f"""
            SELECT md5(string_agg(content, '|' ORDER BY content)) AS content
              FROM (SELECT t::text AS content FROM {table} t WHERE clinic_id = %s
                       AND to_jsonb(t) ->> 'id' IS DISTINCT FROM %s) AS rows
            """,
            (clinic_id, str(but_job)),
        )[0]["content"]
        for table in tables
    }


def _alive_keys(state: dict[str, Any], question: Question) -> set[str]:
    """Records that exist in Neo, whatever day they are on, in a room that counts."""
    visits = {
        visit["id"]
        for visit in state["visits"]
        if not visit["deleted"] and not visit["cancelled"] and question.allows(visit["room"])
    }
    blocks = {
        f"{block['id']}@{occurrence['start']}"
        for block in state["blocks"]
        if not block["deleted"] and question.allows(block["room"])
        for occurrence in block["occurrences"]
    }
    return visits | blocks


def _live_keys(conn: Conn, clinic_id: UUID) -> set[str]:
    rows = query(
        conn,
        "SELECT neo_appointment_id AS key FROM public.schedule_appointments "
        "WHERE clinic_id = %s AND deleted_at IS NULL",
        (clinic_id,),
    )
    return {row["key"] for row in rows}


def _beyond(items: Sequence[str], others: Sequence[str]) -> list[str]:
    """The items that the others lack, as often as they lack them."""
    left = list(others)
    beyond = []
    for item in items:
        if item in left:
            left.remove(item)
        else:
            beyond.append(item)
    return beyond
