"""Whose a case is, by what each place says of it (rule R15)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.fields import FIELDS
from idexx_sync.syncs.cases.stored import StoredCase, StoredPatient, StoredVisit
from idexx_sync.syncs.cases.whose import OF_PATIENT, Belongs, belongs, without_former
from idexx_sync.syncs.memory import VisitMemory, VisitRecord

ONE = UUID(int=1)
NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
START = "2026-05-04 06:00:00"
COLUMNS = {"external_id": None, "name": "TANGO", "owner_phone": "+15555550100", "breed": "Mixed"}


def stored(
    document: Any = None,
    external_id: str | None = None,
    memory: VisitMemory | None = None,
    **more: Any,
) -> StoredVisit:
    patient = StoredPatient(ONE, "1", {**COLUMNS, "external_id": external_id})
    case = StoredCase(ONE, "1", "x", ONE, ONE, "completed", "checkup", NOW, document, more, patient)
    return StoredVisit([case], ONE, VisitRecord("7", source=memory))


def of(patient: str | None, client: str | None = None) -> SourceRecord:
    return SourceRecord("7", "visit", START, None, patient_id=patient, client_id=client)


def document(patient: Any = None, client: Any = None) -> dict[str, Any]:
    return {"pimsAppointment": {"patient": {"id": patient}, "client": {"id": client}}}


@pytest.mark.parametrize(
    "known",
    [
        stored(document("4")),
        stored(document(4)),
        stored({}, "4"),
        stored({}, memory=VisitMemory(start=START, patient="4")),
        stored(document("4"), "5"),
        stored("broken", "4"),
    ],
)
def test_r15_whoever_says_another_patient_is_believed(known: StoredVisit) -> None:
    assert belongs(of("5"), known).patient == "another"
    assert belongs(of(None), known).patient == "unsaid"


@pytest.mark.parametrize("known", [stored(), stored({}), stored(document("")), stored([1])])
def test_r15_where_nothing_was_known_nobody_is_another(known: StoredVisit) -> None:
    assert belongs(of("4", "5"), known) == ("same", "same")
    assert belongs(of(None), known) == ("same", "same")


def test_r15_what_was_only_observed_says_nothing_of_the_case() -> None:
    observed = VisitMemory(start=START, patient="4", client="5", observed=True)
    assert belongs(of("9", "9"), stored({}, memory=observed)) == ("same", "same")
    known = stored(document("4", "5"), memory=observed)
    assert belongs(of("4", "9"), known) == ("same", "another")


def test_r15_nothing_is_left_in_the_view_of_another_patient() -> None:
    known = stored({**document("4"), "idexx": {}}, "4", clinical={"clinicalNotes": "x"})
    view = without_former(known, belongs(of("5"), known), "5")

    assert view.case is not None
    assert (view.case.metadata, view.case.extraction) == ({}, {})
    assert view.case.patient is not None
    assert set(view.case.patient.columns.values()) == {None}
    assert {f"patient.{name}" for name in COLUMNS} <= set(OF_PATIENT)


def test_r15_of_a_former_patients_visit_only_what_is_the_visits_own_is_remembered() -> None:
    memory = VisitMemory(
        start=START,
        patient="4",
        client="6",
        derived={"patient.breed": "f"},
        edited=("patient.name",),
        stamp="2026-05-01T10:00:00Z",
        last_consultation="81",
    )
    known = stored(document("4", "6"), memory=memory)
    view = without_former(known, belongs(of("5"), known), "5")

    assert view.memory == VisitMemory(
        stamp=memory.stamp, last_consultation="81", client="6", marked_for="4"
    )


def test_r15_only_contacts_are_left_out_of_the_view_of_another_owner() -> None:
    memory = VisitMemory(
        start=START,
        client="5",
        derived={"patient.owner_phone": "f", "patient.breed": "f"},
        edited=("patient.owner_name",),
        empty_since={"client_phone": "2026-05-01T10:00:00Z", "reason": "2026-05-01T10:00:00Z"},
    )
    known = stored(
        {**document("4", "5"), "entities": {"patient": {"name": "TANGO", "owner": {"vip": 1}}}},
        memory=memory,
        patient={"owner": {"phone": "1"}, "breed": "Mixed"},
    )
    view = without_former(known, belongs(of("4", "9"), known), "4")

    assert view.case is not None
    assert view.case.metadata == {
        "pimsAppointment": {"patient": {"id": "4"}},
        "entities": {"patient": {"name": "TANGO"}},
    }
    assert view.case.extraction == {"patient": {"breed": "Mixed"}}
    assert view.case.value("patient.breed") == "Mixed"
    assert view.case.value("patient.owner_phone") is None
    assert view.memory == replace(
        memory,
        derived={"patient.breed": "f"},
        edited=(),
        empty_since={"reason": "2026-05-01T10:00:00Z"},
    )
    assert known.case is not None
    assert known.case.value("extraction.patient.owner.phone") == "1"  # what is stored is as it was


def test_r15_of_whom_nobody_knows_only_what_is_the_visits_own_is_believed() -> None:
    of_nobody = Belongs("unsaid", "same")

    assert {name for name in FIELDS if of_nobody.may_say(name)} == {
        *("case.scheduled_at", "case.type", "metadata.entities.caseType", "extraction.caseType"),
        *(
            f"metadata.pimsAppointment.{name}"
            for name in (
                *("id", "consultationId", "date", "startTime", "duration"),
                *("status", "sourceStatus", "type", "provider.id", "provider.name"),
            )
        ),
    }


def test_r15_of_an_owner_whom_nobody_knows_nothing_is_believed() -> None:
    of_unknown_owner = Belongs("same", "unsaid")

    assert {name for name in FIELDS if not of_unknown_owner.may_say(name)} == {
        *("patient.owner_name", "patient.owner_phone", "patient.owner_email"),
        *(f"metadata.pimsAppointment.client.{name}" for name in ("id", "name", "phone", "email")),
        *(
            f"{document}.patient.owner.{name}"
            for document in ("metadata.entities", "extraction")
            for name in ("name", "phone", "email")
        ),
    }
