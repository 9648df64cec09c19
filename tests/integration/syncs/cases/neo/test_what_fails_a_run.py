"""Rule R24: a run of which nothing came fails; one record that gives nothing fails no run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.syncs.cases.sync import CaseSync
from tests.kit.job_results import warnings
from tests.kit.neo_cases_bench import DAY, HOUR, NeoCasesBench


def fresh(job: Job) -> bool:
    return bool(job.result and job.result["fresh"])


# -- a calendar of which nothing came ----------------------------------------------------------


@pytest.mark.parametrize(
    ("knob", "how"),
    [
        ("malformed_records", {"kinds": ["end_garbage"]}),
        ("malformed_records", {"kinds": ["end_before_start"]}),
        ("duplicate_records", {"how": "other_provider"}),
    ],
    ids=["unreadable", "quarantined", "unclear"],
)
def test_r24_visits_none_of_which_can_be_read_fail_the_run(
    clinic: NeoCasesBench, knob: str, how: dict[str, Any]
) -> None:
    visits = [clinic.neo.book(f"2026-05-04 {hour:02}:00:00") for hour in (9, 10, 11)]
    for hour in range(8, 16):
        clinic.neo.book_block(f"2026-05-05 {hour:02}:00:00", f"2026-05-05 {hour:02}:30:00")
    assert fresh(clinic.cases())
    assert clinic.sync_status().freshness == "on_time"
    success = clinic.sync_status().last_success_at
    clinic.neo.set_knob(knob, {"ids": visits, **how})
    clinic.later(30)

    job = clinic.cases()

    assert job.status == "failed"
    assert job.error_kind in ("shape_changed", "implausible_data")
    assert not fresh(job)
    status = clinic.sync_status()
    assert (status.freshness, status.last_success_at) == ("action_required", success)
    clinic.neo.set_knob(knob, {"ids": visits[:2], **how})
    job = clinic.cases()
    assert job.status == "succeeded_with_warnings"
    assert fresh(job)


def test_r24_where_every_row_is_refused_the_run_fails(clinic: NeoCasesBench) -> None:
    visits = [clinic.neo.book(f"2026-05-04 {hour:02}:00:00") for hour in (9, 10)]

    with refused(clinic, "true"):
        job = clinic.cases()
        assert (job.status, job.error_kind) == ("failed", "implausible_data")
        assert len((job.result or {})["faults"]) == 2
    with refused(clinic, f"external_id = 'pims-appt-idexx-neo-{visits[0]}'"):
        assert clinic.cases().status == "succeeded_with_warnings"

    assert clinic.cases().status == "succeeded"


def test_r24_an_empty_calendar_is_nothing_to_do(clinic: NeoCasesBench) -> None:
    clinic.neo.book_block("2026-05-05 09:00:00", "2026-05-05 10:00:00")

    job = clinic.cases()

    assert job.status == "succeeded"
    assert fresh(job)


def test_r24_however_slow_the_calendar_some_records_are_read(clinic: NeoCasesBench) -> None:
    """Or each run would say that it has succeeded, and none would ever read one."""
    visits = [clinic.seen(f"2026-05-04 0{hour}:00:00", f"PET {hour}")[0] for hour in (4, 5, 6)]
    slow = CaseSync(unit=1, stop_after_s=0)

    for left in (2, 1):
        assert warnings(clinic.cases(sync=slow)) == {"consultations_left": left}
    assert clinic.cases(sync=slow).status == "succeeded"

    assert {clinic.status(visit) for visit in visits} == {"completed"}


# -- records that give nothing -----------------------------------------------------------------


def garble(clinic: NeoCasesBench, *visits: str) -> None:
    clinic.neo.set_knob("consultation_garbled", {"ids": list(visits)})


def test_r24_one_stubborn_record_fails_its_first_run_and_no_later_one(
    clinic: NeoCasesBench,
) -> None:
    stubborn, _ = clinic.seen()
    garble(clinic, stubborn)
    since = clinic.now
    assert clinic.cases().status == "failed"
    assert not [need for need in clinic.needs() if stubborn in need.what]

    for _ in range(3):
        clinic.later(2 * HOUR)
        job = clinic.cases()
        assert job.status == "succeeded_with_warnings"
        assert fresh(job)
        assert warnings(job) == {"consultations_failed": 1}
        assert (job.result or {})["unread"] == {stubborn: "read_failed"}
        (need,) = [need for need in clinic.needs() if stubborn in need.what]
        assert need.since == since
        assert not need.blocks
    assert clinic.status(stubborn) == "ongoing"
    clinic.neo.set_knob("consultation_garbled", None)

    assert clinic.cases().status == "succeeded"

    assert clinic.status(stubborn) == "completed"
    assert not [need for need in clinic.needs() if stubborn in need.what]


def test_r24_a_retry_of_the_same_job_is_no_second_run(clinic: NeoCasesBench) -> None:
    """A record that fails in both attempts has failed for the first time."""
    stubborn, _ = clinic.seen()
    garble(clinic, stubborn)
    first = clinic.cases()
    assert first.status == "failed"
    clinic.later(1)
    assert clinic.cases().status == "succeeded_with_warnings"  # another job


def test_r24_another_record_that_fails_beside_it_fails_the_run(clinic: NeoCasesBench) -> None:
    stubborn, _ = clinic.seen()
    garble(clinic, stubborn)
    clinic.cases()
    clinic.later(2 * HOUR)
    another, _ = clinic.seen("2026-05-04 07:00:00", "ANOTHER")
    garble(clinic, stubborn, another)

    assert clinic.cases().status == "failed"

    clinic.later(2 * HOUR)
    assert clinic.cases().status == "succeeded_with_warnings"


def test_r24_where_all_of_several_records_fail_every_run_fails(clinic: NeoCasesBench) -> None:
    visits = [clinic.seen(f"2026-05-04 0{hour}:00:00", f"PET {hour}")[0] for hour in range(1, 6)]
    garble(clinic, *visits)

    for _ in range(3):
        job = clinic.cases()
        assert (job.status, job.error_kind) == ("failed", "shape_changed")
        clinic.later(2 * HOUR)
    garble(clinic, *visits[1:])
    assert clinic.cases().status == "succeeded_with_warnings"


@pytest.mark.parametrize("path", ["/page-data", "getCalendarEventData"])
def test_r24_while_neo_is_down_a_run_fails_whatever_is_stubborn(
    clinic: NeoCasesBench, path: str
) -> None:
    stubborn, _ = clinic.seen()
    garble(clinic, stubborn)
    clinic.cases()
    clinic.later(2 * HOUR)
    clinic.seen("2026-05-04 07:00:00", "ANOTHER")
    clinic.neo.fault("503", path=path)

    job = clinic.cases()

    assert (job.status, job.error_kind) == ("failed", "pims_unavailable")


def test_r24_an_address_that_no_record_is_found_at_fails_every_run(clinic: NeoCasesBench) -> None:
    visits = [clinic.seen(f"2026-05-04 0{hour}:00:00", f"PET {hour}")[0] for hour in range(1, 6)]
    clinic.neo.set_knob("consultation_gone", {"ids": visits})

    for _ in range(4):
        assert clinic.cases().status == "failed"
        clinic.later(2 * HOUR)
    clinic.neo.set_knob("consultation_gone", None)
    assert clinic.cases().status == "succeeded"
    assert {clinic.status(visit) for visit in visits} == {"completed"}


def test_r24_look_ups_that_all_fail_fail_the_run(clinic: NeoCasesBench) -> None:
    visit, record = clinic.seen()
    other, _ = clinic.seen("2026-05-03 07:00:00", "OTHER")
    clinic.cases()
    clinic.later(DAY)
    stranger = clinic.neo.visit(other)["patient_id"]
    clinic.neo.set_knob("consultation_patient", {record: stranger})
    clinic.neo.set_knob("consultation_garbled", {"ids": [other]})
    clinic.neo.fault("truncated_json", path="getAppointment$")

    assert clinic.cases().status == "failed"

    assert clinic.status(visit) == "completed"  # it was read, and nothing is known against it


def test_r24_stubborn_ones_take_nobodys_place(clinic: NeoCasesBench) -> None:
    stubborn = [clinic.seen(f"2026-05-04 0{hour}:00:00", f"PET {hour}")[0] for hour in (1, 2, 3)]
    garble(clinic, *stubborn)
    for _ in range(2):
        clinic.cases()
        clinic.later(2 * HOUR)
    new = [clinic.seen(f"2026-05-04 0{hour}:00:00", f"PET {hour}")[0] for hour in (4, 5)]

    job = clinic.cases(sync=CaseSync(unit=2, stop_after_s=0))  # time for one unit only

    assert warnings(job) == {"consultations_left": 3}
    assert {clinic.status(visit) for visit in new} == {"completed"}


def test_r24_a_record_at_which_neo_breaks_down_keeps_no_other_from_being_read(
    clinic: NeoCasesBench,
) -> None:
    breaking, _ = clinic.seen("2026-05-04 06:00:00")
    clinic.cases()
    others = [clinic.seen(f"2026-05-03 {hour:02}:00:00", f"PET {hour}")[0] for hour in range(1, 21)]
    clinic.neo.replace_consultation(breaking)
    anew = clinic.neo.visit(breaking)["consultation_id"]
    clinic.neo.fault("503", path=f"/consultations/{anew}/page-data")
    for _ in range(2):
        clinic.later(2 * HOUR)
        clinic.cases()

    assert {clinic.status(visit) for visit in others} == {"completed"}
    assert clinic.status(breaking) == "ongoing"


@contextmanager
def refused(clinic: NeoCasesBench, which: str) -> Iterator[None]:
    """Within the block ODIS's database takes no such case of the clinic."""
    which = f"clinic_id = '{clinic.clinic_id}' AND {which}"
    alter = "ALTER TABLE public.cases"
    clinic.conn.execute(f"{alter} ADD CONSTRAINT of_odis CHECK (NOT ({which})) NOT VALID")
    try:
        yield
    finally:
        clinic.conn.execute(f"{alter} DROP CONSTRAINT of_odis")
