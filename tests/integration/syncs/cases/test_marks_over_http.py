"""Whether a patient lives, from a simulated Neo over real HTTP to whom ODIS would call."""

from datetime import date
from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.jobs.params import WindowParams
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.database import query, update
from tests.kit.job_results import counts, warnings
from tests.kit.module_database import conn, database
from tests.kit.neo_cases_bench import EUTHANISED, KEY, NeoCasesBench, clinic_of_cases

__all__ = ["clinic_of_cases", "conn", "database"]

MARK = {"isExtremeCase": True, "category": "euthanasia"}
DEAD = {"isExtremeCase": True, "category": "death"}
NO = {"isExtremeCase": False}
HOUR, DAY = 60, 24 * 60


def test_r19_a_check_that_says_nothing_counts_as_null(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.cases()
    clinic.edit(visit, extreme_case_check={"isExtremeCase": None, "checkedBy": "nobody"})
    clinic.see(visit, EUTHANISED)
    clinic.later()

    clinic.cases()

    assert clinic.mark(visit) == MARK
    assert clinic.called() == set()


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        ('{"isExtremeCase": true}', True),
        ('{"isExtremeCase": true, "category": "other"}', True),
        ('{"isExtremeCase": false, "category": null}', False),
        *((check, None) for check in ("null", "{}", "[]", '"pending"', "0", "true", None)),
        *((f'{{"isExtremeCase": {said}}}', None) for said in ("null", '"false"', '"true"', "0")),
        *((f'{{"isExtremeCase": {said}}}', None) for said in ("1", "{}", "[true]")),
        ('{"category": "death"}', None),
        ('[{"isExtremeCase": true}]', None),
    ],
)
def test_r19_what_a_check_says(
    conn: Connection[tuple[Any, ...]], check: str | None, verdict: bool | None
) -> None:
    assert conn.execute("SELECT idexx_sync.is_extreme(%s::jsonb)", (check,)).fetchone() == (
        verdict,
    )


def test_r19_a_no_from_before_the_visit_does_not_count(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 10:00:00")
    clinic.cases()
    clinic.edit(visit, extreme_case_check=NO)
    clinic.later()
    clinic.cases()
    clinic.later(4 * HOUR)
    clinic.see(visit, EUTHANISED)

    job = clinic.cases()

    assert clinic.mark(visit) == MARK
    assert (counts(job)["marked"], clinic.called()) == (1, set())


def test_r19_what_was_booked_when_somebody_said_no_is_new_once_it_takes_place(
    clinic: NeoCasesBench,
) -> None:
    visit = clinic.neo.book("2026-05-04 10:00:00", appointment_type="Euthanasia")
    clinic.cases()
    clinic.edit(visit, extreme_case_check=NO)
    clinic.later()
    clinic.cases()
    assert clinic.mark(visit) == NO
    clinic.later(4 * HOUR)
    clinic.see(visit)

    clinic.cases()

    assert clinic.mark(visit) == MARK


def test_r19_a_no_that_meets_certain_words_stays_and_nobody_is_called(
    clinic: NeoCasesBench,
) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    record = clinic.see(visit)
    clinic.cases()
    assert clinic.called() == {visit}
    clinic.edit(visit, extreme_case_check=NO)
    clinic.neo.edit_notes(record, EUTHANISED)
    clinic.later(DAY)

    job = clinic.cases()

    assert (clinic.mark(visit), clinic.case(visit)["status"]) == (NO, "ongoing")
    assert (job.result or {})["for_review"] == [KEY + visit]
    clinic.later()
    clinic.cases()
    assert clinic.called() == set()
    (need,) = [
        n for n in read_clinic_status(clinic.conn, clinic.clinic_id).needs if visit in n.what
    ]
    assert need.since is not None
    assert not need.blocks


def test_r19_what_a_person_makes_of_a_denied_death_stays(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    record = clinic.see(visit)
    clinic.cases()
    clinic.edit(visit, extreme_case_check=NO)
    clinic.neo.edit_notes(record, EUTHANISED)
    clinic.later(DAY)
    clinic.cases()
    clinic.edit(visit, status="completed")

    for _ in range(2):
        clinic.later(DAY)
        clinic.cases()

    assert clinic.case(visit)["status"] == "completed"
    needs = read_clinic_status(clinic.conn, clinic.clinic_id).needs
    assert [need for need in needs if visit in need.what] == []


def test_r19_another_case_that_denies_it_is_taken_back_too(clinic: NeoCasesBench) -> None:
    first = clinic.neo.book("2026-05-04 06:00:00")
    patient = clinic.neo.visit(first)["patient_id"]
    clinic.see(first)
    clinic.cases()
    clinic.edit(first, extreme_case_check=NO)
    second = clinic.neo.book("2026-05-04 06:30:00", patient_id=patient)
    clinic.see(second, EUTHANISED)
    clinic.later()

    job = clinic.cases()

    assert (clinic.mark(first), clinic.mark(second)) == (NO, MARK)
    assert (job.result or {})["for_review"] == [KEY + first]
    for _ in range(2):
        assert clinic.called() == set()
        clinic.later()
        clinic.cases()


@pytest.mark.parametrize("name", ["TANGO (DECEASED)", "TANGO - RIP", "TANGO †", "DECEASED - TANGO"])
def test_r19_a_patient_renamed_with_a_word_of_death_is_marked(
    clinic: NeoCasesBench, name: str
) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    coming = clinic.neo.book("2026-05-05 10:00:00")
    clinic.see(visit)
    clinic.cases()
    assert clinic.called() == {visit}
    clinic.neo.rename_patient(clinic.neo.visit(visit)["patient_id"], name)
    clinic.later()

    job = clinic.cases()

    assert [clinic.mark(one) for one in (visit, coming)] == [DEAD, DEAD]
    assert "life_status_in_doubt" not in warnings(job)
    assert clinic.called() == set()


def test_r19_an_owner_who_died_is_in_doubt(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00", owner_last="Sample (deceased)")
    clinic.see(visit)

    job = clinic.cases()

    assert clinic.mark(visit) == DEAD
    assert warnings(job)["life_status_in_doubt"] == 1


@pytest.mark.parametrize("form", ["alive", "status", "deceased_date"])
@pytest.mark.parametrize("place", ["calendar", "consultation"])
def test_r19_what_the_record_says_of_its_patients_life_marks(
    clinic: NeoCasesBench, place: str, form: str
) -> None:
    clinic.neo.set_knob("life_shown", [place])
    clinic.neo.set_knob("life_form", form)
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.see(visit)
    clinic.cases()
    assert clinic.mark(visit) is None
    clinic.neo.mark_deceased(clinic.neo.visit(visit)["patient_id"])
    clinic.later(DAY)

    clinic.cases()

    assert clinic.mark(visit) == DEAD


def test_r19_a_look_up_says_it_of_a_merged_patient(clinic: NeoCasesBench) -> None:
    visit, other = (clinic.neo.book(f"2026-05-04 06:{n}0:00", patient=f"PET {n}") for n in (0, 3))
    record = clinic.see(visit)
    into = clinic.neo.visit(other)["patient_id"]
    clinic.neo.set_knob("life_shown", ["look_up"])
    clinic.neo.set_knob("consultation_patient", {record: into})
    clinic.neo.mark_deceased(into)
    clinic.later(HOUR)
    clinic.neo.set_knob("second_server", {"minutes": 20})
    clinic.neo.merge_patients(clinic.neo.visit(visit)["patient_id"], into)

    clinic.cases()

    assert clinic.mark(visit) == DEAD


def test_r19_an_inactive_patient_is_in_doubt(clinic: NeoCasesBench) -> None:
    clinic.neo.set_knob("life_shown", ["calendar"])
    clinic.neo.set_knob("life_form", "status")
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.neo.set_active(clinic.neo.visit(visit)["patient_id"], active=False)

    job = clinic.cases()

    assert clinic.mark(visit) == DEAD
    assert warnings(job)["life_status_in_doubt"] == 1


def test_r19_cases_that_are_made_now_of_days_long_ago_are_marked(clinic: NeoCasesBench) -> None:
    """ODIS calls about what was made in the last three days, whatever day it is about."""
    old = clinic.neo.book("2026-03-02 10:00:00")
    older = clinic.neo.book("2026-03-01 10:00:00")
    clinic.see(older)
    clinic.see(old, EUTHANISED)

    clinic.cases(WindowParams(first_day=date(2026, 3, 1), last_day=date(2026, 3, 3)))

    assert [clinic.mark(visit) for visit in (old, older)] == [MARK, MARK]
    assert clinic.called() == set()


def test_r19_a_death_known_for_long_marks_what_is_made_today(clinic: NeoCasesBench) -> None:
    first = clinic.neo.book("2026-05-04 06:00:00")
    clinic.see(first, EUTHANISED)
    clinic.cases()
    clinic.later(100 * DAY)
    coming = clinic.neo.book(
        "2026-08-13 06:00:00", patient_id=clinic.neo.visit(first)["patient_id"]
    )

    clinic.cases()

    assert clinic.mark(coming) == MARK


def test_r19_a_death_that_was_told_without_a_case_marks_later_ones(clinic: NeoCasesBench) -> None:
    first = clinic.neo.book("2026-05-04 06:00:00")
    clinic.cases()
    clinic.conn.execute("DELETE FROM public.cases WHERE id = %s", (clinic.case(first)["id"],))
    clinic.see(first, EUTHANISED)
    clinic.later()
    clinic.cases()
    coming = clinic.neo.book(
        "2026-05-05 10:00:00", patient_id=clinic.neo.visit(first)["patient_id"]
    )
    clinic.later()

    clinic.cases()

    assert clinic.mark(coming) == MARK


def test_r19_a_mark_that_was_taken_back_marks_no_later_case(clinic: NeoCasesBench) -> None:
    first = clinic.neo.book("2026-05-04 06:00:00")
    clinic.see(first, EUTHANISED)
    clinic.cases()
    clinic.edit(first, extreme_case_check=NO)
    coming = clinic.neo.book(
        "2026-05-05 10:00:00", patient_id=clinic.neo.visit(first)["patient_id"]
    )
    clinic.later()

    clinic.cases()

    assert (clinic.mark(first), clinic.mark(coming)) == (NO, None)
    assert clinic.called() == {first}


@pytest.mark.parametrize("how", ["other_start", "other_provider"])
def test_r19_every_version_of_a_doubled_visit_is_screened_once(
    clinic: NeoCasesBench, how: str
) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    coming = clinic.neo.book(
        "2026-05-05 10:00:00", patient_id=clinic.neo.visit(visit)["patient_id"]
    )
    clinic.cases()
    clinic.neo.change_type(visit, "Euthanasia")
    clinic.neo.set_knob("duplicate_records", {"ids": [visit], "how": how})
    clinic.later()

    clinic.cases()

    assert clinic.mark(coming) == MARK
    clinic.edit(coming, extreme_case_check=None)
    clinic.later()
    clinic.cases()
    assert clinic.mark(coming) is None


def test_r19_words_too_long_to_be_screened_complete_nothing(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    record = clinic.see(visit)
    clinic.cases()
    assert clinic.called() == {visit}
    clinic.neo.edit_notes(record, "<p>" + "well and fine, " * 14_000 + "</p>")
    clinic.later(DAY)

    job = clinic.cases()

    assert (job.result or {})["for_review"] == [KEY + visit]
    for _ in range(2):
        assert (clinic.called(), clinic.case(visit)["status"]) == (set(), "ongoing")
        clinic.later(HOUR)
        clinic.cases()
    clinic.edit(visit, status="completed")
    clinic.later(HOUR)
    clinic.cases()
    assert clinic.called() == {visit}


def rebook_all(clinic: NeoCasesBench) -> list[str]:
    visits = [one for one in clinic.neo.state()["visits"] if not one["deleted"]]
    return [clinic.neo.rebook(visit["id"]) for visit in visits]


def test_r08_what_the_calendar_sync_has_proven_gone_is_expected_no_more(
    clinic: NeoCasesBench,
) -> None:
    visits = [clinic.neo.book(f"2026-05-05 {9 + n:02}:00:00", patient=f"PET {n}") for n in range(6)]
    clinic.run(InboundSync())
    clinic.cases()
    again = rebook_all(clinic)
    clinic.later()
    clinic.run(InboundSync())
    assert not {*visits} & clinic.rows().keys()

    job = clinic.cases()

    assert job.status == "succeeded"
    assert all(clinic.case(visit) for visit in again)


def test_r19_a_run_that_is_held_marks_once_what_it_has_read(clinic: NeoCasesBench) -> None:
    seen = clinic.neo.book("2026-05-04 06:00:00", patient="PET 0")
    clinic.see(seen)
    others = [clinic.neo.book(f"2026-05-05 {9 + n:02}:00:00", patient=f"PET {n}") for n in range(6)]
    clinic.cases()
    assert clinic.called() == {seen}
    clinic.neo.set_knob("deleted_visits", "unknown")
    new = rebook_all(clinic)
    clinic.neo.rename_patient(clinic.neo.visit(new[0])["patient_id"], "PET 0 (DECEASED)")
    clinic.later()

    job = clinic.cases()

    assert (job.status, clinic.causes()) == ("held", ["foreign_calendar"])
    assert [clinic.mark(visit) for visit in (seen, others[0], others[1])] == [DEAD, DEAD, None]
    assert clinic.called() == set()
    made = "SELECT count(*) AS n FROM public.cases WHERE clinic_id = %s"
    assert query(clinic.conn, made, (clinic.clinic_id,))[0]["n"] == 7
    clinic.edit(others[0], extreme_case_check=None)
    clinic.later()
    clinic.cases()
    assert clinic.mark(others[0]) is None


def test_r08_a_calendar_of_rooms_that_nobody_knows_marks_nobody(clinic: NeoCasesBench) -> None:
    visits = [clinic.neo.book(f"2026-05-05 {9 + n:02}:00:00", patient=f"PET {n}") for n in range(6)]
    clinic.cases()
    clinic.neo.set_knob("deleted_visits", "unknown")
    rebook_all(clinic)
    clinic.neo.rename_patient(clinic.neo.visit(visits[0])["patient_id"], "PET 0 (DECEASED)")
    rooms = Jsonb({"rooms": [{"id": "77", "name": "ELSEWHERE"}]})
    settings = {"neo_configuration": rooms}
    update(clinic.conn, "idexx_sync.clinic_settings", settings, clinic_id=clinic.clinic_id)
    clinic.later()

    job = clinic.cases()

    assert job.status == "held"
    assert clinic.mark(visits[0]) is None
