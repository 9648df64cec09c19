"""The answer of `/consultations/{id}/page-data` (Neo protocol, section on consultations)."""

from typing import Any

from neo_simulator.knobs import Knobs
from neo_simulator.model import Client, Consultation, Line, Named, Patient
from neo_simulator.payloads.appointment import named
from neo_simulator.payloads.life import life_keys
from neo_simulator.payloads.page_damage import OTHER_PAGE, malformed_page, picture
from neo_simulator.payloads.text import retype_ids, stamp
from neo_simulator.world import World, found

PAGE_KEYS = ("consultationLines", "consultationNotes", "clientBranch", "vitalSignGroup")


def page_data(world: World, knobs: Knobs, consultation: Consultation) -> dict[str, Any]:
    patient, client = _whose(world, knobs, consultation)
    shown = {
        "id": consultation.id,
        "reason": consultation.reason,
        "notes": "",
        "date": consultation.started_at.strftime("%Y-%m-%d"),
        "status": consultation.status,
    }
    answer: dict[str, Any] = {
        "consultation": shown,
        "patient": {
            **_patient(patient, as_objects=knobs["species_form"] == "object"),
            **life_keys(patient, knobs, "consultation"),
        },
        "client": _client(client, with_contact=knobs["client_contact"] == "present"),
        "clientBranch": {"id": world.branch_id, "name": world.name, "sapId": 0},
        "consultationNotes": {"notes": consultation.notes + _pasted(knobs["picture_kb"])},
        "consultationLines": [_line(world, line) for line in consultation.lines],
        "vitalSignGroup": consultation.vital_signs,
        "pageData": _page(world),
    }
    _place_notes(answer, knobs["notes_place"])
    retype_ids(answer, "page", knobs["id_types"])
    for key in knobs["missing_keys"]:
        if key in PAGE_KEYS:
            answer.pop(key, None)
    kind = knobs["malformed_consultations"].get(str(consultation.id))
    return malformed_page(answer, kind) if kind else answer


def _pasted(kilobytes: int | None) -> str:
    return picture(kilobytes) if kilobytes else ""


def _whose(world: World, knobs: Knobs, consultation: Consultation) -> tuple[Patient, Client]:
    """The consultation's patient, or the one that a knob puts in its place."""
    other = knobs["consultation_patient"].get(str(consultation.id))
    if other is None:
        return world.patient_of(consultation)
    patient = found(world.patients, int(other), "patient")
    return patient, world.clients[patient.client_id]


def without_consultation(world: World) -> dict[str, Any]:
    """What an unknown id may get: a page without a visit."""
    return {"pageData": _page(world)}


def _place_notes(answer: dict[str, Any], place: str) -> None:
    notes = answer["consultationNotes"]["notes"]
    if place == "null":
        answer["consultationNotes"] = {"notes": None}
    elif place == "key_renamed":
        answer["consultationNotes"] = {"text": notes}
    elif place == "second":
        answer["consultationNotes"] = {"notes": OTHER_PAGE}
    elif place != "consultation_notes":
        del answer["consultationNotes"]
    if place == "renamed":
        answer["clinicalNotes"] = {"notes": notes}
    elif place in ("consultation", "second"):
        answer["consultation"]["notes"] = notes
    elif place == "discharge_summary":
        answer["consultation"]["dischargeSummary"] = notes
    elif place == "missing":
        del answer["consultation"]["notes"]


def _patient(patient: Patient, *, as_objects: bool) -> dict[str, Any]:
    def shown(value: Named) -> Any:
        return named(value) if as_objects else value.name

    return {
        "id": patient.id,
        "name": patient.name,
        "species": shown(patient.species),
        "breed": shown(patient.breed),
        "sex": shown(patient.gender),
        "dateOfBirth": None if patient.born is None else patient.born.isoformat(),
        "weight": patient.weight_kg,
        "weightUnit": "kg",
    }


def _client(client: Client, *, with_contact: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": client.id,
        "firstName": client.first_name,
        "lastName": client.last_name,
        "taxExempt": False,
    }
    if with_contact:
        shown |= {
            "homePhone": client.home_phone,
            "mobilePhone": client.mobile_phone,
            "workPhone": client.work_phone,
            "email": client.email,
        }
    return shown


def _line(world: World, line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": line.id,
        "productService": line.product,
        "quantity": _number(line.quantity),
        "soldAtLocal": stamp(line.sold_at),
        "lineTotalExcTax": _number(line.total),
    }
    if line.declined or line.id % 2:  # absent also means accepted
        shown["isDeclined"] = line.declined
    if line.label is not None:
        shown["label"] = line.label
    if line.provider_id is not None:
        provider = world.providers[line.provider_id]
        shown["provider"] = {"id": provider.id, "name": provider.name}
    if line.batch is not None:
        shown["batchNo"] = line.batch
    return shown


def _number(value: float) -> float:
    """Whole numbers come without a fraction."""
    return int(value) if value == int(value) else value


def _page(world: World) -> dict[str, Any]:
    """All providers that can be chosen, not the one of the visit."""
    return {
        "providers": [
            {
                "id": provider.id,
                "name": provider.name,
                "email": f"provider{provider.id}@example.com",
                "licenseNumber": f"LICENCE-{provider.id}",
                "userType": provider.user_type,
                "companyId": 0,
            }
            for provider in world.providers.values()
        ],
        "discountTypes": [],
        "taxRates": [],
        "procedureTemplates": [],
        "canEditPriceExcTax": False,
    }
