"""The oracle of days that are over: what a reconciliation has to have put right there.

Of past days only this is judged: that no row stands for a visit or block that Neo has not, when the
others are, and that what Neo has cancelled takes no time. What else is said of them is reported to
people and not put right. Nothing of the product is imported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from oracle.appointments import Truth, expected_rows
from oracle.question import Question, Row

FINALISED = "finalized"
WHEN = ("date", "start_time", "end_time")


def past_appointment_differences(
    conn: Connection[Any], question: Question, state: dict[str, Any]
) -> list[str]:
    """Every difference in one plain line, of rows that are stored on the question's days, which are
    all over.

    A finalised visit stays until a person lets it be removed, so its row may be there or not. A row
    that says cancelled takes no time, whatever became of its visit. Rooms that do not count are the
    clinic's own choice, and what is in one is left as it is.
    """
    with conn.cursor(row_factory=dict_row) as cur:
        clinic = cur.execute(
            """
            SELECT coalesce(c.timezone, 'America/Los_Angeles') AS zone, g.slot_duration_minutes
              FROM clinics c JOIN clinic_schedule_configs g ON g.clinic_id = c.id
             WHERE c.id = %s
            """,
            (question.clinic_id,),
        ).fetchone()
        rows = cur.execute(
            "SELECT * FROM schedule_appointments WHERE clinic_id = %s", (question.clinic_id,)
        ).fetchall()
    if clinic is None:
        return [f"clinic {question.clinic_id} has no schedule settings"]
    whenever = replace(question, first_day=date.min, last_day=date.max, rooms=None)
    truth = expected_rows(whenever, state, ZoneInfo(clinic["zone"]), clinic)
    finalised = {one["id"] for one in state["visits"] if one["status_now"] == FINALISED}
    live = {row["neo_appointment_id"]: row for row in rows if row["deleted_at"] is None}
    removed = {row["neo_appointment_id"] for row in rows} - live.keys()
    found: list[str] = []
    for key, row in sorted(live.items()):
        if question.covers(row["date"]) and row["status"] != "cancelled":
            is_final = key in finalised or row["status"] == FINALISED
            found += _of_live(question, key, row, truth, is_final=is_final)
    return found + list(_of_removed(question, truth.expected, removed))


def _of_live(
    question: Question, key: str, row: Row, truth: Truth, *, is_final: bool
) -> Iterator[str]:
    wanted = truth.expected.get(key)
    if wanted is None:
        if not is_final:
            why = truth.elsewhere.get(key, "Neo does not have it")
            yield f"{key}: should not be there on {row['date']}: {why}"
    elif not question.allows(wanted["room_id"]):
        return
    elif wanted["status"] == "cancelled":
        if not is_final:
            yield f"{key}: status is {row['status']}; it was cancelled in Neo"
    else:
        for name in WHEN:
            if row[name] != wanted[name]:
                yield f"{key}: {name} is {row[name]}, should be {wanted[name]}"


def _of_removed(
    question: Question, expected: Mapping[str, Row], removed: set[str]
) -> Iterator[str]:
    """What came back: no other sync reads its day any more."""
    for key in sorted(removed & expected.keys()):
        wanted = expected[key]
        is_asked = question.covers(wanted["date"]) and question.allows(wanted["room_id"])
        if is_asked and wanted["status"] != "cancelled":
            yield f"{key}: is removed, and Neo has it on {wanted['date']}"
