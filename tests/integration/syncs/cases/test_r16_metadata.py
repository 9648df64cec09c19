"""Rule R16: our leaves are merged into documents that others write too."""

from typing import Any

import pytest

from tests.kit.cases_bench import CasesBench
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen


def test_r16_what_others_wrote_stays(bench: CasesBench) -> None:
    theirs = {
        "idexx": {"notes": "n"},
        "callIntelligence": {"generatedAt": "2026-05-01"},
        "entities": {"clinical": {"diagnosis": "sprain"}, "patient": {"owner": {"vip": True}}},
        "pimsAppointment": {"theirs": 1, "client": {"since": 2019}},
        "pimsConsultation": {"reviewedBy": "somebody"},
        "list": [1, 2],
    }
    bench.add_case("pims-appt-idexx-neo-600101", metadata=theirs, entity_extraction={"mood": "ok"})
    bench.shows(seen())
    bench.writes(chart())

    bench.cases()

    metadata = bench.case()["metadata"]
    assert contains(metadata, theirs)
    assert metadata["entities"]["patient"]["owner"]["phone"] == "+15555550100"
    assert bench.case()["entity_extraction"]["mood"] == "ok"


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"pimsAppointment": None, "entities": {"patient": None}, "pimsConsultation": None}],
)
def test_r16_a_null_counts_as_an_empty_object(bench: CasesBench, metadata: Any) -> None:
    bench.add_case("pims-appt-idexx-neo-600101", metadata=metadata)
    bench.shows(seen())
    bench.writes(chart())

    job = bench.cases()

    assert bench.case()["status"] == "completed"
    assert bench.case()["metadata"]["entities"]["patient"]["name"] == "TANGO"
    assert job.status == "succeeded"


def test_r16_a_json_null_document_counts_as_an_empty_object(bench: CasesBench) -> None:
    made = bench.add_case("pims-appt-idexx-neo-600101")
    bench.conn.execute("UPDATE public.cases SET metadata = 'null' WHERE id = %s", (made,))
    bench.shows(patient_visit())

    bench.cases()

    assert bench.case()["metadata"]["pimsAppointment"]["id"] == "600101"


@pytest.mark.parametrize(
    "metadata",
    [
        {"pimsAppointment": "text"},
        {"pimsAppointment": ["a"]},
        {"entities": {"patient": {"owner": 7}}},
        {"pimsConsultation": True},
        {"pimsAppointment": 0},
        {"entities": False},
        {"entities": {"patient": ""}},
    ],
)
def test_r16_anything_else_in_our_place_quarantines_the_case(
    bench: CasesBench, metadata: Any
) -> None:
    bench.add_case("pims-appt-idexx-neo-600101", metadata=metadata)
    bench.shows(seen(), patient_visit("600102", "2026-05-04 10:00:00"))
    bench.writes(chart())

    job = bench.cases()
    again = bench.cases()

    (untouched, _) = bench.all_cases()
    assert untouched["metadata"] == metadata
    assert untouched["status"] == "draft"
    assert warnings(job)["cases_not_written"] == 1
    assert counts(job)["created"] == 1
    (told,) = [audit for audit in bench.audits(job) if audit["status"] == "skipped"]
    assert told["error_message"] == "document_not_an_object"
    assert bench.audits(again) == []


def test_r19_whatever_stands_in_the_way_of_a_case_its_patients_death_counts(
    bench: CasesBench,
) -> None:
    bench.add_case("pims-appt-idexx-neo-600101", metadata={"pimsAppointment": "text"})
    bench.shows(seen(), patient_visit("600102", "2026-05-05 09:00:00"))
    bench.writes(chart(notes_html="<p>Euthanasia performed.</p>"))

    bench.cases()

    assert [case["extreme_case_check"] is None for case in bench.all_cases()] == [False, False]
    assert bench.all_cases()[0]["status"] == "draft"


def test_r16_a_document_that_was_put_right_is_written_again(bench: CasesBench) -> None:
    made = bench.add_case("pims-appt-idexx-neo-600101", metadata={"pimsAppointment": "text"})
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("cases", made, metadata={})

    bench.cases()

    assert bench.case()["metadata"]["pimsAppointment"]["id"] == "600101"
    assert bench.memory("visit")["quarantine_code"] is None


def test_r16_personal_fields_are_never_overwritten_with_nothing(bench: CasesBench) -> None:
    bench.shows(patient_visit(client_email="robin@example.com"))
    bench.cases()
    before = bench.case(), bench.patient()
    bench.shows(
        patient_visit(
            patient_name=None,
            client_name=None,
            client_phone=None,
            client_email=None,
            provider_name=None,
            reason=None,
        )
    )

    bench.cases()

    assert (bench.case(), bench.patient()) == before


def test_r16_a_name_unknown_never_overwrites(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.shows(patient_visit(patient_name=None))

    bench.cases()

    assert bench.patient()["name"] == "TANGO"


def test_r16_the_whole_document_of_a_visit(bench: CasesBench) -> None:
    bench.shows(seen(client_email="robin@example.com", end="2026-05-04 06:45:00"))
    bench.writes(chart())

    bench.cases()

    metadata = bench.case()["metadata"]
    assert metadata["pimsAppointment"] == {
        "id": "600101",
        "consultationId": "9600101",
        "date": "2026-05-04",
        "startTime": "2026-05-04T13:00:00Z",
        "duration": 45,
        "status": "Finalized",
        "sourceStatus": "Finalized",
        "patient": {"id": "40021", "name": "TANGO", "species": "Canine", "breed": "Mixed"},
        "client": {
            "id": "15077",
            "name": "Robin Sample",
            "phone": "555-555-0100",
            "email": "robin@example.com",
        },
        "provider": {"id": None, "name": "DR. A. EXAMPLE"},
        "type": "Exam",
        "reason": "LIMPING",
    }
    assert metadata["pimsConsultation"] == {
        "id": "9600101",
        "notes": "S: two days lame.",
        "notesHtml": "<p>S: two days lame.</p>",
        "dischargeSummary": "S: two days lame.",
        "productsServices": "EXAM - OFFICE",
        "declinedProductsServices": "RADIOGRAPHS, 2 VIEWS",
        "products": [{"id": "1", "name": "EXAM - OFFICE", "label": None, "quantity": 1}],
        "declinedProducts": [
            {"id": None, "name": "RADIOGRAPHS, 2 VIEWS", "label": None, "quantity": 1}
        ],
        "status": "paid",
        "reason": "limping",
        "date": "2026-05-04",
    }
    assert metadata["entities"] == {
        "patient": {
            "name": "TANGO",
            "species": "dog",
            "breed": "Mixed",
            "owner": {
                "name": "Robin Sample",
                "phone": "+15555550100",
                "email": "robin@example.com",
            },
        },
        "clinical": {
            "visitReason": "LIMPING",
            "clinicalNotes": "S: two days lame.",
            "productsServicesProvided": ["EXAM - OFFICE"],
            "productsServicesDeclined": ["RADIOGRAPHS, 2 VIEWS"],
        },
        "caseType": "exam",
        "confidence": {"overall": 0.9, "patient": 0.95, "clinical": 0.85},
        "extractedAt": "2026-05-04T14:00:00Z",
    }
    assert (metadata["syncSource"], metadata["syncedAt"]) == ("IDEXX Neo", "2026-05-04T14:00:00Z")
    assert bench.case()["entity_extraction"] == metadata["entities"]


def contains(document: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(name in document and contains(document[name], part[name]) for name in part)
    return bool(document == part)
