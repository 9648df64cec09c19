"""Asks the oracle about a clinic at one moment: what its rows should be, by its Neo."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.core.clinic_time import local_day, to_wall
from idexx_sync.database.connection import Conn
from neo_simulator.client import Company, ServedCalendar
from oracle.appointments import appointment_differences
from oracle.cases import CaseQuestion
from oracle.offers import Place, Read
from oracle.past import past_appointment_differences
from oracle.question import Question
from oracle.reading import Manner, read_answers
from tests.kit.database import query

LOOKBACK = timedelta(days=7)
"""So far back cases are read, and a reconciliation compares if nobody says otherwise."""
_CANCELLED = """
    SELECT neo_appointment_id AS key FROM public.schedule_appointments
     WHERE clinic_id = %s AND deleted_at IS NULL AND status = 'cancelled'
"""
_IN_WINDOW = """
    SELECT neo_appointment_id AS key FROM public.schedule_appointments
     WHERE clinic_id = %s AND deleted_at IS NULL AND date BETWEEN %s AND %s
"""
_IN_BEGUN_SLOTS = """
    SELECT a.neo_appointment_id AS key
      FROM public.schedule_appointments a JOIN public.schedule_slots s
        ON s.clinic_id = a.clinic_id AND s.date = a.date
       AND s.start_time <= a.start_time AND a.start_time < s.end_time
     WHERE a.clinic_id = %s AND s.date + s.start_time <= %s
"""


def question(conn: Conn, clinic_id: UUID, now: datetime) -> Question:
    """The days and rooms that a run of this moment covers."""
    settings = query(
        conn,
        """
        SELECT s.room_ids, g.sync_horizon_days
          FROM idexx_sync.clinic_settings s
          JOIN public.clinic_schedule_configs g USING (clinic_id)
         WHERE clinic_id = %s
        """,
        (clinic_id,),
    )[0]
    today = local_day(now, zone(conn, clinic_id))
    last = today + timedelta(days=settings["sync_horizon_days"] - 1)
    return Question(clinic_id, today, last, settings["room_ids"])


def differences(conn: Conn, clinic_id: UUID, now: datetime, neo: Company) -> list[str]:
    """What differs from Neo, but for what the rules leave as it is.

    A slot that has begun stays as it was, beside those of a grid that was changed later. A row
    that says cancelled needs no removal, whatever became of it (rule R6). Where Neo does not show
    cancelled visits, one of which no row lies in the window can't be known of.
    """

    def keys(statement: str, *more: Any) -> set[str]:
        return {row["key"] for row in query(conn, statement, (clinic_id, *more))}

    asked, state = question(conn, clinic_id, now), neo.state()
    cancelled = keys(_CANCELLED)
    if neo.knobs()["cancelled_visits"]["value"] == "absent":
        # Nobody asks again about a row that says cancelled: where its visit is now is not known.
        known = keys(_IN_WINDOW, asked.first_day, asked.last_day) - cancelled
        state["visits"] = [v for v in state["visits"] if not v["cancelled"] or v["id"] in known]
    wall = to_wall(now, zone(conn, clinic_id))
    state["company"]["now"] = wall.isoformat(" ", "seconds")  # ODIS's zone may be another one
    begun = f"slot {wall.date()}", f"slot {wall:%Y-%m-%d %H:%M}~"
    in_begun_slots = keys(_IN_BEGUN_SLOTS, wall)
    found = appointment_differences(conn, asked, state)
    return [
        text
        for text in found
        if not begun[0] <= text <= begun[1]
        and not ("should not be there" in text and _key_of(text) in cancelled)
        and not ("slot_id" in text and _key_of(text) in in_begun_slots)
    ]


def past_differences(conn: Conn, clinic_id: UUID, now: datetime, neo: Company) -> list[str]:
    """What differs from Neo on the days before today that a reconciliation compares."""
    asked = question(conn, clinic_id, now)
    today = asked.first_day
    past = replace(asked, first_day=today - LOOKBACK, last_day=today - timedelta(days=1))
    return past_appointment_differences(conn, past, neo.state())


def last_read(
    conn: Conn,
    asked: Question,
    answers: Sequence[ServedCalendar],
    left_before: Mapping[Place, int],
) -> Read | None:
    """What the newest answers of an inbound run named; None: they were no read of its days.

    A run that was tried again has read anew, so of each window the newest answer counts.
    """
    newest = {(one["start"], one["end"]): one["body"] for one in answers}
    bodies = [body for (_, end), body in newest.items() if end[:10] >= f"{asked.last_day}"]
    slot = query(
        conn,
        "SELECT slot_duration_minutes AS minutes FROM public.clinic_schedule_configs "
        "WHERE clinic_id = %s",
        (asked.clinic_id,),
    )[0]["minutes"]
    manner = Manner(zone(conn, asked.clinic_id), timedelta(minutes=slot), asked.rooms)
    reading = read_answers(bodies, manner)
    if not reading.is_one:
        return None
    return Read(asked.clinic_id, asked.first_day, asked.last_day, reading, left_before)


def case_question(
    conn: Conn,
    clinic_id: UUID,
    now: datetime,
    live_from: date,
    edited: Mapping[str, Collection[str]],
    deleted: Collection[str],
    life_shown: Collection[str] = (),
    *,
    reconciled: bool = False,
) -> CaseQuestion:
    """The days that a case run of this moment covers, and what people did in ODIS.

    `reconciled`: a reconciliation has put right what was called off until today.
    """
    today = local_day(now, zone(conn, clinic_id))
    first, last = today - LOOKBACK, today + timedelta(days=2)
    until = today if reconciled else None
    return CaseQuestion(clinic_id, first, last, live_from, edited, deleted, life_shown, until)


def shown(conn: Conn, clinic_id: UUID, now: datetime, neo: Company) -> dict[str, Any]:
    """Neo's state as its calendar shows it, what it hides apart; its clock is ODIS's."""
    state = neo.state()
    if neo.knobs()["cancelled_visits"]["value"] == "absent":
        state["hidden"] = [visit for visit in state["visits"] if visit["cancelled"]]
        state["visits"] = [visit for visit in state["visits"] if not visit["cancelled"]]
    wall = to_wall(now, zone(conn, clinic_id))
    state["company"]["now"] = wall.isoformat(" ", "seconds")
    return state


def zone(conn: Conn, clinic_id: UUID) -> ZoneInfo:
    """The clinic's zone in ODIS; Neo's own stays what it is."""
    found = query(conn, "SELECT timezone FROM public.clinics WHERE id = %s", (clinic_id,))
    return ZoneInfo(found[0]["timezone"])


def _key_of(difference: str) -> str:
    """The record that a line of the oracle is about."""
    key, _, _ = difference.partition(": ")
    return key
