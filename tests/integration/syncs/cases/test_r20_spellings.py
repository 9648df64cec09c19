"""Rule R20: the spellings that readers compare with, and the maps of words."""

import pytest

from tests.kit.cases_bench import CasesBench
from tests.kit.job_results import warnings
from tests.kit.records import chart, patient_visit, seen


@pytest.mark.parametrize(
    ("word", "status", "kept"),
    [
        ("Scheduled", "draft", "Scheduled"),
        ("confirmed", "draft", "confirmed"),
        ("Not arrived", "draft", "Not arrived"),
        ("not_arrived", "draft", "not_arrived"),
        ("Late", "draft", "Late"),
        ("Arrived", "ongoing", "Arrived"),
        ("checked in", "ongoing", "checked in"),
        ("In Progress", "ongoing", "In Progress"),
        ("in-progress", "ongoing", "in-progress"),
        ("Ready to Pay", "ongoing", "Ready to Pay"),
        ("Finalized", "completed", "Finalized"),
        ("finalised", "completed", "finalised"),
        ("Completed", "completed", "Completed"),
        ("discharged", "completed", "discharged"),
        ("CANCELLED", "reviewed", "cancelled"),
        ("Canceled", "reviewed", "cancelled"),
        ("No Show", "reviewed", "no-show"),
        ("no_show", "reviewed", "no-show"),
        ("No-Show", "reviewed", "no-show"),
        ("noshow", "reviewed", "no-show"),
    ],
)
def test_r20_every_status_in_its_spellings(
    bench: CasesBench, word: str, status: str, kept: str
) -> None:
    bench.shows(patient_visit(status=word))

    bench.cases()
    bench.later(120)
    bench.cases()

    case = bench.case()
    assert case["status"] == status
    assert case["metadata"]["pimsAppointment"]["status"] == kept
    assert case["metadata"]["pimsAppointment"]["sourceStatus"] == word


def test_r05_an_unknown_word_is_told_once_and_changes_nothing(bench: CasesBench) -> None:
    bench.shows(patient_visit(status="Cancelled"))
    bench.cases()
    bench.shows(patient_visit(status="Zebra"))

    first, second = bench.cases(), bench.cases()

    assert warnings(first) == {"unknown_words": 1}
    assert warnings(second) == {}
    assert bench.case()["status"] == "reviewed"
    assert bench.case()["metadata"]["pimsAppointment"]["status"] == "cancelled"
    assert bench.case()["metadata"]["pimsAppointment"]["sourceStatus"] == "Zebra"


@pytest.mark.parametrize("word", [None, "Zebra"])
def test_r05_a_new_case_of_an_unknown_word_is_a_draft(bench: CasesBench, word: str | None) -> None:
    bench.shows(patient_visit(status=word))

    bench.cases()

    assert bench.case()["status"] == "draft"


@pytest.mark.parametrize(
    ("name", "type_", "entity"),
    [
        ("Annual Exam", "checkup", "exam"),
        ("Brief Exam", "checkup", "exam"),
        ("VACCINATION", "checkup", "vaccination"),
        ("well-visit", "checkup", "checkup"),
        ("Dental cleaning", "surgery", "dental"),
        ("Spay - Canine", "surgery", "surgery"),
        ("Urgent care", "emergency", "emergency"),
        ("Emergency Exam", "emergency", "emergency"),
        ("Re-check ears", "follow_up", "follow_up"),
        ("Follow up", "follow_up", "follow_up"),
        ("Euthanasia", "checkup", "euthanasia"),
        ("Grooming", "checkup", "other"),
        (None, "checkup", "unknown"),
    ],
)
def test_r20_types_by_the_words_they_contain(
    bench: CasesBench, name: str | None, type_: str, entity: str
) -> None:
    bench.shows(patient_visit(type=name))

    bench.cases()

    assert bench.case()["type"] == type_
    assert bench.case()["entity_extraction"]["caseType"] == entity


@pytest.mark.parametrize(
    ("word", "species"),
    [
        ("Dog", "dog"),
        ("CANINE", "dog"),
        ("Cat", "cat"),
        ("Feline (DSH)", "cat"),
        ("Avian", "bird"),
        ("Bunny", "rabbit"),
        ("Cattle", "other"),
        ("Ferret", "other"),
        (None, "unknown"),
    ],
)
def test_r20_species_by_the_words_they_contain(
    bench: CasesBench, word: str | None, species: str
) -> None:
    bench.shows(seen())
    bench.writes(chart(species=word))

    bench.cases()

    assert bench.patient()["species"] == species


def test_r20_the_extraction_holds_contact_and_case_type(bench: CasesBench) -> None:
    bench.shows(patient_visit(client_email="robin@example.com"))

    bench.cases()

    extraction = bench.case()["entity_extraction"]
    assert extraction["patient"]["owner"] == {
        "name": "Robin Sample",
        "phone": "+15555550100",
        "email": "robin@example.com",
    }
    assert extraction["caseType"] == "exam"
    assert extraction["clinical"]["visitReason"] == "LIMPING"
