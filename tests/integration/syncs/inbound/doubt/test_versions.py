"""Whatever is doubled, held, in conflict or older takes the time of all its versions."""

import pytest

from tests.kit.interference import WritesBeforeApply
from tests.kit.job_results import counts, warnings
from tests.kit.neo_bench import ALL, NeoBench, between, union, whole
from tests.kit.neo_bench import TUESDAY as OTHER_DAY

TWO = pytest.mark.parametrize("clinic", [2], indirect=True)
"""Two places in each slot."""
LATE = {"minutes": 20}
"""A second server that is so far behind gives every answer."""


def double(clinic: NeoBench, record_id: str, how: str) -> None:
    clinic.neo.set_knob("duplicate_records", {"ids": [record_id], "how": how})


# -- records that come twice -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "end"),
    [
        ("equal", "11:00"),
        ("other_provider", "11:00"),
        ("other_end", "12:00"),
        ("other_start", "12:00"),
        ("no_end", "17:00"),
    ],
)
def test_r10_versions_that_nothing_decides_between_take_the_time_of_all(
    clinic: NeoBench, how: str, end: str
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=120)
    double(clinic, visit, how)

    for _ in range(2):
        clinic.run()
        assert clinic.offered() == ALL - between("2026-05-04 09:00", f"2026-05-04 {end}")
        clinic.later()


def test_r10_a_version_of_which_only_the_day_can_be_read_takes_all_of_it(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=120)
    double(clinic, visit, "start_date_only")

    clinic.run()

    assert clinic.offered() == ALL - clinic.day_of(visit)


@TWO
def test_r10_versions_in_two_rooms_take_a_place_in_each(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=120, room=3)
    double(clinic, visit, "other_room")

    clinic.run()

    assert {clinic.left()[slot] for slot in clinic.times(visit)} == {0}
    assert clinic.offered() == ALL - clinic.times(visit)


def test_r10_of_a_version_in_a_room_that_does_not_count_nothing_is_taken(clinic: NeoBench) -> None:
    clinic.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET room_ids = %s WHERE clinic_id = %s",
        (["3", "5"], clinic.clinic_id),
    )
    visit = clinic.neo.book("2026-05-04 09:00:00", room=3)
    double(clinic, visit, "other_room")  # room 4

    clinic.run()

    assert clinic.offered() == ALL - clinic.times(visit)


def test_r10_the_newest_of_versions_with_different_stamps_counts_alone(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=60)
    double(clinic, visit, "differing")

    clinic.run()

    assert clinic.starts() == {visit: "2026-05-04 10:00"}
    assert not clinic.offered() & between("2026-05-04 10:00", "2026-05-04 11:00")


@pytest.mark.parametrize("how", ["other_provider", "other_start"])
def test_r10_a_stored_visit_that_moves_and_comes_twice_takes_all_its_times(
    clinic: NeoBench, how: str
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=60)
    clinic.synced()
    old = clinic.times(visit)
    clinic.neo.move(visit, "2026-05-04 14:00:00")
    double(clinic, visit, how)

    clinic.run()

    hours = "15:00" if how == "other_provider" else "16:00"
    assert clinic.offered() == ALL - union(old, between("2026-05-04 14:00", f"2026-05-04 {hours}"))


# -- held, in conflict -----------------------------------------------------------------------


def test_r09_while_a_shift_of_times_waits_old_and_new_times_are_taken(clinic: NeoBench) -> None:
    visits = [clinic.neo.book(f"2026-05-04 {n:02}:00:00", minutes=30) for n in range(9, 15)]
    clinic.synced()
    old = clinic.times(*visits)
    for number, visit in enumerate(visits):
        clinic.neo.move(visit, f"2026-05-05 {number + 9:02}:30:00")

    for _ in range(2):
        job = clinic.run()
        assert (job.status, clinic.causes()) == ("held", ["times_shifted"])
        assert clinic.offered() == ALL - union(old, clinic.times(*visits))
        clinic.later()

    clinic.decide("approved")
    clinic.run()
    assert clinic.offered() == ALL - clinic.times(*visits)


def test_r09_a_rejected_shift_keeps_old_and_new_times_taken(clinic: NeoBench) -> None:
    visits = [clinic.neo.book(f"2026-05-04 {n:02}:00:00", minutes=30) for n in range(9, 15)]
    clinic.synced()
    old = clinic.times(*visits)
    for number, visit in enumerate(visits):
        clinic.neo.move(visit, f"2026-05-05 {number + 9:02}:30:00")
    clinic.run()
    clinic.later()

    clinic.decide("rejected")
    clinic.run()

    assert clinic.offered() == ALL - union(old, clinic.times(*visits))


def test_r08_losses_that_are_held_give_no_time(clinic: NeoBench) -> None:
    visits = [clinic.neo.book(f"2026-05-04 {n:02}:00:00", patient=f"PET {n}") for n in range(9, 16)]
    clinic.synced()
    for visit in visits:
        clinic.neo.cancel(visit)
    new = clinic.neo.book(f"{OTHER_DAY} 10:00:00", patient="MOCHI")

    job = clinic.run()

    assert (job.status, clinic.causes()) == ("held", ["unproven_visit_losses"])
    assert clinic.offered() == ALL - clinic.times(*visits, new)


def test_r22_a_row_in_conflict_twice_takes_both_of_its_times_and_is_not_fresh(
    clinic: NeoBench,
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=90)
    clinic.synced()
    old, marks = clinic.times(visit), clinic.marks()
    clinic.neo.move(visit, "2026-05-04 14:00:00")

    def somebody_writes() -> None:
        clinic.conn.execute(
            "UPDATE public.schedule_appointments SET updated_at = updated_at + interval '1 s' "
            "WHERE neo_appointment_id = %s AND clinic_id = %s",
            (visit, clinic.clinic_id),
        )

    job = clinic.run(WritesBeforeApply(somebody_writes))

    assert "conflicts_left_for_next_run" in warnings(job)
    assert clinic.offered() == ALL - union(old, clinic.times(visit))
    assert clinic.marks() == marks
    clinic.later()
    clinic.run()
    assert clinic.offered() == ALL - clinic.times(visit)
    assert clinic.marks() == marks + 1


# -- a server that is behind -----------------------------------------------------------------


def test_r10_an_older_version_changes_nothing_and_takes_its_time_too(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=60)
    clinic.synced()
    old = clinic.times(visit)
    clinic.neo.move(visit, "2026-05-04 14:00:00")
    clinic.run()
    marks = clinic.marks()
    assert clinic.offered() == ALL - clinic.times(visit)
    clinic.later(10)
    clinic.neo.set_knob("second_server", LATE)

    job = clinic.run()

    assert clinic.starts() == {visit: "2026-05-04 14:00"}
    assert clinic.offered() == ALL - union(old, clinic.times(visit))
    assert (job.status, clinic.marks()) == ("succeeded_with_warnings", marks)
    assert "read_incomplete" in warnings(job)
    clinic.neo.set_knob("second_server", None)
    clinic.later(1)
    clinic.run()
    assert clinic.offered() == ALL - clinic.times(visit)
    assert clinic.marks() == marks + 1


def test_r10_an_older_version_of_a_cancelled_visit_takes_its_time(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=60)
    clinic.synced()
    clinic.neo.cancel(visit)
    clinic.run()
    assert clinic.offered() == ALL
    clinic.later(10)
    clinic.neo.set_knob("second_server", LATE)

    clinic.run()

    assert clinic.rows()[visit]["status"] == "cancelled"
    assert clinic.offered() == ALL - clinic.times(visit)


def test_r10_an_older_version_of_a_block_takes_its_time(clinic: NeoBench) -> None:
    block = clinic.neo.book_block("2026-05-04 09:00:00", "2026-05-04 10:00:00", room=3)
    clinic.synced()
    old = clinic.times(block)
    clinic.neo.move_block(block, "2026-05-04 14:00:00", "2026-05-04 15:00:00")
    clinic.run()
    clinic.later(10)
    clinic.neo.set_knob("second_server", LATE)

    clinic.run()

    assert not clinic.offered() & union(old, clinic.times(block))


@pytest.mark.parametrize("look_ups", [False, True])
def test_r10_a_read_that_shows_an_older_version_strikes_nobody(
    clinic: NeoBench, look_ups: bool
) -> None:
    moved = clinic.neo.book("2026-05-04 09:00:00", minutes=60)
    clinic.synced()
    clinic.neo.move(moved, "2026-05-04 14:00:00")
    new = clinic.neo.book("2026-05-05 09:00:00", patient="MOCHI")
    clinic.run()
    clinic.later(10)
    clinic.neo.set_knob("second_server", {**LATE, "look_ups": look_ups})

    for _ in range(2):  # the second server does not know of the new visit yet
        clinic.run()
        assert clinic.strikes() == 0
        assert new in clinic.rows()
        assert not clinic.offered() & clinic.times(new, moved)
        clinic.later(4)


def test_r10_every_other_answer_from_a_late_server_moves_nothing_back(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=60)
    clinic.synced()
    clinic.neo.move(visit, "2026-05-04 14:00:00")
    clinic.neo.set_knob("second_server", {"minutes": 200, "every": 2})

    for _ in range(4):
        clinic.run()
        assert clinic.starts() == {visit: "2026-05-04 14:00"}
        assert not clinic.offered() & clinic.times(visit)
        clinic.later(10)


# -- events over several days ----------------------------------------------------------------


@TWO
def test_r10_a_closure_over_three_days_takes_each_of_them(clinic: NeoBench) -> None:
    clinic.neo.book_block("2026-05-04 00:00:00", "2026-05-07 00:00:00", "CLOSED")

    for _ in range(2):
        job = clinic.run()
        assert (len(clinic.left()), clinic.offered()) == (len(ALL), set())
        assert "ends_after_midnight" in warnings(job)
        clinic.later()

    clinic.later(24 * 60)
    clinic.run()
    assert not clinic.offered() & (ALL - whole(OTHER_DAY.replace(day=4)))


def test_r10_a_visit_over_several_days_takes_every_day_that_it_covers(clinic: NeoBench) -> None:
    boards = clinic.neo.book("2026-05-04 15:00:00", minutes=44 * 60)

    clinic.run()

    assert clinic.offered() == ALL - clinic.times(boards)
    assert clinic.times(boards) >= whole(OTHER_DAY)


def test_r10_an_event_that_begins_before_the_window_takes_what_it_covers(clinic: NeoBench) -> None:
    clinic.neo.set_knob("end_bound", "spanning")
    closed = clinic.neo.book_block("2026-05-02 12:00:00", "2026-05-05 12:00:00", "CLOSED")

    clinic.run()

    assert clinic.offered() == ALL - clinic.times(closed)


def test_r10_a_closure_that_has_been_shortened_gives_the_days_back(clinic: NeoBench) -> None:
    closed = clinic.neo.book_block("2026-05-04 00:00:00", "2026-05-07 00:00:00", "CLOSED")
    clinic.synced()
    clinic.neo.move_block(closed, "2026-05-05 09:00:00", "2026-05-05 12:00:00")

    for _ in range(3):
        clinic.run()
        clinic.later(24 * 30)

    assert not clinic.offered() & clinic.times(closed)
    assert clinic.offered() >= whole(OTHER_DAY.replace(day=6))


def test_r12_a_run_in_which_nothing_is_new_counts_the_same(clinic: NeoBench) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00", minutes=60)
    clinic.neo.book_block("2026-05-05 12:00:00", "2026-05-06 12:00:00", "CLOSED")
    clinic.synced()
    before = clinic.left()

    job = clinic.run()

    assert clinic.left() == before
    assert not {"created", "updated", "removed"} & counts(job).keys()
    assert visit in clinic.rows()
