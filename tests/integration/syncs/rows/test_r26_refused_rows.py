"""What ODIS's tables refuse is left out by name, takes its time all the same, and calls nobody."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.pims.protocol import Unreadable
from idexx_sync.syncs.inbound import store
from tests.integration.syncs.rows.whole_clinic import START, VISIT, WholeClinic
from tests.kit.database import query
from tests.kit.records import MONDAY, block, chart, seen, visit

Make = Callable[[], WholeClinic]
OTHERS = [
    visit(str(600110 + n), f"2026-05-04 {8 + n // 2:02}:{n % 2 * 30:02}:00") for n in range(4)
]
SECRET = "ROVER OF ELM STREET"


@pytest.fixture
def clinic(make: Make) -> WholeClinic:
    return make()


@contextmanager
def constraint(clinic: WholeClinic, table: str, condition: str) -> Iterator[None]:
    """Within the block ODIS's table refuses what does not meet the condition."""
    alter = f"ALTER TABLE public.{table}"
    clinic.conn.execute(f"{alter} ADD CONSTRAINT of_odis CHECK ({condition}) NOT VALID")
    try:
        yield
    finally:
        clinic.conn.execute(f"{alter} DROP CONSTRAINT of_odis")


def faults(job: Job) -> list[tuple[str, str, str]]:
    found = (job.result or {}).get("faults", [])
    return [(fault["table"], fault["column"], fault["id"]) for fault in found]


def test_r26_a_refused_visit_keeps_its_time_and_the_others_are_written(clinic: WholeClinic) -> None:
    refused = visit("600102", "2026-05-04 10:30:00", patient_name=SECRET)
    clinic.shows(seen(VISIT, START), refused, *OTHERS)
    with constraint(clinic, "schedule_appointments", f"patient_name <> '{SECRET}'"):
        job = clinic.sync()
        assert job.status == "succeeded_with_warnings"
        assert faults(job) == [("schedule_appointments", "of_odis", "600102")]
        assert not any(row["neo_appointment_id"] == "600102" for row in clinic.rows())
        assert len(clinic.keys()) == 5
        assert clinic.slots()["10:30"] == 1
        assert clinic.record("600102")["quarantine_code"] == "refused"
        assert [a["error_message"] for a in clinic.audits(job) if a["status"] == "error"] == [
            "schedule_appointments.of_odis"
        ]
        assert SECRET not in f"{job} {clinic.audits(job)}"

        again = clinic.sync()
        assert faults(again) == faults(job)
        assert clinic.audits(again) == []
        assert clinic.slots()["10:30"] == 1

    healed = clinic.sync()
    assert healed.status == "succeeded"
    assert clinic.row("600102")["patient_name"] == SECRET
    assert clinic.record("600102")["quarantine_code"] is None
    assert clinic.slots()["10:30"] == 1


def test_r26_a_refused_move_takes_both_of_its_times(clinic: WholeClinic) -> None:
    clinic.shows(seen(VISIT, "2026-05-04 10:30:00"))
    with constraint(clinic, "schedule_appointments", "start_time < '10:00'"):
        job = clinic.sync()
    assert faults(job) == [("schedule_appointments", "of_odis", VISIT)]
    assert (clinic.slots()["09:00"], clinic.slots()["10:30"]) == (1, 1)


def test_r26_a_refused_block_without_a_room_fills_its_slots(clinic: WholeClinic) -> None:
    clinic.shows(
        seen(VISIT, START), block("7", f"{START[:10]} 08:00:00", f"{START[:10]} 08:30:00", None)
    )
    with constraint(clinic, "schedule_appointments", "appointment_type <> 'block'"):
        clinic.sync()
    assert clinic.slots()["08:00"] == 2


def test_r26_a_day_beside_the_window_is_not_freed_of_what_was_refused(clinic: WholeClinic) -> None:
    refused = visit("600102", "2026-05-11 08:00:00", patient_name=SECRET)
    here = visit("600103", "2026-05-11 09:00:00")
    clinic.configure("clinic_schedule_configs", sync_horizon_days=14)
    clinic.shows(refused, here, seen(VISIT, START))
    with constraint(clinic, "schedule_appointments", f"patient_name <> '{SECRET}'"):
        clinic.sync(here_day := date(2026, 5, 11))
        assert clinic.slots(here_day)["08:00"] == 1
        clinic.shows(refused, visit("600103", "2026-05-05 09:00:00"), seen(VISIT, START))
        clinic.sync()
        assert str(clinic.row("600103")["date"]) == "2026-05-05"
    assert clinic.slots(here_day)["08:00"] == 1


def test_r26_an_incomplete_read_frees_nothing_of_what_was_refused(clinic: WholeClinic) -> None:
    refused = visit("600102", "2026-05-04 10:30:00", patient_name=SECRET)
    clinic.shows(seen(VISIT, START), refused)
    with constraint(clinic, "schedule_appointments", f"patient_name <> '{SECRET}'"):
        clinic.sync()
        clinic.shows(seen(VISIT, START))
        clinic.pims.unreadable = [Unreadable("id_missing", None)]
        clinic.sync()
        assert clinic.slots()["10:30"] == 1
        clinic.pims.unreadable = []
        clinic.shows(seen(VISIT, START), refused)
        clinic.sync()
    assert clinic.slots()["10:30"] == 1


def test_r26_on_the_next_runs_only_the_refused_row_is_tried_by_itself(clinic: WholeClinic) -> None:
    refused = visit("600102", "2026-05-04 10:30:00", patient_name=SECRET)
    clinic.shows(seen(VISIT, START), refused, *OTHERS[:2])
    tried: list[list[str]] = []

    def insert(*args: Any, **named: Any) -> Any:
        tried.append([change.key for change in args[2]])
        return original(*args, **named)

    original = store.insert_appointments
    with constraint(clinic, "schedule_appointments", f"patient_name <> '{SECRET}'"):
        clinic.sync()
        clinic.shows(seen(VISIT, START), refused, *OTHERS)
        with patch.object(store, "insert_appointments", insert):
            clinic.sync()
    assert tried == [[change.id for change in OTHERS[2:]], ["600102"]]


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("schedule_appointments", "last_synced_at < '2026-01-01'"),
        ("schedule_slots", "last_synced_at < '2026-01-01'"),
        ("schedule_slots", "end_time < '09:00'"),
        ("schedule_syncs", "status <> 'completed'"),
        ("case_sync_audits", "status <> 'success'"),
    ],
)
def test_r26_whatever_table_refuses_the_run_ends_and_says_so(
    clinic: WholeClinic, table: str, condition: str
) -> None:
    clinic.shows(seen(VISIT, START), *OTHERS)
    clinic.configure("clinic_schedule_configs", close_time="10:00", slot_duration_minutes=15)
    clinic.later(60 * 24 * 3)
    with constraint(clinic, table, condition):
        job = clinic.sync(MONDAY, MONDAY + timedelta(days=9))
    assert job.status == "succeeded_with_warnings"
    assert {fault[:2] for fault in faults(job)} == {(table, "of_odis")}


def test_r26_where_nothing_may_be_overbooked_a_slot_is_just_full(clinic: WholeClinic) -> None:
    clinic.shows(*(visit(str(600200 + n), START) for n in range(4)))
    with constraint(clinic, "schedule_slots", "booked_count <= capacity"):
        job = clinic.sync()
    assert len(clinic.keys()) == 5  # with the one that is missing, and not proven gone
    assert clinic.slots()["09:00"] == 2
    assert {fault[0] for fault in faults(job)} == {"schedule_slots"}


def test_r26_a_slot_whose_capacity_cannot_be_lowered_is_full(clinic: WholeClinic) -> None:
    clinic.sync()
    before = clinic.slots()
    clinic.configure("clinic_schedule_configs", default_capacity=1)
    with constraint(clinic, "schedule_slots", "capacity <> 1 OR start_time <> '10:00'"):
        job = clinic.sync()
        assert {fault[:2] for fault in faults(job)} == {("schedule_slots", "of_odis")}
        assert before["10:00"] < 2
        assert clinic.slots() == {**before, "10:00": 2}
    clinic.sync()
    assert clinic.slots() == before


def test_r26_a_day_that_cannot_be_counted_is_not_called_fresh(clinic: WholeClinic) -> None:
    clinic.configure("clinic_schedule_configs", days_of_week=[1, 2])
    clinic.shows(seen(VISIT, START), visit("600300", "2026-05-05 10:00:00"))
    clinic.sync()
    ends = {row["neo_appointment_id"]: row["last_synced_at"] for row in clinic.rows()}
    marks = len(clinic.schedule_syncs())
    clinic.shows(
        seen(VISIT, START),
        visit("600300", "2026-05-05 10:00:00"),
        visit("600301", "2026-05-04 10:30:00"),
        visit("600302", "2026-05-05 10:30:00"),
    )
    clinic.later(45)
    refused = "booked_count = 0 OR date <> '2026-05-04' OR start_time <> '10:30'"
    with constraint(clinic, "schedule_slots", refused):
        job = clinic.sync()

    assert (job.status, faults(job)) == (
        "succeeded_with_warnings",
        [("schedule_slots", "of_odis", "2026-05-04")],
    )
    assert job.result is not None
    assert (job.result["fresh"], job.result["unfresh"]) == (False, "refused")
    assert len(clinic.schedule_syncs()) == marks
    assert clinic.slots(MONDAY + timedelta(days=1))["10:30"] == 1
    synced = query(
        clinic.conn,
        "SELECT date, max(last_synced_at) AS at FROM public.schedule_slots "
        "WHERE clinic_id = %s GROUP BY date ORDER BY date",
        (clinic.clinic_id,),
    )
    assert [slot["date"] for slot in synced if slot["at"] != clinic.now] == [MONDAY]
    assert clinic.row(VISIT)["last_synced_at"] == ends[VISIT]
    assert clinic.row("600300")["last_synced_at"] == clinic.now
    assert clinic.sync().status == "succeeded"
    assert clinic.slots()["10:30"] == 1
    assert len(clinic.schedule_syncs()) == marks + 1


def test_r26_where_readers_are_not_told_the_run_is_no_success(clinic: WholeClinic) -> None:
    before = clinic.status().syncs[0].last_success_at
    clinic.later()
    with constraint(clinic, "schedule_syncs", "status <> 'completed'"):
        job = clinic.sync()
    assert job.result is not None
    assert (job.result["fresh"], job.result["unfresh"]) == (False, "refused")
    assert clinic.status().syncs[0].last_success_at == before


# -- cases ---------------------------------------------------------------------------------------


def test_r26_a_refused_case_stops_no_other_one(clinic: WholeClinic) -> None:
    refused = visit("600102", "2026-05-04 10:30:00", patient_id="40022", patient_name=SECRET)
    clinic.shows(seen(VISIT, START, patient_name="BELLA"), refused)
    with constraint(clinic, "patients", f"name <> '{SECRET}'"):
        job = clinic.cases()
        assert job.status == "succeeded_with_warnings"
        assert faults(job) == [("patients", "of_odis", "pims-appt-idexx-neo-600102")]
        assert clinic.patient()["name"] == "BELLA"
        assert [case["external_id"] for case in clinic.all_cases()] == [
            f"pims-appt-idexx-neo-{VISIT}"
        ]
        assert SECRET not in f"{job} {clinic.audits(job)}"
        assert faults(clinic.cases()) == faults(job)
    assert clinic.cases().status == "succeeded"
    assert clinic.patient("600102")["name"] == SECRET


def test_r26_a_completed_case_that_cannot_be_written_is_called_about_no_more(
    clinic: WholeClinic,
) -> None:
    assert clinic.case()["status"] == "completed"
    clinic.shows(seen(VISIT, START, patient_name=SECRET))
    with constraint(clinic, "patients", f"name <> '{SECRET}'"):
        clinic.cases()
    assert clinic.case()["status"] == "reviewed"


def test_r26_a_record_that_is_refused_completes_nothing_and_is_asked_again_daily(
    make: Make,
) -> None:
    clinic = make()
    clinic.shows(seen("600102", "2026-05-04 08:00:00", patient_id="40022"))
    clinic.writes(chart("600102", patient_id="40022", breed=SECRET))
    with constraint(clinic, "patients", f"breed <> '{SECRET}'"):
        job = clinic.cases()
        assert faults(job) == [("patients", "of_odis", "pims-appt-idexx-neo-600102")]
        assert clinic.case("600102")["status"] == "ongoing"
        reads = len(clinic.pims.charts_read)
        clinic.cases()
        assert len(clinic.pims.charts_read) == reads
    clinic.later(60 * 25)
    clinic.cases()
    assert clinic.case("600102")["status"] == "completed"


def test_r26_a_death_is_marked_although_the_case_is_refused(clinic: WholeClinic) -> None:
    clinic.shows(seen(VISIT, START, patient_name=SECRET, type="Euthanasia"))
    with constraint(clinic, "patients", f"name <> '{SECRET}'"):
        clinic.cases()
    assert clinic.case()["extreme_case_check"]["isExtremeCase"] is True


def test_r26_a_mark_that_is_refused_stops_the_call_otherwise(clinic: WholeClinic) -> None:
    clinic.shows(seen(VISIT, START, type="Euthanasia"))
    with constraint(clinic, "cases", "extreme_case_check IS NULL"):
        job = clinic.cases()
    assert faults(job) == [("cases", "of_odis", f"pims-appt-idexx-neo-{VISIT}")]
    assert clinic.case()["status"] == "reviewed"


def test_r26_a_case_that_refuses_everything_is_listed_for_a_person(clinic: WholeClinic) -> None:
    clinic.shows(seen(VISIT, START, type="Dental"))
    with constraint(clinic, "cases", "source = 'nowhere'"):
        job = clinic.cases()
    assert job.result is not None
    assert job.result["for_review"] == [f"pims-appt-idexx-neo-{VISIT}"]
    audits: Sequence[Any] = query(
        clinic.conn, "SELECT 1 FROM public.case_sync_audits WHERE job_id = %s", (job.id,)
    )
    assert audits
