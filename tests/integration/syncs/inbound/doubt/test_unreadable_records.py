"""What of a record can't be read takes time away; what decides nothing hides nothing."""

import pytest

from tests.kit.job_results import warnings
from tests.kit.neo_bench import ALL, NeoBench, between, union, whole
from tests.kit.neo_bench import TUESDAY as CLOSED

CHARACTERS = (
    *("text_half_a_pair", "text_nul", "text_zero_width", "text_bidi"),
    *("text_soft_hyphen", "text_bom"),
)
ODD_TEXT = (
    *("reason_cut", *CHARACTERS),
    *("text_list", "text_object", "text_number", "text_bool", "people_objects", "stamps_garbage"),
    *("text_reference", "text_long_number", "phone_blanks"),
)
NO_END = ("no_end", "end_null", "end_garbage", "end_date_only", "end_before_start")
DAY_ONLY = ("start_date_only", "start_offset", "start_utc")
NO_DAY = ("no_day", "no_start", "start_null", "start_garbage", "not_an_object")
TWO = pytest.mark.parametrize("clinic", [2], indirect=True)
"""Two places in each slot."""


def break_(clinic: NeoBench, record_id: str, kind: str) -> None:
    clinic.neo.set_knob("malformed_records", {"ids": [record_id], "kinds": [kind]})


# -- free text -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ODD_TEXT)
def test_r03_nothing_in_free_text_hides_a_visit(clinic: NeoBench, kind: str) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=90)
    break_(clinic, visit, kind)

    job = clinic.run()

    assert clinic.offered() == ALL - clinic.times(visit)
    assert clinic.starts() == {visit: "2026-05-04 09:00"}
    assert (job.status, clinic.marks()) == ("succeeded", 1)
    assert "unreadable_records" not in warnings(job)


@pytest.mark.parametrize("kind", CHARACTERS)
def test_r03_characters_that_nobody_sees_are_dropped_from_every_name(
    clinic: NeoBench, kind: str
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=90)
    break_(clinic, visit, kind)

    clinic.run()

    row = clinic.rows()[visit]
    assert (row["patient_name"], row["client_name"]) == ("TANGO", "Robin Sample")
    assert (row["client_phone"], row["appointment_type"]) == ("555-555-0100", "Exam")
    clinic.later()
    clinic.neo.set_knob("malformed_records", None)
    clinic.run()
    assert clinic.rows()[visit]["provider_name"] == row["provider_name"]


@pytest.mark.parametrize("kind", ["reason_cut", "text_nul", "text_list", "people_objects"])
def test_r03_a_visit_with_odd_free_text_is_followed(clinic: NeoBench, kind: str) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=90)
    clinic.synced()
    clinic.neo.move(visit, "2026-05-04 14:00:00")
    break_(clinic, visit, kind)

    clinic.run()

    assert clinic.offered() == ALL - clinic.times(visit)
    assert clinic.starts() == {visit: "2026-05-04 14:00"}


@pytest.mark.parametrize("kind", ["reason_cut", "text_nul", "text_list"])
def test_r03_nothing_in_free_text_hides_a_closure(clinic: NeoBench, kind: str) -> None:
    closed = clinic.neo.book_block(f"{CLOSED} 00:00:00", f"{CLOSED} 00:00:00", "CLOSED")
    break_(clinic, closed, kind)

    clinic.run()

    assert clinic.offered() == ALL - whole(CLOSED)


# -- times -----------------------------------------------------------------------------------


@TWO
@pytest.mark.parametrize("kind", [*DAY_ONLY, "start_fraction", *NO_END])
def test_r03_a_closure_whose_times_are_odd_takes_its_whole_day(clinic: NeoBench, kind: str) -> None:
    closed = clinic.neo.book_block(f"{CLOSED} 00:00:00", f"{CLOSED} 00:00:00", "CLOSED")
    break_(clinic, closed, kind)

    clinic.run()

    assert clinic.offered() == ALL - whole(CLOSED)


@pytest.mark.parametrize("kind", NO_END)
def test_r03_a_new_record_without_a_readable_end_takes_the_rest_of_its_day(
    clinic: NeoBench, kind: str
) -> None:
    visit = clinic.neo.book("2026-05-04 10:00:00", minutes=60)
    break_(clinic, visit, kind)

    clinic.run()

    assert clinic.offered() == ALL - clinic.rest_of_day(visit)


def test_r26_a_block_that_ends_in_the_year_9999_is_named_and_stops_no_other(
    clinic: NeoBench,
) -> None:
    closed = clinic.neo.book_block(f"{CLOSED} 09:00:00", f"{CLOSED} 10:00:00", "CLOSED")
    other = clinic.neo.book("2026-05-04 10:00:00", minutes=60)
    break_(clinic, closed, "end_year_9999")

    job = clinic.run()

    until_then = between(f"{CLOSED} 09:00:00", "2026-05-06 23:59:59")
    assert clinic.offered() == ALL - clinic.times(other) - until_then
    assert clinic.rows().keys() == {other}
    assert job.result is not None
    assert job.result["in_doubt"] == {f"{closed}@{CLOSED} 09:00:00": "end_unreadable"}


@pytest.mark.parametrize("kind", DAY_ONLY)
def test_r03_a_new_record_of_which_only_the_day_can_be_read_takes_all_of_it(
    clinic: NeoBench, kind: str
) -> None:
    visit = clinic.neo.book("2026-05-04 10:00:00", minutes=60)
    break_(clinic, visit, kind)

    clinic.run()

    assert clinic.offered() == ALL - clinic.day_of(visit)


def test_r03_a_start_with_fractions_is_taken_at_least_where_it_says(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 10:00:00", minutes=60)
    break_(clinic, visit, "start_fraction")

    clinic.run()

    assert not clinic.offered() & clinic.times(visit)
    assert clinic.offered() >= ALL - clinic.day_of(visit)


@TWO
def test_r03_with_a_room_it_takes_one_place_and_without_one_all_of_them(clinic: NeoBench) -> None:
    roomed = clinic.neo.book("2026-05-04 10:00:00", minutes=60)
    roomless = clinic.neo.book("2026-05-05 10:00:00", minutes=60, room=None, patient="MOCHI")
    clinic.neo.set_knob(
        "malformed_records", {"ids": [roomed, roomless], "kinds": ["start_date_only"]}
    )

    clinic.run()

    left = clinic.left()
    assert {left[slot] for slot in clinic.day_of(roomed)} == {1}
    assert {left[slot] for slot in clinic.day_of(roomless)} == {0}
    assert clinic.offered() == ALL - clinic.day_of(roomless)


def test_r03_a_record_in_a_room_that_does_not_count_takes_nothing(clinic: NeoBench) -> None:
    clinic.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET room_ids = %s WHERE clinic_id = %s",
        (["4"], clinic.clinic_id),
    )
    break_(clinic, clinic.neo.book("2026-05-04 10:00:00", room=3), "no_end")

    clinic.run()

    assert clinic.offered() == ALL


@pytest.mark.parametrize("kind", ["no_end", "end_garbage"])
def test_r03_a_moved_record_without_a_readable_end_takes_both_of_its_times(
    clinic: NeoBench, kind: str
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=90)
    clinic.synced()
    old = clinic.times(visit)
    clinic.neo.move(visit, "2026-05-04 14:00:00")
    break_(clinic, visit, kind)

    for _ in range(2):
        clinic.run()
        assert clinic.offered() == ALL - union(old, clinic.rest_of_day(visit))
        clinic.later()

    clinic.neo.set_knob("malformed_records", None)
    clinic.run()
    assert clinic.offered() == ALL - clinic.times(visit)


@pytest.mark.parametrize("kind", DAY_ONLY)
def test_r03_a_record_moved_to_a_day_that_alone_can_be_read_takes_old_time_and_new_day(
    clinic: NeoBench, kind: str
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=90)
    clinic.synced()
    old = clinic.times(visit)
    clinic.neo.move(visit, "2026-05-05 10:00:00")
    break_(clinic, visit, kind)

    clinic.run()

    assert clinic.offered() == ALL - union(old, clinic.day_of(visit))


@pytest.mark.parametrize("kind", NO_DAY)
def test_r03_a_record_without_a_day_lets_no_slot_become_freer(clinic: NeoBench, kind: str) -> None:
    moved = clinic.neo.book("2026-05-04 09:00:00", minutes=90)
    clinic.neo.cancel(clinic.neo.book("2026-05-06 09:00:00", patient="OFF"))
    clinic.synced()
    old, marks = clinic.times(moved), clinic.marks()
    clinic.neo.move(moved, "2026-05-04 14:00:00")
    break_(clinic, clinic.neo.book("2026-05-05 10:00:00", patient="MOCHI"), kind)

    job = clinic.run()

    assert clinic.offered() == ALL - union(old, clinic.times(moved))
    assert (job.status, clinic.marks()) == ("succeeded_with_warnings", marks)
    assert "read_incomplete" in warnings(job)


@pytest.mark.parametrize("kind", ["no_day", "not_an_object"])
def test_r03_a_first_read_with_a_record_without_a_day_offers_nothing(
    clinic: NeoBench, kind: str
) -> None:
    break_(clinic, clinic.neo.book("2026-05-05 10:00:00"), kind)

    clinic.run()

    assert (clinic.offered(), clinic.marks()) == (set(), 0)


def test_r03_a_record_without_an_id_takes_the_time_that_it_names(clinic: NeoBench) -> None:
    clinic.synced()
    visit = clinic.neo.book("2026-05-04 10:00:00", minutes=60)
    marks = clinic.marks()
    break_(clinic, visit, "id_null")

    clinic.run()

    assert not clinic.offered() & clinic.times(visit)
    assert clinic.marks() == marks


# -- more than a few -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["start_offset", "start_date_only", "no_end", "end_garbage"])
def test_r08_where_nearly_all_is_unreadable_the_shape_has_changed(
    clinic: NeoBench, kind: str
) -> None:
    visits = [clinic.neo.book(f"2026-05-04 {hour}:00:00") for hour in ("09", "10", "11", "12")]
    clinic.synced()
    rows, marks = clinic.starts(), clinic.marks()
    new = clinic.neo.book("2026-05-05 10:00:00", patient="MOCHI")
    clinic.neo.set_knob("malformed_records", {"percent": 100, "kinds": [kind]})

    job = clinic.run()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")
    assert clinic.marks() == marks
    assert {key: clinic.starts()[key] for key in visits} == rows
    named = clinic.rest_of_day if kind in NO_END else clinic.day_of
    assert clinic.offered() == ALL - union(named(new), *(named(one) for one in visits))


def test_r08_a_first_read_in_another_shape_offers_nothing(clinic: NeoBench) -> None:
    for hour in ("09", "10", "11", "12"):
        clinic.neo.book(f"2026-05-04 {hour}:00:00")
    clinic.neo.set_knob("malformed_records", {"percent": 100, "kinds": ["start_offset"]})

    job = clinic.run()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")
    assert (clinic.offered(), clinic.marks()) == (set(), 0)


# -- visit or block? -------------------------------------------------------------------------


def many(clinic: NeoBench) -> list[str]:
    """So many visits that one record is less than a twentieth of the answer."""
    return clinic.neo.book_many(
        [{"start": "2026-05-06 16:30:00", "patient": f"PET {n}"} for n in range(30)]
    )


@pytest.mark.parametrize("kind", ["no_block_flag", "block_flag_null", "block_flag_text"])
def test_r05_a_block_that_is_not_called_one_for_once_leaves_no_phantom(
    clinic: NeoBench, kind: str
) -> None:
    visits = many(clinic)
    lunch = clinic.neo.book_block("2026-05-04 12:00:00", "2026-05-04 13:00:00", room=3)
    clinic.synced()
    break_(clinic, lunch, kind)

    clinic.run()
    assert clinic.offered() == ALL - clinic.times(lunch, visits[0])
    clinic.later()
    clinic.neo.set_knob("malformed_records", None)
    clinic.run()

    assert clinic.rows().keys() == {*visits, f"{lunch}@2026-05-04 12:00:00"}
    assert clinic.offered() == ALL - clinic.times(lunch, visits[0])


@TWO
@pytest.mark.parametrize("kind", ["no_block_flag", "block_flag_null", "block_flag_text"])
def test_r05_a_new_closure_that_is_not_called_one_takes_all_of_its_day(
    clinic: NeoBench, kind: str
) -> None:
    many(clinic)
    clinic.synced()
    closed = clinic.neo.book_block(f"{CLOSED} 00:00:00", f"{CLOSED} 00:00:00", "CLOSED")
    break_(clinic, closed, kind)

    clinic.run()

    assert not clinic.offered() & whole(CLOSED)


def test_r05_the_block_flag_missing_from_all_records_is_another_shape(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    marks, closed = clinic.marks(), clinic.neo.book_block(f"{CLOSED} 00:00", f"{CLOSED} 00:00")
    clinic.neo.set_knob("missing_keys", ["is_block"])

    job = clinic.run()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")
    assert (clinic.marks(), set(clinic.rows())) == (marks, {visit})
    assert clinic.offered() == ALL - union(clinic.times(visit), clinic.day_of(closed))
