"""Pieces of seven days, the newest first; what stops an order, and how the next one goes on."""

from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import PimsUnavailable
from idexx_sync.jobs.model import RunOrder
from idexx_sync.jobs.runner import run_job
from idexx_sync.pims.protocol import Snapshot, Window
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync
from tests.kit.database import insert
from tests.kit.job_results import warnings
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import chart, patient_visit, seen, visits


def waiting(bench: ReconciliationBench, sync: SyncName) -> None:
    """A run of that sync waits for the clinic."""
    values = {"id": uuid4(), "clinic_id": bench.clinic_id, "sync": sync, "trigger": "schedule"}
    insert(bench.conn, "idexx_sync.jobs", values)


def breaking_at(bench: ReconciliationBench, number: int) -> list[str]:
    """The calendar answers no read of that number; first days of each read, in their order."""
    read: list[str] = []
    original = bench.pims.schedule

    def schedule(window: Window) -> Snapshot:
        read.append(str(window.first_day))
        if len(read) == number:
            raise PimsUnavailable("down", code="refused")
        return original(window)

    bench.pims.schedule = schedule  # type: ignore[method-assign]
    return read


def test_the_days_are_read_in_pieces_of_seven_the_newest_first(bench: ReconciliationBench) -> None:
    bench.night(10)

    reads = breaking_at(bench, 99)

    bench.reconcile(lookback_days=15)
    bench.reconcile(lookback_days=1)

    assert reads == ["2026-05-08", "2026-05-01", "2026-04-29", "2026-05-13"]


@pytest.mark.parametrize("sync", ["inbound", "cases"])
def test_after_its_first_piece_it_makes_way_for_a_run_that_waits(
    bench: ReconciliationBench, sync: SyncName
) -> None:
    bench.night(10)
    waiting(bench, sync)

    job = bench.reconcile(lookback_days=15)

    assert job.result is not None
    assert warnings(job) == {"days_left": 9}
    assert job.result["days_left"] == ("2026-04-29", "2026-05-07")
    assert (job.result["fresh"], job.result["unfresh"]) == (False, "days_left")


def test_the_next_night_begins_with_today_and_goes_on_with_what_was_left(
    bench: ReconciliationBench,
) -> None:
    bench.night(10)
    waiting(bench, "inbound")
    bench.reconcile(lookback_days=20)
    bench.conn.execute("DELETE FROM idexx_sync.jobs WHERE status = 'queued'")
    bench.conn.execute(
        "UPDATE idexx_sync.jobs SET result = result || %s WHERE clinic_id = %s",
        (Jsonb({"days_left": ["2026-04-25", "2026-04-26"]}), bench.clinic_id),
    )
    bench.night(11)
    reads = breaking_at(bench, 99)

    bench.reconcile(lookback_days=20)

    assert reads == ["2026-05-09", "2026-04-25", "2026-05-02"]


def test_less_than_a_minute_before_the_deadline_no_further_piece_is_begun(
    bench: ReconciliationBench,
) -> None:
    bench.night(10)
    dependencies = bench.dependencies(remaining=lambda: 50.0)
    order = RunOrder(uuid4(), bench.clinic_id, "reconciliation")

    job = run_job(order, ReconciliationSync(), dependencies)

    assert warnings(job) == {"days_left": 1}


def test_a_retry_goes_on_with_the_first_piece_that_is_not_done(bench: ReconciliationBench) -> None:
    bench.retried = True
    bench.night(10)
    reads = breaking_at(bench, 2)
    job = bench.reconcile(lookback_days=15)
    assert job.status == "queued"
    bench.later(24 * 60)  # over midnight: the days are those of the order

    order = RunOrder(job.id, None, "reconciliation")
    job = run_job(order, ReconciliationSync(), bench.dependencies())

    assert job.status == "succeeded", job.error_message
    assert reads == ["2026-05-08", "2026-05-01", "2026-05-01", "2026-04-29"]


def _unlike(bench: ReconciliationBench) -> None:
    bench.pims.is_whole = False


def _of_another_clinic(bench: ReconciliationBench) -> None:
    bench.pims.records = visits(10, first=900101)


@pytest.mark.parametrize(
    ("answers", "status", "unfresh"),
    [
        (_unlike, "succeeded_with_warnings", "read_incomplete"),
        (_of_another_clinic, "held", "foreign_calendar"),
    ],
)
def test_r24_what_was_wrong_with_a_piece_of_an_earlier_attempt_is_no_success_of_the_next(
    bench: ReconciliationBench, answers: Any, status: str, unfresh: str
) -> None:
    bench.retried = True
    bench.shows(*visits(6, patient_id="40021"))
    bench.synced()
    bench.night()
    answers(bench)
    breaking_at(bench, 2)
    job = bench.reconcile(lookback_days=15)
    assert job.status == "queued"

    order = RunOrder(job.id, None, "reconciliation")
    job = run_job(order, ReconciliationSync(), bench.dependencies())

    assert job.result is not None
    assert (job.status, job.result["fresh"], job.result["unfresh"]) == (status, False, unfresh)
    incomplete = 3 if unfresh == "read_incomplete" else 0  # pieces, each told once
    assert warnings(job).get("read_incomplete", 0) == incomplete


def test_r24_records_that_could_not_be_read_are_asked_for_by_the_next_attempt(
    bench: ReconciliationBench,
) -> None:
    bench.retried = True
    bench.writes(chart())
    bench.shows(seen())
    bench.synced()
    bench.night()
    bench.pims.charts_read.clear()
    bench.pims.breaks_at = "9600101"
    reads = breaking_at(bench, 99)
    job = bench.reconcile(lookback_days=10)
    assert job.status == "queued"
    assert len(reads) == 2  # what is not about records is done all the same
    bench.pims.breaks_at = None

    order = RunOrder(job.id, None, "reconciliation")
    job = run_job(order, ReconciliationSync(), bench.dependencies())

    assert job.status == "succeeded", job.result
    assert bench.pims.charts_read == ["9600101"]
    assert reads == ["2026-04-29", "2026-04-25", "2026-04-29"]


def test_a_pause_ends_it_before_its_next_piece(bench: ReconciliationBench) -> None:
    bench.night(10)
    paused = {"clinic_id": bench.clinic_id, "paused_by": "a tester", "reason": "a test"}
    bench.pims.before_answer = lambda: insert(bench.conn, "idexx_sync.pauses", paused)

    job = bench.reconcile(lookback_days=15)

    assert warnings(job)["stopped_by_pause"] == 1
    assert warnings(job)["days_left"] == 9


def test_the_days_are_the_clinics_own(bench: ReconciliationBench) -> None:
    """At nine in the evening of a clinic in Los Angeles it is the next day in UTC."""
    bench.night(1)
    bench.later(19 * 60)
    reads = breaking_at(bench, 99)

    bench.reconcile(lookback_days=1)

    assert reads == ["2026-05-04"]


def test_a_piece_that_is_committed_stays_whatever_becomes_of_the_next(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit())
    bench.synced()
    bench.night(6)
    bench.pims.delete("600101")
    breaking_at(bench, 2)
    job = bench.reconcile()

    assert job.status == "failed"
    assert bench.keys() == []
    assert bench.found() == {
        ("appointment", "deleted_in_neo"): "fixed",
        ("case", "deleted_in_neo"): "fixed",
    }
