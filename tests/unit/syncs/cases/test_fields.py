"""One row per field of a case: what may be said in clear, cleared, moved and edited."""

import inspect
import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.database.schema import ODIS_TABLES
from idexx_sync.pims.protocol import Consultation, Line, SourceRecord
from idexx_sync.syncs.cases import change_store, mapping
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.emptied import OF_RECORD, OF_VISIT
from idexx_sync.syncs.cases.fields import (
    CLEARABLE,
    ENTITIES,
    EXPLAINED,
    FIELDS,
    OBJECTS,
    PATIENT_COLUMNS,
    STAMPS,
    TIMES,
)
from idexx_sync.syncs.cases.mapping import MappedFields, map_consultation, map_visit, stamps
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.plan import plan_visits
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.change import CLEAR, disclosed
from idexx_sync.syncs.memory import VisitRecord
from tests.kit.records import chart, patient_visit, seen
from tests.kit.settings import fingerprints_of

ZONE = ZoneInfo("America/Chicago")
VISIT = SourceRecord("7", "visit", "2026-05-04 09:00:00", None, status="Confirmed", patient_id="4")
RECORD = Consultation(
    "9",
    "4",
    species="Canine",
    lines=[Line("Nail trim", 1, declined=False)],
    vital_signs={"weight": "4"},
)
IN_CLEAR = {
    *("case.clinic_id", "case.user_id", "case.status", "case.type", "case.scheduled_at"),
    *("case.extreme_case_check", "patient.species", "patient.external_id"),
    *("metadata.entities.caseType", "metadata.entities.patient.species"),
    *("extraction.caseType", "extraction.patient.species", "metadata.reconciliation"),
    *(
        f"metadata.pimsAppointment.{name}"
        for name in (
            *("id", "consultationId", "date", "startTime", "duration", "status"),
            *("sourceStatus", "type", "patient.id", "client.id"),
        )
    ),
    *(f"metadata.pimsConsultation.{name}" for name in ("id", "status", "date", "vanishedAt")),
}
"""Whoever adds to these says that a value of the field tells nothing about a person."""


def test_r21_only_these_fields_may_be_named_in_clear() -> None:
    assert FIELDS.keys() & CLEAR == IN_CLEAR


def test_r21_what_the_allow_list_does_not_name_is_personal() -> None:
    change = CaseChange("7", "source", None, {"metadata.pimsAppointment.remark": "words"})

    fingerprints = fingerprints_of(UUID(int=1))
    told = disclosed(change, fingerprints)

    assert told == {
        "metadata.pimsAppointment.remark": {"changed": True, "hash": fingerprints.of("words")}
    }


def test_r08_these_fields_move_with_a_visit() -> None:
    of_visit = {f"metadata.pimsAppointment.{name}" for name in ("date", "startTime", "duration")}
    assert {"case.scheduled_at", *of_visit} == TIMES


def test_r16_only_these_fields_are_emptied_by_a_null() -> None:
    of_record = ("productsServices", "declinedProductsServices", "status", "date")
    assert {
        "metadata.pimsAppointment.consultationId",
        "metadata.pimsAppointment.provider.id",
        *(f"metadata.pimsConsultation.{name}" for name in of_record),
    } == CLEARABLE


def test_r16_each_document_on_the_way_to_a_field_must_be_an_object() -> None:
    assert set(OBJECTS) == {
        *("metadata", "metadata.pimsConsultation", "metadata.reconciliation"),
        *("metadata.pimsAppointment", "metadata.pimsAppointment.patient"),
        *("metadata.pimsAppointment.client", "metadata.pimsAppointment.provider"),
        *("metadata.entities", "metadata.entities.patient", "metadata.entities.patient.owner"),
        *("metadata.entities.clinical", "extraction", "extraction.patient"),
        *("extraction.patient.owner", "extraction.clinical"),
    }


def test_r04_stamps_are_no_change_by_themselves() -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    assert stamps({"metadata", "extraction"}, now).keys() == STAMPS


def test_columns_of_a_patient_have_their_types() -> None:
    others = {name: kind for name, kind in PATIENT_COLUMNS.items() if kind != "text"}
    assert others == {"date_of_birth": "date", "weight_kg": "numeric"}
    assert PATIENT_COLUMNS.keys() <= set(ODIS_TABLES["patients"])


def test_columns_of_a_case_are_loaded_and_written() -> None:
    columns = {field.path for field in FIELDS.values() if field.place == "case"}
    by_the_store = columns - {"extreme_case_check"}  # has statements of its own: the marks
    loaded = {item.name for item in fields(StoredCase)}

    assert columns <= set(ODIS_TABLES["cases"])
    assert by_the_store <= loaded
    for statement in (change_store.insert_cases, change_store.update_cases):
        written = inspect.getsource(statement)
        assert {name for name in by_the_store if not re.search(rf"\b{name}\b", written)} == set()


def test_what_is_explained_is_compared_with_a_value_of_the_calendar() -> None:
    compared = {name for name in EXPLAINED.values() if name is not None}
    assert compared <= set(SourceRecord.__dataclass_fields__)


def test_every_value_that_is_mapped_goes_to_a_field_of_the_table() -> None:
    mapped = {
        *map_visit(VISIT, ZONE, 30).values,
        *map_consultation(RECORD, VISIT).values,
        *stamps({"metadata", "extraction"}, datetime(2026, 5, 4, tzinfo=UTC)),
    }
    assert mapped <= FIELDS.keys()
    decided = {name for name, field in FIELDS.items() if field.owner == "ruled"}
    of_clinic = {"case.clinic_id", "case.user_id", "metadata.pimsConsultation"}
    assert FIELDS.keys() - decided - of_clinic == mapped


NOTHING: Any = None


@pytest.mark.parametrize("name", OF_VISIT)
def test_r16_what_the_calendar_empties_is_all_that_it_said(name: str) -> None:
    visit = seen(client_email="robin@example.com")
    said = map_visit(visit, ZONE, 30).values
    left = map_visit(replace(visit, **{name: NOTHING}), ZONE, 30).values

    assert {field for field, value in said.items() if left[field] != value} == set(OF_VISIT[name])


@pytest.mark.parametrize("name", OF_RECORD)
def test_r16_what_a_record_empties_is_all_that_it_said(name: str) -> None:
    visit = seen(client_phone=None)
    record = chart(
        discharge_html="<p>Rest.</p>" if name == "discharge_html" else None,
        vital_signs={"pulse": 90},
        born=date(2020, 2, 1),
        client_phone="555-555-0166",
        client_email="robin@example.com",
    )
    said = map_consultation(record, visit).values
    left = map_consultation(replace(record, **{name: NOTHING}), visit).values

    assert {f for f, value in said.items() if left.get(f) != value} == set(OF_RECORD[name])


@pytest.mark.parametrize(
    ("field", "text", "products"),
    [
        ("productsServicesProvided", "productsServices", "products"),
        ("productsServicesDeclined", "declinedProductsServices", "declinedProducts"),
    ],
)
def test_r15_what_an_earlier_service_stored_of_products_is_read(
    field: str, text: str, products: str
) -> None:
    """Whatever stands among the products that is none is passed over."""
    stored = {
        f"metadata.pimsConsultation.{text}": "Nail trim; Bath",
        f"metadata.pimsConsultation.{products}": [{"name": "Nail trim"}, "Bath", None, {}],
    }
    read = {
        source.name: source.of(stored[source.name])
        for document in ENTITIES
        for source in FIELDS[f"{document}.clinical.{field}"].before
    }

    assert read == {
        f"metadata.pimsConsultation.{text}": (["Nail trim", "Bath"],),
        f"metadata.pimsConsultation.{products}": (["Nail trim", None],),
    }


def test_nothing_is_planned_with_a_field_that_has_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_one_more(visit: SourceRecord, zone: ZoneInfo, slot_minutes: int) -> MappedFields:
        facts = mapping.map_visit(visit, zone, slot_minutes)
        return replace(facts, values={**facts.values, "metadata.pimsAppointment.remark": "x"})

    monkeypatch.setattr("idexx_sync.syncs.cases.plan_calendar.map_visit", with_one_more)
    now, clinic = datetime(2026, 5, 4, tzinfo=UTC), UUID(int=1)
    context = CaseContext(clinic, ZONE, 30, None, None, now, fingerprints_of(clinic))
    plan = plan_visits([VISIT], {VISIT.id: StoredVisit()}, context)

    assert {visit: fault.column for visit, fault in plan.unforeseen.items()} == {
        VISIT.id: "KeyError"
    }
    assert plan.changes == []
    assert plan.partly_screened == {VISIT.id}


def test_r26_a_case_of_a_visit_beyond_the_calendar_is_left_alone() -> None:
    now, clinic = datetime(2026, 5, 4, tzinfo=UTC), UUID(int=1)
    context = CaseContext(clinic, ZONE, 30, None, None, now, fingerprints_of(clinic))
    beyond = replace(patient_visit(), start="9999-12-31 23:45:00", end=None)
    other = patient_visit("600102")
    stored = {one.id: StoredVisit(record=VisitRecord(one.id)) for one in (beyond, other)}

    plan = plan_visits([beyond, other], stored, context)

    assert plan.quarantined == {beyond.id: "out_of_calendar"}
    assert [change.visit_id for change in plan.changes] == [other.id]
