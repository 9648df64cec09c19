"""Rule R2: the window is whole local days, and decides whose absence means something."""

from datetime import UTC, date, datetime, timedelta

import pytest

from idexx_sync.jobs.model import Job, new_order, tick_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench
from tests.kit.job_results import counts
from tests.kit.records import MONDAY, visit

FRIDAY = MONDAY + timedelta(days=4)


def sync_with(bench: Bench, params: WindowParams) -> Job:
    return run_job(
        new_order(bench.clinic_id, "inbound", "cli", params), InboundSync(), bench.dependencies()
    )


def window_of(job: Job) -> tuple[str, str]:
    assert job.result is not None, job.error_message
    first, last = job.result["window"]
    return first, last


def test_r02_rows_of_the_days_beside_the_window_are_left_alone(bench: Bench) -> None:
    bench.pims.records = [
        visit("1", "2026-05-04 23:30:00", end="2026-05-04 23:45:00"),
        visit("2", "2026-05-05 00:00:00"),
        visit("3", "2026-05-06 23:30:00", end="2026-05-06 23:45:00"),
        visit("4", "2026-05-07 00:00:00"),
    ]
    bench.sync()
    bench.pims.records = []
    bench.later()

    job = bench.sync(date(2026, 5, 5), date(2026, 5, 6))

    assert sorted(bench.pims.looked_up) == ["2", "3"]
    assert counts(job)["missing"] == 2


def test_r02_a_shown_record_beyond_the_window_is_not_taken_in(bench: Bench) -> None:
    bench.pims.beside = [visit("1", "2026-05-07 00:00:00"), visit("2", "2026-05-06 23:00:00")]

    job = bench.sync(MONDAY, date(2026, 5, 6))

    assert bench.keys() == ["2"]
    assert counts(job)["read"] == 1


def test_r02_a_row_whose_id_is_shown_belongs_to_the_window(bench: Bench) -> None:
    """Moved out of the window, yet shown: the row follows."""
    bench.pims.records = [visit("1", "2026-05-05 09:00:00")]
    bench.sync()
    bench.pims.records = []
    bench.pims.beside = [visit("1", "2026-05-11 10:00:00")]
    bench.later()

    job = bench.sync()

    assert counts(job)["updated"] == 1
    assert bench.row("1")["date"] == date(2026, 5, 11)
    assert bench.pims.looked_up == []


def test_r02_a_row_from_outside_that_moved_in_is_updated_not_doubled(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-20 09:00:00")]
    bench.sync(MONDAY, date(2026, 5, 31))
    bench.pims.replace("1", start="2026-05-05 09:00:00", end="2026-05-05 09:30:00")
    bench.later()

    job = bench.sync()

    assert counts(job)["updated"] == 1
    assert [row["date"] for row in bench.rows(removed=True)] == [date(2026, 5, 5)]


def test_r02_a_removed_row_whose_id_is_shown_is_revived(bench: Bench) -> None:
    bench.pims.records = [visit("1")]
    bench.sync()
    bench.pims.delete("1")
    bench.later()
    bench.sync()
    bench.pims.records = [visit("1", "2026-05-06 09:00:00")]
    bench.later()

    job = bench.sync()

    assert counts(job)["updated"] == 1
    (row,) = bench.rows(removed=True)
    assert (row["deleted_at"], row["date"]) == (None, date(2026, 5, 6))


@pytest.mark.parametrize("days", [1, 14, 60])
def test_r02_without_dates_a_run_covers_the_horizon(bench: Bench, days: int) -> None:
    bench.configure("clinic_schedule_configs", sync_horizon_days=days)
    order = tick_order(bench.clinic_id, "inbound", "schedule", bench.now, WindowParams())

    job = run_job(order, InboundSync(), bench.dependencies())

    assert window_of(job) == ("2026-05-04", str(MONDAY + timedelta(days=days - 1)))


def test_r02_today_is_the_clinics_own_day(bench: Bench) -> None:
    bench.now = datetime(2026, 5, 5, 6, 59, tzinfo=UTC)
    before_midnight = sync_with(bench, WindowParams())
    bench.now = datetime(2026, 5, 5, 7, 0, tzinfo=UTC)
    after_midnight = sync_with(bench, WindowParams())

    assert window_of(before_midnight)[0] == "2026-05-04"
    assert window_of(after_midnight)[0] == "2026-05-05"


def test_r02_one_given_end_is_completed_by_today_or_the_horizon(bench: Bench) -> None:
    bench.configure("clinic_schedule_configs", sync_horizon_days=14)
    assert window_of(sync_with(bench, WindowParams(first_day=FRIDAY))) == (
        "2026-05-08",
        "2026-05-17",
    )
    assert window_of(sync_with(bench, WindowParams(last_day=FRIDAY))) == (
        "2026-05-04",
        "2026-05-08",
    )
    late = date(2026, 7, 1)
    assert window_of(sync_with(bench, WindowParams(first_day=late))) == ("2026-07-01", "2026-07-01")


@pytest.mark.parametrize(
    "params",
    [WindowParams(first_day=date(2026, 3, 1)), WindowParams(last_day=date(2026, 9, 1))],
    ids=["only_from", "only_to"],
)
def test_r02_a_completed_window_has_at_most_62_days_too(bench: Bench, params: WindowParams) -> None:
    job = sync_with(bench, params)

    assert job.status == "failed"
    assert job.error_kind == "configuration_invalid"
    assert "62" in (job.error_message or "")
