"""Rule R10: blocks, rooms, and each key once."""

from dataclasses import replace

import pytest

from idexx_sync.clinics.store import set_up_clinic
from idexx_sync.pims.protocol import Unreadable
from tests.kit.bench import Bench
from tests.kit.job_results import counts, warnings
from tests.kit.records import MONDAY, block, visit, visits


def set_rooms(bench: Bench, room_ids: list[str] | None) -> None:
    set_up_clinic(
        bench.conn,
        bench.clinic_id,
        base_url="https://us.idexxneo.com",
        room_ids=room_ids,
        stage="live",
        acting_user_id=None,
        live_from=None,
    )


# Blocks -----------------------------------------------------------------------------------------


def test_r10_a_block_is_kept_as_a_block(bench: Bench) -> None:
    bench.pims.records = [block("7", "2026-05-04 12:00:00", "2026-05-04 13:00:00")]

    bench.sync()

    (row,) = bench.rows()
    assert (row["neo_appointment_id"], row["appointment_type"]) == (
        "7@2026-05-04 12:00:00",
        "block",
    )
    assert (row["status"], row["patient_name"], row["client_name"]) == ("scheduled", None, None)


def test_r10_a_visit_whose_type_is_called_block_is_no_block(bench: Bench) -> None:
    bench.pims.records = [visit("1", type="block", room_id=None)]

    bench.sync()

    assert bench.row("1")["appointment_type"] != "block"
    assert bench.slots()["09:00"] == 1


def test_r10_occurrences_that_share_an_id_are_rows_of_their_own(bench: Bench) -> None:
    bench.pims.records = [
        block("7", f"2026-05-0{day} {hour}:00:00", f"2026-05-0{day} {hour}:30:00")
        for day in (4, 5)
        for hour in (12, 15)
    ]

    first = bench.sync()
    bench.later()
    second = bench.sync()

    assert (counts(first)["created"], counts(second)["unchanged"]) == (4, 4)
    assert bench.keys() == [f"7@2026-05-0{day} {hour}:00:00" for day in (4, 5) for hour in (12, 15)]


def test_r10_a_block_that_gets_longer_is_the_same_block(bench: Bench) -> None:
    bench.pims.records = [block("7", "2026-05-04 12:00:00", "2026-05-04 13:00:00")]
    bench.sync()
    bench.pims.replace("7", end="2026-05-04 14:00:00")
    bench.later()

    job = bench.sync()

    assert counts(job)["updated"] == 1
    assert len(bench.rows(removed=True)) == 1


def test_r10_a_visit_and_a_block_may_share_an_id(bench: Bench) -> None:
    bench.pims.records = [visit("7"), block("7")]

    assert counts(bench.sync())["created"] == 2


# Rooms ------------------------------------------------------------------------------------------


def test_r10_only_records_of_the_listed_rooms_are_taken(bench: Bench) -> None:
    set_rooms(bench, ["3"])
    bench.pims.records = [
        visit("1", room_id="3"),
        visit("2", room_id="5"),
        visit("3", room_id="33"),
        block("7", room_id="5"),
        block("8", room_id="3"),
    ]

    job = bench.sync()

    assert bench.keys() == ["1", "8@2026-05-04 12:00:00"]
    assert counts(job)["read"] == 2


def test_r10_a_record_without_a_room_is_kept(bench: Bench) -> None:
    """Dropping it would offer its time."""
    set_rooms(bench, ["3"])
    bench.pims.records = [visit("1", room_id=None), block("7", room_id=None)]

    assert counts(bench.sync())["created"] == 2


def test_r10_without_a_list_all_rooms_count(bench: Bench) -> None:
    bench.pims.records = [visit("1", room_id="3"), visit("2", room_id="999")]

    assert counts(bench.sync())["created"] == 2


def test_r10_an_empty_list_of_rooms_is_refused(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.rows(removed=True), bench.slots()
    set_rooms(bench, [])

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert "room_ids" in (job.error_message or "")
    assert (bench.rows(removed=True), bench.slots()) == before


def test_r10_a_list_of_rooms_that_do_not_exist_is_refused(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    before = bench.rows(removed=True), bench.slots()
    set_rooms(bench, ["33"])

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert "none of 33 is a room of this clinic, which has 3, 5" in (job.error_message or "")
    assert (bench.rows(removed=True), bench.slots()) == before


def test_r10_a_listed_room_that_does_not_exist_is_reported(bench: Bench) -> None:
    bench.pims.records = visits(6)
    bench.sync()
    set_rooms(bench, ["3", "33"])

    assert warnings(bench.sync()) == {"unknown_rooms": 1}
    bench.pims.rooms = ("3", "33")  # made meanwhile
    assert warnings(bench.sync()) == {}


def test_r10_a_visit_that_moves_to_a_room_that_does_not_count_frees_its_time(
    bench: Bench,
) -> None:
    set_rooms(bench, ["3"])
    bench.pims.records = visits(6)
    bench.sync()
    assert bench.slots()["08:00"] == 1
    bench.pims.replace("600101", room_id="5")
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded"
    assert bench.slots()["08:00"] == 0


def test_r10_and_comes_back_with_the_room(bench: Bench) -> None:
    set_rooms(bench, ["3"])
    bench.pims.records = visits(6)
    bench.sync()
    for room_id in ("5", "3"):
        bench.pims.replace("600101", room_id=room_id)
        bench.later()
        bench.sync()

    assert bench.row("600101")["deleted_at"] is None
    assert bench.slots()["08:00"] == 1


# Each key once ----------------------------------------------------------------------------------


def test_r10_equal_duplicates_collapse(bench: Bench) -> None:
    bench.pims.records = [visit("1")] * 3 + [block("7")] * 2

    job = bench.sync()

    assert counts(job)["created"] == 2
    assert (job.status, warnings(job)) == ("succeeded", {})
    assert bench.slots()["09:00"] == 1


@pytest.mark.parametrize("newest_first", [True, False])
def test_r10_of_differing_duplicates_the_newest_wins(bench: Bench, newest_first: bool) -> None:
    newest = visit("1", status="Arrived", last_updated_at="2026-05-01 10:00:01")
    others = [visit("1"), visit("1", last_updated_at=None)]
    bench.pims.records = [newest, *others] if newest_first else [*others, newest]

    job = bench.sync()

    assert bench.row("1")["status"] == "in_progress"
    assert job.status == "succeeded"


@pytest.mark.parametrize("stamp", ["2026-05-01 10:00:00", None])
def test_r10_duplicates_that_nothing_decides_are_quarantined(
    bench: Bench, stamp: str | None
) -> None:
    bench.pims.records = [
        visit("1", status="Arrived", last_updated_at=stamp),
        visit("1", status="Finalized", last_updated_at=stamp),
        visit("2", "2026-05-04 10:00:00"),
    ]

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert warnings(job) == {"unreadable_records": 1}
    assert bench.record("1")["quarantine_code"] == "duplicate_differs"
    assert (bench.keys(), bench.slots()["09:00"]) == (["2"], 1)
    assert bench.row("2")["patient_name"] == "TANGO"


def test_r10_quarantined_duplicates_leave_the_row_we_hold(bench: Bench) -> None:
    bench.pims.records = [visit("1", status="Arrived")]
    bench.sync()
    before = bench.row("1")
    bench.pims.records = [visit("1", status="No show"), visit("1", status="Finalized")]
    bench.later()

    job = bench.sync()

    assert bench.row("1") == before
    assert bench.pims.looked_up == []
    assert warnings(job) == {"unreadable_records": 1}


def test_r10_undecided_duplicates_of_another_day_concern_nobody(bench: Bench) -> None:
    bench.pims.beside = [
        visit("1", "2026-05-20 09:00:00", status=word) for word in ("Late", "Arrived")
    ]

    job = bench.sync()

    assert (job.status, bench.rows()) == ("succeeded", [])


def test_r10_two_unreadable_records_of_one_id_are_one(bench: Bench) -> None:
    item = Unreadable("end_unreadable", "1", start="2026-05-04 09:00:00")
    bench.pims.unreadable = [item, item]

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert (bench.slots()["09:00"], bench.slots()["16:00"]) == (1, 1)  # to the end of the day


def test_r10_two_unreadable_records_of_a_row_we_hold_are_one(bench: Bench) -> None:
    bench.pims.records = [visit("1")]
    bench.sync()
    bench.pims.records = []
    item = Unreadable("start_unreadable", "1", day=MONDAY, room_id="3")
    bench.pims.unreadable = [item] * 2
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert bench.record("1")["quarantine_code"] == "start_unreadable"
    assert set(bench.slots().values()) == {1}


@pytest.mark.parametrize("we_hold_it", [True, False])
def test_r10_a_readable_and_an_unreadable_record_of_one_id_are_one(
    bench: Bench, we_hold_it: bool
) -> None:
    readable = visit("1", status="Arrived")
    if we_hold_it:
        bench.pims.records = [replace(readable, status="Late")]
        bench.sync()
    bench.pims.records = [readable]
    bench.pims.unreadable = [Unreadable("end_unreadable", "1", start="2026-05-04 09:00:00")]
    bench.later()

    job = bench.sync()

    assert job.status == "succeeded_with_warnings"
    assert bench.keys() == ["1"]
    assert "conflicts" not in counts(job)


def test_r10_a_block_that_an_earlier_service_keyed_by_its_bare_id_is_keyed_anew(
    bench: Bench,
) -> None:
    bench.conn.execute(
        "INSERT INTO public.schedule_appointments (clinic_id, neo_appointment_id, date, "
        "start_time, end_time, room_id, status, appointment_type) VALUES "
        "(%s, '700101', '2026-05-04', '12:00', '13:00', '3', 'scheduled', 'block')",
        (bench.clinic_id,),
    )
    bench.pims.records = [block("700101")]

    job = bench.sync()

    assert job.status == "succeeded"
    assert bench.keys() == ["700101@2026-05-04 12:00:00"]
    assert bench.pims.looked_up == []
    assert bench.slots()["12:00"] == 1
    bench.later()
    assert counts(bench.sync()) == {"read": 1, "unchanged": 1}


def test_r10_a_block_that_somebody_cancelled_in_odis_occupies_its_time_again(
    bench: Bench,
) -> None:
    bench.pims.records = [block("700101")]
    bench.sync()
    bench.conn.execute(
        "UPDATE public.schedule_appointments SET status = 'cancelled' WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.later()

    bench.sync()

    assert [row["status"] for row in bench.rows()] == ["scheduled"]
    assert bench.slots()["12:00"] == 1
