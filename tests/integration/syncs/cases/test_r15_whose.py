"""Rule R15: a visit is given to another patient or owner, and nothing of the former one stays."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from idexx_sync.pims.protocol import Consultation, Line, SourceRecord
from tests.kit.cases_bench import CasesBench
from tests.kit.database import as_json, insert, query, update
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen

DAY = 60 * 24
ELLA = chart(
    patient_id="40055",
    notes_html="<p>ELLA NOTES.</p>",
    reason="ella reason",
    lines=[Line("ELLA DRUG")],
    species="Feline",
    breed=None,
    sex=None,
    weight_kg=None,
    client_id="15099",
)
"""Another patient's record under the same consultation."""
TANGO = chart(
    notes_html="<p>TANGO NOTES.</p>",
    reason="tango reason",
    lines=[Line("TANGO DRUG"), Line("TANGO REFUSED", declined=True)],
    breed="TANGO BREED",
    sex="TANGO SEX",
    client_id="15077",
    client_phone="555-555-0111",
    client_email="tango@example.com",
    vital_signs={"remark": "TANGO VITALS"},
)


def of_tango(**fields: Any) -> SourceRecord:
    return seen(**{"client_email": "tango@example.com", "reason": "TANGO REASON", **fields})


def of_ella(**fields: Any) -> SourceRecord:
    """The same visit, of another patient, whose owner has neither phone nor e-mail."""
    whose = {
        "patient_id": "40055",
        "patient_name": "ELLA",
        "client_id": "15099",
        "client_name": "Quinn Other",
        "client_phone": None,
        "client_email": None,
    }
    return seen(**{**whose, "reason": "ELLA REASON", **fields})


FORMER = ("TANGO", "Robin", "5550100", "tango@", "40021", "15077", "21.4", "5550111", "BY HAND")


def everything(bench: CasesBench) -> str:
    """All leaves of the visit's case, of its patient's row and of what we remember."""
    case, patient = bench.case(), bench.patient()
    memories = query(
        bench.conn, "SELECT source FROM idexx_sync.records WHERE clinic_id = %s", (bench.clinic_id,)
    )
    text = f"{case} {patient} {memories}"
    return text.replace("-", "")


def nothing_is_left(bench: CasesBench, former: tuple[str, ...] = FORMER) -> bool:
    text = everything(bench)
    return not [value for value in former if value.replace("-", "") in text]


@pytest.fixture
def finished(bench: CasesBench) -> CasesBench:
    """The visit is over, its record is read, its case completed."""
    bench.shows(of_tango())
    bench.writes(TANGO)
    bench.cases()
    assert bench.case()["status"] == "completed"
    assert not nothing_is_left(bench)
    bench.later()
    return bench


def test_r15_nothing_of_a_former_patient_stays(finished: CasesBench) -> None:
    finished.shows(of_ella())

    job = finished.cases()

    assert nothing_is_left(finished)
    case, patient = finished.case(), finished.patient()
    assert case["status"] == "ongoing"  # the record is still the former one's
    assert (patient["name"], patient["owner_name"], patient["external_id"]) == (
        "ELLA",
        "Quinn Other",
        "40055",
    )
    assert (patient["owner_phone"], patient["species"]) == (None, "unknown")
    assert case["metadata"]["pimsAppointment"]["client"] == {
        "id": "15099",
        "name": "Quinn Other",
        "phone": None,
        "email": None,
    }
    assert "pimsConsultation" not in case["metadata"]
    assert warnings(job) == {"patients_changed": 1, "consultations_once": 1}
    (told,) = finished.audits(job)
    assert told["metadata"]["reason"] == "another_patient"
    assert told["metadata"]["changes"]["patient.weight_kg"] == {"changed": True, "hash": None}


def test_r15_the_case_is_completed_with_the_new_patients_record(finished: CasesBench) -> None:
    finished.shows(of_ella())
    finished.writes(ELLA)

    finished.cases()

    assert nothing_is_left(finished)
    case = finished.case()
    assert case["status"] == "completed"
    assert case["metadata"]["pimsConsultation"]["notes"] == "ELLA NOTES."
    assert case["entity_extraction"]["clinical"] == {
        "visitReason": "ELLA REASON",
        "clinicalNotes": "ELLA NOTES.",
        "productsServicesProvided": ["ELLA DRUG"],
        "productsServicesDeclined": [],
    }
    assert finished.patient()["species"] == "cat"
    finished.later(DAY)
    before = finished.case(), finished.patient()
    assert warnings(finished.cases()) == {}
    assert (finished.case(), finished.patient()) == before


def test_r15_edits_for_a_former_patient_are_dropped_and_told(finished: CasesBench) -> None:
    case = finished.case()
    document = {**case["metadata"], "followUp": "BY HAND", "callIntelligence": {"x": "BY HAND"}}
    document["entities"]["clinical"] |= {"diagnosis": "BY HAND", "clinicalNotes": "BY HAND 2"}
    finished.edit("cases", case["id"], metadata=document, canonical_patient_id=uuid4())
    extraction = {**case["entity_extraction"], "toldByHand": "BY HAND"}
    finished.edit("cases", case["id"], entity_extraction=extraction, status="reviewed")
    links = {"metadata": {"x": "BY HAND"}, "client_id": uuid4(), "canonical_patient_id": uuid4()}
    finished.edit("patients", finished.patient()["id"], name="BY HAND", breed="BY HAND", **links)
    finished.shows(of_ella())
    finished.writes(ELLA)

    job = finished.cases()

    assert nothing_is_left(finished)
    assert finished.case()["status"] == "completed"
    assert finished.case()["canonical_patient_id"] is None
    patient = finished.patient()
    assert (patient["metadata"], patient["client_id"], patient["canonical_patient_id"]) == (
        {},
        None,
        None,
    )
    assert "edited_in_odis" not in counts(job)
    (told,) = finished.audits(job)
    assert told["metadata"]["changes"]["edits_dropped"]["before"] == [
        "patient.name",
        "patient.breed",
        "metadata.entities.clinical.clinicalNotes",
    ]


def test_r15_an_edit_for_the_new_patient_stays(finished: CasesBench) -> None:
    finished.shows(of_ella())
    finished.writes(ELLA)
    finished.cases()
    finished.edit("patients", finished.patient()["id"], owner_phone="+15555550177")
    finished.later(DAY)

    finished.cases()

    assert finished.patient()["owner_phone"] == "+15555550177"
    assert finished.case()["status"] == "completed"


def test_r15_to_another_patient_and_back(finished: CasesBench) -> None:
    finished.shows(of_ella())
    finished.writes(ELLA)
    finished.cases()
    finished.later()
    finished.shows(of_tango())

    finished.cases()

    assert nothing_is_left(finished, ("ELLA", "Quinn", "40055", "15099"))
    assert finished.case()["status"] == "ongoing"
    finished.writes(TANGO)
    finished.later(DAY)
    finished.cases()
    assert finished.case()["status"] == "completed"
    assert nothing_is_left(finished, ("ELLA", "Quinn", "40055", "15099"))
    assert finished.patient()["weight_kg"] is not None


def test_r15_a_name_corrected_is_no_other_patient(finished: CasesBench) -> None:
    finished.shows(of_tango(patient_name="TANGO II"))

    job = finished.cases()

    assert finished.patient()["name"] == "TANGO II"
    assert finished.case()["status"] == "completed"
    assert warnings(job) == {}


def test_r15_without_a_word_of_its_status_the_case_is_taken_back(finished: CasesBench) -> None:
    finished.shows(of_ella(status="Zorp"))

    finished.cases()

    assert finished.case()["status"] == "ongoing"


def test_r15_where_the_answer_on_the_record_is_late_the_next_run_reads_it(
    finished: CasesBench,
) -> None:
    """The run ends before it has read anything."""
    finished.shows(of_ella())
    finished.writes(ELLA)
    finished.pims.breaks_at = "9600101"

    finished.cases()
    assert finished.case()["status"] == "ongoing"
    assert nothing_is_left(finished)
    finished.pims.breaks_at = None
    finished.later()

    finished.cases()

    assert finished.case()["status"] == "completed"


def test_r15_a_finished_visit_of_another_patient_that_has_no_record(bench: CasesBench) -> None:
    bench.shows(of_tango(consultation_id=None))
    bench.cases()
    bench.later()
    bench.shows(of_ella(consultation_id=None))

    bench.cases()

    assert bench.case()["status"] == "ongoing"
    assert nothing_is_left(bench)


# -- the owner alone --------------------------------------------------------------------------

OF_OWNER = ("Robin", "5550100", "robin@", "15077")


def test_r15_nothing_of_a_former_owner_stays(bench: CasesBench) -> None:
    bench.shows(seen(client_email="robin@example.com"))
    bench.writes(chart(client_id="15077"))
    bench.cases()
    document = bench.case()["metadata"]
    document["entities"]["patient"]["owner"]["note"] = "Robin is deaf"
    document |= {"callIntelligence": {"opening": "Hello Robin"}, "followUp": "kept"}
    bench.edit("cases", bench.case()["id"], metadata=document)
    bench.edit("patients", bench.patient()["id"], owner_name="Robin S.", breed="Poodle")
    bench.later()
    bench.shows(
        seen(client_id="15099", client_name="Quinn Other", client_phone=None, client_email=None)
    )
    bench.writes(
        chart(client_id="15077", client_phone="555-555-0100", client_email="robin@example.com")
    )

    job = bench.cases()

    assert nothing_is_left(bench, OF_OWNER)
    case, patient = bench.case(), bench.patient()
    assert (patient["owner_name"], patient["owner_phone"]) == ("Quinn Other", None)
    assert (patient["breed"], case["metadata"]["followUp"]) == ("Poodle", "kept")
    assert case["metadata"]["entities"]["patient"]["owner"] == {"name": "Quinn Other"}
    assert case["metadata"]["pimsConsultation"]["notes"] == "S: two days lame."
    assert case["status"] == "completed"
    assert warnings(job) == {"owners_changed": 1}
    (told,) = bench.audits(job)
    assert told["metadata"]["reason"] == "another_owner"
    assert told["metadata"]["changes"]["edits_dropped"]["before"] == ["patient.owner_name"]


def test_r15_the_contacts_of_a_record_are_taken_of_the_same_owner_only(bench: CasesBench) -> None:
    bench.shows(seen(client_phone=None, client_email=None))
    bench.writes(
        chart(client_id="15099", client_phone="555-555-0188", client_email="x@example.com")
    )
    bench.cases()
    assert bench.patient()["owner_phone"] is None

    bench.writes(chart(client_id="15077", client_phone="555-555-0166"))
    bench.later(DAY)
    bench.cases()

    assert bench.patient()["owner_phone"] == "+15555550166"


# -- whose it is, is not said -----------------------------------------------------------------


@pytest.mark.parametrize("unsaid", ["patient_id", "client_id"])
def test_r15_where_it_is_not_said_whose_it_is_nobody_is_called(
    finished: CasesBench, unsaid: str
) -> None:
    before = finished.patient()
    other = {"client_name": "Quinn Other", "client_phone": "555-555-0199"}
    finished.shows(of_tango(**{unsaid: None}, **other))

    finished.cases()

    after = finished.patient()
    assert finished.case()["status"] == "ongoing"
    assert {n: v for n, v in after.items() if n != "updated_at"} == {
        n: v for n, v in before.items() if n != "updated_at"
    }
    assert "Quinn" not in everything(finished)
    finished.shows(of_tango())
    finished.later()
    finished.cases()
    assert finished.case()["status"] == "completed"


@pytest.mark.parametrize("now", [None, "15099"])
def test_r15_where_no_owner_has_an_id_the_name_tells(bench: CasesBench, now: str | None) -> None:
    bench.shows(of_tango(client_id=None))
    bench.writes(chart())
    bench.cases()
    assert bench.case()["status"] == "completed"
    bench.shows(
        of_tango(client_id=now, client_name="Quinn Other", client_phone=None, client_email=None)
    )
    bench.later()

    bench.cases()

    patient = bench.patient()
    assert (patient["owner_name"], patient["owner_phone"]) == ("Quinn Other", None)
    assert "5550100" not in everything(bench)
    assert "tango@" not in everything(bench)


def test_r15_a_visit_called_off_is_so_whoever_it_is(finished: CasesBench) -> None:
    finished.shows(of_tango(patient_id=None, status="Cancelled"))

    finished.cases()

    assert finished.case()["metadata"]["pimsAppointment"]["status"] == "cancelled"


# -- whose record it is -----------------------------------------------------------------------


def test_r15_a_visit_given_away_while_its_record_is_read_completes_nothing(
    bench: CasesBench,
) -> None:
    """The calendar was read before, the record after: that looks like two patients merged."""
    bench.shows(of_tango())
    bench.writes(ELLA)
    bench.pims.hide_as("600101", patient_id="40055")
    bench.pims.hidden.clear()

    bench.cases()

    assert bench.case()["status"] == "ongoing"
    bench.shows(of_ella())
    bench.later()
    bench.cases()
    assert bench.case()["status"] == "completed"
    assert nothing_is_left(bench)


def test_r15_merged_patients_are_another_one_too(finished: CasesBench) -> None:
    """The calendar shows the patient that is left, and so does the record."""
    finished.shows(of_tango(patient_id="40099"))
    finished.writes(replace(TANGO, patient_id="40099"))

    finished.cases()

    assert finished.case()["status"] == "completed"
    assert finished.patient()["external_id"] == "40099"


def test_r15_an_older_version_of_the_visit_brings_nobody_back(bench: CasesBench) -> None:
    bench.shows(of_tango(last_updated_at="2026-05-01 10:00:00"))
    bench.writes(TANGO)
    bench.cases()
    bench.shows(of_ella(last_updated_at="2026-05-04 06:50:00"))
    bench.writes(ELLA)
    bench.later()
    bench.cases()
    bench.shows(of_tango(last_updated_at="2026-05-01 10:00:00"))
    bench.writes(TANGO)  # as old as the calendar is
    bench.later(DAY)

    bench.cases()

    assert nothing_is_left(bench)
    assert bench.patient()["name"] == "ELLA"
    assert bench.case()["metadata"]["pimsConsultation"]["notes"] == "ELLA NOTES."


# -- cases of others --------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["document", "patient"])
def test_r15_an_adopted_case_of_another_patient_is_replaced_whole(
    bench: CasesBench, said: str
) -> None:
    document: dict[str, Any] = {"idexx": {"notes": "TANGO"}, "dischargeSummary": "TANGO"}
    if said == "document":
        document["pimsAppointment"] = {"patient": {"id": 40021}}
    case = bench.add_case("idexx-appt-600101", status="completed", metadata=document)
    external = {"external_id": "40021"} if said == "patient" else {}
    bench.add_patient(case, name="TANGO", owner_phone="+15555550100", **external)
    bench.shows(of_ella())

    bench.cases()

    assert bench.case()["id"] == case
    assert bench.case()["status"] == "ongoing"
    assert nothing_is_left(bench)


def test_r15_further_cases_of_a_former_patient_are_called_about_no_more(
    finished: CasesBench,
) -> None:
    silent = finished.add_case("idexx-appt-600101", status="completed", metadata={"idexx": {}})
    own = {"pimsAppointment": {"patient": {"id": "40055"}}}
    of_new = finished.add_case("pims-appt-idexx-neo-600101", status="completed", metadata=own)
    finished.shows(of_ella())

    finished.cases()

    status = {case["id"]: case["status"] for case in finished.all_cases()}
    assert (status[silent], status[of_new]) == ("reviewed", "completed")


# -- what is left of the former one -----------------------------------------------------------


def test_r19_a_former_patients_mark_stays_and_means_nobody_else(bench: CasesBench) -> None:
    other = patient_visit("600102", "2026-05-04 10:00:00", patient_id="40055")
    bench.shows(of_tango(), other)
    bench.writes(replace(TANGO, notes_html="<p>Euthanasia performed.</p>"))
    bench.cases()
    bench.later()
    bench.shows(of_ella(), other)
    bench.writes(ELLA)

    job = bench.cases()

    assert bench.case()["extreme_case_check"] == {"isExtremeCase": True, "category": "euthanasia"}
    assert bench.case("600102")["extreme_case_check"] is None
    assert job.result is not None
    assert job.result["for_review"] == ["pims-appt-idexx-neo-600101"]
    bench.later(DAY)
    third = patient_visit("600103", "2026-05-04 12:00:00", patient_id="40055")
    bench.shows(of_ella(), other, third)
    bench.cases()
    assert bench.case("600103")["extreme_case_check"] is None


def test_r19_words_that_stay_with_the_visit_mark_the_new_patient(bench: CasesBench) -> None:
    other = patient_visit("600102", "2026-05-04 10:00:00", patient_id="40055")
    bench.shows(of_tango(type="Euthanasia"), other)
    bench.writes(TANGO)
    bench.cases()
    bench.later()
    bench.shows(of_ella(type="Euthanasia"), other)

    bench.cases()

    assert bench.case("600102")["extreme_case_check"] is not None
    bench.later()
    third = patient_visit("600103", "2026-05-04 12:00:00", patient_id="40055")
    bench.shows(of_ella(type="Euthanasia"), other, third)
    bench.cases()
    assert bench.case("600103")["extreme_case_check"] is not None


def test_r19_back_with_the_patient_that_died_the_mark_is_its_own(bench: CasesBench) -> None:
    bench.shows(of_tango())
    bench.writes(replace(TANGO, notes_html="<p>Euthanasia performed.</p>"))
    bench.cases()
    for visit in (of_ella(), of_tango()):
        bench.later()
        bench.shows(visit)
        bench.cases()
    assert bench.memory("visit")["source"]["marked_for"] is None


def test_r15_a_summary_for_a_former_owner_is_for_a_person(finished: CasesBench) -> None:
    summary = {
        "case_id": finished.case()["id"],
        "content": "x",
        "user_id": finished.case()["user_id"],
    }
    insert(finished.conn, "public.discharge_summaries", summary)
    finished.shows(of_ella())
    finished.writes(ELLA)

    finished.cases()

    assert finished.case()["status"] == "reviewed"
    finished.edit("cases", finished.case()["id"], status="completed")
    finished.later(DAY)
    finished.cases()
    assert finished.case()["status"] == "completed"


# -- runs -------------------------------------------------------------------------------------


def test_r15_a_change_in_shadow_is_written_once_runs_write(finished: CasesBench) -> None:
    before = finished.case()
    finished.shows(of_ella())
    finished.writes(ELLA)

    for _ in range(2):
        job = finished.cases(manner="observe")
        finished.later()

    assert finished.case() == before
    assert warnings(job) == {"patients_changed": 1}
    finished.cases()
    assert nothing_is_left(finished)
    assert finished.case()["status"] == "completed"


def test_r15_all_times_held_a_visit_of_another_patient_keeps_its_own(bench: CasesBench) -> None:
    visits = [
        patient_visit(f"60020{n}", f"2026-05-04 0{n}:00:00", patient_id=f"4{n}") for n in range(6)
    ]
    bench.shows(*visits)
    bench.cases()
    start = bench.case("600200")["metadata"]["pimsAppointment"]["startTime"]
    moved = [replace(v, start=v.start.replace(":00:00", ":30:00")) for v in visits]
    moved[0] = replace(moved[0], patient_id="40055", patient_name="ELLA")
    bench.shows(*moved)
    bench.later(120)

    job = bench.cases()

    assert job.status == "held"
    assert bench.patient("600200")["name"] == "ELLA"
    assert bench.case("600200")["metadata"]["pimsAppointment"]["startTime"] == start


def test_r15_what_the_next_attempt_finds_is_told_of_both(finished: CasesBench) -> None:
    """The first one has written the calendar's part, and breaks down with the record."""
    finished.retried = True
    finished.shows(of_ella())
    finished.writes(ELLA)
    finished.pims.breaks_at = "9600101"
    first = finished.cases()
    assert first.status == "queued"
    assert finished.case()["status"] == "ongoing"
    finished.pims.breaks_at = None
    finished.later(1)

    job = finished.again(first)

    assert finished.case()["status"] == "completed"
    assert warnings(job) == {"patients_changed": 1}


def test_r22_a_patient_changed_while_somebody_edits_is_planned_again(finished: CasesBench) -> None:
    finished.shows(of_ella())
    finished.writes(ELLA)
    patient = finished.patient()["id"]

    def edits() -> None:
        update(finished.conn, "public.patients", as_json({"breed": "BY HAND"}), id=patient)

    with finished.before_each_write(edits, times=1):
        finished.cases()

    assert nothing_is_left(finished)
    assert finished.case()["status"] == "completed"


def test_r24_a_record_that_says_no_patient_completes_nothing(finished: CasesBench) -> None:
    finished.shows(of_ella())
    finished.writes(Consultation("9600101", None, notes_html="<p>TANGO</p>"))

    finished.cases()

    assert finished.case()["status"] == "ongoing"
    assert nothing_is_left(finished)
