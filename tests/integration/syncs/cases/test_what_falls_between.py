"""Several rows of trouble at once, from a simulated Neo over real HTTP to whom ODIS would call."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.syncs.cases import plan_screening
from neo_simulator.client import Simulator
from tests.kit.module_database import conn, database
from tests.kit.neo_cases_bench import EUTHANISED, NeoCasesBench

__all__ = ["conn", "database"]

HOUR, DAY = 60, 24 * 60


@pytest.fixture
def clinic(
    conn: Connection[tuple[Any, ...]], database: str, simulator: Simulator
) -> Iterator[NeoCasesBench]:
    made = NeoCasesBench(conn, database, simulator)
    yield made
    made.close()


def patient(clinic: NeoCasesBench, visit: str) -> str:
    return str(clinic.neo.visit(visit)["patient_id"])


def test_r19_a_record_of_another_patient_tells_of_that_ones_death(clinic: NeoCasesBench) -> None:
    """It is not this visit's; but whom it is about is not to be called about."""
    wrong = clinic.neo.book("2026-05-04 06:00:00", patient="TANGO")
    others = clinic.neo.book("2026-05-04 06:30:00", patient="ELLA")
    clinic.see(others)
    clinic.cases()
    assert clinic.called() == {others}
    clinic.later(HOUR)
    record = clinic.see(wrong, EUTHANISED)
    clinic.neo.set_knob("consultation_patient", {record: patient(clinic, others)})

    clinic.cases()

    assert clinic.called() == set()
    assert clinic.mark(others) is not None
    assert clinic.mark(wrong) is None
    clinic.edit(others, extreme_case_check=None)  # a person has looked
    clinic.later(DAY)
    clinic.cases()
    assert clinic.called() == {others}


def test_r18_a_key_that_was_missing_is_no_sight_of_a_visit_without_a_record(
    clinic: NeoCasesBench,
) -> None:
    for n in range(20):
        clinic.neo.check_out(clinic.neo.book(f"2026-05-04 0{n // 4}:{n % 4 * 15:02}:00"))
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.neo.check_out(visit)
    clinic.neo.set_knob("consultation_key_missing", {"ids": [visit]})
    clinic.cases()
    clinic.later(3 * HOUR)
    clinic.neo.set_knob("consultation_key_missing", None)

    clinic.cases()

    assert clinic.case(visit)["status"] == "ongoing"


def test_r18_a_new_record_after_an_unknown_word_takes_the_case_back(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.see(visit)
    clinic.cases()
    assert clinic.called() == {visit}
    clinic.later(HOUR)
    clinic.neo.set_knob("unknown_status", {"ids": [visit]})
    clinic.cases()
    clinic.later(HOUR)
    clinic.neo.set_knob("unknown_status", None)
    record = clinic.neo.replace_consultation(visit)
    clinic.neo.set_knob("consultation_gone", {"ids": [visit]})

    clinic.cases()

    assert clinic.called() == set(), record


def test_r19_a_merge_with_a_patient_that_is_known_to_have_died(clinic: NeoCasesBench) -> None:
    dead = clinic.neo.book("2026-05-04 05:00:00", patient="ELLA")
    clinic.see(dead, EUTHANISED)
    visit = clinic.neo.book("2026-05-04 06:00:00", patient="ELLA2")
    record = clinic.see(visit)
    clinic.cases()
    assert clinic.called() == {visit}
    into = patient(clinic, dead)
    clinic.later(DAY)
    clinic.neo.set_knob("consultation_patient", {record: into})
    clinic.neo.set_knob("second_server", {"minutes": 200})
    clinic.neo.merge_patients(patient(clinic, visit), into)
    clinic.cases()
    clinic.later(HOUR)

    clinic.cases()

    assert clinic.called() == set()
    assert clinic.mark(visit) is not None


@pytest.mark.parametrize("where", ["status", "phone", "email"])
def test_r19_a_word_of_death_in_any_field(clinic: NeoCasesBench, where: str) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00", patient="TANGO")
    clinic.see(visit)
    clinic.cases()
    clinic.later(DAY)
    state = clinic.neo.visit(visit)
    if where == "status":
        clinic.neo.set_knob("status_words", {"finalized": "Deceased"})
    elif where == "phone":
        clinic.neo.change_phone(state["client_id"], "PET DECEASED 555-555-0177")
    elif where == "email":
        clinic.neo.change_owner(state["client_id"], email="pet deceased do not mail")
    clinic.cases()

    assert clinic.called() == set()
    assert clinic.mark(visit) is not None


def test_r19_words_that_an_earlier_list_did_not_know_are_found(
    clinic: NeoCasesBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.see(visit, EUTHANISED)
    with monkeypatch.context() as earlier:
        earlier.setattr(plan_screening, "screen", lambda _texts: None)
        earlier.setattr(plan_screening, "EDITION", "1")
        clinic.cases()
    assert clinic.called() == {visit}
    clinic.later(DAY)

    clinic.cases()

    assert clinic.called() == set()


@pytest.mark.parametrize("verdict", [None, {"isExtremeCase": False}])
def test_r19_a_longer_list_of_words_brings_back_no_mark_that_was_taken_back(
    clinic: NeoCasesBench, monkeypatch: pytest.MonkeyPatch, verdict: Any
) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.see(visit, EUTHANISED)
    with monkeypatch.context() as earlier:
        earlier.setattr(plan_screening, "EDITION", "1")
        clinic.cases()
    clinic.edit(visit, extreme_case_check=verdict)
    clinic.later(DAY)

    clinic.cases()

    assert clinic.mark(visit) == verdict
    assert clinic.called() == {visit}


def test_r19_words_of_a_visit_that_cannot_be_read_count(clinic: NeoCasesBench) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    clinic.see(visit)
    clinic.cases()
    assert clinic.called() == {visit}
    told = clinic.neo.book(
        "2026-05-06 10:00:00", patient_id=patient(clinic, visit), reason="PATIENT DECEASED"
    )
    clinic.neo.set_knob("malformed_records", {"ids": [told], "kinds": ["start_garbage"]})
    clinic.later(HOUR)

    clinic.cases()

    assert clinic.called() == set()
    clinic.edit(visit, extreme_case_check=None)  # a person has looked
    clinic.later(HOUR)
    clinic.cases()
    assert clinic.called() == {visit}


@pytest.mark.parametrize("what", ["emptied", "unsaid"])
def test_r15_what_a_person_completes_after_it_was_taken_back_stays(
    clinic: NeoCasesBench, what: str
) -> None:
    visit = clinic.neo.book("2026-05-04 06:00:00")
    record = clinic.see(visit)
    clinic.cases()
    assert clinic.called() == {visit}
    clinic.later(DAY)
    if what == "emptied":
        clinic.neo.edit_notes(record, "")
    else:
        clinic.neo.set_knob("missing_keys", ["patient_id"])

    clinic.cases()
    assert clinic.case(visit)["status"] == "ongoing"
    clinic.edit(visit, status="completed")
    for _ in range(2):
        clinic.later(HOUR)
        clinic.cases()
        assert clinic.case(visit)["status"] == "completed"


def test_r19_a_case_without_the_mark_of_a_known_death_is_not_completed(
    clinic: NeoCasesBench,
) -> None:
    told = clinic.neo.book("2026-05-04 06:00:00", patient="TANGO")
    later = clinic.neo.book("2026-05-04 06:30:00", patient_id=patient(clinic, told))
    clinic.see(told, EUTHANISED)
    clinic.cases()
    assert clinic.mark(later) is not None
    clinic.edit(later, extreme_case_check=None)  # as where Postgres refused it
    clinic.later(HOUR)

    clinic.see(later)
    clinic.cases()

    assert (clinic.case(later)["status"], clinic.called()) == ("ongoing", set())
