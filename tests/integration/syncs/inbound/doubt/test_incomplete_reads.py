"""A read that is not whole adds what it saw, frees nothing, and is no sign of freshness."""

import json

import pytest

from idexx_sync.clinics.status import read_clinic_status
from tests.kit.job_results import warnings
from tests.kit.neo_bench import ALL, NeoBench, union

NOT_WHOLE = (
    *("failed_empty", "failed_with_events", "error_with_events", "incomplete", "partial"),
    *("truncated", "has_more", "next_page", "total_beyond"),
)
WHOLE = ("succeeded", "unknown_keys")


# -- what an answer says of itself -----------------------------------------------------------


@pytest.mark.parametrize("envelope", NOT_WHOLE)
def test_r01_a_first_answer_that_says_that_it_is_not_whole_offers_nothing(
    clinic: NeoBench, envelope: str
) -> None:
    clinic.neo.book("2026-05-04 09:00:00")
    clinic.neo.book("2026-05-05 09:00:00", patient="MOCHI")
    clinic.neo.set_knob("envelope", envelope)

    job = clinic.run()

    assert job.status == "succeeded_with_warnings"
    assert "read_incomplete" in warnings(job)
    assert (clinic.offered(), clinic.marks()) == (set(), 0)


@pytest.mark.parametrize("envelope", NOT_WHOLE)
def test_r01_an_answer_that_is_not_whole_strikes_nobody_and_makes_what_is_proven(
    clinic: NeoBench, envelope: str
) -> None:
    kept, gone, moved = (
        clinic.neo.book(f"2026-05-0{day} 09:00:00", patient=f"PET {day}") for day in (4, 5, 6)
    )
    clinic.synced()
    marks, old = clinic.marks(), clinic.times(moved)
    clinic.neo.delete(gone)
    clinic.neo.move(moved, "2026-05-04 08:30:00", minutes=60)  # comes first, so it is shown
    clinic.neo.set_knob("envelope", envelope)

    job = clinic.run()

    assert "read_incomplete" in warnings(job)
    assert (clinic.strikes(), clinic.marks()) == (0, marks)
    assert set(clinic.rows()) == {kept, moved}
    its_time = old if envelope == "failed_empty" else clinic.times(moved)
    assert not clinic.offered() & union(clinic.times(kept), its_time)


@pytest.mark.parametrize("envelope", WHOLE)
def test_r01_an_answer_that_says_that_all_is_well_is_complete(
    clinic: NeoBench, envelope: str
) -> None:
    visit = clinic.neo.book("2026-05-04 09:00:00")
    clinic.neo.set_knob("envelope", envelope)

    job = clinic.run()

    assert clinic.offered() == ALL - clinic.times(visit)
    assert clinic.marks() == 1
    assert "read_incomplete" not in warnings(job)


def test_r01_keys_beside_the_events_that_nobody_knows_are_reported(clinic: NeoBench) -> None:
    clinic.neo.book("2026-05-04 09:00:00")
    clinic.neo.set_knob("envelope", "unknown_keys")

    job = clinic.run()

    said = json.dumps(job.result)
    assert "generatedBy" in said
    assert "schedule-7" not in said


def test_r01_an_incomplete_read_enlarges_no_slot(clinic: NeoBench) -> None:
    clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    before = clinic.left()
    clinic.configure(default_capacity=3, open_time="08:00")
    clinic.neo.set_knob("envelope", "partial")

    clinic.run()

    assert {slot: left for slot, left in clinic.left().items() if left > before.get(slot, 0)} == {}


# -- a visit that only its look-up shows -----------------------------------------------------


def hide(clinic: NeoBench, *record_ids: str) -> None:
    clinic.neo.set_knob("calendar_subset", {"drop_ids": list(record_ids)})


def test_r01_what_contradicts_three_reads_is_set_apart_by_name(clinic: NeoBench) -> None:
    hidden = clinic.neo.book("2026-05-04 09:00:00")
    other = clinic.neo.book("2026-05-05 09:00:00", patient="MOCHI")
    clinic.synced()
    marks = clinic.marks()
    hide(clinic, hidden)

    for _ in range(2):
        job = clinic.run()
        assert (job.status, clinic.marks()) == ("succeeded_with_warnings", marks)
        assert "read_incomplete" in warnings(job)
        assert clinic.causes() == []
        clinic.later()
    job = clinic.run()

    assert (job.status, clinic.causes()) == ("held", ["never_shown"])
    (hold,) = clinic.holds()
    assert hidden in json.dumps(hold["findings"])
    assert clinic.marks() == marks + 1
    assert clinic.offered() == ALL - clinic.times(hidden, other)
    clinic.later()
    clinic.run()
    assert clinic.marks() == marks + 2


def test_r06_a_proven_deletion_does_not_hang_on_another_record(clinic: NeoBench) -> None:
    hidden, gone = clinic.neo.book("2026-05-04 09:00:00"), clinic.neo.book("2026-05-05 09:00:00")
    clinic.synced()
    hide(clinic, hidden)
    clinic.neo.delete(gone)

    clinic.run()

    assert set(clinic.rows()) == {hidden}
    assert clinic.offered() == ALL - clinic.times(hidden)


def test_r09_a_record_that_is_shown_again_closes_its_hold(clinic: NeoBench) -> None:
    hidden = clinic.neo.book("2026-05-04 09:00:00")
    clinic.neo.book("2026-05-05 09:00:00", patient="MOCHI")
    clinic.synced()
    hide(clinic, hidden)
    for _ in range(3):
        clinic.run()
        clinic.later()
    assert clinic.causes() == ["never_shown"]
    clinic.neo.set_knob("calendar_subset", "all")

    clinic.run()

    assert clinic.causes() == []
    assert clinic.starts()[hidden] == "2026-05-04 09:00"


def test_r01_shown_once_in_between_the_count_begins_anew(clinic: NeoBench) -> None:
    hidden = clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    for subset in ({"drop_ids": [hidden]}, "all", {"drop_ids": [hidden]}, {"drop_ids": [hidden]}):
        clinic.neo.set_knob("calendar_subset", subset)
        clinic.run()
        clinic.later()

    assert clinic.causes() == []


# -- look-ups that are hard to read ----------------------------------------------------------

AWAY = "2026-05-20 09:00:00"
"""Outside of the window."""


@pytest.mark.parametrize("kind", ["text_half_a_pair", "text_nul", "text_list"])
def test_r06_nothing_in_free_text_keeps_a_look_up_from_proving(clinic: NeoBench, kind: str) -> None:
    moved, gone = clinic.neo.book("2026-05-04 09:00:00"), clinic.neo.book("2026-05-05 09:00:00")
    clinic.synced()
    clinic.neo.move(moved, AWAY)
    clinic.neo.delete(gone)
    clinic.neo.set_knob("malformed_look_ups", {moved: kind, gone: kind})

    clinic.run()

    assert clinic.starts() == {moved: AWAY[:16]}
    assert clinic.offered() == ALL


@pytest.mark.parametrize("kind", ["start_date_only", "start_fraction", "no_start", "no_end"])
def test_r06_a_look_up_whose_times_can_not_be_read_frees_nothing(
    clinic: NeoBench, kind: str
) -> None:
    moved = clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    old = clinic.times(moved)
    clinic.neo.move(moved, "2026-05-05 09:00:00")
    clinic.neo.set_knob("malformed_look_ups", {moved: kind})
    hide(clinic, moved)

    for _ in range(2):
        clinic.run()
        assert not clinic.offered() & old
        clinic.later()


# -- freshness -------------------------------------------------------------------------------


def test_r13_reads_that_are_incomplete_do_not_keep_a_clinic_on_time(clinic: NeoBench) -> None:
    clinic.neo.book("2026-05-04 09:00:00")
    clinic.synced()
    clinic.neo.set_knob("envelope", "partial")
    for _ in range(3):
        clinic.later(30)
        clinic.run()

    status = read_clinic_status(clinic.conn, clinic.clinic_id)

    assert {one.sync: one.freshness for one in status.syncs}["inbound"] not in ("on_time", "new")
