"""Rule R13: readers see how fresh the calendar is, at the price of few writes."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from idexx_sync.clinics.status import SyncStatus, read_clinic_status
from idexx_sync.core.errors import PimsUnavailable
from idexx_sync.pims.protocol import Unreadable
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.database import query
from tests.kit.interference import WritesBeforeApply
from tests.kit.job_results import counts
from tests.kit.records import MONDAY, visit, visits
from tests.kit.rows import add_credentials

HALF = 30
"""Minutes; half of the clinic's staleness threshold."""


def slots_synced_at(bench: Bench) -> set[datetime]:
    found = query(
        bench.conn,
        "SELECT DISTINCT last_synced_at FROM public.schedule_slots WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    return {row["last_synced_at"] for row in found}


def rows_synced_at(bench: Bench) -> set[datetime]:
    return {row["last_synced_at"] for row in bench.rows()}


def status(bench: Bench) -> SyncStatus:
    """How fresh the clinic's calendar is for its operators."""
    inbound = read_clinic_status(bench.conn, bench.clinic_id).syncs[0]
    assert inbound.sync == "inbound"
    return replace(inbound, last_success_at=to_the_second(inbound.last_success_at))


def to_the_second(moment: datetime | None) -> datetime | None:
    """The database's business time goes on by itself while a run lasts."""
    return moment and moment.replace(microsecond=0)


def needs(bench: Bench) -> list[tuple[str, str, datetime | None]]:
    """What is needed from whom, but for the acting user, and since when."""
    found = read_clinic_status(bench.conn, bench.clinic_id).needs
    return [
        (need.who, need.what, to_the_second(need.since))
        for need in found
        if not need.what.startswith("acting user")
    ]


def test_r13_a_complete_run_writes_one_finished_row(bench: Bench) -> None:
    bench.pims.records = visits(7)

    job = bench.sync()

    (row,) = bench.schedule_syncs()
    assert (row["status"], row["sync_start_date"], row["sync_end_date"]) == (
        "completed",
        MONDAY,
        MONDAY + timedelta(days=6),
    )
    assert (row["started_at"], row["completed_at"]) == (bench.now, bench.now)
    assert (row["appointments_added"], row["slots_created"]) == (7, counts(job)["slots_created"])
    assert (row["partial_success"], row["progress_percentage"]) == (False, 100)


def test_r13_each_run_has_its_row_also_when_nothing_changed(bench: Bench) -> None:
    bench.pims.records = visits(7)
    for _ in range(3):
        bench.sync()
        bench.later()

    assert [row["appointments_added"] for row in bench.schedule_syncs()] == [7, 0, 0]


@pytest.mark.parametrize(
    ("threshold", "seconds", "rows"),
    [(60, 20, 1), (60, 59, 1), (60, 60, 2), (1, 20, 1), (1, 29, 1), (1, 31, 2)],
)
def test_r13_an_unchanged_run_within_a_minute_tells_nothing_again(
    bench: Bench, threshold: int, seconds: int, rows: int
) -> None:
    bench.configure("clinic_schedule_configs", stale_threshold_minutes=threshold)
    bench.pims.records = visits(7)
    bench.sync()
    bench.later(seconds / 60)

    job = bench.sync()

    assert job.result is not None
    assert (job.status, job.result["fresh"]) == ("succeeded", True)
    assert status(bench).last_success_at == bench.now
    assert len(bench.schedule_syncs()) == rows


def test_r13_orders_in_a_loop_add_a_row_a_minute(bench: Bench) -> None:
    bench.pims.records = visits(3)
    for _ in range(13):
        bench.sync()
        bench.later(10 / 60)

    assert len(bench.schedule_syncs()) == 3
    ages = [row["completed_at"] for row in bench.schedule_syncs()]
    assert {later - sooner for sooner, later in pairwise(ages)} == {timedelta(minutes=1)}


@pytest.mark.parametrize("what", ["changed", "partial", "slots", "other_days", "failed"])
def test_r13_what_is_new_is_told_at_once(bench: Bench, what: str) -> None:
    bench.pims.records = visits(10)
    last = MONDAY + timedelta(days=7 if what == "other_days" else 6)
    bench.sync()
    if what == "changed":
        bench.pims.replace("600101", status="Arrived")
    elif what == "partial":
        for n in range(6):
            bench.pims.replace(str(600101 + n), status="Cancelled")
    elif what == "slots":
        bench.conn.execute(
            "UPDATE public.schedule_slots SET last_synced_at = NULL WHERE clinic_id = %s",
            (bench.clinic_id,),
        )
    elif what == "failed":
        bench.conn.execute("UPDATE public.schedule_syncs SET status = 'failed'")
    bench.later(10 / 60)

    job = bench.sync(MONDAY, last)

    assert [row["id"] for row in bench.schedule_syncs()][1:] == [job.id]
    if what == "slots":
        named = query(
            bench.conn,
            "SELECT DISTINCT sync_id FROM public.schedule_slots WHERE clinic_id = %s",
            (bench.clinic_id,),
        )
        assert named == [{"sync_id": job.id}]


def test_r13_another_clinics_row_tells_nothing_of_this_one(bench: Bench) -> None:
    other = Bench(bench.conn, bench.url, add_clinic(bench.conn), lent=bench.database)
    other.pims.records = bench.pims.records = visits(7)
    bench.sync()
    bench.later(2)
    other.sync()

    bench.sync()

    assert len(bench.schedule_syncs()) == 2


def test_r13_the_row_counts_what_was_written(bench: Bench) -> None:
    bench.pims.records = visits(7)
    bench.sync()
    bench.pims.replace("600101", status="Arrived")
    bench.pims.replace("600102", status="Arrived")
    bench.pims.delete("600103")
    bench.pims.records.append(visit("1", "2026-05-07 09:00:00"))
    bench.later()
    bench.sync()

    row = bench.schedule_syncs()[-1]
    assert (
        row["appointments_added"],
        row["appointments_updated"],
        row["appointments_removed"],
    ) == (1, 2, 1)


@pytest.mark.parametrize(
    ("first", "last", "is_fresh"),
    [
        (0, 6, True),
        (-3, 6, True),
        (0, 9, True),
        (0, 0, False),
        (0, 5, False),
        (1, 6, False),
        (1, 20, False),
        (-6, 0, False),
        (-9, -1, False),
        (7, 13, False),
    ],
)
def test_r13_only_a_run_over_all_days_to_the_horizon_is_a_sign_of_freshness(
    bench: Bench, first: int, last: int, is_fresh: bool
) -> None:

    job = bench.sync(MONDAY + timedelta(days=first), MONDAY + timedelta(days=last))

    assert job.status == "succeeded"
    assert job.result is not None
    assert job.result["fresh"] is is_fresh
    assert len(bench.schedule_syncs()) == is_fresh
    assert status(bench).last_success_at == (bench.now if is_fresh else None)


def test_r13_the_day_and_the_horizon_are_those_of_the_run(bench: Bench) -> None:
    bench.sync()
    bench.later(24 * 60)
    bench.sync(MONDAY, MONDAY + timedelta(days=6))
    assert len(bench.schedule_syncs()) == 1

    bench.sync(MONDAY, MONDAY + timedelta(days=7))
    assert len(bench.schedule_syncs()) == 2
    bench.configure("clinic_schedule_configs", sync_horizon_days=14)
    bench.sync(MONDAY, MONDAY + timedelta(days=7))
    assert len(bench.schedule_syncs()) == 2


def test_r13_an_incomplete_read_is_no_success_and_the_status_says_so(bench: Bench) -> None:
    add_credentials(bench.conn, bench.clinic_id)
    bench.pims.records = visits(7)
    bench.sync()
    success = bench.now
    bench.later(14)
    bench.pims.unreadable = [Unreadable("id_missing", None)]

    job = bench.sync()

    assert (job.status, status(bench).last_success_at) == ("succeeded_with_warnings", success)
    (who, what, since), doubt = needs(bench)
    assert (doubt[0], doubt[2]) == ("odis", bench.now)
    assert (who, since) == ("nobody", success)
    assert what.startswith("last inbound run: no complete read of the calendar")
    bench.later(60)
    bench.sync()
    assert status(bench).freshness == "stale"
    assert [(who, since) for who, _, since in needs(bench)] == [
        ("odis", success),
        ("odis", success + timedelta(minutes=14)),
    ]
    bench.pims.unreadable = []
    bench.sync()
    bench.later()  # which proves what could not be read gone
    bench.sync()
    assert (status(bench).freshness, needs(bench)) == ("on_time", [])


def test_r13_runs_over_other_days_leave_a_status_that_says_so(bench: Bench) -> None:
    add_credentials(bench.conn, bench.clinic_id)
    bench.pims.records = visits(7)
    bench.sync()
    success = bench.now
    bench.later(5)
    bench.sync(MONDAY, MONDAY)
    assert needs(bench) == []
    bench.later(90)

    bench.sync(MONDAY, MONDAY)

    assert status(bench).freshness == "stale"
    ((who, what, since),) = needs(bench)
    assert (who, since) == ("odis", success)
    assert what.startswith("last inbound run: it did not cover all of the days")


def test_r13_a_preview_is_no_success(bench: Bench) -> None:
    add_credentials(bench.conn, bench.clinic_id)
    job = bench.sync(manner="preview")

    assert job.result is not None
    assert (job.result["fresh"], status(bench).last_success_at) == (False, None)
    assert needs(bench) == []


@pytest.mark.parametrize("why", ["no_id", "alive", "preview", "shadow", "failed", "foreign"])
def test_r13_no_other_run_writes_a_row_or_refreshes(bench: Bench, why: str) -> None:
    bench.pims.records = visits(7)
    bench.sync()
    before = bench.schedule_syncs(), rows_synced_at(bench), slots_synced_at(bench)
    if why == "no_id":
        bench.pims.unreadable = [Unreadable("id_missing", None)]
    elif why == "alive":
        bench.pims.hidden = {"600101"}
    elif why == "failed":
        bench.pims.error = PimsUnavailable("down", code="refused")
    elif why == "foreign":
        bench.pims.records = visits(7, 900101)
    elif why == "shadow":
        bench.stage("shadow")
    bench.later(120)

    bench.sync(manner="preview" if why == "preview" else "apply")

    assert (bench.schedule_syncs(), rows_synced_at(bench), slots_synced_at(bench)) == before


def test_r13_a_complete_run_with_held_records_says_that_it_is_partial(bench: Bench) -> None:
    bench.pims.records = visits(10)
    bench.sync()
    for n in range(6):
        bench.pims.replace(str(600101 + n), status="Cancelled")
    bench.later()
    bench.sync()

    row = bench.schedule_syncs()[-1]
    assert (row["status"], row["partial_success"]) == ("completed", True)


@pytest.mark.parametrize(
    ("threshold", "minutes", "refreshed"),
    [(60, HALF, False), (60, HALF + 1 / 60, True), (20, 10, False), (20, 11, True), (5, 3, True)],
)
def test_r13_rows_and_slots_are_refreshed_when_older_than_half_the_threshold(
    bench: Bench, threshold: int, minutes: float, refreshed: bool
) -> None:
    bench.configure("clinic_schedule_configs", stale_threshold_minutes=threshold)
    bench.pims.records = visits(7)
    bench.sync()
    first = bench.now
    bench.later(minutes)

    bench.sync()

    expected = {bench.now if refreshed else first}
    assert (rows_synced_at(bench), slots_synced_at(bench)) == (expected, expected)


def test_r13_a_row_that_the_read_did_not_show_keeps_its_age(bench: Bench) -> None:
    bench.pims.records = visits(7)
    bench.sync()
    first = bench.now
    bench.pims.forget("600101")
    bench.later(45)

    bench.sync()

    assert bench.row("600101")["last_synced_at"] == first
    assert bench.row("600102")["last_synced_at"] == bench.now


def test_r13_only_the_windows_days_are_refreshed(bench: Bench) -> None:
    bench.pims.records = visits(7)
    bench.sync()
    first = bench.now
    bench.later(45)

    bench.sync(MONDAY, MONDAY)

    ages: dict[date, Any] = {row["date"]: row["last_synced_at"] for row in bench.rows()}
    assert ages == {MONDAY: bench.now, MONDAY + timedelta(days=1): first}
    assert slots_synced_at(bench) == {first, bench.now}


def test_r13_slots_name_the_run_that_refreshed_them(bench: Bench) -> None:
    bench.sync()
    bench.later(45)
    bench.sync()

    found = query(
        bench.conn,
        "SELECT DISTINCT sync_id FROM public.schedule_slots WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    assert [row["sync_id"] for row in found] == [bench.schedule_syncs()[-1]["id"]]


def test_r13_new_slots_name_the_run_that_made_them(bench: Bench) -> None:
    bench.sync()

    found = query(
        bench.conn,
        "SELECT DISTINCT sync_id FROM public.schedule_slots WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    assert [row["sync_id"] for row in found] == [bench.schedule_syncs()[-1]["id"]]


def slot_stamps(bench: Bench) -> set[datetime]:
    """What readers of slots take their age from."""
    found = query(
        bench.conn,
        "SELECT DISTINCT last_synced_at FROM public.schedule_slots WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    return {row["last_synced_at"] for row in found}


@pytest.mark.parametrize("all_days", [True, False])
def test_r13_an_empty_calendar_renews_no_stamp_and_offers_nothing_new(
    bench: Bench, all_days: bool
) -> None:
    bench.pims.records = visits(5)
    bench.sync()
    before = slot_stamps(bench)
    bench.pims.records = []
    bench.later(24 * 60)
    last = MONDAY + timedelta(days=7 if all_days else 0)

    job = bench.sync(MONDAY, last)

    assert (job.status, slot_stamps(bench)) == ("held", before)
    assert job.result is not None
    assert job.result["unfresh"] == ("empty_calendar" if all_days else "other_days")
    assert bench.slots(MONDAY + timedelta(days=7)) == {}


@pytest.mark.parametrize("what", ["unproven_losses", "times_shifted"])
def test_r13_a_doubted_calendar_renews_no_stamp_and_offers_nothing_new(
    bench: Bench, what: str
) -> None:
    """A day that comes within the horizon may lack as much as those that are known."""
    bench.pims.records = visits(20, day=MONDAY + timedelta(days=1))
    bench.sync()
    before = slot_stamps(bench)
    for n in range(20):
        if what == "unproven_losses" and n % 2:
            bench.pims.forget(str(600101 + n))
        elif what == "times_shifted":
            day, hour = MONDAY + timedelta(days=1 + n // 5), 9 + n % 5 * 2
            bench.pims.replace(str(600101 + n), start=f"{day} {hour:02}:00:00", end=None)
    bench.later(24 * 60)

    job = bench.sync(MONDAY + timedelta(days=1), MONDAY + timedelta(days=7))

    assert (job.status, slot_stamps(bench)) == ("held", before)
    assert job.result is not None
    assert job.result["unfresh"] == what
    assert bench.slots(MONDAY + timedelta(days=7)) == {}


def test_r13_a_run_that_leaves_a_conflict_renews_no_stamp(bench: Bench) -> None:
    bench.pims.records = visits(2)
    bench.sync()
    before = slot_stamps(bench)
    bench.pims.replace("600101", status="Arrived")
    bench.later(45)

    def somebody_writes() -> None:
        bench.conn.execute(
            "UPDATE public.schedule_appointments SET updated_at = idexx_sync.clock() "
            "WHERE neo_appointment_id = '600101'"
        )

    job = bench.run(WritesBeforeApply(somebody_writes))

    assert job.result is not None
    assert (job.result["unfresh"], slot_stamps(bench)) == ("conflicts", before)
