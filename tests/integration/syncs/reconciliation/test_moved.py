"""Visits and blocks at other times: within the days, out of them, over midnight, on odd days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.kit.database import insert, update
from tests.kit.job_results import held
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import MONDAY, block, patient_visit, visits

VISIT = "600101"
ZONE = ZoneInfo("America/Los_Angeles")
OTHERS = visits(5, first=600201, patient_id="40031")
TUESDAY = MONDAY + timedelta(days=1)


def _row_says(bench: ReconciliationBench, key: str = VISIT) -> str:
    row = bench.row(key)
    assert row["deleted_at"] is None
    return f"{row['date']} {row['start_time']}"


@pytest.mark.parametrize(
    "to",
    [
        "2026-05-04 08:00:00",
        "2026-05-05 18:00:00",
        "2026-06-01 08:00:00",
        "2026-04-29 08:00:00",
        "2026-01-02 08:00:00",
    ],
)
def test_row_and_case_follow_wherever_the_visit_is(bench: ReconciliationBench, to: str) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()
    end = str(datetime.fromisoformat(to) + timedelta(minutes=45))
    bench.pims.replace(VISIT, start=to, end=end)

    job = bench.reconcile()

    assert job.status == "succeeded", (job.error_message, job.result)
    assert _row_says(bench) == to
    at = datetime.fromisoformat(to).replace(tzinfo=ZONE).astimezone(UTC)
    assert bench.case()["scheduled_at"] == at
    said = bench.case()["metadata"]["pimsAppointment"]
    assert (said["date"], said["duration"]) == (to[:10], 45)
    assert datetime.fromisoformat(said["startTime"]) == at
    bench.night(2)
    bench.reconcile()
    assert bench.discrepancies() == []


def test_a_visit_that_moved_to_today_takes_its_slot(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    assert bench.slots(TUESDAY)
    bench.night()
    bench.pims.replace(VISIT, start="2026-05-05 09:00:00", end="2026-05-05 09:30:00")

    bench.reconcile()

    assert bench.slots(TUESDAY)["09:00"] == 1
    assert sum(bench.slots(TUESDAY).values()) == 1


def test_what_is_full_stays_full_until_the_calendars_own_sync_frees_it(
    bench: ReconciliationBench,
) -> None:
    """A full slot may be off the grid, which only that sync knows."""
    bench.shows(patient_visit(VISIT, "2026-05-05 09:00:00"), *OTHERS)
    bench.synced()
    bench.conn.execute(
        "UPDATE public.schedule_slots SET booked_count = capacity WHERE clinic_id = %s "
        "AND date = %s AND start_time = '10:00'",
        (bench.clinic_id, TUESDAY),
    )
    bench.night()
    bench.pims.delete(VISIT)

    bench.reconcile()

    assert not bench.has(VISIT)
    assert bench.slots(TUESDAY)["10:00"] == 2


def test_nearly_all_times_that_moved_alike_wait_for_a_person(bench: ReconciliationBench) -> None:
    shown = [
        patient_visit(str(600101 + n), f"2026-05-04 {6 + n:02}:00:00", patient_id=str(40021 + n))
        for n in range(8)
    ]
    bench.shows(*shown)
    bench.synced()
    before = bench.all_cases()
    for one in shown:
        later = {
            name: str(datetime.fromisoformat(getattr(one, name)) + timedelta(hours=1))
            for name in ("start", "end")
        }
        bench.pims.replace(one.id, **later)
    bench.night()

    job = bench.reconcile()

    assert held(job) == {"times_shifted": 8}
    assert bench.all_cases() == before
    assert set(bench.found().values()) == {"held"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-05-04 23:30:00", "2026-05-05 00:30:00"),
        ("2026-05-04 23:30:00", None),
        ("2026-05-04 00:00:00", "2026-05-04 00:00:00"),
    ],
)
def test_a_visit_over_midnight_differs_in_nothing(
    bench: ReconciliationBench, start: str, end: str | None
) -> None:
    bench.shows(patient_visit(VISIT, start, end=end), *OTHERS)
    bench.synced()
    for night in (1, 2):
        bench.night(night)
        assert bench.reconcile().status == "succeeded"
        assert bench.discrepancies() == []
    bench.pims.delete(VISIT)
    bench.reconcile()
    assert bench.found() == {
        ("appointment", "deleted_in_neo"): "fixed",
        ("case", "deleted_in_neo"): "fixed",
    }


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)], ids=["spring", "autumn"])
@pytest.mark.parametrize("at", ["01:30:00", "02:30:00", "23:45:00"])
def test_days_on_which_the_clock_changes_differ_in_nothing(
    bench: ReconciliationBench, day: date, at: str
) -> None:
    bench.now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    bench.shows(patient_visit(VISIT, f"{day} {at}"), *visits(5, first=600201, day=day))
    assert bench.sync(day).status in ("succeeded", "succeeded_with_warnings")
    assert bench.cases().status in ("succeeded", "succeeded_with_warnings")
    bench.now += timedelta(days=1)

    assert bench.reconcile().status == "succeeded"
    assert bench.discrepancies() == []

    bench.pims.replace(VISIT, start=f"{day} 12:00:00", end=f"{day} 12:30:00")
    bench.reconcile()
    assert bench.found() == {("appointment", "moved"): "fixed", ("case", "moved"): "fixed"}
    bench.now += timedelta(days=1)
    bench.reconcile()
    assert bench.discrepancies() == []


# Blocks and rooms


def _counts_room_3(bench: ReconciliationBench) -> None:
    settings = {"room_ids": ["3"]}
    update(bench.conn, "idexx_sync.clinic_settings", settings, clinic_id=bench.clinic_id)


def test_a_deleted_block_is_removed_and_has_no_case(bench: ReconciliationBench) -> None:
    bench.shows(block(), *OTHERS)
    bench.synced()
    bench.night()
    bench.pims.delete("700101")

    bench.reconcile()

    assert bench.found() == {("appointment", "deleted_in_neo"): "fixed"}
    assert bench.keys() == [one.id for one in OTHERS]


def test_a_block_that_moved_is_another_one(bench: ReconciliationBench) -> None:
    bench.shows(block(recurs=False), *OTHERS)
    bench.synced()
    bench.night()
    bench.pims.replace("700101", start="2026-05-04 15:00:00", end="2026-05-04 16:00:00")

    bench.reconcile()
    assert bench.found() == {
        ("appointment", "missing_in_odis"): "reported",
        ("appointment", "deleted_in_neo"): "left",
    }
    bench.later()
    bench.reconcile()

    assert {one["outcome"] for one in bench.discrepancies()} == {"reported", "fixed"}
    assert "700101@2026-05-04 12:00:00" not in set(bench.keys())


def test_one_occurrence_of_a_block_takes_a_day_to_go(bench: ReconciliationBench) -> None:
    first = block("700101", "2026-05-04 12:00:00", "2026-05-04 13:00:00", recurs=True)
    second = block("700101", "2026-05-05 12:00:00", "2026-05-05 13:00:00", recurs=True)
    bench.shows(first, second, *OTHERS)
    bench.synced()
    bench.shows(second, *OTHERS)
    key = "700101@2026-05-04 12:00:00"
    bench.night(2)
    bench.reconcile()
    bench.later(60)
    bench.reconcile()
    assert bench.found() == {("appointment", "deleted_in_neo"): "left"}
    assert key in set(bench.keys())
    bench.night(4)

    bench.reconcile()

    assert key not in set(bench.keys())


def test_rooms_that_do_not_count_have_cases_and_no_rows(bench: ReconciliationBench) -> None:
    _counts_room_3(bench)
    bench.shows(patient_visit(room_id="5"), *OTHERS)
    bench.synced()
    assert not bench.has(VISIT)
    bench.night()
    assert bench.reconcile().status == "succeeded"
    assert bench.discrepancies() == []
    bench.pims.delete(VISIT)

    bench.reconcile()

    assert bench.found() == {("case", "deleted_in_neo"): "fixed"}
    assert bench.case()["status"] == "reviewed"


def test_a_row_of_a_room_that_counts_no_more_is_no_difference(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(room_id="5"), *OTHERS)
    bench.synced()
    _counts_room_3(bench)
    bench.night()

    bench.reconcile()

    assert bench.discrepancies() == []
    assert bench.has(VISIT)


def test_days_before_the_first_row_have_nothing_to_compare(bench: ReconciliationBench) -> None:
    old = patient_visit("600301", "2026-05-01 08:00:00", patient_id="40041")
    bench.shows(*OTHERS)
    bench.synced()
    bench.pims.records.append(old)
    insert(
        bench.conn,
        "public.schedule_appointments",
        {
            "clinic_id": bench.clinic_id,
            "neo_appointment_id": "600999",
            "status": "scheduled",
            "date": "-infinity",
            "start_time": "08:00",
            "end_time": "09:00",
        },
    )
    bench.night()

    bench.reconcile()

    assert bench.found() == {("case", "missing_in_odis"): "reported"}


def test_a_row_that_somebody_moved_in_odis_says_again_what_neo_says(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    row = bench.row(VISIT)
    update(
        bench.conn,
        "public.schedule_appointments",
        {"start_time": "16:00", "end_time": "16:30"},
        id=row["id"],
    )
    bench.night()

    bench.reconcile()

    assert bench.found() == {("appointment", "moved"): "fixed"}
    assert _row_says(bench) == "2026-05-04 06:00:00"


def test_r10_of_what_moved_over_midnight_the_next_day_is_taken_whatever_else_differs(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()
    bench.pims.replace(
        VISIT,
        start="2026-05-04 20:00:00",
        end="2026-05-05 10:00:00",
        client_phone="555-555-0177",  # only reported
    )

    bench.reconcile()

    assert bench.found()["appointment", "contact_differs"] == "reported"
    slots = bench.slots(TUESDAY)
    assert {start for start, booked in slots.items() if booked} == {
        *("08:00", "08:30", "09:00", "09:30")
    }
