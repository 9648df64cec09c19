"""Several doubts about one record, and records that are odd in more than one way."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from idexx_sync.pims.protocol import Unknown, Unreadable
from idexx_sync.syncs.proof import READS_THAT_SET_APART
from tests.kit.bench import Bench
from tests.kit.database import query, update
from tests.kit.job_results import warnings
from tests.kit.records import MONDAY, block, visit, visits

NEWER = "2026-05-01 12:00:00"
OLD, OLDER = "2026-05-01 10:00:00", "2026-05-01 09:00:00"
TUESDAY = MONDAY + timedelta(days=1)
NO_END = Unreadable("end_unreadable", "1", start="2026-05-04 09:00:00", room_id="3")


def taken(bench: Bench, day: date = MONDAY) -> list[str]:
    return [start for start, booked in bench.slots(day).items() if booked]


def only_rooms(bench: Bench, *rooms: str) -> None:
    settings = {"room_ids": list(rooms)}
    update(bench.conn, "idexx_sync.clinic_settings", settings, clinic_id=bench.clinic_id)


def doubted(bench: Bench) -> list[str]:
    """Records in doubt, or that take time beside their rows."""
    found = query(
        bench.conn,
        "SELECT external_id FROM idexx_sync.records WHERE clinic_id = %s "
        "AND doubtful_since IS NOT NULL ORDER BY external_id",
        (bench.clinic_id,),
    )
    return [row["external_id"] for row in found]


def set_apart(bench: Bench) -> None:
    for _ in range(READS_THAT_SET_APART):
        bench.later()
        bench.sync()


# Rooms that do not count --------------------------------------------------------------------------


def test_r10_what_was_in_doubt_is_free_once_it_is_shown_in_a_room_that_does_not_count(
    bench: Bench,
) -> None:
    bench.pims.unreadable = [NO_END]
    bench.sync()
    assert "09:00" in taken(bench)
    only_rooms(bench, "5")
    bench.pims.unreadable = []
    bench.pims.records = [visit("1", "2026-05-04 09:00:00", room_id="3")]
    bench.later()

    bench.sync()

    assert taken(bench) == []
    assert bench.record("1")["doubtful_since"] is None


def test_r10_of_a_visit_beyond_the_counted_rooms_another_versions_time_is_taken_too(
    bench: Bench,
) -> None:
    only_rooms(bench, "3")
    here = visit("1", "2026-05-04 09:00:00", last_updated_at=OLD)
    bench.pims.records = [here]
    bench.sync()
    bench.pims.records = [here, replace(here, room_id="9", last_updated_at=NEWER)]
    bench.later()

    bench.sync()

    assert taken(bench) == ["09:00"]


# Older versions -----------------------------------------------------------------------------------


def test_r10_of_several_older_versions_each_takes_its_time(bench: Bench) -> None:
    bench.pims.records = [visit("1", "2026-05-04 08:00:00", last_updated_at=NEWER)]
    bench.sync()
    bench.pims.records = [
        visit("1", "2026-05-04 10:00:00", last_updated_at=OLD),
        visit("1", "2026-05-04 14:00:00", last_updated_at=OLDER),
    ]
    bench.pims.unreadable = [replace(NO_END, start="2026-05-04 16:30:00")]
    bench.later()

    bench.sync()

    assert taken(bench)[:3] == ["08:00", "10:00", "14:00"]
    assert "16:30" in taken(bench)


def test_r10_an_older_version_of_equal_words_is_settled_by_a_person(bench: Bench) -> None:
    bench.pims.records = [visit("1", last_updated_at=NEWER)]
    bench.sync()
    bench.pims.replace("1", last_updated_at=OLD)
    set_apart(bench)
    bench.decide("older_version", "approved")
    bench.later()
    bench.sync()
    bench.later(25 * 60)

    job = bench.sync(TUESDAY - timedelta(days=1))

    assert (job.status, [hold["status"] for hold in bench.holds()]) == ("succeeded", ["closed"])
    assert bench.record("1")["doubtful_since"] is None


# One id in two forms ------------------------------------------------------------------------------


@pytest.mark.parametrize("record", ["visit", "block"])
def test_r03_one_id_once_without_a_day_and_once_without_an_end_is_remembered_once(
    bench: Bench, record: Any
) -> None:
    start = "2026-05-04 09:00:00"
    bench.pims.records = [*visits(5), visit("1", start) if record == "visit" else block("1", start)]
    bench.sync()
    bench.pims.forget("1")
    bench.later()
    bench.sync()
    bench.pims.unreadable = [
        Unreadable("start_missing", "1", kind=record),
        Unreadable("end_unreadable", "1", kind=record, start=start, room_id="3"),
    ]
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    struck = bench.record("1" if record == "visit" else f"1@{start}")
    assert (struck["strikes"], struck["quarantine_code"]) == (0, "end_unreadable")


def test_r06_an_id_without_a_day_shows_the_visit_of_that_id_too(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.forget("600102")
    bench.later()
    bench.sync()
    assert bench.record("600102")["strikes"] == 1
    bench.pims.unreadable = [Unreadable("start_missing", "600102", kind="block")]
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert bench.record("600102")["strikes"] == 0


def test_r03_a_block_without_a_row_and_its_id_without_a_day_are_remembered_once(
    bench: Bench,
) -> None:
    start = "2026-05-04 09:00:00"
    bench.pims.records = visits(5)
    bench.pims.unreadable = [
        Unreadable("end_unreadable", "1", kind="block", start=start, room_id="3")
    ]
    bench.sync()
    bench.pims.unreadable = []
    bench.later()
    bench.sync()
    bench.pims.unreadable = [Unreadable("start_missing", "1", kind="block")]
    bench.later()

    assert bench.sync().status == "succeeded_with_warnings"
    assert "09:00" in taken(bench)


def test_r10_an_id_of_a_visit_and_of_a_block_is_planned_once_each(bench: Bench) -> None:
    bench.pims.records = [block("1", "2026-05-04 12:00:00")]
    bench.sync()
    update(
        bench.conn,
        "public.schedule_appointments",
        {"neo_appointment_id": "1"},  # as an earlier service keyed it
        clinic_id=bench.clinic_id,
    )
    bench.pims.records.append(visit("1", "2026-05-04 09:00:00"))
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded"
    assert bench.keys() == ["1", "1@2026-05-04 12:00:00"]
    assert bench.row("1")["appointment_type"] == "Exam"


# The ends of the calendar -------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("last", [date(1, 1, 1), date(9999, 12, 31), None])
@pytest.mark.parametrize("has_start", [True, False])
def test_r26_an_unreadable_record_at_the_ends_of_the_calendar_hurts_nobody(
    bench: Bench, day: str, last: date | None, has_start: bool
) -> None:
    item = replace(NO_END, start=f"{day} 23:59:59" if has_start else None)
    bench.pims.unreadable = [replace(item, day=date.fromisoformat(day), last_day=last)]
    bench.pims.records = visits(5)

    job = bench.sync()

    assert (job.status, len(bench.rows())) == ("succeeded_with_warnings", 5)


# When it ends -------------------------------------------------------------------------------------


def test_r03_a_block_of_which_only_the_day_was_readable_takes_what_it_says_once_it_is_readable(
    bench: Bench,
) -> None:
    bench.pims.unreadable = [
        Unreadable("start_unreadable", "1", kind="block", day=MONDAY, room_id="3")
    ]
    bench.sync()
    assert len(taken(bench)) == len(bench.slots())
    bench.pims.unreadable = []
    bench.pims.records = [block("1", "2026-05-04 09:00:00", "2026-05-04 09:30:00")]
    bench.later()

    bench.sync()

    assert taken(bench) == ["09:00"]


def test_r06_while_losses_are_held_nothing_in_doubt_is_struck_either(bench: Bench) -> None:
    bench.pims.records = visits(5)
    bench.sync()  # which makes the slots: an incomplete read offers nothing
    bench.later()
    bench.pims.unreadable = [
        replace(NO_END, start="2026-05-04 15:00:00"),
        Unreadable("id_missing", None, start="2026-05-05 15:00:00", room_id="3"),
    ]
    bench.sync()
    bench.pims.forget(*(record.id for record in bench.pims.records))
    bench.pims.unreadable = []
    for _ in range(3):
        bench.later()
        bench.sync()

    assert bench.hold("empty_calendar")["status"] == "open"
    assert "15:00" in taken(bench)
    assert "15:00" in taken(bench, TUESDAY)


def test_r01_an_answer_of_another_shape_takes_nothing_from_what_was_taken(bench: Bench) -> None:
    bench.pims.unreadable = [NO_END]
    bench.sync()
    bench.pims.unreadable = [
        Unreadable("end_unreadable", str(n), start=f"2026-05-04 {13 + n}:00:00", room_id="3")
        for n in range(1, 5)
    ]
    bench.later()

    job = bench.sync()

    assert job.error_kind == "shape_changed"
    assert taken(bench)[:2] == ["09:00", "09:30"]


def test_r10_what_was_in_doubt_on_days_that_are_over_is_in_doubt_no_more(bench: Bench) -> None:
    bench.pims.unreadable = [NO_END]
    bench.pims.records = [
        block("3", "2026-05-04 08:00:00", "2026-05-05 09:00:00"),
    ]
    bench.sync()
    assert len(doubted(bench)) == 2
    bench.pims.unreadable = []
    bench.later(24 * 60)

    bench.sync(TUESDAY)

    assert doubted(bench) == ["3@2026-05-04 08:00:00"]


# What a person lets through -----------------------------------------------------------------------


def test_r07_approving_what_is_never_shown_does_not_remove_a_finalised_visit(bench: Bench) -> None:
    bench.pims.records = [*visits(5), visit("1", "2026-05-04 07:00:00", status="Finalized")]
    bench.sync()
    bench.pims.hidden = {"1"}
    set_apart(bench)
    bench.decide("never_shown", "approved")
    bench.later()

    bench.sync()

    assert bench.row("1")["deleted_at"] is None
    assert bench.hold("finalised_visit_removed")["status"] == "open"
    bench.decide("finalised_visit_removed", "approved")
    bench.later()
    bench.sync()
    assert bench.row("1")["deleted_at"] is not None


def test_r10_approving_an_older_version_in_a_room_that_does_not_count_removes_the_row(
    bench: Bench,
) -> None:
    only_rooms(bench, "3")
    bench.pims.records = [*visits(5), visit("1", "2026-05-04 15:00:00", last_updated_at=NEWER)]
    bench.sync()
    bench.pims.replace("1", room_id="9", last_updated_at=OLD)
    set_apart(bench)
    bench.decide("older_version", "approved")
    bench.later()

    bench.sync()

    assert bench.row("1")["deleted_at"] is not None


def test_r09_a_rejected_finding_stays_out_though_its_look_up_fails_once(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    bench.pims.hidden = {"600102"}
    set_apart(bench)
    bench.decide("never_shown", "rejected")
    bench.pims.answers["600102"] = Unknown("slow")
    bench.later()
    bench.sync()
    del bench.pims.answers["600102"]
    bench.later()

    job = bench.sync()

    assert bench.hold("never_shown")["status"] == "rejected"
    assert warnings(job)["kept_out_by_a_person"] == 1
