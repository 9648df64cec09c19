"""Rule R12: what is booked is counted from what occupies the time."""

from datetime import date, timedelta
from threading import Thread
from time import monotonic
from typing import Any

import psycopg
import pytest

from idexx_sync.pims.protocol import SourceRecord
from tests.kit.bench import Bench
from tests.kit.database import database_default
from tests.kit.records import MONDAY, block, visit, visits

TUESDAY = MONDAY + timedelta(days=1)
NEXT_MONDAY = MONDAY + timedelta(days=7)


def booked(bench: Bench, day: date = MONDAY) -> dict[str, int]:
    """The day's slots that are not empty."""
    return {start: count for start, count in bench.slots(day).items() if count}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("09:00:00", "09:30:00", ["09:00"]),
        ("09:00:00", "10:00:00", ["09:00", "09:30"]),
        ("08:59:59", "09:00:01", ["08:30", "09:00"]),
        ("09:10:00", "09:20:00", ["09:00"]),
        ("07:00:00", "08:00:00", []),
        ("07:00:00", "08:00:01", ["08:00"]),
        ("17:59:00", "19:00:00", ["17:30"]),
        ("18:00:00", "19:00:00", []),
    ],
)
def test_r12_every_slot_that_a_visit_overlaps_counts_it(
    bench: Bench, start: str, end: str, expected: list[str]
) -> None:
    bench.pims.records = [visit("1", f"2026-05-04 {start}", end=f"2026-05-04 {end}")]

    bench.sync()

    assert booked(bench) == dict.fromkeys(expected, 1)


def test_r12_overlapping_visits_add_up(bench: Bench) -> None:
    bench.pims.records = [
        visit("1", "2026-05-04 09:00:00"),
        visit("2", "2026-05-04 09:15:00"),
        visit("3", "2026-05-04 09:00:00"),
        block("7", "2026-05-04 09:00:00", "2026-05-04 09:30:00"),
    ]

    bench.sync()

    assert booked(bench) == {"09:00": 4, "09:30": 1}


@pytest.mark.parametrize(
    ("word", "counted"),
    [("Cancelled", False), ("no-show", False), ("Finalized", True), ("Late", True), ("???", True)],
)
def test_r12_cancelled_and_missed_visits_do_not_count(
    bench: Bench, word: str, counted: bool
) -> None:
    bench.pims.records = [visit("1", status=word)]

    bench.sync()

    assert bool(booked(bench)) is counted


@pytest.mark.parametrize("how", ["cancelled", "deleted", "moved"])
def test_r12_what_goes_away_frees_its_slot(bench: Bench, how: str) -> None:
    bench.pims.records = [visit("1"), *visits(6, day=TUESDAY)]
    bench.sync()
    if how == "cancelled":
        bench.pims.replace("1", status="Cancelled")
    elif how == "deleted":
        bench.pims.delete("1")
    else:
        bench.pims.replace("1", start="2026-05-04 11:00:00", end="2026-05-04 11:30:00")
    bench.later()

    bench.sync()

    assert booked(bench) == ({"11:00": 1} if how == "moved" else {})


def test_r12_days_before_and_after_a_move_are_counted_beyond_the_window(bench: Bench) -> None:
    bench.configure("clinic_schedule_configs", sync_horizon_days=14)
    bench.pims.records = [visit("1"), *visits(6, day=TUESDAY)]
    bench.sync(MONDAY, NEXT_MONDAY)
    bench.pims.replace("1", start=f"{NEXT_MONDAY} 10:00:00", end=f"{NEXT_MONDAY} 10:30:00")
    bench.later()
    bench.sync()
    assert (booked(bench), booked(bench, NEXT_MONDAY)) == ({}, {"10:00": 1})
    bench.pims.replace("1", start="2026-05-04 11:00:00", end="2026-05-04 11:30:00")
    bench.later()

    bench.sync()

    assert (booked(bench), booked(bench, NEXT_MONDAY)) == ({"11:00": 1}, {})


def test_r12_days_that_the_run_has_nothing_to_do_with_are_not_counted(bench: Bench) -> None:
    bench.configure("clinic_schedule_configs", sync_horizon_days=14)
    bench.sync(MONDAY, NEXT_MONDAY)
    bench.book(f"{NEXT_MONDAY} 10:00", f"{NEXT_MONDAY} 10:30")
    bench.later()

    bench.sync()

    assert "10:00" in bench.slots(NEXT_MONDAY)
    assert booked(bench, NEXT_MONDAY) == {}


# Bookings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expires_in", "counted"),
    [
        ("confirmed", None, True),
        ("confirmed", timedelta(seconds=-1), True),
        ("pending", timedelta(seconds=1), True),
        ("pending", timedelta(0), False),
        ("pending", timedelta(seconds=-1), False),
        ("cancelled", None, False),
        ("rescheduled", timedelta(seconds=1), False),
    ],
)
def test_r12_live_bookings_count(
    bench: Bench, status: str, expires_in: timedelta | None, counted: bool
) -> None:
    expires = None if expires_in is None else bench.now + expires_in
    bench.book("2026-05-04 09:00", "2026-05-04 10:00", status=status, hold_expires_at=expires)

    bench.sync()

    assert booked(bench) == ({"09:00": 1, "09:30": 1} if counted else {})


def test_r12_a_booking_whose_appointment_we_hold_is_not_counted_twice(bench: Bench) -> None:
    bench.pims.records = [visit("1")]
    bench.book("2026-05-04 09:00", "2026-05-04 09:30", idexx_appointment_id="1")
    bench.book("2026-05-04 09:00", "2026-05-04 09:30", idexx_appointment_id="2")

    bench.sync()

    assert booked(bench) == {"09:00": 2}


def test_r12_a_booking_whose_appointment_was_moved_counts_where_it_is_now(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-05 11:00:00")]
    bench.book("2026-05-04 09:00", "2026-05-04 09:30", idexx_appointment_id="1")

    bench.sync()

    assert (booked(bench), booked(bench, TUESDAY)) == ({}, {"11:00": 1})


def test_r12_a_booking_that_expired_frees_its_slot(bench: Bench) -> None:
    bench.book(
        "2026-05-04 09:00",
        "2026-05-04 09:30",
        status="pending",
        hold_expires_at=bench.now + timedelta(minutes=10),
    )
    bench.sync()
    assert booked(bench) == {"09:00": 1}
    bench.later()

    bench.sync()

    assert booked(bench) == {}


def test_r12_the_bookings_of_another_clinic_do_not_count(bench: Bench) -> None:
    """The module's other clinics have bookings at these times."""
    bench.sync()

    assert booked(bench) == {}


# Blocks -----------------------------------------------------------------------------------------


def test_r12_a_block_without_a_room_fills_its_slots(bench: Bench) -> None:
    bench.pims.records = [
        block("7", "2026-05-04 09:15:00", "2026-05-04 10:00:00", room_id=None),
        visit("1", "2026-05-04 09:00:00"),
    ]

    bench.sync()

    assert booked(bench) == {"09:00": 2, "09:30": 2}


def test_r12_a_block_without_a_room_hides_no_overbooking(bench: Bench) -> None:
    bench.pims.records = [
        block("7", "2026-05-04 09:00:00", "2026-05-04 09:30:00", room_id=None),
        *(visit(str(n), "2026-05-04 09:00:00") for n in range(3)),
    ]

    bench.sync()

    assert booked(bench)["09:00"] >= 3


@pytest.mark.parametrize(
    "record",
    [
        block("7", "2026-05-04 09:00:00", "2026-05-04 09:30:00", room_id="3"),
        visit("1", "2026-05-04 09:00:00", room_id=None),
    ],
    ids=["block_with_room", "visit_without_room"],
)
def test_r12_anything_else_counts_once(bench: Bench, record: SourceRecord) -> None:
    bench.pims.records = [record]

    bench.sync()

    assert booked(bench) == {"09:00": 1}


# Locks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("default", ["read committed", "repeatable read", "serializable"])
def test_r12_a_booking_made_while_the_run_waits_is_counted(bench: Bench, default: str) -> None:
    """The voice agent holds a slot's lock, books and commits; the count sees the booking.

    Whatever isolation the database has as its default.
    """
    with database_default(bench.conn, "default_transaction_isolation", default):
        bench.database.close()
        _booking_made_while_the_run_waits(bench)


def _booking_made_while_the_run_waits(bench: Bench) -> None:
    bench.sync()
    bench.pims.records = [visit("1", "2026-05-04 09:00:00")]
    bench.later()
    with psycopg.connect(bench.url) as agent:
        agent.execute(
            "UPDATE public.schedule_slots SET booked_count = booked_count + 1 "
            "WHERE clinic_id = %s AND date = %s AND start_time = '09:00'",
            (bench.clinic_id, MONDAY),
        )
        run = Thread(target=bench.sync)
        run.start()
        wait_until_blocked(bench.conn)
        agent.execute(
            "INSERT INTO public.vapi_bookings (clinic_id, date, start_time, end_time, status) "
            "VALUES (%s, %s, '09:00', '09:30', 'confirmed')",
            (bench.clinic_id, MONDAY),
        )
        agent.commit()
        run.join()

    assert booked(bench) == {"09:00": 2}


def wait_until_blocked(conn: psycopg.Connection[Any]) -> None:
    deadline = monotonic() + 10
    while monotonic() < deadline:
        waiting = conn.execute(
            "SELECT 1 FROM pg_stat_activity "
            "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
        ).fetchone()
        if waiting:
            return
    raise AssertionError("the run did not wait for the slot")
