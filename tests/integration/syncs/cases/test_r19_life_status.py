"""Rule R19: a patient's death marks all of its cases, and no mark is taken back."""

from datetime import timedelta
from typing import Any

import pytest

from idexx_sync.pims.protocol import Line
from tests.kit.cases_bench import CasesBench
from tests.kit.job_results import counts, warnings
from tests.kit.records import chart, patient_visit, seen

DAY = 60 * 24
MARK = {"isExtremeCase": True, "category": "euthanasia"}


@pytest.mark.parametrize(
    "told",
    [
        {"type": "Euthanasia"},
        {"reason": "QUALITY OF LIFE / EUTHANASIA"},
    ],
)
def test_r19_type_and_reason_tell_before_any_record_is_there(
    bench: CasesBench, told: dict[str, Any]
) -> None:
    bench.shows(patient_visit(**told))

    bench.cases()

    assert bench.case()["extreme_case_check"] is not None


@pytest.mark.parametrize(
    "told",
    [
        {"notes_html": "<p>Owner elected humane <b>euthanasia</b>.</p>"},
        {"discharge_html": "<p>euthanasia performed</p>"},
        {"lines": [Line("EUTHANASIA - CANINE")]},
        {"lines": [Line("MISC", label="euthanasia")]},
        {"reason": "euthanasia"},
    ],
)
def test_r19_each_part_of_the_record_tells(bench: CasesBench, told: dict[str, Any]) -> None:
    bench.shows(seen())
    bench.writes(chart(**told))

    bench.cases()

    assert bench.case()["extreme_case_check"] == MARK


def test_r19_all_cases_of_the_patient_are_marked(bench: CasesBench) -> None:
    bench.shows(
        seen(),
        patient_visit("600102", "2026-05-06 09:00:00"),
        patient_visit("600103", "2026-05-06 09:00:00", patient_id="40022"),
    )
    recent = bench.add_case(
        "idexx-appt-500001",
        scheduled_at=bench.now - timedelta(days=29),
        metadata={"pimsAppointment": {"patient": {"id": "40021"}}},
    )
    by_row = bench.add_case("manual", scheduled_at=None, created_at=bench.now - timedelta(days=2))
    bench.add_patient(by_row, external_id="40021")
    old = bench.add_case(
        "idexx-appt-400001",
        scheduled_at=bench.now - timedelta(days=31),
        created_at=bench.now - timedelta(days=31),
        metadata={"pimsAppointment": {"patient": {"id": "40021"}}},
    )
    bench.writes(chart(notes_html="<p>euthanasia</p>"))

    job = bench.cases()

    marked = {c["id"]: c["extreme_case_check"] for c in bench.all_cases()}
    assert marked[bench.case("600101")["id"]] == MARK
    assert marked[bench.case("600102")["id"]] == MARK
    assert marked[recent] == marked[by_row] == MARK
    assert marked[bench.case("600103")["id"]] is None
    assert marked[old] is None
    assert counts(job)["marked"] == 4
    audits = {a["external_id"]: a for a in bench.audits(job)}
    assert {str(recent), str(by_row)} < audits.keys()
    assert audits[str(recent)]["metadata"]["changes"]["case.extreme_case_check"] == {
        "before": None,
        "after": "euthanasia",
    }
    assert len(audits) == 5  # three made, two only marked: one row per record and job


def test_r19_the_same_id_in_another_clinic_is_another_patient(
    bench: CasesBench, other_clinic: CasesBench
) -> None:
    other_clinic.shows(patient_visit())
    other_clinic.cases()
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>euthanasia</p>"))

    bench.cases()

    assert other_clinic.case()["extreme_case_check"] is None


def test_r19_a_case_that_comes_later_is_marked_too(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>euthanasia</p>"))
    bench.cases()
    bench.shows(seen(), patient_visit("600102", "2026-05-06 09:00:00"))
    bench.later(DAY)

    bench.cases()

    assert bench.case("600102")["extreme_case_check"] == MARK


@pytest.mark.parametrize(
    "said", [{"isExtremeCase": False}, {"isExtremeCase": True, "category": "other"}]
)
def test_r19_what_somebody_said_is_never_overwritten(
    bench: CasesBench, said: dict[str, Any]
) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.edit("cases", bench.case()["id"], extreme_case_check=said)
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>euthanasia</p>"))

    bench.cases()

    assert bench.case()["extreme_case_check"] == said


def test_r19_a_json_null_is_nobodys_word(bench: CasesBench) -> None:
    bench.shows(patient_visit())
    bench.cases()
    bench.conn.execute(
        "UPDATE public.cases SET extreme_case_check = 'null' WHERE id = %s", (bench.case()["id"],)
    )
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>euthanasia</p>"))

    bench.cases()

    assert bench.case()["extreme_case_check"] == MARK


def test_r19_a_mark_is_never_taken_back(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>euthanasia</p>"))
    bench.cases()
    bench.writes(chart(notes_html="<p>wrong chart, sorry</p>"))
    bench.later(DAY)

    bench.cases()

    assert bench.case()["extreme_case_check"] == MARK


def test_r19_marked_again_only_on_new_text(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(notes_html="<p>euthanasia</p>"))
    bench.cases()
    bench.conn.execute(
        "UPDATE public.cases SET extreme_case_check = NULL WHERE id = %s", (bench.case()["id"],)
    )
    bench.later(DAY)
    bench.cases()
    assert bench.case()["extreme_case_check"] is None
    bench.writes(chart(notes_html="<p>euthanasia was performed</p>"))
    bench.later(DAY)

    bench.cases()

    assert bench.case()["extreme_case_check"] == MARK


def test_r19_a_mark_by_the_calendars_words_that_was_taken_back_stays_so(
    bench: CasesBench,
) -> None:
    bench.shows(patient_visit(type="Euthanasia"))
    bench.cases()
    bench.conn.execute(
        "UPDATE public.cases SET extreme_case_check = NULL WHERE id = %s", (bench.case()["id"],)
    )
    bench.shows(patient_visit(type="Euthanasia", status="Arrived"))
    bench.cases()
    assert bench.case()["extreme_case_check"] is None
    bench.shows(patient_visit(type="Euthanasia", status="Arrived", reason="euthanasia"))

    bench.cases()

    assert bench.case()["extreme_case_check"] == MARK


def test_r19_in_doubt_it_is_marked_and_listed_for_a_person(bench: CasesBench) -> None:
    bench.shows(patient_visit(reason="QOL"))

    job = bench.cases()

    assert bench.case()["extreme_case_check"] == MARK
    assert warnings(job) == {"life_status_in_doubt": 1}
    assert job.result is not None
    assert job.result["for_review"] == ["pims-appt-idexx-neo-600101"]


@pytest.mark.parametrize(
    ("word", "in_doubt"),
    [("Not arrived", True), ("Cancelled", True), ("Arrived", False), ("Finalized", False)],
)
def test_r19_what_is_only_booked_or_was_called_off_is_in_doubt(
    bench: CasesBench, word: str, in_doubt: bool
) -> None:
    bench.shows(patient_visit(type="Euthanasia", status=word))

    job = bench.cases()

    assert bench.case()["extreme_case_check"] == MARK
    assert ("life_status_in_doubt" in warnings(job)) is in_doubt


def test_r19_what_was_declined_is_in_doubt(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart(lines=[Line("EUTHANASIA", declined=True)]))

    job = bench.cases()

    assert bench.case()["extreme_case_check"] == MARK
    assert warnings(job) == {"life_status_in_doubt": 1}


def test_r19_without_a_patients_id_the_visits_own_cases_are_marked(bench: CasesBench) -> None:
    bench.shows(
        patient_visit(patient_id=None, type="Euthanasia"),
        patient_visit("600102", "2026-05-05 09:00:00", patient_id=None),
    )

    bench.cases()

    assert bench.case("600101")["extreme_case_check"] == MARK
    assert bench.case("600102")["extreme_case_check"] is None


def test_r19_a_visit_of_a_living_patient_is_not_marked(bench: CasesBench) -> None:
    bench.shows(seen())
    bench.writes(chart())

    job = bench.cases()

    assert bench.case()["extreme_case_check"] is None
    assert "marked" not in counts(job)


def test_r19_a_patient_that_becomes_the_dead_one_by_a_merge_is_marked(bench: CasesBench) -> None:
    alive = patient_visit("600102", "2026-05-05 09:00:00", patient_id="40022")
    bench.shows(seen(), alive)
    bench.writes(chart(notes_html="<p>euthanasia</p>"))
    bench.cases()
    assert bench.case("600102")["extreme_case_check"] is None
    bench.shows(seen(), patient_visit("600102", "2026-05-05 09:00:00", patient_id="40021"))

    job = bench.cases()

    assert bench.case("600102")["extreme_case_check"] == MARK
    assert len(bench.audits(job)) == 1


def test_r19_cases_of_the_patient_that_the_dead_one_is_merged_into_are_marked(
    bench: CasesBench,
) -> None:
    alive = patient_visit("600102", "2026-05-05 09:00:00", patient_id="40022")
    bench.shows(seen(), alive)
    bench.writes(chart(notes_html="<p>euthanasia</p>"))
    bench.cases()
    bench.shows(seen(patient_id="40022"), alive)
    bench.writes(chart(patient_id="40022", notes_html="<p>euthanasia</p>"))

    bench.cases()

    assert bench.case("600102")["extreme_case_check"] == MARK


def test_r19_a_deleted_case_still_tells_of_its_patient(bench: CasesBench) -> None:
    coming = patient_visit("600102", "2026-05-05 09:00:00")
    bench.shows(patient_visit(), coming)
    bench.cases()
    bench.conn.execute("DELETE FROM public.cases WHERE id = %s", (bench.case()["id"],))
    bench.shows(patient_visit(type="Euthanasia"), coming)

    bench.cases()

    assert bench.case("600102")["extreme_case_check"] == MARK
