"""Rules R2 and R17: which days a case run reads, and how often a record."""

from datetime import timedelta

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.jobs.params import WindowParams
from idexx_sync.syncs.cases.sync import CaseSync
from tests.kit.job_results import warnings
from tests.kit.neo_bench import MONDAY
from tests.kit.neo_cases_bench import DAY, HOUR, NeoCasesBench


def window(job: Job) -> tuple[int, int]:
    """First and last day, counted from the first Monday."""
    assert job.result is not None
    first, last = (MONDAY.fromisoformat(day) for day in job.result["window"])
    return (first - MONDAY).days, (last - MONDAY).days


def test_r02_after_an_outage_the_window_reaches_back_to_what_no_run_has_read(
    clinic: NeoCasesBench,
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00")
    assert window(clinic.cases()) == (-7, 2)
    clinic.later(HOUR)
    clinic.neo.start_consultation(visit)
    clinic.neo.finalise(visit)
    clinic.later(9 * DAY)

    job = clinic.cases()

    assert window(job) == (-7, 11)
    assert clinic.status(visit) == "completed"
    assert "days_lost" not in (job.result or {})
    clinic.later(2 * HOUR)
    assert window(clinic.cases()) == (2, 11)


@pytest.mark.parametrize(("outage", "lost"), [(52, 0), (53, 1), (70, 18)])
def test_r02_what_lies_more_than_62_days_back_is_left_and_told(
    clinic: NeoCasesBench, outage: int, lost: int
) -> None:
    clinic.cases()
    clinic.later(outage * DAY)

    job = clinic.cases()

    assert window(job) == (max(-7, outage - 59), outage + 2)
    assert warnings(job).get("days_lost", 0) == lost
    told = (str(MONDAY - timedelta(days=7)), str(MONDAY + timedelta(days=lost - 8)))
    assert (job.result or {}).get("days_lost") == (told if lost else None)
    clinic.later(2 * HOUR)
    assert "days_lost" not in warnings(clinic.cases())


def test_r02_days_that_somebody_names_stay_and_are_no_success_while_others_are_due(
    clinic: NeoCasesBench,
) -> None:
    clinic.cases()
    clinic.later(9 * DAY)
    usual = WindowParams(first_day=MONDAY + timedelta(days=2), last_day=MONDAY + timedelta(days=11))

    job = clinic.cases(usual)
    assert window(job) == (2, 11)
    assert (job.result or {})["unfresh"] == "other_days"
    assert window(clinic.cases(WindowParams(last_day=usual.last_day))) == (2, 11)

    assert window(clinic.cases()) == (-7, 11)


def test_r02_a_failed_run_is_no_last_success(clinic: NeoCasesBench) -> None:
    clinic.cases()
    clinic.later(4 * DAY)
    clinic.neo.set_knob("envelope", "events_null")
    assert clinic.cases().status == "failed"
    clinic.neo.set_knob("envelope", "events")
    clinic.later(4 * DAY)

    assert window(clinic.cases()) == (-7, 10)


def test_r17_after_an_outage_the_usual_days_come_first_and_the_rest_goes_on(
    clinic: NeoCasesBench,
) -> None:
    """While records of the outage's days are left, no run is the success to reach back to."""
    clinic.cases()
    old = [clinic.seen(f"2026-05-0{day} 09:00:00", f"PET {day}")[0] for day in (1, 2, 3)]
    clinic.later(12 * DAY)
    new = [clinic.seen("2026-05-15 09:00:00", f"NEW {n}")[0] for n in range(2)]
    one_unit = CaseSync(unit=2, stop_after_s=0)

    job = clinic.cases(sync=one_unit)

    assert all(clinic.document(visit) for visit in new)
    assert not any(clinic.document(visit) for visit in old)
    assert (job.result or {})["unfresh"] == "days_left"
    clinic.later(2 * HOUR)
    clinic.cases(sync=one_unit)
    assert [bool(clinic.document(visit)) for visit in old] == [False, True, True]  # newest first
    clinic.later(2 * HOUR)
    job = clinic.cases(sync=one_unit)
    assert window(job)[0] == -7
    assert all(clinic.document(visit) for visit in old)
    assert (job.result or {})["fresh"]
    clinic.later(2 * HOUR)
    assert window(clinic.cases())[0] == 5


def test_r17_a_nightly_run_that_comes_earlier_each_night_reads_daily(
    clinic: NeoCasesBench,
) -> None:
    _, record = clinic.seen()
    for night in range(1, 6):
        clinic.cases()
        assert clinic.asked_for(record) == night
        clinic.later(DAY - 5 / 60)


def test_r17_a_run_some_hours_later_reads_nothing_again(clinic: NeoCasesBench) -> None:
    _, record = clinic.seen()
    for _ in range(10):
        clinic.cases()
        clinic.later(2 * HOUR)

    assert clinic.asked_for(record) == 1


def test_r17_what_is_read_again_today_comes_before_what_an_outage_left(
    clinic: NeoCasesBench,
) -> None:
    today = clinic.neo.book("2026-05-06 09:00:00", patient="TODAY")
    record = clinic.neo.start_consultation(today)
    clinic.cases()
    old, _ = clinic.seen("2026-05-03 09:00:00")
    clinic.later(9 * DAY)
    assert clinic.asked_for(record) == 1

    clinic.cases(sync=CaseSync(unit=1, stop_after_s=0))

    assert clinic.document(old) == {}
    assert clinic.asked_for(record) == 2
