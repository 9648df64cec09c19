"""Rule R14: one visit, one case; others' are adopted, what was deleted is not made again."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from idexx_sync.pims.protocol import Consultation
from tests.kit.cases_bench import CasesBench
from tests.kit.clinic import add_clinic
from tests.kit.job_results import counts
from tests.kit.records import chart, patient_visit, seen

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
LATER = datetime(2025, 6, 1, tzinfo=UTC)


def test_r14_a_visit_becomes_one_case_with_one_patient(bench: CasesBench, user_id: UUID) -> None:
    bench.shows(patient_visit())

    bench.cases()
    bench.cases()

    (case,) = bench.all_cases()
    assert case["external_id"] == "pims-appt-idexx-neo-600101"
    assert (case["visibility"], case["user_id"]) == ("private", user_id)
    (patient,) = bench.patients(case["id"])
    assert (patient["clinic_id"], patient["user_id"]) == (bench.clinic_id, user_id)
    assert patient["external_id"] == "40021"


def test_r14_equal_ids_of_two_clinics_are_two_cases(bench: CasesBench) -> None:
    other = CasesBench(bench.conn, bench.url, add_clinic(bench.conn), lent=bench.database)
    for clinic in (bench, other):
        clinic.shows(patient_visit())
        clinic.cases()

    assert bench.case()["id"] != other.case()["id"]


def test_r14_a_case_of_the_extension_is_adopted_and_keeps_its_id(bench: CasesBench) -> None:
    made = bench.add_case(
        "idexx-appt-600101", source="idexx_extension", metadata={"idexx": {"notes": "kept"}}
    )
    bench.shows(patient_visit())

    job = bench.cases()

    (case,) = bench.all_cases()
    assert case["id"] == made
    assert (case["external_id"], case["source"]) == ("idexx-appt-600101", "idexx_extension")
    assert case["metadata"]["idexx"] == {"notes": "kept"}
    assert case["metadata"]["pimsAppointment"]["id"] == "600101"
    assert counts(job) == {"read": 1, "adopted": 1, "updated": 1}
    assert [a["external_id"] for a in bench.audits(job)] == ["pims-appt-idexx-neo-600101"]
    assert counts(bench.cases()) == {"read": 1, "unchanged": 1}


def test_r14_a_case_without_clinic_is_adopted_if_its_user_has_this_clinic_only(
    bench: CasesBench, user_id: UUID
) -> None:
    grant(bench, user_id, bench.clinic_id)
    made = bench.add_case("idexx-appt-600101", clinic_id=None, user_id=user_id)
    bench.shows(patient_visit())

    bench.cases()

    assert bench.case()["id"] == made
    assert bench.case()["clinic_id"] == bench.clinic_id


def test_r14_a_case_of_a_user_with_two_clinics_is_left(bench: CasesBench, user_id: UUID) -> None:
    for clinic_id in (bench.clinic_id, add_clinic(bench.conn)):
        grant(bench, user_id, clinic_id)
    made = bench.add_case("idexx-appt-600101", clinic_id=None, user_id=user_id)
    bench.shows(patient_visit())

    bench.cases()

    assert bench.case()["id"] != made


def test_r14_a_case_of_another_clinic_is_left(bench: CasesBench) -> None:
    made = bench.add_case("idexx-appt-600101", clinic_id=add_clinic(bench.conn))
    bench.shows(patient_visit())

    bench.cases()

    assert bench.case()["id"] != made


def test_r14_the_oldest_server_cases_are_keyed_by_the_consultation(bench: CasesBench) -> None:
    made = bench.add_case("9600101", source="idexx_neo")
    manual = bench.add_case("9600102", source="manual")
    bench.shows(seen(), seen("600102", "2026-05-04 06:30:00", patient_id="40022"))

    bench.cases()

    assert bench.case()["id"] == made
    assert bench.case("600102")["id"] != manual


def test_r14_of_duplicates_the_oldest_gets_everything(bench: CasesBench) -> None:
    newer = bench.add_case("pims-appt-idexx-neo-600101", created_at=LATER)
    oldest = bench.add_case("pims-appt-idexx-neo-600101", created_at=LONG_AGO)
    bench.shows(seen())
    bench.writes(chart())

    bench.cases()

    by_id = {case["id"]: case for case in bench.all_cases()}
    assert by_id[oldest]["status"] == "completed"
    assert by_id[oldest]["metadata"]["pimsConsultation"]["id"] == "9600101"
    assert by_id[newer]["metadata"] == {}
    assert len(by_id) == 2


def test_r14_a_younger_case_does_not_take_the_place_of_the_one_that_we_have(
    bench: CasesBench,
) -> None:
    bench.shows(patient_visit())
    bench.cases()
    ours = bench.case()["id"]
    bench.add_case("idexx-appt-600101", created_at=LONG_AGO)
    bench.shows(patient_visit(status="Arrived"))

    bench.cases()

    assert bench.case()["id"] == ours
    assert bench.case()["status"] == "ongoing"


@pytest.mark.parametrize(
    ("word", "kept"), [("Cancelled", "cancelled"), ("No Show", "no-show"), ("noshow", "no-show")]
)
def test_r14_cancelled_and_no_show_go_to_every_case_of_the_visit(
    bench: CasesBench, word: str, kept: str
) -> None:
    bench.add_case("pims-appt-idexx-neo-600101", created_at=LONG_AGO, metadata=None)
    bench.add_case("pims-appt-idexx-neo-600101", created_at=LATER)
    bench.add_case("idexx-appt-600101", status="ongoing", metadata={"idexx": {"x": 1}})
    bench.shows(patient_visit(status=word))

    job = bench.cases()

    for case in bench.all_cases():
        assert case["metadata"]["pimsAppointment"]["status"] == kept
        assert case["metadata"]["pimsAppointment"]["sourceStatus"] == word
        assert case["status"] == "reviewed"
    assert counts(job)["updated"] == 3
    assert len(bench.audits(job)) == 3
    assert counts(bench.cases()) == {"read": 1, "unchanged": 1}


def test_r14_life_status_goes_to_every_case_of_the_visit(bench: CasesBench) -> None:
    bench.add_case("pims-appt-idexx-neo-600101", created_at=LONG_AGO, scheduled_at=bench.now)
    bench.add_case("idexx-appt-600101", scheduled_at=bench.now)
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>Euthanasia performed.</p>"))

    bench.cases()

    marks = [case["extreme_case_check"] for case in bench.all_cases()]
    assert marks == [{"isExtremeCase": True, "category": "euthanasia"}] * 2


def test_r14_a_case_that_somebody_deleted_is_not_made_again(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())
    bench.cases()
    bench.conn.execute("DELETE FROM public.cases WHERE id = %s", (bench.case()["id"],))
    bench.later(60)

    job = bench.cases()

    assert bench.all_cases() == []
    assert counts(job) == {"read": 1, "deleted_in_odis": 1}


def test_r14_a_duplicate_takes_the_place_of_a_deleted_case(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.conn.execute("DELETE FROM public.cases WHERE id = %s", (bench.case()["id"],))
    left = bench.add_case("idexx-appt-600101")

    bench.cases()

    assert bench.case()["id"] == left


def test_r14_a_case_without_patient_gets_one(bench: CasesBench) -> None:
    bench.add_case("pims-appt-idexx-neo-600101")
    bench.shows(patient_visit())

    bench.cases()

    assert bench.patient()["name"] == "TANGO"


def test_r14_of_several_patients_the_first_is_the_cases(bench: CasesBench) -> None:
    case_id = bench.add_case("pims-appt-idexx-neo-600101")
    first = bench.add_patient(case_id, name="Unknown", created_at=LONG_AGO)
    second = bench.add_patient(case_id, name="Unknown", created_at=LATER)
    bench.shows(patient_visit())

    bench.cases()

    names = {patient["id"]: patient["name"] for patient in bench.patients(case_id)}
    assert names == {first: "TANGO", second: "Unknown"}


def test_r14_blocks_and_visits_without_a_patient_become_no_case(bench: CasesBench) -> None:
    from tests.kit.records import block

    bench.shows(
        block("700101", "2026-05-04 12:00:00"),
        patient_visit(patient_id=None, patient_name=None),
        patient_visit("600102", "2026-05-04 10:00:00", patient_id=None),
    )

    bench.cases()

    assert [case["external_id"] for case in bench.all_cases()] == ["pims-appt-idexx-neo-600102"]


def test_r14_more_than_a_thousand_cases_in_a_window(bench: CasesBench) -> None:
    bench.shows(
        *(
            patient_visit(str(610000 + n), f"2026-05-0{4 + n % 3} {8 + n % 9:02}:00:00")
            for n in range(1200)
        )
    )

    assert counts(bench.cases())["created"] == 1200
    assert counts(bench.cases()) == {"read": 1200, "unchanged": 1200}
    assert len(bench.all_cases()) == 1200


def test_r14_rooms_that_are_not_synced_have_cases_too(bench: CasesBench) -> None:
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET room_ids = '{3}' WHERE clinic_id = %s",
        (bench.clinic_id,),
    )
    bench.shows(patient_visit(room_id="5"))

    assert counts(bench.cases())["created"] == 1


def grant(bench: CasesBench, user_id: UUID, clinic_id: UUID) -> None:
    bench.conn.execute(
        "INSERT INTO public.user_clinic_access (user_id, clinic_id) VALUES (%s, %s)",
        (user_id, clinic_id),
    )


def test_r14_the_visits_own_record_is_never_another_visits(bench: CasesBench) -> None:
    """Consultation ids look like visit ids; a case keyed by one is not taken for the other."""
    stranger = bench.add_case(f"pims-appt-idexx-neo-{uuid4().int % 10**6}")
    bench.shows(seen())
    bench.writes(Consultation(id="9600101", patient_id="40021"))

    bench.cases()

    assert bench.case()["id"] != stranger


def test_r14_a_visit_that_has_a_case_by_now_gets_no_second_one(bench: CasesBench) -> None:
    """Somebody made the key after we had looked; the run leaves the visit for the next one."""
    ours = bench.add_case("idexx-appt-999")
    bench.shows(patient_visit())

    def meanwhile() -> None:
        bench.conn.execute(
            "INSERT INTO idexx_sync.case_keys VALUES (%s, 'pims-appt-idexx-neo-600101', %s)",
            (bench.clinic_id, ours),
        )

    with bench.before_each_write(meanwhile, times=1):
        job = bench.cases()

    assert [case["id"] for case in bench.all_cases()] == [ours]
    assert "created" not in counts(job)
