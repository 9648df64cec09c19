"""Rule R8: what is implausible is held by name, the rest goes through."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from idexx_sync.pims.protocol import SourceRecord, Unreadable
from idexx_sync.syncs.gate import EMPTY, FOREIGN, QUARANTINE, SHIFTED, UNPROVEN
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts, held, warnings
from tests.kit.records import MONDAY, block, visit, visits

FORTNIGHT = MONDAY + timedelta(days=13)


def ids(count: int, first: int = 600101) -> list[str]:
    return [str(first + n) for n in range(count)]


def blocks(count: int) -> list[SourceRecord]:
    """Six a day."""
    return [
        block(
            str(700101 + n),
            f"{MONDAY + timedelta(days=n // 6)} {8 + n % 6:02}:00:00",
            f"{MONDAY + timedelta(days=n // 6)} {9 + n % 6:02}:00:00",
        )
        for n in range(count)
    ]


def statuses(bench: Bench) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in bench.rows():
        found[row["status"]] = found.get(row["status"], 0) + 1
    return found


def everything(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """All that the service has written for the clinic, but for holds and jobs."""
    tables = (
        "public.schedule_appointments",
        "public.schedule_slots",
        "public.schedule_syncs",
        "public.case_sync_audits",
        "idexx_sync.records",
        "idexx_sync.unknown_words",
        "idexx_sync.clinic_settings",
    )
    return {
        table: query(
            bench.conn,
            f"SELECT t.* FROM {table} t WHERE clinic_id = %s ORDER BY t::text",
            (bench.clinic_id,),
        )
        for table in tables
    }


# Losses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Cancelled", "No Show"])
@pytest.mark.parametrize(
    ("of", "lost", "is_held"), [(10, 5, 0), (10, 6, 6), (30, 6, 0), (30, 7, 7)]
)
def test_r08_visits_turned_cancelled_above_the_limit_are_held(
    bench: Bench, of: int, lost: int, is_held: int, word: str
) -> None:
    bench.pims.records = visits(of)
    bench.sync(MONDAY, FORTNIGHT)
    for record_id in ids(lost):
        bench.pims.replace(record_id, status=word)
    bench.later()

    job = bench.sync(MONDAY, FORTNIGHT)

    assert held(job) == ({UNPROVEN["visit"]: is_held} if is_held else {})
    assert job.status == ("held" if is_held else "succeeded")
    assert statuses(bench).get("scheduled", 0) == of - lost + is_held


def test_r08_while_losses_are_held_everything_else_goes_through(bench: Bench) -> None:
    bench.pims.records = visits(10)
    bench.sync()
    for record_id in ids(6):
        bench.pims.replace(record_id, status="Cancelled")
    bench.pims.replace("600107", status="Arrived")
    bench.pims.delete("600108")
    bench.pims.records.append(visit("1", "2026-05-06 09:00:00"))
    bench.later()

    job = bench.sync()

    assert held(job) == {UNPROVEN["visit"]: 6}
    assert {name: counts(job)[name] for name in ("created", "updated", "removed")} == {
        "created": 1,
        "updated": 1,
        "removed": 1,
    }


def test_r08_missing_and_cancelled_visits_count_together(bench: Bench) -> None:
    bench.pims.records = visits(12)
    bench.sync()
    bench.pims.forget(*ids(3))
    for record_id in ids(3, first=600104):
        bench.pims.replace(record_id, status="Cancelled")
    bench.later()

    assert held(bench.sync()) == {UNPROVEN["visit"]: 6}


def test_r08_five_missing_visits_are_not_held(bench: Bench) -> None:
    bench.pims.records = visits(12)
    bench.sync()
    bench.pims.forget(*ids(5))
    bench.later()

    job = bench.sync()

    assert (job.status, held(job)) == ("succeeded", {})


@pytest.mark.parametrize(("lost", "is_held"), [(6, {}), (7, {UNPROVEN["block"]: 7})])
def test_r08_blocks_are_judged_apart_from_visits(
    bench: Bench, lost: int, is_held: dict[str, int]
) -> None:
    bench.pims.records = [*visits(10), *blocks(30)]
    bench.sync()
    bench.pims.forget(*ids(lost, first=700101))
    for record_id in ids(5):
        bench.pims.replace(record_id, status="Cancelled")
    bench.later()

    job = bench.sync()

    assert held(job) == is_held
    assert statuses(bench)["cancelled"] == 5


def test_r08_many_blocks_do_not_raise_the_limit_of_visits(bench: Bench) -> None:
    bench.pims.records = [*visits(10), *blocks(30)]
    bench.sync()
    for record_id in ids(6):
        bench.pims.replace(record_id, status="Cancelled")
    bench.later()

    assert held(bench.sync()) == {UNPROVEN["visit"]: 6}


def test_r08_what_turned_cancelled_in_the_past_is_no_loss(bench: Bench) -> None:
    bench.pims.records = visits(10)
    bench.sync()
    bench.now = datetime(2026, 5, 7, 14, tzinfo=UTC)
    for record_id in ids(10):
        bench.pims.replace(record_id, status="No Show")

    job = bench.sync()

    assert (job.status, statuses(bench)) == ("succeeded", {"no_show": 10})


def test_r08_a_row_that_freed_its_time_already_is_no_loss(bench: Bench) -> None:
    bench.pims.records = [*visits(10, status="No Show"), *visits(5, 600201)]
    bench.sync()
    for record_id in ids(10):
        bench.pims.replace(record_id, status="Cancelled")
    bench.later()

    assert held(bench.sync()) == {}


def test_r08_losses_proven_by_id_never_trip_the_gate(bench: Bench) -> None:
    bench.pims.records = visits(20)
    bench.sync()
    for record_id in ids(9):
        bench.pims.delete(record_id)
    for record_id in ids(5, first=600110):
        bench.pims.replace(record_id, status="Cancelled")
    bench.later()

    job = bench.sync()

    assert (held(job), counts(job)["removed"]) == ({}, 9)
    assert warnings(job) == {}


@pytest.mark.parametrize(
    ("of", "gone", "alerted"), [(9, 9, 0), (10, 5, 0), (10, 6, 6), (20, 10, 0), (20, 11, 11)]
)
def test_r08_removing_more_than_half_of_at_least_ten_is_told(
    bench: Bench, of: int, gone: int, alerted: int
) -> None:
    bench.pims.records = visits(of)
    bench.sync()
    for record_id in ids(gone):
        bench.pims.delete(record_id)
    bench.later()

    job = bench.sync()

    assert counts(job)["removed"] == gone
    assert warnings(job).get("many_removed", 0) == alerted


# An empty answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(("of", "is_held"), [(3, {}), (4, {EMPTY: 4})])
def test_r08_an_empty_answer_over_more_than_three_rows_is_held(
    bench: Bench, of: int, is_held: dict[str, int]
) -> None:
    bench.pims.records = visits(of)
    bench.sync()
    bench.pims.records = []
    bench.later()

    job = bench.sync()

    assert held(job) == is_held
    assert len(bench.rows()) == of


def test_r08_three_rows_go_in_two_empty_answers(bench: Bench) -> None:
    bench.pims.records = visits(3)
    bench.sync()
    bench.pims.records = []
    for _ in range(2):
        bench.later()
        bench.sync()

    assert bench.rows() == []


def test_r08_an_empty_answer_whose_losses_are_all_proven_is_not_held(bench: Bench) -> None:
    bench.pims.records = visits(4)
    bench.sync()
    for record_id in ids(4):
        bench.pims.delete(record_id)
    bench.later()

    job = bench.sync()

    assert (job.status, counts(job)["removed"]) == ("succeeded", 4)


def test_r08_an_empty_answer_holds_the_unproven_however_many_are_proven(bench: Bench) -> None:
    """We hold four rows; that one of them is proven gone does not make the answer less empty."""
    bench.pims.records = visits(4)
    bench.sync()
    bench.pims.delete("600101")
    bench.pims.forget(*ids(3, first=600102))
    bench.later()

    job = bench.sync()

    assert counts(job)["removed"] == 1
    assert held(job) == {EMPTY: 3}


def test_r08_an_answer_that_shows_only_other_days_is_empty(bench: Bench) -> None:
    bench.pims.records = visits(4)
    bench.sync()
    bench.pims.records = []
    bench.pims.beside = [visit("1", "2026-05-20 09:00:00")]
    bench.later()

    assert held(bench.sync()) == {EMPTY: 4}


def test_r08_an_empty_calendar_over_no_rows_is_fine(bench: Bench) -> None:
    job = bench.sync()

    assert job.status == "succeeded"
    assert job.result is not None
    assert job.result["summary"] == "read nothing"


# All times moved alike --------------------------------------------------------------------------


def move(bench: Bench, record_id: str, minutes: int) -> None:
    record = next(record for record in bench.pims.records if record.id == record_id)
    assert record.end is not None
    start, end = (
        str(datetime.fromisoformat(text) + timedelta(minutes=minutes))
        for text in (record.start, record.end)
    )
    bench.pims.replace(record_id, start=start, end=end)


@pytest.mark.parametrize(
    ("of", "moved", "is_held"),
    [(4, 4, 0), (5, 3, 0), (5, 4, 4), (5, 5, 5), (20, 15, 0), (20, 16, 16)],
)
def test_r08_times_that_nearly_all_moved_by_one_amount_are_held(
    bench: Bench, of: int, moved: int, is_held: int
) -> None:
    bench.pims.records = visits(of)
    bench.sync()
    before = {row["neo_appointment_id"]: row["start_time"] for row in bench.rows()}
    for record_id in ids(moved):
        move(bench, record_id, -60)
    bench.later()

    job = bench.sync()

    assert held(job) == ({SHIFTED: is_held} if is_held else {})
    after = {row["neo_appointment_id"]: row["start_time"] for row in bench.rows()}
    assert sum(before[key] != after[key] for key in before) == moved - is_held


def test_r08_times_that_moved_by_different_amounts_are_written(bench: Bench) -> None:
    bench.pims.records = visits(10)
    bench.sync()
    for n, record_id in enumerate(ids(10)):
        move(bench, record_id, 5 * (n + 1))
    bench.later()

    job = bench.sync()

    assert (held(job), counts(job)["updated"]) == ({}, 10)


def test_r08_with_times_held_other_news_are_written(bench: Bench) -> None:
    bench.pims.records = visits(5)
    bench.sync()
    for record_id in ids(4):
        move(bench, record_id, 60)
    bench.pims.replace("600105", status="Arrived")
    bench.pims.records.append(visit("1", "2026-05-06 07:00:00"))
    bench.later()

    job = bench.sync()

    assert held(job) == {SHIFTED: 4}
    assert (counts(job)["created"], counts(job)["updated"]) == (1, 1)


def test_r08_new_visits_are_not_comparable(bench: Bench) -> None:
    bench.pims.records = visits(4)
    bench.sync()
    for record_id in ids(4):
        move(bench, record_id, 60)
    bench.pims.records += visits(6, 600201)
    bench.later()

    job = bench.sync()

    assert (held(job), counts(job)["updated"]) == ({}, 4)


# Too much that could not be read ----------------------------------------------------------------


def undecided(count: int) -> list[SourceRecord]:
    """Visits that come twice and of which nothing tells which one counts."""
    return [
        visit(str(800101 + n), "2026-05-06 09:00:00", status=word)
        for n in range(count)
        for word in ("Arrived", "Late")
    ]


@pytest.mark.parametrize(
    ("read", "bad", "is_held"), [(10, 3, 0), (10, 4, 1), (95, 5, 0), (94, 6, 1)]
)
def test_r08_with_many_undecided_records_losses_are_held(
    bench: Bench, read: int, bad: int, is_held: int
) -> None:
    bench.pims.records = visits(read)
    last = MONDAY + timedelta(days=20)
    bench.sync(MONDAY, last)
    bench.pims.replace("600101", status="Cancelled")
    bench.pims.records += undecided(bad)
    bench.later()

    job = bench.sync(MONDAY, last)

    assert held(job) == ({QUARANTINE: 1} if is_held else {})
    assert statuses(bench).get("cancelled", 0) == 1 - is_held
    assert bench.slots(date(2026, 5, 6))["09:00"] == bad


# Another clinic's calendar ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "read", "shared", "foreign"),
    [
        (5, 5, 0, True),
        (5, 5, 1, False),
        (4, 9, 0, False),
        (9, 4, 0, False),
        (10, 5, 1, True),
        (10, 5, 2, False),
        (26, 30, 5, True),
        (25, 30, 5, False),
    ],
)
def test_r08_a_calendar_of_other_ids_may_be_another_clinics(
    bench: Bench, of: int, read: int, shared: int, foreign: bool
) -> None:
    bench.pims.records = visits(of)
    bench.sync()
    bench.pims.records = [*visits(shared), *visits(read - shared, 900101)]
    bench.later()

    job = bench.sync()

    assert (FOREIGN in held(job)) is foreign
    assert counts(job).get("created", 0) == (0 if foreign else read - shared)


def test_r08_of_a_foreign_calendar_nothing_at_all_is_written(bench: Bench) -> None:
    bench.pims.records = [*visits(10), block()]
    bench.sync()
    bench.configure("clinic_schedule_configs", default_capacity=3)
    before = everything(bench)
    bench.pims.records = visits(12, 900101, status="Zu Hause")
    bench.pims.unreadable = [Unreadable("end_unreadable", "1", start="2026-05-06 09:00:00")]
    bench.now += timedelta(days=2)
    bench.stage("shadow")
    observing = bench.sync()
    bench.stage("live")
    assert (observing.status, everything(bench)) == ("held", before)

    job = bench.sync()

    assert job.status == "held"
    assert everything(bench) == before


def test_r08_a_foreign_calendar_strikes_nobody(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    ours = bench.pims.records
    bench.pims.records = visits(6, 900101)
    for _ in range(3):
        bench.later()
        bench.sync()
    bench.pims.records = ours
    bench.pims.forget("600101")
    bench.later()

    job = bench.sync()

    assert bench.record("600101")["strikes"] == 1
    assert "removed" not in counts(job)


def test_r08_equal_ids_in_rooms_nobody_knows_are_another_clinics(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.records = visits(6, room_id="77", patient_name="ROVER")
    bench.later()

    job = bench.sync()

    assert held(job) == {FOREIGN: 6}
    assert {row["patient_name"] for row in bench.rows()} == {"TANGO"}


def test_r08_one_known_room_is_enough(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.records = [*visits(5, room_id="77"), visit("600106", "2026-05-05 08:00:00")]
    bench.later()

    assert FOREIGN not in held(bench.sync())


def test_r08_a_room_that_only_the_configuration_names_is_known(bench: Bench) -> None:
    bench.pims.records = visits(6, room_id="3")
    bench.sync()
    bench.pims.records = visits(6, room_id="5")
    bench.later()

    job = bench.sync()

    assert (held(job), counts(job)["updated"]) == ({}, 6)


def test_r08_rows_proven_gone_are_not_missed_in_a_foreign_calendar(bench: Bench) -> None:
    """Seven of ten deleted, three kept out of five read: nobody is missing."""
    bench.pims.records = visits(11)
    bench.sync()
    for record_id in ids(7):
        bench.pims.delete(record_id)
    bench.pims.forget(*ids(4, first=600108))
    bench.pims.records += visits(6, 900101)
    bench.later()

    job = bench.sync()

    assert held(job) == {}
    assert (counts(job)["removed"], counts(job)["created"]) == (7, 6)


def test_r08_rows_that_moved_away_are_not_missed_in_a_foreign_calendar(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    for n, record_id in enumerate(ids(6)):
        bench.pims.replace(record_id, start=f"2026-06-0{n + 1} 09:00:00", end=None)
    bench.pims.records += visits(6, 900101)
    bench.later()

    job = bench.sync()

    assert held(job) == {}
    assert (counts(job)["updated"], counts(job)["created"]) == (6, 6)
    assert {row["date"] for row in bench.rows()} >= {date(2026, 6, 1)}
