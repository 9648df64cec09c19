"""What the case's fields say of a visit's type and of its notes."""

from zoneinfo import ZoneInfo

import pytest

from idexx_sync.syncs.cases.mapping import map_visit, says_something
from idexx_sync.syncs.cases.vocabulary import case_type, entity_case_type
from tests.kit.records import patient_visit


@pytest.mark.parametrize(
    ("notes", "written"),
    [
        (None, False),
        ("", False),
        ("\n  \n", False),
        ("Appointment reason: ear check", False),
        ("APPOINTMENT REASON: ear check\n\n", False),
        ("Appointment reason: ear check\nshakes head", True),
        ("shakes head", True),
    ],
)
def test_notes_that_only_repeat_the_booking_are_nobodys_words(
    notes: str | None, written: bool
) -> None:
    assert says_something(notes) is written


@pytest.mark.parametrize(
    ("name", "case", "entity"),
    [
        (None, "checkup", "unknown"),
        ("", "checkup", "unknown"),
        ("Grooming", "checkup", "other"),
        ("Euthanasia", "checkup", "euthanasia"),
        ("Emergency visit", "emergency", "emergency"),
        ("Dental cleaning", "surgery", "dental"),
        ("Spay", "surgery", "surgery"),
        ("Recheck", "follow_up", "follow_up"),
        ("Booster", "checkup", "vaccination"),
        ("Radiograph", "checkup", "diagnostic"),
        ("Consultation", "checkup", "consultation"),
        ("Exam", "checkup", "exam"),
        ("Wellness", "checkup", "checkup"),
    ],
)
def test_a_types_name_tells_the_case_type_and_the_finer_word(
    name: str | None, case: str, entity: str
) -> None:
    assert (case_type(name), entity_case_type(name)) == (case, entity)


@pytest.mark.parametrize(
    ("end", "minutes"),
    [("2026-05-04 07:30:00", 90), ("2026-05-04 06:00:00", 20), (None, 20)],
)
def test_a_visit_lasts_as_long_as_it_says_or_one_slot(end: str | None, minutes: int) -> None:
    mapped = map_visit(patient_visit(end=end), ZoneInfo("America/Chicago"), 20)

    assert mapped.values["metadata.pimsAppointment.duration"] == minutes
