"""The oracle of appointments: silent on what is right, loud on every kind of damage.

The rows come from a real sync of a simulated clinic with all the ugly data; each damage is undone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.jobs.wiring import make_dependencies
from idexx_sync.syncs.inbound.sync import InboundSync
from local_stack.onboarding import book_by_voice, bring_on_board, store_in_odis, user_in_odis
from local_stack.postgres import Postgres
from local_stack.stack_clinics import DESERT, WEST
from neo_simulator.client import Simulator
from oracle.appointments import appointment_differences, expected_rows
from oracle.question import Question
from tests.kit.business_time import set_business_time
from tests.kit.settings import make_settings

State = dict[str, Any]

MORNING = datetime(2026, 3, 5, 15, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Synced:
    conn: Connection[Any]
    question: Question
    state: State

    def differences(self, state: State | None = None) -> list[str]:
        return appointment_differences(
            self.conn, self.question, self.state if state is None else state
        )

    def pick(self, condition: str) -> str:
        """The key of the first live row that fulfils a condition."""
        row = self.conn.execute(
            f"SELECT neo_appointment_id FROM schedule_appointments WHERE clinic_id = %s "
            f"AND deleted_at IS NULL AND {condition} ORDER BY date, start_time LIMIT 1",
            (self.question.clinic_id,),
        ).fetchone()
        assert row is not None, condition
        return str(row[0])


@pytest.fixture(scope="module")
def conn(postgres: Postgres, prepared: str) -> Iterator[Connection[Any]]:
    """One database for all damages of this module."""
    postgres.create_database("compared", template=prepared)
    with psycopg.connect(postgres.dsn("compared"), autocommit=True) as connection:
        yield connection
    postgres.drop_database("compared")


@pytest.fixture(scope="module")
def synced(
    conn: Connection[Any], postgres: Postgres, simulator: Simulator, chromium_path: Path
) -> Iterator[Synced]:
    first_day, last_day, rooms = date(2026, 3, 5), date(2026, 3, 18), ("3", "4")
    neo = simulator.create_company(
        zone=DESERT.zone,
        now=MORNING.astimezone(ZoneInfo(DESERT.zone)).replace(tzinfo=None),
        seed=2,
        days=("2026-03-03", "2026-03-22"),
        visits_per_day=14,
        ugly=True,
    )
    settings = make_settings(
        postgres.dsn("compared"), neo_hosts=(neo.base_url,), chromium_path=str(chromium_path)
    )
    store_in_odis(conn, WEST)  # somebody else's clinic
    clinic_id = store_in_odis(conn, DESERT)
    bring_on_board(settings, clinic_id, neo, rooms, user_in_odis(conn, clinic_id))
    book_by_voice(conn, clinic_id, date(2026, 3, 6), neo.book("2026-03-06 11:00", patient="PIXEL"))
    neo.cancel(neo.book("2026-03-13 08:00", patient="OFF"))
    set_business_time(conn, MORNING)
    dependencies = make_dependencies(settings, retried=False)
    job = run_job(new_order(clinic_id, "inbound", "cli"), InboundSync(), dependencies)
    dependencies.database.close()
    assert job.error_kind is None, job.error_message
    question = Question(clinic_id, first_day, last_day, rooms)
    yield Synced(conn, question, neo.state())
    neo.remove()


def test_what_is_right_is_no_difference(synced: Synced) -> None:
    assert synced.differences() == []


VISIT = "appointment_type <> 'block' AND status = 'scheduled' AND slot_id IS NOT NULL"
BLOCK = "appointment_type = 'block'"
CANCELLED = "status = 'cancelled'"

ROW_DAMAGES = [
    (VISIT, "DELETE", "is missing"),
    (BLOCK, "DELETE", "is missing"),
    (CANCELLED, "DELETE", "is missing; it was cancelled in Neo"),
    (VISIT, "deleted_at = now()", "is removed"),
    (VISIT, "date = date + 1", "date is "),
    (VISIT, "start_time = start_time - interval '15 min'", "start_time is "),
    (VISIT, "end_time = end_time + interval '1 sec'", "end_time is "),
    (VISIT, "room_id = '4' || room_id", "room_id is "),
    (VISIT, "room_id = NULL", "room_id is None"),
    (VISIT, "status = 'no_show'", "status is no_show, should be scheduled"),
    (VISIT, "status = 'cancelled'", "status is cancelled, should be scheduled"),
    (CANCELLED, "status = 'scheduled'", "status is scheduled, should be cancelled"),
    (VISIT, "appointment_type = 'Something else'", "appointment_type is Something else"),
    (BLOCK, "appointment_type = 'Exam'", "appointment_type is Exam, should be block"),
    (VISIT, "patient_name = 'SOMEBODY'", "patient_name differs"),
    (VISIT, "patient_name = NULL", "patient_name differs"),
    (VISIT, "client_name = 'Some Body'", "client_name differs"),
    (VISIT, "client_phone = '555-555-0199'", "client_phone differs"),
    (VISIT, "provider_name = 'Nobody'", "provider_name differs"),
    (BLOCK, "patient_name = 'SOMEBODY'", "patient_name differs"),
    (VISIT, "slot_id = NULL", "slot_id is not the slot that it starts in"),
    (VISIT, "neo_appointment_id = 'x'", "is missing"),
    (VISIT, "neo_appointment_id = 'x'", "should not be there on "),
    (VISIT, "clinic_id = (SELECT id FROM clinics WHERE id <> clinic_id LIMIT 1)", "is missing"),
]


@pytest.mark.parametrize(("which", "damage", "said"), ROW_DAMAGES)
def test_damage_to_an_appointment_is_found(
    synced: Synced, which: str, damage: str, said: str
) -> None:
    key = synced.pick(which)
    verb = "DELETE FROM" if damage == "DELETE" else "UPDATE"
    what = "" if damage == "DELETE" else f"SET {damage}"
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            f"{verb} schedule_appointments {what} WHERE clinic_id = %s AND neo_appointment_id = %s",
            (synced.question.clinic_id, key),
        )
        found = synced.differences()

    assert any(said in line for line in found), found
    assert not any(private in line for line in found for private in ("SOMEBODY", "555-555"))


SLOT_DAMAGES = [
    ("UPDATE schedule_slots SET booked_count = booked_count + 1", "booked_count is "),
    ("UPDATE schedule_slots SET capacity = capacity + 1", "capacity is 3, should be 2"),
    ("UPDATE schedule_slots SET end_time = end_time + interval '1 min'", "end_time is "),
    ("DELETE FROM schedule_slots", "is missing"),
    ("UPDATE schedule_slots SET start_time = start_time + interval '1 min'", "08:01: lies outside"),
    ("UPDATE schedule_slots SET start_time = start_time + interval '1 min'", "is missing"),
    ("UPDATE schedule_slots SET date = '2026-03-08'", "2026-03-08 08:00: lies outside"),
]


@pytest.mark.parametrize(("damage", "said"), SLOT_DAMAGES)
def test_damage_to_a_slot_is_found(synced: Synced, damage: str, said: str) -> None:
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            f"{damage} WHERE clinic_id = %s AND date = %s AND start_time = '08:00'",
            (synced.question.clinic_id, date(2026, 3, 12)),
        )
        found = synced.differences()

    assert any(said in line for line in found), found


def test_an_old_slot_that_something_refers_to_must_be_full(synced: Synced) -> None:
    clinic_id = synced.question.clinic_id
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            "INSERT INTO schedule_slots (clinic_id, date, start_time, end_time, capacity) "
            "VALUES (%s, '2026-03-08', '09:00', '09:30', 2)",
            (clinic_id,),
        )
        unused = synced.differences()
        synced.conn.execute(
            "INSERT INTO vapi_bookings (clinic_id, slot_id, date, start_time, end_time, status) "
            "SELECT clinic_id, id, date, start_time, end_time, 'confirmed' FROM schedule_slots "
            "WHERE clinic_id = %s AND date = '2026-03-08'",
            (clinic_id,),
        )
        open_still = synced.differences()
        synced.conn.execute(
            "UPDATE schedule_slots SET booked_count = 2 WHERE clinic_id = %s AND date = %s",
            (clinic_id, date(2026, 3, 8)),
        )
        full = synced.differences()

    assert unused == ["slot 2026-03-08 09:00: should not be there"]
    assert open_still == ["slot 2026-03-08 09:00: lies outside of the hours and is not full"]
    assert full == []


@pytest.mark.parametrize(
    ("booking", "counts"),
    [
        (("confirmed", None, None), True),
        (("pending", None, None), True),
        (("pending", "2027-01-01", None), True),
        (("pending", "2026-01-01", None), False),
        (("cancelled", None, None), False),
        (("rescheduled", None, None), False),
        (("confirmed", None, "a visit of Neo"), False),
        (("confirmed", None, "no visit of Neo"), True),
    ],
)
def test_bookings_of_the_voice_agent_count_once(
    synced: Synced, booking: tuple[str, str | None, str | None], counts: bool
) -> None:
    status, expires, neo_id = booking
    visit_id = synced.pick(VISIT) if neo_id == "a visit of Neo" else neo_id
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            "INSERT INTO vapi_bookings (clinic_id, date, start_time, end_time, status, "
            "hold_expires_at, idexx_appointment_id) "
            "VALUES (%s, '2026-03-12', '08:00', '08:30', %s, %s, %s)",
            (synced.question.clinic_id, status, expires, visit_id),
        )
        found = synced.differences()

    assert len(found) == counts, found
    assert all("slot 2026-03-12 08:00: booked_count is " in line for line in found)


def test_a_run_that_readers_can_see_is_needed(synced: Synced) -> None:
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute("UPDATE schedule_syncs SET status = 'failed'")
        assert synced.differences() == ["schedule_syncs: no finished run covers the days"]


def test_what_changes_in_neo_is_found(synced: Synced) -> None:
    """The other direction: the rows stay and the truth moves."""
    key = synced.pick(VISIT)

    def changed(**facts: Any) -> list[str]:
        visits = [v | facts if v["id"] == key else v for v in synced.state["visits"]]
        return synced.differences({**synced.state, "visits": visits})

    assert f"{key}: should not be there on" in changed(deleted=True)[0]
    assert "it was deleted in Neo" in changed(deleted=True)[0]
    assert "room 5 does not count" in changed(room="5")[0]
    assert any(
        "it is on 2026-05-01 in Neo" in line
        for line in changed(start="2026-05-01 09:00:00", end="2026-05-01 09:30:00")
    )
    assert f"{key}: status is scheduled, should be finalized" in changed(status_now="finalized")
    assert any("booked_count" in line for line in changed(status_now="no show"))


def closed(start: str, end: str) -> State:
    """A block of all rooms."""
    occurrence = {"start": f"{start} 00:00:00", "end": f"{end} 00:00:00"}
    return {"id": "999999", "room": None, "deleted": False, "occurrences": [occurrence]}


def test_an_event_over_several_days_takes_every_day_that_it_covers(synced: Synced) -> None:
    block = closed("2026-03-09", "2026-03-12")

    found = synced.differences({**synced.state, "blocks": [*synced.state["blocks"], block]})

    days = {text.split()[1] for text in found if "booked_count is" in text}
    assert days == {"2026-03-09", "2026-03-10", "2026-03-11"}


def test_what_began_before_the_window_takes_its_time_if_it_is_stored(synced: Synced) -> None:
    conn, question = synced.conn, synced.question
    state = {
        **synced.state,
        "blocks": [*synced.state["blocks"], closed("2026-03-03", "2026-03-07")],
    }

    assert synced.differences(state) == []  # whoever never saw it can't know of it
    with conn.transaction(force_rollback=True):
        conn.execute(
            "INSERT INTO schedule_appointments (clinic_id, neo_appointment_id, date, start_time, "
            "end_time, status, appointment_type) VALUES (%s, '999999@2026-03-03 00:00:00', "
            "'2026-03-03', '00:00', '23:59:59', 'scheduled', 'block')",
            (question.clinic_id,),
        )
        days = {text.split()[1] for text in synced.differences(state)}
        assert days == {"2026-03-05", "2026-03-06"}


def test_a_cancelled_visit_may_also_be_a_removed_row(synced: Synced) -> None:
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            "UPDATE schedule_appointments SET deleted_at = now() WHERE status = 'cancelled'"
        )
        assert synced.differences() == []


def test_of_a_broken_entry_only_day_and_start_are_known(synced: Synced) -> None:
    key = synced.pick(VISIT)
    question = Question(
        synced.question.clinic_id,
        synced.question.first_day,
        synced.question.last_day,
        synced.question.rooms,
        unreadable=[key],
    )
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            "UPDATE schedule_appointments SET patient_name = NULL, status = 'scheduled' "
            "WHERE clinic_id = %s AND neo_appointment_id = %s",
            (question.clinic_id, key),
        )
        assert appointment_differences(synced.conn, question, synced.state) == []
        synced.conn.execute(
            "UPDATE schedule_appointments SET start_time = '06:00' "
            "WHERE clinic_id = %s AND neo_appointment_id = %s",
            (question.clinic_id, key),
        )
        assert len(appointment_differences(synced.conn, question, synced.state)) == 1


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("2026-03-09 09:00:00", "2026-03-09 09:30:00", ("09:00:00", "09:30:00")),
        ("2026-03-09 09:00:00", "2026-03-09 09:00:00", ("09:00:00", "09:20:00")),
        ("2026-03-09 23:30:00", "2026-03-10 00:15:00", ("23:30:00", "23:59:59")),
        ("2026-03-09 23:30:00", "2026-03-10 00:00:00", ("23:30:00", "23:59:59")),
        ("2026-03-08 02:30:00", "2026-03-08 03:00:00", ("03:30:00", "04:00:00")),
        ("2026-03-08 01:45:00", "2026-03-08 02:15:00", ("01:45:00", "03:15:00")),
        ("2026-11-01 01:30:00", "2026-11-01 02:00:00", ("01:30:00", "02:00:00")),
        ("2026-11-01 00:30:00", "2026-11-01 01:30:00", ("00:30:00", "01:30:00")),
    ],
)
def test_times_as_the_rules_say(start: str, end: str, wanted: tuple[str, str]) -> None:
    visit = {
        "id": "1",
        "start": start,
        "end": end,
        "room": "3",
        "deleted": False,
        "status_now": "not arrived",
        **dict.fromkeys(("type", "patient", "first_name", "last_name", "phone", "provider")),
    }
    row = truth(visits=[visit])["1"]

    assert (str(row["start_time"]), str(row["end_time"])) == wanted
    assert row["date"] == datetime.fromisoformat(start).date()


def test_blocks_as_the_rules_say() -> None:
    def block(number: int, deleted: bool, *starts: str) -> State:
        occurrences = [{"start": start, "end": start[:11] + "00:00:00"} for start in starts]
        return {"id": str(number), "room": None, "deleted": deleted, "occurrences": occurrences}

    whole_day, recurring = "2026-03-08 00:00:00", ("2026-03-09 00:00:00", "2026-03-10 00:00:00")
    rows = truth(
        blocks=[block(1, False, whole_day), block(2, False, *recurring), block(3, True, whole_day)]
    )

    assert sorted(rows) == [f"1@{whole_day}", *(f"2@{start}" for start in recurring)]
    assert {(row["start_time"], row["end_time"]) for row in rows.values()} == {
        (time(0), time(23, 59, 59))
    }
    assert {row["appointment_type"] for row in rows.values()} == {"block"}


def truth(visits: list[State] | None = None, blocks: list[State] | None = None) -> dict[str, Any]:
    question = Question(
        clinic_id=UUID(int=1),
        first_day=date(2026, 1, 1),
        last_day=date(2026, 12, 31),
    )
    state = {"visits": visits or [], "blocks": blocks or []}
    clinic = {"slot_duration_minutes": 20}
    return expected_rows(question, state, ZoneInfo("America/Los_Angeles"), clinic).expected
