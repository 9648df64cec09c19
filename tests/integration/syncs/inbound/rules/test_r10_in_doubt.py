"""What is doubled, in conflict, held or older than what we have takes all that it names."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.pims.protocol import SourceRecord, Unreadable
from idexx_sync.syncs.proof import READS_THAT_SET_APART
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.interference import WritesBeforeApply
from tests.kit.job_results import counts, held, warnings
from tests.kit.records import MONDAY, block, visit, visits

LATER = "2026-05-01 11:00:00"


def taken(bench: Bench, day: date = MONDAY) -> list[str]:
    return [start for start, booked in bench.slots(day).items() if booked]


def is_fresh(bench: Bench, job: Job) -> bool:
    return any(row["id"] == job.id for row in bench.schedule_syncs())


# Doubled ----------------------------------------------------------------------------------------

TWO_HOURS = visit("1", "2026-05-04 09:00:00", end="2026-05-04 11:00:00")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (replace(TWO_HOURS, provider_name="DR A EXAMPLE"), ["09:00", "09:30", "10:00", "10:30"]),
        (
            replace(TWO_HOURS, start="2026-05-04 14:00:00", end="2026-05-04 14:30:00"),
            ["09:00", "09:30", "10:00", "10:30", "14:00"],
        ),
        (
            replace(TWO_HOURS, end="2026-05-04 11:30:00"),
            ["09:00", "09:30", "10:00", "10:30", "11:00"],
        ),
    ],
    ids=["spelling", "start", "end"],
)
def test_r10_a_doubled_visit_takes_what_any_of_its_versions_names(
    bench: Bench, other: SourceRecord, expected: list[str]
) -> None:
    bench.pims.records = [TWO_HOURS, other]

    bench.sync()

    assert taken(bench) == expected
    assert max(bench.slots().values()) == 1


def test_r10_a_doubled_visit_takes_every_room_that_it_names(bench: Bench) -> None:
    bench.configure("clinic_schedule_configs", default_capacity=3)
    bench.pims.records = [TWO_HOURS, replace(TWO_HOURS, room_id="5")]

    bench.sync()

    assert bench.slots()["09:00"] == 2


def test_r10_a_stored_visit_that_comes_twice_takes_its_old_time_too(bench: Bench) -> None:
    bench.pims.records = [TWO_HOURS]
    bench.sync()
    moved = replace(TWO_HOURS, start="2026-05-04 14:00:00", end="2026-05-04 14:30:00")
    bench.pims.records = [replace(moved, status="Arrived"), replace(moved, status="Late")]
    bench.later()

    bench.sync()

    assert taken(bench) == ["09:00", "09:30", "10:00", "10:30", "14:00"]


def test_r10_once_it_comes_once_it_takes_what_it_says(bench: Bench) -> None:
    bench.pims.records = [TWO_HOURS, replace(TWO_HOURS, start="2026-05-04 14:00:00", end=None)]
    bench.sync()
    bench.pims.records = [TWO_HOURS]
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded"
    assert taken(bench) == ["09:00", "09:30", "10:00", "10:30"]


def test_r10_the_time_of_an_older_version_beside_the_newest_is_taken_too(bench: Bench) -> None:
    newest = replace(TWO_HOURS, start="2026-05-04 14:00:00", end=None, last_updated_at=LATER)
    bench.pims.records = [TWO_HOURS, newest]

    job = bench.sync()

    assert job.status == "succeeded"
    assert str(bench.row("1")["start_time"]) == "14:00:00"
    assert taken(bench) == ["09:00", "09:30", "10:00", "10:30", "14:00"]


# Held, and in conflict --------------------------------------------------------------------------


def test_r10_while_a_shift_is_held_old_and_new_times_are_taken(bench: Bench) -> None:
    bench.pims.records = visits(5)
    bench.sync()
    for record in visits(5):
        moved = str(record.start).replace(":00:00", ":30:00")
        bench.pims.replace(record.id, start=moved, end=None)
    bench.later()

    job = bench.sync()

    assert held(job) == {"times_shifted": 5}
    assert taken(bench) == sorted(
        [f"{h:02}:{m}" for h in (8, 10, 12, 14, 16) for m in ("00", "30")]
    )


@pytest.mark.parametrize("verdict", ["approved", "back"])
def test_r10_once_a_shift_is_settled_only_one_time_is_taken(bench: Bench, verdict: str) -> None:
    bench.pims.records = visits(5)
    bench.sync()
    before = bench.pims.records
    bench.pims.records = [
        replace(record, start=record.start.replace(":00:00", ":30:00"), end=None)
        for record in before
    ]
    bench.later()
    bench.sync()
    if verdict == "approved":
        bench.decide("times_shifted", "approved")
    else:
        bench.pims.records = before
    bench.later()

    bench.sync()

    minute = "30" if verdict == "approved" else "00"
    assert taken(bench) == [f"{hour:02}:{minute}" for hour in (8, 10, 12, 14, 16)]


def test_r10_a_row_in_conflict_takes_its_new_time_and_the_run_is_not_fresh(bench: Bench) -> None:
    bench.pims.records = visits(2)
    bench.sync()
    bench.pims.replace("600101", start="2026-05-04 15:00:00", end=None)
    bench.later()

    def somebody_writes() -> None:
        bench.conn.execute(
            "UPDATE public.schedule_appointments SET updated_at = idexx_sync.clock() "
            "WHERE neo_appointment_id = '600101'"
        )

    job = bench.run(WritesBeforeApply(somebody_writes))

    assert warnings(job) == {"conflicts_left_for_next_run": 1}
    assert taken(bench) == ["08:00", "10:00", "15:00"]
    assert not is_fresh(bench, job)
    bench.later()
    assert is_fresh(bench, bench.sync())
    assert taken(bench) == ["10:00", "15:00"]


# Refused ----------------------------------------------------------------------------------------


def refuse(bench: Bench) -> None:
    """From now on ODIS refuses rows of one patient."""
    bench.conn.execute(
        "ALTER TABLE public.schedule_appointments "
        "ADD CONSTRAINT of_odis CHECK (patient_name <> 'ROVER') NOT VALID"
    )


@pytest.mark.parametrize("fate", ["not_shown_once", "gone", "deleted"])
def test_r10_a_refused_new_visit_keeps_its_time_until_it_is_proven_gone(
    bench: Bench, fate: str
) -> None:
    refuse(bench)
    try:
        bench.pims.records = [visit("1", patient_name="ROVER"), *visits(1)]
        bench.sync()
        assert taken(bench) == ["08:00", "09:00"]
        shown = bench.pims.records
        bench.pims.forget("1")
        if fate == "deleted":
            bench.pims.records = shown
            bench.pims.hide_as("1", deleted=True)
        bench.later()
        bench.sync()
        still = [] if fate == "deleted" else ["09:00"]
        assert taken(bench) == ["08:00", *still]
        if fate == "not_shown_once":
            bench.pims.records = shown
        bench.later()

        bench.sync()

        assert taken(bench) == (["08:00", "09:00"] if fate == "not_shown_once" else ["08:00"])
        is_refused = fate == "not_shown_once"
        assert bench.record("1")["quarantine_code"] == ("refused" if is_refused else None)
    finally:
        bench.conn.execute("ALTER TABLE public.schedule_appointments DROP CONSTRAINT of_odis")


# Older than what we have ------------------------------------------------------------------------


def behind(bench: Bench) -> None:
    """A visit moved, and then a server answers that does not know it yet."""
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.replace(
        "600101", start="2026-05-04 15:00:00", end="2026-05-04 15:30:00", last_updated_at=LATER
    )
    bench.later()
    bench.sync()
    assert "15:00" in taken(bench)
    bench.pims.records = visits(6)
    bench.later()


def test_r10_an_older_version_changes_nothing_and_is_no_sign_of_freshness(bench: Bench) -> None:
    behind(bench)
    bench.pims.forget("600106")

    job = bench.sync()

    assert str(bench.row("600101")["start_time"]) == "15:00:00"
    assert {"08:00", "15:00"} <= set(taken(bench))
    assert (warnings(job), is_fresh(bench, job)) == ({"read_incomplete": 1}, False)
    assert bench.record("600106")["strikes"] == 0


def test_r10_once_the_newest_is_shown_again_only_its_time_is_taken(bench: Bench) -> None:
    behind(bench)
    bench.sync()
    bench.pims.replace(
        "600101", start="2026-05-04 15:00:00", end="2026-05-04 15:30:00", last_updated_at=LATER
    )
    bench.later()

    job = bench.sync()

    assert is_fresh(bench, job)
    assert "08:00" not in taken(bench)


def test_r10_an_older_version_that_stays_waits_for_a_person_by_name(bench: Bench) -> None:
    behind(bench)
    for _ in range(READS_THAT_SET_APART):
        job = bench.sync()
        bench.later()

    assert (job.status, held(job), is_fresh(bench, job)) == ("held", {"older_version": 1}, True)
    assert {"08:00", "15:00"} <= set(taken(bench))

    bench.decide("older_version", "approved")
    job = bench.sync()

    assert (job.status, counts(job)["updated"]) == ("succeeded", 1)
    assert "15:00" not in taken(bench)


def test_r10_within_the_hour_that_comes_twice_an_earlier_stamp_is_no_older_one(
    bench: Bench,
) -> None:
    bench.pims.records = [visit("1", last_updated_at="2025-11-02 01:50:00")]
    bench.sync()
    bench.pims.replace("1", status="Arrived", last_updated_at="2025-11-02 01:10:00")
    bench.later()

    assert counts(bench.sync())["updated"] == 1


def test_r10_a_stamp_that_alone_is_new_is_remembered_and_writes_no_row(bench: Bench) -> None:
    bench.pims.records = [visit("1")]
    bench.sync()
    bench.pims.replace("1", last_updated_at=LATER)
    bench.later()

    job = bench.sync()

    assert "updated" not in counts(job)
    assert bench.record("1")["source"]["stamp"] == LATER


# Over several days ------------------------------------------------------------------------------


def test_r10_an_event_over_three_days_takes_all_of_them_and_is_told_each_time(
    bench: Bench,
) -> None:
    closure = block("7", "2026-05-04 00:00:00", "2026-05-06 18:00:00", None)
    bench.pims.records = [closure]
    for _ in range(2):
        job = bench.sync()
        assert warnings(job) == {"ends_after_midnight": 1}
        for day in (4, 5, 6):
            assert set(bench.slots(date(2026, 5, day)).values()) == {2}
        assert set(bench.slots(date(2026, 5, 7)).values()) == {0}
        bench.later()

    bench.pims.records = [replace(closure, end="2026-05-04 17:00:00")]
    bench.sync()
    assert set(bench.slots(date(2026, 5, 5)).values()) == {0}


def test_r10_an_event_that_began_before_the_window_takes_the_days_that_it_reaches(
    bench: Bench,
) -> None:
    bench.pims.beside = [block("7", "2026-05-02 08:00:00", "2026-05-05 12:00:00", None)]
    bench.sync()
    assert set(bench.slots().values()) == {2}
    assert taken(bench, date(2026, 5, 5))[-1] == "11:30"
    assert bench.rows() == []
    bench.pims.beside = []
    for strikes in (1, 2):
        bench.pims.answers = {}
        bench.now += timedelta(days=1, minutes=15)
        bench.sync()
        assert bool(taken(bench, date(2026, 5, 5))) is (strikes < 2)


def test_r10_a_visit_that_ends_after_midnight_takes_the_next_days_first_slots(
    bench: Bench,
) -> None:
    bench.configure("clinic_schedule_configs", open_time="00:00", close_time="17:00")
    bench.pims.records = [visit("1", "2026-05-04 23:00:00", end="2026-05-05 00:45:00")]

    bench.sync()

    assert taken(bench, date(2026, 5, 5)) == ["00:00", "00:30"]


# What is remembered -----------------------------------------------------------------------------


def test_r10_what_is_in_doubt_keeps_its_first_moment(bench: Bench) -> None:
    bench.pims.records = [TWO_HOURS, replace(TWO_HOURS, status="Late")]
    bench.sync()
    since = bench.now
    bench.later()
    bench.pims.records = [TWO_HOURS, replace(TWO_HOURS, start="2026-05-04 14:00:00", end=None)]

    bench.sync()

    (record,) = query(
        bench.conn,
        "SELECT doubtful_since FROM idexx_sync.records WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    assert record["doubtful_since"] == since


@pytest.mark.parametrize("by", ["unreadable", "cancelled"])
def test_r10_the_later_days_of_a_row_are_taken_for_as_long_as_the_row_is(
    bench: Bench, by: str
) -> None:
    stay = visit("1", "2026-05-04 09:00:00", end="2026-05-06 12:00:00")
    bench.pims.records = [stay]
    bench.sync()
    assert taken(bench, date(2026, 5, 6))[-1] == "11:30"
    if by == "unreadable":
        bench.pims.records = []
        bench.pims.unreadable = [Unreadable("end_unreadable", "1", start=stay.start, room_id="3")]
    else:
        bench.pims.records = [replace(stay, status="Cancelled")]
    bench.later()

    bench.sync()

    assert bool(taken(bench, date(2026, 5, 6))) is (by == "unreadable")
    assert bool(taken(bench)) is (by == "unreadable")


def test_r10_an_occurrence_in_doubt_is_not_settled_by_the_others(bench: Bench) -> None:
    lunches = [block("7", f"2026-05-0{day} 12:00:00", f"2026-05-0{day} 13:00:00") for day in (4, 5)]
    doubled = replace(lunches[0], end="2026-05-04 14:00:00")
    bench.pims.records = [*lunches, doubled]
    bench.sync()
    assert taken(bench) == ["12:00", "12:30", "13:00", "13:30"]
    bench.pims.records = lunches[1:]
    bench.later()

    bench.sync()

    assert taken(bench) == ["12:00", "12:30", "13:00", "13:30"]


def test_r10_two_records_without_an_id_count_twice(bench: Bench) -> None:
    bench.configure("clinic_schedule_configs", default_capacity=3)
    nameless = Unreadable("id_missing", None, "visit", "2026-05-04 09:00:00", "3")
    bench.pims.unreadable = [replace(nameless, end="2026-05-04 09:30:00")] * 2
    bench.sync()
    assert bench.slots() == {}  # an incomplete first read offers nothing
    bench.pims.unreadable = []
    bench.later()
    bench.sync()
    bench.pims.unreadable = [replace(nameless, end="2026-05-04 09:30:00")] * 2
    bench.later()

    bench.sync()

    assert bench.slots()["09:00"] == 2


def test_r10_a_stamp_that_lies_ahead_makes_no_later_version_older(bench: Bench) -> None:
    bench.pims.records = [visit("1", last_updated_at="2026-05-04 09:00:00")]  # it is 07:00
    bench.sync()
    bench.pims.replace("1", status="Arrived", last_updated_at="2026-05-04 07:10:00")
    bench.later()

    job = bench.sync()

    assert (job.status, counts(job)["updated"]) == ("succeeded", 1)
    assert bench.record("1")["source"]["stamp"] == "2026-05-04 07:10:00"
