"""Days, hours and slots in doubt, over real HTTP (rules R11 to R13)."""

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.jobs.params import WindowParams
from tests.kit.database import query
from tests.kit.job_results import warnings
from tests.kit.neo_bench import ALL, MONDAY, TUESDAY, WEDNESDAY, NeoBench, between, whole

TODAY = WindowParams(first_day=MONDAY, last_day=MONDAY)


def test_r13_a_run_over_today_alone_is_no_sign_of_freshness(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00")

    job = clinic.run(days=TODAY)

    assert (job.status, clinic.marks()) == ("succeeded", 0)
    assert clinic.offered() == whole(MONDAY) - clinic.times(visit)
    status = read_clinic_status(clinic.conn, clinic.clinic_id)
    assert status.syncs[0].last_success_at is None
    clinic.run()
    assert (clinic.marks(), clinic.offered()) == (1, ALL - clinic.times(visit))


@pytest.mark.parametrize("days", [None, TODAY], ids=["horizon", "today"])
def test_r11_a_lowered_horizon_leaves_no_old_slots_offered_behind_it(
    clinic: NeoBench, days: WindowParams | None
) -> None:
    clinic.synced()
    assert clinic.offered() == ALL
    clinic.configure(sync_horizon_days=2)

    clinic.run(days=days)

    assert clinic.offered() == ALL - whole(WEDNESDAY)


@pytest.mark.parametrize(
    "hours", [{}, {"1": {"enabled": "perhaps"}}, {"1": {"open": "17:00", "close": "09:00"}}]
)
def test_r11_hours_that_can_not_be_read_cost_no_row_and_no_slot(
    clinic: NeoBench, hours: dict[str, object]
) -> None:
    before = clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    new = clinic.neo.book("2026-05-05 10:00:00")
    clinic.configure(daily_hours=Jsonb(hours))

    job = clinic.run()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert (set(clinic.rows()), clinic.marks()) == ({before, new}, 1)
    assert clinic.offered() == ALL - clinic.times(before, new)
    (need, *_) = read_clinic_status(clinic.conn, clinic.clinic_id).needs
    assert (need.who, "daily_hours" in need.what) == ("odis", True)


@pytest.mark.parametrize("answer", ["truncated_json", "empty", "html_type"])
def test_r24_a_configuration_that_can_not_be_read_costs_freshness_and_no_row(
    clinic: NeoBench, answer: str
) -> None:
    before = clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    new = clinic.neo.book("2026-05-05 10:00:00")
    gone = clinic.neo.book("2026-05-05 13:00:00")
    clinic.later(24 * 60 + 1)
    clinic.neo.fault(answer, path="getAppointmentView", times=1_000)

    job = clinic.run()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")
    assert (set(clinic.rows()), clinic.marks()) == ({before, new, gone}, 1)
    assert not clinic.offered() & clinic.times(new, gone)
    (need, *_) = read_clinic_status(clinic.conn, clinic.clinic_id).needs
    assert (need.who, "shape changed" in need.what) == ("odis", True)
    clinic.neo.set_knob("faults", [])
    clinic.neo.cancel(gone)
    clinic.run()
    assert clinic.marks() == 2
    assert clinic.times(gone) <= clinic.offered()


@pytest.mark.parametrize("answer", ["html", {"kind": "status", "status": 410, "html": True}])
def test_r24_look_ups_that_no_session_can_read_cost_freshness_and_no_row(
    clinic: NeoBench, answer: Any
) -> None:
    gone, stays = (clinic.neo.book(f"2026-05-04 {hour}:00:00") for hour in ("09", "11"))
    clinic.synced()
    clinic.neo.delete(gone)
    new = clinic.neo.book("2026-05-05 10:00:00")
    rule = {"path": "getAppointment", "nth": 1, "times": 1_000, "action": answer}
    clinic.neo.set_knob("faults", [rule])

    job = clinic.run()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")
    assert (set(clinic.rows()), clinic.marks()) == ({gone, stays, new}, 1)
    assert clinic.offered() == ALL - clinic.times(stays, new) - between(
        "2026-05-04 09:00:00", "2026-05-04 09:30:00"
    )
    clinic.neo.set_knob("faults", [])
    assert clinic.run().status == "succeeded"
    assert (set(clinic.rows()), clinic.marks()) == ({stays, new}, 2)


def test_r12_a_visit_that_moves_out_of_the_grid_leaves_its_slot(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    assert clinic.rows()[visit]["slot_id"] is not None
    clinic.neo.move(visit, "2026-05-04 19:00:00")

    job = clinic.run()

    assert (warnings(job), clinic.rows()[visit]["slot_id"]) == ({}, None)
    assert clinic.offered() == ALL


@pytest.mark.parametrize("fate", ["moves", "is_called_off", "is_deleted"])
def test_r12_a_booking_follows_the_visit_that_it_became(clinic: NeoBench, fate: str) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    (slot,) = query(
        clinic.conn,
        "SELECT id FROM public.schedule_slots WHERE clinic_id = %s "
        "AND date = '2026-05-04' AND start_time = '09:00'",
        (clinic.clinic_id,),
    )
    clinic.conn.execute(
        "INSERT INTO public.vapi_bookings (clinic_id, slot_id, date, start_time, end_time, status, "
        "idexx_appointment_id) VALUES (%s, %s, '2026-05-04', '09:00', '09:30', 'confirmed', %s)",
        (clinic.clinic_id, slot["id"], visit),
    )
    match fate:
        case "moves":
            clinic.neo.move(visit, f"{TUESDAY} 11:00:00")
        case "is_called_off":
            clinic.neo.cancel(visit)
        case _:
            clinic.neo.delete(visit)

    clinic.run()

    taken = clinic.times(visit) if fate == "moves" else set()
    assert clinic.offered() == ALL - taken
