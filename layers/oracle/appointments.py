"""The oracle of appointments: what ODIS's tables should say, by the simulated Neo's own state.

An oracle is independent on purpose: nothing of the product is imported, so that a mistake there
can't hide here. Statuses, zones, the slot grid and the counts are worked out anew from the rules.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from oracle.clock import on_the_clock
from oracle.question import Question, Row
from oracle.slots import slot_differences

STATUS = {
    "not arrived": "scheduled",
    "late": "scheduled",
    "arrived": "in_progress",
    "in progress": "in_progress",
    "ready to pay": "in_progress",
    "finalized": "finalized",
    "no show": "no_show",
    "cancelled": "cancelled",
}
"""The simulator's word -> ODIS's."""
SHOWN = ("date", "start_time", "end_time", "room_id", "status", "appointment_type")
PRIVATE = ("patient_name", "client_name", "client_phone", "provider_name")
"""Of these a difference says only that there is one."""
END_OF_DAY = time(23, 59, 59)


@dataclass
class Truth:
    """What ODIS's rows should say, by `neo_appointment_id`."""

    expected: dict[str, Row] = field(default_factory=dict)
    """Inside of the window and in a room that counts."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Why a key should have no live row in the window."""
    reaching: dict[str, Row] = field(default_factory=dict)
    """What begins before the window and lasts into it, in a room that counts."""


def appointment_differences(
    conn: Connection[Any], question: Question, state: dict[str, Any]
) -> list[str]:
    """Every difference in one plain line; ids, times and words only. Empty: all is equal."""
    with conn.cursor(row_factory=dict_row) as cur:
        clinic = cur.execute(
            """
            SELECT coalesce(c.timezone, 'America/Los_Angeles') AS zone, c.business_hours, g.*
              FROM clinics c JOIN clinic_schedule_configs g ON g.clinic_id = c.id
             WHERE c.id = %s
            """,
            (question.clinic_id,),
        ).fetchone()
        rows = cur.execute(
            "SELECT * FROM schedule_appointments WHERE clinic_id = %s ORDER BY deleted_at DESC",
            (question.clinic_id,),
        ).fetchall()
    if clinic is None:
        return [f"clinic {question.clinic_id} has no schedule settings"]
    truth = expected_rows(question, state, ZoneInfo(clinic["zone"]), clinic)
    live = {row["neo_appointment_id"]: row for row in rows if row["deleted_at"] is None}
    removed = {row["neo_appointment_id"] for row in rows if row["deleted_at"] is not None}
    found = list(_row_differences(question, truth, live, removed))
    found += slot_differences(conn, question, clinic, truth.expected, truth.reaching, live, state)
    found += _freshness_differences(conn, question)
    return found


def expected_rows(question: Question, state: dict[str, Any], zone: ZoneInfo, clinic: Row) -> Truth:
    """The rows that the simulator's state stands for."""
    truth = Truth()
    slot = timedelta(minutes=clinic["slot_duration_minutes"])
    for visit in state["visits"]:
        span = _span(visit["start"], visit["end"], zone, slot, whole_day=False)
        row = {
            **span,
            "room_id": visit["room"],
            "status": STATUS[visit["status_now"]],
            "appointment_type": _text(visit["type"]),
            "patient_name": _text(visit["patient"]),
            "client_name": _name(visit["first_name"], visit["last_name"]),
            "client_phone": _text(visit["phone"]),
            "provider_name": _text(visit["provider"]),
        }
        _sort_in(truth, question, visit["id"], row, visit["start"], deleted=visit["deleted"])
    for block in state["blocks"]:
        for occurrence in block["occurrences"]:
            start, end = occurrence["start"], occurrence["end"]
            row = {
                **_span(start, end, zone, slot, whole_day=start == end and "00:00:00" in start),
                "room_id": block["room"],
                "status": "scheduled",
                "appointment_type": "block",
                **dict.fromkeys(PRIVATE),
            }
            key = f"{block['id']}@{start}"
            _sort_in(truth, question, key, row, start, deleted=block["deleted"])
    return truth


def _sort_in(
    truth: Truth, question: Question, key: str, row: Row, start: str, *, deleted: bool
) -> None:
    midnight, counts = datetime.combine(question.first_day, time()), question.allows(row["room_id"])
    if counts and row["date"] < question.first_day and row["until"] > midnight:
        truth.reaching[key] = {**row, "is_gone": deleted}
    if deleted:
        truth.elsewhere[key] = "it was deleted in Neo"
    elif not question.allows(row["room_id"]):
        truth.elsewhere[key] = f"room {row['room_id']} does not count"
    elif not question.covers(date.fromisoformat(start[:10])):
        truth.elsewhere[key] = f"it is on {start[:10]} in Neo"
    else:
        truth.expected[key] = row


def _span(start: str, end: str, zone: ZoneInfo, slot: timedelta, *, whole_day: bool) -> Row:
    """Day, start and end as stored: midnight cuts."""
    begins = datetime.fromisoformat(start)
    lasts = timedelta(days=1) if whole_day else datetime.fromisoformat(end) - begins
    real_start, real_end = on_the_clock(begins, lasts or slot, zone)
    day = begins.date()
    return {
        "date": day,
        "start_time": real_start.time(),
        "end_time": real_end.time() if real_end.date() == day else END_OF_DAY,
        "until": real_end,
    }


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _name(first: str | None, last: str | None) -> str | None:
    return _text(" ".join(part for part in (_text(first), _text(last)) if part))


def _row_differences(
    question: Question, truth: Truth, live: dict[str, Row], removed: set[str]
) -> list[str]:
    found = []
    for key, row in sorted(truth.expected.items()):
        if key in live:
            found += _field_differences(key, live[key], row, vague=key in question.unreadable)
        elif row["status"] != "cancelled":
            found.append(f"{key}: {'is removed' if key in removed else 'is missing'}")
        elif key not in removed:
            found.append(f"{key}: is missing; it was cancelled in Neo")
    for key, held in sorted(live.items()):
        frees_time = held["status"] == "cancelled"  # such a row need not be removed
        if key in truth.expected or frees_time or not question.covers(held["date"]):
            continue
        why = truth.elsewhere.get(key, "Neo does not have it")
        found.append(f"{key}: should not be there on {held['date']}: {why}")
    return found


def _field_differences(key: str, held: Row, wanted: Row, *, vague: bool) -> list[str]:
    compared = ("date", "start_time") if vague else SHOWN
    found = [
        f"{key}: {name} is {held[name]}, should be {wanted[name]}"
        for name in compared
        if held[name] != wanted[name]
    ]
    private = () if vague else PRIVATE
    return found + [f"{key}: {name} differs" for name in private if held[name] != wanted[name]]


def _freshness_differences(conn: Connection[Any], question: Question) -> list[str]:
    """Readers learn how fresh the calendar is from a finished run over all days to the horizon."""
    (is_told,) = conn.execute(
        """
        SELECT count(*) = 0 OR bool_or(s.id IS NOT NULL)
          FROM clinics c
          JOIN clinic_schedule_configs g ON g.clinic_id = c.id
         CROSS JOIN LATERAL (
              SELECT (idexx_sync.clock() AT TIME ZONE
                      coalesce(c.timezone, 'America/Los_Angeles'))::date AS today) t
          LEFT JOIN schedule_syncs s
            ON s.clinic_id = c.id AND s.status = 'completed' AND s.completed_at IS NOT NULL
           AND s.sync_start_date <= %(first)s AND s.sync_end_date >= %(last)s
         WHERE c.id = %(clinic)s
           AND %(first)s <= t.today AND %(last)s >= t.today + g.sync_horizon_days - 1
        """,
        {
            "clinic": question.clinic_id,
            "first": question.first_day,
            "last": question.last_day,
        },
    ).fetchone() or (False,)
    return [] if is_told else ["schedule_syncs: no finished run covers the days"]
