"""The oracle of cases: silent on what is right, loud on every kind of damage.

The cases come from a real case sync of a simulated clinic with all the ugly data.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.jobs.wiring import make_dependencies
from idexx_sync.syncs.cases.sync import CaseSync
from local_stack.onboarding import bring_on_board, store_in_odis, user_in_odis
from local_stack.postgres import Postgres
from local_stack.stack_clinics import DESERT
from neo_simulator.client import Simulator
from oracle.cases import CaseQuestion, asked_visits, case_differences
from tests.kit.business_time import set_business_time
from tests.kit.settings import make_settings

State = dict[str, Any]

NOW = datetime(2026, 3, 5, 19, 30, tzinfo=UTC)
FIRST, LAST, LIVE_FROM = date(2026, 2, 26), date(2026, 3, 7), date(2026, 3, 3)
PRIVATE = ("SOMEBODY", "555-555", "@", "two days lame")


@dataclass(frozen=True)
class Synced:
    conn: Connection[Any]
    question: CaseQuestion
    state: State

    def differences(self, **asked: Any) -> list[str]:
        return case_differences(self.conn, replace(self.question, **asked), self.state)

    def visit(self, **facts: Any) -> str:
        """The first visit that the oracle is asked about and that is as wanted."""
        for visit in asked_visits(self.question, self.state):
            if all(visit[name] == value for name, value in facts.items()):
                return str(visit["id"])
        raise LookupError(facts)


@pytest.fixture(scope="module")
def conn(postgres: Postgres, prepared: str) -> Iterator[Connection[Any]]:
    """One database for all damages of this module."""
    postgres.create_database("compared_cases", template=prepared)
    with psycopg.connect(postgres.dsn("compared_cases"), autocommit=True) as connection:
        yield connection
    postgres.drop_database("compared_cases")


@pytest.fixture(scope="module")
def synced(
    conn: Connection[Any], postgres: Postgres, simulator: Simulator, chromium_path: Path
) -> Iterator[Synced]:
    neo = simulator.create_company(
        zone=DESERT.zone,
        now=NOW.astimezone(ZoneInfo(DESERT.zone)).replace(tzinfo=None),
        seed=2,
        days=("2026-03-02", "2026-03-09"),
        visits_per_day=8,
        ugly=True,
    )
    settings = make_settings(
        postgres.dsn("compared_cases"), neo_hosts=(neo.base_url,), chromium_path=str(chromium_path)
    )
    clinic_id = store_in_odis(conn, DESERT)
    bring_on_board(settings, clinic_id, neo, None, user_in_odis(conn, clinic_id))
    conn.execute(
        "UPDATE idexx_sync.clinic_settings SET live_from = %s WHERE clinic_id = %s",
        (LIVE_FROM, clinic_id),
    )
    dead = neo.book("2026-03-04 09:00", patient="GONE")
    neo.book("2026-03-07 09:00", patient_id=neo.visit(dead)["patient_id"])
    neo.no_show(neo.book("2026-03-04 08:00", patient="NEVER CAME"))
    neo.cancel(neo.book("2026-03-04 08:30", patient="OFF"))
    neo.operate(*(("confirm_arrival", {"visit_id": visit}) for visit in (dead,)))
    record = neo.start_consultation(dead)
    neo.edit_notes(record, "<p>Humane <b>euthanasia</b>, owner present.</p>")
    neo.add_line(record, "EUTHANASIA - CANINE", 1, 210)
    neo.add_line(record, "CLAY PAW", 2, 30, declined=True)
    neo.finalise(dead)
    set_business_time(conn, NOW)
    dependencies = make_dependencies(settings, retried=False)
    job = run_job(new_order(clinic_id, "cases", "cli"), CaseSync(), dependencies)
    dependencies.database.close()
    assert job.error_kind is None, job.error_message
    yield Synced(conn, CaseQuestion(clinic_id, FIRST, LAST, LIVE_FROM), neo.state())
    neo.remove()


def test_what_is_right_is_no_difference(synced: Synced) -> None:
    assert synced.differences() == []


SEEN = {"patient": "GONE", "status": "finalized"}
COMING = {"patient": "GONE", "status": "not arrived"}
CANCELLED = {"patient": "OFF"}
NO_SHOW = {"patient": "NEVER CAME"}


def leaf(path: str, value: str) -> str:
    """SQL that sets a leaf of the metadata."""
    return f"metadata = jsonb_set(metadata, '{{{path}}}', '{value}')"


CASE_DAMAGES = [
    (SEEN, "status = 'ongoing'", "status is ongoing, should be completed"),
    (SEEN, "status = 'reviewed'", "status is reviewed, should be completed"),
    (COMING, "status = 'completed'", "status is completed, should be draft"),
    (CANCELLED, "status = 'draft'", "status is draft, should be reviewed"),
    (SEEN, "scheduled_at = scheduled_at + interval '1 hour'", "scheduled_at is "),
    (SEEN, "created_at = created_at + interval '9 days'", "is completed, should be reviewed"),
    (SEEN, leaf("pimsAppointment,id", '"1"'), "pimsAppointment.id is 1"),
    (SEEN, leaf("pimsAppointment,consultationId", "null"), "consultationId is None"),
    (SEEN, leaf("pimsAppointment,date", '"2026-03-01"'), "pimsAppointment.date is 2026-03-01"),
    (SEEN, leaf("pimsAppointment,startTime", '"x"'), "pimsAppointment.startTime is x"),
    (SEEN, leaf("pimsAppointment,duration", "7"), "pimsAppointment.duration is 7"),
    (NO_SHOW, leaf("pimsAppointment,status", '"No Show"'), "status is No Show, should be no-show"),
    (CANCELLED, leaf("pimsAppointment,status", '"canceled"'), "should be cancelled"),
    (CANCELLED, leaf("pimsAppointment,sourceStatus", '"x"'), "pimsAppointment.sourceStatus is x"),
    (SEEN, leaf("pimsAppointment,type", '"x"'), "pimsAppointment.type is x"),
    (SEEN, leaf("pimsAppointment,patient,id", '"1"'), "pimsAppointment.patient.id is 1"),
    (SEEN, leaf("pimsAppointment,client,id", '"1"'), "pimsAppointment.client.id is 1"),
    (SEEN, leaf("pimsAppointment,patient,name", '"SOMEBODY"'), "patient.name differs"),
    (SEEN, leaf("pimsAppointment,client,phone", '"555-555-0199"'), "client.phone differs"),
    (SEEN, leaf("pimsAppointment,reason", '"SOMEBODY"'), "pimsAppointment.reason differs"),
    (SEEN, "metadata = metadata - 'pimsConsultation'", "pimsConsultation.id is None"),
    (SEEN, leaf("pimsConsultation,notes", '"two days lame"'), "notes lack words of the record"),
    (SEEN, leaf("pimsConsultation,notesHtml", '"two days lame"'), "notesHtml differ"),
    (SEEN, leaf("pimsConsultation,products", "[]"), "products are 0, differ from 1"),
    (SEEN, leaf("pimsConsultation,declinedProducts", "[]"), "declinedProducts are 0"),
    (SEEN, "entity_extraction = NULL", "productsServicesDeclined differ"),
    (SEEN, "extreme_case_check = NULL", "is not marked as an extreme case"),
    (COMING, "extreme_case_check = 'null'", "is not marked as an extreme case"),
    (COMING, "extreme_case_check = '{\"isExtremeCase\": false}'", "is not marked"),
]


def case_of(synced: Synced, visit: str) -> Any:
    row = synced.conn.execute(
        "SELECT case_id FROM idexx_sync.case_keys WHERE clinic_id = %s AND external_id = %s",
        (synced.question.clinic_id, f"pims-appt-idexx-neo-{visit}"),
    ).fetchone()
    assert row is not None, visit
    return row[0]


@pytest.mark.parametrize(("which", "damage", "said"), CASE_DAMAGES)
def test_damage_to_a_case_is_found(
    synced: Synced, which: dict[str, Any], damage: str, said: str
) -> None:
    case_id = case_of(synced, synced.visit(**which))
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(f"UPDATE cases SET {damage} WHERE id = %s", (case_id,))
        found = synced.differences()

    assert any(said in line for line in found), found
    assert not any(private in line for line in found for private in PRIVATE)


PATIENT_DAMAGES = [
    ("UPDATE patients SET name = 'SOMEBODY'", "name differs"),
    ("UPDATE patients SET owner_name = NULL", "owner_name differs"),
    ("UPDATE patients SET owner_phone = '555-555-0100'", "owner_phone differs"),
    ("UPDATE patients SET owner_email = 'x@example.com'", "owner_email differs"),
    ("UPDATE patients SET external_id = '1'", "patient_id differs"),
    ("DELETE FROM patients", "patient rows are 0, should be one"),
    (
        "INSERT INTO patients (case_id, name) SELECT case_id, name FROM patients",
        "patient rows are 2, should be one",
    ),
]


@pytest.mark.parametrize(("damage", "said"), PATIENT_DAMAGES)
def test_damage_to_a_patient_is_found(synced: Synced, damage: str, said: str) -> None:
    case_id = case_of(synced, synced.visit(**SEEN))
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(f"{damage} WHERE case_id = %s", (case_id,))
        found = synced.differences()

    assert any(said in line for line in found), found
    assert not any(private in line for line in found for private in PRIVATE)


def test_a_second_case_of_a_visit_is_found(synced: Synced) -> None:
    visit = synced.visit(**SEEN)
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            "INSERT INTO cases (clinic_id, external_id) VALUES (%s, %s)",
            (synced.question.clinic_id, f"pims-appt-idexx-neo-{visit}"),
        )
        found = synced.differences()

    assert f"{visit}: has 2 cases, should have one" in found


def test_a_completed_visit_from_before_the_clinic_was_live_is_found(synced: Synced) -> None:
    visit = synced.visit(**SEEN)

    found = synced.differences(live_from=date(2026, 3, 5))

    assert f"{visit}: status is completed, should be reviewed" in found
    assert f"{visit}: status is completed, should be reviewed" in synced.differences(live_from=None)


def test_a_completed_case_of_another_patients_record_was_never_read(synced: Synced) -> None:
    visit = synced.visit(**SEEN)
    records = [
        {**one, "patient_id": "1"} if one["visit_id"] == visit else one
        for one in synced.state["consultations"]
    ]
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            "UPDATE cases SET metadata = metadata - 'pimsConsultation' WHERE id = %s",
            (case_of(synced, visit),),
        )
        found = case_differences(
            synced.conn, synced.question, {**synced.state, "consultations": records}
        )

    assert found == [
        f"{visit}: status is completed, should be ongoing",
        f"{visit}: status is completed, and the consultation was never read",
    ]


def test_what_people_did_in_odis_is_no_difference(synced: Synced) -> None:
    visit = synced.visit(**SEEN)
    with synced.conn.transaction(force_rollback=True):
        synced.conn.execute(
            "UPDATE patients SET name = 'SOMEBODY' WHERE case_id = %s", (case_of(synced, visit),)
        )
        edited = synced.differences(edited={visit: {"name"}})
        synced.conn.execute("DELETE FROM cases WHERE id = %s", (case_of(synced, visit),))
        missing, deleted = synced.differences(), synced.differences(deleted_in_odis={visit})

    assert edited == []
    assert missing == [f"{visit}: has 0 cases, should have one"]
    assert not any(visit in line.partition(":")[0] for line in deleted)
