"""Rule R6: a row is removed only once the source itself has shown that it is gone."""

from datetime import date, timedelta

import pytest

from idexx_sync.pims.protocol import Found, Gone, Unknown, Unreadable
from tests.kit.bench import Bench
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.records import MONDAY, block, visit, visits

NEXT_WEEK = "2026-05-11 10:00:00"


def removed(bench: Bench) -> list[str]:
    live = bench.keys()
    return [
        row["neo_appointment_id"]
        for row in bench.rows(removed=True)
        if row["neo_appointment_id"] not in live
    ]


def strikes(bench: Bench, key: str = "600101") -> int:
    """Of the appointment's record, where its visit has one too."""
    (record,) = query(
        bench.conn,
        "SELECT strikes FROM idexx_sync.records "
        "WHERE clinic_id = %s AND kind = 'appointment' AND external_id = %s",
        (bench.clinic_id, key),
    )
    return int(record["strikes"])


def test_r06_a_row_deleted_at_the_source_is_removed_at_once(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.delete("600101")
    bench.later()

    job = bench.sync()

    assert bench.pims.looked_up == ["600101"]
    assert counts(job)["removed"] == 1
    assert removed(bench) == ["600101"]
    assert bench.row("600101")["deleted_at"] == bench.now
    assert bench.slots()["08:00"] == 0


def test_r06_a_row_cancelled_at_the_source_is_removed_as_cancelled(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.hide_as("600101", cancelled=True)
    bench.later()

    bench.sync()

    assert removed(bench) == ["600101"]
    assert bench.row("600101")["status"] == "cancelled"


def test_r06_a_row_that_moved_out_of_the_window_is_updated(bench: Bench) -> None:
    bench.pims.records = [visit("1", status="Arrived"), *visits(5)]
    bench.sync()
    bench.pims.replace(
        "1",
        start=NEXT_WEEK,
        end="2026-05-11 11:00:00",
        room_id="5",
        status="In Progress",
        patient_name="ROVER",
    )
    bench.later()

    job = bench.sync()

    assert (counts(job)["updated"], removed(bench)) == (1, [])
    row = bench.row("1")
    assert (row["date"], str(row["start_time"]), str(row["end_time"])) == (
        date(2026, 5, 11),
        "10:00:00",
        "11:00:00",
    )
    assert (row["room_id"], row["status"]) == ("5", "in_progress")
    assert (row["patient_name"], row["appointment_type"]) == ("TANGO", "Exam")


def test_r06_an_unknown_word_of_a_look_up_leaves_the_status(bench: Bench) -> None:
    bench.pims.records = [visit("1", status="Arrived"), *visits(5)]
    bench.sync()
    bench.pims.replace("1", start=NEXT_WEEK, end=None, status="waiting outside")
    bench.later()

    bench.sync()

    row = bench.row("1")
    assert (row["status"], str(row["end_time"])) == ("in_progress", "10:30:00")


def test_r06_a_row_found_in_a_room_that_does_not_count_frees_its_time(bench: Bench) -> None:
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET room_ids = '{3}' WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.hide_as("600101", room_id="5")
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded"
    assert bench.slots()["08:00"] == 0


def test_r06_a_row_alive_in_the_window_lets_the_run_strike_nobody(bench: Bench) -> None:
    bench.pims.records = visits(8)
    bench.sync()
    bench.pims.delete("600101")
    bench.pims.forget("600102")
    bench.pims.hidden = {"600103"}
    bench.later()

    job = bench.sync()

    assert warnings(job) == {"read_incomplete": 1}
    assert removed(bench) == ["600101"]  # which its own id proves
    assert [bench.record(key)["strikes"] for key in ("600102", "600103")] == [0, 0]


def test_r06_a_row_found_without_a_room_is_alive(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.hide_as("600101", room_id=None)
    bench.later()

    assert warnings(bench.sync()) == {"read_incomplete": 1}


def test_r06_a_row_not_found_once_stays(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.later()

    job = bench.sync()

    assert "removed" not in counts(job)
    assert bench.record("600101")["strikes"] == 1
    assert bench.slots()["08:00"] == 1


def test_r06_a_row_not_found_twice_is_removed(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.later()
    bench.sync()
    bench.later(10)

    job = bench.sync()

    assert counts(job)["removed"] == 1
    assert removed(bench) == ["600101"]
    assert bench.audits(job)[0]["metadata"]["reason"] == "not_found_twice"


def test_r06_strikes_lie_at_least_ten_minutes_apart(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.later()
    bench.sync()

    bench.now += timedelta(minutes=9, seconds=59)
    bench.sync()
    assert removed(bench) == []
    assert bench.record("600101")["strikes"] == 1

    bench.now += timedelta(seconds=1)
    bench.sync()
    assert removed(bench) == ["600101"]


@pytest.mark.parametrize("between", ["complete", "incomplete", "unreadable"])
def test_r06_a_read_between_that_shows_it_starts_the_count_anew(bench: Bench, between: str) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    everything = bench.pims.records
    bench.pims.forget("600101")
    without = bench.pims.records
    bench.later()
    bench.sync()

    if between == "unreadable":
        bench.pims.unreadable = [Unreadable("end_unreadable", "600101")]
    else:
        bench.pims.records = everything
        bench.pims.unreadable = [Unreadable("x", None)] if between == "incomplete" else []
    bench.later()
    bench.sync()
    bench.pims.records, bench.pims.unreadable = without, []
    bench.later()
    bench.sync()
    assert removed(bench) == []

    bench.later()
    bench.sync()
    assert removed(bench) == ["600101"]


def test_r06_a_look_up_between_that_shows_it_alive_starts_the_count_anew(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    everything = bench.pims.records
    bench.pims.forget("600101")
    without = bench.pims.records
    bench.later()
    bench.sync()

    bench.pims.records, bench.pims.hidden = everything, {"600101"}
    bench.later()
    assert warnings(bench.sync()) == {"read_incomplete": 1}
    bench.pims.records = without
    bench.later()
    bench.sync()

    assert removed(bench) == []


def test_r06_a_read_of_other_days_neither_strikes_nor_forgives(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.later()
    bench.sync()
    bench.later()
    bench.sync(MONDAY + timedelta(days=1))
    assert removed(bench) == []
    bench.later()

    bench.sync(MONDAY, MONDAY)

    assert removed(bench) == ["600101"]


def test_r06_a_failed_look_up_proves_nothing(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.pims.answers["600101"] = Unknown("status_502")
    for _ in range(3):
        bench.later()
        job = bench.sync()

    assert removed(bench) == []
    assert warnings(job) == {"look_ups_failed": 1}
    assert bench.record("600101")["strikes"] == 0


def test_r06_a_preview_never_strikes(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    for _ in range(3):
        bench.later()
        bench.sync(manner="preview")

    assert removed(bench) == []
    assert bench.record("600101")["strikes"] == 0
    assert bench.record("600101")["looked_up_at"] is None


def test_r06_what_was_observed_twice_is_proven_once_it_may_be_written(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600101")
    bench.stage("shadow")
    for _ in range(3):
        bench.later()
        bench.sync()
    assert (removed(bench), bench.record("600101")["strikes"]) == ([], 1)
    bench.stage("live")
    bench.later()

    bench.sync()

    assert removed(bench) == ["600101"]


def test_r06_a_run_that_observes_clears_the_strikes_of_what_it_sees(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.stage("shadow")
    bench.pims.hidden = {"600101"}
    bench.pims.answers["600101"] = Gone()
    bench.later()
    bench.sync()
    assert bench.record("600101")["strikes"] == 1
    bench.pims.hidden = set()
    bench.pims.replace("600101", status="Arrived")
    bench.later()

    bench.sync()

    assert bench.record("600101")["strikes"] == 0
    assert bench.row("600101")["status"] == "scheduled"


def test_r06_a_run_that_observes_asks_for_each_missing_row_in_turn(bench: Bench) -> None:
    """What is proven gone stays missing: it must not be asked for again before all others."""
    bench.pims.records = visits(100)
    last = MONDAY + timedelta(days=20)
    bench.sync(MONDAY, last)
    for record in bench.pims.records[:51]:
        bench.pims.delete(record.id)
    bench.stage("shadow")
    bench.pims.looked_up.clear()
    for _ in range(2):
        bench.later()
        bench.sync(MONDAY, last)

    assert len(set(bench.pims.looked_up)) == 51


def test_r06_at_most_fifty_are_looked_up_in_a_run(bench: Bench) -> None:
    bench.pims.records = visits(100)
    last = MONDAY + timedelta(days=20)
    bench.sync(MONDAY, last)
    gone = [record.id for record in bench.pims.records[:51]]
    for record_id in gone:
        bench.pims.delete(record_id)
    bench.later()

    first = bench.sync(MONDAY, last)
    bench.later()
    second = bench.sync(MONDAY, last)

    assert (counts(first)["looked_up"], counts(first)["removed"]) == (50, 50)
    assert (counts(second)["looked_up"], counts(second)["removed"]) == (1, 1)
    assert sorted(bench.pims.looked_up) == gone


def test_r06_fifty_missing_rows_are_all_looked_up(bench: Bench) -> None:
    bench.pims.records = visits(100)
    last = MONDAY + timedelta(days=20)
    bench.sync(MONDAY, last)
    for record in bench.pims.records[:50]:
        bench.pims.delete(record.id)
    bench.later()

    assert counts(bench.sync(MONDAY, last))["removed"] == 50


def test_r06_the_least_recently_looked_up_come_first(bench: Bench) -> None:
    bench.pims.records = visits(120)
    last = MONDAY + timedelta(days=24)
    bench.sync(MONDAY, last)
    gone = [record.id for record in bench.pims.records[:60]]
    bench.pims.forget(*gone)
    bench.pims.answers = dict.fromkeys(gone, Unknown("timeout"))
    rounds = []
    for _ in range(3):
        bench.later()
        bench.pims.looked_up = []
        bench.sync(MONDAY, last)
        rounds.append(bench.pims.looked_up)

    never_yet = set(gone) - set(rounds[0])
    assert len(never_yet) == 10
    assert set(rounds[1][:10]) == never_yet
    assert set(rounds[2][:10]) == set(gone) - set(rounds[1])


def test_r06_what_was_not_looked_up_is_not_struck(bench: Bench) -> None:
    bench.pims.records = visits(300)
    last = MONDAY + timedelta(days=59)
    bench.sync(MONDAY, last)
    bench.pims.forget(*(record.id for record in bench.pims.records[:51]))
    bench.later()

    job = bench.sync(MONDAY, last)

    left_out = ({row["neo_appointment_id"] for row in bench.rows()} - set(bench.pims.looked_up)) & {
        str(600101 + n) for n in range(51)
    }
    assert (counts(job)["looked_up"], len(left_out)) == (50, 1)
    assert bench.record(left_out.pop())["strikes"] == 0
    assert bench.record(bench.pims.looked_up[0])["strikes"] == 1


def test_r06_an_unreadable_record_with_an_id_counts_as_present(bench: Bench) -> None:
    bench.pims.records = [*visits(6), block("7")]
    bench.sync()
    bench.pims.forget("600101", "7")
    bench.pims.unreadable = [
        Unreadable("start_missing", "600101"),
        Unreadable("start_missing", "7", kind="block"),
    ]
    bench.later()

    job = bench.sync()

    assert bench.pims.looked_up == []
    assert "missing" not in counts(job)


def test_r06_a_cancelled_row_needs_no_removal(bench: Bench) -> None:
    bench.pims.records = [*visits(6), visit("1", "2026-05-06 09:00:00", status="Cancelled")]
    bench.sync()
    bench.pims.forget("1")
    for _ in range(3):
        bench.later()
        bench.sync()

    assert bench.pims.looked_up == []
    assert bench.row("1")["deleted_at"] is None


def test_r06_one_look_up_asks_for_all_occurrences_of_a_block(bench: Bench) -> None:
    occurrences = [
        block("7", f"2026-05-0{day} 12:00:00", f"2026-05-0{day} 13:00:00") for day in (4, 5, 6)
    ]
    bench.pims.records = [*visits(6), *occurrences]
    bench.sync()
    bench.pims.forget("7")
    bench.pims.answers["7"] = Found(
        "7", "block", occurrences[0].start, occurrences[0].end, "3", None, True, False
    )
    bench.later()

    job = bench.sync()

    assert bench.pims.looked_up == ["7"]
    assert counts(job)["removed"] == 3


def test_r06_an_occurrence_that_a_look_up_can_not_show_takes_a_day_to_go(bench: Bench) -> None:
    """Two of three occurrences vanish; the series is still found, by its first occurrence."""
    occurrences = [
        block("7", f"2026-05-0{day} 12:00:00", f"2026-05-0{day} 13:00:00", recurs=True)
        for day in (4, 7, 8)
    ]
    bench.pims.records = [*visits(6), *occurrences]
    bench.sync()
    bench.pims.records = [*visits(6), occurrences[0]]
    bench.later()
    bench.sync()
    for minutes in (15, 24 * 60 - 16):
        bench.later(minutes)
        bench.sync()
        assert removed(bench) == []
    bench.later(1)

    bench.sync()

    assert removed(bench) == [f"7@2026-05-0{day} 12:00:00" for day in (7, 8)]


@pytest.mark.parametrize("recurs", [True, None])
def test_r06_a_calendar_that_hides_an_occurrence_for_hours_removes_nothing(
    bench: Bench, recurs: bool | None
) -> None:
    """Nothing shows that the answers lack it: neither an error, nor the look-up of the series."""
    occurrences = [
        block("7", f"2026-05-0{day} 12:00:00", f"2026-05-0{day} 13:00:00", recurs=recurs)
        for day in (4, 7)
    ]
    bench.pims.records = [*visits(6), *occurrences]
    bench.sync()
    bench.pims.records = [*visits(6), occurrences[0]]
    for _ in range(3):
        bench.later(240)
        bench.sync()
    bench.pims.records = [*visits(6), *occurrences]
    bench.later()

    job = bench.sync()

    assert removed(bench) == []
    assert counts(job)["unchanged"] == 8
    assert bench.record("7@2026-05-07 12:00:00")["strikes"] == 0


def test_r06_a_single_block_that_has_moved_goes_from_its_old_time_after_two_strikes(
    bench: Bench,
) -> None:
    before = block("7", "2026-05-05 12:00:00", "2026-05-05 13:00:00", recurs=False)
    bench.pims.records = [*visits(6), before]
    bench.sync()
    bench.pims.replace("7", start="2026-05-06 12:00:00", end="2026-05-06 13:00:00")
    for _ in range(2):
        bench.later()
        bench.sync()

    assert removed(bench) == ["7@2026-05-05 12:00:00"]
    assert bench.row("7@2026-05-06 12:00:00")["deleted_at"] is None


@pytest.mark.parametrize("how", ["live", "shadow", "unreadable", "foreign", "preview"])
def test_r06_what_a_case_run_sees_is_struck_no_longer(bench: Bench, how: str) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.cases()
    bench.pims.hidden = {"600101"}
    bench.pims.answers["600101"] = Gone()
    bench.later()
    bench.sync()
    assert strikes(bench) == 1
    bench.pims.hidden = set()
    if how == "shadow":
        bench.stage("shadow")
    elif how == "unreadable":
        bench.pims.hidden = {"600101"}
        bench.pims.unreadable = [Unreadable("end_unreadable", "600101")]
    elif how == "foreign":
        bench.pims.records = [*visits(1, room_id="77"), *visits(5, 900101, room_id="77")]
    bench.later()

    bench.cases(manner="preview" if how == "preview" else "apply")

    is_seen = how not in ("foreign", "preview")
    assert strikes(bench) == (0 if is_seen else 1)
