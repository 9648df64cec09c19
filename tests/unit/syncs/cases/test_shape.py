"""Keys that decide about cases (rule R5)."""

from typing import Any

import pytest

from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.shape import NotesPlaces, as_last_said
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from tests.kit.records import chart, seen

READ_BEFORE = ConsultationMemory(id="9600101", final=True)


def places(*without: bool, before: ConsultationMemory | None = None) -> NotesPlaces:
    """Of so many finalised visits, each with or without a place of notes."""
    stored = StoredVisit(consultation=before or ConsultationMemory())
    found = NotesPlaces()
    for lacks in without:
        found = found.and_(seen(), chart(has_notes_place=not lacks), stored)
    return found


@pytest.mark.parametrize(
    ("found", "fails"),
    [
        (places(), False),
        (places(False), False),
        (places(True), True),
        (places(True, *[False] * 18), True),
        (places(True, *[False] * 19), False),
        (places(True, True, *[False] * 19), True),
        # the same one again and again is its own trouble; several are not
        (places(True, before=READ_BEFORE), False),
        (places(True, True, before=READ_BEFORE), True),
    ],
)
def test_r05_so_many_records_without_a_place_of_notes_are_another_shape(
    found: NotesPlaces, fails: bool
) -> None:
    failure = found.failure()
    assert (failure is not None) is fails
    if failure is not None:
        assert failure.code == "notes_missing"


def test_r05_records_of_visits_that_are_not_over_may_lack_notes() -> None:
    found = NotesPlaces().and_(
        seen(status="In Progress"), chart(has_notes_place=False), StoredVisit()
    )
    assert found == NotesPlaces()


def test_r05_a_visit_that_does_not_say_keeps_the_record_that_it_had() -> None:
    memory = VisitMemory(start="2026-05-04 06:00:00", consultation="9600101")
    stored = StoredVisit(record=VisitRecord("600101", source=memory))

    def id_of(**fields: Any) -> str | None:
        return as_last_said(seen(**fields), stored).consultation_id

    assert id_of(consultation_id=None, has_consultation=False) == "9600101"
    assert id_of(consultation_id=None) is None
    assert id_of(consultation_id="7") == "7"
