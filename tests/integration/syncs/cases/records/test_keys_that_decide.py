"""Not said is not "not there" (rule R5): keys that decide, through Neo's own answers."""

import pytest

from tests.integration.syncs.cases.records.seen_visits import many, seen
from tests.kit.database import query
from tests.kit.job_results import warnings
from tests.kit.neo_cases_bench import NeoCasesBench

DIED = "<p>Humane euthanasia performed.</p>"


def test_r05_without_the_consultations_key_nothing_is_completed(clinic: NeoCasesBench) -> None:
    seen(clinic, "TANGO", DIED)
    clinic.neo.set_knob("missing_keys", ["consultation_id"])

    job = clinic.cases()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")
    assert "consultation id missing" in (job.error_message or "")
    assert not query(clinic.conn, "SELECT id FROM public.cases")


def test_r05_one_missing_key_of_many_leaves_what_is_known(clinic: NeoCasesBench) -> None:
    visits = many(clinic, 20)
    clinic.cases()
    clinic.later()
    reopened, unread = visits[0], seen(clinic, "NEW", DIED)
    document = clinic.case(reopened)["metadata"]
    clinic.neo.set_knob("consultation_key_missing", {"ids": [reopened]})

    clinic.cases()

    assert clinic.case(reopened)["metadata"]["pimsAppointment"] == document["pimsAppointment"]
    assert "vanishedAt" not in clinic.document(reopened)
    assert clinic.status(reopened) == "completed"
    assert clinic.is_marked(unread)


def test_r05_a_visit_that_does_not_say_whether_it_has_a_record_is_not_completed(
    clinic: NeoCasesBench,
) -> None:
    many(clinic, 19)
    visit = seen(clinic, "TANGO", DIED)
    clinic.neo.set_knob("consultation_key_missing", {"ids": [visit]})

    job = clinic.cases()

    assert job.status == "succeeded"
    assert (clinic.status(visit), clinic.document(visit)) == ("ongoing", {})
    clinic.neo.set_knob("consultation_key_missing", None)
    clinic.later()
    clinic.cases()
    assert (clinic.status(visit), clinic.is_marked(visit)) == ("completed", True)


def test_r05_a_visit_without_a_record_says_so_by_a_null(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 06:30:00", 15, 3, "TANGO")

    assert clinic.cases().status == "succeeded"
    assert clinic.status(visit) == "draft"


@pytest.mark.parametrize("place", ["renamed", "key_renamed", "missing"])
def test_r05_without_a_place_of_notes_nothing_is_completed(
    clinic: NeoCasesBench, place: str
) -> None:
    visit = seen(clinic, "TANGO", DIED)
    clinic.neo.set_knob("notes_place", place)

    job = clinic.cases()

    assert (job.status, job.error_kind) == ("failed", "shape_changed")
    assert "notes missing" in (job.error_message or "")
    assert clinic.status(visit) == "ongoing"
    assert clinic.is_marked(visit) is (place != "missing")
    clinic.neo.set_knob("notes_place", "consultation_notes")
    clinic.later()
    clinic.cases()
    assert (clinic.status(visit), clinic.is_marked(visit)) == ("completed", True)


def test_r05_a_place_of_notes_that_is_gone_takes_nothing_back(clinic: NeoCasesBench) -> None:
    visit = seen(clinic, "TANGO")
    clinic.cases()
    clinic.neo.set_knob("notes_place", "missing")
    clinic.later(24 * 60)

    clinic.cases()

    assert clinic.document(visit)["notes"] == "Walks well."
    assert clinic.status(visit) == "completed"


def test_r05_one_record_without_a_place_of_notes_is_read_again_and_fails_no_run(
    clinic: NeoCasesBench,
) -> None:
    """Its own trouble: the others are read, and later runs, which read it alone, do not fail."""
    visit = seen(clinic, "TANGO")
    clinic.neo.set_knob("notes_place", "missing")
    clinic.cases()
    clinic.later()

    job = clinic.cases()

    assert job.status == "succeeded"
    assert (job.result or {})["counts"]["consultations_read"] == 1
    assert clinic.status(visit) == "ongoing"


def test_r19_every_place_of_notes_is_screened(clinic: NeoCasesBench) -> None:
    for hour, place in enumerate(("second", "consultation", "discharge_summary")):
        visit = seen(clinic, f"PET {hour}", DIED, at=f"0{hour}:00")
        clinic.neo.set_knob("notes_place", place)
        assert warnings(clinic.cases()) == {}, place
        assert (clinic.status(visit), clinic.is_marked(visit)) == ("completed", True), place
        clinic.later()


def test_r17_notes_of_two_places_are_stored_both(clinic: NeoCasesBench) -> None:
    visit = seen(clinic, "TANGO")
    clinic.neo.set_knob("notes_place", "second")

    clinic.cases()

    assert clinic.document(visit)["notes"] == "Continued below.\nWalks well."
