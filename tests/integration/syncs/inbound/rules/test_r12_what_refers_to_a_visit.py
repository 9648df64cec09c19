"""Rules R11 and R12: whatever refers to a visit follows what became of it."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.records import MONDAY, visit, visits

TUESDAY, SUNDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=6)
NINE = f"{MONDAY} 09:00:00"
BOOKED = (f"{MONDAY} 09:00", f"{MONDAY} 09:30")


def slot(bench: Bench, start: str, day: date = MONDAY) -> Any:
    (found,) = query(
        bench.conn,
        "SELECT id FROM public.schedule_slots "
        "WHERE clinic_id = %s AND date = %s AND start_time = %s",
        (bench.clinic_id, day, start),
    )
    return found["id"]


def move(bench: Bench, start: str) -> None:
    end = f"{start[:-5]}20:00"
    bench.pims.replace("1", start=start, end=end)


def becomes(bench: Bench, what: str) -> None:
    """What happens to the visit that was at nine."""
    if what in ("Cancelled", "no-show"):
        bench.pims.replace("1", status=what)
    elif what == "deleted":
        bench.pims.delete("1")
    elif what == "another room":
        bench.pims.replace("1", room_id="99")
    else:
        move(bench, what)


@pytest.fixture
def at_nine(bench: Bench) -> Bench:
    """One visit on Monday at nine, and some on Tuesday."""
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET room_ids = '{3}' WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.pims.records = [visit("1", NINE), *visits(6, day=TUESDAY)]
    bench.sync()
    assert bench.row("1")["slot_id"] == slot(bench, "09:00")
    bench.later()
    return bench


NO_SLOT = [
    "Cancelled",
    "no-show",
    "deleted",
    "another room",
    f"{MONDAY} 19:00:00",
    f"{MONDAY} 07:00:00",
    f"{SUNDAY} 09:00:00",
    f"{MONDAY + timedelta(days=8)} 09:00:00",
    f"{MONDAY - timedelta(days=8)} 09:00:00",
]


@pytest.mark.parametrize("what", NO_SLOT)
def test_r11_a_visit_that_starts_in_no_slot_points_at_none(at_nine: Bench, what: str) -> None:
    becomes(at_nine, what)

    at_nine.sync()

    assert at_nine.row("1")["slot_id"] is None
    assert at_nine.slots()["09:00"] == 0


@pytest.mark.parametrize("what", ["Cancelled", "deleted", f"{MONDAY} 19:00:00"])
def test_r11_a_visit_that_is_back_points_at_its_slot_again(at_nine: Bench, what: str) -> None:
    becomes(at_nine, what)
    at_nine.sync()
    at_nine.pims.records = [visit("1", NINE, status="Arrived"), *visits(6, day=TUESDAY)]
    at_nine.later()

    at_nine.sync()

    assert at_nine.row("1")["slot_id"] == slot(at_nine, "09:00")


def test_r11_a_moved_visit_points_at_the_slot_of_another_day(at_nine: Bench) -> None:
    """A run over the old day alone links it on its new one as well."""
    move(at_nine, f"{TUESDAY} 16:00:00")

    at_nine.sync(MONDAY, MONDAY)

    assert at_nine.row("1")["slot_id"] == slot(at_nine, "16:00", TUESDAY)


def test_r11_a_visit_in_a_slot_off_the_grid_keeps_it(at_nine: Bench) -> None:
    at_nine.configure("clinic_schedule_configs", open_time="10:00")

    at_nine.sync()

    assert at_nine.row("1")["slot_id"] == slot(at_nine, "09:00")
    assert at_nine.slots()["09:00"] == 2


def test_r11_a_slot_off_the_grid_goes_with_the_visit_that_left_it(at_nine: Bench) -> None:
    move(at_nine, f"{MONDAY} 12:00:00")
    at_nine.configure("clinic_schedule_configs", open_time="10:00")

    at_nine.sync()

    assert min(at_nine.slots()) == "10:00"


@pytest.fixture
def other(bench: Bench) -> Bench:
    """Another clinic in the same database."""
    return Bench(bench.conn, bench.url, add_clinic(bench.conn), lent=bench.database)


@pytest.mark.parametrize("what", [*NO_SLOT, f"{MONDAY} 12:00:00", f"{TUESDAY} 17:00:00"])
def test_r12_a_booking_follows_the_visit_that_it_became(at_nine: Bench, what: str) -> None:
    at_nine.book(*BOOKED, idexx_appointment_id="1", slot_id=slot(at_nine, "09:00"))
    at_nine.sync()
    assert at_nine.slots()["09:00"] == 1
    becomes(at_nine, what)
    at_nine.later()

    at_nine.sync()

    assert at_nine.slots()["09:00"] == 0
    assert at_nine.slots()["12:00"] == int("12:00" in what)
    assert at_nine.slots(TUESDAY)["17:00"] == int("17:00" in what)


def test_r12_a_booking_counts_until_there_is_a_row_of_its_visit(bench: Bench) -> None:
    bench.book(*BOOKED, idexx_appointment_id="1")
    bench.book(*BOOKED, idexx_appointment_id=None)
    bench.sync()
    assert bench.slots()["09:00"] == 2

    bench.pims.records = [visit("1", f"{MONDAY} 12:00:00")]
    bench.later()
    bench.sync()

    assert (bench.slots()["09:00"], bench.slots()["12:00"]) == (1, 1)


def test_r12_another_clinics_visit_of_that_id_is_another_one(bench: Bench, other: Bench) -> None:
    other.pims.records = [visit("1", NINE)]
    other.sync()
    bench.book(*BOOKED, idexx_appointment_id="1")

    bench.sync()

    assert bench.slots()["09:00"] == 1


@pytest.mark.parametrize(
    ("what", "stays"), [("Cancelled", False), (f"{MONDAY} 12:00:00", False), ("", True)]
)
def test_r11_a_booking_keeps_a_slot_off_the_grid_only_while_it_takes_time(
    at_nine: Bench, what: str, stays: bool
) -> None:
    known = {"idexx_appointment_id": "1"} if what else {}
    at_nine.book(*BOOKED, slot_id=slot(at_nine, "09:00"), **known)
    becomes(at_nine, what or "deleted")
    at_nine.configure("clinic_schedule_configs", open_time="10:00")

    at_nine.sync()

    assert ("09:00" in at_nine.slots()) is stays
