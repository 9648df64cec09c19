"""Rule R15: a person's edit in ODIS stays."""

from typing import Any
from uuid import UUID

import pytest

from tests.kit.cases_bench import CasesBench
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen


def test_r15_an_edited_patient_stays_whatever_the_source_says(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("patients", bench.patient()["id"], name="Tango", owner_phone="+15555550188")
    bench.shows(patient_visit(patient_name="TANGO II", client_phone="555-555-0199"))

    job = bench.cases()

    patient = bench.patient()
    assert (patient["name"], patient["owner_phone"]) == ("Tango", "+15555550188")
    assert counts(job)["edited_in_odis"] == 1
    assert bench.case()["metadata"]["pimsAppointment"]["patient"]["name"] == "TANGO II"
    assert bench.memory("visit")["source"]["edited"] == ["patient.name", "patient.owner_phone"]


def test_r15_an_edit_is_told_once(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("patients", bench.patient()["id"], name="Tango")

    first, second = bench.cases(), bench.cases()

    (told,) = bench.audits(first)
    assert (told["status"], told["metadata"]["reason"]) == ("skipped", "edited_in_odis")
    assert list(told["metadata"]["changes"]) == ["patient.name"]
    assert bench.audits(second) == []
    assert first.status == second.status == "succeeded"


def test_r15_a_field_that_nobody_edited_follows_the_source(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.shows(
        patient_visit(
            patient_name="TANGO II",
            client_name="Sam Sample",
            client_phone="(555) 555-0199",
            client_email="sam@example.com",
            type="Surgery",
            reason="LUMP",
        )
    )

    bench.cases()

    case, patient = bench.case(), bench.patient()
    assert (patient["name"], patient["owner_name"]) == ("TANGO II", "Sam Sample")
    assert (patient["owner_phone"], patient["owner_email"]) == ("+15555550199", "sam@example.com")
    assert case["type"] == "surgery"
    for document in (case["metadata"]["entities"], case["entity_extraction"]):
        assert document["patient"]["name"] == "TANGO II"
        assert document["patient"]["owner"]["phone"] == "+15555550199"
        assert document["clinical"]["visitReason"] == "LUMP"
        assert document["caseType"] == "surgery"


def test_r15_an_edit_that_was_taken_back_is_none(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("patients", bench.patient()["id"], name="Tango")
    bench.cases()
    bench.edit("patients", bench.patient()["id"], name="TANGO")
    bench.shows(patient_visit(patient_name="TANGO II"))

    job = bench.cases()

    assert bench.patient()["name"] == "TANGO II"
    assert "edited_in_odis" not in counts(job)


@pytest.mark.parametrize("empty", [None, "", "Unknown"])
def test_r15_an_empty_field_is_nobodys_edit(bench: CasesBench, empty: str | None) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("patients", bench.patient()["id"], owner_name=empty)

    bench.cases()

    assert bench.patient()["owner_name"] == "Robin Sample"


def test_r15_a_persons_review_is_not_undone(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.edit("cases", bench.case()["id"], status="reviewed")
    bench.later(60 * 24)

    job = bench.cases()

    assert bench.case()["status"] == "reviewed"
    assert counts(job)["edited_in_odis"] == 1


def test_r15_a_person_completed_it_before_the_visit_was_finalised(bench: CasesBench) -> None:
    bench.shows(patient_visit(status="In Progress"))
    bench.cases()
    bench.edit("cases", bench.case()["id"], status="completed")
    bench.shows(patient_visit(status="Ready to Pay"))

    bench.cases()

    assert bench.case()["status"] == "completed"


@pytest.mark.parametrize("ours", ["draft", "ongoing"])
def test_r15_draft_and_ongoing_are_never_a_persons(bench: CasesBench, ours: str) -> None:
    bench.shows(patient_visit(status="Arrived"))
    bench.cases()
    bench.edit("cases", bench.case()["id"], status=ours)
    bench.shows(patient_visit(status="Cancelled"))

    bench.cases()

    assert bench.case()["status"] == "reviewed"


def test_r15_what_we_reviewed_because_it_was_cancelled_comes_back(bench: CasesBench) -> None:
    bench.shows(patient_visit(status="Cancelled"))
    bench.cases()
    bench.shows(patient_visit(status="Not arrived"))

    bench.cases()

    assert bench.case()["status"] == "draft"
    assert bench.case()["metadata"]["pimsAppointment"]["status"] == "Not arrived"


def test_r15_rows_of_an_earlier_service_are_judged_by_what_it_stored(bench: CasesBench) -> None:
    case_id = earlier_case(bench)
    bench.add_patient(case_id, owner_name="Robin Sample", owner_phone="555-555-0100", species="dog")
    bench.shows(patient_visit(client_name="Sam Sample"))

    job = bench.cases()

    patient = bench.patient()
    assert (patient["owner_name"], patient["owner_phone"]) == ("Sam Sample", "+15555550100")
    assert "edited_in_odis" not in counts(job)


def test_r15_an_edit_before_we_came_is_one_too(bench: CasesBench) -> None:
    case_id = earlier_case(bench, status="completed")
    bench.add_patient(case_id, name="Tango", owner_name="R. Sample")
    bench.shows(patient_visit(status="Cancelled"))

    job = bench.cases()

    assert (bench.patient()["name"], bench.patient()["owner_name"]) == ("Tango", "R. Sample")
    assert bench.case()["status"] == "completed"
    assert bench.case()["metadata"]["pimsAppointment"]["status"] == "cancelled"
    assert bench.memory("visit")["source"]["edited"] == [
        "case.status",
        "patient.name",
        "patient.owner_name",
    ]
    assert counts(job)["edited_in_odis"] == 1


def test_r15_an_entity_that_somebody_improved_stays(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    document: dict[str, Any] = bench.case()["metadata"]
    document["entities"]["clinical"]["clinicalNotes"] = "A better text."
    document["entities"]["clinical"]["diagnosis"] = "sprain"
    bench.edit("cases", bench.case()["id"], metadata=document)
    bench.writes(chart(notes_html="<p>S: three days lame.</p>"))
    bench.shows(seen(reason="LIMPING AGAIN"))

    bench.cases()

    clinical = bench.case()["metadata"]["entities"]["clinical"]
    assert clinical["clinicalNotes"] == "A better text."
    assert clinical["diagnosis"] == "sprain"
    assert clinical["visitReason"] == "LIMPING AGAIN"
    assert bench.case()["metadata"]["pimsConsultation"]["notes"] == "S: three days lame."
    assert bench.case()["entity_extraction"]["clinical"]["clinicalNotes"] == "S: three days lame."


def test_r15_the_acting_user_is_set_where_there_is_none_only(
    bench: CasesBench, user_id: UUID
) -> None:
    bench.add_case("pims-appt-idexx-neo-600101", user_id=None)
    bench.shows(patient_visit())

    bench.cases()

    assert bench.case()["user_id"] == user_id


def earlier_case(bench: CasesBench, **columns: Any) -> UUID:
    """A case as the earlier service left it."""
    return bench.add_case(
        "pims-appt-idexx-neo-600101",
        metadata={
            "pimsAppointment": {
                "id": "600101",
                "status": "Not arrived",
                "patient": {"id": "40021", "name": "TANGO", "species": "Canine"},
                "client": {"name": "Robin Sample", "phone": "555-555-0100"},
                "type": "Exam",
            }
        },
        **columns,
    )


def test_r15_an_edit_of_what_the_record_says_is_told_once_too(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(notes_html=None))
    bench.cases()
    bench.edit("patients", bench.patient()["id"], breed="Poodle")

    told = []
    for _ in range(3):
        bench.later(120)
        told.append(len(bench.audits(bench.cases())))

    assert told == [1, 0, 0]
    assert bench.memory("consultation")["source"]["edited"] == ["patient.breed"]


MALFORMED = ['"a text"', '{"derived": ["patient.name"], "edited": 3}', '{"id": {}, "start": {}}']


@pytest.mark.parametrize("document", MALFORMED)
def test_r15_what_is_remembered_and_cannot_be_read_stops_no_run(
    bench: CasesBench, document: str
) -> None:
    """A person's edit stays all the same, and the memory is made anew."""
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.edit("patients", bench.patient()["id"], name="Tango")
    bench.conn.execute("UPDATE idexx_sync.records SET source = %s::jsonb", (document,))
    bench.later()

    first, second = bench.cases(), bench.cases()

    assert first.status == "succeeded_with_warnings"
    assert warnings(first) == {"memory_unknown": 1}
    assert second.status == "succeeded"
    assert bench.patient()["name"] == "Tango"
    assert bench.memory("visit")["source"]["edited"] == ["patient.name"]
    assert bench.memory("consultation")["source"]["id"] is not None
