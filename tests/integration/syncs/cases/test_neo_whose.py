"""Rules R15 and R16 through the real provider: whose a case is, and what Neo says is empty."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from psycopg import Connection

from idexx_sync.jobs.model import Job
from idexx_sync.syncs.cases.sync import CaseSync
from neo_simulator.client import Simulator
from tests.kit.clinic import add_user
from tests.kit.database import insert, query
from tests.kit.job_results import warnings
from tests.kit.neo_bench import NeoBench

DAY = 60 * 24
CALLABLE = """
    SELECT c.id FROM public.cases c
     WHERE c.clinic_id = %s AND c.status = 'completed'
       AND (length(c.entity_extraction #>> '{patient,owner,phone}') >= 10
            OR c.entity_extraction #>> '{patient,owner,email}' IS NOT NULL)
       AND NOT coalesce((c.extreme_case_check ->> 'isExtremeCase')::boolean, false)
"""
"""Cases of which ODIS's daily job plans a follow-up, once they have a summary."""
FORMER = (
    "TANGO",
    "Robin",
    "robin.sample@example.com",
    "555-555-0100",
    "+15555550100",
    "limps",
    "CARPROFEN",
    "21.4",
)


@pytest.fixture
def clinic(
    conn: Connection[tuple[Any, ...]], database: str, simulator: Simulator
) -> Iterator[NeoBench]:
    user = add_user(conn)
    made = NeoBench(conn, database, simulator, acting_user_id=user, live_from=date(2026, 1, 1))
    yield made
    made.close()


def cases(clinic: NeoBench) -> Job:
    return clinic.run(CaseSync())


def finished(clinic: NeoBench, **who: Any) -> tuple[str, str]:
    """A visit that is over and its record."""
    visit = clinic.neo.book("2026-05-04 06:30:00", **who)
    record = clinic.neo.start_consultation(visit)
    clinic.neo.edit_notes(record, "<p>TANGO limps.</p>")
    clinic.neo.add_line(record, "CARPROFEN 75MG")
    clinic.neo.finalise(visit)
    return visit, record


def stranger(clinic: NeoBench, **contact: Any) -> str:
    """Another patient, of an owner without phone and e-mail if none is given."""
    client = clinic.neo.add_client(first_name="Quinn", last_name="Other", **contact)
    return clinic.neo.add_patient(client, name="ELLA", species="Cat", weight_kg=None)


def case_of(clinic: NeoBench) -> dict[str, Any]:
    """The only case with all that is about it in one row."""
    (found,) = query(
        clinic.conn,
        "SELECT c.*, to_jsonb(p) AS patient FROM public.cases c JOIN public.patients p "
        "ON p.case_id = c.id WHERE c.clinic_id = %s",
        (clinic.clinic_id,),
    )
    return found


def left(case: dict[str, Any], values: tuple[str, ...] = FORMER) -> list[str]:
    text = json.dumps(case, default=str)
    return [value for value in values if value in text]


def is_callable(clinic: NeoBench) -> bool:
    return bool(query(clinic.conn, CALLABLE, (clinic.clinic_id,)))


def test_r15_a_visit_booked_for_the_wrong_patient(clinic: NeoBench) -> None:
    """Its record is still the wrong one's, and so nobody is called until it is not."""
    visit, record = finished(clinic)
    cases(clinic)
    assert is_callable(clinic)
    clinic.neo.change_patient(visit, stranger(clinic))
    clinic.later()

    job = cases(clinic)

    assert left(case_of(clinic)) == []
    assert not is_callable(clinic)
    assert warnings(job)["patients_changed"] == 1
    clinic.neo.edit_notes(record, "<p>ELLA purrs.</p>")
    clinic.neo.change_patient(visit, clinic.neo.visit(visit)["patient_id"], consultation=True)
    clinic.later(DAY)
    cases(clinic)
    case = case_of(clinic)
    assert case["status"] == "completed"
    assert case["metadata"]["pimsConsultation"]["notes"] == "ELLA purrs."
    assert not is_callable(clinic)  # the owner has neither phone nor e-mail


def test_r15_the_patient_is_somebody_elses_now(clinic: NeoBench) -> None:
    visit, _ = finished(clinic)
    cases(clinic)
    client = clinic.neo.add_client(first_name="Quinn", last_name="Other")
    clinic.neo.change_client(clinic.neo.visit(visit)["patient_id"], client)
    clinic.later()

    job = cases(clinic)

    case = case_of(clinic)
    assert left(case, FORMER[1:5]) == []
    assert case["patient"]["owner_name"] == "Quinn Other"
    assert case["metadata"]["pimsConsultation"]["notes"] == "TANGO limps."
    assert not is_callable(clinic)
    assert warnings(job)["owners_changed"] == 1


def test_r15_keys_that_say_whose_it_is_are_missing(clinic: NeoBench) -> None:
    finished(clinic)
    cases(clinic)
    before = case_of(clinic)["patient"]
    clinic.neo.set_knob("missing_keys", ["client_id"])
    clinic.later()

    cases(clinic)

    assert not is_callable(clinic)
    assert left(case_of(clinic), FORMER[:5]) == list(FORMER[:5])
    clinic.neo.set_knob("missing_keys", [])
    clinic.later()
    cases(clinic)
    assert is_callable(clinic)
    assert case_of(clinic)["patient"]["owner_phone"] == before["owner_phone"]


@pytest.mark.parametrize("empty", ["", "<p><br></p>"])
def test_r16_notes_typed_into_the_wrong_record(clinic: NeoBench, empty: str) -> None:
    visit, record = finished(clinic)
    cases(clinic)
    assert is_callable(clinic)
    clinic.neo.edit_notes(record, empty)
    clinic.later(DAY)

    cases(clinic)

    assert not is_callable(clinic)
    clinic.later(DAY)
    cases(clinic)
    case = case_of(clinic)
    assert left(case, ("limps",)) == []
    assert case["status"] == "completed"
    assert "CARPROFEN 75MG" in json.dumps(case, default=str)
    assert clinic.neo.visit(visit)["consultation_id"] == record


def test_r16_notes_of_which_the_key_is_missing_stay(clinic: NeoBench) -> None:
    finished(clinic)
    cases(clinic)
    clinic.neo.set_knob("missing_keys", ["consultationNotes"])

    for _ in range(2):
        clinic.later(DAY)
        cases(clinic)

    assert left(case_of(clinic), ("limps",)) == ["limps"]


@pytest.mark.parametrize("none", [None, ""])
def test_r16_a_wrong_phone_taken_out(clinic: NeoBench, none: str | None) -> None:
    visit, _ = finished(clinic, email=None)
    cases(clinic)
    assert is_callable(clinic)
    clinic.neo.change_phone(clinic.neo.visit(visit)["client_id"], none)
    clinic.later()

    cases(clinic)

    assert not is_callable(clinic)
    clinic.later(DAY)
    cases(clinic)
    case = case_of(clinic)
    assert left(case, ("555-555-0100", "+15555550100")) == []
    assert case["status"] == "completed"
    assert not is_callable(clinic)


def test_r16_a_wrong_email_whose_place_nothing_takes(clinic: NeoBench) -> None:
    visit, _ = finished(clinic)
    cases(clinic)
    clinic.neo.change_owner(clinic.neo.visit(visit)["client_id"], email="")
    for _ in range(2):
        clinic.later(DAY)
        cases(clinic)

    case = case_of(clinic)
    assert left(case, ("robin.sample@example.com",)) == []
    assert is_callable(clinic)


def test_r16_the_extensions_case_of_the_same_visit_is_broken(clinic: NeoBench) -> None:
    visit, _ = finished(clinic)
    broken = {
        "clinic_id": clinic.clinic_id,
        "external_id": f"idexx-appt-{visit}",
        "source": "idexx_extension",
        "status": "completed",
        "metadata": "[1]",
        "created_at": "2026-05-04 06:00:00-07",
    }
    insert(clinic.conn, "public.cases", broken)

    job = cases(clinic)

    found = query(
        clinic.conn,
        "SELECT source, status::text FROM public.cases WHERE clinic_id = %s ORDER BY source",
        (clinic.clinic_id,),
    )
    assert [case["status"] for case in found] == ["ongoing"]
    assert warnings(job)["cases_not_written"] == 1
