"""Sequences of events over several runs, each of which has once gone wrong."""

from collections.abc import Generator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from idexx_sync.core.errors import PimsUnavailable
from idexx_sync.pims.protocol import ConsultationAnswer, Line, Unknown
from tests.kit.cases_bench import CasesBench
from tests.kit.database import query
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen

DAY = 60 * 24
EUTHANISED = "<p>Euthanasia performed.</p>"


def test_r18_a_visit_left_as_a_conflict_is_not_completed_by_its_record(bench: CasesBench) -> None:
    """Its type and reason were not screened either."""
    case = bench.add_case("pims-appt-idexx-neo-600101", status="ongoing")
    bench.add_patient(case)
    bench.writes(chart())
    bench.shows(seen(type="Euthanasia"))

    with bench.changing_between("public.cases", case):
        job = bench.cases()

    row = query(bench.conn, "SELECT * FROM public.cases WHERE id = %s", (case,))[0]
    assert row["status"] == "ongoing"
    assert row["extreme_case_check"] is not None
    assert warnings(job)["conflicts_left_for_next_run"] == 1
    bench.later(120)
    bench.cases()
    assert bench.case()["status"] == "completed"


def test_r14_a_patient_row_that_vanished_meanwhile_is_made_anew(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())

    def gone() -> object:
        statement = "DELETE FROM public.patients WHERE clinic_id = %s"
        return bench.conn.execute(statement, (bench.clinic_id,))

    numbers = count(1)
    with bench.before_each_write(lambda: gone() if next(numbers) == 2 else None):
        bench.cases()

    assert bench.case()["status"] == "completed"
    assert bench.patient()["name"] == "TANGO"


def test_r21_what_postgres_says_of_a_row_leaves_no_run(bench: CasesBench) -> None:
    bench.conn.execute(
        "ALTER TABLE public.patients ADD CONSTRAINT no_tango CHECK (name <> 'TANGO') NOT VALID"
    )
    bench.shows(patient_visit())
    try:
        job = bench.cases()
    finally:
        bench.conn.execute("ALTER TABLE public.patients DROP CONSTRAINT no_tango")

    said = f"{job} {bench.audits(job)}"
    assert "no_tango" in said
    assert "TANGO" not in said
    assert "Robin" not in said


def test_r14_a_visit_that_was_booked_anew_with_the_same_record(bench: CasesBench) -> None:
    bench.add_case("9600101", source="idexx_neo")
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.shows(seen("600102", consultation_id="9600101"))
    bench.writes(chart(notes_html=EUTHANISED))
    bench.later(120)

    bench.cases()

    assert bench.case("600102")["extreme_case_check"] is not None


def test_r17_two_visits_of_one_record_are_both_read(bench: CasesBench) -> None:
    first = seen(status="In Progress")
    bench.shows(first)
    bench.writes(chart())
    bench.cases()
    bench.shows(first, seen("600102", consultation_id="9600101"))
    bench.later(120)

    bench.cases()

    assert bench.case("600102")["status"] == "completed"


def test_r18_a_record_that_vanished_before_it_was_read_completes_nothing(
    bench: CasesBench,
) -> None:
    bench.shows(seen(), seen("600102", patient_id="40022"))
    bench.writes(chart("600102", patient_id="40022"))
    bench.pims.charts["9600101"] = Unknown("lines_unreadable")
    bench.cases()
    bench.shows(seen(consultation_id=None))
    for _ in range(2):
        bench.later(120)
        bench.cases()

    assert bench.case()["status"] == "ongoing"


def test_r19_a_merged_patients_death_marks_its_own_cases(bench: CasesBench) -> None:
    """The calendar still shows the patient that is no more."""
    old = patient_visit("600050", "2026-05-01 06:00:00", patient_id="40099", status="Finalized")
    bench.shows(old)
    bench.cases()
    bench.shows(old, seen())
    bench.writes(chart(patient_id="40099", notes_html=EUTHANISED))
    bench.pims.hide_as("600101", patient_id="40099")
    bench.pims.hidden.clear()
    bench.later(120)

    bench.cases()

    assert bench.case("600101")["extreme_case_check"] is not None
    assert bench.case("600050")["extreme_case_check"] is not None


def test_r08_only_times_are_held_where_all_times_shifted(bench: CasesBench) -> None:
    visits = [
        patient_visit(f"60020{n}", f"2026-05-04 0{n}:00:00", patient_id=f"4{n}") for n in range(6)
    ]
    old = patient_visit("600100", "2026-05-02 06:00:00", patient_id="40", status="Finalized")
    bench.shows(old, *visits)
    bench.cases()
    before = bench.case("600200")["scheduled_at"]
    moved = [
        replace(
            v,
            start=v.start.replace(":00:00", ":30:00"),
            status="Finalized",
            consultation_id=f"9{v.id}",
        )
        for v in visits
    ]
    bench.shows(old, *moved)
    for v in moved:
        bench.writes(chart(v.id, patient_id=v.patient_id, notes_html=EUTHANISED))
    bench.later(120)

    job = bench.cases()

    assert job.status == "held"
    assert bench.case("600200")["scheduled_at"] == before
    assert bench.case("600200")["metadata"]["pimsAppointment"]["startTime"] == (
        "2026-05-04T07:00:00Z"
    )
    assert bench.case("600200")["status"] == "completed"
    assert bench.case("600100")["extreme_case_check"] is not None
    bench.decide("times_shifted", "approved")
    bench.cases()
    assert bench.case("600200")["scheduled_at"] > before


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("No Show", "Zorp", "Finalized"), "completed"),
        (("Finalized", "Zorp", "Cancelled"), "reviewed"),
    ],
)
def test_r05_an_unknown_word_in_between_is_nobodys_edit(
    bench: CasesBench, words: tuple[str, ...], status: str
) -> None:
    bench.writes(chart())
    for word in words:
        bench.shows(seen(status=word))
        job = bench.cases()
        bench.later(120)

    assert bench.case()["status"] == status
    assert "edited_in_odis" not in counts(job)


def test_r15_what_the_record_told_first_is_nobodys_edit(bench: CasesBench) -> None:
    bench.shows(seen(client_phone=None))
    bench.writes(chart(client_phone="555-555-0100"))
    bench.cases()
    bench.shows(seen(client_phone="555-555-0199"))
    bench.later(120)

    bench.cases()

    assert bench.patient()["owner_phone"] == "+15555550199"


def test_r16_a_record_that_had_no_place_is_written_once_there_is_one(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    case, good = bench.case()["id"], bench.case()["metadata"]
    bench.edit("cases", case, metadata={**good, "entities": [1]})
    bench.writes(chart(notes_html="<p>Later words.</p>"))
    bench.later(DAY)
    bench.cases()
    bench.edit("cases", case, metadata=good)
    bench.later(120)

    job = bench.cases()

    clinical = bench.case()["metadata"]["entities"]["clinical"]
    assert clinical["clinicalNotes"] == "Later words."
    assert "edited_in_odis" not in counts(job)


def test_r15_an_edit_found_while_reading_is_counted(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.edit("patients", bench.patient()["id"], breed="Poodle")
    bench.writes(chart(breed="Mixed breed"))
    bench.later(DAY)

    assert counts(bench.cases())["edited_in_odis"] == 1


def test_r24_a_look_up_that_fails_costs_its_own_record_only(bench: CasesBench) -> None:
    bench.shows(seen(), seen("600102", patient_id="40022"))
    bench.writes(chart())
    bench.writes(chart("600102", patient_id="40099"))
    bench.pims.answers["600102"] = Unknown("pims_slow")

    job = bench.cases()

    assert bench.case("600101")["status"] == "completed"
    assert warnings(job) == {"consultations_failed": 1}
    assert bench.memory("consultation", "600102")["quarantine_code"] == "read_failed"


def test_r19_another_kind_of_extreme_case_is_no_death(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    said = {"isExtremeCase": True, "category": "aggressive_owner"}
    bench.edit("cases", bench.case()["id"], extreme_case_check=said)
    bench.shows(patient_visit(), patient_visit("600102"))

    bench.cases()

    assert bench.case("600102")["extreme_case_check"] is None


def test_r19_the_gravest_category_counts(bench: CasesBench) -> None:
    bench.shows(seen(), seen("600102"))
    bench.writes(chart(notes_html="<p>Private cremation.</p>"))
    bench.writes(chart("600102", notes_html=EUTHANISED))

    bench.cases()

    for visit in ("600101", "600102"):
        assert bench.case(visit)["extreme_case_check"]["category"] == "euthanasia"


def test_r19_what_was_declined_and_then_accepted_is_new(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(lines=[Line("EUTHANASIA", declined=True)]))
    bench.cases()
    bench.conn.execute(
        "UPDATE public.cases SET extreme_case_check = NULL WHERE id = %s", (bench.case()["id"],)
    )
    bench.writes(chart(lines=[Line("EUTHANASIA")]))
    bench.later(DAY)

    bench.cases()

    assert bench.case()["extreme_case_check"] is not None


def test_r21_the_counts_of_a_retry_are_the_jobs(
    bench: CasesBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.retried = True
    bench.shows(seen(), patient_visit("600102", patient_id="7"))
    bench.writes(chart())

    def down(_ids: Any) -> Generator[tuple[str, ConsultationAnswer], None, None]:
        yield from ()
        raise PimsUnavailable("no answer", code="status_500")

    with monkeypatch.context() as patch:
        patch.setattr(bench.pims, "consultations", down)
        job = bench.cases()
    assert job.status == "queued"

    again = bench.again(job)

    assert (counts(again)["created"], len(bench.audits(again))) == (2, 2)


def test_r09_what_is_held_is_not_told_in_each_run(bench: CasesBench) -> None:
    visits = [
        patient_visit(f"60020{n}", f"2026-05-05 {9 + n:02}:00:00", patient_id=f"4{n}")
        for n in range(8)
    ]
    bench.shows(*visits)
    bench.cases()
    bench.edit("cases", bench.case("600200")["id"], type="emergency")
    bench.shows(*(replace(v, status="Cancelled", type="Surgery") for v in visits))
    told = []
    for _ in range(3):
        bench.later(120)
        told.append(len(bench.audits(bench.cases())))

    assert told == [0, 0, 0]


def test_r14_a_patient_row_of_another_clinic_is_not_ours(
    bench: CasesBench, other_clinic: CasesBench
) -> None:
    bench.shows(patient_visit())
    bench.cases()
    strange = bench.patient()["id"]
    bench.edit("patients", strange, clinic_id=other_clinic.clinic_id, name="Unknown")

    jobs = [bench.cases() for _ in range(2)]

    assert counts(jobs[1]) == {"read": 1, "unchanged": 1}
    names = {patient["id"]: patient["name"] for patient in bench.patients(bench.case()["id"])}
    assert names.pop(strange) == "Unknown"
    assert list(names.values()) == ["TANGO"]


def test_r17_the_summary_goes_with_the_record_that_another_one_replaces(
    bench: CasesBench,
) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.shows(seen(consultation_id="9700000"))
    bench.writes(replace(chart(notes_html=None), id="9700000"))

    bench.cases()

    assert bench.case()["metadata"]["pimsConsultation"]["notes"] is None
    assert bench.case()["metadata"]["dischargeSummary"] is None
